package vm

import (
	"go/types"
	"runtime"
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
// in the runtime. Compiled code that a program hands a map to (fmt, encoding/json,
// reflect) marks nothing: it still can.
//
// One goroutine alone pays a flag for that. It sets inMap, then reads that it is
// alone; whoever ends that state does it the other way round (see join).

// sharing is the state of this in a machine.
type sharing struct {
	state uint32 // alone, shared or in between; atomic

	mu     sync.Mutex // guards what follows, and changes of state
	active int        // goroutines that run, or have begun to
	sticky bool       // compiled code calls back from goroutines of its own: do not change back and forth

	lanes [][guardSlots]guardSlot // a writer takes its slot in all of them, a reader in one
	sites siteList
}

const (
	alone = iota
	joining
	shared
)

const (
	guardSlots = 512
	maxLanes   = 4
	// settle is how long the store of inMap may take to be seen by another
	// processor; store buffers drain in well under a microsecond.
	settle = 20 * time.Microsecond
)

// guardSlot is taken by one operation at a time. Its word says by which: 45 bits
// of the map's address, the number of its site, whether it writes; 0: free.
type guardSlot struct {
	word atomic.Uint64
	_    [56]byte // a cache line of its own
}

const (
	wordWrites = 1
	siteBits   = 18
	siteShift  = 1
	addrShift  = siteShift + siteBits
)

func newSharing() *sharing {
	s := &sharing{lanes: make([][guardSlots]guardSlot, min(maxLanes, runtime.GOMAXPROCS(0)))}
	if raceEnabled {
		s.state, s.sticky = shared, true // the race detector does not know join's way
	}
	return s
}

// fork counts a goroutine that the caller, one of the machine's, is about to start.
func (s *sharing) fork() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active++
	if atomic.LoadUint32(&s.state) == alone {
		atomic.StoreUint32(&s.state, shared) // the caller was the only one, and is in no map
	}
}

// join counts a goroutine that begins to run interpreted code, without another
// of the machine's having started it.
func (s *sharing) join(m *Machine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active++; s.active == 1 || atomic.LoadUint32(&s.state) != alone {
		return
	}
	atomic.StoreUint32(&s.state, joining)
	s.sticky = true
	time.Sleep(settle)
	m.running.Range(func(_, v any) bool {
		for g := v.(*goroutine); atomic.LoadUint32(&g.inMap) != 0; {
			runtime.Gosched()
		}
		return true
	})
	atomic.StoreUint32(&s.state, shared)
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

// siteList numbers the sites. Numbers are used again after 2^18 of them, which
// makes an error name a wrong place at worst.
type siteList struct {
	mu   sync.Mutex
	list []weak.Pointer[mapSite] // the code that uses it keeps it alive
	next int
}

func (l *siteList) add(s *mapSite) *mapSite {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.next % (1 << siteBits)
	l.next++
	if n == len(l.list) {
		l.list = append(l.list, weak.Pointer[mapSite]{})
	}
	l.list[n] = weak.Make(s)
	s.number = uint64(n) << siteShift
	return s
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
		if !g.aloneInMap() {
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

// aloneInMap begins an operation of the only goroutine, which ends by setting
// inMap to 0. It returns false when there may be others: then guarded is for it.
//
//go:norace
func (g *goroutine) aloneInMap() bool {
	g.inMap = 1
	if atomic.LoadUint32(&g.m.sharing.state) == alone {
		return true
	}
	g.inMap = 0
	return false
}

// guarded is an operation on map m beside other goroutines.
func (g *goroutine) guarded(site *mapSite, m ptr, f coldFunc, fp ptr) {
	if m == nil {
		f(g, fp)
		return
	}
	s := g.m.sharing
	word := uint64(uintptr(m)>>3)<<addrShift | site.number
	slot := (uintptr(m)>>5 ^ uintptr(m)>>14) % guardSlots
	if !site.writes {
		w := &s.lanes[g.number%len(s.lanes)][slot].word
		g.take(w, word, site)
		defer w.Store(0)
		f(g, fp)
		return
	}
	word |= wordWrites
	taken := 0
	defer func() {
		for i := range taken {
			s.lanes[i][slot].word.Store(0)
		}
	}()
	for i := range s.lanes {
		g.take(&s.lanes[i][slot].word, word, site)
		taken++
	}
	f(g, fp)
}

// take waits for the slot to be free. Finding there an operation on the same
// map, one of the two writing, ends the run.
func (g *goroutine) take(w *atomic.Uint64, word uint64, site *mapSite) {
	for spins := 0; !w.CompareAndSwap(0, word); spins++ {
		if other := w.Load(); other != 0 && other>>addrShift == word>>addrShift && (other|word)&wordWrites != 0 {
			g.fatal(conflict(site, g.m.sharing.sites.of(other)))
		}
		if spins > 100 {
			g.checkStop()
			runtime.Gosched()
		}
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
