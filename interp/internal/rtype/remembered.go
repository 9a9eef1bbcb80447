package rtype

import (
	"encoding/binary"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"

	"poolbook/interp/internal/goabi"
)

// What the runtime remembers of types and interfaces, for types that get methods later. Compiled types never do, so it keeps
// for ever what it has found out:
//
//   - its table of itabs has one for each interface that a type was converted to or asked for: without methods when the type does not
//     implement it. Interface values hold a pointer to the itab, and compiled code compares these: there must be one only.
//   - each type assertion and type switch of compiled code that asks for interfaces has a cache of its answers.
//
// So a type that has other methods gets its itabs mended in place and its answers taken out of the caches.
//
// What keeps this sound:
//   - the table and the caches are found in the data of the program by their shape, among words that the collector takes for pointers;
//     a trial with a type of our own shows that they are what they are taken for. Where the trial fails, nothing is touched.
//   - an itab is filled as the runtime does it: its first method comes last, and says that the others are there.
//   - an entry of a cache that goes has the type 0 stored: to code that looks this is the end of the entries, and it asks the runtime.
//   - what is read and written are single words, as the runtime reads and writes them.

//go:linkname lastModule runtime.lastmoduledatap
var lastModule *goabi.ModuleData

//go:linkname resolveNameOff reflect.resolveNameOff
func resolveNameOff(base unsafe.Pointer, off nameOff) unsafe.Pointer

//go:linkname resolveTypeOff reflect.resolveTypeOff
func resolveTypeOff(base unsafe.Pointer, off typeOff) unsafe.Pointer

//go:linkname resolveTextOff reflect.resolveTextOff
func resolveTextOff(base unsafe.Pointer, off textOff) unsafe.Pointer

const wordSize = unsafe.Sizeof(uintptr(0))

// itab is the runtime's table of the methods of a type for an interface; fun is as long as the interface's list of methods.
type itab struct {
	inter *interfaceType
	typ   *rtype
	_     uint32
	fun   [1]uintptr // the first is 0 when the type does not implement the interface
}

func (m *itab) slot(i int) *uintptr {
	return (*uintptr)(unsafe.Add(unsafe.Pointer(&m.fun[0]), uintptr(i)*wordSize))
}

// itabTable is the runtime's table: entries has size places, a power of two.
type itabTable struct {
	size, count uintptr
	entries     [1]unsafe.Pointer
}

func (t *itabTable) at(i uintptr) *unsafe.Pointer {
	return (*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(&t.entries[0]), i*wordSize))
}

// has reports whether the table has an itab where the runtime would look for it.
//
//go:norace
//go:nocheckptr
func (t *itabTable) has(m *itab) bool {
	mask := t.size - 1
	h := uintptr(m.inter.hash^m.typ.hash) & mask
	for i := uintptr(1); i <= t.size; i++ {
		switch *(*uintptr)(unsafe.Pointer(t.at(h))) {
		case 0:
			return false
		case uintptr(unsafe.Pointer(m)):
			return true
		}
		h = (h + i) & mask
	}
	return false
}

// answers is the cache of a type assertion or a type switch.
type answers struct {
	cache *unsafe.Pointer
	words uintptr // of an entry, which begins with a type: two or three
}

// memory is where the runtime remembers; its fields do not change.
type memory struct {
	table  *unsafe.Pointer // the runtime's variable
	caches []answers
}

// remembered is where the runtime of this process remembers, nil if that is not known.
var remembered = sync.OnceValue(func() *memory {
	m := findMemory(lastModule)
	if m == nil || !m.trial() {
		return nil
	}
	return m
})

// initialised lies in the data of the program: the linker gives it its value.
var (
	initialised = &zero
	zero        byte
)

// findMemory looks for the runtime's table and caches in the data of the program.
//
//go:norace
//go:nocheckptr
func findMemory(md *goabi.ModuleData) *memory {
	if md == nil || !within(uintptr(unsafe.Pointer(&initialised)), md.Data, md.DataEnd) ||
		!within(uintptr(unsafe.Pointer(descriptor(reflect.TypeFor[error]()))), md.Types, md.TypesEnd) {
		return nil
	}
	n := (uintptr(md.DataEnd) - uintptr(md.Data)) / wordSize
	if uintptr(md.DataMask.N) < n || md.DataMask.Bytes == nil {
		return nil
	}
	m := &memory{}
	var err error = (*Error)(nil)
	known := *(**itab)(unsafe.Pointer(&err)) // an interface value begins with its itab
	for i := range n - 2 {
		at := unsafe.Add(md.Data, i*wordSize)
		p := *(*uintptr)(at)
		if p == 0 || !isPointer(md, i) || within(p, md.Types, md.TypesEnd) {
			continue
		}
		if words := answersAt(md, i, n); words > 0 {
			m.caches = append(m.caches, answers{(*unsafe.Pointer)(at), words})
			continue
		}
		// A small table is in the data of the program, a large one a large object of the heap, which begins at a page.
		if within(p, md.NoptrData, md.End) || p%8192 == 0 {
			if t := *(**itabTable)(at); t.size >= 512 && t.size <= 1<<24 && t.size&(t.size-1) == 0 && 0 < t.count && t.count < t.size && t.has(known) {
				if m.table != nil {
					return nil
				}
				m.table = (*unsafe.Pointer)(at)
			}
		}
	}
	if m.table == nil {
		return nil
	}
	return m
}

