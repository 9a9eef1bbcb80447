package vm

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/tools/go/ssa"
)

// Compiled functions that look into maps (fmt.Println, json.Marshal, maps.Clone)
// mark nothing in the guard's slots. Beside other goroutines the machine
// therefore notes before such a call which maps the arguments hand over, and an
// operation on one of them by another goroutine is a conflict until it returns.

// handed are the maps that compiled functions look into now.
type handed struct {
	n    atomic.Int32
	mu   sync.Mutex
	list []handedMap
}

type handedMap struct {
	m    ptr
	g    *goroutine
	site *mapSite
}

// looks says how far a compiled function follows its arguments to maps.
type looks int

const (
	looksNowhere  looks = iota
	looksAt             // arguments that are maps
	looksPrinting       // what package fmt prints of an argument
	looksEncoding       // what is encoded of an argument: no fields that are not exported
	looksShowing        // what a notebook shows of a value: all but fields that a package keeps to itself
)

// looksInto tells this of the function with a full name, and whether it writes
// its first argument.
func looksInto(name string) (looks, bool) {
	switch path, _, _ := strings.Cut(strings.TrimLeft(name, "(*"), "."); {
	case path == "fmt" && !strings.Contains(name, "can"), path == "log", path == "log/slog":
		return looksPrinting, false
	case strings.HasPrefix(path, "encoding/") && (strings.Contains(name, "Marshal") || strings.Contains(name, "Encode")) && !strings.Contains(name, "Unmarshal"):
		return looksEncoding, false
	case path == "poolbook/interp/display" && (strings.HasSuffix(name, ".JSON") || strings.HasSuffix(name, ".VegaLite") || strings.HasSuffix(name, ".MIMEBundle")),
		path == "poolbook/interp/comm":
		return looksEncoding, false
	case path == "poolbook/interp/display":
		return looksShowing, false
	case path == "maps":
		return looksAt, name == "maps.Copy" || name == "maps.Insert" || name == "maps.DeleteFunc"
	case name == "reflect.DeepEqual", strings.HasSuffix(path, "/template") && strings.Contains(name, "Execute"):
		return looksAt, false
	}
	return looksNowhere, false
}

// guarded is op, the call cc of a compiled function, with what must happen around it
// when the function looks into values: their maps are noted, and that they end.
func (c *compiler) guarded(cc *ssa.CallCommon, args []slot, op coldFunc) coldFunc {
	name := fullName(cc.StaticCallee())
	if name == "errors.Is" || name == "errors.As" {
		return errorsEnd(name, args, op)
	}
	if comparesKeys(name) {
		return keysEnd(name, args, op)
	}
	how, writes := looksInto(name)
	if how == looksNowhere {
		return op
	}
	return c.handsMaps(how, writes, args, c.endsOf(how, cc, args, op))
}

// handsMaps is op, a call of a compiled function, with a note of the maps
// that it looks into.
func (c *compiler) handsMaps(how looks, writes bool, args []slot, op coldFunc) coldFunc {
	var from []slot
	for _, a := range args {
		switch t := a.ti.rt; {
		case t.Kind() == reflect.Map, t.Kind() == reflect.String, t == reflect.TypeFor[any](), t == reflect.TypeFor[[]any]():
			from = append(from, a)
		}
	}
	if len(from) == 0 {
		return op
	}
	site := c.mapSite(nil, writes)
	return func(g *goroutine, fp ptr) {
		if atomic.LoadUint32(&g.m.sharing.state) == alone {
			op(g, fp)
			return
		}
		before := g.hands
		defer func() {
			if g.hands > before {
				g.takeBack(before)
			}
		}()
		g.handOver(how, from, site, fp)
		op(g, fp)
	}
}

// handOver notes the maps of the arguments.
func (g *goroutine) handOver(how looks, from []slot, site *mapSite, fp ptr) {
	look := mapLooker{how: how, found: func(m ptr) { g.handMap(m, site) }}
	for _, a := range from {
		switch a.ti.rt.Kind() {
		case reflect.String:
			if looksPast(*at[string](fp, a.off)) {
				return
			}
		case reflect.Map:
			if m := *at[ptr](fp, a.off); m != nil {
				g.handMap(m, site)
			}
		case reflect.Interface:
			look.argument(*at[any](fp, a.off))
		case reflect.Slice:
			for _, x := range *at[[]any](fp, a.off) {
				look.argument(x)
			}
		}
	}
}

// looksPast reports whether a format does not look into all of its arguments.
func looksPast(format string) bool {
	return strings.Contains(format, "%T") || strings.Contains(format, "%p")
}

