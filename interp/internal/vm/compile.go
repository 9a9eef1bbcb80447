package vm

import (
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"strings"
	"sync/atomic"

	"golang.org/x/tools/go/ssa"
)

// compiler turns one function into register code. The passes, in order:
// plan (which instructions melt into the one that uses them), liveness and
// coalescing (which values share a register), place (the frame), emit.
type compiler struct {
	*output
	m  *Machine
	f  *Func
	fn *ssa.Function

	// of a call that is inlined into another function
	parent  *compiler
	called  point       // in the parent
	unit    int         // 1 + its index in body.inlined
	args    []ssa.Value // values of the parent, by parameter; see known
	results []slot
	ends    []int  // the jumps to the end of its code
	wrapper bool   // calls made here are calls of a wrapper
	waiting []bool // by block; see mayOutdate

	// plan
	melted map[ssa.Instruction]bool // emitted with their only user
	static map[*ssa.Alloc]bool      // local variables whose address is never needed as a value
	lent   map[*ssa.Alloc]*lent     // arrays of variadic arguments, see lend.go

	lentBoxes map[*ssa.MakeInterface]lentBox // made in their place there
	defers    bool                           // has deferred calls
	borrows   bool                           // ... only those of range-over-func bodies

	// values that have a register
	values []ssa.Value
	num    map[ssa.Value]int
	groups []int // representative of each value's register

	// frame
	regs   map[ssa.Value]uint32 // offsets of registers; of variables for static allocs
	vars   map[*ssa.Alloc]uint32
	tuples map[ssa.Value][]slot

	// code
	starts []int // of blocks
	fixups []fixup
	at     point
	life   *liveness
	stubs  []stub
	pos    token.Pos
}

// output is the body that is made, of a function and the calls inlined into it.
type output struct {
	b      *body
	consts map[constKey]uint32
	fields []reflect.StructField
	size   uint32
	points []point     // of the SSA instructions, by instruction
	units  []*compiler // the function and the inlined calls, as in body.unit
	keep   bool        // liveness is wanted even where no register is shared

	spare  map[any][]uint32 // registers of inlined calls that have ended, by spareKey
	parts  map[*Func]bool   // whose replacement makes the body outdated
	budget int              // of instructions to inline

	compiledFor *Run // see poll
}

type constKey struct {
	ti  *typeInfo
	val string
	in  ptr // the type of a constant in an interface
}

// fixup is a jump whose target block has no code yet.
type fixup struct{ instr, block int }

// stub is the code of an edge that moves values.
type stub struct {
	instr    int // the jump that goes there
	from, to *ssa.BasicBlock
}

// compileError is what the compiler panics with, and New's users never see:
// it becomes the panic of the call that needed the function.
type compileError struct {
	name string
	err  any
}

func (e *compileError) Error() string { return fmt.Sprintf("%s: %v", e.name, e.err) }

func (e *compileError) Unwrap() error {
	err, _ := e.err.(error)
	return err
}

func compile(f *Func) *body {
	c := newCompiler(f)
	c.newOutput()
	defer func() {
		if v := recover(); v != nil {
			if _, ok := v.(*abort); ok {
				panic(v)
			}
			if _, ok := v.(*compileError); !ok {
				if _, fault := v.(interface{ RuntimeError() }); !fault {
					v = &compileError{c.b.name, v}
				}
			}
			panic(v)
		}
	}()
	if c.fn.Blocks == nil {
		return c.external()
	}
	c.b.index = f.m.bodies.take(c.b)
	if len(c.fn.Blocks) > manyBlocks || len(c.fn.Blocks[0].Instrs) > manyBlocks {
		if g, ok := f.m.running.Load(goid()); ok {
			c.compiledFor = g.(*goroutine).run
		}
	}
	c.passes()
	return c.b
}

// manyBlocks is of how many blocks, or instructions without a jump, a function is that takes a while.
const manyBlocks = 1000

// poll panics when the run that waits for the function has been interrupted.
func (c *compiler) poll() {
	if r := c.compiledFor; r != nil && atomic.LoadUint32(&r.stop) != 0 {
		if reason := r.stopReason(); reason != nil {
			panic(&abort{reason: reason})
		}
	}
}

func newCompiler(f *Func) *compiler {
	fn := f.ssa
	f.nameLocals()
	return &compiler{
		m: f.m, f: f, fn: fn,
		melted: make(map[ssa.Instruction]bool),
		static: make(map[*ssa.Alloc]bool),
		lent:   make(map[*ssa.Alloc]*lent),
		num:    make(map[ssa.Value]int),
		regs:   make(map[ssa.Value]uint32),
		vars:   make(map[*ssa.Alloc]uint32),
		tuples: make(map[ssa.Value][]slot),

		lentBoxes: make(map[*ssa.MakeInterface]lentBox),
	}
}

