package rtype_test

import (
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"poolbook/interp/internal/bridge"
	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/rtype"
)

// impls are the methods of a test's types: "T.String" or "*T.Set" to what it does.
type impls map[string]func(args []reflect.Value) []reflect.Value

// A world is a checked source file with a table for it.
type world struct {
	*rtype.Table
	t    testing.TB
	pkg  *types.Package
	fset *token.FileSet
	file *ast.File
}

var compiled = map[string]reflect.Type{
	"time.Duration": reflect.TypeFor[time.Duration](),
	"time.Time":     reflect.TypeFor[time.Time](),
	"sync.Mutex":    reflect.TypeFor[sync.Mutex](),
	"fmt.Stringer":  reflect.TypeFor[fmt.Stringer](),
}

func newWorld(t testing.TB, src string, m impls) *world {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "cell.go", "package main\n"+src, 0)
	if err != nil {
		t.Fatal(err)
	}
	imp := stdlib.New(stdlib.Config{Bridge: bridge.New(), Fset: fset})
	pkg, err := (&types.Config{Importer: imp}).Check("main", fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	tab := rtype.New(rtype.Config{
		Compiled: func(path, name string) (reflect.Type, bool) { r, ok := compiled[path+"."+name]; return r, ok },
		Import:   imp.Import,
		Method: func(recv types.Type, sel *types.Selection) func([]reflect.Value) []reflect.Value {
			key := types.TypeString(recv, func(*types.Package) string { return "" }) + "." + sel.Obj().Name()
			f := m[key]
			if f == nil {
				t.Errorf("no method %s", key)
			}
			return f
		},
	})
	t.Cleanup(tab.Close)
	return &world{tab, t, pkg, fset, f}
}

// typ returns the reflect type of an expression of the source's scope.
func (w *world) typ(expr string) reflect.Type { w.t.Helper(); return w.Of(w.types(expr)) }

func (w *world) types(expr string) types.Type {
	w.t.Helper()
	tv, err := types.Eval(w.fset, w.pkg, w.file.Name.End(), expr)
	if err != nil {
		w.t.Fatalf("%s: %v", expr, err)
	}
	return tv.Type
}

func vals(v ...any) []reflect.Value {
	var list []reflect.Value
	for _, x := range v {
		list = append(list, reflect.ValueOf(x))
	}
	return list
}

func text(format string) func(args []reflect.Value) []reflect.Value {
	return func(args []reflect.Value) []reflect.Value {
		return vals(fmt.Sprintf(format, plain(args[0])))
	}
}

// plain returns a value without its methods.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Int:
		return v.Int()
	case reflect.String:
		return v.String()
	case reflect.Struct:
		return plain(v.Field(0))
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	}
	return v.Kind().String()
}

