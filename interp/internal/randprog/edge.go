package randprog

// edgeTemplates are templates that go to the edges of the language: results of many goroutines, panics that go on, types in every
// form, memory that slices share.
var edgeTemplates = []string{
	// Results that come from many goroutines, in any order, and are counted.
	`func() {
		in, out, done := make(chan int), make(chan int), make(chan struct{})
		for range 3 {
			go func() {
				for n := range in {
					out <- n * $I$
				}
				done <- struct{}{}
			}()
		}
		go func() {
			for n := range 6 {
				in <- n
			}
			close(in)
		}()
		sum, left := 0, 3
	$L$:
		for {
			select {
			case n := <-out:
				sum += n
			case <-done:
				if left--; left == 0 {
					break $L$
				}
				continue $L$
			}
		}
		show($AT$, sum, left)
	}()
	`,
	// Channels of channels, and a goroutine that exits.
	`func() {
		asks := make(chan chan $T$)
		ended := make(chan string, 2)
		go func() {
			defer func() { ended <- fmt.Sprint("ended ", recover()) }()
			defer close(asks)
			for range 2 {
				(<-asks) <- $X$
			}
			runtime.Goexit()
			ended <- "never"
		}()
		for range 2 {
			answer := make(chan $T$, 1)
			asks <- answer
			show($AT$, <-answer)
		}
		_, open := <-asks
		show($AT$, <-ended, open)
	}()
	`,
	// Type switches on values, generic ones and nil.
	`for i, x := range []any{$X$, $I$, $S$, nil, $RY$, []$T${$X$}, Pair[int, $T$]{1, $Y$}, new($T$), error(nil), errors.New("e")} {
		switch y := x.(type) {
		case nil:
			show($AT$, i, y)
		case int, string:
			show($AT$, i, y)
		case fmt.Stringer:
			show($AT$, i, y.String())
		case error:
			show($AT$, i, y.Error())
		case []$T$:
			show($AT$, i, len(y), cap(y), y[0])
		case *$T$:
			show($AT$, i, *y)
		default:
			show($AT$, i, y)
		}
	}
	`,
	// Method expressions, and methods that are promoted through pointers.
	`func() {
		type inner struct{ Pair[int, $T$] }
		type outer struct {
			*inner
			Val string
		}
		$V$ := outer{&inner{Pair[int, $T$]{$I$, $X$}}, $S$}
		set, text := (*Pair[int, $T$]).Set, Pair[int, $T$].String
		set(&$V$.Pair, $Y$)
		$V$.Set($X$)
		show($AT$, text($V$.Pair), $V$.Val, $V$.inner.Val, $V$.Key)
		g := $V$.Set
		$V$.inner = nil
		g($Y$)
		defer caught($AT$)
		$V$.Set($X$)
	}()
	`,
	// Slices of one array.
	`func() {
		a := [6]$T${$LIST$}
		b, c, d := a[:2:3], a[1:4], a[:]
		b = append(b, $X$)
		copy(d[1:], d)
		c[0], d[5] = $Y$, $X$
		n := copy(c, d[3:])
		show($AT$, a, b, c, len(c), cap(c), n)
		b = append(b[:1], c[1:]...)
		clear(c[1:2])
		show($AT$, a, b, *(*[2]$T$)(c))
		p := &c[2]
		*p = $Y$
		for i := range d[:copy(d, d[2:])] {
			d[i] = pick(i%2 == 0, d[i], $X$)
		}
		show($AT$, a, slices.Contains(b, $Y$))
	}()
	`,
	// Bytes and runes of strings that are no text.
	`func() {
		$V$ := $S$ + "a\xffé\xe6日" + $S$
		for i, r := range $V$ {
			show($AT$, i, r, string(r), $V$[i])
		}
		b, r := []byte($V$), []rune($V$)
		b[0], r[0] = 'Z', -1
		show($AT$, len($V$), len(r), string(r), string(b[:3]), $V$ < string(b), strings.ToUpper($V$), $V$[len($V$)/2:])
		switch {
		case $V$ > $S$:
			show($AT$, "greater")
			fallthrough
		case $B$:
			show($AT$, "through")
		default:
			show($AT$, "default")
		}
	}()
	`,
	// A panic that goes on after it was changed, through results.
	`func() {
		defer caught($AT$)
		f := func(n int) (r int, err error) {
			defer func() {
				switch x := recover().(type) {
				case nil:
					r++
				case error:
					err = fmt.Errorf("at %d: %w", n, x)
				default:
					r = -r
					panic(fmt.Sprint(x, " again"))
				}
			}()
			if r = $I$; n == 1 {
				return []int{}[r&7], nil
			} else if n == 2 {
				panic($S$)
			}
			return r + n, nil
		}
		for n := range 3 {
			r, err := f(n)
			var bounds runtime.Error
			show($AT$, r, err, errors.As(err, &bounds))
		}
	}()
	`,
	// Maps that change while they are gone through.
	`func() {
		m := map[int]$T${1: $X$, 2: $Y$, 3: $X$, 4: $Y$}
		n := 0
		for k := range m {
			delete(m, k)
			delete(m, k+1)
			n++
		}
		m[$I$&3] = $X$
		x, ok := m[$I$&3]
		clear(m)
		y, no := m[$J$]
		show($AT$, n >= 2, len(m), x, ok, y, no, min($I$, $J$, 3), max($S$, "k"))
	}()
	`,
	// Shifts and conversions at the edges.
	`func() {
		defer caught($AT$)
		n, u := $I$, uint8($J$)
		show($AT$, n<<63>>63, n<<u, n>>(u|64), int8(n<<4)>>2, uint32(n)>>(u&31), ^n&^0xf0, int64(int32(n)), uint16(int8(n)), n*n*n/7%5)
		show($AT$, float32(n&0xffffff)/3, int(float64(n&0xffff)*1.5), complex(float64(n&15), 2)*complex(0, 1), string(rune(n&0x1ff)))
		n = -n & 7
		show($AT$, 1<<(3-n))
	}()
	`,
}