func (c *compiler) newOutput() {
	c.output = &output{
		b:      &body{fn: c.f, recoverPC: -1, name: funcName(c.fn)},
		consts: make(map[constKey]uint32),
		units:  []*compiler{c},
		spare:  make(map[any][]uint32),
		parts:  make(map[*Func]bool),
		budget: inlineBudget,
	}
}

func (c *compiler) passes() {
	c.wrapper = isWrapper(c.fn)
	c.b.wrapper = c.wrapper
	c.f.prepare()
	c.plan()
	c.live()
	c.place()
	c.emit()
	c.patch()
	c.finish()
}

// isWrapper finds the builder's own functions around a method.
func isWrapper(fn *ssa.Function) bool {
	if fn.Synthetic == "" || fn.Syntax() != nil {
		return false
	}
	for _, kind := range []string{"wrapper", "bound", "thunk"} {
		if strings.HasPrefix(fn.Synthetic, kind) {
			return true
		}
	}
	return false
}

// plan finds what need not be computed on its own.
// maxLocal is the size in bytes of the largest variable that lives in a frame.
const maxLocal = 1 << 20

func (c *compiler) plan() {
	for _, b := range c.fn.Blocks {
		for _, in := range b.Instrs {
			switch in := in.(type) {
			case *ssa.Defer:
				c.defers = true
			case *ssa.Call:
				if bi, ok := in.Call.Value.(*ssa.Builtin); ok {
					switch bi.Name() {
					case "ssa:deferstack":
						c.borrows = true
					case "Sizeof", "Alignof", "Offsetof":
						c.meltUnevaluated(in.Call.Args[0])
					}
				}
				c.findLent(in)
			}
		}
	}
	for _, b := range c.fn.Blocks {
		c.poll()
		for _, in := range b.Instrs {
			switch in := in.(type) {
			case *ssa.Alloc:
				if c.m.typeInfo(in.Type().Underlying().(*types.Pointer).Elem()).size > maxLocal {
					in.Heap = true
				}
				if !in.Heap && staticUses(in, in) {
					c.static[in] = true
				}
			case *ssa.FieldAddr:
				if c.meltsInto(in) {
					c.melted[in] = true
				}
			case *ssa.IndexAddr:
				if user := soleUser(in); user != nil && user.Block() == b && c.indexMelts(in, user) {
					c.melted[in] = true
				}
			case *ssa.MapUpdate:
				if old, op, f := c.updates(in); f != nil {
					c.melted[old], c.melted[op] = true, true
				}
			case *ssa.BinOp:
				if user, ok := soleUser(in).(*ssa.If); ok && user.Block() == b && c.compareMelts(in) {
					c.melted[in] = true
				}
			}
		}
	}
	// fields of static variables have no address of their own
	for a := range c.static {
		c.meltStatic(a)
	}
}

func (c *compiler) meltStatic(v ssa.Value) {
	for _, r := range *v.Referrers() {
		if fa, ok := r.(*ssa.FieldAddr); ok {
			c.melted[fa] = true
			c.meltStatic(fa)
		}
	}
}

// staticUses reports whether the address v, of a variable in the frame or one
// of its fields, is only used to load, to store and to find fields.
func staticUses(v ssa.Value, a *ssa.Alloc) bool {
	for _, r := range *v.Referrers() {
		switch r := r.(type) {
		case *ssa.UnOp:
			if r.Op != token.MUL {
				return false
			}
		case *ssa.Store:
			if r.Val == v || r.Addr != v {
				return false
			}
		case *ssa.FieldAddr:
			if !staticUses(r, a) {
				return false
			}
		case *ssa.DebugRef:
		default:
			return false
		}
	}
	return true
}

// soleUser returns the instruction that uses v, if there is exactly one.
func soleUser(v ssa.Value) ssa.Instruction {
	var user ssa.Instruction
	for _, r := range *v.Referrers() {
		if _, ok := r.(*ssa.DebugRef); ok {
			continue
		}
		if user != nil {
			return nil
		}
		user = r
	}
	return user
}

// meltsInto reports whether the address of a field is only used by one load,
// store or further field in the same block.
func (c *compiler) meltsInto(fa *ssa.FieldAddr) bool {
	user := soleUser(fa)
	if user == nil || user.Block() != fa.Block() {
		return false
	}
	switch user := user.(type) {
	case *ssa.UnOp:
		return user.Op == token.MUL
	case *ssa.Store:
		return user.Addr == fa && user.Val != ssa.Value(fa)
	case *ssa.FieldAddr:
		return true
	}
	return false
}

