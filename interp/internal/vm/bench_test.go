package vm_test

import (
	"testing"

	"poolbook/interp/internal/vm"
)

// benchmark runs function Run of a program in each round.
func benchmark(b *testing.B, src string) {
	p, err := load("package main\n" + src + "\nfunc main() {}\n")
	if err != nil {
		b.Fatal(err)
	}
	r := p.m.NewRun(b.Context(), vm.RunConfig{})
	if _, err := r.Call(p.main.Func("init")); err != nil {
		b.Fatal(err)
	}
	fn := p.main.Func("Run")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Call(fn); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLeibniz10M(b *testing.B) {
	benchmark(b, `func Run() float64 {
	sum, sign := 0.0, 1.0
	for i := 0; i < 10_000_000; i++ {
		sum += sign / float64(2*i+1)
		sign = -sign
	}
	return 4 * sum
}`)
}

func BenchmarkFib30(b *testing.B) {
	benchmark(b, `func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}
func Run() int { return fib(30) }`)
}

func BenchmarkMethods1M(b *testing.B) {
	benchmark(b, `type Shape interface{ Area() int }
type Square struct{ side int }
func (s Square) Area() int { return s.side * s.side }
type Rect struct{ w, h int }
func (r *Rect) Area() int { return r.w * r.h }
func Run() int {
	shapes := []Shape{Square{3}, &Rect{2, 5}}
	n := 0
	for i := range 1_000_000 {
		n += shapes[i&1].Area()
	}
	return n
}`)
}

func BenchmarkMap1M(b *testing.B) {
	benchmark(b, `func Run() int {
	keys := []string{"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"}
	m := map[string]int{}
	for i := range 1_000_000 {
		m[keys[i&7]]++
	}
	return len(m)
}`)
}

func BenchmarkSortSlice100k(b *testing.B) {
	benchmark(b, `import "sort"
func Run() int {
	s := make([]int, 100_000)
	x := uint32(1)
	for i := range s {
		x = x*1664525 + 1013904223
		s[i] = int(x >> 8)
	}
	sort.Slice(s, func(i, j int) bool { return s[i] < s[j] })
	return s[0]
}`)
}

func BenchmarkConcat20k(b *testing.B) {
	benchmark(b, `func Run() int {
	s := ""
	for range 20_000 {
		s += "x"
	}
	return len(s)
}`)
}

func BenchmarkBuilder1M(b *testing.B) {
	benchmark(b, `import "strings"
func Run() int {
	var s strings.Builder
	for range 1_000_000 {
		s.WriteByte('x')
	}
	return s.Len()
}`)
}

func BenchmarkSprintf100k(b *testing.B) {
	benchmark(b, `import "fmt"
func Run() int {
	n := 0
	for i := range 100_000 {
		n += len(fmt.Sprintf("%d-%s", i, "abc"))
	}
	return n
}`)
}

func BenchmarkTrees16(b *testing.B) {
	benchmark(b, `type Tree struct{ l, r *Tree }
func bottomUp(d int) *Tree {
	if d == 0 {
		return &Tree{}
	}
	return &Tree{bottomUp(d - 1), bottomUp(d - 1)}
}
func (t *Tree) check() int {
	if t.l == nil {
		return 1
	}
	return 1 + t.l.check() + t.r.check()
}
func Run() int { return bottomUp(16).check() }`)
}

func BenchmarkChannel100k(b *testing.B) {
	benchmark(b, `func Run() int {
	c := make(chan int)
	go func() {
		for i := range 100_000 {
			c <- i
		}
		close(c)
	}()
	n := 0
	for v := range c {
		n += v
	}
	return n
}`)
}

func BenchmarkBufferedChannel100k(b *testing.B) {
	benchmark(b, `func Run() int {
	c := make(chan int, 128)
	go func() {
		for i := range 100_000 {
			c <- i
		}
		close(c)
	}()
	n := 0
	for v := range c {
		n += v
	}
	return n
}`)
}

func BenchmarkSieve(b *testing.B) {
	benchmark(b, `func Run() int {
	const n = 1_000_000
	s := make([]bool, n+1)
	count := 0
	for i := 2; i <= n; i++ {
		if s[i] {
			continue
		}
		count++
		for j := i * i; j <= n; j += i {
			s[j] = true
		}
	}
	return count
}`)
}

func BenchmarkMatrix200(b *testing.B) {
	benchmark(b, `func Run() float64 {
	const n = 200
	mk := func() [][]float64 {
		m := make([][]float64, n)
		for i := range m {
			m[i] = make([]float64, n)
			for j := range m[i] {
				m[i][j] = float64(i*j%7)
			}
		}
		return m
	}
	a, c, d := mk(), mk(), mk()
	for i := range n {
		for j := range n {
			s := 0.0
			for k := range n {
				s += a[i][k] * c[k][j]
			}
			d[i][j] = s
		}
	}
	return d[3][4]
}`)
}

func TestDump(t *testing.T) {
	p, err := load(`package main
func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}
func L() float64 {
	sum, sign := 0.0, 1.0
	for i := 0; i < 10_000_000; i++ {
		sum += sign / float64(2*i+1)
		sign = -sign
	}
	return 4 * sum
}
func mat(a, c, d [][]float64, n int) {
	for i := range n {
		for j := range n {
			s := 0.0
			for k := range n {
				s += a[i][k] * c[k][j]
			}
			d[i][j] = s
		}
	}
}
func main() { }
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"fib", "L", "mat"} {
		t.Logf("%s\n%s", n, p.m.Dump(p.main.Func(n)))
	}
}
