package travel

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// travel is a notebook in the making.
type travel struct {
	rand    *rand.Rand
	cells   []string
	b       strings.Builder
	structs []*record
	round   int // of declarations
	calls   int
}

// record is a struct type of the notebook: each of its fields is of a kind that links knows.
type record struct {
	name   string // as code writes it: D1, Box[D1]
	fields []link
	embeds []string // names of types, "*" before pointers
	anew   bool
}

// link is a field, by how it is set.
type link struct {
	name string
	kind int
	to   *record // of fields that lead to records

	tagged bool
}

const (
	toInt      = iota // int
	toString          // string
	toFloat           // float64
	toPtr             // *T
	toSlice           // []T
	toMap             // map[string]*T
	toArray           // [2]T
	toAny             // any
	toShape           // Shape
	toError           // error
	toIntPtr          // *int
	toInts            // []int
	toMatrix          // [][]int
	toFunc            // func(int) int
	toBox             // Box[T]
	toBoxPtr          // *Box[int]
	toColor           // Color
	toColors          // map[Color]string
	toBytes           // []byte
	toTime            // time.Time
	toNested          // struct{ A int; P *int }
	toPtrPtr          // **T
	toArrayPtr        // *[3]int
	toOp              // Op
	toFuncs           // map[string]func(int) int
	toOps             // []Op
	toKeyed           // map[[2]int]T
	toAnyMap          // map[any]any
	toMapInts         // map[Color][]int
	toGrid            // [2][2]int
	toErrors          // []error
	toEmpty           // *struct{}
	toTree            // *Tree[string, T]
	toNamed           // Named[T]
	toTagged          // Tagged
	toShapes          // map[Color]Shape
	toComplex         // complex128
	toBig             // *big.Int
	toList            // *list.List
	toChan            // chan int: cannot be sent but when it is nil
	linkKinds
)

func (t *travel) n(n int) int          { return t.rand.IntN(n) }
func (t *travel) p(percent int) bool   { return t.rand.IntN(100) < percent }
func (t *travel) w(s string, a ...any) { fmt.Fprintf(&t.b, s, a...) }

func pick(b bool, x, y string) string {
	if b {
		return x
	}
	return y
}

func (t *travel) endCell() {
	t.cells = append(t.cells, t.b.String())
	t.b.Reset()
}

// Notebook returns the cells of the notebook of a seed; the first one is the same for all.
func Notebook(seed uint64) []string {
	t := &travel{rand: rand.New(rand.NewPCG(seed, 1))}
	t.cells = append(t.cells, prelude)
	rounds := 1 + t.n(3)
	for t.round = 1; t.round <= rounds; t.round++ {
		t.types()
		t.endCell()
		t.makers()
		t.endCell()
		for range 2 + t.n(4) {
			t.call()
			t.endCell()
		}
	}
	return t.cells
}

func (l link) decl() string {
	to := ""
	if l.to != nil {
		to = l.to.name
	}
	decls := []string{"int", "string", "float64", "*" + to, "[]" + to, "map[string]*" + to, "[2]" + to, "any", "Shape", "error", "*int", "[]int", "[][]int",
		"func(int) int", "Box[" + to + "]", "*Box[int]", "Color", "map[Color]string", "[]byte", "time.Time", "struct{ A int; P *int }", "**" + to, "*[3]int",
		"Op", "map[string]func(int) int", "[]Op", "map[[2]int]" + to, "map[any]any", "map[Color][]int", "[2][2]int", "[]error", "*struct{}", "*Tree[string, " + to + "]",
		"Named[" + to + "]", "Tagged", "map[Color]Shape", "complex128", "*big.Int", "*list.List", "chan int"}
	return decls[l.kind]
}