func check(t testing.TB, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNamesAndFmt(t *testing.T) {
	w := newWorld(t, `
type Color int
func (c Color) String() string { return "" }
type Point struct { X, Y int; name string }
type Named struct { C Color; P *Point; list []Color; m map[string]Color }
type Pair[K comparable, V any] struct { Key K; Val V }
`, impls{"Color.String": text("color %d")})
	color := w.typ("Color")
	c := reflect.New(color).Elem()
	c.SetInt(2)
	check(t, fmt.Sprint(c.Interface()), "color 2")
	check(t, fmt.Sprintf("%T %v %d %s", c.Interface(), c.Interface(), c.Interface(), c.Interface()), "main.Color color 2 2 color 2")
	list := reflect.MakeSlice(w.typ("[]Color"), 3, 3)
	check(t, fmt.Sprint(list.Interface()), "[color 0 color 0 color 0]")
	check(t, fmt.Sprintf("%T", list.Interface()), "[]main.Color")
	m := reflect.MakeMap(w.typ("map[Color][]Color"))
	m.SetMapIndex(c, list)
	check(t, fmt.Sprint(m.Interface()), "map[color 2:[color 0 color 0 color 0]]")
	p := reflect.New(w.typ("Point"))
	p.Elem().Field(0).SetInt(7)
	check(t, fmt.Sprintf("%v %+v %T", p.Elem().Interface(), p.Interface(), p.Interface()), "{7 0 } &{X:7 Y:0 name:} *main.Point")
	n := reflect.New(w.typ("Named")).Elem()
	check(t, fmt.Sprintf("%+v", n.Interface()), "{C:color 0 P:<nil> list:[] m:map[]}")
	check(t, fmt.Sprintf("%#v", n.Interface()), `main.Named{C:0, P:(*main.Point)(nil), list:[]main.Color(nil), m:map[string]main.Color(nil)}`)
	check(t, w.typ("Pair[int, string]").String(), "main.Pair[int,string]")
	check(t, w.typ("Pair[int, string]").Name(), "Pair[int,string]")
	check(t, w.typ("Pair[Color, map[byte]Pair[int,any]]").String(), "main.Pair[main.Color,map[uint8]main.Pair[int,interface {}]]")
	check(t, color.PkgPath(), "main")
	check(t, w.typ("*Color"), reflect.PointerTo(color))
	check(t, w.typ("**Color").String(), "**main.Color")
	check(t, w.typ("func(Color, ...Point) (chan<- Color, error)").String(), "func(main.Color, ...main.Point) (chan<- main.Color, error)")
	check(t, reflect.Zero(color).Method(0).Call(nil)[0].String(), "color 0")
	mt, _ := color.MethodByName("String")
	check(t, mt.Func.Call([]reflect.Value{c})[0].String(), "color 2")
	mt, _ = reflect.PointerTo(color).MethodByName("String")
	pc := reflect.New(color)
	check(t, mt.Func.Call([]reflect.Value{pc})[0].String(), "color 0")
	check(t, fmt.Sprint(reflect.Zero(reflect.PointerTo(color)).Interface()), "<nil>")
}

func TestDistinctTypesOfOneName(t *testing.T) {
	a := newWorld(t, `type T struct{ A int }`, nil)
	b := newWorld(t, `type T struct{ A int }`, nil)
	if a.typ("T") == b.typ("T") || a.typ("[]T") == b.typ("[]T") || a.typ("struct{F T}") == b.typ("struct{F T}") || a.typ("interface{M(T)}") == b.typ("interface{M(T)}") {
		t.Error("types of one name are one type")
	}
	if a.typ("struct{F int}") != reflect.TypeFor[struct{ F int }]() {
		t.Error("an unnamed type is not the compiled one")
	}
}

const recursive = `
type List struct { Next *List; V int }
type Tree struct { Kids []Tree; M map[string]Tree; F func(Tree) Tree; C chan Tree; I interface{ Walk(Tree) } }
type A struct { B B; P *A }
type B struct { C [2]C; Q *B }
type C struct { A []A; S map[C1]*A }
type C1 struct { X int; s string }
type Kids struct { p *[2]Kids; s [][3]Kids; m map[int]struct{ K Kids }; q *struct{ Kids } }
type Slice []Slice
type Map map[string]Map
type MapK map[*MapK]int
type Func func(Func, int) Func
type Chan chan Chan
type Ptr *Ptr
type Iface interface { Next() Iface; F(func(Iface)) map[string]Iface }
type S1 struct { S2 }
type S2 struct { p *S1; n int }
type X struct { y [1]Y }
type Y struct { x *X }
type Self struct { s struct { next *Self; vals []struct { Self } } }
type M2 struct { m map[Key]M2; k Key }
type Key struct { f float64; s string; i any }
type Gen[T any] struct { v T; next *Gen[T]; nest []Gen[T] }
type Blank struct { _ int; A string; _ float64 }
type UsesBlank struct { b [2]Blank; s struct { _ int; x Blank } }
type Big struct { a [300]int; m map[string]Big }
type BigKey struct { a [40]string; p *BigKey }
type MB struct { m map[BigKey]MB; n map[MB2]int }
type MB2 struct { p *MB }
type ArrPtr [1]*ArrPtr
type OnePtr struct { p *OnePtr }
type FuncField struct { f func(FuncField) }
type Empty struct{}
type Tail struct { n int; e Empty }
`

// Layout, pointers and comparison of every recursive type must be what the compiler would make of it: sizes by
// go/types, and lots of them survive the collector.
func TestRecursiveTypes(t *testing.T) {
	w := newWorld(t, recursive, nil)
	sizes := types.SizesFor("gc", runtime.GOARCH)
	var all []reflect.Type
	for _, name := range w.pkg.Scope().Names() {
		if name == "Gen" {
			name = "Gen[string]"
		}
		typ := w.types(name)
		r := w.Of(typ)
		all = append(all, r)
		check(t, r.Size(), uintptr(sizes.Sizeof(typ)))
		check(t, r.Align(), int(sizes.Alignof(typ)))
		check(t, r.Comparable(), types.Comparable(typ))
		if st, ok := typ.Underlying().(*types.Struct); ok {
			for i := range st.NumFields() {
				if got, want := r.Field(i).Type, w.Of(st.Field(i).Type()); got != want {
					t.Errorf("%s: field %s is %v, want %v", name, st.Field(i).Name(), got, want)
				}
			}
		}
		if back := w.TypesOf(r); !types.Identical(back, typ) {
			t.Errorf("%s comes back as %v", name, back)
		}
	}
	check(t, w.typ("Tree").Field(1).Type.Elem(), w.typ("Tree"))
	check(t, w.typ("Map").Elem(), w.typ("Map"))
	check(t, w.typ("Func").In(0), w.typ("Func"))
	check(t, w.typ("Func").Out(0), w.typ("Func"))
	check(t, w.typ("Ptr").Elem(), w.typ("Ptr"))
	check(t, w.typ("Kids").Field(0).Type.Elem().Elem(), w.typ("Kids"))
	check(t, w.typ("Iface").Method(1).Type.Out(0), w.typ("Iface"))
	check(t, w.typ("S1").Field(0).Anonymous, true)
	// Fill values with what allocates, collect, and see that everything is still there.
	for range 3 {
		for _, r := range all {
			v := reflect.New(r).Elem()
			fill(v, 3)
			want := fmt.Sprintf("%+v", brief(v, 4))
			runtime.GC()
			if got := fmt.Sprintf("%+v", brief(v, 4)); got != want {
				t.Fatalf("%v changed from %s to %s", r, want, got)
			}
		}
	}
}

// fill stores fresh memory wherever a value can refer to some.
func fill(v reflect.Value, depth int) {
	if depth <= 0 {
		return
	}
	if !v.CanSet() {
		v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.Repeat("s", depth+10))
	case reflect.Int:
		v.SetInt(int64(depth))
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), depth)
		}
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		fill(p.Elem(), depth-1)
		v.Set(p.Convert(v.Type()))
	case reflect.Slice:
		s := reflect.MakeSlice(v.Type(), 2, 2)
		fill(s.Index(0), depth-1)
		fill(s.Index(1), depth-1)
		v.Set(s)
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		for i := range 20 {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			if i == 0 || k.Kind() != reflect.Pointer {
				fill(k, depth-1)
			}
			if k.Kind() == reflect.String {
				k.SetString(fmt.Sprint("key", i))
			}
			fill(e, depth-2)
			m.SetMapIndex(k, e)
			if depth < 3 {
				break
			}
		}
		v.Set(m)
	case reflect.Chan:
		v.Set(reflect.MakeChan(v.Type(), 2))
	case reflect.Interface:
		if v.NumMethod() == 0 {
			v.Set(reflect.ValueOf(fmt.Sprint("any", depth)))
		}
	}
}

