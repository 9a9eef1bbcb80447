package vm

import (
	"go/types"
	"reflect"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

// Release forgets a package whose functions do not run, and are reached by nothing any more. It needs the machine for itself: call it in Exclusive.
func (m *Machine) Release(pkg *ssa.Package) {
	m.globalsMu.Lock()
	for _, member := range pkg.Members {
		if g, ok := member.(*ssa.Global); ok {
			delete(m.globals, g)
		}
	}
	m.globalsMu.Unlock()
	for _, member := range pkg.Members {
		if fn, ok := member.(*ssa.Function); ok {
			m.releaseFunc(fn)
		}
	}
	for _, t := range m.types.Recent(true) {
		m.infos.Delete(t)
	}
	delete(*programPackages(pkg.Prog), pkg.Pkg)
}

// releaseFunc forgets a function, and those within it: the body of a loop over a function is one.
func (m *Machine) releaseFunc(fn *ssa.Function) {
	for _, inner := range fn.AnonFuncs {
		m.releaseFunc(inner)
	}
	v, ok := m.funcs.LoadAndDelete(fn)
	if !ok {
		return
	}
	f := v.(*Func)
	f.mu.Lock()
	uses := f.uses
	f.uses = nil
	f.mu.Unlock()
	for _, o := range uses {
		o.mu.Lock()
		delete(o.users, f)
		o.mu.Unlock()
	}
}

// Keep is called instead of Release for a package that stays.
func (m *Machine) Keep() { m.types.Recent(false) }

// programPackages is the table by which a program finds the packages that it was given. Nothing of go/ssa's own takes one out.
func programPackages(prog *ssa.Program) *map[*types.Package]*ssa.Package {
	f, _ := reflect.TypeFor[ssa.Program]().FieldByName("packages") // see testForgetting
	return (*map[*types.Package]*ssa.Package)(unsafe.Add(unsafe.Pointer(prog), f.Offset))
}
