#!/usr/bin/env bash
# github.com/go-zeromq/zmq4 v0.17.0: PUSH and DEALER give every message to every peer, instead of to one in turn.
#
# The pipeline pattern (RFC 30) and the dealer (RFC 28) send a message to one of the connected peers, in round-robin order:
# that is how ZeroMQ spreads tasks over workers. The sockets of this module write each message to all of their connections,
# so that with two workers every task is done twice, without an error anywhere. One connection to each socket, or a socket
# for each worker, is the only use that behaves as elsewhere.
#
# Seen: 100 messages sent to two PULL peers: zmq4 delivers 100 and 100, from DEALER to two DEALERs the same; libzmq 4.3
# through pyzmq, when it is there, delivers 50 and 50.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module try

go 1.26.0
M
cat > main.go <<'G'
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/go-zeromq/zmq4"
)

const messages = 100

// spread sends to two peers, and tells how many messages each got.
func spread(from zmq4.Socket, peer func() zmq4.Socket) [2]int {
	if err := from.Listen("tcp://127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	came := make(chan int, 10*messages)
	for i := range 2 {
		p := peer()
		if err := p.Dial("tcp://" + from.Addr().String()); err != nil {
			log.Fatal(err)
		}
		go func() {
			for {
				if m, err := p.Recv(); err != nil || len(m.Frames) == 0 {
					return
				}
				came <- i
			}
		}()
	}
	time.Sleep(time.Second) // both are connected
	for range messages {
		if err := from.Send(zmq4.NewMsgString("task")); err != nil {
			log.Fatal(err)
		}
	}
	var n [2]int
	for {
		select {
		case i := <-came:
			n[i]++
			continue
		case <-time.After(2 * time.Second):
		}
		return n
	}
}

func main() {
	ctx := context.Background()
	push := spread(zmq4.NewPush(ctx), func() zmq4.Socket { return zmq4.NewPull(ctx) })
	dealer := spread(zmq4.NewDealer(ctx), func() zmq4.Socket { return zmq4.NewDealer(ctx) })
	fmt.Println(push, dealer)
}
G
go get github.com/go-zeromq/zmq4@v0.17.0 >/dev/null 2>&1
seen=$(go run .)
echo "zmq4 v0.17.0, of 100 messages to two peers: PUSH and DEALER delivered $seen"
[[ $seen == "[100 100] [100 100]" ]] || { echo "this has changed"; exit 1; }
if /usr/bin/python3 -c 'import zmq' 2>/dev/null; then
  /usr/bin/python3 - <<'P'
import time, zmq
context = zmq.Context()
push = context.socket(zmq.PUSH)
port = push.bind_to_random_port("tcp://127.0.0.1")
pulls = []
for _ in range(2):
    pull = context.socket(zmq.PULL)
    pull.connect(f"tcp://127.0.0.1:{port}")
    pulls.append(pull)
time.sleep(1)
for _ in range(100):
    push.send(b"task")
counts = []
for pull in pulls:
    n = 0
    while pull.poll(1000):
        pull.recv()
        n += 1
    counts.append(n)
print("libzmq", zmq.zmq_version(), "delivered", counts)
assert counts == [50, 50]
P
fi
