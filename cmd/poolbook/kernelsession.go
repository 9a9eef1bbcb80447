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
	explorer
	session *interp.Session
	pools   *poolHost
	comms   *cellComms
}

// newKernelSession makes a session whose cells have pool, display and comm, with
// worker processes of this program, and process, if that is not nil.
func newKernelSession(log *slog.Logger, process *interp.Process) (*kernelSession, error) {
	pools := newPoolHost()
	comms := &cellComms{}
	config := sessionConfig(pools, comms, log)
	config.Process = process
	session, err := interp.New(config)
	if err != nil {
		return nil, fmt.Errorf("start the interpreter: %w", err)
	}
	pools.attach(session)
	comms.session = session
	return &kernelSession{explorer: explorer{session: session}, session: session, pools: pools, comms: comms}, nil
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
		Banner:    "Poolbook " + version + ": Go " + interp.Language + " in cells, with a worker pool. %help lists what is special.",
	}
}

// UseComms gives cells and the pool panel their way to front ends.
func (s *kernelSession) UseComms(c *kernel.Comms) {
	s.comms.comms = c
	s.pools.panel.register(c)
}

// Execute runs a cell. Those of different subshells run beside each other.
func (s *kernelSession) Execute(ctx context.Context, c kernel.Cell, out kernel.Output) kernel.Outcome {
	s.pools.enter(c.Code)
	host := cellHost{out, &pages{}}
	result, err := s.session.Run(ctx, interp.Cell{
		Number: c.ExecutionCount, ID: c.ID, Code: c.Code,
		Stdout: stream{out, protocol.Stdout}, Stderr: stream{out, protocol.Stderr},
		Stdin: &stdin{ctx: ctx, out: out}, Host: host,
	})
	s.pools.flush()
	if err != nil {
		o := failure(err)
		o.Payload = host.list()
		return o
	}
	for _, w := range result.Warnings {
		fmt.Fprintln(stream{out, protocol.Stderr}, w)
	}
	o := kernel.Outcome{Payload: host.list()}
	if !result.Value.IsValid() {
		return o
	}
	if o.Result, err = s.shown(ctx, result); err != nil {
		failed := failure(err)
		failed.Payload = o.Payload
		return failed
	}
	return o
}

// shown is the value of a cell as front ends show it. Its methods run until ctx ends.
func (s *kernelSession) shown(ctx context.Context, r interp.Result) (*kernel.Bundle, error) {
	var b display.Bundle
	if err := s.session.Look(ctx, r, func() { b = display.MIME(r.Value) }); err != nil {
		return nil, err
	}
	return &kernel.Bundle{Data: b}, nil
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

// IsComplete answers whether code can be run as it stands. Terminals such as jupyter console write a tab as ^I, so the indent is in spaces.
func (s *kernelSession) IsComplete(code string) (status, indent string) {
	c, indent := s.session.IsComplete(code)
	return string(c), strings.ReplaceAll(indent, "\t", "    ")
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

// cellHost lets a cell's calls of packages display and comm reach the front end.
type cellHost struct {
	out kernel.Output
	*pages
}

// pages are what a cell wants to be shown beside it, which front ends get with
// the reply.
type pages struct {
	mu       sync.Mutex
	payloads []map[string]any // guarded by mu
}

// Page is called by the cell's questions about names.
func (p *pages) Page(d interp.Description) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.payloads = append(p.payloads, map[string]any{
		"source": "page", "start": 0, "data": map[string]string{"text/plain": d.Text(), "text/markdown": d.Markdown()},
	})
}

func (p *pages) list() []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.payloads
}

// output is where the progress bars of the cell's pools are.
func (h cellHost) output() kernel.Output { return h.out }

func (h cellHost) Display(b display.Bundle, id string, update bool) {
	h.out.Display(kernel.Bundle{Data: b}, id, update)
}

func (h cellHost) Clear(wait bool) { h.out.Clear(wait) }

func (h cellHost) Ask(ctx context.Context, prompt string, password bool) (string, error) {
	return h.out.Input(ctx, prompt, password)
}

// stdin asks the front end for a line whenever the cell reads more than it was
// given before.
type stdin struct {
	ctx context.Context
	out kernel.Output

	mu   sync.Mutex
	rest []byte // guarded by mu
	told bool   // that there is no input; guarded by mu
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
			if errors.Is(err, kernel.ErrNoStdin) && !s.told { // programs like to ignore errors of fmt.Scanln
				s.told = true
				s.out.Stream(protocol.Stderr, []byte(err.Error()+"\n"))
			}
			return 0, err
		}
		s.rest = []byte(line + "\n")
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

var _ io.Reader = (*stdin)(nil)
