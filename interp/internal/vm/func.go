package vm

import (
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"weak"

	"golang.org/x/tools/go/ssa"
)

// Func is a function of the program in the machine: one for each
// *ssa.Function, compiled when it is first called.
type Func struct {
	m    *Machine
	ssa  *ssa.Function
	conv *convention
	body atomic.Pointer[body] // nil until compiled, and after Replace until the next call

	compiling sync.Mutex

	mu       sync.Mutex
	replaced *Func        // runs instead, once Replace was called
	outlived bool         // Replace was called for the generic function that f is an instance of, see follow
	ftype    reflect.Type // of a value of the function
	cloType  ptr          // of a closure object, see closure.go
	free     []slot       // captured variables in a closure object
	header   atomic.Pointer[header]
	cost     int // see inlineCost; 0: not known
	loops    bool
	users    map[weak.Pointer[Func]]bool // see usedBy
	uses     []*Func                     // whose users f is among
	before   []weak.Pointer[Func]        // that f runs instead of
}

// body is the code of a function with the layout of its frames. It does not
// change once made, but that a translated one may come to stand beside it.
type body struct {
	translation // of a translated body, otherwise zero
	fn          *Func
	index       int // of the free list of frames in a goroutine
	code        []instr
	start       ptr         // &code[0]
	pos         []token.Pos // for each instruction
	unit        []int32     // for each instruction, 1 + the index of the inlined call it belongs to, or 0; nil without any
	inlined     []inlinedCall
	parts       []*Func     // whose replacement makes the body outdated
	sites       []*callSite // of interface method calls
	size        uintptr     // bytes of a frame
	frameType   ptr
	consts      []frameConst
	free        []argMove // of the captured variables, from a closure into a frame
	slowFree    bool      // some are of classes that the loop does not copy itself
	wrapper     bool      // recover sees through it
	addressed   []span    // of a frame, to which there are pointers
	recoverPC   int       // where a function continues after a recovered panic; -1 if it has no deferred calls
	name        string

	heat   atomic.Int32 // how often it was found running, see jit.go
	native atomic.Pointer[body]
}

// span is a part of a frame.
type span struct{ off, size uint32 }

func (s span) overlaps(o span) bool { return s.off < o.off+o.size && o.off < s.off+s.size }

// frameConst is a value that every frame of a body holds.
type frameConst struct {
	off uint32
	ti  *typeInfo
	val ptr
}

// funcOf returns the machine's function for fn.
func (m *Machine) funcOf(fn *ssa.Function) *Func {
	if v, ok := m.funcs.Load(fn); ok {
		if f := strong(v); f != nil {
			return f
		}
	}
	var recv types.Type
	if r := fn.Signature.Recv(); r != nil {
		recv = r.Type()
		if src := fromSource(fn); src != nil {
			v, _ := m.funcs.LoadOrStore(fn, m.funcOf(src))
			return strong(v) // nothing lets go of instances
		}
	}
	conv := m.convention(fn.Signature, recv)
	if recv == nil && len(fn.Params) == fn.Signature.Params().Len()+1 {
		// a method expression's thunk has its receiver as a parameter without
		// saying so in its signature
		conv = m.convention(fn.Signature, fn.Params[0].Type())
	}
	made := &Func{m: m, ssa: fn, conv: conv}
	m.prog.CompareAndSwap(nil, fn.Prog)
	var entry any = made
	if ofNoPackage(fn) {
		entry = weak.Make(made)
	}
	for {
		v, had := m.funcs.LoadOrStore(fn, entry)
		if !had {
			m.generic.meet(made)
			return made
		}
		if f := strong(v); f != nil {
			return f
		}
		if m.funcs.CompareAndSwap(fn, v, weak.Make(made)) {
			return made
		}
	}
}

// fromSource returns what an instance of a generic method of a compiled type does: as there is no compiled code for it, a generic function
// that its package has from source, named type_Method, with the receiver as its first parameter. It returns nil for other methods.
func fromSource(fn *ssa.Function) *ssa.Function {
	origin := fn.Origin()
	if origin == nil || origin.Syntax() != nil || origin.Signature.TypeParams().Len() == 0 {
		return nil
	}
	recv := types.Unalias(fn.Signature.Recv().Type())
	if p, ok := recv.(*types.Pointer); ok {
		recv = types.Unalias(p.Elem())
	}
	n, ok := recv.(*types.Named)
	if !ok {
		return nil
	}
	name := strings.ToLower(n.Obj().Name()) + "_" + fn.Object().Name()
	for _, p := range fn.Prog.AllPackages() {
		if f := p.Func(name); f != nil && p.Pkg.Path() == n.Obj().Pkg().Path() {
			return instanceOf(f, fn.TypeArgs())
		}
	}
	return nil
}

// compiled returns the code to run for f, compiling it if this is the first call.
func (f *Func) compiled() *body {
	if b := f.body.Load(); b != nil {
		return b
	}
	f.compiling.Lock()
	defer f.compiling.Unlock()
	for {
		if b := f.body.Load(); b != nil {
			return b
		}
		changes := f.m.changes.Load()
		var b *body
		if o := f.last(); o != f {
			b = o.compiled()
			o.usedBy(f)
		} else {
			f.m.exclusive(func() {
				if !f.follow() {
					b = compile(f)
				}
			})
			if b == nil {
				continue
			}
			if jitAlways {
				if n := f.m.translated(b); n != nil {
					b = n
				}
			}
			for _, p := range b.parts {
				p.usedBy(f)
			}
		}
		f.body.Store(b)
		if f.m.changes.Load() == changes {
			return b
		}
		f.body.Store(nil) // made from what was replaced meanwhile
	}
}

// usedBy notes that the code that user runs is outdated when f is replaced.
func (f *Func) usedBy(user *Func) {
	w := weak.Make(user) // a function that is not needed any more may go
	f.mu.Lock()
	if f.users == nil {
		f.users = make(map[weak.Pointer[Func]]bool)
	}
	known := f.users[w]
	f.users[w] = true
	if n := len(f.users); !known && n >= 64 && n&(n-1) == 0 {
		maps.DeleteFunc(f.users, func(w weak.Pointer[Func], _ bool) bool { return w.Value() == nil })
	}
	f.mu.Unlock()
	if known {
		return
	}
	user.mu.Lock()
	defer user.mu.Unlock()
	user.uses = append(user.uses, f)
}

// unused notes that user does not run code of f any more.
func (f *Func) unused(user *Func) {
	user.mu.Lock()
	defer user.mu.Unlock()
	if i := slices.Index(user.uses, f); i >= 0 {
		user.uses = slices.Delete(user.uses, i, i+1)
	}
}

// funcType is the reflect type of a value of f.
func (f *Func) funcType() reflect.Type {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ftype == nil {
		sig := f.ssa.Signature
		if sig.Recv() != nil {
			vars := append([]*types.Var{sig.Recv()}, varsOf(sig.Params())...)
			sig = types.NewSignatureType(nil, nil, nil, types.NewTuple(vars...), sig.Results(), sig.Variadic())
		}
		f.ftype = f.m.reflectType(sig)
	}
	return f.ftype
}

func varsOf(t *types.Tuple) []*types.Var {
	list := make([]*types.Var, t.Len())
	for i := range list {
		list[i] = t.At(i)
	}
	return list
}
