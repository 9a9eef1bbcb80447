package interp

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/vm"
)

// streams is what os.Stdout, os.Stderr and os.Stdin are for cells.
//
// fmt.Print and its kin write straight to the cell. A value of os.Stdout may however go anywhere (bufio, a logger, a
// command's Stdout), so it is a real file: the write end of a pipe. Functions that are commonly given such a file get the cell's writer
// in its place (see intrinsics). What still goes through a pipe is taken out by a goroutine, and before each direct write, so that the
// order is kept. The pipes are made when a cell first mentions os; other sessions pay nothing. Programs have the process's own files, without
// any of this.
type streams struct {
	mu  sync.Mutex // held while output is written: direct writes and pipes take turns
	out io.Writer  // of the latest cell
	err io.Writer
	in  io.Reader

	process *Process // nil in a session that does not own the process
	vars    variables

	pipes  atomic.Bool // there are pipes behind the files below
	stdout *os.File    // what os.Stdout is for cells until they assign to it; nil before a cell mentions os
	stderr *os.File
	stdin  *os.File
	ends   []*os.File // the pipes' other ends
	drains []*drain
	wg     sync.WaitGroup
	closed bool
}

// variables is where the variables of packages os and flag are.
type variables struct {
	stdout, stderr, stdin **os.File
	args                  *[]string
	commandLine           **flag.FlagSet
}

func newStreams(p *Process) *streams {
	s := &streams{out: io.Discard, err: io.Discard, process: p}
	if p == nil {
		s.vars = variables{new(*os.File), new(*os.File), new(*os.File), new([]string), new(*flag.FlagSet)}
		s.setArgs([]string{commandName})
		return s
	}
	s.vars = variables{&os.Stdout, &os.Stderr, &os.Stdin, &os.Args, &flag.CommandLine}
	s.stdout, s.stderr, s.stdin = os.Stdout, os.Stderr, os.Stdin
	s.setArgs([]string{commandName})
	if p.captured {
		s.start(p.out, p.err)
	}
	return s
}

// plain tells that the files are the process's own, and what is written to them nobody else's business.
func (s *streams) plain() bool { return s.process != nil && !s.process.captured }

// setArgs makes a command line. That of the process is a new one: compiled packages that the program happens to import have flags on the old.
func (s *streams) setArgs(args []string) {
	*s.vars.args = args
	fs := flag.NewFlagSet(args[0], flag.ExitOnError)
	if s.process != nil {
		fs.Usage = func() { flag.Usage() } // as in package flag
	} else {
		fs.SetOutput(follow{s, true})
	}
	*s.vars.commandLine = fs
}

// printing is what fmt.Print writes to: the file that a cell has assigned to os.Stdout, or else w.
type printing struct {
	s *streams
	w io.Writer
}

func (p printing) Write(b []byte) (int, error) {
	if f := *p.s.vars.stdout; f != p.s.stdout {
		return f.Write(b)
	}
	return p.w.Write(b)
}

// assignedInput is the file that a cell has assigned to os.Stdin.
func (s *streams) assignedInput() (f *os.File, ok bool) {
	f = *s.vars.stdin
	return f, f != s.stdin
}

// attach makes c the cell that the files belong to.
func (s *streams) attach(c Cell) {
	s.drain()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out, s.err, s.in = writerOr(c.Stdout), writerOr(c.Stderr), c.Stdin
}

// writers are for the direct output of c.
func (s *streams) writers(c Cell) (out, err io.Writer) {
	if s.plain() {
		return s.stdout, s.stderr
	}
	return &direct{s, writerOr(c.Stdout)}, &direct{s, writerOr(c.Stderr)}
}

// standIn returns the writer that a file of the session stands for; nil for other files.
func (s *streams) standIn(f *os.File, out, err io.Writer) io.Writer {
	switch {
	case !s.pipes.Load():
		return nil
	case f == s.stdout:
		return out
	case f == s.stderr:
		return err
	}
	return nil
}

