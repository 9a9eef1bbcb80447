package codec

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// maxDepth limits how deep values are nested, on both sides. A linked list counts its length.
const maxDepth = 400_000

// Handle is a shared object: it travels as its number, and arrives as what Options.Handle returns for that.
type Handle interface {
	// HandleID is the object's number, unique in the notebook; an error when the object cannot be shared.
	HandleID() (uint64, error)
}

// Options of a Codec. The zero value works within one process.
type Options struct {
	// Types names types in interfaces. nil numbers them, which means something in this process only.
	Types Types
	// TypeOf replaces Types.TypeByName. nil does not.
	TypeOf func(name string) (reflect.Type, error)
	// Handle finds or makes the shared object of that number, of type t (a pointer type that implements Handle). nil refuses.
	Handle func(id uint64, t reflect.Type) (reflect.Value, error)
	// Func takes a function apart; its error says why it cannot be sent. nil refuses functions.
	Func func(fn reflect.Value) (Func, error)
	// FuncOf makes the function that Func has named. What it has captured is addressable and zero: the decoder sets it. nil refuses.
	FuncOf func(name string) (fn reflect.Value, captured []reflect.Value, err error)
	// Known are further errors that arrive as the same value.
	Known map[string]error
	// Held are the errors of the notebook's variables, for all codecs of a process that may meet them. nil makes one for this codec.
	Held *Held
}

// Sentinels names values that both sides have, such as the variables of packages: they arrive as the same value. [Types] may implement it.
type Sentinels interface {
	// SentinelName returns the name of a pointer, or of a value without memory, and false when it is none that the other side has.
	SentinelName(v reflect.Value) (string, bool)
	// Sentinel is its inverse.
	Sentinel(name string) (reflect.Value, bool)
}

// Codec encodes and decodes. It is safe for concurrent use.
type Codec struct {
	types  Types
	typeOf func(name string) (reflect.Type, error)
	handle func(id uint64, t reflect.Type) (reflect.Value, error)
	fn     func(fn reflect.Value) (Func, error)
	fnOf   func(name string) (reflect.Value, []reflect.Value, error)
	known  map[string]error
	names  map[identity]string // of known errors
	others Sentinels           // nil without
	vars   Variables           // nil without
	wakes  Deadlines           // nil without
	held   *Held

	plans    sync.Map // reflect.Type → *plan, complete ones only
	building sync.Mutex
}

// identity is what makes a pointer the same one: its type, too, since values without memory may all be at one address.
type identity struct {
	p unsafe.Pointer
	t reflect.Type
}

// identify returns the identity of a pointer; false for other values.
func identify(v reflect.Value) (identity, bool) {
	if v.Kind() != reflect.Pointer {
		return identity{}, false
	}
	if v.Type().Elem().Size() == 0 {
		return identity{nil, v.Type()}, true
	}
	return identity{v.UnsafePointer(), v.Type()}, !v.IsNil()
}

// New makes a codec.
func New(o Options) *Codec {
	c := &Codec{types: o.Types, handle: o.Handle, fn: o.Func, fnOf: o.FuncOf, known: map[string]error{}, names: map[identity]string{}}
	if c.types == nil {
		c.types = &localTypes{}
	}
	if c.typeOf = o.TypeOf; c.typeOf == nil {
		c.typeOf = c.types.TypeByName
	}
	if c.held = o.Held; c.held == nil {
		c.held = &Held{}
	}
	c.others, _ = c.types.(Sentinels)
	c.vars, _ = c.types.(Variables)
	c.wakes, _ = c.types.(Deadlines)
	for _, m := range []map[string]error{knownErrors, o.Known} {
		for name, err := range m {
			c.known[name] = err
			if id, ok := identify(reflect.ValueOf(err)); ok {
				c.names[id] = name
			}
		}
	}
	return c
}

// RefusedError says what cannot be sent, and where in the value it is.
type RefusedError struct {
	Path string // such as "items[3].conn"; empty for the value itself
	Type string // such as "net.Conn"
	Hint string // what to use instead; may be empty

	std bool // found inside a type of the standard library: the outermost such type is reported
}

