package interp

import (
	"runtime"
	"testing"
)

func TestCollectAt(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 1 << 20: 400, 4 << 20: 300, 8 << 20: 100, 1 << 30: 100} {
		if got := collectAt(live); got != want {
			t.Errorf("with %d bytes alive %d %%, want %d", live, got, want)
		}
	}
}

func TestAfterCollections(t *testing.T) {
	calls := make(chan bool, 3)
	afterCollections(func() bool {
		calls <- true
		return len(calls) < 2
	})
	for len(calls) < 2 {
		runtime.GC()
	}
	for range 3 {
		runtime.GC()
	}
	if len(calls) != 2 {
		t.Errorf("%d calls, though the second said that it is enough", len(calls))
	}
}
