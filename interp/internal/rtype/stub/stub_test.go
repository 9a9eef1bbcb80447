package stub_test

import (
	"errors"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"poolbook/interp/internal/rtype/stub"
)

// call calls code as the runtime calls a method: with arguments in registers, and no closure.
func call[F any](code unsafe.Pointer) F {
	fn := &code
	return *(*F)(unsafe.Pointer(&fn))
}

func TestStubs(t *testing.T) {
	type fn = func(p *int, x float64, s string, l []int) (string, int, float64)
	n := 0
	f := func(p *int, x float64, s string, l []int) (string, int, float64) {
		n++
		return s + "!", *p + len(l), x * 2
	}
	s, code, err := stub.Take(reflect.ValueOf(f))
	if err != nil {
		t.Fatal(err)
	}
	seven := 7
	for range 3 {
		if a, b, c := call[fn](code)(&seven, 1.5, "x", []int{1, 2}); a != "x!" || b != 9 || c != 3 {
			t.Errorf("got %v %v %v", a, b, c)
		}
	}
	if n != 3 {
		t.Errorf("called %d times", n)
	}
	made := reflect.MakeFunc(reflect.TypeFor[fn](), func(args []reflect.Value) []reflect.Value {
		runtime.GC()
		return []reflect.Value{args[2], args[0].Elem(), args[1]}
	})
	s.Set(made)
	if a, b, c := call[fn](code)(&seven, 1.5, "x", nil); a != "x" || b != 7 || c != 1.5 {
		t.Errorf("got %v %v %v", a, b, c)
	}
	used, capacity := stub.Used()
	if used != 1 || capacity < 8000 {
		t.Errorf("%d of %d in use", used, capacity)
	}
	stub.Free([]stub.Stub{s})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a free stub does not panic")
			}
		}()
		call[fn](code)(nil, 0, "", nil)
	}()
}

// TestFullRegisters calls a method whose arguments take every register that Go passes integers in.
func TestFullRegisters(t *testing.T) {
	type fn = func(p *int, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o int, x *int) []int
	s, code, err := stub.Take(reflect.ValueOf(func(p *int, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o int, x *int) []int {
		return []int{*p, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, *x}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer stub.Free([]stub.Stub{s})
	zero, sixteen := 0, 16
	for i, got := range call[fn](code)(&zero, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, &sixteen) {
		if got != i {
			t.Errorf("argument %d is %#x", i, got)
		}
	}
}

func TestEveryStub(t *testing.T) {
	var list []stub.Stub
	var codes []unsafe.Pointer
	for i := 0; ; i++ {
		s, code, err := stub.Take(reflect.ValueOf(func(x *int) int { return *x + i }))
		if errors.Is(err, stub.ErrNone) {
			break
		}
		list, codes = append(list, s), append(codes, code)
	}
	defer stub.Free(list)
	runtime.GC()
	one := 1
	for i, code := range codes {
		if got := call[func(*int) int](code)(&one); got != i+1 {
			t.Fatalf("stub %d gives %d", i, got)
		}
	}
	if _, capacity := stub.Used(); len(codes) != capacity {
		t.Errorf("%d stubs, not %d", len(codes), capacity)
	}
}

func TestConcurrentUse(t *testing.T) {
	s, code, err := stub.Take(reflect.ValueOf(func(x *int) int { return *x }))
	if err != nil {
		t.Fatal(err)
	}
	defer stub.Free([]stub.Stub{s})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			x := 5
			for range 2000 {
				if call[func(*int) int](code)(&x) != 5 {
					t.Error("wrong result")
				}
			}
		})
	}
	for range 200 {
		s.Set(reflect.ValueOf(func(x *int) int { return *x }))
		runtime.GC()
	}
	wg.Wait()
}

func BenchmarkCall(b *testing.B) {
	s, code, _ := stub.Take(reflect.ValueOf(func(x *int) int { return *x }))
	defer stub.Free([]stub.Stub{s})
	f, x := call[func(*int) int](code), 5
	for b.Loop() {
		f(&x)
	}
}
