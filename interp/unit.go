package interp

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/pattern"
	"poolbook/interp/internal/unit"
	"poolbook/interp/internal/vm"
)

// unitFile is where the text of a unit is that no cell or file has.
const unitFile = "unit"

// UnitError says why a function cannot be sent to another process.
type UnitError struct{ Reason string }

func (e *UnitError) Error() string { return e.Reason }

// unitState is what loaded units share. It is guarded by Session.mu.
type unitState struct {
	cell  Cell // gets the output of units
	run   *vm.Run
	vars  map[string]map[types.Type]reflect.Value
	types loadedTypes
	units map[string]*LoadedUnit // by hash
	made  map[madeKey]*madeUnit  // those that Unit has made, since a cell was loaded
	names typeNames
	sent  sentFunctions // inside values, to other processes
	came  cameFunctions // inside values, from other processes
}

// madeKey is what a unit was made for: a function, and the IDs of the variables that it is to do without. These may be others at the next call, when
// code has changed what the variables hold.
type madeKey struct {
	fn      *ssa.Function
	without string
	inside  bool // a value
}

// madeUnit is a unit that can be made again for other captured values.
type madeUnit struct {
	unit    *unit.Unit
	source  string // with modules
	types   map[reflect.Type]bool
	without map[string]string
	same    *Unit // what all values of the function have, when they capture nothing; otherwise nil
}

// UnitExtra is what a unit is to have, or to do without, beside what the function reaches.
type UnitExtra struct {
	// Types of the session come along, with the variables that their methods read: values of them travel in interfaces. Others are ignored.
	Types []reflect.Type
	// Without are the IDs of variables that cannot be sent, and why. Methods that nothing calls are cut down when they alone read
	// them; otherwise there is no unit.
	Without map[string]string
	// Inside makes a unit for a function that is inside a value: each of several of the same code has captured variables of its own.
	Inside bool
}

// madeLimit is how many units are kept to be made again.
const madeLimit = 1000

// Unit takes a function value apart: functions declared in cells, method values, instances of generic functions, functions
// of the standard library, function literals with their captured variables, whatever variable holds them. The values in
// Vars are the variables themselves (addressable): copy them before cells go on. The error is a *UnitError.
//
// A unit keeps the types that it has been asked for in extra: the next one of the same function has them, too, until a cell is loaded. Until then it may be
// the very same one: it is not changed.
func (s *Session) Unit(fn reflect.Value, extra UnitExtra) (*Unit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, isOurs := vm.Closure{}, false
	if fn.Kind() == reflect.Func && !fn.IsNil() {
		c, isOurs = s.machine.Closure(fn)
	}
	key := madeKey{c.Fn, strings.Join(slices.Sorted(maps.Keys(extra.Without)), " "), extra.Inside}
	m := s.units.made[key]
	if isOurs && m != nil && m.covers(extra) {
		if m.same != nil {
			return m.same, nil
		}
		if u, ok := m.unit.Again(c.Free); ok {
			return outside(u, m.source, m.types), nil
		}
	}
	made := &madeUnit{types: map[reflect.Type]bool{}, without: maps.Clone(extra.Without)}
	if isOurs && m != nil {
		maps.Copy(made.types, m.types)
	}
	for _, t := range extra.Types {
		made.types[t] = true
	}
	var err error
	makeUnit := unit.Make
	if extra.Inside {
		makeUnit = unit.MakeInside
	}
	made.unit, err = makeUnit(unitSession{s}, fn, s.unitExtra(made))
	if err != nil {
		return nil, &UnitError{err.Error()}
	}
	if made.source, err = s.withModules(made.unit); err != nil {
		return nil, &UnitError{err.Error()}
	}
	if isOurs {
		if s.units.made == nil || len(s.units.made) >= madeLimit {
			s.units.made = map[madeKey]*madeUnit{}
		}
		s.units.made[key] = made
	}
	if extra.Inside {
		s.units.sent.add(made.unit, fn, c.Fn)
	}
	u := outside(made.unit, made.source, made.types)
	if made.unit.Same() {
		made.same = u
	}
	return u, nil
}

