package vm

import (
	"bytes"
	"fmt"
	"go/types"
	"reflect"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/tools/go/ssa"
)

// The functions of package runtime that look at the stack see the interpreted
// calls. A program counter stands for a place in the program: a number beyond
// any address, which indexes the table of places that were asked for.
const firstPC = uintptr(0xf000_0000_0000_0000)

type places struct {
	mu     sync.Mutex
	list   []Frame
	index  map[Frame]uintptr
	funcs  map[*runtime.Func]Frame
	byName map[string]*runtime.Func
	frames map[*runtime.Frames]*[]uintptr
}

func (p *places) pc(f Frame) uintptr {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pc, ok := p.index[f]; ok {
		return pc
	}
	if p.index == nil {
		p.index = make(map[Frame]uintptr)
	}
	pc := firstPC + uintptr(len(p.list))
	p.list = append(p.list, f)
	p.index[f] = pc
	return pc
}

func (p *places) at(pc uintptr) (Frame, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := pc - firstPC; pc >= firstPC && i < uintptr(len(p.list)) {
		return p.list[i], true
	}
	return Frame{}, false
}

// funcAt returns a *runtime.Func that stands for the function of f.
func (p *places) funcAt(f Frame) *runtime.Func {
	p.mu.Lock()
	defer p.mu.Unlock()
	if fn := p.byName[f.Name]; fn != nil {
		return fn
	}
	if p.funcs == nil {
		p.funcs = make(map[*runtime.Func]Frame)
		p.byName = make(map[string]*runtime.Func)
	}
	fn := (*runtime.Func)(ptr(new(uint64)))
	p.funcs[fn] = f
	p.byName[f.Name] = fn
	return fn
}

func (p *places) funcFrame(fn *runtime.Func) (Frame, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, ok := p.funcs[fn]
	return f, ok
}

func (f Frame) position() (file string, line int) {
	if f.Func == nil || !f.Pos.IsValid() {
		return "", 0
	}
	pos := f.Func.Prog.Fset.Position(f.Pos)
	return pos.Filename, pos.Line
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
			list := g.callers()
			skip := int(args[0].Int())
			if skip < 0 || skip >= len(list) {
				return values(uintptr(0), "", 0, false)
			}
			file, line := list[skip].position()
			return values(g.m.places.pc(list[skip]), file, line, true)
		},
		"runtime.Callers": func(g *goroutine, args []reflect.Value) []reflect.Value {
			list := g.callers()
			pcs := args[1].Interface().([]uintptr)
			n := 0
			for i := max(int(args[0].Int())-1, 0); i < len(list) && n < len(pcs); i++ {
				pcs[n] = g.m.places.pc(list[i])
				n++
			}
			return values(n)
		},
		"runtime.FuncForPC": func(g *goroutine, args []reflect.Value) []reflect.Value {
			pc := uintptr(args[0].Uint())
			f, ok := g.m.places.at(pc)
			if !ok {
				return values(runtime.FuncForPC(pc))
			}
			return values(g.m.places.funcAt(f))
		},
		// the address of a function's code is a place that FuncForPC knows
		"(reflect.Value).Pointer": func(g *goroutine, args []reflect.Value) []reflect.Value {
			v := args[0].Interface().(reflect.Value)
			if v.Kind() == reflect.Func && !v.IsNil() && v.CanInterface() {
				if c := closureOf(funcPointer(v)); c != nil && c.fn.m == g.m {
					fn := wrapped(c.fn.ssa)
					f := Frame{Func: fn, Name: funcName(fn), Pos: fn.Pos()}
					if fn != c.fn.ssa && len(c.fn.ssa.FreeVars) > 0 {
						f.Name += "-fm" // a method value
					}
					return values(g.m.places.pc(f))
				}
			}
			return values(v.Pointer())
		},
		"(*runtime.Func).Name": func(g *goroutine, args []reflect.Value) []reflect.Value {
			fn := args[0].Interface().(*runtime.Func)
			if f, ok := g.m.places.funcFrame(fn); ok {
				return values(programName(f.Name))
			}
			return values(fn.Name())
		},
		"(*runtime.Func).Entry": func(g *goroutine, args []reflect.Value) []reflect.Value {
			fn := args[0].Interface().(*runtime.Func)
			if f, ok := g.m.places.funcFrame(fn); ok {
				f.Pos = f.Func.Pos()
				return values(g.m.places.pc(f))
			}
			return values(fn.Entry())
		},
		"(*runtime.Func).FileLine": func(g *goroutine, args []reflect.Value) []reflect.Value {
			fn, pc := args[0].Interface().(*runtime.Func), uintptr(args[1].Uint())
			if f, ok := g.m.places.at(pc); ok {
				file, line := f.position()
				return values(file, line)
			}
			if f, ok := g.m.places.funcFrame(fn); ok {
				f.Pos = f.Func.Pos()
				file, line := f.position()
				return values(file, line)
			}
			file, line := fn.FileLine(pc)
			return values(file, line)
		},
		"runtime.CallersFrames": func(g *goroutine, args []reflect.Value) []reflect.Value {
			pcs := args[0].Interface().([]uintptr)
			frames := runtime.CallersFrames(pcs)
			for _, pc := range pcs {
				if _, ok := g.m.places.at(pc); ok {
					p := &g.m.places
					p.mu.Lock()
					if p.frames == nil {
						p.frames = make(map[*runtime.Frames]*[]uintptr)
					}
					p.frames[frames] = &pcs
					p.mu.Unlock()
					break
				}
			}
			return values(frames)
		},
		"(*runtime.Frames).Next": func(g *goroutine, args []reflect.Value) []reflect.Value {
			frames := args[0].Interface().(*runtime.Frames)
			p := &g.m.places
			p.mu.Lock()
			pcs := p.frames[frames]
			if pcs != nil && len(*pcs) <= 1 {
				delete(p.frames, frames)
			}
			p.mu.Unlock()
			if pcs == nil || len(*pcs) == 0 {
				f, more := frames.Next()
				return values(f, more)
			}
			pc := (*pcs)[0]
			*pcs = (*pcs)[1:]
			f, _ := p.at(pc)
			file, line := f.position()
			return values(runtime.Frame{PC: pc, Func: p.funcAt(f), Function: programName(f.Name), File: file, Line: line}, len(*pcs) > 0)
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
			list = append(list, Frame{Name: "runtime.gopanic"})
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

// stackText is the trace as the runtime writes it.
func (g *goroutine) stackText() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "goroutine %d [running]:\n", g.number)
	for _, f := range g.callers() {
		file, line := f.position()
		fmt.Fprintf(&b, "%s(...)\n\t%s:%d +0x0\n", programName(f.Name), file, line)
	}
	return b.Bytes()
}
