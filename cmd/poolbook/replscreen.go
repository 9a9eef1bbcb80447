package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/term"

	"poolbook/kernel"
	"poolbook/kernel/protocol"
)

// screen is what cells and their pools write to. On a terminal it keeps output apart from the cell that is being written,
// which goroutines of earlier cells may interrupt, and shows the progress of pools as one line that changes, below the
// output. It is the kernel.Output of pools.
type screen struct {
	out, err screenWriter
	// redraw draws the cell that is being written again. nil: nobody writes any.
	redraw func()

	mu       sync.Mutex // guards what follows, and the terminal
	editing  bool       // a cell is being written
	row      int        // of the cursor then, below the prompt's
	room     int        // rows that are known to be below the prompt's, on a terminal of this width
	width    int
	progress bool // a line of progress is there
	midLine  bool // the output has not ended its last line
}

func newScreen() *screen {
	s := &screen{}
	s.out = screenWriter{s, os.Stdout, isTerminal(os.Stdout)}
	s.err = screenWriter{s, os.Stderr, isTerminal(os.Stderr)}
	return s
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

// columns is the terminal's width.
func columns() int {
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

// screenWriter is stdout or stderr.
type screenWriter struct {
	s        *screen
	file     *os.File
	terminal bool
}

// Write writes at once; what comes while a cell is being written stands above it, in lines of its own.
func (w screenWriter) Write(p []byte) (int, error) {
	if !w.terminal || len(p) == 0 {
		return w.file.Write(p)
	}
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endProgress()
	if !s.editing {
		s.midLine = p[len(p)-1] != '\n'
		return w.file.Write(p)
	}
	text := "\r"
	if s.row > 0 {
		text += fmt.Sprintf("\x1b[%dA", s.row)
	}
	text += "\x1b[J" + string(p) // the editor leaves line ends to the terminal
	if p[len(p)-1] != '\n' {
		text += "\n"
	}
	text += strings.Repeat("\n", s.row) // where the cursor was, as far as the editor knows
	if _, err := io.WriteString(w.file, text); err != nil {
		return 0, err
	}
	s.room = s.row
	s.redraw()
	return len(p), nil
}

// edit tells that a cell begins to be written, in a line of its own.
func (s *screen) edit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endProgress()
	if s.midLine {
		fmt.Fprintln(os.Stdout)
	}
	s.editing, s.row, s.room, s.midLine = true, 0, 0, false
}

// edited tells that the cell is written.
func (s *screen) edited() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.editing = false
}

// draws tells that a text is drawn after a prompt, with the cursor behind the beginning of it that is before. With room,
// there will be as many rows below the prompt's as that takes, and one more: at the bottom of the terminal it scrolls.
func (s *screen) draws(prompt, text, before string, room bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	width := columns()
	if width != s.width {
		s.width, s.room = width, 0
	}
	if need := rows(prompt, text, width); room && need > s.room {
		s.room = need
		if below := need - s.row; below > 0 {
			fmt.Fprintf(s.out.file, "%s\x1b[%dA", strings.Repeat("\n", below), below)
		}
	}
	s.row = rows(prompt, before, width) - 1
}

// rows is how many rows a text takes after a prompt: every line of it begins below the end of the prompt.
func rows(prompt, text string, width int) int {
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n += 1 + (len(prompt)+uniseg.StringWidth(strings.ReplaceAll(line, "\t", tab)))/width
	}
	return n
}

// tab is how the editor shows one.
const tab = "     "

// typed tells that the user has ended a line.
func (s *screen) typed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.midLine = false
}

// end takes the line of progress away.
func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endProgress()
}

func (s *screen) endProgress() {
	if s.progress {
		s.progress = false
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
}

// Display shows the progress of a pool, on a terminal that nothing else is being written to.
func (s *screen) Display(b kernel.Bundle, _ string, _ bool) {
	text, ok := b.Data["text/plain"].(string)
	if !ok || !s.out.terminal || !s.err.terminal {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.editing || s.midLine {
		return
	}
	for width := columns(); uniseg.StringWidth(text) >= width; {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	fmt.Fprintf(os.Stderr, "\r\x1b[K%s", text)
	s.progress = true
}

// Stream prints.
func (s *screen) Stream(name string, p []byte) {
	if name == protocol.Stderr {
		s.err.Write(p)
	} else {
		s.out.Write(p)
	}
}

// Clear does nothing: what was printed stays.
func (s *screen) Clear(bool) {}

// Input is not used: cells read the terminal itself.
func (s *screen) Input(context.Context, string, bool) (string, error) { return "", kernel.ErrNoStdin }
