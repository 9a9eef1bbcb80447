package interp

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"io"
	"os"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/display"
	"poolbook/interp/internal/check"
	"poolbook/interp/internal/lower"
	"poolbook/interp/internal/split"
	"poolbook/interp/internal/vm"
)

// cellRun is the host of a run: what belongs to a cell and its goroutines, callbacks and tasks.
type cellRun struct {
	s       *Session
	cell    Cell
	program bool        // of RunProgram
	running atomic.Bool // Session.Run has not returned; false for runs beside a cell
}

// call is what an intrinsic sees.
type call struct{ run *vm.Run }

func (c call) Context() context.Context { return c.run.Context() }

func (c call) Cell() Cell {
	if r, ok := c.run.Host().(*cellRun); ok {
		return r.cell
	}
	return Cell{}
}

// Run checks a cell and runs it. The error is a *CompileError when nothing has run, otherwise a *RuntimeError, *InterruptError,
// *ExitError or *DeadlockError. Cancelling ctx interrupts the cell: Run then returns within milliseconds unless compiled
// code holds it up, also while a big cell is made ready, which goes on until it is: the next cell waits for that. Goroutines that the cell starts go on after Run until the session is closed; what they write and
// their panics still go to the cell.
//
// Cells are made ready one after the other; several may run at a time, for callers that want it.
func (s *Session) Run(ctx context.Context, c Cell) (Result, error) {
	if !s.lockRunning(ctx) {
		return Result{}, &InterruptError{Stack: []Frame{{Cell: c.Number}}}
	}
	ready := sync.OnceFunc(s.running.Unlock)
	after := ready
	defer func() { after() }()
	c.Code = strings.ReplaceAll(c.Code, "\r\n", "\n")
	magics, code := cutMagics(c.Code)
	for _, m := range magics {
		if m.name == "capture" {
			k, err := openCapture(&c, m)
			if err != nil {
				return Result{}, err
			}
			defer k.close()
		}
	}
	timed, bench, err := s.before(ctx, c, magics)
	if err != nil {
		return Result{}, err
	}
	if err := s.resolve(ctx, ".", map[string]string{"cell": code}, writerOr(c.Stdout)); err != nil {
		return Result{}, interruptedAt(c, err)
	}
	var ended error // of the run
	checked, pkg, loading, err := s.loadFor(ctx, c, code)
	if loading != nil {
		after = func() {} // who waits for the rest does it
		go func() {
			<-loading
			ready()
		}()
	}
	if err != nil {
		return Result{}, err
	}
	defer func() { s.ran(pkg, checked, ended) }()
	var res Result
	for _, w := range checked.Warnings {
		res.Warnings = append(res.Warnings, s.diagnostic(w))
	}
	// Cancelling ctx interrupts the cell while it runs; afterwards its goroutines are on their own.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := context.AfterFunc(ctx, cancel)
	run := s.newRun(inner, c)
	host := run.Host().(*cellRun)
	host.running.Store(true)
	defer host.running.Store(false)
	if err := s.initPackages(run, pkg.Pkg); err != nil {
		ended = err
		done()
		return res, s.failure(err)
	}
	ready()
	begin := time.Now()
	err = s.start(run, pkg, checked)
	s.noteErrors(func(yield func(*types.Var) bool) {
		for _, v := range checked.Vars {
			if !yield(v.New) {
				return
			}
		}
	})
	if timed && err == nil {
		fmt.Fprintf(run.Stdout(), "took %s\n", took(time.Since(begin)))
	}
	if bench && err == nil {
		err = s.bench(run, pkg, run.Stdout())
	}
	for _, m := range magics {
		if m.name == "test" && err == nil {
			if err = s.testNow(ctx, run, c, m); err != nil {
				done()
				return res, err
			}
		}
	}
	done()
	ended = err
	if err == nil && ctx.Err() != nil { // compiled code that waited has returned because of the interrupt, and nothing came after it
		return res, &InterruptError{Stack: []Frame{{Cell: c.Number}}}
	}
	if err != nil {
		return res, s.failure(err)
	}
	res.Value, res.Type = s.result(pkg, checked)
	res.run = run
	return res, nil
}

// Look calls look, which reads the value of r to show it, and calls its methods; ctx interrupts those. Goroutines of cells may be writing
// maps in it: that ends them, or is the error.
func (s *Session) Look(ctx context.Context, r Result, look func()) error {
	if r.run == nil {
		look()
		return nil
	}
	run := s.sideRun(ctx, r.run.Host().(*cellRun).cell)
	if err := run.Look(r.Value, look); err != nil {
		return s.failure(err)
	}
	return nil
}