func within(p uintptr, from, to unsafe.Pointer) bool { return uintptr(from) <= p && p < uintptr(to) }

// isPointer reports whether the i-th word of the data is a pointer.
func isPointer(md *goabi.ModuleData, i uintptr) bool {
	return *(*uint8)(unsafe.Add(md.DataMask.Bytes, i/8))>>(i%8)&1 != 0
}

// answersAt returns how long the entries of the cache are that the i-th of n words of the data points to, 0 when that is not what it is.
//
//go:norace
//go:nocheckptr
func answersAt(md *goabi.ModuleData, i, n uintptr) (words uintptr) {
	word := func(i uintptr) uintptr { return *(*uintptr)(unsafe.Add(md.Data, i*wordSize)) }
	cases := word(i + 1)
	if isInterface(md, cases) && word(i+2) <= 1 { // a cache, the interface, and whether the assertion may fail
		return 2
	}
	if cases < 1 || cases > 1000 || i+2+cases > n { // a cache, the number of interfaces, and these
		return 0
	}
	for j := range cases {
		if !isInterface(md, word(i+2+j)) {
			return 0
		}
	}
	return 3
}

// isInterface reports whether p is the address of a compiled interface type with methods.
//
//go:nocheckptr
func isInterface(md *goabi.ModuleData, p uintptr) bool {
	if p%wordSize != 0 || !within(p, md.Types, md.TypesEnd) || !within(p+unsafe.Sizeof(interfaceType{}), md.Types, md.TypesEnd) {
		return false
	}
	t := (*interfaceType)(unsafe.Add(md.Types, p-uintptr(md.Types)))
	return reflect.Kind(t.kind) == reflect.Interface && t.size == 2*wordSize && t.ptrBytes == 2*wordSize && len(t.methods) > 0 &&
		within(uintptr(unsafe.Pointer(&t.methods[0])), md.Types, md.TypesEnd)
}

// forget takes what compiled code has found out of some types out of its caches, and returns how many entries that were.
//
//go:norace
//go:nocheckptr
func (m *memory) forget(types map[*rtype]bool) (n int) {
	of := map[uintptr]bool{}
	for r := range types {
		of[uintptr(unsafe.Pointer(r))] = true // descriptors stay where they are
	}
	for _, c := range m.caches {
		p := atomic.LoadPointer(c.cache)
		if p == nil || within(uintptr(p), lastModule.NoptrData, lastModule.End) {
			continue // the empty one, which all begin with
		}
		mask := *(*uintptr)(p)
		if mask&(mask+1) != 0 || mask > 1<<16 {
			continue
		}
		for i := range mask + 1 {
			if typ := (*uintptr)(unsafe.Add(p, (1+i*c.words)*wordSize)); of[*typ] {
				atomic.StoreUintptr(typ, 0)
				n++
			}
		}
	}
	return n
}

// retired are itabs of interfaces that a type does not implement any more, by those that say so.
var retired struct {
	sync.Mutex
	by map[*itab]*itab
}

// changed makes the runtime know the methods that types have now.
//
//go:norace
//go:nocheckptr
func (m *memory) changed(types map[*rtype]bool) {
	for {
		t := (*itabTable)(atomic.LoadPointer(m.table))
		for i := range t.size {
			p := t.at(i)
			if tab := (*itab)(atomic.LoadPointer(p)); tab != nil && types[tab.typ] {
				if now := tab.mend(); now != tab {
					atomic.StorePointer(p, unsafe.Pointer(now))
				}
			}
		}
		if t == (*itabTable)(atomic.LoadPointer(m.table)) {
			break // nobody has copied the table meanwhile
		}
	}
	m.forget(types)
}

// mend gives an itab the methods that its type has now, and returns the one to be used in its place: another one when the type
// implements the interface no longer, as values with the old itab go on.
func (m *itab) mend() *itab {
	fun := implementation(m.typ, m.inter)
	implemented := atomic.LoadUintptr(m.slot(0)) != 0
	if fun == nil && !implemented {
		return m
	}
	retired.Lock()
	defer retired.Unlock()
	if fun == nil {
		words := make([]unsafe.Pointer, (unsafe.Sizeof(itab{})+uintptr(len(m.inter.methods)-1)*wordSize)/wordSize)
		now := (*itab)(unsafe.Pointer(&words[0]))
		now.inter, now.typ = m.inter, m.typ
		if retired.by == nil {
			retired.by = map[*itab]*itab{}
		}
		retired.by[now] = m // this also keeps it: the collector does not look into the table
		return now
	}
	if old := retired.by[m]; old != nil {
		m = old
	}
	for i := len(fun) - 1; i >= 0; i-- {
		atomic.StoreUintptr(m.slot(i), fun[i])
	}
	return m
}

