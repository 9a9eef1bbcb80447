package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"poolbook/notebooks/run"
)

// progress shows how far a notebook is: on a terminal as one line that
// changes, elsewhere as a line for each cell that took a second or failed.
type progress struct {
	w        io.Writer
	name     string
	terminal bool
	width    int // columns of the terminal
	start    time.Time
}

func newProgress(w io.Writer, name string) *progress {
	p := &progress{w: w, name: name, start: time.Now(), width: 80}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal = true
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 20 {
			p.width = n
		}
	}
	return p
}

// replace puts text in the place of the changing line.
func (p *progress) replace(text string) {
	if r := []rune(text); len(r) >= p.width {
		text = string(r[:p.width-2]) + "…"
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", text)
}

// line writes a line that stays.
func (p *progress) line(text string) {
	if p.terminal {
		p.replace("")
	}
	fmt.Fprintf(p.w, "%s: %s\n", p.name, text)
}

func (p *progress) starting(kernel string) {
	if p.terminal {
		p.replace(fmt.Sprintf("%s: starting %s …", p.name, kernel))
	}
}

// step is a run.Options.Progress.
func (p *progress) step(s run.Step) {
	switch {
	case !s.Done && p.terminal:
		first, _, _ := strings.Cut(strings.TrimSpace(s.Source), "\n")
		p.replace(fmt.Sprintf("%s: cell %d/%d  %s", p.name, s.Cell, s.Cells, first))
	case s.Done && s.Err == nil && s.Took >= time.Second && !p.terminal:
		p.line(fmt.Sprintf("cell %d/%d took %s", s.Cell, s.Cells, rounded(s.Took)))
	}
}

// end clears the changing line.
func (p *progress) end() {
	if p.terminal {
		p.replace("")
	}
}

// rounded is a duration with about three digits.
func rounded(d time.Duration) time.Duration {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}
