package rtype

import (
	"reflect"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"
)

// The runtime remembers of every pair of an interface type and a type that has met it whether the type implements it, in a hash table that it
// only adds to. After a type's methods have changed, its descriptor has a new hash, under which the old entries are not found; but when the
// table grows, all entries get places by the hashes of now, and the old ones are as likely found as the new. So they are made entries of an
// interface that nobody asks for.

// itab is the runtime's entry. Values of an interface type with methods point to one too; they use all of it but inter.
type itab struct {
	inter *rtype
	typ   *rtype
	hash  uint32
	fun   [1]uintptr
}

type itabTable struct {
	size, count uintptr // of entries, which follow, a power of two; of those that are there
}

// unasked is an interface type that no other code knows.
type unasked interface{ unasked(*itabTable) }

// forgetInterfaces takes the types' entries out of reach. Where the table is not found, which is so on other processors than amd64, they stay.
//
//go:nocheckptr
func forgetInterfaces(types map[*rtype]bool) {
	at := findItabs()
	if at == nil || len(types) == 0 {
		return
	}
	t := (*itabTable)(atomic.LoadPointer(at))
	entries := t.entries()
	for i := range entries {
		if m := (*itab)(atomic.LoadPointer(&entries[i])); m != nil && types[m.typ] {
			atomic.StorePointer((*unsafe.Pointer)(unsafe.Pointer(&m.inter)), unsafe.Pointer(descriptor(reflect.TypeFor[unasked]())))
		}
	}
}

// entries are read while the runtime adds to them.
//
//go:nocheckptr
func (t *itabTable) entries() []unsafe.Pointer {
	return unsafe.Slice((*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(t), unsafe.Sizeof(*t))), t.size)
}

//go:linkname getitab runtime.getitab
func getitab(inter, typ *rtype, canfail bool) *itab

// findItabs finds the runtime's pointer to the table, which has no name outside it: getitab begins with reading it. nil when what is read
// there is no such table.
var findItabs = sync.OnceValue(func() *unsafe.Pointer {
	f := getitab
	var err error = (*Error)(nil)
	known := *(**itab)(unsafe.Pointer(&err))
	for _, addr := range pointersRead(**(**unsafe.Pointer)(unsafe.Pointer(&f))) {
		if isItabs(addr, known) {
			return addr
		}
	}
	return nil
})

// isItabs reports whether addr holds a table with an entry that is known to be there. It may be any variable of a word, or none: a fault says so.
//
//go:nocheckptr
func isItabs(addr *unsafe.Pointer, known *itab) (found bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			found = false
		}
	}()
	p := atomic.LoadPointer(addr)
	if uintptr(p) < 1<<16 || uintptr(p)%8 != 0 {
		return false
	}
	t := (*itabTable)(p)
	if t.size < 512 || t.size > 1<<26 || t.size&(t.size-1) != 0 || t.count == 0 || t.count >= t.size {
		return false
	}
	entries := t.entries()
	h := uintptr(known.inter.hash^known.typ.hash) & (t.size - 1)
	for i := uintptr(1); i < t.size; i++ { // as the runtime looks
		switch (*itab)(atomic.LoadPointer(&entries[h])) {
		case known:
			return true
		case nil:
			return false
		}
		h = (h + i) & (t.size - 1)
	}
	return false
}
