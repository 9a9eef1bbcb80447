//go:build ignore

// Values with methods in every position that fmt looks at.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

type Color int

const (
	Red Color = iota
	Green
)

func (c Color) String() string { return [...]string{"Red", "Green"}[c] }

type Code int

func (c Code) Error() string { return fmt.Sprintf("code %d", int(c)) }

type Hex uint16

func (h Hex) Format(s fmt.State, verb rune) {
	w, wok := s.Width()
	p, pok := s.Precision()
	fmt.Fprintf(s, "<%c %d %v %d %v %v%v>", verb, w, wok, p, pok, s.Flag('+'), s.Flag('#'))
	s.Write([]byte("!"))
}

type Go struct{ n int }

func (g Go) GoString() string { return fmt.Sprintf("Go(%d)", g.n) }

type Ptr struct{ A, B int }

func (p *Ptr) String() string { return fmt.Sprintf("ptr(%d,%d)", p.A, p.B) }

type Bad struct{ p *int }

func (b Bad) String() string { return fmt.Sprint(*b.p) }

type Panics string

func (p Panics) String() string { panic("oh no: " + string(p)) }

type inner struct {
	c Color
	e error
}

type Outer struct {
	C     Color
	E     error
	P     *Ptr
	V     Ptr
	M     map[Color]Code
	S     []Color
	A     [2]Color
	I     any
	inner inner
	F     func(int) string
	Ch    chan Color
}

type Embedded struct {
	Color
	N int
}

type EmbeddedPtr struct {
	*Ptr
	N int
}

type Both struct {
	Color
	Code
}

type Names []string

func (n Names) String() string { return strings.Join(n, "+") }

type Table map[string]int

func (t Table) String() string { return fmt.Sprintf("table of %d", len(t)) }

type Op func(int) int

func (o Op) String() string { return fmt.Sprint("op ", o(2)) }

type Pipe chan int

func (p Pipe) String() string { return fmt.Sprint("pipe ", cap(p)) }

type One struct{ p *int }

func (o One) String() string { return fmt.Sprint("one ", *o.p) }

type Arr1 [1]*int

func (a Arr1) String() string { return fmt.Sprint("arr ", *a[0]) }

type Float float64

func (f Float) String() string { return "f" + fmt.Sprintf("%.1f", float64(f)) }

type Flag bool

func (f Flag) String() string { return "flag " + fmt.Sprint(bool(f)) }

type Bytes []byte

func (b Bytes) String() string { return "bytes:" + string(b) }

type Complex complex128

func (c Complex) String() string { return fmt.Sprint("c", real(complex128(c))) }

type Pair[K comparable, V any] struct {
	Key K
	Val V
}

func (p Pair[K, V]) String() string { return fmt.Sprintf("%v=>%v", p.Key, p.Val) }

type Tree[T any] struct {
	Left, Right *Tree[T]
	V           T
}

func (t *Tree[T]) String() string {
	if t == nil {
		return "."
	}
	return fmt.Sprintf("(%v %v %v)", t.Left, t.V, t.Right)
}

type Scan struct{ X, Y int }

func (s *Scan) Scan(state fmt.ScanState, verb rune) error {
	_, err := fmt.Fscanf(state, "%d/%d", &s.X, &s.Y)
	return err
}

func main() {
	n := 5
	values := []any{
		Red, Green, Code(3), Hex(9), Go{4}, Ptr{1, 2}, &Ptr{1, 2}, Names{"a", "b"}, Table{"x": 1}, Op(func(i int) int { return i * 3 }),
		Pipe(make(chan int, 3)), One{&n}, Arr1{&n}, Float(2), Flag(true), Bytes("hi"), Complex(3 + 2i),
		Embedded{Green, 1}, EmbeddedPtr{&Ptr{3, 4}, 1}, Both{Red, 7}, Pair[string, Color]{"k", Green}, &Pair[int, []Color]{1, []Color{Red}},
		&Tree[Color]{V: Green, Left: &Tree[Color]{V: Red}},
		[]Color{Red, Green}, map[Color]Color{Red: Green, Green: Red}, [2]Code{1, 2}, []error{Code(1), errors.New("x")}, []any{Red, Code(2), nil, 1},
		struct{ C Color }{Green}, struct{ c Color }{Green}, &struct{ P *Ptr }{nil}, map[string]Ptr{"a": {1, 2}}, []*Ptr{nil}, map[Pair[int, int]]Go{{1, 2}: {3}},
		(*Ptr)(nil), (*Tree[int])(nil), Color(0), []Hex{1}, []Go{{1}},
	}
	for i, v := range values {
		fmt.Printf("%d: %v | %+v | %T\n", i, v, v, v)
		if i != 9 && i != 10 && i != 11 && i != 12 && i != 6 && i != 18 && i != 22 && i != 32 && i != 21 && i != 30 && i != 26 {
			fmt.Printf("   %#v\n", v)
		}
		fmt.Printf("   %s | %q\n", v, fmt.Sprint(v))
	}
	fmt.Printf("%d %x %08.3f %5v|%-7v|%+d %c %U %t\n", Green, Green, Float(2.5), Green, Green, Green, Color(65-64+64), Color(65), Flag(true))
	fmt.Printf("%x %X % x %q\n", Bytes("hi"), Names{"ab"}, Bytes("hi"), Names{"q"})
	fmt.Printf("%+8.3v %#x\n", Hex(1), Hex(2))
	o := Outer{C: Green, E: Code(4), P: &Ptr{1, 2}, V: Ptr{3, 4}, M: map[Color]Code{Green: 1}, S: []Color{Red}, A: [2]Color{1, 0}, I: Color(1), inner: inner{Green, Code(5)}}
	o.P = nil
	fmt.Printf("%v\n%+v\n", o, o)
	fmt.Println(o, &o)
	fmt.Println(Panics("a"), &Bad{}, Bad{})
	fmt.Printf("%s %v %d\n", Panics("b"), []Panics{"c"}, Panics("d"))
	var st fmt.Stringer = Green
	var es error = Code(8)
	fmt.Println(st, es, st == fmt.Stringer(Green), es == error(Code(8)), any(Green) == any(Red))
	fmt.Println(fmt.Sprint(Red, Green), fmt.Sprintln(Red, Code(1)), fmt.Sprintf("%v%%", Green), fmt.Sprintf("%[2]v %[1]v %*d", Red, Green, 5, 3), fmt.Sprintf("%!", Red), fmt.Sprintf("%d", st), fmt.Sprintf("%z", Green))
	fmt.Fprintln(os.Stdout, fmt.Errorf("w: %w %w", Code(1), Code(2)), fmt.Append(nil, Green))
	var s Scan
	k, err := fmt.Sscan("3/4", &s)
	fmt.Println(k, err, s)
	var c Color
	fmt.Sscanf("1", "%d", &c)
	fmt.Println(c)
	type Local struct{ A, B Color }
	fmt.Printf("%T %v %#v\n", Local{}, Local{1, 0}, Local{1, 0})
	func() {
		type Local struct{ Z Code }
		fmt.Printf("%T %v\n", Local{}, Local{2})
	}()
	fmt.Printf("%T %T %T %T\n", func(Color) error { return nil }, map[Color][]*Ptr{}, make(<-chan Code), [3]struct{ X Color }{})
	var nilErr error
	var np *Ptr
	fmt.Printf("%v %v %s %d\n", nilErr, np == nil, nilErr, []any{nil, np == nil})
}
