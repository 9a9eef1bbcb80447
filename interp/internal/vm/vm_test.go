package vm_test

import "testing"

func TestHello(t *testing.T) {
	got := output(t, `package main
import "fmt"
type P struct{ x, y int }
func (p P) String() string { return fmt.Sprintf("<%d,%d>", p.x, p.y) }
type I interface{ Area() int }
func (p *P) Area() int { return p.x*p.y }
func fib(n int) int { if n < 2 { return n }; return fib(n-1)+fib(n-2) }
func main() {
	fmt.Println("hello", fib(20))
	m := map[string]int{"a": 1}
	m["b"] += 5
	s := []int{3,4}
	s = append(s, 5, 6)
	sum := 0
	for i, v := range s { sum += i*v }
	f := func(k int) int { sum += k; return sum }
	fmt.Println(m, s, sum, f(3), P{1,2}, []P{{3,4}})
	var i I = &P{5,6}
	fmt.Println(i.Area(), i)
	defer func() { fmt.Println("recovered", recover()) }()
	var z []int
	_ = z[sum]
}
`)
	want := "hello 6765\nmap[a:1 b:5] [3 4 5 6] 32 35 <1,2> [<3,4>]\n30 <5,6>\nrecovered runtime error: index out of range [35] with length 0\n"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
