package core

import (
	"bytes"
	"fmt"
	"slices"
	"sort"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// stored is a value in a shared object, as it was encoded, with the shared objects in it: they live as long as it does.
type stored struct {
	data []byte // nil: never set
	refs []codec.Handle
}

// dict is what a Dict has: entries in the order in which their keys were first set. Guarded by body.mu.
type dict struct {
	entries []entry        // by number; deleted ones stay until there are many
	at      map[string]int // number of the entry of a key
	last    int            // number of the latest entry
	live    int            // entries that are not deleted
	changes uint64         // so many
}

// entry is a key of a Dict with its value.
type entry struct {
	number int
	key    []byte // nil: it was deleted
	stored
}

// find is the entry of a key, nil without one.
func (d *dict) find(key []byte) *entry {
	n, ok := d.at[string(key)]
	if !ok {
		return nil
	}
	return &d.entries[d.from(n)]
}

// from is the index of the first entry whose number is n or more.
func (d *dict) from(n int) int {
	return sort.Search(len(d.entries), func(i int) bool { return d.entries[i].number >= n })
}

// store sets the value of a key. One that is not equal to itself, as a NaN, is a new one each time.
func (d *dict) store(key []byte, v stored, unequal bool) {
	d.changes++
	if !unequal {
		if e := d.find(key); e != nil {
			e.stored = v
			return
		}
	}
	d.last++
	d.live++
	if d.entries = append(d.entries, entry{number: d.last, key: key, stored: v}); !unequal {
		d.at[string(key)] = d.last
	}
}

// delete takes a key away.
func (d *dict) delete(key []byte) (v stored, ok bool) {
	e := d.find(key)
	if e == nil {
		return v, false
	}
	d.changes++
	d.live--
	v = e.stored
	*e = entry{number: e.number}
	delete(d.at, string(key))
	if dead := len(d.entries) - d.live; dead > 32 && dead > len(d.entries)/2 {
		d.entries = slices.DeleteFunc(d.entries, func(e entry) bool { return e.key == nil })
	}
	return v, true
}

// batchBytes is how much an answer with several entries of a Dict holds at most, if it can.
const batchBytes = 1 << 20

// next are the number of the last entry and the entries behind a number, limit at most, negative for all of them.
func (d *dict) next(number, limit int) (a answer) {
	body := proc.Body(nil).Int(int64(d.last))
	for _, e := range d.entries[d.from(number+1):] {
		if e.key == nil {
			continue
		}
		if a.n == limit || limit >= 0 && a.n > 0 && len(body)+len(e.data) > batchBytes {
			break
		}
		body = body.Int(int64(e.number)).Bytes(e.key).Bytes(e.data)
		a.refs = append(a.refs, e.refs...)
		a.n++
	}
	a.data = body
	return a
}

// all are the elements of an array or a list.
func (b *body) all() (a answer) {
	size := 0
	for _, v := range b.items {
		size += len(v.data) + 3
	}
	body := make(proc.Body, 0, size)
	for _, v := range b.items {
		body = body.Bytes(v.data)
		a.refs = append(a.refs, v.refs...)
	}
	a.n, a.data = len(b.items), body
	return a
}

// extend appends elements to a list.
func (b *body) extend(vs []stored) answer {
	b.items = append(b.items, vs...)
	return answer{n: len(b.items)}
}

// keyed does an operation of a Dict.
func (b *body) keyed(r *request) answer {
	switch r.op {
	case OpStore:
		b.dict.store(r.key, r.value, r.n == Unequal)
		return answer{}
	case OpDelete:
		if v, ok := b.dict.delete(r.key); ok {
			return answer{data: v.data, refs: v.refs}
		}
	case OpLoad:
		if e := b.dict.find(r.key); e != nil {
			return answer{data: e.data, refs: e.refs}
		}
	}
	return answer{err: ErrNoKey}
}

// Unequal is Call.N of OpStore and OpGive for a key that is not equal to itself.
const Unequal = -2

// element loads, stores and deletes what is under an index.
func (b *body) element(r *request) answer {
	i := r.n
	if i == -1 && r.op == OpDelete {
		i = len(b.items) - 1
	}
	if i < 0 || i >= len(b.items) {
		return answer{err: ErrIndex}
	}
	v := b.items[i]
	switch r.op {
	case OpStore:
		b.items[i] = r.value
		return answer{}
	case OpDelete:
		b.items = slices.Delete(b.items, i, i+1)
	}
	return answer{data: v.data, refs: v.refs}
}

// resolve finds the shared objects in the values that a request brings.
func (r *request) resolve(h *Host) error {
	find := func(ids []uint64) (out []codec.Handle, err error) {
		for _, id := range ids {
			x := h.shared(id)
			if x == nil {
				return nil, fmt.Errorf("pool: no shared object %d", id)
			}
			out = append(out, x)
		}
		return out, nil
	}
	if r.op != OpExtend {
		refs, err := find(r.refs)
		r.value = stored{r.data, refs}
		return err
	}
	f := proc.Fields{Data: r.data}
	for len(f.Data) > 0 {
		v := stored{data: bytes.Clone(f.Bytes())} // not a part of what the others are in: it would stay as long as one of them
		var ids []uint64
		for range f.Len() {
			ids = append(ids, f.Uint())
		}
		if f.Err != nil {
			return f.Err
		}
		var err error
		if v.refs, err = find(ids); err != nil {
			return err
		}
		r.values = append(r.values, v)
	}
	return nil
}
