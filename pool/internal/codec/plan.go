package codec

import (
	"encoding"
	"encoding/gob"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

var (
	handleType     = reflect.TypeFor[Handle]()
	timeType       = reflect.TypeFor[time.Time]()
	locationType   = reflect.TypeFor[*time.Location]()
	gobEncType     = reflect.TypeFor[gob.GobEncoder]()
	gobDecType     = reflect.TypeFor[gob.GobDecoder]()
	binEncType     = reflect.TypeFor[encoding.BinaryMarshaler]()
	binDecType     = reflect.TypeFor[encoding.BinaryUnmarshaler]()
	errorType      = reflect.TypeFor[error]()
	reflectValue   = reflect.TypeFor[reflect.Value]()
	opaqueErrType  = reflect.TypeFor[*OpaqueError]()
	runtimeErrType = reflect.TypeFor[*OpaqueRuntimeError]()
)

// plan finds or makes the plan of a type.
func (c *Codec) plan(t reflect.Type) (*plan, error) {
	if p, ok := c.plans.Load(t); ok {
		return p.(*plan), nil
	}
	c.building.Lock()
	defer c.building.Unlock()
	if p, ok := c.plans.Load(t); ok {
		return p.(*plan), nil
	}
	b := builder{c: c, open: map[reflect.Type]*plan{}}
	p := b.plan(t)
	for _, o := range b.open {
		c.plans.Store(o.t, o)
	}
	return p, nil
}

// builder makes the plans of a type and of those it is made of; recursive types meet their own unfinished plan.
type builder struct {
	c    *Codec
	open map[reflect.Type]*plan
}

func (b *builder) plan(t reflect.Type) *plan {
	if p, ok := b.c.plans.Load(t); ok {
		return p.(*plan)
	}
	if p, ok := b.open[t]; ok {
		p.cyc = p.cyc || !p.made // met again inside itself
		return p
	}
	p := &plan{t: t, size: t.Size(), min: 1}
	b.open[t] = p
	b.fill(p)
	p.made = true
	return p
}

func (b *builder) fill(p *plan) {
	t := p.t
	if b.special(p) {
		return
	}
	p.kind, p.refs = t.Kind(), refers(t) // before recursive types meet it
	switch t.Kind() {
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Int8, reflect.Uint8, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		b.plainPlan(p)
		if t.Kind() == reflect.Int || t.Kind() == reflect.Int64 {
			intPlan(p)
		}
	case reflect.Bool:
		boolPlan(p)
	case reflect.String:
		stringPlan(p)
	case reflect.Slice:
		b.slicePlan(p)
	case reflect.Array:
		b.arrayPlan(p)
	case reflect.Struct:
		b.structPlan(p)
	case reflect.Pointer:
		b.pointerPlan(p)
	case reflect.Map:
		b.mapPlan(p)
	case reflect.Interface:
		b.interfacePlan(p)
	case reflect.Func:
		b.funcPlan(p)
	default:
		refusedPlan(p, hintFor(t))
	}
	if (std(t) || ours(t)) && t != contextType {
		collapse(p)
	}
}

// refers reports whether values of a type may refer to other memory than that of strings.
func refers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.Func:
		return true
	case reflect.Array:
		return t.Len() > 0 && refers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if refers(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// special makes the plan of a type that has rules of its own.
func (b *builder) special(p *plan) bool {
	t := p.t
	switch {
	case t.Kind() == reflect.Pointer && t.Implements(handleType):
		b.handlePlan(p)
	case t == timeType:
		timePlan(p)
	case t == locationType:
		locationPlan(p)
	case t == reflectValue:
		refusedPlan(p, "send what its Interface method returns")
	case local(t) != "":
		refusedPlan(p, local(t))
	case t.PkgPath() == "sync/atomic" && strings.HasPrefix(t.Name(), "Pointer[") && t.NumField() > 1 && t.Field(0).Type.Kind() == reflect.Array:
		b.atomicPointerPlan(p)
	case t == assertionType && assertionKnown():
		assertionPlan(p)
	case t == panicNilType:
		emptyPlan(p)
	case t.Kind() == reflect.Struct && (strings.HasPrefix(t.PkgPath(), "internal/") || t.PkgPath() == "runtime" || t.PkgPath() == "reflect"):
		refusedPlan(p, "")
	case t.Kind() == reflect.Struct && t.PkgPath() == "sync":
		syncPlan(p)
	case std(t) && (strings.Contains(t.PkgPath(), "internal/") || !token.IsExported(t.Name())):
		return false // their encodings take for granted what the package's own functions set up, such as the size of a SHA-512
	case t.Kind() != reflect.Interface && t.Kind() != reflect.Pointer && t.Name() != "" && marshals(t, gobEncType, gobDecType):
		marshalPlan(p, func(v any) ([]byte, error) { return v.(gob.GobEncoder).GobEncode() },
			func(v any, data []byte) error { return v.(gob.GobDecoder).GobDecode(data) })
	case t.Kind() != reflect.Interface && t.Kind() != reflect.Pointer && t.Name() != "" && marshals(t, binEncType, binDecType):
		marshalPlan(p, func(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() },
			func(v any, data []byte) error { return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(data) })
	default:
		return false
	}
	return true
}

// local says of a type whose values mean something in their own process only what to send instead; "" for others.
func local(t reflect.Type) string {
	switch {
	case t.PkgPath() == "hash/maphash":
		return "its hashes are those of one process: make it in the task"
	case t.PkgPath() == "unique" && strings.HasPrefix(t.Name(), "Handle["):
		return "it is one process's own: send its Value, and call unique.Make in the task"
	case t.PkgPath() == "weak" && strings.HasPrefix(t.Name(), "Pointer["):
		return "it keeps nothing: send its Value"
	case ours(t) && t.Kind() == reflect.Struct:
		switch t.Name() {
		case "Pool", "Executor":
			return "it belongs to the notebook's process: a task can make a pool of its own, or return what is to be done"
		case "Job", "Stream", "Process", "Origin", "Host":
			return "it belongs to the notebook's process: get what the task needs from it before the call"
		}
	}
	return ""
}

// atomicPointerPlan is that of the pointer within.
func (b *builder) atomicPointerPlan(p *plan) {
	ptr := b.plan(reflect.PointerTo(p.t.Field(0).Type.Elem().Elem()))
	p.cyc, p.kind, p.refs, p.elem = true, reflect.Pointer, true, b.plan(ptr.t.Elem())
	p.enc = func(e *Encoder, at unsafe.Pointer) error { return ptr.enc(e, at) }
	p.dec = func(d *Decoder, at unsafe.Pointer) error { return ptr.dec(d, at) }
}

// marshals tells whether values of t write and read themselves; methods of an embedded field, which would forget the others, do not count.
func marshals(t, enc, dec reflect.Type) bool {
	pt := reflect.PointerTo(t)
	if !pt.Implements(enc) || !pt.Implements(dec) {
		return false
	}
	if t.Kind() != reflect.Struct {
		return true
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.Anonymous {
			continue
		}
		ft := f.Type
		if ft.Kind() != reflect.Pointer && ft.Kind() != reflect.Interface {
			ft = reflect.PointerTo(ft)
		}
		if ft.Implements(enc) && t.NumField() > 1 {
			return false
		}
	}
	return true
}

func hintFor(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Chan:
		return "use pool.NewQueue"
	case reflect.Func:
		return HintFunc
	}
	return ""
}

// HintFunc is what to do instead of sending a function that a task has made.
const HintFunc = "a function that a task has made stays in its worker: return what it captures, and make it in the notebook"

// outerHint is what to do instead of sending a value of a type of the standard library, or of the pool, when hint is about what is in it.
func outerHint(t reflect.Type, hint string) string {
	named := t
	if t.Kind() == reflect.Pointer {
		named = t.Elem()
	}
	switch {
	case ours(t):
		return hint
	case named.PkgPath() == "os" && named.Name() == "File", named.PkgPath() == "net", strings.HasPrefix(named.PkgPath(), "net/"), named.PkgPath() == "crypto/tls":
		return "open it in the task"
	case named.PkgPath() == "iter":
		return "send what it yields: slices.Collect or maps.Collect"
	case hint == "" || hint == hintFor(anyChan) || hint == hintFor(anyFunc):
		return "make it in the task"
	}
	return hint
}

var anyChan, anyFunc = reflect.TypeFor[chan int](), reflect.TypeFor[func()]()

// std tells a named type of the standard library.
func std(t reflect.Type) bool {
	path := t.PkgPath()
	if path == "" && t.Kind() == reflect.Pointer {
		path = t.Elem().PkgPath()
	}
	if path == "" || path == "main" {
		return false
	}
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "poolbook" && first != "command-line-arguments"
}

// hosts tells a type of the program around the pools, such as what stands for standard output in a cell.
func hosts(t reflect.Type) bool {
	if t.PkgPath() == "" && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.HasPrefix(t.PkgPath(), "poolbook/")
}

// ours tells a type of the pool itself.
func ours(t reflect.Type) bool {
	if t.PkgPath() == "" && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == "poolbook/pool" || t.PkgPath() == "poolbook/pool/core"
}

// collapse reports the outermost type of the standard library, or of the pool, instead of what is inside: *os.File, not internal/poll.FD.
func collapse(p *plan) {
	enc := p.enc
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		err := enc(e, at)
		if r, ok := err.(*RefusedError); ok {
			if p.t.Kind() != reflect.Pointer || r.std || r.Path == "" {
				return &RefusedError{Type: p.t.String(), Hint: outerHint(p.t, r.Hint), std: true}
			}
		}
		return err
	}
}

