//go:build amd64 || arm64

package shm_test

import (
	"bytes"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"poolbook/pool/internal/shm"
)

func TestSegment(t *testing.T) {
	for _, size := range []int{0, 1, 4096, 4097, 100_000, 3 << 20} {
		s, err := shm.New(size)
		if err != nil {
			t.Fatal(err)
		}
		mem := s.Bytes()
		if len(mem) != size || cap(mem) != size || bytes.Count(mem, []byte{0}) != size {
			t.Fatalf("%d bytes: got %d, of capacity %d", size, len(mem), cap(mem))
		}
		for i := range mem {
			mem[i] = byte(i)
		}
		got, err := shm.Open(s.Path(), size)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, mem) {
			t.Fatalf("%d bytes: another mapping differs", size)
		}
		if size > 0 {
			mem[size-1]++
			if got[size-1] != mem[size-1] {
				t.Fatalf("%d bytes: a change is not seen", size)
			}
		}
		if _, err := shm.Open(s.Path(), size+1<<20); err == nil {
			t.Error("opened beyond the end")
		}
		runtime.KeepAlive(s)
	}
}

// TestLife: the memory lives as long as a slice of it, is given back then, and what comes to its place is ordinary memory.
func TestLife(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	const size = 8 << 20
	var kept [][]byte
	for i := range 50 {
		s, err := shm.New(size)
		if err != nil {
			t.Fatal(err)
		}
		mem := s.Bytes()
		for k := 0; k < size; k += 512 {
			mem[k] = byte(i)
		}
		if i%10 == 0 {
			kept = append(kept, mem[size/2:])
		}
	}
	// The finalizers have run for those of them that were found; ordinary objects take their place.
	for range 5 {
		runtime.GC()
		var others [][]byte
		for range 8 {
			x := make([]byte, size)
			if bytes.Count(x, []byte{0}) != size {
				t.Fatal("new memory is not empty")
			}
			x[0], x[size-1] = 1, 1
			others = append(others, x)
		}
		runtime.KeepAlive(others)
	}
	for i, mem := range kept {
		for k := 0; k < len(mem); k += 512 {
			if mem[k] != byte(10*i) {
				t.Fatalf("segment %d has changed", 10*i)
			}
		}
	}
	if n := mapped(t); n > len(kept)+3 {
		t.Errorf("%d segments are mapped, %d are in use", n, len(kept))
	}
	runtime.KeepAlive(kept)
}

// mapped is how many segments this process has made and has still.
func mapped(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]bool{}
	for line := range strings.Lines(string(maps)) {
		if strings.Contains(line, " rw-s ") && strings.Contains(line, "memfd:poolbook-shared") {
			files[strings.Fields(line)[4]] = true // a file may be mapped in parts
		}
	}
	return len(files)
}

func TestView(t *testing.T) {
	s, err := shm.New(80)
	if err != nil {
		t.Fatal(err)
	}
	v := shm.View(s.Bytes(), reflect.TypeFor[float64](), 10).Interface().([]float64)
	v[9] = 1.5
	if len(v) != 10 || cap(v) != 10 || s.Bytes()[79] == 0 {
		t.Errorf("got %d of %d", len(v), cap(v))
	}
	defer func() {
		if recover() == nil {
			t.Error("a view beyond the end")
		}
	}()
	shm.View(s.Bytes(), reflect.TypeFor[float64](), 11)
}
