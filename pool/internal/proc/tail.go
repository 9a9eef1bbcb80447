package proc

import (
	"bytes"
	"strings"
	"sync"
)

// Tail keeps what is worth telling of a worker's output when it has died: the beginning of a crash report of Go's runtime, which names
// the reason, or the last lines.
type Tail struct {
	mu    sync.Mutex
	buf   []byte
	crash []byte // from the last line that begins a crash report
}

const (
	tailSize  = 4 << 10
	crashSize = 2 << 10
	// crashLines is how much of a crash report is told: the reason and the first calls.
	crashLines = 12
)

// crashes begin a line of a crash report.
var crashes = [][]byte{[]byte("fatal error: "), []byte("panic: "), []byte("SIG"), []byte("unexpected fault address"), []byte("runtime: out of memory"),
	[]byte("runtime: goroutine stack exceeds")}

// Write never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch at := crashAt(p); {
	case at >= 0:
		t.crash = append(t.crash[:0], p[at:min(len(p), at+crashSize)]...)
	case len(t.crash) > 0 && len(t.crash) < crashSize:
		t.crash = append(t.crash, p[:min(len(p), crashSize-len(t.crash))]...)
	}
	if len(p) > tailSize {
		t.buf = append(t.buf[:0], p[len(p)-tailSize:]...)
		return len(p), nil
	}
	t.buf = append(t.buf, p...)
	if len(t.buf) > 2*tailSize {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailSize:]...)
	}
	return len(p), nil
}

// Reset forgets what was written.
func (t *Tail) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf, t.crash = t.buf[:0], t.crash[:0]
}

// crashAt is where a crash report begins in p, -1 when none does.
func crashAt(p []byte) int {
	for _, c := range crashes {
		if bytes.HasPrefix(p, c) {
			return 0
		}
		if i := bytes.Index(p, append([]byte{'\n'}, c...)); i >= 0 {
			return i + 1
		}
	}
	return -1
}

// Lines are the last n lines, or the first ones of a crash report.
func (t *Tail) Lines(n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.crash) > 0 {
		lines := strings.Split(strings.TrimRight(string(t.crash), "\n"), "\n")
		return strings.Join(lines[:min(crashLines, len(lines))], "\n")
	}
	lines := strings.Split(strings.TrimRight(string(t.buf), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
