package vm_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"poolbook/interp/internal/vm"
)

// TestTranslation sees that hot functions are translated, and others not.
func TestTranslation(t *testing.T) {
	if !vm.HasJIT {
		t.Skip("no machine code on this platform")
	}
	const hot = `
func main() {
	n := 0
	for i := range 100_000 { n += i }
	println(n)
}`
	const cold = `
func main() {
	n := 0
	for i := range 100 { n += i }
	println(n)
}`
	for _, c := range []struct {
		how  vm.JIT
		src  string
		want bool
	}{{vm.JITUsual, hot, true}, {vm.JITUsual, cold, false}, {vm.JITEager, cold, true}, {vm.JITNever, hot, false}} {
		vm.SetJIT(t, c.how)
		p := mustLoad(t, c.src)
		if _, _, err := p.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := p.m.MachineCode() > 0; got != c.want {
			t.Errorf("%v: %d bytes of machine code", c.how, p.m.MachineCode())
		}
	}
}

// TestCollectorAndMachineCode sees that the collector does not wait for a
// goroutine in machine code: in a loop, in calls and with write barriers on.
func TestCollectorAndMachineCode(t *testing.T) {
	vm.SetJIT(t, vm.JITEager)
	for name, body := range map[string]string{
		"loop":     `for { n++ }`,
		"empty":    `for {}`,
		"calls":    `var f func(int) int; f = func(n int) int { if n < 2 { return n }; return f(n-1) + f(n-2) }; f(90)`,
		"pointers": `type T struct{ p *T }; a, b := new(T), new(T); for { a.p, b.p = b, a; a, b = b, a }`,
	} {
		t.Run(name, func(t *testing.T) {
			p := mustLoad(t, `var n int
func main() { print("begun"); `+body+` }`)
			begun := make(signal)
			r := p.m.NewRun(t.Context(), vm.RunConfig{Stderr: begun})
			ended := make(chan error)
			go func() {
				_, err := r.Call(p.main.Func("main"))
				ended <- err
			}()
			<-begun
			time.Sleep(time.Millisecond) // it gets into the loop
			done := make(chan bool)
			go func() {
				for range 10 {
					runtime.GC()
				}
				close(done)
			}()
			select {
			case <-done:
			case <-time.After(20 * time.Second):
				t.Error("the collector waits")
			}
			r.Stop()
			if err := <-ended; err == nil {
				t.Error("no error")
			}
		})
	}
}

// TestProfileOfMachineCode takes a profile of two goroutines in machine code: the
// runtime's signal handler meets addresses that it does not know.
func TestProfileOfMachineCode(t *testing.T) {
	vm.SetJIT(t, vm.JITEager)
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		t.Skip(err)
	}
	p := mustLoad(t, `
func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }
func main() {
	c := make(chan int)
	for range 2 {
		go func() { n := 0; for i := range 400_000_000 { n ^= i }; c <- n + fib(27) }()
	}
	println(<-c + <-c)
}`)
	_, out, err := p.run(t.Context())
	pprof.StopCPUProfile()
	if err != nil || out != "392836\n" {
		t.Errorf("%q, %v", out, err)
	}
	if profile.Len() == 0 {
		t.Error("no profile")
	}
}

// TestFaultInMachineCode follows pointers that no check can find wrong: the fault is
// a panic, and what runs after it is well.
func TestFaultInMachineCode(t *testing.T) {
	for _, j := range []vm.JIT{vm.JITNever, vm.JITEager} {
		vm.SetJIT(t, j)
		out := runCase(t, `
import "unsafe"

func read(p *int) (n int) {
	defer func() { println(recover() != nil) }()
	for range 3 { n += *p }
	return
}
func write(s []string, i int) {
	defer func() { println(recover() != nil) }()
	s[i] = "x"
}
func main() {
	for i := range uintptr(3) {
		bad := i<<40 + 1<<20
		read(*(**int)(unsafe.Pointer(&bad)))
		write(unsafe.Slice(*(**string)(unsafe.Pointer(&bad)), 5), 2)
	}
	x := 5
	println(read(&x))
}`)
		if want := strings.Repeat("true\n", 6) + "false\n15\n"; out != want {
			t.Errorf("machine code %v: %s", j, out)
		}
	}
}

// writer makes random programs of loops, calls and data, all of which end.
type writer struct {
	rand  *rand.Rand
	out   strings.Builder
	loops int
}

func (w *writer) pick(list ...string) string { return list[w.rand.IntN(len(list))] }

