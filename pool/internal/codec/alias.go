package codec

import (
	"math"
	"reflect"
	"slices"
	"unsafe"
)

// Pointers into the middle of values, and slices that share elements, keep what they share: list.List, whose root is a part of the list;
// g.Best = &g.Nodes[1]; a[:2] and a[1:3]. Before a value is encoded whose type makes that possible at all, a scan notes what memory its
// pointers and slices refer to. Where two overlap, the memory of both is one part of the message, and each of them a place in it.

// region is memory that a pointer, a slice or a variable refers to: n values of type elem, which is no array.
type region struct {
	p    unsafe.Pointer
	elem reflect.Type
	n    int
}

func (r region) size() uintptr {
	if r.n == 0 {
		return 0
	}
	return uintptr(r.n) * r.elem.Size()
}

func (r region) end() uintptr { return uintptr(r.p) + r.size() }

// flat is the region of n values of type t.
func flat(p unsafe.Pointer, t reflect.Type, n int) region {
	for t.Kind() == reflect.Array {
		n, t = n*t.Len(), t.Elem()
	}
	return region{p, t, n}
}

// part is memory that several pointers and slices of a message refer to.
type part struct {
	region
	num      int // in the message; -1 until it is there
	variable int // whose memory it is, from 1; 0 for none
}

// scanner finds the regions of a value.
type scanner struct {
	e       *Encoder
	regions []region
	seen    map[ref]bool
	shared  map[region]bool // met by two slices
	depth   int
}

// slot is a field or element within a value.
type slot struct {
	*plan
	offset uintptr
}

func (s *scanner) value(p *plan, at unsafe.Pointer) {
	if !p.refs || s.depth > maxDepth {
		return
	}
	s.depth++
	defer func() { s.depth-- }()
	switch p.kind {
	case reflect.Pointer:
		ptr := *(*unsafe.Pointer)(at)
		if ptr == nil || !s.first(ref{ptr, p.t, 0}) {
			return
		}
		s.add(flat(ptr, p.elem.t, 1))
		s.value(p.elem, ptr)
	case reflect.Slice:
		sl := (*slice)(at)
		if sl.len == 0 {
			return
		}
		r := flat(sl.data, p.elem.t, sl.len)
		if !s.first(ref{sl.data, p.t, sl.len}) {
			if r.size() > 0 {
				if s.shared == nil {
					s.shared = map[region]bool{}
				}
				s.shared[r] = true
			}
			return
		}
		s.add(r)
		if p.elem.refs {
			for i := range sl.len {
				s.value(p.elem, unsafe.Add(sl.data, uintptr(i)*p.elem.size))
			}
		}
	case reflect.Array:
		for i := range p.t.Len() {
			s.value(p.elem, unsafe.Add(at, uintptr(i)*p.elem.size))
		}
	case reflect.Struct:
		for _, f := range p.slots {
			s.value(f.plan, unsafe.Add(at, f.offset))
		}
	case reflect.Map:
		ptr := *(*unsafe.Pointer)(at)
		if ptr == nil || !p.key.refs && !p.elem.refs || !s.first(ref{ptr, p.t, 0}) {
			return
		}
		k, v := reflect.New(p.key.t).Elem(), reflect.New(p.elem.t).Elem()
		for it := reflect.NewAt(p.t, at).Elem().MapRange(); it.Next(); {
			k.SetIterKey(it)
			v.SetIterValue(it)
			s.value(p.key, unsafe.Pointer(k.UnsafeAddr()))
			s.value(p.elem, unsafe.Pointer(v.UnsafeAddr()))
		}
	case reflect.Func:
		ptr := *(*unsafe.Pointer)(at)
		if ptr == nil || !s.first(ref{ptr, p.t, 0}) {
			return
		}
		f, err := s.e.function(reflect.NewAt(p.t, at).Elem())
		if err != nil {
			return // encoding it fails, too
		}
		for _, v := range f.Captured {
			if vp, err := s.e.c.plan(v.Type()); err == nil {
				s.value(vp, address(v))
			}
		}
	case reflect.Interface:
		v := reflect.NewAt(p.t, at).Elem().Elem()
		if !v.IsValid() || isContext(v.Type()) {
			return
		}
		dp, err := s.e.c.plan(v.Type())
		if err != nil || !dp.refs {
			return
		}
		s.value(dp, address(v))
	}
}

