package kernel

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"poolbook/kernel/tempdir"
)

// spools has the files of output past the cap. They live as long as the kernel.
type spools struct {
	mu        sync.Mutex
	dir       string // made with the first spool, guarded by mu
	removeDir func() error
}

// spool is what one cell wrote past the cap. The output that owns it guards it.
type spool struct {
	file    *os.File // nil: the file could not be made, or is full or broken
	path    string
	limit   int64
	written int64 // bytes in the file
	held    int64 // bytes held back: in the file, and beyond
	shown   int64 // held as the note says it
	err     error // why there is nothing more in the file
	log     *slog.Logger
}

var errSpoolFull = errors.New("the file has reached its limit")

// create makes the file of a cell. When that fails, bytes are only counted, and the note says so.
func (s *spools) create(c Cell, limit int64, log *slog.Logger) *spool {
	sp := &spool{limit: limit, log: log}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == "" {
		s.dir, s.removeDir, sp.err = tempdir.Make(spoolPrefix)
	}
	if sp.err == nil {
		sp.file, sp.err = os.CreateTemp(s.dir, fmt.Sprintf("cell-%d-*.txt", c.ExecutionCount))
	}
	if sp.err != nil {
		log.Error("output cannot be kept", "error", sp.err)
		return sp
	}
	sp.path = filepath.ToSlash(sp.file.Name())
	return sp
}

func (sp *spool) write(p []byte) {
	sp.held += int64(len(p))
	if sp.err != nil {
		return
	}
	if room := sp.limit - sp.written; int64(len(p)) > room {
		p, sp.err = p[:max(room, 0)], errSpoolFull
	}
	n, err := sp.file.Write(p)
	sp.written += int64(n)
	if err != nil {
		sp.err = err
		sp.log.Error("output cannot be kept", "error", err)
	}
	if sp.err != nil {
		_ = sp.file.Close()
	}
}

// note tells how much is held back and how to see it.
func (sp *spool) note(limit int64) string {
	text := fmt.Sprintf("[A cell shows at most %s of its output; %d bytes more are held back", size(limit), sp.held)
	if sp.path != "" {
		text += fmt.Sprintf(" in %s while the kernel runs (for example os.ReadFile(%q))", sp.path, sp.path)
	}
	if sp.err != nil {
		text += fmt.Sprintf("; of these %d are lost: %v", sp.held-sp.written, sp.err)
	}
	return text + "]"
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// spoolPrefix begins the names of directories of spools.
const spoolPrefix = "poolbook-output-"

// remove deletes the files. Files that are still open are closed by their writers, or with the process.
func (s *spools) remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dir == "" {
		return nil
	}
	return s.removeDir()
}