// lockRunning locks s.running, and reports false when ctx ends before: an interrupted cell may be being made ready still.
func (s *Session) lockRunning(ctx context.Context) bool {
	if s.running.TryLock() {
		return true
	}
	locked := make(chan struct{})
	go func() {
		s.running.Lock()
		select {
		case locked <- struct{}{}:
		case <-ctx.Done():
			s.running.Unlock()
		}
	}()
	select {
	case <-locked:
		return true
	case <-ctx.Done():
		return false
	}
}

// quickCell is the size in bytes of a cell that is loaded in less time than anybody notices, if it imports nothing.
const quickCell = 4096

// loadFor is load that ends with ctx. go/types and go/ssa cannot be stopped: they go on, loading is closed when they have come to an end, and
// the cell does not run. s.running is held until then.
func (s *Session) loadFor(ctx context.Context, c Cell, code string) (checked *check.Checked, pkg *ssa.Package, loading <-chan struct{}, err error) {
	if len(code) < quickCell && !strings.Contains(code, "import") {
		checked, pkg, err = s.load(c, code)
		return checked, pkg, nil, err
	}
	type loaded struct {
		checked *check.Checked
		pkg     *ssa.Package
		err     error
	}
	done, rest := make(chan loaded), make(chan struct{})
	go func() {
		defer close(rest)
		var l loaded
		l.checked, l.pkg, l.err = s.load(c, code)
		select {
		case done <- l:
		case <-ctx.Done():
			if l.err == nil {
				s.ran(l.pkg, l.checked, nil)
			}
		}
	}()
	select {
	case l := <-done:
		return l.checked, l.pkg, nil, l.err
	case <-ctx.Done():
		return nil, nil, rest, &InterruptError{Stack: []Frame{{Cell: c.Number}}}
	}
}

// load checks the cell (code is its text without magics), makes it part of the session and builds it.
func (s *Session) load(c Cell, code string) (checked *check.Checked, pkg *ssa.Package, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if r := recover(); r != nil { // a mistake of ours must not take the other cells' values with it
			s.log.Error("interp: check", "panic", r, "stack", string(debug.Stack()))
			checked, pkg, err = nil, nil, fmt.Errorf("interp: this cell cannot be compiled because of a fault in Poolbook: %v", r)
		}
	}()
	name := s.name(c.Number)
	s.sources[name] = &source{cell: c.Number, code: c.Code}
	base := s.fset.Base()
	defer func() {
		if err != nil { // nothing of it is needed
			delete(s.sources, name)
			for last := s.fset.Base(); base < last; {
				f := s.fset.File(token.Pos(base))
				if f == nil {
					break
				}
				base = f.Base() + f.Size() + 1
				if f.Name() == name { // others are of packages, which stay
					s.fset.RemoveFile(f)
				}
			}
		}
	}()
	cell, errs := split.Parse(s.fset, name, code)
	if len(errs) > 0 {
		return nil, nil, s.syntaxError(c, errs)
	}
	var diags []check.Diag
	s.check(func() { checked, diags = s.env.Check(cell, c.Number) }) // it may change the methods of types in use
	if len(diags) > 0 {
		return nil, nil, s.compileError(diags)
	}
	pkg, err = s.build(checked.Types, checked.Files, checked.Info)
	if err != nil {
		return nil, nil, err
	}
	s.bind(pkg, checked)
	checked.Commit()
	s.keep(pkg, checked)
	return checked, pkg, nil
}

// name returns the name for positions in a cell. The number may have been used before: the earlier cell keeps its text under its name.
// Most sessions only count up, and nothing is kept for that.
func (s *Session) name(number int) string {
	name := fmt.Sprintf("cell [%d]", number)
	if number > s.highest {
		s.highest = number
		return name
	}
	s.used[number] = max(s.used[number], 1) + 1
	return name + fmt.Sprintf("#%d", s.used[number])
}

// build makes the SSA form of a cell, and of the packages that it is the first to import.
func (s *Session) build(pkg *types.Package, files []*ast.File, info *types.Info) (p *ssa.Package, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("interp: the cell could not be compiled: %v", r)
			// What a method value ends in that has another type than the body of the generic function was checked with.
			if where, _, ok := strings.Cut(fmt.Sprint(r), ": cannot convert term "); ok {
				name := strings.TrimPrefix(strings.TrimPrefix(where, "in "), "main.")
				err = fmt.Errorf("the cell needs %s, and a method that this function uses was declared again with another signature: declare the function again too", name)
			}
		}
	}()
	mentionsOS := slices.ContainsFunc(pkg.Imports(), isOS)
	lower.Files(files, info)
	s.exclusive(func() {
		created := s.imp.CreatePackages(s.prog)
		for _, c := range created {
			mentionsOS = mentionsOS || slices.ContainsFunc(c.Pkg.Imports(), isOS)
		}
		s.uninit = append(s.uninit, created...)
		p = s.prog.CreatePackage(pkg, files, info, false)
		if lower.Heavy(files) {
			defer vm.Naive(s.prog)()
		}
		p.Build()
	})
	s.bindStreams(mentionsOS)
	return p, nil
}

