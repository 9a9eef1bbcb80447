package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"sync"

	"poolbook/interp"
	"poolbook/interp/display"
	"poolbook/kernel"
	"poolbook/kernel/protocol"
)

// kernelSession is an interp.Session as the kernel wants it: it turns results
// and errors into messages, and lets cells reach the front end.
type kernelSession struct {
	session *interp.Session
	pools   *poolHost
	// turn has one element while a cell runs: cells run one at a time, also
	// those of subshells, which are there for comms.
	turn chan struct{}
}

// newKernelSession makes a session whose cells have pool and display, with
// worker processes of this program.
func newKernelSession(log *slog.Logger) (*kernelSession, error) {
	pools := newPoolHost()
	session, err := interp.New(sessionConfig(pools, log))
	if err != nil {
		return nil, fmt.Errorf("start the interpreter: %w", err)
	}
	pools.attach(session)
	return &kernelSession{session: session, pools: pools, turn: make(chan struct{}, 1)}, nil
}

// Info tells front ends what the kernel runs.
func (s *kernelSession) Info() kernel.Info {
	return kernel.Info{
		Implementation: "poolbook", ImplementationVersion: version,
		Language: protocol.LanguageInfo{
			Name: "go", Version: strings.TrimPrefix(runtime.Version(), "go"), MIMEType: "text/x-go", FileExtension: ".go",
			PygmentsLexer: "go", CodeMirrorMode: "go",
		},
		Subshells: true,
		Banner:    "Poolbook " + version + ": Go in cells, with a worker pool. %help lists what is special.",
	}
}

// UseComms gives the pool panel its way to front ends.
func (s *kernelSession) UseComms(c *kernel.Comms) { s.pools.panel.register(c) }

// Execute runs a cell.
func (s *kernelSession) Execute(ctx context.Context, c kernel.Cell, out kernel.Output) kernel.Outcome {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return failure(&interp.InterruptError{})
	}
	s.pools.enter(cellKey(c.ExecutionCount), out)
	result, err := s.session.Run(ctx, interp.Cell{
		Number: c.ExecutionCount, ID: c.ID, Code: c.Code,
		Stdout: stream{out, protocol.Stdout}, Stderr: stream{out, protocol.Stderr},
		Stdin: &stdin{ctx: ctx, out: out}, Host: cellHost{out},
	})
	s.pools.flush()
	if err != nil {
		return failure(err)
	}
	for _, w := range result.Warnings {
		fmt.Fprintln(stream{out, protocol.Stderr}, w)
	}
	if !result.Value.IsValid() {
		return kernel.Outcome{}
	}
	return kernel.Outcome{Result: &kernel.Bundle{Data: display.MIME(result.Value)}}
}

// failure is a cell's error as front ends show it.
func failure(err error) kernel.Outcome {
	e := &kernel.Error{Name: interp.Name(err), Value: interp.Headline(err), Traceback: interp.Traceback(err)}
	var panicked *interp.RuntimeError
	if errors.As(err, &panicked) {
		e.Name, e.Value = "panic", panicked.Message
	}
	var interrupt *interp.InterruptError
	return kernel.Outcome{Err: e, Interrupted: errors.As(err, &interrupt)}
}

// IsComplete answers whether code can be run as it stands.
func (s *kernelSession) IsComplete(code string) (status, indent string) {
	c, indent := s.session.IsComplete(code)
	return string(c), indent
}

// Complete lists what may stand at the cursor, a byte offset.
func (s *kernelSession) Complete(_ context.Context, code string, cursor int) kernel.Completion {
	c := s.session.Complete(code, cursor)
	out := kernel.Completion{Start: c.Start, End: c.End, Matches: []string{}}
	for _, m := range c.Matches {
		out.Matches = append(out.Matches, m.Text)
		out.Items = append(out.Items, kernel.CompletionItem{Type: m.Kind, Signature: m.Detail})
	}
	return out
}

// Inspect describes the name at the cursor, a byte offset.
func (s *kernelSession) Inspect(_ context.Context, code string, cursor, detail int) (kernel.Bundle, bool) {
	d, ok := s.session.Inspect(code, cursor, detail)
	return kernel.Bundle{Data: map[string]any{"text/plain": d.Text(), "text/markdown": d.Markdown()}}, ok
}

// Close ends the session's workers and waits for them.
func (s *kernelSession) Close() error {
	s.pools.Close()
	return s.session.Close()
}

// stream is a cell's stdout or stderr.
type stream struct {
	out  kernel.Output
	name string
}

func (s stream) Write(p []byte) (int, error) {
	s.out.Stream(s.name, p)
	return len(p), nil
}

// cellHost lets a cell's calls of package display reach the front end.
type cellHost struct{ out kernel.Output }

func (h cellHost) Display(b display.Bundle, id string, update bool) {
	h.out.Display(kernel.Bundle{Data: b}, id, update)
}

func (h cellHost) Clear(wait bool) { h.out.Clear(wait) }

// stdin asks the front end for a line whenever the cell reads more than it was
// given before.
type stdin struct {
	ctx context.Context
	out kernel.Output

	mu   sync.Mutex
	rest []byte // guarded by mu
}

func (s *stdin) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	if len(s.rest) == 0 {
		line, err := s.out.Input(s.ctx, "", false)
		if err != nil {
			return 0, err
		}
		s.rest = []byte(line + "\n")
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

var _ io.Reader = (*stdin)(nil)