// indexMelts reports whether the address of an element is only used to load or
// store it, and it is of a class that has operations for that.
func (c *compiler) indexMelts(ia *ssa.IndexAddr, user ssa.Instruction) bool {
	switch user := user.(type) {
	case *ssa.UnOp:
		if user.Op != token.MUL {
			return false
		}
	case *ssa.Store:
		if user.Addr != ssa.Value(ia) || user.Val == ssa.Value(ia) {
			return false
		}
	default:
		return false
	}
	if !isIntIndex(c.m.typeInfo(ia.Index.Type())) {
		return false
	}
	ti := c.m.typeInfo(ia.Type().Underlying().(*types.Pointer).Elem())
	return hotClass(ti) >= 0
}

func isIntIndex(ti *typeInfo) bool {
	switch ti.kind {
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return true
	}
	return false
}

// hotClass numbers the classes that have loads and stores of their own, in the
// order of the operations; -1 for others.
func hotClass(ti *typeInfo) int {
	switch ti.class {
	case classWord:
		switch ti.size {
		case 1:
			return 0
		case 2:
			return 1
		case 4:
			return 2
		case 8:
			return 3
		}
	case classPtr:
		return 4
	case classString:
		return 5
	case classIface:
		return 6
	case classSlice:
		return 7
	}
	return -1
}

// operands calls f for every value that in reads, those of melted operands
// included.
func (c *compiler) operands(in ssa.Instruction, f func(ssa.Value)) {
	var buf [16]*ssa.Value
	if p, ok := in.(*ssa.Panic); ok {
		if state := loopState(p); state != nil {
			f(state)
		}
	}
	for _, p := range in.Operands(buf[:0]) {
		v := *p
		if v == nil {
			continue
		}
		if vi, ok := v.(ssa.Instruction); ok && c.melted[vi] {
			c.operands(vi, f)
			continue
		}
		if a, ok := v.(*ssa.Alloc); ok && c.static[a] {
			continue
		}
		switch v.(type) {
		case *ssa.Const, *ssa.Global, *ssa.Function, *ssa.Builtin:
		default:
			f(v)
		}
	}
}

// infoOf is the type of a value's register.
func (c *compiler) infoOf(v ssa.Value) *typeInfo {
	if _, ok := v.(*ssa.Range); ok {
		return ptrInfo
	}
	return c.m.typeInfo(v.Type())
}

// external is the code of a function without a body: of a compiled package.
func (c *compiler) external() *body {
	f := c.f
	call := c.m.compiledFunc(f.ssa)
	if call == nil {
		panic(fmt.Errorf("it has no Go code (%s): it is written in assembly or belongs to Go's runtime, and cannot be interpreted", f.ssa.Prog.Fset.Position(f.ssa.Pos())))
	}
	c.b.index = c.m.bodies.take(c.b)
	for _, s := range f.conv.params {
		c.field(s.ti)
	}
	results := c.alloc(f.conv.resultSize, f.conv.results)
	args := make([]slot, len(f.conv.params))
	copy(args, f.conv.params)
	c.b.wrapper = true
	c.cold(func(g *goroutine, fp ptr) { call(g, fp, args, results) })
	var moves []argMove
	for _, s := range f.conv.results {
		moves = append(moves, argMove{src: results + s.off, dst: s.off, class: s.ti.class, ti: s.ti})
	}
	c.returnOf(moves)
	c.finish()
	return c.b
}

// constValue is the memory of a constant of type ti.
func (c *compiler) constValue(k *ssa.Const, ti *typeInfo) ptr {
	v := reflect.New(ti.rt)
	p := v.UnsafePointer()
	if k.Value == nil {
		return p
	}
	e := v.Elem()
	switch {
	case ti.kind == reflect.Bool:
		e.SetBool(constant.BoolVal(k.Value))
	case ti.kind == reflect.String:
		if k.Value.Kind() == constant.Int {
			i, _ := constant.Int64Val(k.Value)
			e.SetString(string(rune(i)))
			break
		}
		e.SetString(constant.StringVal(k.Value))
	case ti.kind >= reflect.Int && ti.kind <= reflect.Int64:
		e.SetInt(k.Int64())
	case ti.kind >= reflect.Uint && ti.kind <= reflect.Uintptr:
		e.SetUint(k.Uint64())
	case ti.kind == reflect.Float32:
		f, _ := constant.Float32Val(constant.ToFloat(k.Value))
		e.SetFloat(float64(f))
	case ti.kind == reflect.Float64:
		f, _ := constant.Float64Val(constant.ToFloat(k.Value))
		e.SetFloat(f)
	case ti.kind == reflect.Complex64, ti.kind == reflect.Complex128:
		e.SetComplex(k.Complex128())
	case ti.kind == reflect.UnsafePointer:
		*(*uintptr)(p) = uintptr(k.Uint64())
	default:
		panic(fmt.Errorf("constant %v of type %v", k, k.Type()))
	}
	return p
}
