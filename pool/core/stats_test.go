package core

import (
	"strings"
	"testing"
	"time"
)

// TestAdvise holds what is said of the times of items that are known; TestAdvice of package pool, what pools measure.
func TestAdvise(t *testing.T) {
	for _, c := range []struct {
		perItem      time.Duration
		items, chunk int
		better       int
		advice       string
	}{
		{time.Microsecond, 20_000, 1, 60, "tasks of 1µs are short: pool.ChunkSize(60) sends fewer, larger chunks"},
		{time.Microsecond, 20_000, 20, 0, ""},
		{0, 80, 1, 10, "tasks of 0s are short: pool.ChunkSize(10)"}, // no larger than leaves all workers work
		{15 * time.Microsecond, 20_000, 1, 4, "are short: pool.ChunkSize(4)"},
		{20 * time.Microsecond, 20_000, 1, 0, ""},
		{3 * time.Millisecond, 16, 16, 2, "chunks of 16 items leave workers idle at the end: pool.ChunkSize(2) shares the work better"},
		{3 * time.Millisecond, 16, 2, 0, ""},
		{100 * time.Microsecond, 16, 16, 0, ""}, // it is over at once all the same
	} {
		s := Stats{Items: c.items, Done: c.items, Chunk: c.chunk, Busy: time.Duration(c.items) * c.perItem}
		s.advise(2, false)
		if s.Better != c.better || !strings.Contains(s.Advice, c.advice) || (s.Advice == "") != (c.advice == "") {
			t.Errorf("%v for each of %d items in chunks of %d: %d, %q", c.perItem, c.items, c.chunk, s.Better, s.Advice)
		}
	}
}
