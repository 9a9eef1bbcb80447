package codec

import (
	"reflect"
	"strconv"
	"unsafe"
)

// Tags before pointers, maps, and slices that may contain themselves.
const (
	tagNil      = iota // nothing follows
	tagNew             // the value follows
	tagRef             // a number follows: the value was met before
	tagPart            // a place in memory that several share: see alias.go
	tagVariable        // a place in a variable
)

// slice is the memory of a slice.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

func (b *builder) slicePlan(p *plan) {
	elem := b.plan(p.t.Elem())
	p.elem = elem
	p.cyc = p.cyc || elem.cyc
	elemType := p.t.Elem()
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		s := (*slice)(at)
		if s.data == nil {
			e.buf = append(e.buf, tagNil)
			return nil
		}
		if len(e.parts) > 0 && s.len > 0 {
			if ok, err := e.place(s.data); ok {
				e.uvarint(uint64(s.len))
				return err
			}
		}
		if p.cyc && s.len > 0 {
			if e.known(ref{s.data, p.t, s.len}) {
				return nil
			}
			if err := e.enter(); err != nil {
				return err
			}
			defer func() { e.depth-- }()
		}
		e.buf = append(e.buf, tagNew)
		e.uvarint(uint64(s.len))
		return e.elements(elem, s.data, s.len)
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		tag, err := d.byte()
		if err != nil {
			return err
		}
		switch tag {
		case tagNil:
			return nil
		case tagNew:
		case tagRef:
			h, err := d.ref(p.t)
			if err != nil {
				return err
			}
			*(*slice)(at) = *(*slice)(h)
			return nil
		case tagPart, tagVariable:
			data, n, err := d.place(tag, elemType, func() (int, error) {
				n, err := d.uvarint()
				if n > 1<<48 {
					err = malformed("length")
				}
				return int(n), err
			})
			*(*slice)(at) = slice{data, n, n}
			return err
		default:
			return malformed("tag of a slice")
		}
		n, err := d.count(elem)
		if err != nil {
			return err
		}
		v := reflect.MakeSlice(p.t, n, n)
		reflect.NewAt(p.t, at).Elem().Set(v)
		if p.cyc && n > 0 {
			if err := d.enter(); err != nil {
				return err
			}
			defer func() { d.depth-- }()
			head := *(*slice)(at)
			d.refs = append(d.refs, shared{p.t, unsafe.Pointer(&head)})
		}
		return d.elements(elem, (*slice)(at).data, n)
	}
}

// elements writes n values that lie in memory one behind the other.
func (e *Encoder) elements(elem *plan, data unsafe.Pointer, n int) error {
	if elem.plain {
		e.raw(data, elem.size*uintptr(n))
		return nil
	}
	for i := range n {
		if err := elem.enc(e, unsafe.Add(data, uintptr(i)*elem.size)); err != nil {
			return step(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return nil
}

func (d *Decoder) elements(elem *plan, data unsafe.Pointer, n int) error {
	if elem.plain {
		return d.raw(data, elem.size*uintptr(n))
	}
	for i := range n {
		if err := elem.dec(d, unsafe.Add(data, uintptr(i)*elem.size)); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) pointerPlan(p *plan) {
	elem := b.plan(p.t.Elem())
	p.elem = elem
	p.cyc = p.cyc || elem.cyc
	elemType := p.t.Elem()
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		ptr := *(*unsafe.Pointer)(at)
		if ptr == nil {
			e.buf = append(e.buf, tagNil)
			return nil
		}
		if len(e.parts) > 0 && elem.size > 0 {
			if ok, err := e.place(ptr); ok {
				return err
			}
		}
		if e.known(ref{ptr, p.t, 0}) {
			return nil
		}
		if err := e.enter(); err != nil {
			return err
		}
		e.buf = append(e.buf, tagNew)
		err := elem.enc(e, ptr)
		e.depth--
		return err
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		tag, err := d.byte()
		if err != nil {
			return err
		}
		switch tag {
		case tagNil:
			return nil
		case tagRef:
			ptr, err := d.ref(p.t)
			*(*unsafe.Pointer)(at) = ptr
			return err
		case tagPart, tagVariable:
			ptr, _, err := d.place(tag, elemType, func() (int, error) { return 1, nil })
			*(*unsafe.Pointer)(at) = ptr
			return err
		case tagNew:
		default:
			return malformed("tag of a pointer")
		}
		if elem.plain && elem.min > 1 && int(elem.size) > len(d.data) || elem.min > len(d.data) {
			return malformed("it ends too early")
		}
		v := reflect.New(elemType)
		ptr := v.UnsafePointer()
		*(*unsafe.Pointer)(at) = ptr
		d.refs = append(d.refs, shared{p.t, ptr})
		if err := d.enter(); err != nil {
			return err
		}
		err = elem.dec(d, ptr)
		d.depth--
		return err
	}
}

func (b *builder) mapPlan(p *plan) {
	key, elem := b.plan(p.t.Key()), b.plan(p.t.Elem())
	p.key, p.elem = key, elem
	p.cyc = p.cyc || key.cyc || elem.cyc
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
		if err := e.enter(); err != nil {
			return err
		}
		m := reflect.NewAt(t, at).Elem()
		e.buf = append(e.buf, tagNew)
		e.uvarint(uint64(m.Len()))
		k, v := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		kp, vp := unsafe.Pointer(k.UnsafeAddr()), unsafe.Pointer(v.UnsafeAddr())
		for it := m.MapRange(); it.Next(); {
			k.SetIterKey(it)
			v.SetIterValue(it)
			if err := key.enc(e, kp); err != nil {
				return step(err, "[a key]")
			}
			if err := elem.enc(e, vp); err != nil {
				return step(err, "["+keyText(k)+"]")
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
		switch tag {
		case tagNil:
			return nil
		case tagRef:
			ptr, err := d.ref(t)
			*(*unsafe.Pointer)(at) = ptr
			return err
		case tagNew:
		default:
			return malformed("tag of a map")
		}
		n, err := d.length(max(key.min+elem.min, 1))
		if err != nil {
			return err
		}
		m := reflect.MakeMapWithSize(t, n)
		reflect.NewAt(t, at).Elem().Set(m)
		d.refs = append(d.refs, shared{t, m.UnsafePointer()})
		if err := d.enter(); err != nil {
			return err
		}
		k, v := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		kp, vp := unsafe.Pointer(k.UnsafeAddr()), unsafe.Pointer(v.UnsafeAddr())
		for range n {
			k.SetZero()
			v.SetZero()
			if err := key.dec(d, kp); err != nil {
				return err
			}
			if err := elem.dec(d, vp); err != nil {
				return err
			}
			if !hashable(k) {
				return malformed("key of a map")
			}
			m.SetMapIndex(k, v)
		}
		d.depth--
		return nil
	}
}

// hashable tells whether a key can be used: an interface may hold a slice.
func hashable(k reflect.Value) bool {
	switch k.Kind() {
	case reflect.Interface, reflect.Struct, reflect.Array:
		return k.Comparable()
	}
	return true
}

// keyText shows a key in the path of an error.
func keyText(k reflect.Value) string {
	for k.Kind() == reflect.Interface && !k.IsNil() {
		k = k.Elem()
	}
	switch k.Kind() {
	case reflect.String:
		return strconv.Quote(k.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(k.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.FormatUint(k.Uint(), 10)
	case reflect.Bool:
		return strconv.FormatBool(k.Bool())
	}
	return "a " + k.Type().String()
}
