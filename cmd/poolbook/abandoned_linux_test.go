package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// TestAbandonedCallEndsTheKernel holds that a compiled function which goes on after its cell was interrupted, and fills the memory, takes the kernel
// with it before it takes the machine: the cell says so, and so does the error of who waits.
func TestAbandonedCallEndsTheKernel(t *testing.T) {
	t.Setenv(memoryEnv, "150MB")
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	k := p.kernel(ctx)
	sub := k.Subscribe()
	defer sub.Close()
	// The text that it reads has no end, and comes at 100 MB a second. The decoder does not look whether the cell goes on.
	m, err := k.New(protocol.TypeExecuteRequest, protocol.ExecuteRequest{Code: `endless := exec.Command("sh", "-c", "printf '\"'; while :; do head -c 1000000 /dev/zero | tr '\\0' a; sleep 0.01; done")
out, err := endless.StdoutPipe()
if err == nil { err = endless.Start() }
if err != nil { panic(err) }
fmt.Println("begins")
json.NewDecoder(out).Decode(new(string))`})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Send(protocol.Shell, m); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	interrupted := false
	for {
		in, err := sub.Next(ctx)
		if err != nil || in.Event != "" && k.Err() != nil {
			break
		}
		if in.Message == nil {
			continue
		}
		said.Write(in.Message.Content)
		if !interrupted && in.Message.Header.Type == protocol.TypeStream && strings.Contains(string(in.Message.Content), "begins") {
			interrupted = true
			if err := k.Interrupt(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	select {
	case <-k.Done():
	case <-ctx.Done():
		t.Fatalf("the kernel goes on, and said: %s", said.String())
	}
	var died *client.DiedError
	if !errors.As(k.Err(), &died) || !strings.Contains(died.Error(), "out of memory") {
		t.Errorf("the kernel: %v", k.Err())
	}
	if !strings.Contains(said.String(), "goes on in the background") || !strings.Contains(said.String(), "a compiled function that a cell called before it was ended goes on") {
		t.Errorf("said: %s", said.String())
	}
	t.Log(died)
}