// Error is the path, the type and the hint.
func (e *RefusedError) Error() string {
	s := e.Type + " cannot be sent to another process"
	if e.Path != "" {
		s = strings.TrimPrefix(e.Path, ".") + ": " + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// In puts the error's path inside the value called name.
func In(err error, name string) error {
	var r *RefusedError
	if errors.As(err, &r) {
		r.Path = name + r.Path
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// step puts one more step before the path of an error on its way out.
func step(err error, s string) error {
	if r, ok := err.(*RefusedError); ok {
		r.Path = s + r.Path
	}
	return err
}

func refuse(t reflect.Type, hint string) error { return &RefusedError{Type: t.String(), Hint: hint} }

// Session is what two encoders or decoders of one conversation have in common: errors that both sides hold under a number.
// The zero value has none. It is not changed while in use.
type Session struct {
	names map[identity]uint64 // for the encoder
	errs  []error             // for the decoder
}

// Know makes errors known, in an order that is the same on both sides: [Encoder.Errors] and [Decoder.Errors].
func (s *Session) Know(errs []error) {
	for _, err := range errs {
		if id, ok := identify(reflect.ValueOf(err)); ok && id.p != nil {
			if s.names == nil {
				s.names = map[identity]uint64{}
			}
			if _, ok := s.names[id]; !ok {
				s.names[id] = uint64(len(s.errs))
			}
		}
		s.errs = append(s.errs, err)
	}
}

// plan is how values of one type travel.
type plan struct {
	t     reflect.Type
	size  uintptr
	plain bool // the value is its memory: nothing but numbers
	basic bool // plain, or a string or bool
	cyc   bool // the value can contain a slice, map or pointer that contains itself: the same in every process
	made  bool // the builder has been through with it
	min   int  // bytes that the encoding has at least
	enc   func(e *Encoder, p unsafe.Pointer) error
	dec   func(d *Decoder, p unsafe.Pointer) error

	// For the scan of what is shared: see alias.go.
	kind      reflect.Kind // Invalid for types with rules of their own
	refs      bool         // the value may refer to other memory than strings
	elem, key *plan
	slots     []slot
	siteOnce  sync.Once
	allSites  []site
	anySite   bool
	shareOnce sync.Once
	shares    bool
}

// Encoder writes values that share pointers with each other: one message.
type Encoder struct {
	c     *Codec
	s     *Session
	buf   []byte
	refs  map[ref]uint64
	types map[reflect.Type]uint64
	met   map[reflect.Type]bool   // all that were named since NewEncoder
	funcs map[unsafe.Pointer]Func // of the message
	code  map[string]bool         // the names of all functions since NewEncoder
	errs  []error                 // that interfaces of the message have held
	depth int
	sent  []Handle

	inside bool // of a value that is not only an error of the standard library, or several that wrap each other

	parts    []part // memory that the value shares, by address
	placed   int    // how many parts there are in the message
	together bool   // parts are those of the whole message
}

// Errors are the errors in interfaces of the message, in order.
func (e *Encoder) Errors() []error { return e.errs }

// Types are the types in interfaces that the encoder has named since it was made, but for those that need no [Types].
func (e *Encoder) Types() map[reflect.Type]bool { return e.met }

// Functions are the names of the functions that the encoder has met since it was made.
func (e *Encoder) Functions() map[string]bool { return e.code }

// ref identifies something shared.
type ref struct {
	p unsafe.Pointer
	t reflect.Type
	n int // length of a slice
}

// NewEncoder starts a message behind what is in buf already. s may be nil.
func (c *Codec) NewEncoder(buf []byte, s *Session) *Encoder { return &Encoder{c: c, s: s, buf: buf} }

// Bytes is the buffer so far.
func (e *Encoder) Bytes() []byte { return e.buf }

// Reset starts another message, which shares nothing with the one before, behind what is in buf.
func (e *Encoder) Reset(buf []byte) {
	e.buf, e.depth, e.errs, e.sent = buf, 0, nil, nil
	e.parts, e.placed, e.together, e.inside = nil, 0, false, false
	clear(e.refs)
	clear(e.types)
	clear(e.funcs)
}

// Handles are the shared objects in the message.
func (e *Encoder) Handles() []Handle { return e.sent }

// Encode appends v. After an error the buffer holds a part of it.
func (e *Encoder) Encode(v reflect.Value) error {
	p, err := e.c.plan(v.Type())
	if err != nil {
		return err
	}
	return e.value(p, address(v))
}

// address is where v is, or a copy of it.
func address(v reflect.Value) unsafe.Pointer {
	if v.CanAddr() {
		return unsafe.Pointer(v.UnsafeAddr())
	}
	c := reflect.New(v.Type())
	c.Elem().Set(v)
	return c.UnsafePointer()
}

// value writes a value of a message: the memory of plain ones.
func (e *Encoder) value(p *plan, at unsafe.Pointer) error {
	if p.plain {
		e.raw(at, p.size)
		return nil
	}
	if p.refs && !e.together {
		e.share(p, at)
	}
	return p.enc(e, at)
}

func (e *Encoder) raw(p unsafe.Pointer, n uintptr) {
	e.buf = append(e.buf, unsafe.Slice((*byte)(p), n)...)
}

func (e *Encoder) uvarint(v uint64) { e.buf = binary.AppendUvarint(e.buf, v) }

func (e *Encoder) string(s string) {
	e.uvarint(uint64(len(s)))
	e.buf = append(e.buf, s...)
}

func (e *Encoder) enter() error {
	e.depth++
	if e.depth > maxDepth {
		return fmt.Errorf("the value is nested deeper than %d", maxDepth)
	}
	return nil
}

// known reports whether the message has r already, and then refers to it. Otherwise r gets the next number.
func (e *Encoder) known(r ref) bool {
	if n, ok := e.refs[r]; ok {
		e.buf = append(e.buf, tagRef)
		e.uvarint(n)
		return true
	}
	if e.refs == nil {
		e.refs = map[ref]uint64{}
	}
	e.refs[r] = uint64(len(e.refs))
	return false
}

// Decoder reads one message.
type Decoder struct {
	c     *Codec
	s     *Session
	data  []byte
	refs  []shared
	types []reflect.Type
	errs  []error
	depth int

	parts, variables []region
}

// Errors are the errors in interfaces of the message, in order.
func (d *Decoder) Errors() []error { return d.errs }

type shared struct {
	t reflect.Type
	p unsafe.Pointer // of the pointer or map itself, of the header of a slice
}

// NewDecoder reads a message. It keeps nothing of data after the last Decode. s may be nil.
func (c *Codec) NewDecoder(data []byte, s *Session) *Decoder {
	return &Decoder{c: c, s: s, data: data}
}

// Reset reads another message.
func (d *Decoder) Reset(data []byte) {
	d.data, d.depth, d.errs = data, 0, nil
	clear(d.refs)
	d.refs, d.types, d.parts = d.refs[:0], d.types[:0], nil
}

// Renew begins with messages of another session, as NewDecoder does.
func (d *Decoder) Renew(data []byte, s *Session) {
	d.Reset(data)
	d.s, d.variables = s, nil
	if cap(d.refs) > keptRefs {
		d.refs = nil
	}
}

// keptRefs is how many references a decoder that is used again has room for at most.
const keptRefs = 1024

// Rest is what has not been read yet.
func (d *Decoder) Rest() []byte { return d.data }

// Decode fills v, which is addressable.
func (d *Decoder) Decode(v reflect.Value) error {
	p, err := d.c.plan(v.Type())
	if err != nil {
		return err
	}
	return d.value(p, unsafe.Pointer(v.UnsafeAddr()))
}

func (d *Decoder) value(p *plan, at unsafe.Pointer) error {
	if p.plain {
		return d.raw(at, p.size)
	}
	return p.dec(d, at)
}

// errMalformed is the error of every message that cannot be read.
var errMalformed = errors.New("malformed value")

func malformed(what string) error { return fmt.Errorf("%w: %s", errMalformed, what) }

func (d *Decoder) raw(p unsafe.Pointer, n uintptr) error {
	if uintptr(len(d.data)) < n {
		return malformed("it ends too early")
	}
	copy(unsafe.Slice((*byte)(p), n), d.data)
	d.data = d.data[n:]
	return nil
}

func (d *Decoder) uvarint() (uint64, error) {
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		return 0, malformed("number")
	}
	d.data = d.data[n:]
	return v, nil
}

// length reads a count of things that take at least min bytes each, one or more.
func (d *Decoder) length(min int) (int, error) {
	n, err := d.uvarint()
	if err != nil {
		return 0, err
	}
	if n > uint64(len(d.data)/min) {
		return 0, malformed("length beyond the end")
	}
	return int(n), nil
}

// count reads the length of a slice of elem.
func (d *Decoder) count(elem *plan) (int, error) {
	switch {
	case elem.size == 0: // takes no memory, and no bytes here
		n, err := d.uvarint()
		if err == nil && n > 1<<40 {
			err = malformed("length")
		}
		return int(n), err
	case elem.plain:
		return d.length(int(elem.size))
	}
	return d.length(max(elem.min, 1))
}

func (d *Decoder) byte() (byte, error) {
	if len(d.data) == 0 {
		return 0, malformed("it ends too early")
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b, nil
}

// bytes are the next counted bytes, in the message's own memory.
func (d *Decoder) bytes() ([]byte, error) {
	n, err := d.length(1)
	if err != nil {
		return nil, err
	}
	b := d.data[:n]
	d.data = d.data[n:]
	return b, nil
}

func (d *Decoder) string() (string, error) {
	b, err := d.bytes()
	return string(b), err
}

func (d *Decoder) enter() error {
	d.depth++
	if d.depth > maxDepth {
		return malformed("nested too deep")
	}
	return nil
}

// ref finds the shared thing of type t that the next number names.
func (d *Decoder) ref(t reflect.Type) (unsafe.Pointer, error) {
	n, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if n >= uint64(len(d.refs)) || d.refs[n].t != t {
		return nil, malformed("reference")
	}
	return d.refs[n].p, nil
}

// Use sets the session of the messages from the next Reset on.
func (e *Encoder) Use(s *Session) { e.s = s }