func refusedPlan(p *plan, hint string) {
	nilable := p.t.Kind() == reflect.Chan || p.t.Kind() == reflect.UnsafePointer
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		if nilable && *(*unsafe.Pointer)(at) == nil {
			e.buf = append(e.buf, 0)
			return nil
		}
		return refuse(p.t, hint)
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		b, err := d.byte()
		if err != nil {
			return err
		}
		if !nilable || b != 0 {
			return malformed("a " + p.t.String())
		}
		*(*unsafe.Pointer)(at) = nil
		return nil
	}
}

// syncPlan sends locks and their kin in their zero state only.
func syncPlan(p *plan) {
	hint := map[string]string{"Mutex": "it is in use; use pool.NewLock", "RWMutex": "it is in use; use pool.NewLock",
		"Cond": "use pool.NewCondition", "WaitGroup": "it is in use", "Once": "it was used",
		"Map": "copy it into a map before the call", "Pool": "make it in the task"}[p.t.Name()]
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		for _, b := range unsafe.Slice((*byte)(at), p.size) {
			if b != 0 {
				return refuse(p.t, hint)
			}
		}
		e.buf = append(e.buf, 0)
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		_, err := d.byte()
		return err // memory starts as zero
	}
}

func (b *builder) plainPlan(p *plan) {
	p.plain, p.basic, p.min = true, true, int(p.size)
	size := p.size
	p.enc = func(e *Encoder, at unsafe.Pointer) error { e.raw(at, size); return nil }
	p.dec = func(d *Decoder, at unsafe.Pointer) error { return d.raw(at, size) }
}

