package proc

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// TestLargeFrames holds that the length of a frame beyond 4 GiB is not cut: its reader waits for all of it instead of taking the start of
// its body for a frame.
func TestLargeFrames(t *testing.T) {
	const size = 4<<30 + 20
	for name, head := range map[string][]byte{
		"AppendHead": AppendHead(nil, Blob, size),
		"Extend": func() []byte {
			b, start := Begin(nil, Blob)
			b = End(b, start)
			Extend(b, start, size)
			return b
		}(),
	} {
		if len(head) != HeadLen {
			t.Fatalf("%s: a head of %d bytes", name, len(head))
		}
		r := NewReader(bytes.NewReader(append(head, make([]byte, 1000)...)))
		if k, body, err := r.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: a frame of kind %d with %d bytes, %v", name, k, len(body), err)
		}
		if _, _, _, err := Split(append(head, make([]byte, 1000)...)); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: Split: %v", name, err)
		}
		r = NewReader(bytes.NewReader(append(head, make([]byte, 1000)...)))
		if r.More() {
			t.Errorf("%s: the frame is there", name)
		}
	}
	head := make([]byte, RunHead)
	PutRun(head, 1, 5<<30, 6<<30, 7)
	if chunk, first, n, took, _, err := ReadRun(head); chunk != 1 || first != 5<<30 || n != 6<<30 || took != 7 || err != nil {
		t.Errorf("run: %d %d %d %d %v", chunk, first, n, took, err)
	}
}
