package codec

import (
	"context"
	"reflect"
	"sync"
	"time"
	"unsafe"
)

// A context of the standard library travels as what it is made of: deadlines, values, and whether it has ended. One that ends later than
// that does so in its own process only, unless by its deadline.

// Kinds of contexts on the wire.
const (
	ctxBackground = iota
	ctxTODO
	ctxCancel        // state, parent
	ctxDeadline      // deadline, state, parent
	ctxValue         // key, value, parent
	ctxWithoutCancel // parent
)

// States of a context that can end.
const (
	ctxAlive    = iota
	ctxCanceled // its cause
	ctxExpired  // its cause: its own deadline, or that of a parent, is over
)

var contextType = reflect.TypeFor[context.Context]()

// contexts are the kinds of the types of package context, which it does not export.
var contexts = sync.OnceValue(func() map[reflect.Type]byte {
	bg := context.Background()
	canceled, cancel := context.WithCancel(bg)
	cancel()
	late, cancel := context.WithDeadline(bg, time.Unix(1<<40, 0))
	cancel()
	return map[reflect.Type]byte{
		reflect.TypeOf(bg):                                    ctxBackground,
		reflect.TypeOf(context.TODO()):                        ctxTODO,
		reflect.TypeOf(canceled):                              ctxCancel,
		reflect.TypeOf(late):                                  ctxDeadline,
		reflect.TypeOf(context.WithValue(bg, ctxKey{}, true)): ctxValue,
		reflect.TypeOf(context.WithoutCancel(bg)):             ctxWithoutCancel,
	}
})

type ctxKey struct{}

// isContext tells the types that context writes.
func isContext(t reflect.Type) bool {
	path := t.PkgPath()
	if t.Kind() == reflect.Pointer {
		path = t.Elem().PkgPath()
	}
	return path == "context" && t.Implements(contextType)
}

// context writes a context of package context.
func (e *Encoder) context(v reflect.Value) error {
	kind, ok := contexts()[v.Type()]
	if !ok {
		return refuse(v.Type(), "send its deadline and its values instead")
	}
	if err := e.enter(); err != nil {
		return err
	}
	defer func() { e.depth-- }()
	e.buf = append(e.buf, ifaceCtx, kind)
	ctx := v.Interface().(context.Context)
	switch kind {
	case ctxBackground, ctxTODO:
		return nil
	case ctxCancel, ctxDeadline:
		if kind == ctxDeadline {
			deadline, _ := ctx.Deadline()
			p, err := e.c.plan(timeType)
			if err != nil {
				return err
			}
			if err := p.enc(e, unsafe.Pointer(&deadline)); err != nil {
				return err
			}
		}
		state := byte(ctxCanceled)
		switch ctx.Err() {
		case nil:
			state = ctxAlive
		case context.DeadlineExceeded:
			state = ctxExpired
		}
		e.buf = append(e.buf, state)
		if state == ctxAlive {
			break
		}
		if err := e.dynamic(errorType, reflect.ValueOf(context.Cause(ctx))); err != nil {
			return step(err, ".cause")
		}
	case ctxValue:
		for _, name := range []string{"key", "val"} {
			x, ok := inner(v, name)
			if !ok {
				return refuse(v.Type(), "")
			}
			if err := e.inInterface(reflect.TypeFor[any](), x); err != nil {
				return step(err, "."+name)
			}
		}
	}
	name := "Context"
	if kind == ctxWithoutCancel {
		name = "c"
	}
	parent, ok := inner(v, name)
	if !ok {
		return refuse(v.Type(), "")
	}
	return e.inInterface(contextType, parent)
}

// inInterface writes what an interface of type t holds, or that it holds nothing.
func (e *Encoder) inInterface(t reflect.Type, v reflect.Value) error {
	if v.IsNil() {
		e.buf = append(e.buf, ifaceNil)
		return nil
	}
	return e.dynamic(t, v.Elem())
}

// inner is a field of a context that is not exported.
func inner(v reflect.Value, name string) (reflect.Value, bool) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	f, ok := v.Type().FieldByName(name)
	if !ok || f.Type.Kind() != reflect.Interface {
		return reflect.Value{}, false
	}
	at := address(v)
	for _, i := range f.Index { // cancelCtx within timerCtx, both by value
		sf := v.Type().Field(i)
		at = unsafe.Add(at, sf.Offset)
		if v = reflect.NewAt(sf.Type, at).Elem(); v.Kind() == reflect.Pointer {
			return reflect.Value{}, false
		}
	}
	return v, true
}

// context reads a context.
func (d *Decoder) context() (context.Context, error) {
	kind, err := d.byte()
	if err != nil {
		return nil, err
	}
	if err := d.enter(); err != nil {
		return nil, err
	}
	defer func() { d.depth-- }()
	var deadline time.Time
	var key, val any
	var cause error
	state := byte(ctxAlive)
	switch kind {
	case ctxBackground:
		return context.Background(), nil
	case ctxTODO:
		return context.TODO(), nil
	case ctxCancel, ctxDeadline:
		if kind == ctxDeadline {
			p, err := d.c.plan(timeType)
			if err != nil {
				return nil, err
			}
			if err := p.dec(d, unsafe.Pointer(&deadline)); err != nil {
				return nil, err
			}
		}
		if state, err = d.byte(); err != nil {
			return nil, err
		}
		if state != ctxAlive {
			if err := d.dynamic(errorType, reflect.ValueOf(&cause).Elem()); err != nil {
				return nil, err
			}
		}
	case ctxValue:
		for _, into := range []*any{&key, &val} {
			if err := d.dynamic(reflect.TypeFor[any](), reflect.ValueOf(into).Elem()); err != nil {
				return nil, err
			}
		}
		if key == nil || !reflect.TypeOf(key).Comparable() {
			return nil, malformed("key of a context")
		}
	case ctxWithoutCancel:
	default:
		return nil, malformed("kind of a context")
	}
	var parent context.Context
	if err := d.dynamic(contextType, reflect.ValueOf(&parent).Elem()); err != nil {
		return nil, err
	}
	if parent == nil {
		return nil, malformed("a context without its parent")
	}
	switch kind {
	case ctxValue:
		return context.WithValue(parent, key, val), nil
	case ctxWithoutCancel:
		return context.WithoutCancel(parent), nil
	case ctxDeadline:
		if d.c.wakes != nil && state == ctxAlive {
			d.c.wakes.WakesAt(deadline)
		}
		ctx, cancel := context.WithDeadlineCause(parent, deadline, cause) // without a cause it is the usual one
		endIf(state == ctxCanceled, cancel)
		return ctx, nil
	}
	ctx, cancel := context.WithCancelCause(parent)
	endIf(state == ctxCanceled, func() { cancel(cause) })
	return ctx, nil
}

// endIf ends a context that had ended. Others end with their parents, by their deadlines, or not at all: who could end them is elsewhere.
func endIf(canceled bool, cancel func()) {
	if canceled {
		cancel()
	}
}