func writerOr(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// direct is a cell's writer; what is still in a pipe goes first.
type direct struct {
	s *streams
	w io.Writer
}

func (d *direct) Write(p []byte) (int, error) {
	d.s.drain()
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return d.w.Write(p)
}

// follow is a writer to the latest cell, for what outlives a cell: the session's logger.
type follow struct {
	s   *streams
	err bool
}

func (f follow) Write(p []byte) (int, error) {
	f.s.drain()
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if f.err {
		return f.s.err.Write(p)
	}
	return f.s.out.Write(p)
}

// stream stands for os.Stdout or os.Stderr where compiled code keeps it, as a logger does: what is written goes to the cell whose code writes,
// if that is none to the cell whose code made it keep the stream, of none to the latest.
type stream struct {
	s   *Session
	of  *vm.Run
	err bool
}

func (w stream) Write(p []byte) (int, error) {
	r := w.s.machine.Running()
	if r == nil {
		r = w.of
	}
	switch {
	case r == nil:
		return follow{w.s.streams, w.err}.Write(p)
	case w.err:
		return r.Stderr().Write(p)
	}
	return r.Stdout().Write(p)
}

// input reads the standard input of a cell while it runs; of the latest cell after that, and when there is no cell.
type input struct {
	s    *streams
	cell *cellRun
	ctx  context.Context // the run's, which reads
}

// interruptSeen is how long a read that an interrupt ended waits for the run to know of it: the error then has the line that reads.
const interruptSeen = time.Second

func (i input) Read(p []byte) (n int, err error) {
	if n, err = i.read(p); errors.Is(err, context.Canceled) {
		select {
		case <-i.ctx.Done():
		case <-time.After(interruptSeen):
		}
	}
	return n, err
}

func (i input) read(p []byte) (int, error) {
	if i.cell != nil && i.cell.running.Load() {
		if i.cell.cell.Stdin == nil {
			return 0, io.EOF
		}
		return i.cell.cell.Stdin.Read(p)
	}
	i.s.mu.Lock()
	in := i.s.in
	i.s.mu.Unlock()
	if in == nil {
		return 0, io.EOF
	}
	return in.Read(p)
}

// open makes the pipes.
func (s *streams) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil || s.pipes.Load() || s.closed {
		return nil
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		return err
	}
	errR, errW, err := os.Pipe()
	if err != nil {
		outR.Close()
		outW.Close()
		return err
	}
	inR, inW, err := os.Pipe()
	if err != nil {
		for _, f := range []*os.File{outR, outW, errR, errW} {
			f.Close()
		}
		return err
	}
	inW.Close() // reads that are not redirected see the end of the input
	s.stdout, s.stderr, s.stdin = outW, errW, inR
	*s.vars.stdout, *s.vars.stderr, *s.vars.stdin = outW, errW, inR
	s.start(outR, errR)
	return nil
}

// start begins to take what is written from the pipes.
func (s *streams) start(out, err *os.File) {
	s.ends = []*os.File{out, err}
	for _, r := range s.ends {
		d := &drain{s: s, r: r, err: r == err}
		s.drains = append(s.drains, d)
		s.wg.Go(d.loop)
	}
	s.pipes.Store(true)
}

// drain writes what is in the pipes to the cell.
func (s *streams) drain() {
	if !s.pipes.Load() {
		return
	}
	for _, d := range s.drains {
		d.now()
	}
}

func (s *streams) close() error {
	s.drain()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	if s.process != nil {
		s.process.Release() // before nobody reads any more what it writes
	}
	var files []*os.File
	if s.pipes.Load() && s.process == nil {
		files = []*os.File{s.stdout, s.stderr, s.stdin}
	}
	s.mu.Unlock()
	for _, f := range append(files, s.ends...) { // a child process may have the other end for long: the readers do not wait for it
		f.Close()
	}
	s.wg.Wait()
	return nil
}

// bindStreams gives the variables of packages os and flag that stand for the process to the session, before the first code that
// mentions them runs. Those of a session that owns the process are its own from the start.
func (s *Session) bindStreams(mentionsOS bool) {
	if s.streams.process != nil {
		return
	}
	set := func(p *ssa.Package, name string, v any) {
		if g := p.Var(name); g != nil {
			s.machine.SetGlobal(g, reflect.ValueOf(v).Elem())
		}
	}
	vars := &s.streams.vars
	if p := s.prog.ImportedPackage("os"); p != nil && mentionsOS && !s.streams.pipes.Load() {
		if err := s.streams.open(); err != nil {
			s.log.Error("interp: pipes for os.Stdout", "err", err)
			return
		}
		if s.streams.pipes.Load() {
			set(p, "Stdout", vars.stdout)
			set(p, "Stderr", vars.stderr)
			set(p, "Stdin", vars.stdin)
			set(p, "Args", vars.args)
		}
	}
	if p := s.prog.ImportedPackage("flag"); p != nil && !s.flagsBound {
		s.flagsBound = true
		set(p, "CommandLine", vars.commandLine)
	}
}
