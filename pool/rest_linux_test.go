//go:build !race

// The race detector keeps memory of its own for all that was ever used.

package pool_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"poolbook/pool"
)

// TestRest: a worker that has nothing to do gives back what its tasks have left, each time, and works on after that.
func TestRest(t *testing.T) {
	processes(t, func(t *testing.T, _ *output) {
		p := pool.New(pool.Processes(1))
		defer p.Terminate()
		for range 2 {
			wantEqual(t, must[[]int](t)(pool.Map(p, allocate, []int{300})), []int{300})
			pid := children()[0]
			if mb := resident(t, pid); mb < 100 {
				t.Fatalf("the worker holds %d MB after a task that took 300", mb)
			}
			limit := time.Now().Add(patience)
			for resident(t, pid) > 30 {
				if time.Now().After(limit) {
					t.Fatalf("an idle worker holds %d MB", resident(t, pid))
				}
				time.Sleep(20 * time.Millisecond)
			}
			wantEqual(t, must[[]int](t)(pool.Map(p, square, []int{7})), []int{49})
		}
	})
}

// resident is how many megabytes a process holds.
func resident(t *testing.T, pid string) int {
	t.Helper()
	data, err := os.ReadFile("/proc/" + pid + "/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize() >> 20
}