// implementation returns the code of a type's methods for an interface, nil when it does not implement it.
func implementation(r *rtype, inter *interfaceType) []uintptr {
	it := reflectType(&inter.rtype)
	u := uncommonOf(r)
	list := unsafe.Slice((*method)(unsafe.Add(unsafe.Pointer(u), atomic.LoadUint32(&u.moff))), u.mcount)
	var fun []uintptr
	for i := range it.NumMethod() { // both lists are in the same order
		want := it.Method(i)
		for len(list) > 0 {
			m := list[0]
			list = list[1:]
			name, pkg := decodeName(unsafe.Pointer(r), m.name)
			if name == want.Name && pkg == want.PkgPath && resolveTypeOff(unsafe.Pointer(r), m.mtyp) == unsafe.Pointer(descriptor(want.Type)) {
				fun = append(fun, uintptr(resolveTextOff(unsafe.Pointer(r), m.ifn)))
				break
			}
		}
		if len(fun) == i {
			return nil
		}
	}
	return fun
}

// uncommonOf returns the second part of a descriptor that newDescriptor made.
func uncommonOf(r *rtype) *uncommon {
	return (*uncommon)(unsafe.Add(unsafe.Pointer(r), fixedType(reflect.Kind(r.kind)).Size()))
}

// decodeName reads a name that encodeName wrote, or the compiler: its text, and the package path where it has one.
func decodeName(base unsafe.Pointer, off nameOff) (name, pkg string) {
	name, in := decodeBytes(resolveNameOff(base, off))
	if in != 0 {
		pkg, _ = decodeName(base, in)
	}
	return name, pkg
}

// decodeBytes reads a name where it lies: its text, and where that of its package is.
func decodeBytes(p unsafe.Pointer) (name string, pkg nameOff) {
	if p == nil {
		return "", 0
	}
	at := 1
	text := func() string {
		n := 0
		for shift := 0; ; shift += 7 {
			b := *(*byte)(unsafe.Add(p, at))
			n, at = n|int(b&0x7f)<<shift, at+1
			if b < 0x80 {
				break
			}
		}
		if n == 0 {
			return ""
		}
		at += n
		return unsafe.String((*byte)(unsafe.Add(p, at-n)), n)
	}
	flags := *(*byte)(p)
	name = text()
	if flags&(1<<1) != 0 {
		text() // the tag
	}
	if flags&(1<<2) != 0 {
		pkg = nameOff(binary.NativeEndian.Uint32(unsafe.Slice((*byte)(unsafe.Add(p, at)), 4)))
	}
	return name, pkg
}

// trial lets compiled code ask for an interface that a type does not implement until it has remembered the answer, in the table and in a cache,
// gives the type the method, and reports whether code finds it then.
func (m *memory) trial() bool {
	type asked interface{ Trial() int }
	r, u, _, room := newDescriptor(fixedType(reflect.Pointer), 0, 1)
	*r = *descriptor(reflect.TypeFor[*struct{}]())
	r.tflag = r.tflag&(tflagRegular|tflagDirectIface|tflagMaskOnDemand) | tflagUncommon
	r.hash = nextHash()
	r.ptrToThis = 0
	r.str = offOfString("trial")
	u.pkgPath = offOfString("trial")
	value := eface{typ: unsafe.Pointer(r), data: unsafe.Pointer(new(int))}
	x := *(*any)(unsafe.Pointer(&value))
	types := map[*rtype]bool{r: true}
	for tries := 0; m.forget(types) == 0; tries++ {
		if tries > 100 {
			return false
		}
		for range 1000 { // one answer in a thousand is remembered
			if _, ok := x.(asked); ok {
				return false
			}
		}
	}
	code := **(**unsafe.Pointer)(unsafe.Pointer(&trialMethod))
	f := offOfText(code)
	mtyp := offOfType(descriptor(reflect.TypeFor[func() int]()))
	setMethods(u, room, []method{{name: offOfName(encodeName("Trial", "", true, false, "")), mtyp: mtyp, ifn: f, tfn: f}}, 1)
	if _, ok := x.(asked); ok {
		return false // it is remembered that there is none
	}
	m.changed(types)
	y, ok := x.(asked)
	if !ok || y.Trial() != trialResult {
		return false
	}
	setMethods(u, room, nil, 0)
	m.changed(types)
	_, ok = x.(asked)
	return !ok && y.Trial() == trialResult
}

const trialResult = 26

// trialMethod is a method of a type whose values are pointers.
var trialMethod = func(unsafe.Pointer) int { return trialResult }
