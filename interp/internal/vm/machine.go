package vm

import (
	"fmt"
	"go/types"
	"maps"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/tools/go/ssa"
)

// Machine runs functions in SSA form. It is made once for a session and is safe
// for concurrent use.
type Machine struct {
	types      Types
	lookup     func(pkgPath, name string) (reflect.Value, bool)
	instance   func(pkgPath, name string, targs []types.Type) (reflect.Value, bool)
	intrinsics map[string]Intrinsic
	calls      map[string]compiledCall // intrinsics of the machine's own that take registers
	stackCalls map[string]func(g *goroutine, args []reflect.Value) []reflect.Value
	maxDepth   int

	funcs   sync.Map // *ssa.Function → *Func
	infos   sync.Map // types.Type → *typeInfo
	bodies  *indexes
	changes atomic.Int64 // of functions, by Replace
	prog    atomic.Pointer[ssa.Program]
	generic generics
	methods sync.Map // methodKey → *method

	building  sync.Mutex // see Exclusive
	globalsMu sync.Mutex
	globals   map[*ssa.Global]reflect.Value // addressable

	idle    sync.Pool // *goroutine
	running sync.Map  // goid → *goroutine, those in compiled calls included
	parking parking
	sharing *sharing
	uids    atomic.Uint32 // of goroutines, see claim
	memory  memory
	places  places
	latest  atomic.Pointer[Run]
	left    atomic.Pointer[departure]
	live    atomic.Int64 // goroutines of all runs
	waits   waits
	procs   int64     // processors, when it was made
	made    time.Time // its clock begins here

	nativeBytes *atomic.Int64 // of machine code; apart, so that what frees the code does not hold the machine
}

// New makes a machine. It panics with an error that wraps ErrUnsupported when
// the program was built with a Go release whose memory layout is not known.
func New(c Config) *Machine {
	if err := SelfTest(); err != nil {
		panic(err)
	}
	m := &Machine{
		types:    c.Types,
		lookup:   c.Lookup,
		instance: c.Instance,
		maxDepth: c.MaxDepth,
		globals:  make(map[*ssa.Global]reflect.Value),
		sharing:  newSharing(),
		memory:   memory{limit: c.MemoryLimit, available: c.AvailableMemory, exhausted: c.Exhausted},
		procs:    int64(runtime.GOMAXPROCS(0)),
		bodies:   new(indexes),
		made:     time.Now(),

		nativeBytes: new(atomic.Int64),
	}
	if m.maxDepth <= 0 {
		m.maxDepth = DefaultMaxDepth
	}
	if m.lookup == nil {
		m.lookup = func(string, string) (reflect.Value, bool) { return reflect.Value{}, false }
	}
	lookup := m.lookup
	m.lookup = func(pkgPath, name string) (reflect.Value, bool) {
		if pkgPath == "testing/synctest" {
			expectBubbles()
		}
		return lookup(pkgPath, name)
	}
	m.intrinsics = builtinIntrinsics()
	m.calls = syncCalls()
	maps.Copy(m.calls, fmtCalls())
	m.stackCalls = stackCalls()
	for k, f := range c.Intrinsics {
		delete(m.calls, k)
		delete(m.stackCalls, k)
		m.intrinsics[k] = f
	}
	m.enlist()
	return m
}

// Global returns the addressable value of a package-level variable: of the
// compiled variable in a compiled package, otherwise storage of the machine,
// made when first asked for.
func (m *Machine) Global(g *ssa.Global) reflect.Value {
	m.globalsMu.Lock()
	defer m.globalsMu.Unlock()
	if v, ok := m.globals[g]; ok {
		return v
	}
	elem := g.Type().Underlying().(*types.Pointer).Elem()
	if v, ok := m.lookup(g.Pkg.Pkg.Path(), g.Name()); ok {
		if !v.CanAddr() && v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		if v.CanAddr() && v.Type() == m.reflectType(elem) {
			m.globals[g] = v
			return v
		}
	}
	t := m.reflectType(elem)
	if n := int64(t.Size()); m.memory.limit > 0 && n >= largeAlloc && n > m.memory.limit-m.memory.usage().live {
		panic(fatalError(fmt.Sprintf("out of memory: the variable %s takes %s, and the limit is %s", g.Name(), size(n), size(m.memory.limit))))
	}
	v := reflect.New(t).Elem()
	m.globals[g] = v
	return v
}

// SetGlobal binds g to existing storage; addr is addressable and of g's type.
// Functions that were compiled before keep what they had, so it must come
// before the first run of a function that uses g.
func (m *Machine) SetGlobal(g *ssa.Global, addr reflect.Value) {
	if !addr.CanAddr() {
		panic("vm: SetGlobal of a value that is not addressable")
	}
	m.globalsMu.Lock()
	m.globals[g] = addr
	m.globalsMu.Unlock()
}

// Exclusive runs f while the machine does nothing with go/ssa and go/types,
// whose values are not made for concurrent use: whoever adds packages to the
// program or methods to a type does it in f. f must not call the machine.
func (m *Machine) Exclusive(f func()) {
	m.exclusive(f)
	m.methods.Clear() // there may be more of them now
}

func (m *Machine) exclusive(f func()) {
	m.building.Lock()
	defer m.building.Unlock()
	f()
}

// Value returns a Go func value that runs fn for r: compiled code may call it,
// and Closure recognises it. free are the captured variables in the order of
// fn.FreeVars. A nil r is the run that the caller belongs to, or the latest.
func (m *Machine) Value(r *Run, fn *ssa.Function, free ...reflect.Value) reflect.Value {
	v, places := m.Make(r, fn)
	for i, x := range free {
		places[i].Set(x)
	}
	return v
}

// Make is Value with captured variables that are still zero, and to be set: free are their places, in the order of fn.FreeVars.
func (m *Machine) Make(r *Run, fn *ssa.Function) (v reflect.Value, free []reflect.Value) {
	f := m.funcOf(fn)
	if v, ok := m.running.Load(goid()); r == nil && ok {
		r = v.(*goroutine).run
	}
	c := newClosure(r, f)
	for _, s := range f.free {
		free = append(free, reflect.NewAt(s.ti.rt, c.at(s)).Elem())
	}
	return c.value(), free
}

// Closure says what the machine knows of a func value it made; false for nil
// and for functions of compiled code.
func (m *Machine) Closure(fn reflect.Value) (Closure, bool) {
	if fn.Kind() != reflect.Func || fn.IsNil() {
		return Closure{}, false
	}
	c := closureOf(funcPointer(fn))
	if c == nil || c.fn.m != m {
		return Closure{}, false
	}
	res := Closure{Fn: c.fn.ssa}
	for _, s := range c.fn.free {
		res.Free = append(res.Free, valueAt(s.ti.rt, c.at(s)))
	}
	return res, true
}