// handMap notes one map, which must not be in use in a way that conflicts.
func (g *goroutine) handMap(m ptr, site *mapSite) {
	s := g.m.sharing
	slot := guardIndex(m)
	g.claim(slot) // whoever owned it looks for notes from now on
	g.meetHanded(m, site)
	h := &s.handed
	h.mu.Lock()
	h.list = append(h.list, handedMap{m, g, site})
	h.mu.Unlock()
	g.hands++
	h.n.Add(1)
	word := uint64(uintptr(m)>>3)<<addrShift | site.number
	if site.writes {
		word |= wordWrites
		for i := range s.lanes {
			g.meet(atomic.LoadUint64(&s.lanes[i][slot].word), word, site)
		}
	}
	g.meet(atomic.LoadUint64(&s.writers[slot].word), word, site)
}

// takeBack forgets the notes of g but the first n.
func (g *goroutine) takeBack(n int) {
	h := &g.m.sharing.handed
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.list) - 1; i >= 0 && g.hands > n; i-- {
		if h.list[i].g == g {
			last := len(h.list) - 1
			copy(h.list[i:], h.list[i+1:])
			h.list[last] = handedMap{}
			h.list = h.list[:last]
			g.hands--
			h.n.Add(-1)
		}
	}
}

// meetHanded ends the run when another goroutine has handed m to a compiled
// function, and one of the two writes.
func (g *goroutine) meetHanded(m ptr, site *mapSite) {
	h := &g.m.sharing.handed
	if h.n.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.list {
		if e.m == m && e.g != g && (e.site.writes || site.writes) {
			g.fatal(conflict(site, e.site))
		}
	}
}

// Look calls look, which shows v and may call methods of it, in a goroutine of the run. A goroutine of the machine that writes a map in v
// meanwhile ends its run, or is the error.
func (r *Run) Look(v reflect.Value, look func()) error {
	if !v.IsValid() || !composite(v.Type()) && v.Type().PkgPath() == "" {
		look()
		return nil
	}
	_, err := r.do(func(g *goroutine) []reflect.Value {
		if atomic.LoadUint32(&r.m.sharing.state) == alone {
			look()
			return nil
		}
		defer g.takeBack(g.hands)
		site := r.m.sharing.sites.add(&mapSite{ranges: true})
		l := mapLooker{how: looksShowing, found: func(m ptr) { g.handMap(m, site) }}
		l.value(v)
		look()
		runtime.KeepAlive(site)
		return nil
	})
	return err
}

// mapLooker finds the maps that a compiled function would look into.
type mapLooker struct {
	how   looks
	seen  int // values
	found func(m ptr)
}

const maxLooked = 1000 // values of an argument

func (l *mapLooker) argument(x any) {
	switch x.(type) {
	case nil, bool, int, int64, float64, string, []byte, []int, []string:
		return
	}
	v := reflect.ValueOf(x)
	l.seen = 0
	if l.how == looksPrinting && v.Kind() == reflect.Pointer && !ownText(v.Type()) {
		v = v.Elem() // further pointers are printed as numbers
	}
	l.value(v)
}

func (l *mapLooker) value(v reflect.Value) {
	if l.seen++; l.seen > maxLooked || !v.IsValid() || ownText(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.Map:
		if v.IsNil() {
			return
		}
		l.found(v.UnsafePointer())
		if l.how != looksAt && composite(v.Type().Elem()) {
			for it := v.MapRange(); l.seen <= maxLooked && it.Next(); {
				l.value(it.Value())
			}
		}
	case reflect.Interface:
		if l.how != looksAt {
			l.value(v.Elem())
		}
	case reflect.Pointer:
		if l.how == looksEncoding || l.how == looksShowing {
			l.value(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			own := v.Type().Field(i).PkgPath == "" || v.Type().Field(i).PkgPath == "main"
			if l.how == looksPrinting || l.how == looksShowing && own || l.how == looksEncoding && v.Type().Field(i).IsExported() {
				l.value(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		if l.how != looksAt && composite(v.Type().Elem()) {
			for i := 0; i < v.Len() && l.seen <= maxLooked; i++ {
				l.value(v.Index(i))
			}
		}
	}
}

// composite types may have maps in their values.
func composite(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Map, reflect.Interface, reflect.Pointer, reflect.Struct, reflect.Slice, reflect.Array:
		return true
	}
	return false
}

// ownText reports whether values of t say what they are by a method, which may
// well take a lock.
func ownText(t reflect.Type) bool {
	if t.NumMethod() == 0 {
		return false
	}
	if own, ok := ownTexts.Load(t); ok {
		return own.(bool)
	}
	own := slices.ContainsFunc(textMethods, t.Implements)
	ownTexts.Store(t, own)
	return own
}

// ownTexts remembers ownText of types with methods, until they get others.
var ownTexts sync.Map // reflect.Type → bool

var textMethods = []reflect.Type{
	reflect.TypeFor[fmt.Stringer](), reflect.TypeFor[error](), reflect.TypeFor[fmt.Formatter](), reflect.TypeFor[json.Marshaler](),
	reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[slog.LogValuer](),
}
