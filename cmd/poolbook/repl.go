package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"poolbook/interp"
	"poolbook/interp/display"
)

func replCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "repl",
		Short: "Run cells in the terminal",
		Long: `Read Go from the terminal, cell by cell, in one session: a cell ends with the
line that completes it. Ctrl-C stops a cell, Ctrl-D ends the session. What is
piped in is run the same way, and the first error ends it.`,
		Example: `  poolbook repl
  echo 'fmt.Println(1 + 1)' | poolbook repl`,
		Args: atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			pools := newPoolHost()
			defer pools.Close()
			session, err := interp.New(sessionConfig(pools, nil, nil))
			if err != nil {
				return fmt.Errorf("start the interpreter: %w", err)
			}
			defer session.Close()
			pools.attach(session)
			r := &repl{session: session, in: lines(os.Stdin, os.Stdout)}
			return r.loop(context.WithoutCancel(cmd.Context()))
		},
	}
}

// lineReader reads a line of input without its end. errAgain means that the
// user gave the line up.
type lineReader interface {
	line(prompt string) (string, error)
	interactive() bool
}

var errAgain = errors.New("the line was given up")

type repl struct {
	session *interp.Session
	in      lineReader
	cells   int
}

// loop runs cells until the input ends.
func (r *repl) loop(ctx context.Context) error {
	for {
		code, err := r.cell()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(code) == "" {
			continue
		}
		err = r.run(ctx, code)
		var exit *interp.ExitError
		switch {
		case errors.As(err, &exit):
			return &exitError{code: exit.Code}
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			if !r.in.interactive() {
				return &exitError{code: exitFailure}
			}
		}
	}
}

// cell reads lines until they are complete Go.
func (r *repl) cell() (string, error) {
	var code strings.Builder
	prompt := fmt.Sprintf("[%d] ", r.cells+1)
	for {
		line, err := r.in.line(prompt)
		if errors.Is(err, errAgain) {
			return "", nil
		}
		if errors.Is(err, io.EOF) && code.Len() > 0 {
			return code.String(), nil // what is incomplete gets its error
		}
		if err != nil {
			return "", err
		}
		code.WriteString(line + "\n")
		state, indent := r.session.IsComplete(code.String())
		if state != interp.Incomplete {
			return code.String(), nil
		}
		prompt = strings.Repeat(" ", len(prompt)-4) + "... " + strings.ReplaceAll(indent, "\t", "    ")
	}
}

// run runs a cell and prints the value of its final expression.
func (r *repl) run(ctx context.Context, code string) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	r.cells++
	result, err := r.session.Run(ctx, interp.Cell{
		Number: r.cells, Code: code, Stdout: os.Stdout, Stderr: os.Stderr, Stdin: os.Stdin,
	})
	if err != nil {
		return err
	}
	for _, w := range result.Warnings {
		fmt.Fprintln(os.Stderr, w)
	}
	if result.Value.IsValid() {
		fmt.Println(display.Text(result.Value))
	}
	return nil
}

// lines reads from a terminal with editing and history, or from a pipe.
func lines(in, out *os.File) lineReader {
	if !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return &pipedLines{bufio.NewReader(in)}
	}
	keys := &keyReader{in: in}
	return &terminalLines{fd: int(in.Fd()), keys: keys, term: term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{keys, out}, "")}
}

type pipedLines struct{ in *bufio.Reader }

func (p *pipedLines) interactive() bool { return false }

func (p *pipedLines) line(string) (string, error) {
	line, err := p.in.ReadString('\n')
	if err != nil && line == "" {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

type terminalLines struct {
	fd   int
	keys *keyReader
	term *term.Terminal
}

func (t *terminalLines) interactive() bool { return true }

// line reads with the terminal in raw mode, which ends with the line: a cell
// that runs has an ordinary terminal, with Ctrl-C.
func (t *terminalLines) line(prompt string) (string, error) {
	state, err := term.MakeRaw(t.fd)
	if err != nil {
		return "", fmt.Errorf("read a line: %w", err)
	}
	defer term.Restore(t.fd, state)
	if w, h, err := term.GetSize(t.fd); err == nil && w > 0 {
		if err := t.term.SetSize(w, h); err != nil {
			return "", fmt.Errorf("read a line: %w", err)
		}
	}
	t.term.SetPrompt(prompt)
	t.keys.interrupted = false
	line, err := t.term.ReadLine()
	if t.keys.interrupted {
		return "", errAgain
	}
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, err
}

// keyReader turns Ctrl-C, which the terminal type takes for the end of input,
// into the end of an empty line.
type keyReader struct {
	in          io.Reader
	interrupted bool
}

func (k *keyReader) Read(p []byte) (int, error) {
	n, err := k.in.Read(p[:max(len(p)/2, 1)])
	for i := 0; i < n; i++ {
		if p[i] == 3 {
			k.interrupted = true
			const clearLine, enter = 21, '\r'
			return copy(p, []byte{clearLine, enter}), err
		}
	}
	return n, err
}
