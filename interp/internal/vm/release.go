package vm

import (
	"go/types"
	"reflect"
	"runtime"
	"sync"
	"unsafe"
	"weak"

	"golang.org/x/tools/go/ssa"
)

// How a package of a session goes. The machine finds functions by a table, which holds them. Of a package whose names mean something else by
// now it holds them weakly (LetGo): the frames of calls, function values, and the code of functions that call them go on holding them. When
// the collector has taken all of them (Gone), nothing can run code of the package any more, and the tables forget it (Release). Machine code is
// unmapped when the collector takes its body, which frames that run it refer to.

// Release forgets a package whose functions do not run, and are reached by nothing any more. It needs the machine for itself: call it in Exclusive.
func (m *Machine) Release(pkg *ssa.Package) {
	m.globalsMu.Lock()
	for _, member := range pkg.Members {
		if g, ok := member.(*ssa.Global); ok {
			delete(m.globals, g)
		}
	}
	m.globalsMu.Unlock()
	packageFuncs(pkg, func(fn *ssa.Function) bool {
		m.releaseFunc(fn)
		return true
	})
	m.Keep()
	delete(*programPackages(pkg.Prog), pkg.Pkg)
	forgetTypes(pkg.Prog)
}

// forgetTypes makes a program forget which types it has met, by value: in interfaces, which nothing asks for, and with parameters, which it finds out
// again. They hold the packages that they are of.
func forgetTypes(prog *ssa.Program) {
	p := unsafe.Pointer(prog)
	f, _ := reflect.TypeFor[ssa.Program]().FieldByName("makeInterfaceTypes") // see testForgetting
	*(*ptr)(unsafe.Add(p, f.Offset)) = nil
	f, _ = reflect.TypeFor[ssa.Program]().FieldByName("hasParams")
	*(*map[types.Type]bool)(unsafe.Add(p, f.Offset)) = nil
}

// releaseFunc forgets a function.
func (m *Machine) releaseFunc(fn *ssa.Function) {
	v, ok := m.funcs.LoadAndDelete(fn)
	if !ok {
		return
	}
	f := strong(v)
	if f == nil {
		return
	}
	f.mu.Lock()
	uses := f.uses
	f.uses = nil
	f.mu.Unlock()
	w := weak.Make(f)
	for _, o := range uses {
		o.mu.Lock()
		delete(o.users, w)
		o.mu.Unlock()
	}
}

// LetGo makes the machine hold a package's functions no longer than what may run them. The package has no methods and no generic functions, and
// no other package that is held mentions it. It needs the machine for itself.
func (m *Machine) LetGo(pkg *ssa.Package) {
	packageFuncs(pkg, func(fn *ssa.Function) bool {
		v, had := m.funcs.LoadOrStore(fn, weak.Pointer[Func]{}) // one that is made later is held weakly too
		if f, ok := v.(*Func); had && ok {
			m.funcs.CompareAndSwap(fn, v, weak.Make(f))
		}
		return true
	})
}

// Gone reports whether nothing can run code of a package that was let go.
func (m *Machine) Gone(pkg *ssa.Package) bool {
	return packageFuncs(pkg, func(fn *ssa.Function) bool {
		v, ok := m.funcs.Load(fn)
		return !ok || strong(v) == nil
	})
}

// Sweep forgets the functions around methods, which belong to no package, that nothing needs.
func (m *Machine) Sweep() {
	m.funcs.Range(func(fn, v any) bool {
		if strong(v) == nil && ofNoPackage(fn.(*ssa.Function)) {
			m.funcs.CompareAndDelete(fn, v)
		}
		return true
	})
}

// packageFuncs calls visit for the functions of a package, and those within them, until it returns false.
func packageFuncs(pkg *ssa.Package, visit func(*ssa.Function) bool) bool {
	var all func(*ssa.Function) bool
	all = func(fn *ssa.Function) bool {
		for _, inner := range fn.AnonFuncs {
			if !all(inner) {
				return false
			}
		}
		return visit(fn)
	}
	for _, member := range pkg.Members {
		if fn, ok := member.(*ssa.Function); ok && !all(fn) {
			return false
		}
	}
	return true
}

// strong returns the function of an entry of Machine.funcs, a *Func or a weak pointer; nil when it has gone.
func strong(entry any) *Func {
	if f, ok := entry.(*Func); ok {
		return f
	}
	return entry.(weak.Pointer[Func]).Value()
}

// ofNoPackage finds the functions that the builder makes around methods, anew for each method value. Nothing takes their place, so that one that
// has gone is made again as it was.
func ofNoPackage(fn *ssa.Function) bool {
	return fn.Pkg == nil && fn.Parent() == nil && fn.Origin() == nil && isWrapper(fn)
}

// Keep is called when a package has run that stays. The table of types remembers what it has met by what it is, not by its values of package
// types, which would hold the package.
func (m *Machine) Keep() {
	for _, t := range m.types.Recent(true) {
		m.infos.Delete(t)
	}
}

// programPackages is the table by which a program finds the packages that it was given. Nothing of go/ssa's own takes one out.
func programPackages(prog *ssa.Program) *map[*types.Package]*ssa.Package {
	f, _ := reflect.TypeFor[ssa.Program]().FieldByName("packages") // see testForgetting
	return (*map[*types.Package]*ssa.Package)(unsafe.Add(unsafe.Pointer(prog), f.Offset))
}

// Naive makes the builder of a program leave variables in memory, until done is called. The machine has those in registers whose addresses are not
// taken all the same.
func Naive(prog *ssa.Program) (done func()) {
	f, _ := reflect.TypeFor[ssa.Program]().FieldByName("mode") // see testForgetting
	mode := (*ssa.BuilderMode)(unsafe.Add(unsafe.Pointer(prog), f.Offset))
	was := *mode
	*mode |= ssa.NaiveForm
	return func() { *mode = was }
}

// indexes numbers bodies. A number is used again when the collector has taken its body, of which no goroutine has a frame then.
type indexes struct {
	mu   sync.Mutex
	last int
	free []int
}

// take returns a number for b.
func (x *indexes) take(b *body) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	var i int
	if n := len(x.free); n > 0 {
		i = x.free[n-1]
		x.free = x.free[:n-1]
	} else {
		x.last++
		i = x.last
	}
	runtime.AddCleanup(b, x.put, i)
	return i
}

func (x *indexes) put(i int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.free = append(x.free, i)
}
