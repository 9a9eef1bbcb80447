package codec

import (
	"errors"
	"reflect"
	"unsafe"
)

// Func is how a function travels inside a value: by the name of its code, and with what it has captured. Functions that have captured the same
// variable go on sharing it within a message, and with pointers to it.
type Func struct {
	Name     string          // of its code, in both processes
	Captured []reflect.Value // pointers to captured variables, and the receivers of method values
	Names    []string        // what the user calls them, for errors
}

// function takes a function apart, once for each message.
func (e *Encoder) function(fn reflect.Value) (Func, error) {
	at := address(fn)
	ptr := *(*unsafe.Pointer)(at)
	if f, ok := e.funcs[ptr]; ok {
		return f, nil
	}
	if e.c.fn == nil {
		return Func{}, refuse(fn.Type(), hintFor(fn.Type()))
	}
	f, err := e.c.fn(fn)
	var r *RefusedError
	if errors.As(err, &r) { // a variable that it reads
		return f, &RefusedError{Path: "." + r.Path, Type: r.Type, Hint: r.Hint}
	}
	if err != nil {
		return f, refuse(fn.Type(), err.Error())
	}
	if e.funcs == nil {
		e.funcs = map[unsafe.Pointer]Func{}
	}
	e.funcs[ptr] = f
	return f, nil
}

func (b *builder) funcPlan(p *plan) {
	p.cyc = true
	t := p.t
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		ptr := *(*unsafe.Pointer)(at)
		if ptr == nil {
			e.buf = append(e.buf, tagNil)
			return nil
		}
		if e.known(ref{ptr, t, 0}) {
			return nil
		}
		f, err := e.function(reflect.NewAt(t, at).Elem())
		if err != nil {
			return err
		}
		if err := e.enter(); err != nil {
			return err
		}
		if e.code == nil {
			e.code = map[string]bool{}
		}
		e.code[f.Name] = true
		e.buf = append(e.buf, tagNew)
		e.string(f.Name)
		e.uvarint(uint64(len(f.Captured)))
		for i, v := range f.Captured {
			vp, err := e.c.plan(v.Type())
			if err != nil {
				return err
			}
			if err := vp.enc(e, address(v)); err != nil {
				return step(err, "."+f.Names[i])
			}
		}
		e.depth--
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		tag, err := d.byte()
		if err != nil {
			return err
		}
		fn := reflect.NewAt(t, at).Elem()
		switch tag {
		case tagNil:
			fn.SetZero()
			return nil
		case tagRef:
			ptr, err := d.ref(t)
			*(*unsafe.Pointer)(at) = ptr
			return err
		case tagNew:
		default:
			return malformed("tag of a function")
		}
		name, err := d.string()
		if err != nil {
			return err
		}
		if d.c.fnOf == nil {
			return malformed("a function")
		}
		v, captured, err := d.c.fnOf(name)
		if err != nil {
			return err
		}
		if !v.IsValid() || !v.Type().ConvertibleTo(t) {
			return malformed("a function of another type")
		}
		fn.Set(v.Convert(t))
		d.refs = append(d.refs, shared{t, *(*unsafe.Pointer)(at)})
		n, err := d.uvarint()
		if err != nil {
			return err
		}
		if n != uint64(len(captured)) {
			return malformed("captured variables")
		}
		if err := d.enter(); err != nil {
			return err
		}
		for _, v := range captured {
			vp, err := d.c.plan(v.Type())
			if err != nil {
				return err
			}
			if err := vp.dec(d, unsafe.Pointer(v.UnsafeAddr())); err != nil { // it may lead back to the function
				return err
			}
		}
		d.depth--
		return nil
	}
}
