package codec

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// Tags before what an interface holds.
const (
	ifaceNil    = iota
	ifaceNew    // the name of a type, then the value
	ifaceType   // the number of a type met before in the message, then the value
	ifaceKnown  // the name of an error that both sides hold
	ifaceOpaque // an error without a type elsewhere
)

// knownErrors arrive as the same value.
var knownErrors = map[string]error{
	"io.EOF": io.EOF, "io.ErrUnexpectedEOF": io.ErrUnexpectedEOF, "io.ErrShortWrite": io.ErrShortWrite, "io.ErrShortBuffer": io.ErrShortBuffer,
	"io.ErrNoProgress": io.ErrNoProgress, "io.ErrClosedPipe": io.ErrClosedPipe,
	"fs.ErrInvalid": fs.ErrInvalid, "fs.ErrPermission": fs.ErrPermission, "fs.ErrExist": fs.ErrExist, "fs.ErrNotExist": fs.ErrNotExist,
	"fs.ErrClosed": fs.ErrClosed, "fs.SkipDir": fs.SkipDir, "fs.SkipAll": fs.SkipAll,
	"os.ErrProcessDone": os.ErrProcessDone, "os.ErrNoDeadline": os.ErrNoDeadline, "os.ErrDeadlineExceeded": os.ErrDeadlineExceeded,
	"context.Canceled": context.Canceled, "errors.ErrUnsupported": errors.ErrUnsupported,
	"strconv.ErrRange": strconv.ErrRange, "strconv.ErrSyntax": strconv.ErrSyntax, "hex.ErrLength": hex.ErrLength,
	"bufio.ErrTooLong": bufio.ErrTooLong, "exec.ErrNotFound": exec.ErrNotFound, "exec.ErrDot": exec.ErrDot,
}

// known holds the types that need no resolver: what values in interfaces mostly are, and what the standard library's errors are made of.
// Both tables are made at the first use, as every start of the program would pay for them.
var known = sync.OnceValue(func() (k struct {
	types map[string]reflect.Type
	names map[reflect.Type]string
}) {
	k.types = map[string]reflect.Type{}
	k.names = map[reflect.Type]string{}
	for _, v := range []any{
		false, int(0), int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0), uintptr(0),
		float32(0), float64(0), complex64(0), complex128(0), "",
		[]any(nil), []bool(nil), []int(nil), []int64(nil), []byte(nil), []rune(nil), []float64(nil), []string(nil), []error(nil), [][]byte(nil),
		map[string]any(nil), map[string]string(nil), map[string]int(nil), map[string]float64(nil), map[string]bool(nil), map[int]string(nil), map[any]any(nil),
		struct{}{}, time.Time{}, time.Duration(0), time.Month(0), time.Weekday(0), (*time.Location)(nil),
		big.Int{}, (*big.Int)(nil), big.Float{}, (*big.Float)(nil), big.Rat{}, (*big.Rat)(nil),
		(*OpaqueError)(nil), (*fs.PathError)(nil), (*os.LinkError)(nil), (*os.SyscallError)(nil), (*strconv.NumError)(nil), (*exec.Error)(nil),
		(*time.ParseError)(nil), context.DeadlineExceeded,
		errors.New(""), fmt.Errorf("%w", io.EOF), fmt.Errorf("%w%w", io.EOF, io.EOF), errors.Join(io.EOF),
	} {
		t := reflect.TypeOf(v)
		k.types[t.String()] = t
		k.names[t] = t.String()
	}
	for _, t := range []reflect.Type{errorType, reflect.TypeFor[any]()} {
		k.types[t.String()] = t
		k.names[t] = t.String()
	}
	return k
})

// OpaqueError stands for an error whose type has no name in the other process: a type that is local to a function,
// unexported in a compiled package, or holds what cannot be sent.
type OpaqueError struct {
	Type  string  // the type it had
	Text  string  // its text
	Wraps []error // what it wraps
}

// Error is the text of the original.
func (e *OpaqueError) Error() string { return e.Text }

// Unwrap is what the original wraps, so that errors.Is and errors.As look further.
func (e *OpaqueError) Unwrap() []error { return e.Wraps }

