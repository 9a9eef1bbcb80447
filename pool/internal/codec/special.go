package codec

import (
	"fmt"
	"reflect"
	"time"
	"unsafe"
)

func (b *builder) handlePlan(p *plan) {
	t := p.t
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		if *(*unsafe.Pointer)(at) == nil {
			e.uvarint(0)
			return nil
		}
		h := reflect.NewAt(t, at).Elem().Interface().(Handle)
		id, err := h.HandleID()
		if err != nil {
			return err
		}
		e.sent = append(e.sent, h)
		e.uvarint(id + 1)
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		id, err := d.uvarint()
		if err != nil || id == 0 {
			return err
		}
		if d.c.handle == nil {
			return malformed("shared object")
		}
		v, err := d.c.handle(id-1, t)
		if err != nil {
			return err
		}
		if !v.IsValid() || v.Type() != t {
			return malformed("shared object of another type")
		}
		reflect.NewAt(t, at).Elem().Set(v)
		return nil
	}
}

// funcPlan is for functions: nil is no bytes.

// marshalPlan is for types that write and read themselves. Their methods may have either receiver, so they get pointers.
func marshalPlan(p *plan, marshal func(any) ([]byte, error), unmarshal func(any, []byte) error) {
	t := p.t
	p.enc = func(e *Encoder, at unsafe.Pointer) (err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("%s cannot be sent to another process: its own encoding panicked: %v", t, r)
			}
		}()
		data, err := marshal(reflect.NewAt(t, at).Interface())
		if err != nil {
			return fmt.Errorf("%s cannot be sent to another process: %w", t, err)
		}
		e.uvarint(uint64(len(data)))
		e.buf = append(e.buf, data...)
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) (err error) {
		data, err := d.bytes()
		if err != nil {
			return err
		}
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("%w: %s: its own decoding panicked: %v", errMalformed, t, r)
			}
		}()
		// The message's memory is used again: types such as a slice of bytes may keep what they are given.
		if err := unmarshal(reflect.NewAt(t, at).Interface(), append([]byte(nil), data...)); err != nil {
			return fmt.Errorf("%w: %s: %w", errMalformed, t, err)
		}
		return nil
	}
}

// Kinds of locations on the wire.
const (
	zoneUTC = iota
	zoneLocal
	zoneNamed
	zoneNil
)

// timePlan keeps the instant, the zone and its name, and that Local and UTC stay themselves; the monotonic reading is left behind,
// it means nothing in another process.
func timePlan(p *plan) {
	p.min = 3 // seconds, nanoseconds, zone
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		t := *(*time.Time)(at)
		sec := t.Unix()
		e.uvarint(uint64(sec)<<1 ^ uint64(sec>>63))
		e.uvarint(uint64(t.Nanosecond()))
		name, offset := t.Zone()
		e.location(t.Location(), name, offset)
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		u, err := d.uvarint()
		if err != nil {
			return err
		}
		ns, err := d.uvarint()
		if err != nil {
			return err
		}
		if ns >= 1e9 {
			return malformed("time")
		}
		loc, err := d.location()
		if err != nil {
			return err
		}
		sec := int64(u>>1) ^ -int64(u&1)
		t := time.Unix(sec, int64(ns))
		switch {
		case loc == time.UTC || loc == nil:
			t = t.UTC()
		case loc != time.Local:
			t = t.In(loc)
		}
		*(*time.Time)(at) = t
		return nil
	}
}

func (e *Encoder) location(l *time.Location, zone string, offset int) {
	switch l {
	case nil:
		e.buf = append(e.buf, zoneNil)
	case time.UTC:
		e.buf = append(e.buf, zoneUTC)
	case time.Local:
		e.buf = append(e.buf, zoneLocal)
	default:
		e.buf = append(e.buf, zoneNamed)
		e.string(l.String())
		e.string(zone)
		e.uvarint(uint64(uint32(int32(offset))))
	}
}

func (d *Decoder) location() (*time.Location, error) {
	kind, err := d.byte()
	if err != nil {
		return nil, err
	}
	switch kind {
	case zoneNil:
		return nil, nil
	case zoneUTC:
		return time.UTC, nil
	case zoneLocal:
		return time.Local, nil
	case zoneNamed:
	default:
		return nil, malformed("time zone")
	}
	name, err := d.string()
	if err != nil {
		return nil, err
	}
	zone, err := d.string()
	if err != nil {
		return nil, err
	}
	offset, err := d.uvarint()
	if err != nil {
		return nil, err
	}
	if name != "" && name != zone {
		if l, err := time.LoadLocation(name); err == nil {
			return l, nil
		}
	}
	if zone == "" {
		zone = name
	}
	return time.FixedZone(zone, int(int32(uint32(offset)))), nil
}

func locationPlan(p *plan) {
	p.enc = func(e *Encoder, at unsafe.Pointer) error {
		l := *(**time.Location)(at)
		if l == nil {
			e.buf = append(e.buf, zoneNil)
			return nil
		}
		zone, offset := time.Unix(0, 0).In(l).Zone()
		e.location(l, zone, offset)
		return nil
	}
	p.dec = func(d *Decoder, at unsafe.Pointer) error {
		l, err := d.location()
		*(**time.Location)(at) = l
		return err
	}
}