// types writes the types of a round: new ones, and some of the earlier ones in another form.
func (t *travel) types() {
	if t.round == 1 {
		for i := range 2 + t.n(3) {
			t.structs = append(t.structs, &record{name: fmt.Sprintf("D%d", i)})
		}
	}
	changed := t.round == 1
	for _, d := range t.structs {
		d.anew = t.round == 1 || t.p(40)
	}
	for again := true; again; {
		again = false
		for _, d := range t.structs {
			if !d.anew && t.refersAnew(d) {
				d.anew, again = true, true
			}
		}
	}
	for i, d := range t.structs {
		if !d.anew {
			continue
		}
		changed = true
		d.fields, d.embeds = nil, nil
		if i > 0 && t.p(50) { // by value only those before: no type contains itself
			e := t.structs[t.n(i)]
			d.embeds = append(d.embeds, pick(t.p(30), "*", "")+e.name)
		}
		if t.p(15) {
			d.embeds = append(d.embeds, "Box[int]")
		}
		if t.p(10) {
			d.embeds = append(d.embeds, "Shape")
		}
		if t.p(10) {
			d.embeds = append(d.embeds, []string{"*Named[int]", "Tagged", "Color", "Op", "fmt.Stringer", "*Tree[Color, *" + d.name + "]"}[t.n(6)])
		}
		for k := range 2 + t.n(6) {
			l := link{name: fmt.Sprintf("%s%d", pick(t.p(60), "F", "f"), k), kind: t.n(linkKinds), tagged: t.p(10)}
			if l.kind == toChan && !t.p(10) {
				l.kind = toInt
			}
			switch l.kind {
			case toPtr, toSlice, toMap, toPtrPtr, toKeyed, toTree:
				l.to = t.structs[t.n(len(t.structs))]
				if t.round > 1 && !l.to.anew && t.p(50) {
					l.to = d
				}
			case toArray, toBox, toNamed:
				if i == 0 {
					l.kind = toInts
					break
				}
				l.to = t.structs[t.n(i)]
			}
			d.fields = append(d.fields, l)
		}
		t.w("type %s struct {\n", d.name)
		for _, e := range d.embeds {
			t.w("\t%s\n", e)
		}
		for _, l := range d.fields {
			t.w("\t%s %s%s\n", l.name, l.decl(), pick(l.tagged, " `k:\"v\" j:\"-\"`", ""))
		}
		t.w("}\n")
		t.w("func (d %s) Area() int { return %d + scale", d.name, t.n(50))
		for _, l := range d.fields {
			switch l.kind {
			case toInt:
				t.w(" + d.%s", l.name)
			case toString, toInts, toBytes, toMap, toSlice, toFuncs, toOps, toAnyMap, toShapes:
				t.w(" + len(d.%s)", l.name)
			}
		}
		t.w(" }\n")
		t.w("func (d *%s) Bump() { bump(reflect.ValueOf(d)) }\n", d.name)
		t.w("func (d *%s) Error() string { return fmt.Sprint(\"%s failed \", d.Area()) }\n", d.name, d.name)
		if t.p(30) {
			t.w("func (d %s) String() string { return fmt.Sprint(\"<%s \", d.Area(), \">\") }\n", d.name, d.name)
		}
		t.w("func (d *%s) Count(n int) int { bump(reflect.ValueOf(d)); return n + d.Area() }\n", d.name)
		if t.p(20) { // never called by tasks
			t.w("func (d %s) Notebook() int { v, _ := pool.Apply(one, func() int { return 1 }); return v }\n", d.name)
		}
	}
	if !changed {
		t.w("_ = 0;\n")
	}
	if t.round > 1 && t.p(40) {
		t.w("func (c Color) Area() int { return int(c) + %d }\n", t.n(9))
	}
	if t.round > 1 && t.p(30) {
		t.w("func (b Box[T]) Area() int { return len(b.L) + %d }\n", t.n(9))
	}
}

// refersAnew reports whether a type mentions one that this round has declared anew: it would go on meaning the old one, and the literals
// of the makers would not fit.
func (t *travel) refersAnew(d *record) bool {
	for _, o := range t.structs {
		if !o.anew || o == d {
			continue
		}
		for _, l := range d.fields {
			if l.to == o {
				return true
			}
		}
		for _, e := range d.embeds {
			if strings.TrimPrefix(e, "*") == o.name {
				return true
			}
		}
	}
	return false
}