func isOS(p *types.Package) bool { return p.Path() == "os" }

// exclusive runs f while no goroutine of a cell compiles lazily.
func (s *Session) exclusive(f func()) { s.machine.Exclusive(f) }

// check runs f, in which go/types checks source, while no goroutine of a cell compiles lazily or imports.
func (s *Session) check(f func()) {
	s.exclusive(func() {
		s.checking.Lock()
		defer s.checking.Unlock()
		f()
	})
}

// importForRun imports a package for code that runs, perhaps while another cell is checked: reading a package changes what others say of
// their imports, which go/types reads for its messages.
func (s *Session) importForRun(path string) (*types.Package, error) {
	s.checking.Lock()
	defer s.checking.Unlock()
	return s.imp.Import(path)
}

// bind gives variables that were declared again the storage they had, and lets earlier callers of a function call the new one.
func (s *Session) bind(pkg *ssa.Package, c *check.Checked) {
	s.units.made = nil // they may reach what the cell declares
	s.units.names.cellLoaded()
	for _, v := range c.Vars {
		g := pkg.Var(v.New.Name())
		if g == nil {
			continue
		}
		if old := s.globals[v.Old]; v.Old != nil && old != nil {
			s.machine.SetGlobal(g, s.machine.Global(old))
		}
		s.globals[v.New] = g
	}
	if len(c.Grown) > 0 {
		s.exclusive(func() { vm.ForgetMethods(s.prog) })
	}
	for _, f := range c.Funcs {
		old, now := s.prog.FuncValue(f.Old), s.prog.FuncValue(f.New)
		if old != nil && now != nil {
			s.machine.Replace(old, now)
		}
	}
	for _, t := range c.Grown {
		if err := s.types.Extend(t.Type); err != nil {
			c.Warnings = append(c.Warnings, check.Diag{Pos: t.Pos, Warning: true, Msg: err.Error(),
				Hint: "interfaces, and packages such as fmt, do not see the new methods"})
		}
	}
	if len(c.Grown) > 0 {
		s.machine.MethodsChanged()
	}
}

// newRun makes a run whose output goes to c, and gives c the session's os.Stdout, os.Stderr and os.Stdin.
func (s *Session) newRun(ctx context.Context, c Cell) *vm.Run {
	s.streams.attach(c)
	return s.sideRun(ctx, c)
}

// sideRun makes a run beside the cell that has the session's files.
func (s *Session) sideRun(ctx context.Context, c Cell) *vm.Run { return s.runWith(ctx, s.runConfig(c)) }

func (s *Session) runConfig(c Cell) vm.RunConfig {
	host := &cellRun{s: s, cell: c}
	out, errw := s.streams.writers(c)
	file := func(f *os.File) io.Writer { return s.streams.standIn(f, out, errw) }
	return vm.RunConfig{Stdout: out, Print: printing{s.streams, out}, Stderr: errw, File: file, Host: host, OnPanic: func(err error) {
		fmt.Fprintln(errw, s.failure(err))
	}}
}

func (s *Session) runWith(ctx context.Context, cfg vm.RunConfig) *vm.Run {
	run := s.machine.NewRun(ctx, cfg)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.runs) >= 64 && len(s.runs)&(len(s.runs)-1) == 0 {
		s.runs = slices.DeleteFunc(s.runs, func(w weak.Pointer[vm.Run]) bool { return w.Value() == nil })
	}
	s.runs = append(s.runs, weak.Make(run))
	return run
}

// start runs the cell: its variables' values and init functions, then its statements.
func (s *Session) start(run *vm.Run, pkg *ssa.Package, c *check.Checked) error {
	if c.Inits > 0 {
		if _, err := run.Call(pkg.Func(check.VarsFunc)); err != nil {
			return err
		}
		for i := range c.Inits {
			if _, err := run.Call(pkg.Func(fmt.Sprintf("init#%d", i+1))); err != nil {
				return err
			}
		}
	}
	_, err := run.Call(pkg.Func(check.Entry))
	s.streams.drain()
	return err
}