// covers reports whether the unit has all the types that are asked for.
func (m *madeUnit) covers(extra UnitExtra) bool {
	for _, t := range extra.Types {
		if !m.types[t] {
			return false
		}
	}
	return true
}

// unitExtra is what the maker of units is asked for.
func (s *Session) unitExtra(m *madeUnit) unit.Extra {
	extra := unit.Extra{Without: m.without}
	for t := range m.types {
		if typ := s.types.TypesOf(t); typ != nil && s.ofSource(typ) {
			extra.Types = append(extra.Types, typ)
		}
	}
	return extra
}

// outside is a unit as users of the session see it.
func outside(u *unit.Unit, source string, types map[reflect.Type]bool) *Unit {
	r := &Unit{Hash: u.Hash, Source: source, Entry: u.Entry, Assigns: u.Assigns, Types: types, Vars: make([]UnitVar, len(u.Vars))}
	for i, v := range u.Vars {
		r.Vars[i] = UnitVar(v)
	}
	for _, c := range u.Inside {
		r.Captured = append(r.Captured, UnitVar{Name: c.Name, Value: c.Value})
	}
	return r
}

// unitSession shows a session to package unit.
type unitSession struct{ s *Session }

func (u unitSession) Decl(obj types.Object) (node ast.Node, info *types.Info, ok bool) {
	n, p, ok := u.s.env.Decl(obj)
	if !ok {
		return nil, nil, false
	}
	return n, p.Info, true
}

func (u unitSession) InfoOf(fn *ssa.Function) *types.Info {
	for f := fn; f != nil; f = f.Parent() {
		p := f.Package()
		if p == nil && f.Origin() != nil {
			p = f.Origin().Package()
		}
		if p != nil {
			return u.s.env.InfoOf(p.Pkg)
		}
	}
	return nil
}

func (u unitSession) Latest(f *types.Func) *types.Func { return u.s.env.Latest(f) }

func (u unitSession) OldLoops(pos token.Pos) bool { return u.s.env.OldLoops(pos) }

func (u unitSession) Text(from, to token.Pos) (string, token.Position, bool) {
	return u.s.env.Text(from, to)
}

func (u unitSession) TypeName(obj *types.TypeName) (id int, name string) {
	return u.s.units.names.of(obj)
}

func (u unitSession) HasTypeName(name string) bool { return u.s.units.names.taken[name] }

func (u unitSession) IsCell(p *types.Package) bool { return u.s.env.IsCell(p) }

func (u unitSession) Var(v *types.Var) (string, reflect.Value) {
	g := u.s.globals[v]
	if g == nil {
		return "", reflect.Value{}
	}
	return u.s.env.VarID(v), u.s.machine.Global(g)
}

func (u unitSession) Closure(fn reflect.Value) (*ssa.Function, []reflect.Value, bool) {
	c, ok := u.s.machine.Closure(fn)
	return c.Fn, c.Free, ok
}

func (u unitSession) Compiled(fn reflect.Value) (path, name string, ok bool) {
	f := runtime.FuncForPC(fn.Pointer())
	if f == nil {
		return "", "", false
	}
	full := f.Name()
	slash := strings.LastIndexByte(full, '/')
	path, name, ok = strings.Cut(full[slash+1:], ".")
	if !ok {
		return "", "", false
	}
	path = full[:slash+1] + path
	found, ok := u.s.bridge.Lookup(path, name)
	return path, name, ok && found.Kind() == reflect.Func && found.Pointer() == fn.Pointer()
}

var (
	unitType   = pattern.New(`(?m)^//poolbook:type (\S+) (\S+)$`)
	unitImport = pattern.New(`(?m)^import (\S+) "(\S+)"$`)
	unitVar    = pattern.New(`(?m)^var (\S+) .* //poolbook:(?:var (\S+)|(captured))$`)
)

// SetUnitCell says which cell the output, standard input and host of loaded units are; without it output goes to the process's own.
func (s *Session) SetUnitCell(c Cell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units.cell = c
	s.units.run = nil
}

