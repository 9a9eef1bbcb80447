package vm

import (
	"fmt"
	"go/token"
	"reflect"
	"runtime"
	"strconv"
	"unsafe"
)

// panicking is a panic, a Goexit or the end of the run on its way up the calls.
type panicking struct {
	value     any
	goexit    bool
	recovered bool
	aborted   *panicking // whose deferred call this one came out of
	left      int        // goroutine.natives of those who called the compiled code that it went on into
	stack     []Frame
}

// abort is the value of Go panics that take a goroutine down for a reason that
// no program may recover from.
type abort struct {
	reason error // *StackOverflow, *Exit, *Deadlock, *Fatal, ErrInterrupted; *Panic of another goroutine
}

func (a *abort) Error() string { return a.reason.Error() }

func (a *abort) Unwrap() error { return a.reason }

// Unrecoverable tells compiled code of ours that recovers panics of methods to pass this one on.
func (a *abort) Unrecoverable() {}

func (p *panicking) abort() *abort {
	a, _ := p.value.(*abort)
	return a
}

// runsDefers says whether deferred calls run on its way; those of a program run for what it may recover from only.
func (p *panicking) runsDefers(program bool) bool {
	if a := p.abort(); a != nil {
		if program {
			return false
		}
		switch a.reason.(type) {
		case *Exit, *Panic:
			return false
		}
	}
	return true
}

// same reports whether two interface values are one object.
func same(a, b any) bool { return *(*iface)(ptr(&a)) == *(*iface)(ptr(&b)) }

// raise makes v, recovered from a Go panic, the panic to unwind.
func (g *goroutine) raise(v any) {
	g.inMap = 0
	if p := g.escaped; p != nil && same(p.value, v) && !p.recovered {
		g.escaped = nil
		g.pending = p
		return
	}
	if f, ok := v.(fatalError); ok && g.run.cfg.Program {
		end := &Fatal{Message: string(f), Stack: g.trace()}
		g.run.ends(end)
		g.run.end1(end)
		v = &abort{reason: end}
	}
	g.pending = &panicking{value: v, stack: g.trace()}
}

// throw is the panic instruction.
func (g *goroutine) throw(v any) {
	if v == nil {
		v = new(runtime.PanicNilError)
	}
	g.pending = &panicking{value: v, stack: g.trace()}
}

// rethrow lets g.pending go on in the compiled caller.
func (g *goroutine) rethrow() {
	p := g.pending
	g.pending = nil
	if p.goexit {
		runtime.Goexit()
	}
	g.escape(p)
}

// escape lets a panic go on into compiled code.
func (g *goroutine) escape(p *panicking) {
	g.escaped = p
	p.left = g.natives
	panic(p.value)
}

// unwind takes g.pending up the calls to the next deferred call, or to the
// function that recovered it: then the loop goes on and unwind returns true. It
// returns false when base has been left.
func (g *goroutine) unwind(base *frame) bool {
	for {
		p, fr := g.pending, g.top
		if p.recovered {
			for q := p.aborted; q != nil; q = q.aborted {
				if q.goexit {
					q.aborted = nil
					p = q // Goexit goes on after a panic in its deferred calls
					g.pending = q
					break
				}
			}
			if !p.goexit {
				g.pending = nil
				fr.pc = fr.body.recoverPC * instrSize
				return true
			}
		}
		if a := p.abort(); a != nil && !g.grace {
			g.grace = true
			g.run.beginGrace()
		}
		if d := fr.defers; d != nil && p.runsDefers(g.run.cfg.Program) {
			fr.defers = d.next
			if nf := d.frame; nf != nil {
				nf.flags = flagDeferPanic
				nf.panic = p
				nf.caller = fr
				nf.pc = 0
				g.top = nf
				return true
			}
			if v, ok := g.try(d.call, base, p); !ok {
				g.pending = &panicking{value: v, stack: g.trace(), aborted: p}
			}
			continue
		}
		if fr.flags&flagDeferPanic != 0 && fr.panic != p {
			p.aborted = fr.panic
		}
		g.top = fr.caller
		g.release(fr)
		if fr == base {
			return false
		}
	}
}

// try calls a deferred compiled function of p, which is on its way up to base, and reports what it panicked with. After runtime.Goexit it
// does not return: the calls that are still deferred run here.
func (g *goroutine) try(call func(*goroutine), base *frame, p *panicking) (v any, ok bool) {
	defer func() {
		if !ok {
			g.inMap = 0
			if v = recover(); v == nil {
				g.exitGoroutine(base, p)
			}
		}
	}()
	call(g)
	return nil, true
}

// recovered is the recover builtin called in fr.
func (fr *frame) recovered() any {
	p := fr.panic
	if p == nil || p.recovered || p.goexit || p.abort() != nil {
		return nil
	}
	p.recovered = true
	return p.value
}