// localTypes gives types numbers, which mean something in this process only.
type localTypes struct {
	mu     sync.Mutex
	names  map[reflect.Type]string
	byName map[string]reflect.Type
}

func (l *localTypes) TypeName(t reflect.Type) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n, ok := l.names[t]; ok {
		return n, nil
	}
	if l.names == nil {
		l.names, l.byName = map[reflect.Type]string{}, map[string]reflect.Type{}
	}
	n := "#" + strconv.Itoa(len(l.names)) + " " + t.String()
	l.names[t], l.byName[n] = n, t
	return n, nil
}

func (l *localTypes) TypeByName(name string) (reflect.Type, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t, ok := l.byName[name]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("no type %q", name)
}

func (c *Codec) typeName(t reflect.Type) (string, error) {
	if n, ok := known().names[t]; ok {
		return n, nil
	}
	if n, ok := c.byType.Load(t); ok {
		return n.(string), nil
	}
	n, err := c.types.TypeName(t)
	if err != nil {
		return "", err
	}
	c.byType.Store(t, n)
	return n, nil
}

func (c *Codec) typeByName(name string) (reflect.Type, error) {
	if t, ok := known().types[name]; ok {
		return t, nil
	}
	if t, ok := c.byName.Load(name); ok {
		return t.(reflect.Type), nil
	}
	t, err := c.types.TypeByName(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if t == nil {
		return nil, malformed("type " + strconv.Quote(name))
	}
	c.byName.Store(name, t)
	return t, nil
}

func (b *builder) interfacePlan(p *plan) {
	p.cyc = true
	t := p.t
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		v := reflect.NewAt(t, at).Elem()
		if v.IsNil() {
			e.buf = append(e.buf, ifaceNil)
			return nil
		}
		return e.dynamic(t, v.Elem())
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error { return d.dynamic(t, reflect.NewAt(t, at).Elem()) }
}

// dynamic writes what an interface of type t holds.
func (e *Encoder) dynamic(t reflect.Type, v reflect.Value) error {
	if v.Kind() == reflect.Pointer {
		ptr := v.UnsafePointer()
		name, ok := e.c.names[ptr]
		if !ok && e.s != nil {
			name, ok = e.s.Names[ptr]
		}
		if ok && v.Type().Implements(errorType) {
			e.buf = append(e.buf, ifaceKnown)
			e.string(name)
			return nil
		}
	}
	start, types, refs := len(e.buf), len(e.types), len(e.refs)
	err := e.typed(v)
	if err == nil {
		return nil
	}
	if v.Type().Implements(errorType) && opaqueErrType.Implements(t) {
		// Forget what the attempt has numbered, then send what is left of an error without its type.
		e.buf = e.buf[:start]
		for k, n := range e.types {
			if n >= uint64(types) {
				delete(e.types, k)
			}
		}
		for k, n := range e.refs {
			if n >= uint64(refs) {
				delete(e.refs, k)
			}
		}
		return e.opaque(v)
	}
	var r *RefusedError
	if errors.As(err, &r) && (r.std || r.Path == "") && std(t) {
		return &RefusedError{Type: t.String(), Hint: r.Hint, std: true}
	}
	return err
}

func (e *Encoder) typed(v reflect.Value) error {
	t := v.Type()
	name, err := e.c.typeName(t)
	if err != nil {
		// The type may be one that could not be sent at all: that says more than that it has no name.
		if p, perr := e.c.plan(t); perr == nil && t.Kind() != reflect.Struct {
			probe := &Encoder{c: e.c, s: e.s}
			var r *RefusedError
			if err := p.enc(probe, address(v)); errors.As(err, &r) {
				return err
			}
		}
		return refuse(t, err.Error())
	}
	if n, ok := e.types[t]; ok {
		e.buf = append(e.buf, ifaceType)
		e.uvarint(n)
	} else {
		if e.types == nil {
			e.types = map[reflect.Type]uint64{}
		}
		e.types[t] = uint64(len(e.types))
		e.buf = append(e.buf, ifaceNew)
		e.string(name)
	}
	p, err := e.c.plan(t)
	if err != nil {
		return err
	}
	if err := e.enter(); err != nil {
		return err
	}
	err = p.enc(e, address(v))
	e.depth--
	return err
}

// opaque writes an error as its text and what it wraps.
func (e *Encoder) opaque(v reflect.Value) (err error) {
	if err := e.enter(); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the Error method of a %s panicked: %v", v.Type(), r)
		}
	}()
	orig := v.Interface().(error)
	e.buf = append(e.buf, ifaceOpaque)
	typ, text := v.Type().String(), orig.Error()
	var wraps []error
	if o, ok := orig.(*OpaqueError); ok {
		typ = o.Type
	}
	switch u := orig.(type) {
	case interface{ Unwrap() error }:
		if w := u.Unwrap(); w != nil {
			wraps = []error{w}
		}
	case interface{ Unwrap() []error }:
		wraps = u.Unwrap()
	}
	e.string(typ)
	e.string(text)
	e.uvarint(uint64(len(wraps)))
	for _, w := range wraps {
		if w == nil {
			e.buf = append(e.buf, ifaceNil)
			continue
		}
		if err := e.dynamic(errorType, reflect.ValueOf(w)); err != nil {
			return err
		}
	}
	e.depth--
	return nil
}