// brief turns a value into something that prints without addresses.
func brief(v reflect.Value, depth int) any {
	if depth <= 0 {
		return "…"
	}
	switch v.Kind() {
	case reflect.Struct:
		var list []any
		for i := range v.NumField() {
			list = append(list, brief(v.Field(i), depth))
		}
		return list
	case reflect.Array, reflect.Slice:
		var list []any
		for i := range v.Len() {
			list = append(list, brief(v.Index(i), depth-1))
		}
		return list
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return []any{"&", brief(v.Elem(), depth-1)}
	case reflect.Map:
		var list []string
		for it := v.MapRange(); it.Next(); {
			list = append(list, fmt.Sprint(brief(it.Key(), depth-1), ":", brief(it.Value(), depth-1)))
		}
		sort.Strings(list)
		return list
	case reflect.String:
		return v.String()
	case reflect.Int:
		return v.Int()
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return brief(v.Elem(), depth)
	}
	return v.Kind().String()
}

func TestEqualityAndMapKeys(t *testing.T) {
	w := newWorld(t, recursive, nil)
	key := w.typ("Key")
	mk := func(f float64, s string, i any) reflect.Value {
		v := reflect.New(key).Elem()
		for n, x := range []any{f, s, i} {
			fv := v.Field(n)
			reflect.NewAt(fv.Type(), fv.Addr().UnsafePointer()).Elem().Set(reflect.ValueOf(x))
		}
		return v
	}
	a, b := mk(0, strings.Clone("ab"), 3), mk(negZero(), "ab", 3)
	if a.Interface() != b.Interface() {
		t.Error("equal structs differ")
	}
	m := reflect.MakeMap(reflect.MapOf(key, reflect.TypeFor[int]()))
	m.SetMapIndex(a, reflect.ValueOf(7))
	check(t, m.MapIndex(b).Int(), int64(7))
	check(t, m.MapIndex(mk(1, "ab", 3)).IsValid(), false)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("an unhashable key was taken")
			}
		}()
		m.SetMapIndex(mk(0, "", []int{1}), reflect.ValueOf(1))
	}()
	blank := w.typ("Blank")
	x, y := reflect.New(blank).Elem(), reflect.New(blank).Elem()
	*(*int)(x.Addr().UnsafePointer()) = 99
	if x.Interface() != y.Interface() {
		t.Error("a blank field counts in a comparison")
	}
	bm := reflect.MakeMap(reflect.MapOf(blank, reflect.TypeFor[int]()))
	bm.SetMapIndex(x, reflect.ValueOf(1))
	check(t, bm.MapIndex(y).IsValid(), true)
	ub := w.typ("UsesBlank")
	x, y = reflect.New(ub).Elem(), reflect.New(ub).Elem()
	*(*int)(x.Addr().UnsafePointer()) = 99
	if x.Interface() != y.Interface() {
		t.Error("a nested blank field counts in a comparison")
	}
	// Keys and elements of more than 128 bytes live outside the map's groups.
	bk := w.typ("BigKey")
	big := reflect.MakeMap(reflect.MapOf(bk, w.typ("Big")))
	for i := range 100 {
		k := reflect.New(bk).Elem()
		*(*string)(k.Addr().UnsafePointer()) = fmt.Sprint(i)
		big.SetMapIndex(k, reflect.New(w.typ("Big")).Elem())
	}
	check(t, big.Len(), 100)
	direct := w.typ("OnePtr")
	p := reflect.New(direct).Elem()
	check(t, p.Interface() == reflect.New(direct).Elem().Interface(), true)
	arr := reflect.New(w.typ("ArrPtr")).Elem()
	check(t, arr.Interface() == reflect.New(w.typ("ArrPtr")).Elem().Interface(), true)
}