// makers writes a function for each round that makes the same values each time: all of them linked with each other.
func (t *travel) makers() {
	t.w("// World is one value of each type, and what they lead to.\ntype World%d struct {\n", t.round)
	for _, d := range t.structs {
		t.w("\tV%s, W%s *%s\n", d.name, d.name, d.name)
	}
	t.w("\tInts []int\n\tN int\n\tArr [3]int\n\tErr error\n\tAny []any\n}\n")
	t.w("var errOf%d, valueOf%d = errors.New(\"of %d\"), &Trouble{Note: %d}\n", t.round, t.round, t.round, t.round)
	if t.round == 1 {
		t.w("type Alias = Box[int]\nfunc (b Box[T]) Scaled(n int) int { return n*len(b.L) + scale }\n")
		t.w("type Ops struct { list []Op; Last int }\nfunc (o *Ops) Do(n int) int { o.Last = n; for _, f := range o.list { n = f(n) }; return n }\nfunc (o *Ops) Twice() Op { return func(n int) int { return o.Do(n) + o.Do(n) } }\n")
	}
	t.w("func (w *World%d) add(n int) int { w.N += n; return w.N }\n", t.round)
	t.w("func world%d() *World%d {\n", t.round, t.round)
	local := t.p(40)
	if local {
		t.w("\ttype point struct{ X, Y int; Up any }\n")
	}
	t.w("\tw := &World%d{Ints: []int{1, 2, 3, 4, 5, 6}, N: %d, Arr: [3]int{7, 8, 9}}\n", t.round, t.n(100))
	t.w("\tn, k := 1, 20\n\tpn := &n\n\tshared := func(i int) int { n += i; return n + w.N }\n\top := &Ops{list: []Op{shared, double, w.add}}\n\tw.Any = append(w.Any, op)\n\t_, _ = pn, k\n")
	for _, d := range t.structs {
		t.w("\tw.V%s, w.W%s = new(%s), new(%s)\n", d.name, d.name, d.name, d.name)
	}
	t.w("\tw.Err = %s\n", t.err())
	for _, v := range []string{"V", "W"} {
		for _, d := range t.structs {
			x := "w." + v + d.name
			for _, e := range d.embeds {
				switch {
				case e == "Box[int]":
					t.w("\t%s.Box = Box[int]{V: %d, L: w.Ints[1:3], P: &w.N}\n", x, t.n(9))
				case strings.Contains(e, "Tree["):
					t.w("\t%s.Tree = &Tree[Color, *%s]{K: 2, V: %s}\n\t%s.Tree.L = &Tree[Color, *%s]{K: 1, up: %s.Tree}\n", x, d.name, t.ptr(d, local), x, d.name, x)
				case e == "*Named[int]":
					t.w("\t%s.Named = &Named[int]{Box[int]{L: w.Ints[:1], P: &w.Ints[0]}, \"n\"}\n", x)
				case e == "Tagged":
					t.w("\t%s.Tagged = %s\n", x, t.tagged())
				case e == "Color":
					t.w("\t%s.Color = %d\n", x, t.n(9))
				case e == "Op":
					t.w("\t%s.Op = %s\n", x, t.function())
				case e == "fmt.Stringer":
					t.w("\t%s.Stringer = Color(%d)\n", x, t.n(9))
				case e == "Shape":
					t.w("\t%s.Shape = %s\n", x, t.shape())
				case e[0] == '*':
					t.w("\t%s.%s = %s\n", x, e[1:], t.ptr(t.named(e[1:]), local))
				}
			}
			for _, l := range d.fields {
				if t.p(85) {
					t.set(x+"."+l.name, l, local)
				}
			}
		}
	}
	t.w("\treturn w\n}\n")
}

