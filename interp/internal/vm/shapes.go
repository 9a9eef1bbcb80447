package vm

import (
	"errors"
	"reflect"
	"unsafe"
)

// shape is a native function for the func values of common signatures, which
// saves compiled callers the way through reflect. The name has a letter for
// each parameter and result: W an integer, F a float64, P a pointer word, S a
// string, I an interface, L a slice.
type shape struct {
	name string
	make func(c *closure) any
}

var (
	shapeCodes = map[string]uintptr{}
	shapeTable [2048]uintptr // a hash table of the codes
)

// isShape reports whether code is that of a shape.
func isShape(code uintptr) bool {
	for i := code >> 5; ; i++ {
		switch shapeTable[i%uintptr(len(shapeTable))] {
		case code:
			return true
		case 0:
			return false
		}
	}
}

// shapeCode returns the code of the native function for func values of type ft,
// 0 when it has none.
func shapeCode(ft reflect.Type) uintptr {
	if !directCalls {
		return 0
	}
	var name []byte
	size, shapeSize := uintptr(0), uintptr(0)
	for i := range ft.NumIn() {
		t := ft.In(i)
		l := shapeLetter(t)
		if l == 0 {
			return 0
		}
		align := uintptr(t.Align())
		size = (size+align-1)&^(align-1) + t.Size()
		shapeSize += (t.Size() + 7) &^ 7
		name = append(name, l)
	}
	if (size+7)&^7 != shapeSize {
		return 0 // the caller reserves less room for arguments than the shape may use
	}
	name = append(name, ':')
	for i := range ft.NumOut() {
		l := shapeLetter(ft.Out(i))
		if l == 0 {
			return 0
		}
		name = append(name, l)
	}
	return shapeCodes[string(name)]
}

func shapeLetter(t reflect.Type) byte {
	switch k := t.Kind(); k {
	case reflect.Float64:
		return 'F'
	case reflect.String:
		return 'S'
	case reflect.Interface:
		return 'I'
	case reflect.Slice:
		return 'L'
	case reflect.Pointer, reflect.UnsafePointer, reflect.Map, reflect.Chan, reflect.Func:
		return 'P'
	default:
		if k >= reflect.Bool && k <= reflect.Uintptr {
			return 'W'
		}
	}
	return 0
}

// entry is a call from compiled code.
type entry struct {
	g     *goroutine
	fr    *frame
	mem   ptr // of the frame: the arguments
	out   ptr // the results
	fresh bool
}

func (x *entry) begin(c *closure) {
	if raceEnabled {
		handedOver.Load()
	}
	f := c.fn
	g := (*goroutine)(nil)
	if c.run != nil {
		if g = c.run.last.Load(); g != nil && g.id.Load() != goid() {
			g = nil
		}
	}
	if g == nil {
		g, x.fresh = f.m.goroutineFor(c.run)
	}
	b := f.body.Load()
	if b == nil {
		b = f.compiled()
	}
	fr := g.newFrame(b)
	x.g, x.fr, x.mem = g, fr, fr.mem
	if b.slowFree {
		c.capture(fr)
	} else {
		for i := range b.free {
			a := &b.free[i]
			a.pass(unsafe.Add(fr.mem, a.dst), unsafe.Add(ptr(c), a.src))
		}
	}
	if fr.block == nil {
		fr.block = f.conv.resultBlock()
	}
	fr.ret, x.out = fr.block, fr.block
	fr.pc = 0
}

func (x *entry) run() {
	if x.fresh {
		x.runFresh()
		return
	}
	x.g.enter(x.fr)
}

// runFresh is run on a goroutine of compiled code's own, where the callback ends as [goroutine.land] has it. x stays on the stack: what else
// land gets is in variables of its own.
func (x *entry) runFresh() {
	g, fn := x.g, x.fr.body.fn
	test := fn.conv.failerAmong(x.mem)
	returned := false
	defer func() {
		defer g.left()
		if returned {
			return
		}
		end := g.ending(fn)
		if end == endsAbove {
			return
		}
		if v := recover(); v != nil { // otherwise it is runtime.Goexit, which goes on
			x.out = g.land(v, end, fn.conv, test)
		}
	}()
	g.enter(x.fr)
	returned = true
	// The results are read after left has given g, and the frame with it, to
	// whoever needs a goroutine next: the frame must not write there again.
	x.fr.block = nil
}

// testShapes finds the code of the shapes, and checks that the closure is where
// closures of the machine have it.
//
//go:nocheckptr
func testShapes() error {
	type object struct {
		code uintptr
		self *closure
	}
	probe := &closure{}
	for _, s := range shapes {
		f := s.make(probe)
		o := (*object)((*iface)(ptr(&f)).data)
		if o.self != probe {
			return errors.New("func values of shape " + s.name)
		}
		if o.code == stubCode {
			return errors.New("the code of shape " + s.name)
		}
		shapeCodes[s.name] = o.code
		if isShape(o.code) {
			continue // two shapes share their code
		}
		i := o.code >> 5
		for shapeTable[i%uintptr(len(shapeTable))] != 0 {
			i++
		}
		shapeTable[i%uintptr(len(shapeTable))] = o.code
	}
	return nil
}