// expr writes an expression of a type.
func (w *writer) expr(typ string, depth int) string {
	if depth == 0 {
		switch typ {
		case "bool":
			return w.pick("p", "q")
		case "float64":
			return w.pick("x", "y", "(x*0.5)", "(y-2)", "fs[i&3]", "t.f")
		case "string":
			return w.pick("s", "u", "ss[i&1]")
		case "uint8":
			return w.pick("c", "d", "(c|200)", "bs[i&7]", "(s+u)[uint(i)%uint(len(s+u))]")
		case "int32":
			return w.pick("m", "n", "(m*-7)", "is[i&7]")
		case "uint32":
			return w.pick("e", "h", "(e^4000000000)", "t.w")
		}
		return w.pick("i", "j", "k", "(i/16)", "(k%10)", "(j^1<<40)", "len(s)", "ns[i&7]", "arr[j&3]", "t.n", "t.next.n", "sh.area()", "add(i)")
	}
	sub := func(t string) string { return w.expr(t, depth-1) }
	switch typ {
	case "bool":
		kind := w.pick("int", "float64", "uint8", "int32", "uint32", "string")
		return "(" + sub(kind) + w.pick(" == ", " != ", " < ", " <= ", " > ", " >= ") + sub(kind) + ")"
	case "float64":
		return w.pick("("+sub(typ)+w.pick(" + ", " - ", " * ", " / ")+sub(typ)+")", "-("+sub(typ)+")", "float64("+sub("int")+")")
	case "string":
		return w.pick(sub(typ), "("+sub(typ)+"+u)[:1]")
	}
	switch w.rand.IntN(8) {
	case 0:
		return typ + "(" + sub(w.pick("int", "uint8", "int32", "uint32")) + ")"
	case 1:
		return "(" + sub(typ) + w.pick("<<", ">>") + "(uint(" + sub("int") + ")&" + w.pick("7", "63", "127") + "))"
	case 2:
		return "(" + sub(typ) + w.pick("/", "%") + "(" + sub(typ) + "|1))"
	case 3:
		return w.pick("-", "^") + "(" + sub(typ) + ")"
	case 4:
		if typ == "int" {
			return w.pick("fib(int(uint8("+sub("int")+"))&7)", "int("+sub("float64")+")&15", "sum(ns["+sub("int")+"&7:])", "sh2.area()", "two(i, j)")
		}
	}
	right := sub(typ)
	if w.rand.IntN(3) == 0 {
		right = w.pick("1", "3", "8", "100")
	}
	return "(" + sub(typ) + w.pick(" + ", " - ", " * ", " & ", " | ", " ^ ", " &^ ") + right + ")"
}

// block writes statements.
func (w *writer) block(depth int) {
	for range 1 + w.rand.IntN(5) {
		switch k := w.rand.IntN(14); {
		case k < 6 || depth == 0:
			v := map[string][]string{"int": {"i", "j", "k", "ns[j&7]", "arr[k&3]", "t.n", "t.next.n"}, "float64": {"x", "y", "fs[k&3]", "t.f"}, "uint8": {"c", "d", "bs[j&7]"},
				"int32": {"m", "n", "is[k&7]"}, "uint32": {"e", "h", "t.w"}, "bool": {"p", "q"}, "string": {"s", "u", "ss[j&1]", "t.s"}}
			typ := w.pick("int", "int", "float64", "uint8", "int32", "uint32", "bool", "string")
			fmt.Fprintf(&w.out, "%s = %s\n", w.pick(v[typ]...), w.expr(typ, 1+w.rand.IntN(3)))
		case k < 9:
			fmt.Fprintf(&w.out, "if %s {\n", w.expr("bool", 1+w.rand.IntN(2)))
			w.block(depth - 1)
			if w.rand.IntN(2) == 0 {
				w.out.WriteString("} else {\n")
				w.block(depth - 1)
			}
			w.out.WriteString("}\n")
		case k < 11:
			w.loops++
			fmt.Fprintf(&w.out, "for l%d := range %d {\ni ^= l%d\n", w.loops, 1+w.rand.IntN(12), w.loops)
			w.block(depth - 1)
			w.out.WriteString("}\n")
		case k == 11:
			w.out.WriteString(w.pick("t = t.next\n", "t.next = &T{n: k, next: t}\n", "sh, sh2 = sh2, sh\n", "ns = append(ns[1:], j)\n", "sh = Box{i, j}\n", "t.in = sh2\n", "sh = t.in\n", "arr = [4]int{i, j}\n", "t.p = pair{k, x}\n", "x = t.p.b\n"))
		case k == 12:
			w.out.WriteString("func() {\ndefer func() { if recover() != nil { k += 1000 } }()\nns[j&15]++\nvar z *T\nif k&3 == 0 { z.n++ }\nk /= j & 1\n}()\n")
		default:
			w.out.WriteString("println(i, j, k, x, y, c, d, m, n, e, h, p, q, s, u)\n")
		}
	}
}

