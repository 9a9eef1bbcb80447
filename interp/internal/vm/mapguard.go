package vm

import (
	"go/types"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"golang.org/x/tools/go/ssa"
)

// The runtime ends the process when it finds two goroutines in one map, one of
// them writing. Maps are therefore guarded as soon as a second goroutine runs:
// an operation marks the map as in use, and one that finds it in use by another
// goroutine ends its run with a *Fatal. So interpreted code cannot meet itself
// in the runtime. Compiled code marks nothing: of calls that are known to look
// into maps see maphand.go, of the rest fatal_linux_amd64.go.
//
// One goroutine alone pays a flag for that. It sets inMap, then reads that it is
// alone; whoever ends that state does it the other way round (see join). The same
// goes for maps that one goroutine of many uses alone: the first one there owns
// the map's slot until another comes (see claim). Only then are operations marked.

// sharing is the state of this in a machine.
type sharing struct {
	state uint32 // alone, shared or in between; atomic

	mu     sync.Mutex // guards what follows, and changes of state
	active int        // goroutines that run, or have begun to
	sticky bool       // compiled code calls back from goroutines of its own: do not change back and forth

	owners [guardSlots]uint32 // who may use the maps of a slot without marking it; atomic
	owned  atomic.Bool        // some slot is not nobody's
	lost   atomic.Int32       // slots that changed from one's to everybody's; maxLost: no goroutine gets one any more

	// A writer takes a slot of writers, a reader one of its lane. Each then looks
	// for the other's kind: of two that meet, one at least sees the other.
	writers [guardSlots]guardSlot
	lanes   [][guardSlots]guardSlot // a power of two of them
	handed  handed
	sites   siteList
}

const (
	alone = iota
	joining
	shared
)

const (
	guardSlots  = 512
	maxLaneBits = 2
	// settle is how long the store of inMap may take to be seen by another
	// processor; store buffers drain in well under a microsecond.
	settle = 20 * time.Microsecond
)

// Owners of a slot that are no goroutine's uid.
const (
	nobody   = 0
	everyone = 1<<32 - 1
	changing = everyone - 1 // soon everyone: its owner may not have seen it yet
	maxLost  = 16
)

// guardSlot is taken by one operation at a time. Its word says by which: 45 bits
// of the map's address, the number of its site, whether it writes; 0: free.
type guardSlot struct {
	word uint64   // atomic
	_    [56]byte // a cache line of its own
}

const (
	wordWrites = 1
	siteBits   = 18
	siteShift  = 1
	addrShift  = siteShift + siteBits
)

func newSharing() *sharing {
	s := &sharing{lanes: make([][guardSlots]guardSlot, 1<<min(maxLaneBits, bits.Len(uint(runtime.GOMAXPROCS(0)-1))))}
	if raceEnabled {
		s.state, s.sticky = shared, true // the race detector does not know join's way, nor claim's
		s.lost.Store(maxLost)
	}
	return s
}

// fork counts a goroutine that the caller, one of the machine's, is about to start.
func (s *sharing) fork() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active++
	if atomic.LoadUint32(&s.state) == alone {
		s.disown() // the caller was the only one, and is in no map
		atomic.StoreUint32(&s.state, shared)
	}
}

// disown makes all slots nobody's, while no goroutine can be in a map.
func (s *sharing) disown() {
	if s.lost.Load() < maxLost && s.owned.Swap(false) {
		clear(s.owners[:])
	}
}

// join counts a goroutine that begins to run interpreted code, without another
// of the machine's having started it.
func (s *sharing) join(m *Machine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active++; s.active == 1 && !raceEnabled {
		s.lost.Store(0)
		s.disown()
	}
	if s.active == 1 || atomic.LoadUint32(&s.state) != alone {
		return
	}
	atomic.StoreUint32(&s.state, joining)
	s.sticky = true
	m.leaveMaps()
	atomic.StoreUint32(&s.state, shared)
}

// leaveMaps waits until every goroutine that was in a map has left it, and sees
// at its next operation what the caller has stored.
func (m *Machine) leaveMaps() {
	if from := nanotime(); inBubble() { // whose clock would go on
		for nanotime()-from < int64(settle) {
			runtime.Gosched()
		}
	} else {
		time.Sleep(settle)
	}
	m.running.Range(func(_, v any) bool {
		for g := v.(*goroutine); atomic.LoadUint32(&g.inMap) != 0; {
			runtime.Gosched()
		}
		return true
	})
}