// failure makes the error of a run out of what ended a goroutine.
func (g *goroutine) failure(v any) error {
	var stack []Frame
	var way *panicking
	if p := g.escaped; p != nil && same(p.value, v) {
		way, stack = p, p.stack
	}
	g.escaped = nil
	a, ok := v.(*abort)
	if !ok {
		if err, _ := v.(error); err != nil && err == g.m.abortHandler() {
			if reason := g.run.stopReason(); reason != nil { // it stands for that, see land
				a, ok = &abort{reason: reason}, true
			}
		}
	}
	if ok {
		switch reason := a.reason.(type) {
		case *StackOverflow:
			return &Panic{Value: reason, Text: reason.Error(), Stack: stack, Goroutine: g.started}
		case *Fatal:
			if reason.Stack == nil { // it came from outside: here is where it met us
				reason = &Fatal{Message: reason.Message, Stack: stack, Other: reason.Other}
			}
			return reason
		case *Exit, *Deadlock, *Panic:
			return reason
		}
		return &Interrupted{Stack: stack}
	}
	text, crash, fault := g.textOf(v, way)
	if fault != nil {
		err := g.failure(fault)
		switch e := err.(type) { // it was asked for at the place of the panic
		case *Panic:
			e.Stack = append(e.Stack, stack...)
		case *Interrupted:
			e.Stack = append(e.Stack, stack...)
		}
		return err
	}
	return &Panic{Value: v, Text: text, Stack: stack, Goroutine: g.started, Crash: crash}
}

// textOf is PanicText of v on the goroutine that it ended, as Go's runtime asks for it, and in a program's run the whole text, v having come
// up the calls as way. The methods that it calls may be interpreted: fault is what no program may recover from and came out of them.
func (g *goroutine) textOf(v any, way *panicking) (text, whole string, fault *abort) {
	defer func() {
		if a, ok := recover().(*abort); ok {
			fault = a
		}
	}()
	if g.run.cfg.Program {
		text, whole = crash(v, way)
		return text, whole, nil
	}
	return PanicText(v), "", nil
}

// departure is the latest panic that has left a callback for compiled code of a goroutine that is not the machine's.
type departure struct {
	goroutine uintptr
	stack     []Frame
}

// LeftBy returns where the panic began that compiled code has just recovered, or is about to, in the calling goroutine: one of a callback in
// a goroutine that compiled code has started. It is nil when there is none, or when another goroutine has had one since.
func (m *Machine) LeftBy() []Frame {
	if d := m.left.Load(); d != nil && d.goroutine == goid() {
		m.left.CompareAndSwap(d, nil)
		return d.stack
	}
	return nil
}

// fatal ends the run with f, found by g where it is now.
func (g *goroutine) fatal(f *Fatal) {
	f.Stack = g.trace()
	g.run.end1(f)
	panic(&abort{reason: f})
}

// frames appends the calls that fr stands for, the innermost first: those
// inlined into its function and its own. Wrappers are left out.
func (fr *frame) frames(list []Frame) []Frame {
	b := fr.body
	pos, unit := token.NoPos, 0
	if i := fr.pc/instrSize - 1; i >= 0 && i < len(b.pos) {
		pos, unit = b.pos[i], b.unitAt(i)
	}
	for unit > 0 {
		call := &b.inlined[unit-1]
		if !call.wrapper {
			list = append(list, Frame{call.fn, call.name, pos})
		}
		pos, unit = call.pos, call.parent
	}
	if !b.wrapper {
		list = append(list, Frame{b.fn.ssa, b.name, pos})
	}
	return list
}

const maxTrace = 100

// trace lists the interpreted calls of the goroutine, the innermost first. Of a
// deep recursion it keeps both ends.
func (g *goroutine) trace() []Frame {
	var list, calls []Frame
	for fr := g.top; fr != nil; fr = fr.caller {
		calls = fr.frames(calls[:0])
		for _, f := range calls {
			if len(list) == maxTrace {
				copy(list[maxTrace/2:], list[maxTrace/2+1:])
				list[maxTrace-1] = f
				continue
			}
			list = append(list, f)
		}
	}
	return list
}

// traceFromOutside is trace for another goroutine, when g (or nil) has been in compiled code for a while: what it has of frames does not
// change then. Nothing orders the reads after its writes but that while, so the race detector, to which it means nothing, gets no trace.
// Should g come back meanwhile, the trace is wrong, and nothing worse: frames are never freed by hand, and indexes are checked.
func (g *goroutine) traceFromOutside() (list []Frame) {
	defer func() {
		if recover() != nil {
			list = nil
		}
	}()
	if g != nil && !raceEnabled {
		list = g.trace()
	}
	return list
}

// nilError is what the runtime panics with when a nil pointer is followed.
var nilError = func() (v any) {
	defer func() { v = recover() }()
	var p *int
	*p = 1
	return
}()

func panicNil() { panic(nilError) }
func panicDivide() {
	zero := 0
	panic(1 / zero) // the runtime makes the error
}

// panicIndex panics as indexing with i does when the length is n, in an instruction with those flags.
func panicIndex(i, n int, flags uint16) { panicBounds(indexFault, flags, i, n) }

