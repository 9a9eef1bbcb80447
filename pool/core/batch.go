package core

import (
	"reflect"
	"runtime"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// What reads or adds many elements asks once for many: a request of a worker takes as long as the decoding of hundreds.

// changes reports whether an operation changes what a Dict has.
func (op Op) changes() bool {
	switch op {
	case OpStore, OpDelete, OpGive:
		return true
	}
	return false
}

// All stores a copy of all elements of an array or a list, as they are at one moment, in *into, a slice.
func (x *Object) All(o *Origin, into any) error {
	a := x.ask(o, &request{op: OpAll, timeout: -1})
	if a.err != nil {
		return a.err
	}
	out := reflect.ValueOf(into).Elem()
	plan, err := x.codec().Value(out.Type().Elem())
	if err != nil {
		return err
	}
	slice := reflect.MakeSlice(out.Type(), a.n, a.n)
	d := x.codec().NewDecoder(nil, nil)
	f := proc.Fields{Data: a.data}
	if plan.Basic() {
		err = fillRow(plan, d, &f, slice)
	} else {
		for i := 0; i < a.n && err == nil; i++ {
			if data := f.Bytes(); len(data) > 0 {
				d.Reset(data[1:])
				err = plan.DecodeAt(d, slice, i)
			}
		}
	}
	runtime.KeepAlive(a.refs)
	if err == nil {
		err = f.Err
	}
	out.Set(slice)
	return err
}

// fillRow reads basic values in a row.
func fillRow(plan codec.Value, d *codec.Decoder, f *proc.Fields, slice reflect.Value) error {
	row := make([]byte, 0, len(f.Data))
	var zero []byte
	for range slice.Len() {
		data := f.Bytes()
		switch {
		case len(data) > 0:
			data = data[1:]
		case zero == nil:
			e := codec.New(codec.Options{}).NewEncoder(nil, nil)
			if err := plan.Encode(e, reflect.Zero(slice.Type().Elem())); err != nil {
				return err
			}
			zero = e.Bytes()
			fallthrough
		default:
			data = zero
		}
		row = append(row, data...)
	}
	d.Reset(row)
	return plan.Fill(d, slice, 0, slice.Len())
}

// Extend appends copies of values, a slice, to a list: all of them, or with an error none.
func (x *Object) Extend(o *Origin, values any) error {
	vs := reflect.ValueOf(values)
	plan, err := x.codec().Value(vs.Type().Elem())
	if err != nil {
		return err
	}
	e := x.codec().NewEncoder(nil, nil)
	body := proc.Body(nil)
	for i := range vs.Len() {
		e.Reset(append(e.Bytes()[:0], 0))
		if err := plan.Encode(e, vs.Index(i)); err != nil {
			return err
		}
		ids, err := handleIDs(nil, e.Handles())
		if err != nil {
			return err
		}
		body = body.Bytes(e.Bytes()).Uint(uint64(len(ids)))
		for _, id := range ids {
			body = body.Uint(id)
		}
	}
	a := x.ask(o, &request{op: OpExtend, timeout: -1, data: body})
	runtime.KeepAlive(values)
	return a.err
}

// Iter goes through the entries of a Dict in their order: those that were there at the beginning and still are when it comes to them.
type Iter struct {
	x     *Object
	last  int // number of the entry that was given last
	stop  int // of the last one that was there at the beginning; 0 before that
	size  int // entries that are asked for next
	batch proc.Fields
	left  int // entries in batch
	refs  []codec.Handle
	seen  uint64 // changes when batch was made
	ended bool   // there is nothing behind batch
	codec *codec.Codec
}

// maxBatch is how many entries are asked for at most.
const maxBatch = 4096

// Iter begins with the first entry. all asks for everything at once, as it is at one moment.
func (x *Object) Iter(all bool) *Iter {
	it := &Iter{x: x, size: 1, codec: x.codec()}
	if all {
		it.size = -1
	}
	return it
}

// Next stores the next entry in *key and *value; it reports false when there is none. What this process changes in the meantime counts for the
// entries behind; of what others change, that a few thousand entries later at the latest.
func (it *Iter) Next(o *Origin, key, value any) (bool, error) {
	if it.left > 0 && it.size >= 0 && it.seen != it.x.changesSeen() {
		it.left, it.ended, it.size = 0, false, 1
	}
	if it.left == 0 {
		if it.ended {
			return false, nil
		}
		it.seen = it.x.changesSeen()
		a := it.x.ask(o, &request{op: OpNext, n: it.last, limit: it.size, timeout: -1})
		if a.err != nil {
			return false, a.err
		}
		it.batch, it.left, it.refs = proc.Fields{Data: a.data}, a.n, a.refs
		if last := int(it.batch.Int()); it.stop == 0 {
			it.stop = last
		}
		if it.ended = it.size < 0 || a.n == 0; a.n == 0 {
			return false, nil
		}
		it.size = min(8*it.size, maxBatch)
	}
	number, k, v := int(it.batch.Int()), it.batch.Bytes(), it.batch.Bytes()
	if it.batch.Err != nil {
		return false, it.batch.Err
	}
	if it.last, it.left = number, it.left-1; number > it.stop {
		it.left, it.ended = 0, true
		return false, nil
	}
	if err := it.x.decode(k, key); err != nil {
		return false, err
	}
	err := it.x.decode(v, value)
	runtime.KeepAlive(it.refs)
	return err == nil, err
}

// changesSeen counts the changes of a Dict that this process knows of: in a worker those that it makes itself.
func (x *Object) changesSeen() uint64 {
	if x.b == nil {
		return x.c.changes.Load()
	}
	x.b.mu.Lock()
	defer x.b.mu.Unlock()
	return x.b.dict.changes
}