func (t *travel) named(name string) *record {
	for _, d := range t.structs {
		if d.name == name {
			return d
		}
	}
	return nil
}

// ptr is a pointer to a record, perhaps into another value.
func (t *travel) ptr(d *record, local bool) string {
	return "w." + pick(t.p(50), "V", "W") + d.name
}

// function is an expression for a function that takes an int and returns one.
func (t *travel) function() string {
	d := t.structs[t.n(len(t.structs))]
	list := []string{"double", "func(i int) int { return i + scale0 }", "func(i int) int { return i * scale }", "nil", "triple[int]", "Color(2).Add", "Color(w.N).Add", "adder(2)", "adder(w.N)",
		"func(i int) int { w.N += i; return w.N }", "func(i int) int { return i + len(w.Ints) }", "func(i int) int { w.Ints[1] += i; return w.Arr[0] + w.Ints[1] }", "twice(adder(1))",
		"twice(func(i int) int { w.Arr[2]++; return i + w.Arr[2] })", "countdown()", "w.V" + d.name + ".Count", "shared", "twice(shared)", "func(i int) int { n += i; return n }",
		"func(i int) int { *pn += i; return n }", "func(i int) int { n += i; k--; return 10*n + k }", "Box[int]{L: w.Ints}.Scaled", "op.Twice()", "func(i int) int { if x, ok := any(w.W" + d.name + ").(Shape); ok && x != nil { return i }; return 0 }"}
	return list[t.n(len(list))]
}

func (t *travel) tagged() string {
	return fmt.Sprintf("Tagged{Box: %s, Color: %d, Op: %s, Tag: \"t\"}", pick(t.p(50), "&Box[int]{V: 1, P: &w.N}", "nil"), t.n(5), t.function())
}

func (t *travel) err() string {
	d := t.structs[t.n(len(t.structs))]
	if t.p(30) {
		return []string{"&Trouble{All: []error{errOne, Code(2), w.Err}, Note: w.V" + d.name + "}", "errors.Join(io.EOF, &Trouble{Note: &w.N})", "fmt.Errorf(\"in %w\", &Trouble{All: []error{&Empty{}}})",
			fmt.Sprintf("errOf%d", t.round), fmt.Sprintf("fmt.Errorf(\"and %%w\", errOf%d)", t.round), fmt.Sprintf("error(valueOf%d)", t.round)}[t.n(6)]
	}
	return []string{"nil", "io.EOF", "errOne", "fmt.Errorf(\"wrap %%w\", errOne)", "join(errTwo, io.EOF)", "&Empty{}", "http.ErrServerClosed",
		"&fs.PathError{Op: \"open\", Path: \"x\", Err: fs.ErrNotExist}", "context.DeadlineExceeded", "Code(4)", "sql.ErrNoRows", "errors.New(\"x\")",
		"error(" + t.ptr(t.structs[t.n(len(t.structs))], false) + ")"}[t.n(13)]
}

func (t *travel) shape() string {
	d := t.structs[t.n(len(t.structs))]
	if t.p(30) {
		return []string{"Op(" + t.function() + ")", "&Tree[string, int]{K: \"k\", L: &Tree[string, int]{V: 1}}", "Named[" + d.name + "]{Name: \"x\"}", "&Named[int]{Box[int]{L: w.Ints, P: &w.Ints[5]}, \"y\"}",
			t.tagged(), "struct{ Color; N *int }{4, &w.N}", "struct{ *" + d.name + " }{w.V" + d.name + "}", "struct{ Shape; x int }{w.W" + d.name + ", 1}", "Alias{L: w.Ints[3:]}"}[t.n(9)]
	}
	return []string{"nil", "Color(3)", "w.V" + d.name, "*w.W" + d.name, "Box[int]{V: 4, L: w.Ints[:2]}", "&Box[string]{V: \"b\"}"}[t.n(6)]
}

