package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"

	"poolbook/interp"
	"poolbook/interp/display"
	"poolbook/kernel"
)

// terminalHost is the interp.Cell.Host of a cell in the terminal: values of package display show as their text.
type terminalHost struct {
	s         *screen
	in        io.Reader // of the cell
	interrupt func()    // stops the cell
}

// output is where the progress bars of the cell's pools are.
func (h terminalHost) output() kernel.Output { return h.s }

func (h terminalHost) Display(b display.Bundle, _ string, _ bool) {
	if text, ok := b["text/plain"].(string); ok {
		fmt.Fprintln(h.s.out, text)
	}
}

// Clear does nothing: what was printed stays.
func (h terminalHost) Clear(bool) {}

// Page shows what is known about a name.
func (h terminalHost) Page(d interp.Description) { fmt.Fprintln(h.s.out, d.Text()) }

// Ask reads a line. A password does not show on a terminal.
func (h terminalHost) Ask(_ context.Context, prompt string, password bool) (string, error) {
	if !password || !isTerminal(os.Stdin) {
		return display.ReadLine(prompt, h.s.out, h.in)
	}
	io.WriteString(h.s.out, prompt)
	state, err := term.MakeRaw(int(os.Stdin.Fd()))
	if err != nil {
		return "", fmt.Errorf("read a password: %w", err)
	}
	line, err := readHidden(h.in)
	term.Restore(int(os.Stdin.Fd()), state)
	fmt.Fprintln(h.s.out)
	if errors.Is(err, errAgain) {
		h.interrupt()
	}
	return line, err
}

// readHidden reads a line from a raw terminal, which neither shows nor edits it. errAgain is Ctrl-C.
func readHidden(in io.Reader) (string, error) {
	var line []byte
	for key := make([]byte, 1); ; {
		if _, err := io.ReadFull(in, key); err != nil {
			return "", err
		}
		const ctrlC, ctrlD, ctrlH, ctrlU, del = 3, 4, 8, 21, 127
		switch key[0] {
		case '\r', '\n':
			return string(line), nil
		case ctrlC:
			return "", errAgain
		case ctrlD:
			if len(line) == 0 {
				return "", io.EOF
			}
		case ctrlU:
			line = line[:0]
		case ctrlH, del:
			_, size := utf8.DecodeLastRune(line)
			line = line[:len(line)-size]
		default:
			line = append(line, key[0])
		}
	}
}

// terminalInput is the terminal as a cell's standard input. A read ends with ctx, so that what is typed later goes to
// the editor again.
type terminalInput struct {
	ctx context.Context
	s   *screen
}

func (t terminalInput) Read(p []byte) (int, error) {
	if err := awaitInput(t.ctx, int(os.Stdin.Fd())); err != nil {
		return 0, err
	}
	n, err := os.Stdin.Read(p)
	if n > 0 && p[n-1] == '\n' {
		t.s.typed()
	}
	return n, err
}