// intPlan writes a lone integer in few bytes; in slices, arrays and plain structs it is memory.
func intPlan(p *plan) {
	p.min = 1
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		v := *(*int64)(at)
		e.uvarint(uint64(v)<<1 ^ uint64(v>>63))
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		u, err := d.uvarint()
		*(*int64)(at) = int64(u>>1) ^ -int64(u&1)
		return err
	}
}

func boolPlan(p *plan) {
	p.basic = true
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		e.buf = append(e.buf, *(*byte)(at))
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		b, err := d.byte()
		if err == nil && b > 1 {
			return malformed("bool")
		}
		*(*bool)(at) = b == 1
		return err
	}
}

func stringPlan(p *plan) {
	p.basic = true
	p.enc = func(e *Encoder, at unsafe.Pointer) error { e.string(*(*string)(at)); return nil }
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		s, err := d.string()
		*(*string)(at) = s
		return err
	}
}

func (b *builder) arrayPlan(p *plan) {
	elem, n := b.plan(p.t.Elem()), p.t.Len()
	p.cyc = elem.cyc
	p.elem = elem
	if elem.plain || n == 0 {
		b.plainPlan(p)
		return
	}
	p.min = elem.min * n
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		for i := range n {
			if err := elem.enc(e, unsafe.Add(at, uintptr(i)*elem.size)); err != nil {
				return step(err, "["+strconv.Itoa(i)+"]")
			}
		}
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		for i := range n {
			if err := elem.dec(d, unsafe.Add(at, uintptr(i)*elem.size)); err != nil {
				return err
			}
		}
		return nil
	}
}

func (b *builder) structPlan(p *plan) {
	type field struct {
		*plan
		name   string
		offset uintptr
	}
	var fields []field
	plain, minimum := true, 0
	for i := range p.t.NumField() {
		f := p.t.Field(i)
		fp := b.plan(f.Type)
		if fp.size == 0 && fp.enc != nil && fp.plain {
			continue
		}
		fields = append(fields, field{fp, f.Name, f.Offset})
		if fp.refs {
			p.slots = append(p.slots, slot{fp, f.Offset})
		}
		plain = plain && fp.plain
		p.cyc = p.cyc || fp.cyc
		minimum += fp.min
	}
	if plain {
		b.plainPlan(p)
		return
	}
	p.min = max(minimum, 1)
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		for i := range fields {
			f := &fields[i]
			if err := f.enc(e, unsafe.Add(at, f.offset)); err != nil {
				return step(err, "."+f.name)
			}
		}
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		for i := range fields {
			f := &fields[i]
			if err := f.dec(d, unsafe.Add(at, f.offset)); err != nil {
				return err
			}
		}
		return nil
	}
}
