package codec

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"os/exec"
	"reflect"
	"runtime"
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
	ifaceKnown  // the name of an error or other value that both sides hold
	ifaceOpaque // an error without a type elsewhere
	ifaceShared // the number of an error that both sides hold: see Session
	ifaceSame   // such a number, then a type and value as it is now: the task may have changed it
	ifaceRType  // the name of a type: a reflect.Type
	ifaceCtx    // a context of the standard library
	ifaceNamed  // the name of a variable of the notebook, then type and value of the error in it
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
		(*OpaqueError)(nil), (*OpaqueRuntimeError)(nil), (*fs.PathError)(nil), (*os.LinkError)(nil), (*os.SyscallError)(nil), (*strconv.NumError)(nil), (*exec.Error)(nil),
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

// OpaqueRuntimeError is an OpaqueError for one of Go's own run time, such as an index out of range: errors.As finds a runtime.Error in it.
type OpaqueRuntimeError struct{ OpaqueError }

// RuntimeError marks the error.
func (*OpaqueRuntimeError) RuntimeError() {}

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
	return c.types.TypeName(t)
}

func (c *Codec) typeByName(name string) (reflect.Type, error) {
	if t, ok := known().types[name]; ok {
		return t, nil
	}
	t, err := c.typeOf(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if t == nil {
		return nil, malformed("type " + strconv.Quote(name))
	}
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
	isError := v.Type().Implements(errorType)
	// What is an error's own type within a value keeps its place there: other pointers of the message may lead to it. In a chain of
	// errors that wrap each other, and for errors of the standard library, nothing else can.
	chain := !e.inside || std(v.Type())
	inside := e.inside
	e.inside = e.inside || !isError || !std(v.Type())
	defer func() { e.inside = inside }()
	if isError {
		defer func() { e.errs = append(e.errs, v.Interface().(error)) }()
		if id, ok := identify(v); ok {
			if name, ok := e.c.names[id]; ok {
				e.buf = append(e.buf, ifaceKnown)
				e.string(name)
				return nil
			}
			if n, ok := e.number(id); ok && chain {
				back := e.mark()
				e.buf = append(e.buf, ifaceSame) // it, or what it wraps, may have changed
				e.uvarint(n)
				if e.typed(v) == nil {
					return nil
				}
				back()
				if std(v.Type()) {
					e.buf = append(e.buf, ifaceShared)
					e.uvarint(n)
					return nil
				}
			}
		}
	}
	if e.c.others != nil && (v.Kind() == reflect.Pointer || v.Type().Size() == 0) {
		if name, ok := e.c.others.SentinelName(v); ok {
			e.buf = append(e.buf, ifaceKnown)
			e.string(name)
			return nil
		}
	}
	if isError && v.Kind() == reflect.Pointer && !v.IsNil() && chain {
		if name, ok := e.variable(v); ok {
			back := e.mark()
			e.buf = append(e.buf, ifaceNamed)
			e.string(name)
			if e.typed(v) == nil {
				return nil
			}
			back()
		}
	}
	if v.Type() == rtypeType {
		return e.reflectType(v.Interface().(reflect.Type))
	}
	if isContext(v.Type()) {
		return e.context(v)
	}
	if !isError || !t.Implements(errorType) || !opaqueErrType.Implements(t) && !runtimeErrType.Implements(t) {
		return e.outermost(t, e.typed(v))
	}
	back := e.mark()
	if e.typed(v) == nil {
		return nil
	}
	back() // and send what is left of an error without its type
	return e.opaque(v)
}

// mark returns a function that makes the encoder forget what it has written since, and numbered.
func (e *Encoder) mark() (back func()) {
	start, types, refs, errs, depth, placed := len(e.buf), len(e.types), len(e.refs), len(e.errs), e.depth, e.placed
	return func() {
		e.buf, e.errs, e.depth, e.placed = e.buf[:start], e.errs[:errs], depth, placed
		for i := range e.parts {
			if e.parts[i].num >= placed {
				e.parts[i].num = -1
			}
		}
		maps.DeleteFunc(e.types, func(_ reflect.Type, n uint64) bool { return n >= uint64(types) })
		maps.DeleteFunc(e.refs, func(_ ref, n uint64) bool { return n >= uint64(refs) })
	}
}

// outermost reports an interface type of the standard library instead of the hidden types in it.
func (e *Encoder) outermost(t reflect.Type, err error) error {
	var r *RefusedError
	if errors.As(err, &r) && (r.std || r.Path == "") && std(t) {
		return &RefusedError{Type: t.String(), Hint: outerHint(t, r.Hint), std: true}
	}
	return err
}

// number is that of an error that both sides hold.
func (e *Encoder) number(id identity) (uint64, bool) {
	if e.s == nil {
		return 0, false
	}
	n, ok := e.s.names[id]
	return n, ok
}

var rtypeType = reflect.TypeOf(reflect.TypeFor[int]())

// reflectType writes a reflect.Type as its name.
func (e *Encoder) reflectType(t reflect.Type) error {
	name, err := e.c.typeName(t)
	if err != nil {
		return refuse(rtypeType, err.Error())
	}
	e.named(t)
	e.buf = append(e.buf, ifaceRType)
	e.string(name)
	return nil
}

// named notes that Types was asked for the name of a type.
func (e *Encoder) named(t reflect.Type) {
	if _, ok := known().names[t]; ok || e.met[t] {
		return
	}
	if e.met == nil {
		e.met = map[reflect.Type]bool{}
	}
	e.met[t] = true
}

func (e *Encoder) typed(v reflect.Value) error {
	t := v.Type()
	if n, ok := e.types[t]; ok {
		e.buf = append(e.buf, ifaceType)
		e.uvarint(n)
	} else {
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
			if std(t) || hosts(t) { // that it has no name elsewhere says nothing to people
				return &RefusedError{Type: t.String(), Hint: outerHint(t, ""), std: true}
			}
			return refuse(t, err.Error())
		}
		if e.types == nil {
			e.types = map[reflect.Type]uint64{}
		}
		e.types[t] = uint64(len(e.types))
		e.named(t)
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
	switch o := orig.(type) {
	case *OpaqueError:
		typ = o.Type
	case *OpaqueRuntimeError:
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
	_, isRuntime := orig.(runtime.Error)
	e.string(typ)
	e.string(text)
	if isRuntime {
		e.buf = append(e.buf, 1)
	} else {
		e.buf = append(e.buf, 0)
	}
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
	v, err := d.held(tag, t)
	if err != nil || !v.IsValid() {
		return err
	}
	if v.Kind() == reflect.Interface || !v.Type().Implements(t) {
		return malformed(v.Type().String() + " in a " + t.String())
	}
	into.Set(v)
	if err, ok := into.Interface().(error); ok { // in the order in which the encoder has met them
		d.errs = append(d.errs, err)
	}
	return nil
}

// held reads what an interface of type t holds; an invalid value for nothing.
func (d *Decoder) held(tag byte, t reflect.Type) (reflect.Value, error) {
	none := reflect.Value{}
	switch tag {
	case ifaceNil:
		return none, nil
	case ifaceNew, ifaceType:
		return d.typed(tag, t)
	case ifaceKnown:
		name, err := d.string()
		if err != nil {
			return none, err
		}
		if err, ok := d.c.known[name]; ok {
			return reflect.ValueOf(err), nil
		}
		if d.c.others != nil {
			if v, ok := d.c.others.Sentinel(name); ok {
				return v, nil
			}
		}
		return none, malformed("known value " + strconv.Quote(name))
	case ifaceShared, ifaceSame:
		n, err := d.uvarint()
		if err != nil {
			return none, err
		}
		if d.s == nil || n >= uint64(len(d.s.errs)) {
			return none, malformed("number of an error")
		}
		shared := reflect.ValueOf(d.s.errs[n])
		if tag == ifaceShared {
			return shared, nil
		}
		tag, err := d.byte()
		if err != nil {
			return none, err
		}
		if tag != ifaceNew && tag != ifaceType {
			return none, malformed("tag of an error")
		}
		return d.replaced(tag, t, func(v reflect.Value) reflect.Value {
			if v.Type() == shared.Type() && reflect.DeepEqual(v.Interface(), shared.Interface()) {
				return shared
			}
			return v
		})
	case ifaceNamed:
		name, err := d.string()
		if err != nil {
			return none, err
		}
		tag, err := d.byte()
		if err != nil {
			return none, err
		}
		if tag != ifaceNew && tag != ifaceType {
			return none, malformed("tag of an error")
		}
		return d.replaced(tag, t, func(v reflect.Value) reflect.Value { return d.c.variable(name, v) })
	case ifaceOpaque:
		if !opaqueErrType.Implements(t) && !runtimeErrType.Implements(t) {
			return none, malformed("an error in a " + t.String())
		}
		o, err := d.opaque()
		if err != nil {
			return none, err
		}
		return reflect.ValueOf(o), nil
	case ifaceRType:
		name, err := d.string()
		if err != nil {
			return none, err
		}
		rt, err := d.c.typeByName(name)
		if err != nil {
			return none, err
		}
		return reflect.ValueOf(rt), nil
	case ifaceCtx:
		ctx, err := d.context()
		return reflect.ValueOf(ctx), err
	}
	return none, malformed("tag of an interface")
}

// replaced is typed for an error in whose place this process may have its own. Other pointers to it in the message lead to the same one: to what was
// read if some have been read before, and to its own otherwise.
func (d *Decoder) replaced(tag byte, t reflect.Type, own func(v reflect.Value) reflect.Value) (reflect.Value, error) {
	n := len(d.refs)
	v, err := d.typed(tag, t)
	if err != nil || v.Kind() != reflect.Pointer || n == len(d.refs) || d.refs[n] != (shared{v.Type(), v.UnsafePointer()}) {
		return v, err
	}
	o := own(v)
	if o.Kind() == reflect.Pointer && o.Type() == v.Type() {
		d.refs[n].p = o.UnsafePointer()
	}
	return o, nil
}

// typed reads a type and a value of it.
func (d *Decoder) typed(tag byte, t reflect.Type) (reflect.Value, error) {
	none := reflect.Value{}
	var dt reflect.Type
	if tag == ifaceNew {
		b, err := d.bytes()
		if err != nil {
			return none, err
		}
		if dt, err = d.c.typeByName(string(b)); err != nil {
			return none, err
		}
		d.types = append(d.types, dt)
	} else {
		n, err := d.uvarint()
		if err != nil {
			return none, err
		}
		if n >= uint64(len(d.types)) {
			return none, malformed("number of a type")
		}
		dt = d.types[n]
	}
	if dt.Kind() == reflect.Interface || !dt.Implements(t) {
		return none, malformed(dt.String() + " in a " + t.String())
	}
	p, err := d.c.plan(dt)
	if err != nil {
		return none, err
	}
	if p.min > len(d.data) {
		return none, malformed("it ends too early")
	}
	if err := d.enter(); err != nil {
		return none, err
	}
	v := reflect.New(dt).Elem()
	if err := p.dec(d, unsafe.Pointer(v.UnsafeAddr())); err != nil {
		return none, err
	}
	d.depth--
	return v, nil
}

func (d *Decoder) opaque() (error, error) {
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
	isRuntime, err := d.byte()
	if err != nil {
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
	if isRuntime != 0 {
		return &OpaqueRuntimeError{OpaqueError: *o}, nil
	}
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