func (t *travel) any(local bool) string {
	d := t.structs[t.n(len(t.structs))]
	list := []string{"nil", "5", "\"s\"", "w.V" + d.name, "*w.W" + d.name, "[]" + d.name + "{*w.V" + d.name + "}", "map[string]any{\"a\": w.Ints, \"b\": &w.N}",
		"[]any{1, w.Ints[2:4], w.V" + d.name + "}", "Box[" + d.name + "]{V: *w.V" + d.name + "}", "Color(1)", "&w.Arr", "w.Ints", "[]Shape{Color(2), w.V" + d.name + "}",
		"reflect.TypeFor[" + d.name + "]()", "double", "&Empty{}", "errOne", "struct{ A, B any }{w.Ints[1:], 2}", "w"}
	list = append(list, "Op("+t.function()+")", t.function(), "[]Op{"+t.function()+", "+t.function()+"}", "map[string]any{\"f\": "+t.function()+"}", "selfish()", "ring(2)", t.tagged(),
		"struct{ "+d.name+"; K int }{*w.W"+d.name+", 3}", "struct{ Box[int]; error }{Box[int]{P: &w.N}, errOne}", "&struct{ Color }{1}", "struct{ Op }{"+t.function()+"}", "[2]any{w.V"+d.name+", &w.Arr[1]}",
		"map[any]any{1: w.Ints[:1], \"x\": &w.N, Color(2): "+t.function()+", [2]int{1, 2}: nil}", "linked(1, w.Ints, &w.N)", "&w.Ints", "(*"+d.name+")(nil)", "[0]int{}", "struct{}{}", "&struct{}{}",
		"big.NewInt(5)", "Alias{P: &w.N}", "[]error{errOne, &Empty{}, nil}", "reflect.ValueOf", "func() any { return w.N }", "Named[Box["+d.name+"]]{Name: \"z\"}", "&Tree["+"Color, "+d.name+"]{V: *w.V"+d.name+"}",
		"1+2i", "uint8(3)", "[]string{\"a\"}", "time.Second", "new(any)", "[][]int{w.Ints[:2], w.Arr[1:]}")
	if local {
		list = append(list, "&struct{ point; Z int }{point{5, 6, &w.N}, 7}", "func(p point) int { return p.X + w.N }", "map[point]int{{1, 2, nil}: 3}")
		list = append(list, "point{1, 2, w.Ints}", "&point{3, 4, nil}", "[]point{{1, 1, nil}}")
	}
	return list[t.n(len(list))]
}