// panicIndexAt is panicIndex in the instruction before ip.
func panicIndexAt(ip ptr, i, n int) { panicIndex(i, n, (*instr)(unsafe.Add(ip, -instrSize)).flags) }

func panicShift(n int64) {
	x := 1 << n
	_ = x
	panic("vm: shift within range")
}

// assertionError is runtime.TypeAssertionError.
type assertionError struct {
	iface, concrete, asserted ptr
	missing                   string
}

func panicAssert(inter, concrete, asserted ptr, missing string) {
	e := new(runtime.TypeAssertionError)
	*(*assertionError)(ptr(e)) = assertionError{inter, concrete, asserted, missing}
	panic(e)
}

var _ [unsafe.Sizeof(assertionError{}) - unsafe.Sizeof(runtime.TypeAssertionError{})]struct{}
var _ [unsafe.Sizeof(runtime.TypeAssertionError{}) - unsafe.Sizeof(assertionError{})]struct{}

// missingMethod names the first method that t lacks to be an inter.
func missingMethod(inter, t reflect.Type) string {
	for i := range inter.NumMethod() {
		want := inter.Method(i)
		got, ok := t.MethodByName(want.Name)
		if !ok {
			return want.Name
		}
		if t.Kind() == reflect.Interface {
			if got.Type != want.Type {
				return want.Name
			}
			continue
		}
		ft := got.Type
		if ft.NumIn()-1 != want.Type.NumIn() || ft.NumOut() != want.Type.NumOut() || ft.IsVariadic() != want.Type.IsVariadic() {
			return want.Name
		}
		for j := range want.Type.NumIn() {
			if ft.In(j+1) != want.Type.In(j) {
				return want.Name
			}
		}
		for j := range want.Type.NumOut() {
			if ft.Out(j) != want.Type.Out(j) {
				return want.Name
			}
		}
	}
	return ""
}

// PanicText writes a panic value as Go's runtime does after "panic: ". Of what its methods panic with it passes on what no
// program may recover from.
func PanicText(v any) (s string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *abort:
			panic(r)
		default:
			s = fmt.Sprintf("(%T) its text panicked too", v)
		}
	}()
	switch x := v.(type) {
	case nil:
		return "nil"
	case runtime.Error:
		return x.Error()
	case error:
		return x.Error()
	case fmt.Stringer:
		return x.String()
	case string:
		return x
	}
	rv := reflect.ValueOf(v)
	var text string
	switch rv.Kind() {
	case reflect.Bool:
		text = strconv.FormatBool(rv.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		text = strconv.FormatInt(rv.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		text = strconv.FormatUint(rv.Uint(), 10)
	case reflect.Float32, reflect.Float64:
		text = strconv.FormatFloat(rv.Float(), 'g', -1, rv.Type().Bits())
	case reflect.Complex64, reflect.Complex128:
		text = strconv.FormatComplex(rv.Complex(), 'g', -1, rv.Type().Bits())
	case reflect.String:
		text = strconv.Quote(rv.String())
	default:
		return fmt.Sprintf("(%T) %v", v, v)
	}
	if rv.Type().PkgPath() == "" { // predeclared
		return text
	}
	return fmt.Sprintf("%T(%s)", v, text)
}

// boundsFault is the start of the runtime's boundsError.
type boundsFault struct {
	x      int64
	y      int
	signed bool
}

// The runtime's errors for indexing, slicing and converting beyond the end, to be copied
// with other numbers.
var (
	indexFault   = fault(func(s []int, n int) { _ = s[n] })
	arrayFault   = fault(func(s []int, n int) { _ = [1]int(s) })
	sliceHighCap = fault(func(s []int, n int) { _ = s[:n] })
	sliceHighLen = fault(func(s []int, n int) { _ = "a"[:n+1] })
	sliceLow     = fault(func(s []int, n int) { _ = s[n:0] })
	slice3Max    = fault(func(s []int, n int) { _ = s[0:0:n] })
	slice3MaxLen = fault(func(s []int, n int) { _ = new([0]int)[0:0:n] })
	slice3High   = fault(func(s []int, n int) { _ = s[0:n:0] })
	slice3Low    = fault(func(s []int, n int) { _ = s[n:0:0] })
)

func fault(f func(s []int, n int)) (v any) {
	defer func() { v = recover() }()
	f(nil, 1)
	return nil
}

// panicBounds panics with a copy of a fault that speaks of x and y. The flags are those of the instruction with x.
func panicBounds(sample any, flags uint16, x, y int) {
	t := reflect.TypeOf(sample)
	v := reflect.New(t)
	e := v.Elem()
	e.Set(reflect.ValueOf(sample))
	b := (*boundsFault)(v.UnsafePointer())
	b.x, b.y, b.signed = int64(x), y, flags&unsignedIndex == 0
	panic(e.Interface())
}

func panicArray(n, want int) { panicBounds(arrayFault, 0, want, n) }