func negZero() float64 { z := 0.0; return -z }

func TestMethodsFromCompiledCode(t *testing.T) {
	w := newWorld(t, `
import ("fmt"; "time")
type Err struct { Code int }
func (e *Err) Error() string { return "" }
func (e *Err) Is(target error) bool { return false }
type Temp int
func (t Temp) MarshalJSON() ([]byte, error) { return nil, nil }
func (t *Temp) UnmarshalJSON(b []byte) error { return nil }
type Weather struct { T Temp; List []Temp `+"`json:\"list\"`"+`; M map[string]*Temp; D time.Duration }
type Outer struct { Inner; *Ptr; fmt.Stringer }
type Inner struct { n int }
func (i Inner) Get() int { return 0 }
func (i *Inner) Set(n int) { }
type Ptr struct { s string }
func (p Ptr) Name(prefix string, more ...int) string { return "" }
func (p *Ptr) hidden() int { return 0 }
type Hidden interface { hidden() int; Name(string, ...int) string }
type Ints []int
func (x Ints) Len() int { return 0 }
func (x Ints) Less(i, j int) bool { return false }
func (x Ints) Swap(i, j int) { }
func (x *Ints) Push(v any) { }
func (x *Ints) Pop() any { return nil }
type F func(int) string
func (f F) String() string { return "" }
type M map[string]int
func (m M) String() string { return "" }
type One struct { p *int }
func (o One) String() string { return "" }
type Arr [1]*int
func (a Arr) String() string { return "" }
type Wide struct { a, b string; c [3]float64 }
func (x Wide) Sum(f float64, s string, b bool, in []int) (string, float64, error) { return "", 0, nil }
`, impls{
		"*Err.Error": func(a []reflect.Value) []reflect.Value { return vals(fmt.Sprint("code ", a[0].Elem().Field(0).Int())) },
		"*Err.Is": func(a []reflect.Value) []reflect.Value {
			return vals(a[1].Interface() == errTarget)
		},
		"Temp.MarshalJSON": func(a []reflect.Value) []reflect.Value {
			return []reflect.Value{reflect.ValueOf(fmt.Appendf(nil, `"%d°"`, a[0].Int())), reflect.Zero(reflect.TypeFor[error]())}
		},
		"*Temp.UnmarshalJSON": func(a []reflect.Value) []reflect.Value {
			var n int64
			fmt.Sscanf(string(a[1].Bytes()), `"%d`, &n)
			a[0].Elem().SetInt(n)
			return []reflect.Value{reflect.Zero(reflect.TypeFor[error]())}
		},
		"Outer.Get":    func(a []reflect.Value) []reflect.Value { return vals(int(a[0].Field(0).Field(0).Int())) },
		"Inner.Get":    func(a []reflect.Value) []reflect.Value { return vals(int(a[0].Field(0).Int())) },
		"*Outer.Set":   func(a []reflect.Value) []reflect.Value { *(*int)(a[0].UnsafePointer()) = int(a[1].Int()); return nil },
		"*Inner.Set":   func(a []reflect.Value) []reflect.Value { *(*int)(a[0].UnsafePointer()) = int(a[1].Int()); return nil },
		"Outer.Name":   func(a []reflect.Value) []reflect.Value { return vals(fmt.Sprintf("%v%d", a[1], a[2].Len())) },
		"Ptr.Name":     func(a []reflect.Value) []reflect.Value { return vals(fmt.Sprintf("%v%d", a[1], a[2].Len())) },
		"Outer.String": func(a []reflect.Value) []reflect.Value { return vals("outer") },
		"Outer.hidden": func(a []reflect.Value) []reflect.Value { return vals(42) },
		"Ints.Len":     func(a []reflect.Value) []reflect.Value { return vals(a[0].Len()) },
		"Ints.Less": func(a []reflect.Value) []reflect.Value {
			return vals(a[0].Index(int(a[1].Int())).Int() < a[0].Index(int(a[2].Int())).Int())
		},
		"Ints.Swap": func(a []reflect.Value) []reflect.Value {
			reflect.Swapper(a[0].Interface())(int(a[1].Int()), int(a[2].Int()))
			return nil
		},
		"*Ints.Push": func(a []reflect.Value) []reflect.Value {
			a[0].Elem().Set(reflect.Append(a[0].Elem(), a[1].Elem()))
			return nil
		},
		"*Ints.Pop": func(a []reflect.Value) []reflect.Value {
			s := a[0].Elem()
			last := s.Index(s.Len() - 1).Interface()
			s.SetLen(s.Len() - 1)
			v := reflect.New(reflect.TypeFor[any]()).Elem()
			v.Set(reflect.ValueOf(last))
			return []reflect.Value{v}
		},
		"F.String":   func(a []reflect.Value) []reflect.Value { return vals("f " + a[0].Call(vals(5))[0].String()) },
		"M.String":   func(a []reflect.Value) []reflect.Value { return vals(fmt.Sprint("m ", a[0].Len())) },
		"One.String": func(a []reflect.Value) []reflect.Value { return vals(fmt.Sprint("one ", a[0].Field(0).Elem().Int())) },
		"Arr.String": func(a []reflect.Value) []reflect.Value { return vals(fmt.Sprint("arr ", a[0].Index(0).Elem().Int())) },
		"Wide.Sum": func(a []reflect.Value) []reflect.Value {
			return []reflect.Value{reflect.ValueOf(a[0].Field(1).String() + a[2].String()), reflect.ValueOf(a[0].Field(2).Index(2).Float() + a[1].Float()), reflect.ValueOf(&errTargetValue).Elem()}
		},
	})

	// errors
	e := reflect.New(w.typ("Err"))
	e.Elem().Field(0).SetInt(4)
	err := e.Interface().(error)
	check(t, fmt.Errorf("wrap: %w", err).Error(), "wrap: code 4")
	check(t, errors.Is(fmt.Errorf("wrap: %w", err), errTarget), true)
	target := reflect.New(w.typ("*Err"))
	check(t, errors.As(fmt.Errorf("wrap: %w", err), target.Interface()), true)
	check(t, target.Elem().Pointer(), e.Pointer())

	// json, both ways
	wea := reflect.New(w.typ("Weather"))
	if err := json.Unmarshal([]byte(`{"T":"3°","list":["4°","5°"],"M":{"a":"6°"},"D":7}`), wea.Interface()); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(wea.Elem().Interface())
	check(t, string(out), `{"T":"3°","list":["4°","5°"],"M":{"a":"6°"},"D":7}`)
	check(t, err, nil)

	// promoted methods
	outer := reflect.New(w.typ("Outer"))
	outer.Interface().(interface{ Set(int) }).Set(9)
	check(t, outer.Elem().Interface().(interface{ Get() int }).Get(), 9)
	check(t, outer.Interface().(interface {
		Name(string, ...int) string
	}).Name("x", 1, 2), "x2")
	check(t, fmt.Sprint(outer.Interface()), "outer")
	check(t, w.typ("Outer").Implements(w.typ("Hidden")), true)
	check(t, w.typ("Inner").Implements(w.typ("Hidden")), false)
	check(t, w.typ("Inner").NumMethod(), 1)
	check(t, w.typ("*Inner").NumMethod(), 2)
	_, ok := outer.Elem().Interface().(fmt.Stringer)
	check(t, ok, true)

	// sort and heap
	ints := reflect.New(w.typ("Ints"))
	for _, n := range []int{5, 2, 8, 1, 9, 3} {
		heap.Push(ints.Interface().(heap.Interface), n)
	}
	check(t, heap.Pop(ints.Interface().(heap.Interface)), any(1))
	sort.Sort(ints.Elem().Interface().(sort.Interface))
	check(t, fmt.Sprint(ints.Elem().Interface()), "[2 3 5 8 9]")

	// pointer-shaped kinds
	n := 6
	f := reflect.New(w.typ("F")).Elem()
	f.Set(reflect.ValueOf(func(i int) string { return fmt.Sprint(i + n) }).Convert(f.Type()))
	check(t, fmt.Sprint(f.Interface()), "f 11")
	fp := reflect.New(f.Type())
	fp.Elem().Set(f)
	check(t, fp.Interface().(fmt.Stringer).String(), "f 11")
	m := reflect.MakeMap(w.typ("M"))
	m.SetMapIndex(reflect.ValueOf("a"), reflect.ValueOf(1))
	check(t, fmt.Sprint(m.Interface()), "m 1")
	one := reflect.New(w.typ("One"))
	*(**int)(one.UnsafePointer()) = &n
	check(t, fmt.Sprint(one.Elem().Interface()), "one 6")
	check(t, one.Interface().(fmt.Stringer).String(), "one 6")
	arr := reflect.New(w.typ("Arr"))
	*(**int)(arr.UnsafePointer()) = &n
	check(t, fmt.Sprint(arr.Elem().Interface()), "arr 6")
	mv := arr.Elem().MethodByName("String")
	check(t, mv.Call(nil)[0].String(), "arr 6")
	mt, _ := arr.Elem().Type().MethodByName("String")
	check(t, mt.Func.Call([]reflect.Value{arr.Elem()})[0].String(), "arr 6")

	// many registers
	wide := reflect.New(w.typ("Wide")).Elem()
	fill(wide, 2)
	type summer interface {
		Sum(float64, string, bool, []int) (string, float64, error)
	}
	s, x, err := wide.Interface().(summer).Sum(2, "!", true, nil)
	check(t, s, strings.Repeat("s", 12)+"!")
	check(t, x, 3.5)
	check(t, err, errTarget)
	wt, _ := wide.Type().MethodByName("Sum")
	res := wt.Func.Call(append([]reflect.Value{wide}, vals(1.0, "?", false, []int(nil))...))
	check(t, res[0].String(), strings.Repeat("s", 12)+"?")

	// templates
	tmpl := template.Must(template.New("").Parse(`{{.Get}} {{.Name "a" 1}} {{.}}`))
	var b strings.Builder
	if err := tmpl.Execute(&b, outer.Interface()); err != nil {
		t.Fatal(err)
	}
	check(t, b.String(), "9 a1 outer")
	// Methods run on other goroutines while the collector runs.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				if fmt.Sprint(arr.Elem().Interface(), one.Interface()) != "arr 6 one 6" {
					t.Error("wrong text")
				}
				runtime.GC()
			}
		})
	}
	wg.Wait()
}

