package randprog

import "strings"

// templates are statements of a fixed form around random ones: what is never met by chance. In them
//
//	V W    are new variables
//	L      is a new label
//	AT     is a text that no other print has
//	T      is a basic type, LIST three values of it, X Y values
//	I J    are values of type int, B C of type bool, S of type string
//	K P    are types of a map's keys and of values that can be printed, KX and PX PY values of them
//	R      is a struct type, RX a value of it
//
// each between dollar signs.
var templates = []string{
	// Closures of a loop have its variable each.
	`var $V$ []func() int
	for i := 0; i < 4; i++ {
		$V$ = append($V$, func() int { i += $I$; return i })
		if i == 1 {
			i++
		}
	}
	for _, f := range $V$ {
		show($AT$, f())
		show($AT$, f())
	}
	`,
	// A pipeline.
	`$V$, $W$ := make(chan $T$, 2), make(chan $T$)
	go func() {
		defer close($V$)
		for _, x := range []$T${$LIST$} {
			$V$ <- x
		}
	}()
	go func() {
		defer close($W$)
		for x := range $V$ {
			$W$ <- pick($B$, x, $X$)
		}
	}()
	for x := range $W$ {
		show($AT$, x)
	}
	`,
	// Goroutines that share a sum under a lock.
	`func() {
		$V$ := 0
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				mu.Lock()
				defer mu.Unlock()
				$V$ += i * $I$
			}()
		}
		wg.Wait()
		show($AT$, $V$)
	}()
	`,
	// A goroutine that panics and says so.
	`$V$ := make(chan string)
	go func() {
		defer close($V$)
		defer func() { $V$ <- fmt.Sprint("recovered ", recover()) }()
		none := []$T$(nil)
		$V$ <- fmt.Sprint(none[$I$&1])
	}()
	for x := range $V$ {
		show($AT$, x)
	}
	`,
	// A goroutine for each element, results in the elements' order.
	`func() {
		in := []$T${$LIST$}
		out := make([]string, len(in))
		var wg sync.WaitGroup
		for i, x := range in {
			wg.Go(func() { out[i] = fmt.Sprint(i, x, $B$) })
		}
		wg.Wait()
		show($AT$, out)
	}()
	`,
	// Select with one way to go.
	`$V$ := make(chan $T$, 1)
	for i := range 3 {
		select {
		case $V$ <- $X$:
			show($AT$, "sent", i)
		case x, ok := <-$V$:
			show($AT$, x, ok)
		}
	}
	`,
	`var $V$ chan $T$
	select {
	case x := <-$V$:
		show($AT$, x)
	case $V$ <- $X$:
	default:
		show($AT$, "default", len($V$))
	}
	`,
	// Generic containers.
	`var $V$ List[$T$]
	for _, x := range []$T${$LIST$} {
		$V$.Push(x)
	}
	for x := range $V$.All() {
		if $B$ {
			continue
		}
		show($AT$, x)
	}
	show($AT$, $V$.n)
	`,
	`$V$ := Pair[$K$, $P$]{$KX$, $PX$}
	$V$.Set($PY$)
	show($AT$, $V$, fmt.Sprintf("%T", $V$))
	`,
	`var $V$ *Tree[$O$]
	for _, x := range []$O${$OLIST$} {
		$V$ = $V$.Insert(x)
	}
	$V$.Walk(func(x $O$) { show($AT$, x) })
	`,
	// A panic in a deferred call takes the place of another.
	`func() {
		defer caught($AT$)
		defer func() { panic(fmt.Sprint($S$, recover() != nil)) }()
		panic($I$)
	}()
	`,
	`func() {
		defer caught($AT$)
		defer func() { panic($X$) }()
		defer func() {
			defer func() { show($AT$, recover()) }()
			panic("inner")
		}()
		panic($I$)
	}()
	`,
	// Arguments of a deferred call are those of the moment.
	`func() {
		$V$ := $X$
		for i := range 3 {
			defer show($AT$, i, $V$)
			$V$ = $Y$
		}
	}()
	`,
	// Named results and recover.
	`show($AT$, func() (n int) {
		defer func() {
			if recover() != nil {
				n += $I$
			}
		}()
		n = $J$
		if $B$ {
			panic("x")
		}
		return n * 2
	}())
	`,
	// A method value has the receiver of the moment.
	`func() {
		defer caught($AT$)
		$V$ := $RX$
		f := fmt.Stringer(ref(Pair[int, $T$]{1, $X$})).String
		w := Pair[int, $T$]{2, $X$}
		h := w.String
		w.Set($Y$)
		show($AT$, f(), h(), w)
		p := &$V$
		*p = $R${}
		_ = $V$
	}()
	`,
	// Backward jumps.
	`func() {
		$V$ := 0
	$L$:
		show($AT$, $V$)
		if $V$++; $V$ < 3 && $B$ {
			goto $L$
		}
	}()
	`,
	// Values of calls, in order.
	`show($AT$, tr(1, $X$), tr(2, $I$), []int{tr(3, 1), tr(4, $J$)}, map[int]int{tr(5, 1): tr(6, 2)})
	`,
	// Iterators that are pulled.
	`func() {
		next, stop := iter.Pull2(each([]$T${$LIST$}))
		defer stop()
		for range 2 {
			i, x, ok := next()
			show($AT$, i, x, ok)
		}
	}()
	`,
	// Loops over functions that are left from inside.
	`show($AT$, func() int {
		defer show($AT$)
	$L$:
		for i, x := range each([]$T${$LIST$}) {
			for j := range upTo(3) {
				defer show($AT$, i, j, x)
				switch {
				case $B$:
					continue $L$
				case $C$:
					break $L$
				case j == 2:
					return i
				}
			}
		}
		return -1
	}())
	`,
	// Types and constants of a block.
	`func() {
		type T struct {
			A $T$
			B []T
		}
		const k = 7
		$V$ := T{$X$, []T{{B: []T{{}}}}}
		show($AT$, $V$, k, len($V$.B[0].B))
		fmt.Printf("%T %+v\n", $V$, $V$)
	}()
	`,
	// Errors.
	`func() {
		e := errors.New($S$)
		w := fmt.Errorf("w %d: %w", $I$, e)
		show($AT$, w, errors.Is(w, e), errors.Unwrap(w) == e, errors.Join(e, w))
	}()
	`,
	// Anonymous structs, embedded interfaces and pointers.
	`func() {
		$V$ := struct {
			fmt.Stringer
			*Pair[int, $T$]
			X [2]$T$
		}{X: [2]$T${1: $X$}, Stringer: Pair[string, int]{$S$, $I$}}
		show($AT$, $V$.X, $V$.Stringer)
		defer caught($AT$)
		show($AT$, $V$.Key)
	}()
	`,
	// Fields that change places.
	`func() {
		$V$ := Pair[int, int]{$I$, $J$}
		$V$ = Pair[int, int]{$V$.Val, $V$.Key}
		show($AT$, $V$)
		a := [3]$T${$LIST$}
		a[0], a[1], a[2] = a[2], a[0], a[1]
		b := a
		p := &a
		p[0] = $X$
		for i, x := range a {
			a[2] = x
			p[1] = $Y$
			show($AT$, i, x)
		}
		for i, x := range p {
			p[2] = p[0]
			show($AT$, i, x)
		}
		show($AT$, a, b)
	}()
	`,
	// Maps of structs, arrays and interfaces.
	`func() {
		defer caught($AT$)
		m := map[any]$T${$I$: $X$, $S$: $Y$, [2]int{1, $J$}: $X$, Pair[int, string]{1, $S$}: $Y$}
		show($AT$, len(m), m[[2]int{1, 2}], m[$S$])
		n := map[Pair[int, bool]][]$T${}
		n[Pair[int, bool]{$I$, $B$}] = append(n[Pair[int, bool]{1, true}], $X$)
		show($AT$, n)
		m[[]int{1}] = $X$
	}()
	`,
	// Recursive closures and functions of functions.
	`func() {
		var f func(int, func(int) int) int
		f = func(n int, g func(int) int) int {
			if n <= 0 {
				return g($I$)
			}
			return f(n-1, func(m int) int { return g(m) + n })
		}
		show($AT$, f(5, func(n int) int { return n ^ $J$ }))
	}()
	`,
	// Variables of small kinds that wrap.
	`func() {
		var a int8 = 127
		var b uint16 = 65535
		var c int32 = -1 << 31
		a++
		b += uint16($I$)
		c = -c
		d := a << 1 >> 1
		show($AT$, a, b, c, c/-1, c%-1, d, uint8(a)>>3, int64(b)<<40>>41, ^b, uint32(int8($I$)), int16(uint8($J$)))
	}()
	`,
	// What fmt makes of nested values.
	`fmt.Printf("%v %+v %#v %T\n", $RY$, $RY$, $RY$, $RY$)
	`,
	`fmt.Printf("%v %d %s %x|%6.2v|%-8v|%q\n", $X$, $X$, $X$, $X$, $X$, $X$, $X$)
	`,
}