// Quiet calls f while no goroutine runs interpreted code, and keeps any from beginning to. It reports false, without having called f, when
// one does already. f must not run such code itself.
func (m *Machine) Quiet(f func()) bool {
	s := m.sharing
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active > 0 {
		return false
	}
	f()
	return true
}

// leave takes back a fork or join.
func (s *sharing) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active--; raceEnabled {
		return
	}
	if s.active == 0 {
		s.sticky = false
	}
	if s.active == 0 || s.active == 1 && !s.sticky {
		atomic.StoreUint32(&s.state, alone)
	}
}

// mapSite is an operation of the program on a map.
type mapSite struct {
	frame  Frame
	name   string // of the map, "" when it has none
	number uint64 // its index in siteList, shifted
	writes bool
	ranges bool
}

// siteList numbers the sites. The numbers of those that the collector has taken, with the code that used them, are used again; of more than 2^18
// at a time some share a number, which makes an error name a wrong place at worst.
type siteList struct {
	mu   sync.Mutex
	list []weak.Pointer[mapSite] // the code that uses it keeps it alive
	free []int32                 // numbers of sites that have gone
	next int                     // number that is shared next
}

func (l *siteList) add(s *mapSite) *mapSite {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.number()
	l.list[n] = weak.Make(s)
	s.number = uint64(n) << siteShift
	return s
}

// number returns a number that no site has. It looks for sites that have gone each time that the list is to become larger in memory.
func (l *siteList) number() int {
	if len(l.free) == 0 && len(l.list) == cap(l.list) {
		for i, s := range l.list {
			if s.Value() == nil {
				l.list[i] = weak.Pointer[mapSite]{}
				l.free = append(l.free, int32(i))
			}
		}
		if len(l.free) < len(l.list)/4 {
			l.list = slices.Grow(l.list, max(len(l.list), 64)) // so that the next look is far away
		}
	}
	if n := len(l.free); n > 0 {
		i := l.free[n-1]
		l.free = l.free[:n-1]
		return int(i)
	}
	if len(l.list) < 1<<siteBits {
		l.list = append(l.list, weak.Pointer[mapSite]{})
		return len(l.list) - 1
	}
	l.next = (l.next + 1) % (1 << siteBits)
	return l.next
}

// of returns the site of a slot's word.
func (l *siteList) of(word uint64) *mapSite {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.list[word>>siteShift&(1<<siteBits-1)].Value(); s != nil {
		return s
	}
	return &mapSite{writes: word&wordWrites != 0}
}

// mapFunc is f, an operation on the map in register m, guarded.
func (c *compiler) mapFunc(m uint32, of ssa.Value, writes bool, f coldFunc) coldFunc {
	site := c.mapSite(of, writes)
	return func(g *goroutine, fp ptr) {
		if !g.aloneInMap(*at[ptr](fp, m)) {
			g.guarded(site, *at[ptr](fp, m), f, fp)
			return
		}
		f(g, fp)
		g.inMap = 0
	}
}

func (c *compiler) mapSite(of ssa.Value, writes bool) *mapSite {
	return c.m.sharing.sites.add(&mapSite{frame: Frame{Func: c.fn, Name: funcName(c.fn), Pos: c.pos}, name: nameOf(of), writes: writes})
}

// nameOf is what the program calls v, "" when it does not say.
func nameOf(v ssa.Value) string {
	switch v := v.(type) {
	case *ssa.Parameter, *ssa.FreeVar:
		return v.Name()
	case *ssa.Global:
		return v.Name()
	case *ssa.Alloc:
		return v.Comment
	case *ssa.Phi:
		return v.Comment
	case *ssa.UnOp:
		return nameOf(v.X)
	case *ssa.FieldAddr:
		return nameOfField(v.X, v.X.Type().Underlying().(*types.Pointer).Elem(), v.Field)
	case *ssa.Field:
		return nameOfField(v.X, v.X.Type(), v.Field)
	}
	return ""
}

func nameOfField(x ssa.Value, t types.Type, field int) string {
	name := t.Underlying().(*types.Struct).Field(field).Name()
	if of := nameOf(x); of != "" {
		return of + "." + name
	}
	return name
}

// aloneInMap begins an operation on map m of the only goroutine that uses it, and
// ends by setting inMap to 0. It returns false when there may be others: then
// guarded is for it.
//
//go:norace
func (g *goroutine) aloneInMap(m ptr) bool {
	g.inMap = 1
	s := g.m.sharing
	if atomic.LoadUint32(&s.state) == alone || atomic.LoadUint32(&s.owners[guardIndex(m)]) == g.uid {
		return true
	}
	g.inMap = 0
	return false
}