// LoadUnit makes the function of a unit that another session's Unit returned. Units loaded before are found by their hash. Types that
// reach the same declarations are the same type in all units.
func (s *Session) LoadUnit(source, entry, hash string) (*LoadedUnit, error) {
	s.running.Lock()
	defer s.running.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.units
	if u := st.units[hash]; u != nil {
		return u, nil
	}
	if st.units == nil {
		st.units = map[string]*LoadedUnit{}
		st.vars = map[string]map[types.Type]reflect.Value{}
		st.types = loadedTypes{names: map[*types.TypeName]string{}, byName: map[string]*types.TypeName{}, latest: map[string]*types.TypeName{}}
	}
	if err := s.addModulesOf(source); err != nil {
		return nil, err
	}
	if s.unitsOnly {
		if err := s.needFor(source); err != nil {
			return nil, err
		}
	}
	known := map[string]*types.TypeName{}
	ids := map[string]string{}
	for _, m := range unitType().FindAllStringSubmatch(source, -1) {
		ids[m[1]] = m[2]
		if t := st.types.byName[m[2]]; t != nil {
			known[m[1]] = t
		}
	}
	f, diags := s.env.CheckFile(unitFile, source, known)
	if len(diags) > 0 {
		return nil, fmt.Errorf("interp: load unit: %w", s.compileError(diags))
	}
	pkg, err := s.build(f.Types, f.Files, f.Info)
	if err != nil {
		return nil, err
	}
	u := &LoadedUnit{s: s, hash: hash, vars: map[string]reflect.Value{}, types: map[string]*types.TypeName{}}
	for name, id := range ids {
		tn := known[name]
		if tn == nil {
			tn, _ = f.Types.Scope().Lookup(name).(*types.TypeName)
		}
		if tn != nil {
			st.types.add(id, tn)
			u.types[numberOf(id)] = tn
		}
	}
	for _, m := range unitVar().FindAllStringSubmatch(source, -1) {
		name, id := m[1], m[2]
		if m[3] != "" {
			id = unit.CapturedID(hash, name)
		}
		v, ok := f.Types.Scope().Lookup(name).(*types.Var)
		if !ok {
			continue
		}
		u.vars[id] = s.sharedVar(id, v, pkg.Var(name))
	}
	run := s.unitRun()
	if err := s.initPackages(run, pkg.Pkg); err != nil {
		return nil, err
	}
	s.mu.Unlock() // failure takes it
	_, err = run.Call(pkg.Func("init"))
	s.mu.Lock()
	if err != nil {
		return nil, fmt.Errorf("interp: load unit: %w", err)
	}
	if fn := pkg.Func(entry); fn != nil {
		u.fn = s.machine.Value(run, fn)
	} else if g := pkg.Var(entry); g != nil {
		addr := s.machine.Global(g)
		u.fn = reflect.New(addr.Type()).Elem()
		u.fn.Set(addr)
	} else {
		return nil, fmt.Errorf("interp: load unit: no %s in its source", entry)
	}
	if fn := pkg.Func(unit.LoopFunc); fn != nil {
		u.loop = s.machine.Value(run, fn)
	}
	st.units[hash] = u
	return u, nil
}

// needFor reads as much as a unit reaches of the packages that are interpreted from source. mu is held.
func (s *Session) needFor(source string) error {
	for _, m := range unitImport().FindAllStringSubmatch(source, -1) {
		if name, path := m[1], m[2]; name != "." {
			if err := s.imp.Need(path, stdlib.Selected(source, name), false); err != nil {
				return fmt.Errorf("interp: load unit: %w", err)
			}
		}
	}
	return nil
}

// whole reads what is missing of a package, of which units have needed a part. mu is held.
func (s *Session) whole(path string) error {
	run := s.unitRun() // which lets go of mu
	more, err := s.imp.Whole(path)
	if err != nil || !more {
		return err
	}
	pkg, err := s.imp.Import(path)
	if err != nil {
		return err
	}
	s.exclusive(func() { s.uninit = append(s.uninit, s.imp.CreatePackages(s.prog)...) })
	return s.initPackages(run, pkg)
}