// initPackages sets the variables of the source packages that were imported since the last run, and runs their init functions. One
// that fails, or is interrupted, is tried again when wanted imports it again, and so are those that import it: they are in the
// way of nothing else.
func (s *Session) initPackages(run *vm.Run, wanted *types.Package) error {
	var left []*ssa.Package
	for i, p := range s.uninit { // each after those that it imports
		if s.reaches(p.Pkg, s.unusable) && !s.reaches(wanted, map[*types.Package]bool{p.Pkg: true}) {
			left = append(left, p)
			continue
		}
		if _, err := run.Call(p.Func("init")); err != nil {
			for _, q := range s.uninit[i:] {
				if guard := q.Var("init$guard"); guard != nil { // go/ssa's: the package has begun
					s.machine.Global(guard).SetBool(false)
				}
			}
			s.uninit = append(left, s.uninit[i:]...)
			s.unusable[p.Pkg] = true
			return &setupError{p.Pkg.Path(), err}
		}
		delete(s.unusable, p.Pkg)
	}
	s.uninit = left
	return nil
}

// reaches reports whether pkg or a package that it imports is among some.
func (s *Session) reaches(pkg *types.Package, some map[*types.Package]bool) bool {
	if len(some) == 0 {
		return false
	}
	s.checking.Lock()
	defer s.checking.Unlock()
	seen := map[*types.Package]bool{}
	var visit func(p *types.Package) bool
	visit = func(p *types.Package) bool {
		if seen[p] {
			return false
		}
		seen[p] = true
		return some[p] || slices.ContainsFunc(p.Imports(), visit)
	}
	return visit(pkg)
}

// setupError is the failure of a package's variables or init functions.
type setupError struct {
	path string
	err  error
}

func (e *setupError) Error() string { return fmt.Sprintf("interp: package %s: %v", e.path, e.err) }

func (e *setupError) Unwrap() error { return e.err }

// result takes the final expression's value out of the variables that hold it.
func (s *Session) result(pkg *ssa.Package, c *check.Checked) (reflect.Value, string) {
	var values []any
	var first, last reflect.Value
	var names []string
	for _, v := range c.Results {
		addr := s.machine.Global(pkg.Var(v.Name()))
		last = reflect.New(addr.Type()).Elem()
		last.Set(addr)
		addr.SetZero() // the session must not keep what it showed once
		if len(values) == 0 {
			first = last
		}
		values = append(values, last.Interface())
		names = append(names, s.TypeString(v.Type()))
	}
	// A last error that is nil says nothing: `pool.Map(…)` shows its slice.
	if n := len(values); n > 0 && values[n-1] == nil && types.Identical(c.Results[n-1].Type(), types.Universe.Lookup("error").Type()) {
		values, names = values[:n-1], names[:n-1]
		if n == 2 {
			last = first
		}
	}
	switch len(values) {
	case 0:
		return reflect.Value{}, ""
	case 1:
		return last, names[0]
	}
	return reflect.ValueOf(display.Tuple(values)), "(" + strings.Join(names, ", ") + ")"
}

// TypeString writes a type as a cell would.
func (s *Session) TypeString(t types.Type) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.env.TypeString(t)
}

// whereBlocked finds the names of function literals among the statements of a cell, and of those that units make in an init function.
var whereBlocked = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`in (the cell|init\.\d+)(\.func\d+|\.\d+)+`) })

// failure turns what the machine returned into the session's errors.
func (s *Session) failure(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var (
		p *vm.Panic
		x *vm.Exit
		i *vm.Interrupted
		d *vm.Deadlock
		f *vm.Fatal
	)
	switch {
	case errors.As(err, &f):
		return s.fatalError(f)
	case errors.As(err, &x):
		return &ExitError{Code: x.Code, By: x.ByWhat}
	case errors.As(err, &i):
		e := &InterruptError{Stack: s.stack(i.Stack), Abandoned: i.Abandoned}
		e.sourceLine = lineOf(e.Stack)
		return e
	case errors.As(err, &d):
		e := &DeadlockError{Message: whereBlocked().ReplaceAllString(strings.ReplaceAll(s.env.CleanTypes(d.Error()), check.Entry, "the cell"), "in a function literal")}
		if len(d.Goroutines) > 0 {
			e.Stack = s.stack(d.Goroutines[0].Stack)
			e.What = d.Goroutines[0].What
			e.Hint = deadlockHint(e.What)
		}
		e.sourceLine = lineOf(e.Stack)
		return e
	case errors.As(err, &p):
		e := s.runtimeError(p)
		if setup := new(setupError); errors.As(err, &setup) {
			e.Hint = fmt.Sprintf("this happened in package %s, before it could be used: cells that import it do not run, others do", setup.path)
		}
		return e
	}
	return err
}