var errTargetValue = errors.New("target")
var errTarget = errTargetValue

func TestUnnamedStructs(t *testing.T) {
	w := newWorld(t, `
import "sync"
type E struct { n int }
func (e E) String() string { return "" }
type Local struct { sync.Mutex; E }
`, impls{
		"struct{E}.String":        func(a []reflect.Value) []reflect.Value { return vals(fmt.Sprint("e", a[0].Field(0).Field(0).Int())) },
		"struct{E; a int}.String": func(a []reflect.Value) []reflect.Value { return vals("two") },
		"struct{*E}.String":       func(a []reflect.Value) []reflect.Value { return vals("ptr") },
		"Local.String":            func(a []reflect.Value) []reflect.Value { return vals("local") },
		"*Local.Lock":             func(a []reflect.Value) []reflect.Value { (*sync.Mutex)(a[0].UnsafePointer()).Lock(); return nil },
		"*Local.TryLock":          func(a []reflect.Value) []reflect.Value { return vals((*sync.Mutex)(a[0].UnsafePointer()).TryLock()) },
	})
	check(t, w.typ("struct{ E }").String(), "struct { main.E }")
	check(t, fmt.Sprint(reflect.New(w.typ("struct{ E }")).Elem().Interface()), "e0")
	check(t, fmt.Sprint(reflect.New(w.typ("struct{ E; a int }")).Interface()), "two")
	check(t, fmt.Sprint(reflect.New(w.typ("struct{ *E }")).Elem().Interface()), "ptr")
	check(t, w.typ("struct{ *E }"), w.typ("struct{ *E }"))
	l := reflect.New(w.typ("Local")).Interface()
	l.(sync.Locker).Lock()
	check(t, l.(interface{ TryLock() bool }).TryLock(), false)
	check(t, fmt.Sprint(l), "local")
	check(t, w.typ("interface{ String() string }").Kind(), reflect.Interface)
	check(t, w.typ("E").Implements(w.typ("interface{ String() string }")), true)
}

