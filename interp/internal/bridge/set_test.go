package bridge_test

import (
	"encoding/binary"
	"fmt"
	"go/types"
	"log"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"poolbook/interp/internal/bridge"
)

func TestLookup(t *testing.T) {
	s := bridge.New()
	call := func(path, name string, args ...any) []reflect.Value {
		t.Helper()
		f, ok := s.Lookup(path, name)
		if !ok {
			t.Fatalf("no %s.%s", path, name)
		}
		var in []reflect.Value
		for _, a := range args {
			in = append(in, reflect.ValueOf(a))
		}
		return f.Call(in)
	}
	if got := call("strings", "ToUpper", "a")[0].String(); got != "A" {
		t.Errorf("strings.ToUpper gives %s", got)
	}
	if got := call("strings", "Count", "cheese", "e")[0].Int(); got != 3 {
		t.Errorf("strings.Count gives %d", got)
	}
	call("math/rand/v2", "IntN", 3)
	if v, ok := s.Lookup("os", "Args"); !ok || v.Addr().Interface() != &os.Args {
		t.Error("os.Args is not the variable itself")
	}
	// What ends a program must be the real thing: the machine decides what it does.
	for _, c := range []struct {
		path, name string
		want       any
	}{{"os", "Exit", os.Exit}, {"log", "Fatal", log.Fatal}, {"log", "New", log.New}, {"math/rand/v2", "IntN", rand.IntN}} {
		v, ok := s.Lookup(c.path, c.name)
		if !ok || v.Pointer() != reflect.ValueOf(c.want).Pointer() {
			t.Errorf("%s.%s is not the real function", c.path, c.name)
		}
	}
	for _, c := range [][2]string{{"fmt", "Nothing"}, {"no/such", "X"}, {"slices", "Sort"}} {
		if _, ok := s.Lookup(c[0], c[1]); ok {
			t.Errorf("found %v", c)
		}
	}
}

func TestType(t *testing.T) {
	s := bridge.New()
	for _, c := range []struct {
		path, name string
		want       reflect.Type
	}{
		{"time", "Duration", reflect.TypeFor[time.Duration]()},
		{"log", "Logger", reflect.TypeFor[log.Logger]()},
		{"fmt", "Stringer", reflect.TypeFor[fmt.Stringer]()},
		{"encoding/binary", "littleEndian", reflect.TypeOf(binary.LittleEndian)},
		{"iter", "Seq[string]", reflect.TypeOf(strings.Lines(""))},
	} {
		if got, ok := s.Type(c.path, c.name); !ok || got != c.want {
			t.Errorf("%s.%s is %v, want %v", c.path, c.name, got, c.want)
		}
	}
	for _, c := range [][2]string{{"fmt", "Println"}, {"os", "Args"}, {"time", "nothing"}, {"iter", "Seq[main.T]"}, {"main", "Pair[int]"}} {
		if got, ok := s.Type(c[0], c[1]); ok {
			t.Errorf("%v is a type: %v", c, got)
		}
	}
}

func TestAdd(t *testing.T) {
	s := bridge.New()
	x := 1
	s.Add("mine/core", "core", bridge.Table{"X": reflect.ValueOf(&x).Elem()})
	if v, ok := s.Lookup("mine/core", "X"); !ok || !v.CanSet() {
		t.Error("X is not a variable")
	}
	if !slices.Contains(s.Packages(), "mine/core") || !slices.Contains(s.Packages(), "fmt") || !slices.IsSorted(s.Packages()) {
		t.Errorf("packages are %v", s.Packages())
	}
	if _, ok := bridge.New().Lookup("mine/core", "X"); ok {
		t.Error("another set has the package too")
	}
	if name, table, ok := s.Package("mine/core"); name != "core" || len(table) != 1 || !ok {
		t.Errorf("got %s %v %v", name, table, ok)
	}
}

func TestInstance(t *testing.T) {
	s := bridge.New()
	integer, str := types.Typ[types.Int], types.Typ[types.String]
	f, ok := s.Instance("slices", "Sort", []types.Type{types.NewSlice(integer), integer})
	if !ok {
		t.Fatal("no slices.Sort for []int")
	}
	list := []int{3, 1, 2}
	f.Call([]reflect.Value{reflect.ValueOf(list)})
	if !slices.IsSorted(list) {
		t.Errorf("sorted to %v", list)
	}
	if f, ok := s.Instance("slices", "Contains", []types.Type{types.NewSlice(str), str}); !ok || f.Type() != reflect.TypeFor[func([]string, string) bool]() {
		t.Errorf("slices.Contains is %v", f)
	}
	b := types.Universe.Lookup("byte").Type()
	if f, ok := s.Instance("slices", "Equal", []types.Type{types.NewSlice(b), b}); !ok || f.Type() != reflect.TypeFor[func(a, b []byte) bool]() {
		t.Errorf("slices.Equal is %v", f)
	}
	named := types.NewNamed(types.NewTypeName(0, nil, "T", nil), integer, nil)
	if _, ok := s.Instance("slices", "Sort", []types.Type{types.NewSlice(named), named}); ok {
		t.Error("an instance for a type of a cell")
	}
}
