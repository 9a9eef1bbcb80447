package vm

import (
	"bytes"
	"fmt"
	"go/token"
	"go/types"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"weak"

	"golang.org/x/tools/go/ssa"
)

// The functions of package runtime that look at the stack see the interpreted calls, between the functions of the runtime that
// a compiled program has above and below its own. A program counter stands for a place in the program: a number beyond any address.
// As those of the runtime, it is the address after a call, and one less is at the same place: many programs subtract it.
const (
	firstPC   = uintptr(0xf000_0000_0000_0000)
	placeSize = 16
)

// places are those that were asked for. They hold nothing of the functions that they are in, which may be forgotten.
type places struct {
	mu    sync.Mutex
	list  []codePlace
	index map[placeKey]uintptr
	// frames are those of interpreted calls of runtime.CallersFrames that are still in use.
	frames sync.Map // weak.Pointer[runtime.Frames] → *[]runtime.Frame
}

type codePlace struct {
	file string
	line int
	fn   *runtime.Func
}

type placeKey struct {
	name     string
	pos, fun token.Pos
}

// inlinedFunc is what a *runtime.Func points to for a call that was inlined: the runtime makes these while a program runs, so that its methods
// take everything from here. A test holds the runtime's methods to that.
type inlinedFunc struct {
	ones            uint32 // all bits set
	entry           uintptr
	name, file      string
	line, startLine int32
}