// first reports whether something is met for the first time.
func (s *scanner) first(r ref) bool {
	if s.seen[r] {
		return false
	}
	if s.seen == nil {
		s.seen = map[ref]bool{}
	}
	s.seen[r] = true
	return true
}

func (s *scanner) add(r region) {
	if r.size() > 0 {
		s.regions = append(s.regions, r)
	}
}

// parts are the regions that overlap, put together. variables are those at the same index, from 1.
func (s *scanner) parts(variables []region) []part {
	type owned struct {
		region
		variable int
	}
	all := make([]owned, 0, len(s.regions)+len(variables))
	for _, r := range s.regions {
		all = append(all, owned{r, 0})
	}
	for i, r := range variables {
		if r.size() > 0 {
			all = append(all, owned{r, i + 1})
		}
	}
	slices.SortFunc(all, func(a, b owned) int {
		switch {
		case uintptr(a.p) < uintptr(b.p):
			return -1
		case uintptr(a.p) > uintptr(b.p):
			return 1
		case a.size() > b.size():
			return -1
		case a.size() < b.size():
			return 1
		}
		return 0
	})
	var list []part
	for i := 0; i < len(all); {
		end, widest, variable, shared := all[i].end(), all[i].region, all[i].variable, s.shared[all[i].region]
		j := i + 1
		for ; j < len(all) && uintptr(all[j].p) < end; j++ {
			r := all[j]
			end = max(end, r.end())
			shared = shared || s.shared[r.region]
			if r.variable > 0 {
				variable = r.variable
			}
			if r.elem.Size() > widest.elem.Size() || r.elem.Size() == widest.elem.Size() && holds(r.elem, widest.elem) {
				widest = r.region
			}
		}
		if j > i+1 || shared {
			if variable > 0 {
				list = append(list, part{variables[variable-1], -1, variable})
			} else if size := widest.elem.Size(); (uintptr(widest.p)-uintptr(all[i].p))%size == 0 && (end-uintptr(all[i].p))%size == 0 {
				list = append(list, part{region{all[i].p, widest.elem, int((end - uintptr(all[i].p)) / size)}, -1, 0})
			}
		}
		i = j
	}
	return list
}

// holds reports whether a value of type t has one of type part in its memory, or is one.
func holds(t, part reflect.Type) bool {
	if t == part {
		return true
	}
	if t.Size() < part.Size() {
		return false
	}
	switch t.Kind() {
	case reflect.Array:
		return holds(t.Elem(), part)
	case reflect.Struct:
		for i := range t.NumField() {
			if holds(t.Field(i).Type, part) {
				return true
			}
		}
	}
	return false
}

// fits reports whether n values of type want lie one behind the other at an offset of count values of type elem.
func fits(elem reflect.Type, count int, offset uintptr, want reflect.Type, n int) bool {
	for want.Kind() == reflect.Array {
		if want.Len() > 0 && n > math.MaxInt/want.Len() {
			return false
		}
		n, want = n*want.Len(), want.Elem()
	}
	for elem.Kind() == reflect.Array {
		count, elem = count*elem.Len(), elem.Elem()
	}
	size := elem.Size()
	if size == 0 || want.Size() == 0 || n < 0 || offset > uintptr(count)*size {
		return false
	}
	if elem == want {
		return offset%size == 0 && uintptr(n) <= uintptr(count)-offset/size
	}
	if offset >= uintptr(count)*size {
		return false
	}
	offset %= size
	if elem.Kind() == reflect.Struct {
		for i := range elem.NumField() {
			f := elem.Field(i)
			if f.Offset <= offset && offset < f.Offset+f.Type.Size() && fits(f.Type, 1, offset-f.Offset, want, n) {
				return true
			}
		}
	}
	return false
}

// site is where values of a type refer to memory.
type site struct {
	elem    reflect.Type // not an array
	pointer bool
	many    bool // there may be several in one value
}

