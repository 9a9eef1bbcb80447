package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"poolbook/kernel/protocol"
)

// inputs asks front ends for input, one question at a time.
type inputs struct {
	turn chan struct{} // capacity 1: whoever put something in may ask

	mu      sync.Mutex
	pending *question // guarded by mu
}

// question is an input_request that waits for its reply.
type question struct {
	request  string   // id of the input_request
	cell     string   // id of the execute_request
	identity [][]byte // of the front end
	answer   chan *protocol.Message
}

// endOfInput is what front ends send when the user ends the input (Ctrl-D), as ipykernel has it.
const endOfInput = "\x04"

func (in *inputs) init() { in.turn = make(chan struct{}, 1) }

// ask sends an input_request to the front end that sent r and waits for its answer.
func (in *inputs) ask(ctx context.Context, r *request, prompt string, password bool) (string, error) {
	s := r.s
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	case <-s.stopped:
		return "", context.Canceled
	}
	m, err := protocol.Reply(r.Message, protocol.TypeInputRequest, s.id, protocol.InputRequest{Prompt: prompt, Password: password})
	if err != nil {
		return "", err
	}
	q := &question{request: m.Header.ID, cell: r.Header.ID, identity: m.Identities, answer: make(chan *protocol.Message, 1)}
	in.mu.Lock()
	in.pending = q
	in.mu.Unlock()
	defer func() {
		in.mu.Lock()
		in.pending = nil
		in.mu.Unlock()
	}()
	frames, err := s.codec.Encode(m)
	if err == nil {
		err = s.stdin.Send(frames)
	}
	if err != nil {
		return "", fmt.Errorf("kernel: the front end that ran this cell cannot be asked: %w", err)
	}
	select {
	case m := <-q.answer:
		reply, err := protocol.Decode[protocol.InputReply](m)
		if err != nil {
			return "", err
		}
		if reply.Status == protocol.StatusError || reply.Status == "abort" {
			return "", errors.New("kernel: the front end gave no input")
		}
		if reply.Value == endOfInput {
			return "", io.EOF
		}
		return reply.Value, nil
	case <-ctx.Done():
		return "", ctx.Err()
	case <-s.stopped:
		return "", context.Canceled
	}
}

// received takes a message of the stdin channel. A reply fits when it comes from the front end that was asked and names the
// question, the cell, or nothing as its parent, all of which front ends do.
func (in *inputs) received(r *request) {
	in.mu.Lock()
	defer in.mu.Unlock()
	q := in.pending
	parent := r.Parent.ID
	if q == nil || r.Header.Type != protocol.TypeInputReply || !sameIdentity(q.identity, r.Identities) ||
		parent != "" && parent != q.request && parent != q.cell {
		r.s.log.Warn("message on stdin that answers no question", "type", r.Header.Type)
		return
	}
	in.pending = nil
	q.answer <- r.Message
}

func sameIdentity(a, b [][]byte) bool {
	return len(a) == len(b) && bytes.Equal(bytes.Join(a, nil), bytes.Join(b, nil))
}