func TestInverse(t *testing.T) {
	w := newWorld(t, `
import ("time"; "strings")
type P struct { D time.Duration }
var b strings.Builder
`, nil)
	for _, expr := range []string{"P", "*P", "[]P", "map[string][]*P", "func(P, ...int) error", "struct{A P; b int}", "[3]P", "chan<- P", "time.Duration", "interface{ M(P) }", "any", "error", "unsafePointer"} {
		if expr == "unsafePointer" {
			check(t, w.TypesOf(reflect.TypeFor[uintptr]()), types.Type(types.Typ[types.Uintptr]))
			continue
		}
		typ := w.types(expr)
		if got := w.TypesOf(w.Of(typ)); !types.Identical(got, typ) {
			t.Errorf("%v comes back as %v", typ, got)
		}
	}
	// Types that were not made by Of.
	for _, r := range []reflect.Type{
		reflect.TypeFor[[]time.Duration](), reflect.TypeOf(errors.New("x")), reflect.TypeFor[sync.Pool](), reflect.SliceOf(w.typ("P")),
		reflect.TypeFor[reflect.Type](), reflect.TypeFor[*time.Location](),
	} {
		typ := w.TypesOf(r)
		if typ == nil {
			t.Errorf("%v has no type", r)
			continue
		}
		check(t, w.TypesOf(r), typ)
		check(t, w.Of(typ), r)
	}
	check(t, types.TypeString(w.TypesOf(reflect.TypeFor[[]time.Duration]()), nil), "[]time.Duration")
}

