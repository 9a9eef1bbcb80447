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
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"poolbook/interp"
	"poolbook/interp/display"
)

func replCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "repl",
		Short: "Run cells in the terminal",
		Long: `Read Go from the terminal, cell by cell, in one session: a cell ends with the
line that completes it. Tab completes, Up and Ctrl-R go through earlier cells,
Alt-Enter begins a new line. Ctrl-C stops a cell, or gives up the one that is
being written; Ctrl-D ends the session, and so does exit. What is piped in is
run the same way, and the first error ends it. NO_COLOR turns colours off.`,
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
			r := &repl{session: session, pools: pools, screen: newScreen()}
			restore := func() {}
			if isTerminal(os.Stdin) && r.screen.out.terminal {
				r.colour = os.Getenv("NO_COLOR") == "" && r.screen.err.terminal
				e := newEditor(session, r.screen, historyFile())
				r.in, r.stdin, restore = e, func(ctx context.Context) io.Reader { return terminalInput{ctx, r.screen} }, e.restore
				fmt.Printf("Poolbook %s: Go, cell by cell. %%help lists what is special, Ctrl-D ends.\n", version)
			} else {
				p := &pipedCells{session: session, in: bufio.NewReader(os.Stdin)}
				r.in, r.stdin = p, func(context.Context) io.Reader { return p }
			}
			defer ended(restore)()
			r.interrupts = make(chan os.Signal, 1)
			signal.Notify(r.interrupts, os.Interrupt)
			defer signal.Stop(r.interrupts)
			return r.loop(context.WithoutCancel(cmd.Context()))
		},
	}
}

// ended runs restore and ends the process when it is told to end, until the
// function that it returns is called.
func ended(restore func()) (stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGHUP)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case s := <-c:
			restore()
			code := exitFailure
			if n, ok := s.(syscall.Signal); ok {
				code = 128 + int(n)
			}
			os.Exit(code) // workers end with their pipes
		case <-done:
		}
	}()
	return func() {
		signal.Stop(c)
		close(done)
		<-gone
	}
}

// cellReader reads cells. errAgain means that the user gave the cell up, io.EOF
// that there are no more.
type cellReader interface {
	cell(number int) (string, error)
	interactive() bool
}

var errAgain = errors.New("the cell was given up")

type repl struct {
	session    *interp.Session
	pools      *poolHost
	in         cellReader
	stdin      func(ctx context.Context) io.Reader // of a cell that runs until ctx ends
	screen     *screen
	colour     bool
	interrupts chan os.Signal // kept for the whole session: between cells they are for nobody
	cells      int
}

// loop runs cells until the input ends.
func (r *repl) loop(ctx context.Context) error {
	for {
		code, err := r.in.cell(r.cells + 1)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errAgain), err == nil && strings.TrimSpace(code) == "":
			continue
		case err != nil:
			return err
		case r.leaves(code):
			return nil
		}
		err = r.run(ctx, code)
		var exit *interp.ExitError
		switch {
		case errors.As(err, &exit) && !(r.in.interactive() && strings.HasPrefix(exit.By, "!")): // a command that failed ends no session
			return &exitError{code: exit.Code}
		case err != nil:
			r.fail(err)
			if r.in.interactive() {
				continue
			}
			var interrupted *interp.InterruptError
			if errors.As(err, &interrupted) {
				return &exitError{code: exitInterrupted}
			}
			return &exitError{code: exitFailure}
		}
	}
}

// leaves reports whether a cell is what people type elsewhere to end a session: exit, quit(), %quit. A name that a cell has
// declared is not.
func (r *repl) leaves(code string) bool {
	text := strings.TrimSpace(code)
	name := strings.TrimSuffix(strings.TrimPrefix(text, "%"), "()")
	if !r.in.interactive() || name != "exit" && name != "quit" {
		return false
	}
	_, declared := r.session.Inspect(name, len(name), 0)
	return !declared || strings.HasPrefix(text, "%")
}

// run runs a cell and prints the value of its final expression.
func (r *repl) run(ctx context.Context, code string) error {
	ctx, interrupt := context.WithCancel(ctx)
	done := r.interruptWith(interrupt)
	defer done()
	r.cells++
	r.pools.enter(code)
	stdin := r.stdin(ctx)
	result, err := r.session.Run(ctx, interp.Cell{
		Number: r.cells, Code: code, Stdout: r.screen.out, Stderr: r.screen.err, Stdin: stdin,
		Host: terminalHost{r.screen, stdin, interrupt},
	})
	r.pools.flush()
	r.screen.end()
	if err != nil {
		return err
	}
	for _, w := range result.Warnings {
		fmt.Fprintln(r.screen.err, w)
	}
	if !result.Value.IsValid() {
		return nil
	}
	var text string
	if err := r.session.Look(ctx, result, func() { text = display.Text(result.Value) }); err != nil {
		return err
	}
	fmt.Fprintln(r.screen.out, text)
	return nil
}

// interruptWith calls interrupt at Ctrl-C, and when the function that it
// returns is called, which waits until it has been.
func (r *repl) interruptWith(interrupt func()) (done func()) {
	select {
	case <-r.interrupts: // an old one
	default:
	}
	ended, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		defer interrupt()
		select {
		case <-r.interrupts:
		case <-ended:
		}
	}()
	return func() {
		close(ended)
		<-gone
	}
}

// fail shows the error of a cell.
func (r *repl) fail(err error) {
	text := err.Error()
	if r.colour {
		text = strings.Join(interp.Traceback(err), "\n")
	}
	fmt.Fprintln(r.screen.err, text)
}

// pipedCells reads what is not typed. A cell that reads its standard input gets
// what follows it.
type pipedCells struct {
	session *interp.Session

	mu sync.Mutex
	in *bufio.Reader // guarded by mu
}

func (p *pipedCells) interactive() bool { return false }

// cell reads lines until they are complete Go.
func (p *pipedCells) cell(int) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var code strings.Builder
	for {
		line, err := p.in.ReadString('\n')
		code.WriteString(line)
		switch {
		case err == nil:
			if state, _ := p.session.IsComplete(code.String()); state != interp.Incomplete {
				return code.String(), nil
			}
		case errors.Is(err, io.EOF) && code.Len() > 0:
			return code.String(), nil // what is incomplete gets its error
		default:
			return "", err
		}
	}
}

func (p *pipedCells) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.in.Read(b)
}
