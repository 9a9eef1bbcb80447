package codec

import (
	"fmt"
	"reflect"
	"unsafe"
)

// Items is how the items of a call travel: each one as the arguments of the function.
type Items struct {
	columns []column
	whole   *plan   // of an item that is spread, in the notebook
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
	whole, err := c.plan(t)
	if err != nil {
		return nil, err
	}
	it.whole = whole
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
	if it.whole != nil {
		return it.spread(e, at)
	}
	for i := range it.columns {
		c := &it.columns[i]
		if err := e.value(c.plan, unsafe.Add(at, c.offset)); err != nil {
			return step(err, c.name)
		}
	}
	return nil
}

// spread appends the arguments of one item, which may share memory with each other.
func (it *Items) spread(e *Encoder, at unsafe.Pointer) error {
	if it.whole.refs {
		e.share(it.whole, at)
	}
	e.together = true
	defer func() { e.together = false }()
	for i := range it.columns {
		c := &it.columns[i]
		if err := e.value(c.plan, unsafe.Add(at, c.offset)); err != nil {
			return step(err, c.name)
		}
	}
	return nil
}

// Columns are slices for the arguments of n items: one for each argument.
func (it *Items) Columns(n int) []reflect.Value {
	cols := make([]reflect.Value, len(it.columns))
	for i := range it.columns {
		cols[i] = reflect.MakeSlice(reflect.SliceOf(it.columns[i].t), n, n)
	}
	return cols
}

// Size is how much memory the arguments of an item take in columns.
func (it *Items) Size() int {
	size := 0
	for i := range it.columns {
		size += int(it.columns[i].size)
	}
	return size
}

// Decode reads the next n items of a message into columns, from index at on, but stops behind the item with which it has read limit
// bytes. It returns how many it has read; with an error these come before the one that cannot be read.
func (it *Items) Decode(d *Decoder, cols []reflect.Value, at, n, limit int) (int, error) {
	if it.plain {
		size := int(it.columns[0].size)
		k := n
		if size > 0 {
			k = min(n, max(limit/size, 1), len(d.data)/size)
		}
		if k == 0 && n > 0 {
			return 0, malformed("it ends too early")
		}
		return k, d.raw(unsafe.Add(cols[0].UnsafePointer(), at*size), uintptr(k*size))
	}
	start := len(d.data)
	for i := range n {
		if start-len(d.data) >= limit {
			return i, nil
		}
		for k := range it.columns {
			c := &it.columns[k]
			if err := d.value(c.plan, unsafe.Add(cols[k].UnsafePointer(), uintptr(at+i)*c.size)); err != nil {
				cols[k].Index(at + i).SetZero()
				return i, err
			}
		}
	}
	return n, nil
}

// Forget lets go of what the items lo to hi of columns hold. Decode relies on it.
func (it *Items) Forget(cols []reflect.Value, lo, hi int) {
	for k := range it.columns {
		if !it.columns[k].plain {
			cols[k].Slice(lo, hi).Clear()
		}
	}
}

// Value encodes and decodes values of one type again and again.
type Value struct{ p *plan }

// Value finds the plan of a type.
func (c *Codec) Value(t reflect.Type) (Value, error) {
	p, err := c.plan(t)
	return Value{p}, err
}

// Basic reports whether values are made of numbers, or are strings or bools: encoding one runs no code of its type.
func (p Value) Basic() bool { return p.p.basic }

// Size is how much memory a value takes.
func (p Value) Size() int { return int(p.p.size) }

// EncodeAll appends the elements lo to hi of a slice, each as a message of its own behind the one before.
func (p Value) EncodeAll(e *Encoder, slice reflect.Value, lo, hi int) error {
	base := slice.UnsafePointer()
	if p.p.plain {
		e.raw(unsafe.Add(base, uintptr(lo)*p.p.size), uintptr(hi-lo)*p.p.size)
		return nil
	}
	for i := lo; i < hi; i++ {
		e.Reset(e.buf)
		if err := e.value(p.p, unsafe.Add(base, uintptr(i)*p.p.size)); err != nil {
			return err
		}
	}
	return nil
}

// Plain reports whether values are their memory.
func (p Value) Plain() bool { return p.p.plain }

// Peek appends the memory of the elements lo to hi of a slice of plain values that another goroutine has written some time ago and is not
// writing any more, although nothing has told this goroutine so: the race detector does not look. It would look at an append of them all.
//
//go:norace
func (p Value) Peek(buf []byte, slice reflect.Value, lo, hi int) []byte {
	at := unsafe.Add(slice.UnsafePointer(), uintptr(lo)*p.p.size)
	for i := range uintptr(hi-lo) * p.p.size {
		buf = append(buf, *(*byte)(unsafe.Add(at, i)))
	}
	return buf
}

// Encode appends v, of the plan's type.
func (p Value) Encode(e *Encoder, v reflect.Value) error { return e.value(p.p, address(v)) }

// Fill reads n values that EncodeAll wrote, and that are all there is, into the elements of a slice from i on.
func (p Value) Fill(d *Decoder, slice reflect.Value, i, n int) error {
	if n < 0 || i < 0 || i > slice.Len()-n || p.p.plain && uintptr(len(d.data)) != uintptr(n)*p.p.size {
		return malformed("values")
	}
	at := unsafe.Add(slice.UnsafePointer(), uintptr(i)*p.p.size)
	if p.p.plain {
		return d.raw(at, uintptr(n)*p.p.size)
	}
	for k := range n {
		d.Reset(d.data)
		if err := p.p.dec(d, unsafe.Add(at, uintptr(k)*p.p.size)); err != nil {
			return err
		}
	}
	if len(d.data) > 0 {
		return malformed("values")
	}
	return nil
}

// DecodeAt fills the element i of a slice of the plan's type.
func (p Value) DecodeAt(d *Decoder, slice reflect.Value, i int) error {
	return d.value(p.p, unsafe.Add(slice.UnsafePointer(), uintptr(i)*p.p.size))
}

// Skip reads one value of several that EncodeAll wrote, and forgets it.
func (p Value) Skip(d *Decoder) error {
	d.Reset(d.data)
	return p.Decode(d, reflect.New(p.p.t).Elem())
}

// Decode fills v, which is addressable.
func (p Value) Decode(d *Decoder, v reflect.Value) error {
	return d.value(p.p, unsafe.Pointer(v.UnsafeAddr()))
}
