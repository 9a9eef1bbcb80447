#!/usr/bin/env bash
# github.com/nats-io/nats-server v2.15.3: two embedded JetStream servers that name no folder are one store.
#
# A server that a program embeds with JetStream: true and without StoreDir keeps its files in nats/jetstream under the
# system's temporary folder, whoever the program is. Nothing locks it: a second server in another process, started after
# the first ended or beside it, begins with the first one's streams and messages, so that a work queue hands out tasks of
# somebody else's run, and two live servers write the same files. A scratch server for a test or a cluster of workers
# needs a StoreDir of its own, also when its streams are in memory.
#
# Seen: the first process publishes three messages to a work-queue stream and goes on running; the second, started beside
# it, has that stream with three messages.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module try

go 1.26.0
M
cat > main.go <<'G'
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

func main() {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, NoSigs: true})
	if err != nil {
		log.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		log.Fatal("not ready")
	}
	nc, err := nats.Connect(s.ClientURL())
	if err != nil {
		log.Fatal(err)
	}
	js, err := nc.JetStream()
	if err != nil {
		log.Fatal(err)
	}
	if os.Args[1] == "first" {
		if _, err := js.AddStream(&nats.StreamConfig{Name: "TASKS", Subjects: []string{"tasks"}, Retention: nats.WorkQueuePolicy}); err != nil {
			log.Fatal(err)
		}
		for range 3 {
			if _, err := js.Publish("tasks", []byte("task")); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println("ready")
		io.Copy(io.Discard, os.Stdin) // until the script ends it
		return
	}
	for info := range js.Streams() {
		fmt.Println(info.Config.Name, info.State.Msgs)
	}
	s.Shutdown()
}
G
go get github.com/nats-io/nats-server/v2@v2.15.3 github.com/nats-io/nats.go@v1.55.0 >/dev/null 2>&1
go build -o try .
export TMPDIR=$dir/tmp; mkdir "$TMPDIR" # so that this script meets no server but its own
coproc FIRST { ./try first; }
read -r ready <&"${FIRST[0]}"; [[ $ready == ready ]]
seen=$(./try second)
eval "exec ${FIRST[1]}>&-"; wait "$FIRST_PID" || true
echo "nats-server v2.15.3: a second server beside the first has '$seen'"
[[ $seen == "TASKS 3" ]] || { echo "this has changed"; exit 1; }
