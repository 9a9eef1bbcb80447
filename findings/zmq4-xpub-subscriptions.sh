#!/usr/bin/env bash
# github.com/go-zeromq/zmq4 v0.17.0: Recv on an XPUB socket never returns a subscription.
#
# An XPUB socket exists in ZeroMQ to hand subscriptions to the program: a frame of 1 or 0 and the topic (RFC 29, and
# libzmq's manual). Here the socket takes the subscription in and matches by it, yet Recv goes on waiting; only polling
# Topics() shows that somebody has subscribed. Jupyter's iopub_welcome (JEP 65), which a kernel sends when it hears a
# subscription, cannot be made from Recv. libzmq through pyzmq, asked the same, answers b"\x01news".
#
# Seen: zmq4 "no message, topics [news]"; pyzmq, when it is there, "b'\x01news'".
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

func main() {
	ctx := context.Background()
	pub := zmq4.NewXPub(ctx)
	check(pub.Listen("tcp://127.0.0.1:0"))
	received := make(chan zmq4.Msg, 1)
	go func() {
		if msg, err := pub.Recv(); err == nil {
			received <- msg
		}
	}()
	sub := zmq4.NewSub(ctx)
	check(sub.Dial("tcp://" + pub.Addr().String()))
	check(sub.SetOption(zmq4.OptionSubscribe, "news"))
	topics := pub.(zmq4.Topics)
	for len(topics.Topics()) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	select {
	case msg := <-received:
		fmt.Printf("%q\n", msg.Bytes())
	case <-time.After(2 * time.Second): // the subscription has been taken in long ago
		fmt.Println("no message, topics", topics.Topics())
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
G
go get github.com/go-zeromq/zmq4@v0.17.0 2>/dev/null
seen=$(go run .)
echo "zmq4: $seen"
[ "$seen" = "no message, topics [news]" ]

if /usr/bin/python3 -c 'import zmq' 2>/dev/null; then
  peer=$(/usr/bin/python3 - <<'P'
import zmq
ctx = zmq.Context()
pub = ctx.socket(zmq.XPUB)
port = pub.bind_to_random_port("tcp://127.0.0.1")
sub = ctx.socket(zmq.SUB)
sub.connect(f"tcp://127.0.0.1:{port}")
sub.subscribe("news")
print(pub.recv() if pub.poll(5000) else "no message")
P
)
  echo "pyzmq: $peer"
  [ "$peer" = "b'\\x01news'" ]
fi