// sharedVar gives a unit's variable the storage that other units' variable of that ID has.
func (s *Session) sharedVar(id string, v *types.Var, g *ssa.Global) reflect.Value {
	for t, addr := range s.units.vars[id] {
		if types.Identical(t, v.Type()) {
			s.machine.SetGlobal(g, addr)
			return addr
		}
	}
	addr := s.machine.Global(g)
	if s.units.vars[id] == nil {
		s.units.vars[id] = map[types.Type]reflect.Value{}
	}
	s.units.vars[id][v.Type()] = addr
	return addr
}

// unitRun is the run that loaded units belong to.
func (s *Session) unitRun() *vm.Run {
	if s.units.run == nil {
		c := s.units.cell
		if c.Stdout == nil && c.Stderr == nil {
			c.Stdout, c.Stderr = os.Stdout, os.Stderr
		}
		s.mu.Unlock()
		s.units.run = s.newRun(context.Background(), c)
		s.mu.Lock()
	}
	return s.units.run
}

// Call calls the unit's function. The error is a *RuntimeError, *InterruptError, *ExitError or *DeadlockError, with the
// stack in terms of the cells that the unit comes from. It may be called concurrently. It runs in the calling goroutine: runtime.Goexit in the
// function ends that, and compiled code that does not return holds it up although ctx has ended.
func (u *LoadedUnit) Call(ctx context.Context, args []reflect.Value) (results []reflect.Value, err error) {
	return u.call(ctx, u.fn, args)
}

// CallLoop calls the unit's function for many items in one call: args are those of [LoadedUnit.Loop]. finished is its result: whether
// it has come to *end. An item that ends its goroutine ends the calling one, and *at says which it was. The errors are those of Call, of
// the item at *at.
func (u *LoadedUnit) CallLoop(ctx context.Context, args []reflect.Value) (finished bool, err error) {
	results, err := u.call(ctx, u.loop, args)
	var panicked *RuntimeError
	if errors.As(err, &panicked) {
		panicked.Stack = slices.DeleteFunc(panicked.Stack, func(f Frame) bool { return strings.HasSuffix(f.Func, unit.LoopFunc) })
	}
	return len(results) > 0 && results[0].Bool(), err
}

// runFor is the run of calls with ctx: the latest one's, when that has the same context and has not ended.
func (u *LoadedUnit) runFor(ctx context.Context) *vm.Run {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.run == nil || u.ctx != ctx || u.run.Context().Err() != nil {
		u.s.mu.Lock()
		cell := u.s.units.cell
		u.s.mu.Unlock()
		if cell.Stdout == nil && cell.Stderr == nil {
			cell.Stdout, cell.Stderr = os.Stdout, os.Stderr
		}
		u.run, u.ctx = u.s.sideRun(ctx, cell), ctx
	}
	return u.run
}

// Call calls a function value for a cell, as callbacks and the tasks of a thread pool need it: what the function writes goes to c, and
// it ends when ctx does. The errors are those of Run. It may be called concurrently, and while cells run.
func (s *Session) Call(ctx context.Context, c Cell, fn reflect.Value, args []reflect.Value) (results []reflect.Value, err error) {
	return s.callValue(s.sideRun(ctx, c), fn, args)
}

// call calls a function of the unit in the running goroutine.
func (u *LoadedUnit) call(ctx context.Context, fn reflect.Value, args []reflect.Value) ([]reflect.Value, error) {
	results, err := u.runFor(ctx).CallValueHere(fn, args)
	return u.s.called(results, err)
}

func (s *Session) callValue(run *vm.Run, fn reflect.Value, args []reflect.Value) ([]reflect.Value, error) {
	results, err := run.CallValue(fn, args)
	return s.called(results, err)
}

// called ends a call: what it has written goes out before its results.
func (s *Session) called(results []reflect.Value, err error) ([]reflect.Value, error) {
	s.streams.drain()
	if err != nil {
		return nil, s.failure(err)
	}
	return results, nil
}

// WakesAt notes that a value that has come from another process may wake goroutines at that time, so that those that wait until then are no deadlock.
func (s *Session) WakesAt(at time.Time) { s.machine.WakesAt(at) }

// Main reports whether the calling goroutine runs a cell, a program's main or a function for [Session.Call] itself: not one that a go statement or
// compiled code has started.
func (s *Session) Main() bool { return s.machine.Main() }