// sites are those of a plan, and whether there are interfaces or functions, which may have any.
func (p *plan) sites() ([]site, bool) {
	p.siteOnce.Do(func() {
		found := map[site]bool{}
		visits := map[*plan]int{}
		var visit func(p *plan, many bool)
		visit = func(p *plan, many bool) {
			if !p.refs || visits[p] >= 2 {
				return
			}
			visits[p]++
			many = many || visits[p] == 2
			switch p.kind {
			case reflect.Pointer, reflect.Slice:
				found[site{flat(nil, p.elem.t, 1).elem, p.kind == reflect.Pointer, many}] = true
				visit(p.elem, many || p.kind == reflect.Slice)
			case reflect.Array:
				visit(p.elem, true)
			case reflect.Struct:
				for _, f := range p.slots {
					visit(f.plan, many)
				}
			case reflect.Map:
				visit(p.key, true)
				visit(p.elem, true)
			case reflect.Interface, reflect.Func:
				found[site{}] = true
			}
		}
		visit(p, false)
		for s := range found {
			if s.elem == nil {
				p.anySite = true
			} else {
				p.allSites = append(p.allSites, s)
			}
		}
	})
	return p.allSites, p.anySite
}

// mayShare reports whether values of the plans, encoded together, can refer to the same memory in ways that numbered pointers do not
// keep. variables are types whose memory pointers may lead to.
func mayShare(plans []*plan, variables []reflect.Type) bool {
	var all []site
	for _, p := range plans {
		sites, any := p.sites()
		if any {
			return true
		}
		all = append(all, sites...)
	}
	for i, a := range all {
		if a.many && !a.pointer {
			return true
		}
		for _, b := range all[i+1:] {
			if (holds(a.elem, b.elem) || holds(b.elem, a.elem)) && !(a.pointer && b.pointer && a.elem == b.elem) {
				return true
			}
		}
		for _, t := range variables {
			if holds(flat(nil, t, 1).elem, a.elem) || holds(a.elem, t) {
				return true
			}
		}
	}
	return false
}

// share notes what memory a value shares within itself, before it is encoded.
func (e *Encoder) share(p *plan, at unsafe.Pointer) {
	p.shareOnce.Do(func() { p.shares = mayShare([]*plan{p}, nil) })
	e.parts = nil
	if !p.shares {
		return
	}
	s := &scanner{e: e}
	s.value(p, at)
	e.parts = s.parts(nil)
}

// Share notes what memory variables, which are encoded next, share with each other, until Reset. It returns those that share some, by
// their index; nil for none. Those go all into the message, and Number says at which place each of them does.
func (e *Encoder) Share(variables []reflect.Value) (sharing map[int]bool, err error) {
	e.together, e.parts = true, nil
	refs := false
	plans := make([]*plan, len(variables))
	for i, v := range variables {
		if plans[i], err = e.c.plan(v.Type()); err != nil {
			return nil, err
		}
		refs = refs || plans[i].refs
	}
	if !refs {
		return nil, nil
	}
	typs := make([]reflect.Type, len(variables))
	for i, v := range variables {
		typs[i] = v.Type()
	}
	if !mayShare(plans, typs) {
		return nil, nil
	}
	s := &scanner{e: e}
	memory := make([]region, len(variables))
	upTo := make([]int, len(variables)) // how many regions there are behind each variable
	for i, v := range variables {
		if v.CanAddr() {
			memory[i] = flat(unsafe.Pointer(v.UnsafeAddr()), v.Type(), 1)
		}
		s.value(plans[i], address(v))
		upTo[i] = len(s.regions)
	}
	if e.parts = s.parts(memory); len(e.parts) == 0 {
		return nil, nil
	}
	sharing = map[int]bool{}
	at := 0
	for i := range variables {
		for ; at < upTo[i]; at++ {
			if e.part(s.regions[at].p) != nil {
				sharing[i] = true
			}
		}
		if memory[i].n > 0 && memory[i].size() > 0 && e.part(memory[i].p) != nil {
			sharing[i] = true
		}
	}
	return sharing, nil
}

