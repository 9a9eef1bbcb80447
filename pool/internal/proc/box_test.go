//go:build unix

package proc

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"
)

func testBox() *Box { return newBox(make([]byte, beaconSize)) }

func never() bool { return false }

func TestBox(t *testing.T) {
	b := testBox()
	if b.Put([]byte("x")) {
		t.Error("a closed box takes a message")
	}
	b.Open()
	if b.Put(make([]byte, beaconSize)) {
		t.Error("a box takes a message that is too large")
	}
	if !b.Put([]byte("first")) || b.Put([]byte("second")) {
		t.Error("an open box takes one message, and no more")
	}
	if !b.Listen(time.Hour, never) || string(b.Take()) != "first" || b.Take() != nil {
		t.Error("the message is not there, once")
	}
	b.Open()
	if b.Listen(time.Microsecond, never) || b.Put([]byte("late")) {
		t.Error("a box that nobody listens to any more is open")
	}
	b.Open()
	if b.Listen(time.Hour, func() bool { return true }) {
		t.Error("there is a message that nobody has put in")
	}
	b.Open()
	if m := b.Withdraw(); m != nil || b.Listen(time.Hour, never) {
		t.Error("a box is open while its sender uses the pipe")
	}
	b.Open()
	b.Put([]byte("taken back"))
	if m := b.Withdraw(); string(m) != "taken back" || b.Take() != nil {
		t.Errorf("taken back: %q", m)
	}
	var none *Box
	if none.Put([]byte("x")) || none.Withdraw() != nil {
		t.Error("a box that does not exist takes messages")
	}
}

// TestBoxDamaged: a task may write anywhere in its process.
func TestBoxDamaged(t *testing.T) {
	b := testBox()
	b.Open()
	b.Put([]byte("x"))
	b.head.size.Store(1 << 31)
	if m := b.Take(); len(m) > beaconSize {
		t.Errorf("a message of %d bytes", len(m))
	}
}

// TestBoxOrder holds that frames arrive once and in order whichever way each goes: an outbox sends them by turns at once and later, small and
// large; the reader looks into box and pipe by turns.
func TestBoxOrder(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	box := testBox()
	out := NewOutbox(w, box)
	const frames = 30_000
	var wg sync.WaitGroup
	wg.Go(func() {
		defer out.Close()
		for i := range uint64(frames) {
			size := rand.IntN(50)
			if i%1000 == 0 {
				size = 100_000
			}
			out.Put(func(b []byte) []byte {
				b, start := Begin(b, Chunk)
				return End(append(binary.LittleEndian.AppendUint64(b, i), make([]byte, size)...), start)
			}, nil)
			if rand.IntN(4) > 0 {
				out.Push(rand.IntN(3) > 0)
			}
			if rand.IntN(20) == 0 {
				time.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
			}
		}
		out.Push(true)
	})
	in := NewReader(r)
	next, boxed := uint64(0), 0
	got := func(body []byte) {
		if i := binary.LittleEndian.Uint64(body); i != next {
			t.Fatalf("frame %d comes where %d should", i, next)
		}
		next++
	}
	piped := func() {
		_, body, err := in.Next()
		if err != nil {
			t.Fatalf("after %d frames: %v", next, err)
		}
		got(body)
	}
	for next < frames {
		if rand.IntN(3) > 0 && in.Read(box.Piped()) {
			box.Open()
			if box.Listen(20*time.Microsecond, func() bool { return !in.Read(box.Piped()) }) {
				for !in.Read(box.Piped()) {
					piped()
				}
				for msg := box.Take(); len(msg) > 0; {
					_, body, rest, err := Split(msg)
					if err != nil {
						t.Fatal(err)
					}
					got(body)
					boxed++
					msg = rest
				}
				continue
			}
		}
		piped()
	}
	wg.Wait()
	<-out.Done()
	if boxed == 0 || boxed == frames {
		t.Errorf("%d of %d frames came by the box", boxed, frames)
	}
}

func TestSplit(t *testing.T) {
	whole := frameOf(Chunk, "ab")
	k, body, rest, err := Split(append(frameOf(Chunk, "ab"), whole...))
	if k != Chunk || string(body) != "ab" || string(rest) != string(whole) || err != nil {
		t.Errorf("%v %q %q %v", k, body, rest, err)
	}
	for name, msg := range map[string][]byte{"nothing": {}, "half a head": whole[:3], "half a body": whole[:6], "no kind": {0, 0, 0, 0, 1}, "endless": {255, 255, 255, 255, 1}} {
		if _, _, _, err := Split(msg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func frameOf(k Kind, body string) []byte {
	b, start := Begin(nil, k)
	return End(append(b, body...), start)
}