// set writes an assignment to a field.
func (t *travel) set(x string, l link, local bool) {
	v := ""
	n := t.n(100)
	switch l.kind {
	case toInt:
		v = fmt.Sprint(n)
	case toString:
		v = fmt.Sprintf("%q", strings.Repeat("s", n%4))
	case toFloat:
		v = fmt.Sprintf("%d.5", n)
	case toPtr:
		v = t.ptr(l.to, local)
		if t.p(30) {
			t.w("\tif s := %s; s != nil { %s = s }\n", t.into(l.to), x)
			return
		}
	case toSlice:
		v = fmt.Sprintf("[]%s{*%s, {}}", l.to.name, t.ptr(l.to, local))
		if t.p(20) {
			v = fmt.Sprintf("make([]%s, %d)", l.to.name, t.n(3))
		}
	case toMap:
		v = fmt.Sprintf("map[string]*%s{\"a\": %s, \"b\": %s, \"n\": nil}", l.to.name, t.ptr(l.to, local), t.ptr(l.to, local))
	case toArray:
		v = fmt.Sprintf("[2]%s{*%s}", l.to.name, t.ptr(l.to, local))
	case toAny:
		v = t.any(local)
	case toShape:
		v = t.shape()
	case toError:
		v = t.err()
	case toIntPtr:
		if t.p(30) {
			if f := t.intField(); f != "" {
				v = f
				break
			}
		}
		v = []string{"&w.N", "&w.Ints[2]", "&w.Arr[1]", "&w.Arr[0]", "new(int)"}[t.n(5)]
	case toInts:
		v = []string{"w.Ints", "w.Ints[:2]", "w.Ints[1:3]", "w.Arr[:]", "w.Arr[1:]", "[]int{}", "nil", "[]int{4, 5}"}[t.n(8)]
	case toMatrix:
		v = []string{"[][]int{w.Ints[:3], w.Ints[3:]}", "[][]int{w.Ints[:3], w.Ints[2:5], w.Arr[:]}", "[][]int{{1}, nil}"}[t.n(3)]
	case toFunc:
		v = t.function()
	case toOp:
		v = "Op(" + t.function() + ")"
	case toFuncs:
		v = "map[string]func(int) int{\"a\": " + t.function() + ", \"b\": " + t.function() + "}"
	case toOps:
		v = "[]Op{" + t.function() + ", " + t.function() + "}"
	case toKeyed:
		v = "map[[2]int]" + l.to.name + "{{1, 2}: *" + t.ptr(l.to, local) + ", {3, 4}: {}}"
	case toAnyMap:
		v = "map[any]any{" + fmt.Sprint(n) + ": " + t.any(local) + ", \"k\": " + t.any(local) + "}"
	case toMapInts:
		v = []string{"map[Color][]int{1: w.Ints[1:3], 2: w.Ints[2:5]}", "map[Color][]int{0: w.Arr[:2], 5: nil}", "nil"}[t.n(3)]
	case toGrid:
		t.w("\t%s[1][0] = %d\n", x, n)
		if t.p(50) {
			t.w("\tw.Any = append(w.Any, %s)\n", []string{"&" + x, "&" + x + "[1]", "&" + x + "[1][1]", x + "[0][:]", x + "[:1]"}[t.n(5)])
		}
		return
	case toErrors:
		v = "[]error{" + t.err() + ", " + t.err() + "}"
	case toEmpty:
		v = "&struct{}{}"
	case toTree:
		y := "&Tree[string, " + l.to.name + "]{K: \"a\", V: *" + t.ptr(l.to, local) + "}"
		t.w("\t%s = %s\n\t%s.R = %s\n\t%s.R.up = %s\n", x, y, x, y, x, x)
		return
	case toNamed:
		t.w("\t%s.Name, %s.P, %s.L = \"n\", %s, []%s{{}}\n", x, x, x, t.ptr(l.to, local), l.to.name)
		return
	case toTagged:
		v = t.tagged()
	case toShapes:
		v = "map[Color]Shape{1: " + t.shape() + ", 2: " + t.shape() + "}"
	case toComplex:
		v = fmt.Sprintf("complex(%d, 1)", n)
	case toBig:
		v = fmt.Sprintf("big.NewInt(%d)", n)
	case toList:
		v = "linked(" + t.any(local) + ", &w.N, w.Arr[:])"
	case toBox:
		v = fmt.Sprintf("Box[%s]{V: *%s, P: %s}", l.to.name, t.ptr(l.to, local), t.ptr(l.to, local))
	case toBoxPtr:
		v = "&Box[int]{V: 2, L: w.Ints[2:], P: &w.Ints[3]}"
	case toColor:
		v = fmt.Sprintf("Color(%d)", n%5)
	case toColors:
		v = "map[Color]string{1: \"red\", 2: \"blue\"}"
	case toBytes:
		v = fmt.Sprintf("[]byte(%q)", strings.Repeat("b", n%5))
	case toTime:
		v = fmt.Sprintf("time.Unix(%d, 5).UTC()", n*1000)
	case toNested:
		t.w("\t%s.A, %s.P = %d, &w.N\n", x, x, n)
		return
	case toPtrPtr:
		v = fmt.Sprintf("&w.%s%s", pick(t.p(50), "V", "W"), l.to.name)
	case toArrayPtr:
		v = "&w.Arr"
	case toChan:
		v = "make(chan int)"
	}
	t.w("\t%s = %s\n", x, v)
}