func guardIndex(m ptr) uintptr { return (uintptr(m)>>5 ^ uintptr(m)>>14) % guardSlots }

// claim reports whether slot i is g's, when it was nobody's before. If it was
// another goroutine's it is everyone's from now on. A program whose goroutines
// meet in many slots loses time with that: it gets no more of its own.
func (g *goroutine) claim(i uintptr) bool {
	s := g.m.sharing
	for o := &s.owners[i]; ; {
		switch owner := atomic.LoadUint32(o); owner {
		case g.uid:
			return true
		case everyone:
			return false
		case changing:
			runtime.Gosched()
		case nobody:
			if s.lost.Load() >= maxLost {
				atomic.CompareAndSwapUint32(o, nobody, everyone)
			} else if atomic.CompareAndSwapUint32(o, nobody, g.uid) {
				s.owned.Store(true)
			}
		default:
			if atomic.CompareAndSwapUint32(o, owner, changing) {
				g.m.share(i)
			}
		}
	}
}

// share makes slot i everyone's, and all the slots when that happened often.
func (m *Machine) share(i uintptr) {
	s := m.sharing
	list := []uintptr{i}
	if s.lost.Add(1) == maxLost {
		for i := range s.owners {
			o := &s.owners[i]
			if owner := atomic.LoadUint32(o); owner != nobody && owner < changing && atomic.CompareAndSwapUint32(o, owner, changing) {
				list = append(list, uintptr(i))
			}
		}
	}
	m.leaveMaps()
	for _, i := range list {
		atomic.StoreUint32(&s.owners[i], everyone)
	}
}

// guarded is an operation on map m beside other goroutines.
func (g *goroutine) guarded(site *mapSite, m ptr, f coldFunc, fp ptr) {
	if m == nil {
		f(g, fp)
		return
	}
	s := g.m.sharing
	word := uint64(uintptr(m)>>3)<<addrShift | site.number
	slot := guardIndex(m)
	if g.claim(slot) && g.aloneInMap(m) {
		f(g, fp)
		g.inMap = 0
		return
	}
	if !site.writes {
		w := &s.lanes[g.number&(len(s.lanes)-1)][slot].word
		g.take(w, word, site)
		defer release(w)
		if other := atomic.LoadUint64(&s.writers[slot].word); other != 0 {
			g.meet(other, word, site)
		}
		g.meetHanded(m, site)
		f(g, fp)
		return
	}
	word |= wordWrites
	w := &s.writers[slot].word
	g.take(w, word, site)
	defer release(w)
	for i := range s.lanes {
		if other := atomic.LoadUint64(&s.lanes[i][slot].word); other != 0 {
			g.meet(other, word, site)
		}
	}
	g.meetHanded(m, site)
	f(g, fp)
}

// take waits for the slot to be free. Finding there an operation on the same
// map, one of the two writing, ends the run.
func (g *goroutine) take(w *uint64, word uint64, site *mapSite) {
	for spins := 0; !atomic.CompareAndSwapUint64(w, 0, word); spins++ {
		g.meet(atomic.LoadUint64(w), word, site)
		if spins > 100 {
			g.checkStop()
			runtime.Gosched()
		}
	}
}

// meet ends the run when other is an operation on the same map, one of the two
// writing.
func (g *goroutine) meet(other, word uint64, site *mapSite) {
	if other>>addrShift == word>>addrShift && (other|word)&wordWrites != 0 {
		g.fatal(conflict(site, g.m.sharing.sites.of(other)))
	}
}

// conflict is the error of two operations on one map at the same time.
func conflict(a, b *mapSite) *Fatal {
	name := a.name
	if name == "" {
		name = b.name
	}
	if name != "" {
		name = " " + name
	}
	f := &Fatal{}
	if b.frame.Func != nil {
		f.Other = []Frame{b.frame}
	}
	switch {
	case a.writes && b.writes:
		f.Message = "concurrent map writes: two goroutines wrote the map" + name + " at the same time"
	case a.ranges || b.ranges:
		f.Message = "concurrent map iteration and map write: one goroutine wrote the map" + name + " while another ranged over it"
	default:
		f.Message = "concurrent map read and map write: one goroutine wrote the map" + name + " while another read it"
	}
	return f
}