func (w *writer) program() string {
	w.out.WriteString(`
type pair struct { a int; b float64 }
type T struct { n int; f float64; w uint32; s string; next *T; in Shape; p pair }
type Shape interface { area() int }
type Box struct { w, h int }
func (b Box) area() int { return b.w*b.h + 1 }
type Ball struct { r int }
func (b *Ball) area() int { b.r++; return b.r * 3 }
type Num int
func (n Num) area() int { return int(n) ^ 5 }
func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }
func sum(s []int) (n int) { for _, v := range s { n += v }; return }
func swap(a, b int) (int, int) { return b, a }
func two(a, b int) int { a, b = swap(a, b); return a - 2*b }
func main() {
	var ( i, j, k int = 1, 2, 3; x, y float64 = 0.5, 3; c, d uint8 = 7, 250; m, n int32 = -5, 1 << 30; e, h uint32 = 9, 1 << 31; p, q bool = true, false; s, u = "hello", "b" )
	ns, bs, is, fs, ss := []int{1, 2, 3, 4, 5, 6, 7, 8}, []byte("abcdefgh"), []int32{1, -2, 3, -4, 5, 6, 7, 8}, [4]float64{1, 2, 3, 4}, []string{"x", "yz"}
	arr := [4]int{4, 3, 2, 1}
	t := &T{n: 5, s: "t"}
	t.next = t
	var sh, sh2 Shape = Box{2, 3}, &Ball{1}
	t.in = Num(4)
	add := func(n int) int { k += n & 3; return k }
`)
	w.block(3)
	w.out.WriteString("for range 20 {\n")
	w.block(3)
	w.out.WriteString(`
	println(i, j, k, x, y, c, d, m, n, e, h, p, q, s, u, t.n, t.f, t.w, t.s, t.p.a)
	}
	_, _, _, _, _, _, _, _, _ = sh, sh2, arr, fs, ss, add, is, ns, bs
}`)
	return w.out.String()
}

// TestRandomPrograms runs random programs by machine code and without.
func TestRandomPrograms(t *testing.T) {
	n := 50
	if testing.Short() {
		n = 20
	}
	for seed := range uint64(n) {
		w := &writer{rand: rand.New(rand.NewPCG(seed, 7))}
		src := w.program()
		var outs [3]string
		for _, j := range []vm.JIT{vm.JITNever, vm.JITUsual, vm.JITEager} {
			vm.SetJIT(t, j)
			outs[j] = runCase(t, src)
		}
		for j, o := range outs {
			if o != outs[vm.JITNever] {
				t.Fatalf("seed %d: machine code %v:\n%s\nwithout:\n%s\n%s", seed, vm.JIT(j), o, outs[vm.JITNever], src)
			}
		}
	}
}

// TestHeldRegisters runs loops whose numbers are in registers of the processor
// and are written in other ways too: through pointers, by instructions that are
// left to the loop, and after jumps into the middle.
func TestHeldRegisters(t *testing.T) {
	const src = `
type point struct { x, y float64; n int }
func pointers() {
	a, p := [4]int{1, 2, 3, 4}, point{1, 2, 3}
	q, px, ap := &p, &p.x, a[:]
	sum, f := 0, 0.0
	for i := range 50 {
		a[i&3] += i
		ap[(i+1)&3] ^= sum
		*px += f
		q.y -= p.x
		q.n += a[0]
		f = p.x*0.5 + p.y
		sum += p.n + a[2]
	}
	println(sum, f, p.x, p.y, p.n, a[0], a[1], a[2], a[3])
}
func fields() {
	var p point
	sum, f, m := 0, 1.0, map[bool]int{true: 3, false: 4}
	for i := range 50 {
		p.x += f
		f = p.x*0.5 + float64(i)
		p.n ^= i
		sum += p.n
		p.y = p.x - f
		p.x -= p.y
		sum ^= int(p.x) + p.n
		p.n += sum
		p.n += m[i&1 == 0 && sum&4 == 0]
		sum += p.n
	}
	println(sum, f, p.x, p.y, p.n)
}
func left() {
	m, n, f := map[int]float64{}, 0, 1.5
	for i := range 60 {
		m[i%7] += f
		n += len(m)
		f = m[n%7] + float64(n)
		s := []byte("some text")[i%9:]
		n ^= int(s[0]) + len(s)
	}
	println(n, f)
}
func middle(n int) (sum int, f float64) {
	i := 0
	goto test
body:
	sum += i*n + sum>>3
	f += float64(sum) / 3
	for j := 0; j < i; j++ {
		if j == 5 { i++; continue }
		sum ^= j * i
		f = -f + float64(j)
		if sum < 0 { break }
	}
	i++
test:
	if i < 40 { goto body }
	return
}
func many() {
	var a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s = 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 17.0, 18.0
	t, u, v, w, x, y, z := 1, 2, 3, 4, 5, 6, 7
	for range 40 {
		a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s = b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, a-b*0.25
		t, u, v, w, x, y, z = u, v^t, w, x+u, y, z-w, t
	}
	println(a, b, c, d, e, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z)
}
func zero(d int) (sum int) {
	defer func() { println(recover() != nil, sum) }()
	for i := 20; ; i-- { sum += 100 / (i - d) }
}
func main() {
	for range 3 {
		pointers()
		fields()
		left()
		for i := range 4 { println(middle(i)) }
		many()
		println(zero(3))
	}
}`
	vm.SetJIT(t, vm.JITNever)
	want := runCase(t, src)
	for _, j := range []vm.JIT{vm.JITUsual, vm.JITEager} {
		vm.SetJIT(t, j)
		if got := runCase(t, src); got != want {
			t.Errorf("machine code %v:\n%s\nwithout:\n%s", j, got, want)
		}
	}
}
