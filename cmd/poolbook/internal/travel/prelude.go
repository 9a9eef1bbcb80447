package travel

// prelude is the first cell of each notebook.
const prelude = `import (
	"container/list"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"
	"runtime"
)

type Shape interface{ Area() int }
type Color int
func (c Color) Area() int { return int(c) * 2 }
func (c Color) Add(n int) int { return int(c) + n }
func (c Color) String() string { return fmt.Sprint("color ", int(c)) }
type Box[T any] struct { V T; L []T; P *T }
func (b Box[T]) Area() int { return len(b.L) + 1 }
func (b *Box[T]) Push(x T) { b.L = append(b.L, x) }
type Empty struct{}
func (*Empty) Error() string { return "empty" }
type Op func(int) int
func (f Op) Area() int { if f == nil { return 0 }; return f(1) }
type Tree[K comparable, V any] struct { L, R *Tree[K, V]; K K; V V; up *Tree[K, V] }
func (t *Tree[K, V]) Area() int { if t == nil { return 0 }; return 1 + t.L.Area() + t.R.Area() }
type Named[T any] struct { Box[T]; Name string ` + "`json:\"name,omitempty\"`" + ` }
type Tagged struct { *Box[int] ` + "`box:\"1\"`" + `; Color; Op; Tag string ` + "`a:\"b\" c:\"d\"`" + ` }
func (t Tagged) Area() int { return int(t.Color) }
func (t Tagged) String() string { return t.Tag }
type Trouble struct { All []error; Note any }
func (t *Trouble) Error() string { return fmt.Sprint("trouble ", len(t.All)) }
func (t *Trouble) Unwrap() []error { return t.All }
func (t *Trouble) Is(err error) bool { return err == errTwo }
type Code int
func (c Code) Error() string { return fmt.Sprint("code ", int(c)) }
var errOne, errTwo = errors.New("one"), errors.New("two")
var scale = 3
const scale0 = 5
func double(n int) int { return 2 * n }
func triple[T int](n T) T { return 3 * n }
func adder[T ~int](by T) func(T) T { return func(n T) T { by += n; return by } }
func twice(f func(int) int) func(int) int { return func(n int) int { return f(f(n)) } }
func countdown() func(int) int {
	var f func(int) int
	f = func(n int) int { if n <= 0 { return 0 }; return 1 + f(n-1) }
	return f
}
func selfish() map[string]any { m := map[string]any{"n": 1}; m["self"] = m; m["f"] = func(n int) int { return n + len(m) }; return m }
func ring(n int) []any { r := make([]any, n+1); for i := range r { r[i] = i }; r[n] = r; return r }
func last[T any](s []T) *T { if len(s) == 0 { return nil }; return &s[len(s)-1] }

func linked(xs ...any) *list.List { l := list.New(); for _, x := range xs { l.PushBack(x) }; return l }

// join wraps two errors; its text is one line.
func join(a, b error) error { return fmt.Errorf("%w and %w", a, b) }

// shapeOf is the first shape that a world holds.
func shapeOf(w any) Shape {
	v := reflect.ValueOf(w).Elem()
	for i := range v.NumField() {
		if s, ok := v.Field(i).Interface().(Shape); ok && s != nil && v.Field(i).Kind() == reflect.Pointer && !v.Field(i).IsNil() { return s }
	}
	return nil
}

// first is the first error that a value holds.
func first(x any) (found error) {
	var visit func(v reflect.Value, depth int)
	visit = func(v reflect.Value, depth int) {
		if found != nil || depth > 6 || !v.IsValid() { return }
		if v.CanInterface() && v.Kind() != reflect.Interface {
			if err, ok := v.Interface().(error); ok && !(v.Kind() == reflect.Pointer && v.IsNil()) { found = err; return }
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface: visit(v.Elem(), depth+1)
		case reflect.Struct: for i := range v.NumField() { visit(v.Field(i), depth+1) }
		case reflect.Slice: for i := range v.Len() { visit(v.Index(i), depth+1) }
		}
	}
	visit(reflect.ValueOf(x), 0)
	if found == nil { return errTwo }
	return found
}

// bump changes the integers that exported fields lead to, each once.
func bump(v reflect.Value) {
	seen := map[any]bool{}
	var visit func(v reflect.Value, depth int)
	visit = func(v reflect.Value, depth int) {
		if depth > 8 { return }
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() && !seen[[2]any{v.Pointer(), v.Type()}] { seen[[2]any{v.Pointer(), v.Type()}] = true; visit(v.Elem(), depth+1) }
		case reflect.Interface: visit(v.Elem(), depth+1)
		case reflect.Struct: for i := range v.NumField() { if v.Type().Field(i).IsExported() && v.Type().PkgPath() != "time" { visit(v.Field(i), depth+1) } }
		case reflect.Slice: for i := range v.Len() { visit(v.Index(i), depth+1) }
		case reflect.Array: for i := range v.Len() { visit(v.Index(i), depth+1) }
		case reflect.Map:
			if v.IsNil() || seen[[2]any{v.Pointer(), v.Type()}] { return }
			seen[[2]any{v.Pointer(), v.Type()}] = true
			for _, k := range sorted(v) { visit(v.MapIndex(k), depth+1) }
		case reflect.Int: if v.CanSet() { v.SetInt(v.Int()*3 + 1) }
		}
	}
	visit(v, 0)
}

func sorted(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return keys
}

// dump is all that can be seen of a value: types, contents, and what shares memory with what.
func dump(x any) string {
	type span struct{ lo, hi uintptr }
	var spans []span
	seen := map[[2]any]bool{}
	var collect func(v reflect.Value)
	collect = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() || seen[[2]any{v.Pointer(), v.Type()}] { return }
			if l, ok := face(v).(*list.List); ok {
				seen[[2]any{v.Pointer(), v.Type()}] = true
				for e := l.Front(); e != nil; e = e.Next() { collect(reflect.ValueOf(&e.Value)) }
				return
			}
			if std(v.Type().Elem()) { return }
			seen[[2]any{v.Pointer(), v.Type()}] = true
			if n := v.Type().Elem().Size(); n > 0 { spans = append(spans, span{v.Pointer(), v.Pointer() + n}) }
			collect(v.Elem())
		case reflect.Slice:
			if v.Len() == 0 { return }
			key := [2]any{v.Pointer(), fmt.Sprint(v.Type(), v.Len())}
			if seen[key] { return }
			seen[key] = true
			if n := v.Type().Elem().Size() * uintptr(v.Len()); n > 0 { spans = append(spans, span{v.Pointer(), v.Pointer() + n}) }
			for i := range v.Len() { collect(v.Index(i)) }
		case reflect.Map:
			if v.IsNil() || seen[[2]any{v.Pointer(), v.Type()}] { return }
			seen[[2]any{v.Pointer(), v.Type()}] = true
			for _, k := range sorted(v) { collect(k); collect(v.MapIndex(k)) } // in the order of show: what a field without a capital leads to first counts as that in both
		case reflect.Interface: collect(v.Elem())
		case reflect.Struct: for i := range v.NumField() { collect(v.Field(i)) }
		case reflect.Array: for i := range v.Len() { collect(v.Index(i)) }
		}
	}
	root := reflect.ValueOf(&x).Elem()
	collect(root)
	sort.Slice(spans, func(i, j int) bool { return spans[i].lo < spans[j].lo || spans[i].lo == spans[j].lo && spans[i].hi > spans[j].hi })
	var merged []span
	for _, s := range spans {
		if n := len(merged); n > 0 && s.lo < merged[n-1].hi { merged[n-1].hi = max(merged[n-1].hi, s.hi); continue }
		merged = append(merged, s)
	}
	numbers := map[uintptr]int{}
	place := func(p uintptr) string {
		i := sort.Search(len(merged), func(i int) bool { return merged[i].hi > p })
		if i == len(merged) || p < merged[i].lo { return "&" }
		base := merged[i].lo
		if _, ok := numbers[base]; !ok { numbers[base] = len(numbers) }
		return fmt.Sprintf("&%d+%d", numbers[base], p-base)
	}
	var b strings.Builder
	shown := map[[2]any]bool{}
	var show func(v reflect.Value)
	show = func(v reflect.Value) {
		if !v.IsValid() { b.WriteString("nil"); return }
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() { b.WriteString("nil"); return }
			if l, ok := face(v).(*list.List); ok {
				b.WriteString("list[")
				if !shown[[2]any{v.Pointer(), v.Type()}] {
					shown[[2]any{v.Pointer(), v.Type()}] = true
					for e := l.Front(); e != nil; e = e.Next() { show(reflect.ValueOf(&e.Value)); b.WriteString(" ") }
				}
				b.WriteString("]")
				return
			}
			if std(v.Type().Elem()) {
				if v.CanInterface() && (v.Type().Elem().PkgPath() != "container/list") { fmt.Fprintf(&b, "%s(%v %v)", v.Type(), v, sentinel(v)) } else { b.WriteString(v.Type().String()) }
				return
			}
			b.WriteString(place(v.Pointer()))
			if shown[[2]any{v.Pointer(), v.Type()}] { return }
			shown[[2]any{v.Pointer(), v.Type()}] = true
			show(v.Elem())
		case reflect.Slice:
			if v.IsNil() { b.WriteString("nil"); return }
			if v.Len() > 0 { b.WriteString(place(v.Pointer())) }
			b.WriteString("[")
			key := [2]any{v.Pointer(), fmt.Sprint(v.Type(), v.Len())}
			if !shown[key] {
				shown[key] = true
				for i := range v.Len() { if i > 0 { b.WriteString(" ") }; show(v.Index(i)) }
			}
			b.WriteString("]")
		case reflect.Map:
			if v.IsNil() { b.WriteString("nil"); return }
			b.WriteString("map[")
			if !shown[[2]any{v.Pointer(), v.Type()}] {
				shown[[2]any{v.Pointer(), v.Type()}] = true
				for _, k := range sorted(v) { show(k); b.WriteString(":"); show(v.MapIndex(k)); b.WriteString(" ") }
			}
			b.WriteString("]")
		case reflect.Interface:
			if v.IsNil() { b.WriteString("nil"); return }
			b.WriteString(name(v.Elem().Type()) + ":")
			show(v.Elem())
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() && v.CanInterface() { b.WriteString(v.Interface().(time.Time).String()); return }
			b.WriteString("{")
			for i := range v.NumField() { b.WriteString(v.Type().Field(i).Name + string(v.Type().Field(i).Tag) + "="); show(v.Field(i)); b.WriteString(" ") }
			b.WriteString("}")
		case reflect.Array:
			b.WriteString("[")
			for i := range v.Len() { if i > 0 { b.WriteString(" ") }; show(v.Index(i)) }
			b.WriteString("]")
		case reflect.Func:
			if v.IsNil() { b.WriteString("nil"); return }
			b.WriteString("func")
			if f := reflect.TypeFor[func(int) int](); v.CanInterface() && v.Type().ConvertibleTo(f) { fmt.Fprint(&b, v.Convert(f).Interface().(func(int) int)(7)) }
		case reflect.Chan: fmt.Fprint(&b, v.IsNil())
		default: fmt.Fprint(&b, v)
		}
	}
	show(root)
	return b.String()
}

func face(v reflect.Value) any { if v.CanInterface() { return v.Interface() }; return nil }

// name is a type with its fields: several have been called the same.
func name(t reflect.Type) string {
	if t.Kind() == reflect.Struct && t.PkgPath() == "main" {
		s := t.String() + "{"
		for i := range t.NumField() { s += t.Field(i).Name + " " + t.Field(i).Type.String() + ";" }
		return s + "}"
	}
	if t.Kind() == reflect.Pointer { return "*" + name(t.Elem()) }
	return t.String()
}

func std(t reflect.Type) bool { return t.PkgPath() != "" && t.PkgPath() != "main" }

func sentinel(v reflect.Value) string {
	err, ok := v.Interface().(error)
	if !ok { return "" }
	s := ""
	var tree *Trouble
	if errors.As(err, &tree) { s += fmt.Sprint(" as ", tree) }
	for i, x := range []error{io.EOF, errOne, errTwo, http.ErrServerClosed, fs.ErrNotExist, context.DeadlineExceeded, sql.ErrNoRows} {
		if errors.Is(err, x) { s += fmt.Sprint(" is ", i) }
	}
	return s
}

type refused struct{ error }

// set sets a shared value, whose error is a panic.
func set(v *pool.Value[any], x any) (err error) {
	defer func() { if r := recover(); r != nil { err = fmt.Errorf("%v", r) } }()
	v.Set(x)
	return nil
}

// put is set for two more kinds of shared objects.
func put(d *pool.Dict[string, any], l *pool.List[any], x any) (err error) {
	defer func() { if r := recover(); r != nil { err = fmt.Errorf("%v", r) } }()
	d.Set("k", x)
	l.Append(x)
	return nil
}

// Outcomes of one item by the forms of a call.
var forms = []func(p *pool.Pool, f func(any) (any, error), x any) (any, error){
	func(p *pool.Pool, f func(any) (any, error), x any) (any, error) { r, err := pool.MapErr(p, f, []any{x}); if err != nil { return nil, err }; return r[0], nil },
	func(p *pool.Pool, f func(any) (any, error), x any) (any, error) { return pool.ApplyErr(p, func() (any, error) { return f(x) }) },
	func(p *pool.Pool, f func(any) (any, error), x any) (any, error) { return pool.ApplyAsyncErr(p, func() (any, error) { return f(x) }).Get() },
	func(p *pool.Pool, f func(any) (any, error), x any) (any, error) { for r, err := range pool.ImapErr(p, f, []any{x}) { return r, err }; return nil, nil },
	func(p *pool.Pool, f func(any) (any, error), x any) (any, error) { for r, err := range pool.ImapUnorderedErr(p, f, []any{x}) { return r, err }; return nil, nil },
	func(p *pool.Pool, f func(any) (any, error), x any) (any, error) {
		var items iter.Seq[any] = func(yield func(any) bool) { yield(x) }
		for r, err := range pool.ImapSeq(p, func(x any) [2]any { r, err := f(x); return [2]any{r, err} }, items) {
			if err != nil { return nil, err }
			if err, ok := r[1].(error); ok { return nil, &returned{err} }
			return r[0], nil
		}
		return nil, nil
	},
	func(p *pool.Pool, f func(any) (any, error), x any) (any, error) {
		r, err := pool.StarmapErr(p, func(a any, b int) (any, error) { return f(a) }, pool.Zip([]any{x}, []int{1}))
		if err != nil { return nil, err }
		return r[0], nil
	},
	func(p *pool.Pool, f func(any) (any, error), x any) (any, error) {
		var got []any
		_, err := pool.MapAsyncErr(p, f, []any{x}, pool.Callback(func(r []any) { got = r })).Get()
		if err != nil { return nil, err }
		return got[0], nil
	},
}

// returned is an error that came as a result.
type returned struct{ err error }
func (r *returned) Error() string { return "returned" }

var onlyOne bool // leave three out
var one, three, threads = pool.New(pool.Processes(1)), pool.New(pool.Processes(3)), pool.NewThreadPool(pool.Processes(2))

// outcome is what became of a call.
func outcome(v any, err error) string {
	var remote *pool.RemoteError
	var no *refused
	var back *returned
	switch {
	case errors.As(err, &back) && errors.As(back.err, &no): return "refused " + no.Error()
	case errors.As(err, &back) && opaque(back.err): return "refused: opaque " + back.err.Error()
	case errors.As(err, &back): return "error " + dump(any(back.err)) + sentinel(reflect.ValueOf(back.err))
	case errors.As(err, &no): return "refused " + no.Error()
	case errors.As(err, &remote) && remote.Panic: return "panic " + thrown(remote.Value)
	case errors.As(err, &remote) && strings.Contains(err.Error(), "cannot be sent"): return "refused " + err.Error()
	case errors.As(err, &remote) && opaque(remote.Err): return "refused: opaque " + remote.Err.Error()
	case errors.As(err, &remote): return "error " + dump(any(remote.Err)) + sentinel(reflect.ValueOf(remote.Err))
	case err != nil && strings.Contains(err.Error(), "cannot be sent"): return "refused " + err.Error()
	case err != nil: return "failed " + err.Error()
	}
	return "value " + dump(v)
}

func thrown(v any) string {
	if e, ok := v.(runtime.Error); ok { return "runtime " + e.Error() }
	if e, ok := v.(error); ok && opaque(e) { return "refused: opaque " + e.Error() }
	if e, ok := v.(error); ok { return dump(v) + sentinel(reflect.ValueOf(e)) }
	return dump(v)
}

// opaque tells an error that stands for one that holds what cannot be sent.
func opaque(err error) bool { return strings.Contains(fmt.Sprintf("%T", err), "OpaqueError") }

// plain is a call without a pool.
func plain[T any](f func(T) (any, error), x T) (s string) {
	defer func() { if r := recover(); r != nil { s = "panic " + thrown(r) } }()
	v, err := f(x)
	var no *refused
	if errors.As(err, &no) { return outcome(nil, err) }
	if err != nil { return "error " + dump(any(err)) + sentinel(reflect.ValueOf(err)) }
	return "value " + dump(v)
}

// check runs a call in every way, as one of forms. Each time the values are made anew.
func check[T any](name string, form int, items func() []T, mk func() func(T) (any, error)) {
	for i := range items() {
		want := plain(mk(), items()[i])
		for _, way := range []struct { name string; p *pool.Pool }{{"threads", threads}, {"one process", one}, {"three processes", three}, {"three processes", three}} {
			if onlyOne && way.p == three { continue }
			var r any
			var err error
			if f := mk(); form < 0 {
				var rs []any
				if rs, err = pool.MapErr(way.p, f, items()[i:i+1]); err == nil { r = rs[0] }
			} else {
				r, err = forms[form](way.p, func(x any) (any, error) { t, _ := x.(T); return f(t) }, items()[i])
			}
			got := outcome(r, err)
			switch {
			case got == want: fmt.Println("same")
			case strings.HasPrefix(want, "refused ") && strings.HasPrefix(got, "refused "): fmt.Println("refused", got) // maybe another one of several
			case (strings.HasPrefix(got, "refused ") || strings.Contains(got, "refused: ")) && way.name != "threads" && strings.Contains(got, ": "): fmt.Println("refused", got)
			default: fmt.Printf("\n§ %s, item %d, %s:\nwant %.6000s\ngot  %.6000s\n", name, i, way.name, want, got)
			}
		}
	}
}
`
