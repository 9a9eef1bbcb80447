package travel

// prelude is the first cell of each notebook.
const prelude = `import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
type Code int
func (c Code) Error() string { return fmt.Sprint("code ", int(c)) }
var errOne, errTwo = errors.New("one"), errors.New("two")
var scale = 3
const scale0 = 5
func double(n int) int { return 2 * n }
func triple[T int](n T) T { return 3 * n }
func last[T any](s []T) *T { if len(s) == 0 { return nil }; return &s[len(s)-1] }

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
		case reflect.Int: if v.CanSet() { v.SetInt(v.Int()*3 + 1) }
		}
	}
	visit(v, 0)
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
			if v.IsNil() || seen[[2]any{v.Pointer(), v.Type()}] || std(v.Type().Elem()) { return }
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
			for it := v.MapRange(); it.Next(); { collect(it.Key()); collect(it.Value()) }
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
			if std(v.Type().Elem()) {
				if v.CanInterface() { fmt.Fprintf(&b, "%s(%v %v)", v.Type(), v, sentinel(v)) } else { b.WriteString(v.Type().String()) }
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
				keys := v.MapKeys()
				slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
				for _, k := range keys { show(k); b.WriteString(":"); show(v.MapIndex(k)); b.WriteString(" ") }
			}
			b.WriteString("]")
		case reflect.Interface:
			if v.IsNil() { b.WriteString("nil"); return }
			b.WriteString(name(v.Elem().Type()) + ":")
			show(v.Elem())
		case reflect.Struct:
			if v.Type() == reflect.TypeFor[time.Time]() && v.CanInterface() { b.WriteString(v.Interface().(time.Time).String()); return }
			b.WriteString("{")
			for i := range v.NumField() { b.WriteString(v.Type().Field(i).Name + "="); show(v.Field(i)); b.WriteString(" ") }
			b.WriteString("}")
		case reflect.Array:
			b.WriteString("[")
			for i := range v.Len() { if i > 0 { b.WriteString(" ") }; show(v.Index(i)) }
			b.WriteString("]")
		case reflect.Func:
			if v.IsNil() { b.WriteString("nil"); return }
			b.WriteString("func")
			if f, ok := face(v).(func(int) int); ok { fmt.Fprint(&b, f(7)) }
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

var one, three, threads = pool.New(pool.Processes(1)), pool.New(pool.Processes(3)), pool.NewThreadPool(pool.Processes(2))

// outcome is what became of a call.
func outcome(v any, err error) string {
	var remote *pool.RemoteError
	var no *refused
	switch {
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

// check runs a call in every way. Each time the values are made anew.
func check[T any](name string, items func() []T, mk func() func(T) (any, error)) {
	for i := range items() {
		want := plain(mk(), items()[i])
		for _, way := range []struct { name string; p *pool.Pool }{{"threads", threads}, {"one process", one}, {"three processes", three}, {"three processes", three}} {
			got := ""
			r, err := pool.MapErr(way.p, mk(), items()[i:i+1])
			if err != nil { got = outcome(nil, err) } else { got = outcome(r[0], nil) }
			switch {
			case got == want: fmt.Println("same")
			case (strings.HasPrefix(got, "refused ") || strings.Contains(got, "refused: ")) && way.name != "threads" && strings.Contains(got, ": "): fmt.Println("refused", got)
			default: fmt.Printf("\n§ %s, item %d, %s:\nwant %.3000s\ngot  %.3000s\n", name, i, way.name, want, got)
			}
		}
	}
}
`
