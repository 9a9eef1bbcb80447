package interp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"poolbook/interp"
)

func TestTimeAndBench(t *testing.T) {
	s := newSession(t)
	for _, tt := range []struct{ code, want string }{
		{"%time\nx := 1\nx", "took "},
		{"%time x + 1", "took "},
		{"%bench x * 2", "a run (the middle of "},
	} {
		if got := show(s, 1, tt.code, ""); !strings.Contains(got, tt.want) || !strings.Contains(got, "→") {
			t.Errorf("%q: %s", tt.code, got)
		}
	}
	if c, _ := s.IsComplete("%time for i := range 3 {"); c != interp.Incomplete {
		t.Errorf("%%time for … { is %s", c)
	}
	if c, _ := s.IsComplete("!ls -l"); c != interp.Complete {
		t.Errorf("!ls is %s", c)
	}
}

func TestShellInterrupt(t *testing.T) {
	s := newSession(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := s.Run(ctx, interp.Cell{Number: 1, Code: "!sleep 60"})
	var ie *interp.InterruptError
	if !errors.As(err, &ie) || time.Since(start) > 5*time.Second {
		t.Errorf("got %v after %v", err, time.Since(start))
	}
}