// intField is a pointer to an int in a value, "" when there is none.
func (t *travel) intField() string {
	for range 4 {
		o := t.structs[t.n(len(t.structs))]
		for _, l := range o.fields {
			if l.kind == toInt {
				return "&w." + pick(t.p(50), "V", "W") + o.name + "." + l.name
			}
		}
	}
	return ""
}

// into is an expression for a pointer into the middle of a value, nil when it is not there.
func (t *travel) into(d *record) string {
	for range 6 {
		o := t.structs[t.n(len(t.structs))]
		for _, l := range o.fields {
			if l.to != d {
				continue
			}
			x := "w." + pick(t.p(50), "V", "W") + o.name + "." + l.name
			switch l.kind {
			case toArray:
				return "&" + x + "[1]"
			case toBox:
				return "&" + x + ".V"
			case toSlice:
				return "last(" + x + ")"
			}
		}
		for _, e := range o.embeds {
			if e == d.name {
				return "&w.V" + o.name + "." + d.name
			}
		}
	}
	return "w.W" + d.name
}

// call writes a cell with a call.
func (t *travel) call() {
	t.calls++
	k := 1 + t.n(t.round) // a world of this round or, with old types, of an earlier one
	world := fmt.Sprintf("world%d()", k)
	d := t.structs[t.n(len(t.structs))]
	name := fmt.Sprintf("call %d", t.calls)
	result := []string{"return []any{x, dump(x)}, nil", "return dump(x), nil", "return x, fmt.Errorf(\"task: %w\", first(x))", "return nil, first(x)", "panic(first(x))",
		"return Box[any]{V: x, L: []any{x}}, nil"}[t.n(6)]
	change := pick(t.p(60), "bump(reflect.ValueOf(x)); ", "")
	form := t.n(9) - 1
	if t.p(50) {
		form = -1
	}
	switch t.n(11) {
	case 7: // items that are functions
		t.w("check(%q, %d, func() []func(int) int { w := %s; n, k := 1, 20; pn := &n; shared := func(i int) int { n += i; return n + w.N }; op := &Ops{list: []Op{shared}}; _, _, _ = pn, op, k; return []func(int) int{%s, %s, %s} }, func() func(func(int) int) (any, error) { k := 2; return func(f func(int) int) (any, error) { if f == nil { return nil, nil }; k += f(k); x := []any{f(1), f(2), k, f}; %s } })\n",
			name, form, world, t.function(), t.function(), t.function(), result)
		return
	case 8: // captured functions, and what they share with captured variables
		t.w("check(%q, %d, func() []int { return []int{2} }, func() func(int) (any, error) { w := %s; n, k := 1, 20; pn := &n; shared := func(i int) int { n += i; return n + w.N }; op := &Ops{list: []Op{shared}}; fs := []Op{%s, %s}; m := map[string]any{\"f\": %s, \"w\": w}; var g func(int) int = %s; _, _ = op, k; return func(i int) (any, error) { for _, f := range fs { if f != nil { i += f(i) } }; n++; w.N += n; x := any([]any{i, shared(1), *pn, n, m, fs}); _ = g; %s%s } })\n",
			name, form, world, t.function(), t.function(), t.function(), t.function(), change, result)
		return
	case 9: // panics with values of types
		v := []string{"x", "*x", "Color(x.N)", "x.Err", "x.Any", "x.Ints[len(x.Ints):][x.N-x.N]", "fmt.Sprint(x.N)", "map[string]int(nil)", "&x.Arr[1]", "errors.Join(x.Err, errTwo)"}[t.n(10)]
		t.w("check(%q, %d, func() []*World%d { return []*World%d{%s} }, func() func(*World%d) (any, error) { return func(x *World%d) (any, error) { %sdefer func() { x.N++ }(); panic(%s) } })\n", name, form, k, k, world, k, k, change, v)
		return
	case 10: // an initializer, and a dictionary
		t.w("var state%d *World%d\n", t.calls, k)
		t.w("{ set := func() { state%d = %s; state%d.N = 5 }; old := one; one = pool.New(pool.Processes(1), pool.Initializer(set)); set()\n", t.calls, world, t.calls)
		t.w("onlyOne = true; check(%q, %d, func() []int { return []int{1} }, func() func(int) (any, error) { set(); d := pool.NewDict[string, any](); l := pool.NewList[any](); return func(i int) (any, error) { x := state%d; if err := put(d, l, %s); err != nil { return nil, &refused{err} }; v, _ := d.Get(\"k\"); %s; return []any{x, v, l.Get(0)}, nil } }); onlyOne = false; one.Terminate(); one = old }\n",
			name, form, t.calls, strings.ReplaceAll(t.oldAny(k), "w", "x"), change)
		return
	case 0: // items that are the world
		t.w("check(%q, %d, func() []*World%d { return []*World%d{%s} }, func() func(*World%d) (any, error) { return func(x *World%d) (any, error) { %s%s } })\n", name, form, k, k, world, k, k, change, result)
	case 1: // interfaces
		t.w("check(%q, %d, func() []any { w := %s; return []any{%s, %s, w.Err} }, func() func(any) (any, error) { return func(x any) (any, error) { %s%s } })\n",
			name, form, world, t.oldAny(k), t.oldAny(k), change, result)
	case 2: // captured
		t.w("check(%q, %d, func() []int { return []int{1} }, func() func(int) (any, error) { x := %s; n := x.N; pn := &n; return func(i int) (any, error) { *pn += i; %s_ = n; %s } })\n",
			name, form, world, change, result)
	case 3: // shapes and their methods
		t.w("check(%q, %d, func() []Shape { w := %s; return []Shape{Color(2), %s} }, func() func(Shape) (any, error) { return func(x Shape) (any, error) { if x == nil { return nil, nil }; return []any{fmt.Sprintf(\"%%T\", x), x.Area(), fmt.Sprint(x.Area()), x}, nil } })\n",
			name, form, world, "shapeOf(w)")
	case 4: // session variables
		t.w("var g%d *World%d\nvar errIn%d error\n", t.calls, k, t.calls)
		t.w("check(%q, %d, func() []int { return []int{3} }, func() func(int) (any, error) { g%d = %s; errIn%d = g%d.Err; return func(i int) (any, error) { x := []any{g%d, errIn%d, errors.Is(errIn%d, io.EOF), errors.Is(errIn%d, errOne), scale}; %s } })\n",
			name, form, t.calls, world, t.calls, t.calls, t.calls, t.calls, t.calls, t.calls, result)
	case 5: // a method value, and a type declared in the function
		t.w("check(%q, %d, func() []int { return []int{2} }, func() func(int) (any, error) { w := %s; type local struct { A *%s; B any }; x := local{B: w.Ints[1:2]}; m := Color(w.N).Add; return func(i int) (any, error) { x.B = m(i); x.A = new(%s); _ = w.Arr; %s } })\n",
			name, form, world, d.name, d.name, result)
	default: // through a queue and a value
		t.w("check(%q, %d, func() []int { return []int{0} }, func() func(int) (any, error) { w := %s; q := pool.NewQueue[any](0); if err := q.Put(%s); err != nil { return func(int) (any, error) { return nil, &refused{err} } }; v := pool.NewValue[any](1); return func(i int) (any, error) { x, err := q.Get(); if err != nil { return nil, err }; if err := set(v, x); err != nil { return nil, &refused{err} }; return []any{x, v.Get()}, nil } })\n",
			name, form, world, t.oldAny(k))
	}
}

// oldAny is a value of the world of an earlier round, whose types may be declared anew since.
func (t *travel) oldAny(k int) string {
	d := t.structs[t.n(len(t.structs))]
	return []string{"w", "*w", "w.V" + d.name, "*w.W" + d.name, "w.Ints[1:3]", "[]any{w.Ints[:2], w.Ints, &w.Arr}", "Box[any]{V: w.V" + d.name + ", L: []any{w.Err}}", "w.Err"}[t.n(8)]
}