// template writes one of the templates.
func (g *gen) template(b *strings.Builder) {
	g.event = risky // prints of several goroutines would have no order
	i := g.n(len(templates) + len(edgeTemplates))
	s := ""
	if i < len(templates) {
		s = templates[i]
	} else {
		s = edgeTemplates[i-len(templates)]
	}
	t, k, p, o := g.basic(), g.keyType(), g.typ(1), g.basic()
	for !p.printable() {
		p = g.basic()
	}
	for o.kind == kBool || o.kind == kComplex {
		o = g.basic()
	}
	r := g.structs[g.n(len(g.structs))]
	at, names := g.label(), strings.NewReplacer("$V$", g.name("v"), "$W$", g.name("v"), "$L$", g.name("L"))
	if !r.printable() {
		s = strings.ReplaceAll(s, "$RY$", "$PX$")
	}
	for parts := strings.Split(names.Replace(s), "$"); len(parts) > 0; parts = parts[1:] {
		switch part := parts[0]; part {
		case "AT":
			b.WriteString(at)
		case "T":
			b.WriteString(t.name)
		case "LIST":
			b.WriteString(g.list(t, 3, 1))
		case "X", "Y":
			b.WriteString(g.x(t, 1))
		case "I", "J":
			b.WriteString(g.v(tInt, 1))
		case "B", "C":
			b.WriteString(g.v(tBool, 1))
		case "S":
			b.WriteString(g.v(tString, 1))
		case "K":
			b.WriteString(k.name)
		case "KX":
			b.WriteString(g.x(k, 1))
		case "P":
			b.WriteString(p.name)
		case "PX", "PY":
			b.WriteString(g.x(p, 1))
		case "O":
			b.WriteString(o.name)
		case "OLIST":
			b.WriteString(g.list(o, 4, 1))
		case "R":
			b.WriteString(r.name)
		case "RX", "RY":
			b.WriteString(g.structLiteral(r, 1))
		default:
			b.WriteString(part)
		}
	}
}
