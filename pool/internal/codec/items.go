package codec

import (
	"fmt"
	"reflect"
	"unsafe"
)

// Items is how the items of a call travel: each one as the arguments of the function.
type Items struct {
	columns []column
	size    uintptr // of an item in the notebook's slice; 0 on the worker's side
	plain   bool    // one argument, and it is its memory
}

type column struct {
	*plan
	offset uintptr
	name   string
}

// Items is how items of type t travel: as one argument, or with spread as one argument for each field of the struct t.
func (c *Codec) Items(t reflect.Type, spread bool) (*Items, error) {
	it := &Items{size: t.Size()}
	if !spread {
		p, err := c.plan(t)
		if err != nil {
			return nil, err
		}
		it.columns, it.plain = []column{{p, 0, ""}}, p.plain
		return it, nil
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is no struct of arguments", t)
	}
	for i := range t.NumField() {
		f := t.Field(i)
		p, err := c.plan(f.Type)
		if err != nil {
			return nil, err
		}
		it.columns = append(it.columns, column{p, f.Offset, "." + f.Name})
	}
	return it, nil
}

// Args is how items travel that arrive as arguments of these types.
func (c *Codec) Args(types []reflect.Type) (*Items, error) {
	it := &Items{}
	for _, t := range types {
		p, err := c.plan(t)
		if err != nil {
			return nil, err
		}
		it.columns = append(it.columns, column{plan: p})
	}
	it.plain = len(types) == 1 && it.columns[0].plain
	return it, nil
}

// Encode appends the items lo to hi of a slice as one message. Errors name the item: "items[3].conn".
func (it *Items) Encode(e *Encoder, slice reflect.Value, lo, hi int) error {
	if hi <= lo {
		return nil
	}
	base := slice.UnsafePointer()
	if it.plain {
		e.raw(unsafe.Add(base, uintptr(lo)*it.size), uintptr(hi-lo)*it.size)
		return nil
	}
	for i := lo; i < hi; i++ {
		if err := it.encode(e, unsafe.Add(base, uintptr(i)*it.size)); err != nil {
			return In(err, fmt.Sprintf("items[%d]", i))
		}
	}
	return nil
}

// EncodeOne appends one item of a message.
func (it *Items) EncodeOne(e *Encoder, v reflect.Value) error { return it.encode(e, address(v)) }

func (it *Items) encode(e *Encoder, at unsafe.Pointer) error {
	for i := range it.columns {
		c := &it.columns[i]
		if err := e.value(c.plan, unsafe.Add(at, c.offset)); err != nil {
			return step(err, c.name)
		}
	}
	return nil
}

// Memory are variables for the arguments of an item.
func (it *Items) Memory() []reflect.Value {
	args := make([]reflect.Value, len(it.columns))
	for i := range it.columns {
		args[i] = reflect.New(it.columns[i].t).Elem()
	}
	return args
}

// DecodeInto reads the next item of a message into variables that Memory made. What they held before is forgotten.
func (it *Items) DecodeInto(d *Decoder, args []reflect.Value) error {
	for i := range it.columns {
		c := &it.columns[i]
		if !c.plain {
			args[i].SetZero()
		}
		if err := d.value(c.plan, unsafe.Pointer(args[i].UnsafeAddr())); err != nil {
			return err
		}
	}
	return nil
}

// Value encodes and decodes values of one type again and again.
type Value struct{ p *plan }

// Value finds the plan of a type.
func (c *Codec) Value(t reflect.Type) (Value, error) {
	p, err := c.plan(t)
	return Value{p}, err
}

// Plain reports whether values are their memory.
func (p Value) Plain() bool { return p.p != nil && p.p.plain }

// Memory is the memory of a plain value, or of a copy of it.
func (p Value) Memory(v reflect.Value) []byte { return unsafe.Slice((*byte)(address(v)), p.p.size) }

// Fill copies the memory of n plain values into the elements of a slice from i on. data has just as much.
func (p Value) Fill(slice reflect.Value, i, n int, data []byte) error {
	if !p.p.plain || uintptr(len(data)) != uintptr(n)*p.p.size || i < 0 || i+n > slice.Len() {
		return malformed("values")
	}
	if len(data) > 0 {
		copy(unsafe.Slice((*byte)(unsafe.Add(slice.UnsafePointer(), uintptr(i)*p.p.size)), len(data)), data)
	}
	return nil
}

// Encode appends v, of the plan's type.
func (p Value) Encode(e *Encoder, v reflect.Value) error { return e.value(p.p, address(v)) }

// DecodeAt fills the element i of a slice of the plan's type.
func (p Value) DecodeAt(d *Decoder, slice reflect.Value, i int) error {
	return d.value(p.p, unsafe.Add(slice.UnsafePointer(), uintptr(i)*p.p.size))
}

// Decode fills v, which is addressable.
func (p Value) Decode(d *Decoder, v reflect.Value) error {
	return d.value(p.p, unsafe.Pointer(v.UnsafeAddr()))
}