// Number says that the variable at index i of Share is the one at place[i] for the decoder's Variables.
func (e *Encoder) Number(place []int) {
	for i := range e.parts {
		if v := e.parts[i].variable; v > 0 {
			e.parts[i].variable = place[v-1] + 1
		}
	}
}

// part finds the part that an address is in, nil for none.
func (e *Encoder) part(p unsafe.Pointer) *part {
	i, ok := slices.BinarySearchFunc(e.parts, uintptr(p), func(x part, p uintptr) int {
		switch {
		case x.end() <= p:
			return -1
		case uintptr(x.p) > p:
			return 1
		}
		return 0
	})
	if !ok {
		return nil
	}
	return &e.parts[i]
}

// place writes the part and the offset in it of something that is shared; false when it is not.
func (e *Encoder) place(p unsafe.Pointer) (bool, error) {
	x := e.part(p)
	if x == nil {
		return false, nil
	}
	offset := uint64(uintptr(p) - uintptr(x.p))
	if x.variable > 0 {
		e.buf = append(e.buf, tagVariable)
		e.uvarint(uint64(x.variable - 1))
		e.uvarint(offset)
		return true, nil
	}
	e.buf = append(e.buf, tagPart)
	if x.num >= 0 {
		e.uvarint(uint64(x.num))
		e.uvarint(offset)
		return true, nil
	}
	name, err := e.c.typeName(x.elem)
	if err != nil {
		return true, refuse(x.elem, err.Error())
	}
	plan, err := e.c.plan(x.elem)
	if err != nil {
		return true, err
	}
	e.named(x.elem)
	x.num = e.placed
	e.placed++
	e.uvarint(uint64(x.num))
	e.string(name)
	e.uvarint(uint64(x.n))
	memory := x.region
	if err := e.enter(); err != nil {
		return true, err
	}
	if err := e.elements(plan, memory.p, memory.n); err != nil {
		return true, err
	}
	e.depth--
	e.uvarint(offset)
	return true, nil
}

// Variables says where the variables will be that the encoder's Number has told the places of: pointers to them lead there.
func (d *Decoder) Variables(vars []reflect.Value) {
	d.variables = make([]region, len(vars))
	for i, v := range vars {
		d.variables[i] = region{unsafe.Pointer(v.UnsafeAddr()), v.Type(), 1}
	}
}

// place reads what Encoder.place has written, of as many values of type want as count then reads.
func (d *Decoder) place(tag byte, want reflect.Type, count func() (int, error)) (unsafe.Pointer, int, error) {
	num, err := d.uvarint()
	if err != nil {
		return nil, 0, err
	}
	var at region
	switch {
	case tag == tagVariable && num < uint64(len(d.variables)):
		at = d.variables[num]
	case tag == tagPart && num < uint64(len(d.parts)):
		at = d.parts[num]
	case tag == tagPart && num == uint64(len(d.parts)):
		if at, err = d.part(); err != nil {
			return nil, 0, err
		}
	default:
		return nil, 0, malformed("shared memory")
	}
	offset, err := d.uvarint()
	if err != nil {
		return nil, 0, err
	}
	n, err := count()
	if err != nil {
		return nil, 0, err
	}
	if offset > uint64(at.size()) || !fits(at.elem, at.n, uintptr(offset), want, n) {
		return nil, 0, malformed("place in shared memory")
	}
	return unsafe.Add(at.p, offset), n, nil
}

// part reads the contents of shared memory.
func (d *Decoder) part() (region, error) {
	name, err := d.string()
	if err != nil {
		return region{}, err
	}
	t, err := d.c.typeByName(name)
	if err != nil {
		return region{}, err
	}
	p, err := d.c.plan(t)
	if err != nil {
		return region{}, err
	}
	if p.size == 0 {
		return region{}, malformed("shared memory without size")
	}
	n, err := d.count(p)
	if err != nil {
		return region{}, err
	}
	v := reflect.MakeSlice(reflect.SliceOf(t), n, n)
	at := region{v.UnsafePointer(), t, n}
	d.parts = append(d.parts, at)
	if err := d.enter(); err != nil {
		return region{}, err
	}
	err = d.elements(p, at.p, n)
	d.depth--
	return at, err
}