// dynamic fills an interface value of type t.
func (d *Decoder) dynamic(t reflect.Type, into reflect.Value) error {
	tag, err := d.byte()
	if err != nil {
		return err
	}
	var dt reflect.Type
	switch tag {
	case ifaceNil:
		return nil
	case ifaceNew:
		b, err := d.bytes()
		if err != nil {
			return err
		}
		dt, err = d.c.typeByName(string(b))
		if err != nil {
			return err
		}
		d.types = append(d.types, dt)
	case ifaceType:
		n, err := d.uvarint()
		if err != nil {
			return err
		}
		if n >= uint64(len(d.types)) {
			return malformed("number of a type")
		}
		dt = d.types[n]
	case ifaceKnown:
		b, err := d.string()
		if err != nil {
			return err
		}
		known, ok := d.c.known[b]
		if !ok && d.s != nil {
			known, ok = d.s.Errors[b]
		}
		if !ok || !reflect.TypeOf(known).Implements(t) {
			return malformed("error " + strconv.Quote(b))
		}
		into.Set(reflect.ValueOf(known))
		return nil
	case ifaceOpaque:
		if !opaqueErrType.Implements(t) {
			return malformed("an error in a " + t.String())
		}
		o, err := d.opaque()
		if err != nil {
			return err
		}
		into.Set(reflect.ValueOf(o))
		return nil
	default:
		return malformed("tag of an interface")
	}
	if dt.Kind() == reflect.Interface || !dt.Implements(t) {
		return malformed(dt.String() + " in a " + t.String())
	}
	p, err := d.c.plan(dt)
	if err != nil {
		return err
	}
	if p.min > len(d.data) {
		return malformed("it ends too early")
	}
	if err := d.enter(); err != nil {
		return err
	}
	v := reflect.New(dt).Elem()
	if err := p.dec(d, unsafe.Pointer(v.UnsafeAddr())); err != nil {
		return err
	}
	d.depth--
	into.Set(v)
	return nil
}

func (d *Decoder) opaque() (*OpaqueError, error) {
	if err := d.enter(); err != nil {
		return nil, err
	}
	o := &OpaqueError{}
	var err error
	if o.Type, err = d.string(); err != nil {
		return nil, err
	}
	if o.Text, err = d.string(); err != nil {
		return nil, err
	}
	n, err := d.length(1)
	if err != nil {
		return nil, err
	}
	for range n {
		var w error
		if err := d.dynamic(errorType, reflect.ValueOf(&w).Elem()); err != nil {
			return nil, err
		}
		if w != nil {
			o.Wraps = append(o.Wraps, w)
		}
	}
	d.depth--
	return o, nil
}

// Text is a value as text, for what cannot be sent as itself: a panic's value. Methods of the value may panic.
func Text(v any) (s string) {
	defer func() {
		if recover() != nil {
			s = "a " + strings.TrimPrefix(reflect.TypeOf(v).String(), "*")
		}
	}()
	return fmt.Sprint(v)
}