// pc is the program counter of f, a call in a run with the folder dir.
func (p *places) pc(f Frame, dir string) uintptr {
	key := placeKey{name: programName(f.Name), pos: f.Pos}
	if f.Func != nil {
		key.fun = f.Func.Pos()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if pc, ok := p.index[key]; ok {
		return pc
	}
	file, line := f.position(dir)
	var fn *runtime.Func
	if key.pos == key.fun {
		fn = (*runtime.Func)(ptr(&inlinedFunc{
			ones: ^uint32(0), entry: p.next(), name: key.name, file: file, line: int32(line), startLine: int32(line),
		}))
	} else {
		entry := f
		entry.Pos = key.fun
		p.mu.Unlock()
		pc := p.pc(entry, dir)
		p.mu.Lock()
		fn = p.list[(pc-firstPC)/placeSize].fn
		if pc, ok := p.index[key]; ok { // meanwhile
			return pc
		}
	}
	if p.index == nil {
		p.index = make(map[placeKey]uintptr)
	}
	pc := p.next()
	p.list = append(p.list, codePlace{file, line, fn})
	p.index[key] = pc
	return pc
}

// next is the program counter of the place that will be added next; p.mu must be held.
func (p *places) next() uintptr { return firstPC + uintptr(len(p.list))*placeSize + 1 }

func (p *places) at(pc uintptr) (codePlace, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := (pc - firstPC) / placeSize; pc >= firstPC && i < uintptr(len(p.list)) {
		return p.list[i], true
	}
	return codePlace{}, false
}

// framesOf are the calls at pcs, as [runtime.Frames] has them.
func (p *places) framesOf(pcs []uintptr) []runtime.Frame {
	list := make([]runtime.Frame, 0, len(pcs))
	for _, pc := range pcs {
		if at, ok := p.at(pc); ok {
			list = append(list, runtime.Frame{
				PC: pc - 1, Func: at.fn, Function: at.fn.Name(), File: at.file, Line: at.line, Entry: at.fn.Entry(),
			})
			continue
		}
		for frames := runtime.CallersFrames([]uintptr{pc}); ; {
			f, more := frames.Next()
			if f.PC != 0 {
				list = append(list, f)
			}
			if !more {
				break
			}
		}
	}
	return list
}

// Frames are the calls at program counters that runtime.Callers gave to interpreted code, as [runtime.CallersFrames] has them.
func (m *Machine) Frames(pcs ...uintptr) []runtime.Frame { return m.places.framesOf(pcs) }

// position is where f is; the name of the file is absolute when it is one in dir.
func (f Frame) position(dir string) (file string, line int) {
	if f.Func == nil || !f.Pos.IsValid() {
		return "", 0
	}
	pos := f.Func.Prog.Fset.Position(f.Pos)
	if dir != "" && pos.Filename != "" && !filepath.IsAbs(pos.Filename) {
		pos.Filename = filepath.Join(dir, pos.Filename)
	}
	return filepath.ToSlash(pos.Filename), pos.Line
}

// CallerPC is the program counter, as runtime.Callers would give it, of the call that the calling goroutine is in; 0 when it runs no
// interpreted code.
func (m *Machine) CallerPC() uintptr {
	v, ok := m.running.Load(goid())
	if !ok {
		return 0
	}
	g := v.(*goroutine)
	for fr := g.top; fr != nil; fr = fr.caller {
		if calls := fr.frames(nil); len(calls) > 0 {
			return m.places.pc(calls[0], g.run.cfg.Dir)
		}
	}
	return 0
}

// Position is the place of a call of the calling goroutine as package runtime gives it to programs.
func (m *Machine) Position(f Frame) (file string, line int) {
	dir := ""
	if r := m.Running(); r != nil {
		dir = r.cfg.Dir
	}
	return f.position(dir)
}

// compiledCalls are functions of the runtime that are on the stacks of compiled programs. They are found on that of the package's own
// initialisation, which has all of them.
var compiledCalls = func() (c struct{ callers, gopanic, doInit1, doInit, main, goexit uintptr }) {
	defer func() {
		_ = recover()
		pcs := make([]uintptr, 64)
		for _, pc := range pcs[:runtime.Callers(0, pcs)] {
			f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
			switch f.Function {
			case "runtime.Callers":
				c.callers = pc
			case gopanicName:
				c.gopanic = pc
			case "runtime.doInit1":
				c.doInit1 = pc
			case "runtime.doInit":
				c.doInit = pc
			case "runtime.main":
				c.main = pc
			case "runtime.goexit":
				c.goexit = pc
			}
		}
	}()
	panic("to have its function on the stack")
}()

const gopanicName = "runtime.gopanic"

// pcs is the stack of g as runtime.Callers has it, with its own call first.
func (g *goroutine) pcs() []uintptr {
	list := []uintptr{compiledCalls.callers}
	initial := false
	for _, f := range g.callers() {
		switch {
		case f.Func == nil && f.Name == gopanicName:
			list = append(list, compiledCalls.gopanic)
			continue
		case initial && isInitializer(f.Func):
			continue // compiled, it is the runtime that calls the others
		}
		initial = isInitializer(f.Func) || f.Func != nil && strings.HasPrefix(f.Func.Name(), "init#") && f.Func.Parent() == nil
		list = append(list, g.m.places.pc(f, g.run.cfg.Dir))
	}
	if g.main {
		if initial {
			list = append(list, compiledCalls.doInit1, compiledCalls.doInit)
		}
		list = append(list, compiledCalls.main)
	}
	return append(list, compiledCalls.goexit)
}

func isInitializer(fn *ssa.Function) bool {
	return fn != nil && fn.Synthetic == "package initializer"
}

// stackCalls are the functions that look at the caller's stack.
func stackCalls() map[string]func(g *goroutine, args []reflect.Value) []reflect.Value {
	values := func(list ...any) []reflect.Value {
		vals := make([]reflect.Value, len(list))
		for i, v := range list {
			vals[i] = reflect.ValueOf(v)
		}
		return vals
	}
	return map[string]func(g *goroutine, args []reflect.Value) []reflect.Value{
		"runtime.Caller": func(g *goroutine, args []reflect.Value) []reflect.Value {
			list := g.pcs()[1:]
			skip := int(args[0].Int())
			if skip < 0 || skip >= len(list) {
				return values(uintptr(0), "", 0, false)
			}
			f := g.m.Frames(list[skip])[0]
			return values(list[skip], f.File, f.Line, true)
		},
		"runtime.Callers": func(g *goroutine, args []reflect.Value) []reflect.Value {
			list := g.pcs()
			return values(copy(args[1].Interface().([]uintptr), list[min(max(int(args[0].Int()), 0), len(list)):]))
		},
		"runtime.FuncForPC": func(g *goroutine, args []reflect.Value) []reflect.Value {
			pc := uintptr(args[0].Uint())
			if at, ok := g.m.places.at(pc); ok {
				return values(at.fn)
			}
			return values(runtime.FuncForPC(pc))
		},
		// the address of a function's code is a place that FuncForPC knows
		"(reflect.Value).Pointer": func(g *goroutine, args []reflect.Value) []reflect.Value {
			v := args[0].Interface().(reflect.Value)
			if v.Kind() == reflect.Func && !v.IsNil() && v.CanInterface() {
				if c := closureOf(funcPointer(v)); c != nil && c.fn.m == g.m {
					fn := wrapped(c.fn.ssa)
					return values(g.m.places.pc(Frame{Func: fn, Name: valueName(c.fn.ssa), Pos: fn.Pos()}, g.run.cfg.Dir))
				}
			}
			return values(v.Pointer())
		},
		// the runtime's has one line for each function
		"(*runtime.Func).FileLine": func(g *goroutine, args []reflect.Value) []reflect.Value {
			fn, pc := args[0].Interface().(*runtime.Func), uintptr(args[1].Uint())
			if at, ok := g.m.places.at(pc); ok {
				return values(at.file, at.line)
			}
			file, line := fn.FileLine(pc)
			return values(file, line)
		},
		"runtime.CallersFrames": func(g *goroutine, args []reflect.Value) []reflect.Value {
			list := g.m.places.framesOf(args[0].Interface().([]uintptr))
			frames := runtime.CallersFrames(nil)
			key, known := weak.Make(frames), &g.m.places.frames
			known.Store(key, &list)
			runtime.AddCleanup(frames, func(key weak.Pointer[runtime.Frames]) { known.Delete(key) }, key)
			return values(frames)
		},
		"(*runtime.Frames).Next": func(g *goroutine, args []reflect.Value) []reflect.Value {
			frames := args[0].Interface().(*runtime.Frames)
			left, ok := g.m.places.frames.Load(weak.Make(frames))
			if !ok {
				f, more := frames.Next()
				return values(f, more)
			}
			list := left.(*[]runtime.Frame)
			if len(*list) == 0 {
				return values(runtime.Frame{}, false)
			}
			f := (*list)[0]
			*list = (*list)[1:]
			return values(f, len(*list) > 0)
		},
		"runtime.Stack": func(g *goroutine, args []reflect.Value) []reflect.Value {
			return values(copy(args[0].Bytes(), g.stackText()))
		},
		"runtime/debug.Stack": func(g *goroutine, args []reflect.Value) []reflect.Value {
			return values(g.stackText())
		},
		"runtime/debug.PrintStack": func(g *goroutine, args []reflect.Value) []reflect.Value {
			_, _ = g.run.cfg.Stderr.Write(g.stackText())
			return nil
		},
		"runtime.GC": func(g *goroutine, args []reflect.Value) []reflect.Value {
			g.forgetDead()
			runtime.GC()
			return nil
		},
	}
}

// programName is a function's name as programs see it. One that no program can
// declare, with a · before it, has the statements of a cell: they stand in for main.
func programName(name string) string {
	before, after, ok := strings.Cut(name, ".·")
	if !ok {
		return name
	}
	if i := strings.IndexByte(after, '.'); i >= 0 {
		return before + ".main" + after[i:]
	}
	return before + ".main"
}

// wrapped is the method that a wrapper made by the builder calls, for a method
// expression or value; fn itself otherwise.
func wrapped(fn *ssa.Function) *ssa.Function {
	if o, ok := fn.Object().(*types.Func); ok && fn.Synthetic != "" {
		if m := fn.Prog.FuncValue(o); m != nil {
			return m
		}
	}
	return fn
}

// callers is the trace with the calls that a panic has left, as long as the
// deferred calls run: compiled programs see these too.
func (g *goroutine) callers() []Frame {
	var list, calls []Frame
	below := 0
	for fr := g.top; fr != nil; fr = fr.caller {
		calls = fr.frames(calls[:0])
		below += len(calls)
	}
	for fr := g.top; fr != nil; fr = fr.caller {
		calls = fr.frames(calls[:0])
		below -= len(calls)
		list = append(list, calls...)
		if p := fr.panic; fr.flags&flagDeferPanic != 0 && p != nil && !p.goexit {
			list = append(list, Frame{Name: gopanicName})
			if left := len(p.stack) - below; left > 0 {
				list = append(list, p.stack[:left]...)
			}
		}
	}
	return list
}

// Callers is the trace of the running goroutine, the latest call first; nil when
// it runs no interpreted code.
func (m *Machine) Callers() []Frame {
	v, ok := m.running.Load(goid())
	if !ok {
		return nil
	}
	return v.(*goroutine).callers()
}

// Running is the run that the calling goroutine belongs to, nil if none.
func (m *Machine) Running() *Run {
	v, ok := m.running.Load(goid())
	if !ok {
		return nil
	}
	return v.(*goroutine).run
}

// Main reports whether the calling goroutine was made for a call of a run.
func (m *Machine) Main() bool {
	v, ok := m.running.Load(goid())
	return ok && v.(*goroutine).main
}

// stackText is the trace as the runtime writes it.
func (g *goroutine) stackText() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "goroutine %d [running]:\n", g.number)
	for _, f := range g.m.Frames(g.pcs()[1:]...) {
		switch f.Function {
		case "runtime.doInit1", "runtime.doInit", "runtime.main", "runtime.goexit": // traces leave them out
			continue
		case gopanicName:
			f.Function = "panic"
		}
		fmt.Fprintf(&b, "%s(...)\n\t%s:%d +0x%x\n", f.Function, f.File, f.Line, f.PC-f.Entry)
	}
	return b.Bytes()
}