// TestTypesOfConcurrently asks for types that refer to each other from many goroutines: all get the same ones, and whole.
func TestTypesOfConcurrently(t *testing.T) {
	asked := []reflect.Type{
		reflect.TypeFor[*types.Named](), reflect.TypeFor[*types.Package](), reflect.TypeFor[types.Type](), reflect.TypeFor[*types.Scope](),
		reflect.TypeFor[*ast.File](), reflect.TypeFor[*ast.FuncType](), reflect.TypeFor[reflect.Type](), reflect.TypeFor[sync.Pool](),
	}
	for range 4 {
		w := newWorld(t, "", nil)
		got := make([][]types.Type, len(asked))
		start := make(chan struct{})
		var wg sync.WaitGroup
		for g := range got {
			got[g] = make([]types.Type, len(asked))
			wg.Go(func() {
				<-start
				for i := range asked {
					i := (i + g) % len(asked)
					typ := w.TypesOf(asked[i])
					got[g][i] = typ
					wholeType(t, typ, make(map[types.Type]bool))
					w.Of(typ)
				}
			})
		}
		close(start)
		wg.Wait()
		for g := range got {
			for i, typ := range got[g] {
				if typ != got[0][i] {
					t.Errorf("%v is %p in one goroutine and %p in another", asked[i], got[0][i], typ)
				}
			}
		}
	}
}

// wholeType reads all of a type, and of those that it refers to.
func wholeType(t *testing.T, typ types.Type, seen map[types.Type]bool) {
	if typ == nil {
		t.Error("a named type without an underlying one")
	}
	if typ == nil || seen[typ] {
		return
	}
	seen[typ] = true
	switch u := typ.(type) {
	case *types.Named:
		wholeType(t, u.Underlying(), seen)
		for m := range u.Methods() {
			wholeType(t, m.Type(), seen)
		}
	case interface{ Elem() types.Type }:
		wholeType(t, u.Elem(), seen)
	case *types.Struct:
		for f := range u.Fields() {
			wholeType(t, f.Type(), seen)
		}
	case *types.Signature:
		for v := range u.Params().Variables() {
			wholeType(t, v.Type(), seen)
		}
		for v := range u.Results().Variables() {
			wholeType(t, v.Type(), seen)
		}
	case *types.Interface:
		for m := range u.Methods() {
			wholeType(t, m.Type(), seen)
		}
	}
}

func TestErrors(t *testing.T) {
	w := newWorld(t, `
type T struct{}
func (T) A() {}
func G[P any](p P) {}
`, nil)
	catch := func(f func()) (e *rtype.Error) {
		defer func() { e, _ = recover().(*rtype.Error) }()
		f()
		return nil
	}
	g := w.pkg.Scope().Lookup("G").Type().(*types.Signature)
	if e := catch(func() { w.Of(g) }); e == nil || !strings.Contains(e.Error(), "type parameter") {
		t.Errorf("got %v", e)
	}
	// Use up the stubs with types declared again and again, as a long session would.
	used, capacity := rtype.Stubs()
	n := 0
	var last *rtype.Error
	for last == nil && n < capacity {
		last = catch(func() { w.Of(newNamed(w, n, 100)) })
		n++
	}
	if last == nil || !strings.Contains(last.Error(), "no room for its methods") {
		t.Fatalf("after %d types: %v", n, last)
	}
	full, _ := rtype.Stubs()
	t.Logf("%d of %d stubs in use at first; then %d types of 100 methods: %d", used, capacity, n-1, full)
	w.Of(newNamed(w, n, 1)) // a smaller one still fits
	w.Close()
	after, _ := rtype.Stubs()
	check(t, after, used)
	w.Of(newNamed(w, n, 100)) // works again
}

// newNamed returns a new type with value methods.
func newNamed(w *world, n, methods int) *types.Named {
	x := types.NewNamed(types.NewTypeName(0, w.pkg, fmt.Sprint("T", n), nil), types.NewStruct(nil, nil), nil)
	for i := range methods {
		x.AddMethod(types.NewFunc(0, w.pkg, fmt.Sprint("A", i), types.NewSignatureType(types.NewVar(0, w.pkg, "", x), nil, nil, nil, nil, false)))
	}
	return x
}

