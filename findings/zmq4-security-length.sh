#!/usr/bin/env bash
# github.com/go-zeromq/zmq4 v0.17.0: what its Security interface encrypts may not be longer than what it is given.
#
# Security has Encrypt(w, data), which looks like the place for a mechanism of one's own, such as CurveZMQ, whose boxes are longer than
# their text. But the frame's header, with the length of the text, is made before Encrypt is asked, and the length is not made
# anew: a peer reads the box's first bytes as the whole frame, and the rest of it as the next header. Only mechanisms that keep the
# length (NULL, PLAIN) can be written this way; one that does not has to wrap the connection, or speak ZMTP itself.
#
# Seen: a mechanism that adds 16 bytes, as an authenticator does: 5 bytes of text are sent behind a header that says 5, and are 21.
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
	"io"
	"log"
	"net"
	"time"

	"github.com/go-zeromq/zmq4"
)

// sealed adds 16 bytes to what it encrypts. It shakes hands without a word.
type sealed struct{}

func (sealed) Type() zmq4.SecurityType { return zmq4.CurveSecurity }
func (sealed) Handshake(c *zmq4.Conn, server bool) error {
	c.Peer.Meta["Socket-Type"] = "PULL"
	return nil
}
func (sealed) Encrypt(w io.Writer, p []byte) (int, error) {
	return w.Write(append(make([]byte, 16), p...))
}
func (sealed) Decrypt(w io.Writer, p []byte) (int, error) { return w.Write(p[16:]) }

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	frame := make(chan []byte)
	go func() {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		greeting := make([]byte, 64)
		if _, err := io.ReadFull(c, greeting); err != nil {
			log.Fatal(err)
		}
		greeting[32] = 1 // the server of the two
		if _, err := c.Write(greeting); err != nil {
			log.Fatal(err)
		}
		p := make([]byte, 23)
		if _, err := io.ReadFull(c, p); err != nil {
			log.Fatal(err)
		}
		frame <- p
	}()
	push := zmq4.NewPush(context.Background(), zmq4.WithSecurity(sealed{}))
	if err := push.Dial("tcp://" + l.Addr().String()); err != nil {
		log.Fatal(err)
	}
	if err := push.Send(zmq4.NewMsgString("hello")); err != nil {
		log.Fatal(err)
	}
	select {
	case p := <-frame:
		fmt.Printf("header says %d bytes, %d came, the text at the end: %t\n", p[1], len(p)-2, string(p[len(p)-5:]) == "hello")
	case <-time.After(20 * time.Second):
		fmt.Println("nothing came")
	}
}
G
go get github.com/go-zeromq/zmq4@v0.17.0 >/dev/null 2>&1
seen=$(go run .)
echo "zmq4 v0.17.0: $seen"
[[ $seen == "header says 5 bytes, 21 came, the text at the end: true" ]] || { echo "this has changed"; exit 1; }