func TestExtend(t *testing.T) {
	w := newWorld(t, `
type T struct { n int }
func (t T) B() string { return "b" }
type Holder struct { T }
`, impls{"T.B": text("b%d"), "T.String": text("t%d"), "Holder.String": text("h%d"), "Holder.B": text("hb%d")})
	v, h := reflect.New(w.typ("T")).Elem(), reflect.New(w.typ("Holder")).Elem()
	check(t, fmt.Sprint(v.Interface(), h.Interface()), "{0} {{0}}")
	n := w.types("T").(*types.Named)
	str := types.NewTuple(types.NewVar(0, nil, "", types.Typ[types.String]))
	n.AddMethod(types.NewFunc(0, w.pkg, "String", types.NewSignatureType(types.NewVar(0, w.pkg, "t", n), nil, nil, nil, str, false)))
	if err := w.Extend(n); err != nil {
		t.Fatal(err)
	}
	check(t, fmt.Sprint(v.Interface(), h.Interface()), "t0 h0")
	check(t, v.Interface().(interface{ B() string }).B(), "b0")
	check(t, v.Type().NumMethod(), 2)
}

// TestExtendForLong lets the runtime's table of interfaces grow after methods were added to types that it knew without them.
func TestExtendForLong(t *testing.T) {
	const n = 80
	var src strings.Builder
	for i := range n {
		fmt.Fprintf(&src, "type T%d struct { n int }\ntype I%d interface { M%d() }\n", i, i, i)
	}
	calls := impls{}
	for i := range n {
		calls[fmt.Sprintf("T%d.String", i)] = text("t%d")
	}
	w := newWorld(t, src.String(), calls)
	str := types.NewTuple(types.NewVar(0, nil, "", types.Typ[types.String]))
	stringer := reflect.TypeFor[fmt.Stringer]()
	for i := range n {
		typ, named := w.typ(fmt.Sprint("T", i)), w.types(fmt.Sprint("T", i)).(*types.Named)
		check(t, rtype.Implements(typ, stringer), false)
		named.AddMethod(types.NewFunc(0, w.pkg, "String", types.NewSignatureType(types.NewVar(0, w.pkg, "t", named), nil, nil, nil, str, false)))
		if err := w.Extend(named); err != nil {
			t.Fatal(err)
		}
		check(t, rtype.Implements(typ, stringer), true)
	}
	for i := range n * n {
		check(t, rtype.Implements(w.typ(fmt.Sprint("T", i%n)), w.typ(fmt.Sprint("I", i/n))), false)
	}
	for i := range n {
		if typ := w.typ(fmt.Sprint("T", i)); !rtype.Implements(typ, stringer) {
			t.Errorf("%v has lost its method", typ)
		}
	}
}

// TestExtendBesideCalls looks a method up while others are added before it: a compiled program's tables never change.
func TestExtendBesideCalls(t *testing.T) {
	w := newWorld(t, `
type T struct { n int }
func (t T) Y() string { return "y" }
func (t T) z() string { return "z" }
`, impls{"T.Y": text("y%d"), "T.z": text("z%d")})
	v := reflect.New(w.typ("T")).Elem()
	n := w.types("T").(*types.Named)
	str := types.NewTuple(types.NewVar(0, nil, "", types.Typ[types.String]))
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		for i := range 20 {
			n.AddMethod(types.NewFunc(0, w.pkg, fmt.Sprint("A", 20-i), types.NewSignatureType(types.NewVar(0, w.pkg, "t", n), nil, nil, nil, str, false)))
			if err := w.Extend(n); err != nil {
				t.Error(err)
			}
		}
	})
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		for m := range v.Type().Methods() {
			if m.Name != "" && m.Name[0] != 'A' && m.Name != "Y" {
				t.Fatalf("a method %q", m.Name)
			}
		}
	}
	wg.Wait()
	check(t, v.Type().NumMethod(), 21)
	check(t, v.Interface().(interface{ Y() string }).Y(), "y0")
}

func TestConcurrentOf(t *testing.T) {
	w := newWorld(t, recursive, nil)
	var wg sync.WaitGroup
	got := make([]reflect.Type, 8)
	for i := range got {
		wg.Go(func() {
			for _, name := range w.pkg.Scope().Names() {
				if name != "Gen" {
					w.Of(w.pkg.Scope().Lookup(name).Type())
				}
			}
			got[i] = w.Of(types.NewSlice(w.pkg.Scope().Lookup("Tree").Type()))
		})
	}
	wg.Wait()
	for _, r := range got {
		check(t, r, got[0])
	}
}

func BenchmarkDeclare(b *testing.B) {
	w := newWorld(b, `type T struct{}
func (T) A() {}`, nil)
	for i := 0; b.Loop(); i++ {
		w.Of(newNamed(w, i, 1))
		if i%1000 == 999 {
			w.Close()
		}
	}
}
