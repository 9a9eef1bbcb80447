package interp_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"poolbook/interp"
)

// bigCells are generators of cells of any size. A cell has n parts of one kind; unit is how many of them take about a tenth of a second.
var bigCells = []struct {
	name string
	unit int
	make func(n int) string
}{
	{"switch cases", 2000, func(n int) string {
		return "func f(x int) (s int) {\nswitch x {\n" + times(n, "case %[1]d: s += %[1]d\n") + "}\nreturn s\n}\nf(3)"
	}},
	{"switch of strings", 2000, func(n int) string {
		return "func f(x string) (s int) {\nswitch x {\n" + times(n, "case \"c%[1]d\": s += %[1]d\n") + "}\nreturn s\n}\nf(\"c3\")"
	}},
	{"elements", 10000, func(n int) string { return "len([]int{" + times(n, "%d, ") + "})" }},
	{"elements of maps", 2000, func(n int) string { return "len(map[int]string{" + times(n, "%[1]d: \"s%[1]d\", ") + "})" }},
	{"elements of structs", 2000, func(n int) string {
		return "type P struct{ X, Y int; S string }\nlen([]P{" + times(n, "{%[1]d, %[1]d, \"s\"}, ") + "})"
	}},
	{"loops", 500, func(n int) string {
		return "func f() (s int) {\n" + times(n, "for i := 0; i < 2; i++ { s += i + %d }\n") + "return s\n}\nf()"
	}},
	{"conditions", 1000, func(n int) string {
		return "func f() (s int) {\n" + times(n, "if s > %d { s++ }\n") + "return s\n}\nf()"
	}},
	{"statements of a cell", 1000, func(n int) string {
		return "s := 0\n" + times(n, "for i := range 2 { s += i + %[1]d }\nif s > %[1]d { s++ }\n") + "s"
	}},
	{"variables", 500, func(n int) string { return times(n, "v%[1]d := %[1]d\n") + "v1" }},
	{"local variables", 1000, func(n int) string {
		return "func f() int {\n" + times(n, "v%[1]d := %[1]d\n_ = v%[1]d\n") + "return v1\n}\nf()"
	}},
	{"functions", 500, func(n int) string { return times(n, "func f%[1]d(n int) int { return n + %[1]d }\n") + "f1(2)" }},
	{"function literals", 300, func(n int) string { return "s := 0\n" + times(n, "func() { s += %d }()\n") + "s" }},
	{"calls", 1000, func(n int) string {
		return "func g(n int) int { return n }\nfunc f() (s int) {\n" + times(n, "s = g(s + %d)\n") + "return s\n}\nf()"
	}},
	{"types", 500, func(n int) string { return times(n, "type T%d struct { A int }\n") + "T1{2}" }},
	{"methods", 300, func(n int) string {
		return "type T struct{}\n" + times(n, "func (T) M%[1]d() int { return %[1]d }\n") + "T{}.M1()"
	}},
	{"fields", 500, func(n int) string { return "type T struct {\n" + times(n, "F%d int\n") + "}\nT{F1: 2}.F1" }},
	{"constants", 2000, func(n int) string { return "const (\n" + times(n, "c%[1]d = %[1]d\n") + ")\nc1" }},
	{"sums", 500, func(n int) string { return "x := 1\ny := 0" + times(n, " + x") + "\ny" }},
	{"joined strings", 500, func(n int) string { return "x := \"a\"\ny := \"\"" + times(n, " + \"b%d\" + x") + "\nlen(y)" }},
	{"conditions in a condition", 500, func(n int) string { return "x := 1\ny := x > 0" + times(n, " && x < 9%d") + "\ny" }},
	{"blocks in blocks", 60, func(n int) string {
		return "func f() (s int) {\n" + times(n, "if s == 0 {\n") + "s++\n" + strings.Repeat("}\n", n) + "return s\n}\nf()"
	}},
	{"brackets", 500, func(n int) string { return strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }},
	{"deferred calls", 300, func(n int) string {
		return "func f() (s int) {\n" + times(n, "defer func() { s += %d }()\n") + "return s\n}\nf()"
	}},
	{"loops over functions", 150, func(n int) string {
		return "func seq(yield func(int) bool) { _ = yield(1) && yield(2) }\nfunc f() (s int) {\n" + times(n, "for x := range seq { s += x + %d }\n") + "return s\n}\nf()"
	}},
	{"printing", 500, func(n int) string { return times(n, "fmt.Sprint(%d)\n") }},
}

// times is text n times, with the numbers from 0 on where it has a verb.
func times(n int, text string) string {
	var s strings.Builder
	for i := range n {
		if strings.Contains(text, "%") {
			fmt.Fprintf(&s, text, i)
		} else {
			s.WriteString(text)
		}
	}
	return s.String()
}

// TestBigCells holds that the time that a cell takes grows with its size, not with the square of it.
func TestBigCells(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("takes a minute")
	}
	for _, c := range bigCells {
		t.Run(c.name, func(t *testing.T) {
			took := func(n int) float64 {
				s := newSession(t)
				mustRun(t, s, 1, "fmt.Sprint(1)")
				code := c.make(n)
				before := processTime()
				mustRun(t, s, 2, code)
				return (processTime() - before).Seconds()
			}
			const factor, most, tries = 8, 24, 4
			// The collector's work for what other tests have left counts too: one time in a few is without.
			for try := 1; ; try++ {
				small := max(took(c.unit), 0.02) // no less, or the clock decides
				big := took(factor * c.unit)
				t.Logf("%d: %.3f s, %d: %.3f s", c.unit, small, factor*c.unit, big)
				if big <= most*small {
					break
				}
				if try == tries {
					t.Errorf("%d of them take %.2f s of the processor, %d times as many %.2f s", c.unit, small, factor, big)
					break
				}
			}
		})
	}
}

// TestBigCellsAreInterrupted interrupts big cells at many times while they are made ready.
func TestBigCellsAreInterrupted(t *testing.T) {
	for i, c := range bigCells {
		if n := c.unit * 4; i%4 == 0 {
			t.Run(c.name, func(t *testing.T) {
				s := newSession(t)
				mustRun(t, s, 1, "kept := 1")
				code, heard := c.make(n), 0
				for i, after := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond} {
					ctx, cancel := context.WithTimeout(t.Context(), after)
					_, err := s.Run(ctx, interp.Cell{Number: 2 + i, Code: code})
					late := time.Since(deadline(ctx))
					cancel()
					var interrupted *interp.InterruptError
					if err != nil && !errors.As(err, &interrupted) {
						t.Fatalf("after %v: %v", after, err)
					}
					if err != nil && interp.Loading(s) {
						heard++
					}
					t.Logf("after %v: %v later: %v", after, late, err)
				}
				if heard == 0 && len(code) > 50_000 { // smaller ones are ready at once
					t.Error("no interrupt was heard before the cell was ready")
				}
				mustRun(t, s, 100, "kept = kept + 1\nkept")
			})
		}
	}
}

func deadline(ctx context.Context) time.Time {
	d, _ := ctx.Deadline()
	return d
}

// TestBigSwitches runs random switches of many cases, and looks for what each value does.
func TestBigSwitches(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round, typ := range []string{"int", "string", "Number", "uint8", "Text", "int64"} {
		most := 700
		if typ == "uint8" {
			most = 256
		}
		value := func(v int) string { // as Go writes it
			switch {
			case typ == "string" || typ == "Text":
				return fmt.Sprintf("%q", fmt.Sprint("v", v))
			case typ == "uint8":
				return fmt.Sprint(v)
			}
			return fmt.Sprint(v - most/2)
		}
		values := r.Perm(most)
		clauses := most // each of which has a value
		if typ != "uint8" {
			clauses = most - 100
		}
		of := map[int]int{} // value → clause
		lists := make([][]string, clauses)
		for i, v := range values {
			c := i
			if i >= clauses {
				c = r.IntN(clauses)
			}
			if i%97 == 96 {
				continue // goes to the default
			}
			of[v] = c
			lists[c] = append(lists[c], value(v))
		}
		isDefault := r.IntN(clauses)
		if round%2 == 1 {
			isDefault = -1
		}
		var code strings.Builder
		fmt.Fprintf(&code, "type Number int\ntype Text string\nfunc f(x %s) (s string) {\n\tdefer func() { s += \"end\" }()\n\tfor range 2 {\n\tswitch y := x; y {\n", typ)
		effect := make([]string, clauses+1) // what a clause does, with those that it falls into
		falls := make([]bool, clauses)
		for c := range clauses {
			switch {
			case c == isDefault:
				lists[c] = nil
				code.WriteString("\tdefault:\n")
			case lists[c] == nil:
				lists[c] = []string{}
				continue
			default:
				fmt.Fprintf(&code, "\tcase %s:\n", strings.Join(lists[c], ", "))
			}
			switch r.IntN(6) {
			case 0:
				fmt.Fprintf(&code, "\t\ts += \"%d,\"\n\t\tif len(s) > 0 { break }\n\t\ts += \"never\"\n", c)
				effect[c] = fmt.Sprintf("%d,", c)
			case 1:
				effect[c] = fmt.Sprintf("%d;", c)
				if falls[c] = c < clauses-1; falls[c] {
					fmt.Fprintf(&code, "\t\ts += \"%d;\"\n\t\tfallthrough\n", c)
				} else {
					fmt.Fprintf(&code, "\t\ts += \"%d;\"\n", c)
				}
			case 2:
				fmt.Fprintf(&code, "\t\tz := %d\n\t\ts += func() string { return fmt.Sprint(z, \".\") }()\n\t\tcontinue\n", c)
				effect[c] = fmt.Sprintf("%d.", c)
			case 3: // nothing
			default:
				fmt.Fprintf(&code, "\t\ts += \"%d:\"\n", c)
				effect[c] = fmt.Sprintf("%d:", c)
			}
		}
		code.WriteString("\t}\n\t}\n\treturn s\n}\nvar all []string\n")
		var want []string
		for v := range most {
			fmt.Fprintf(&code, "all = append(all, f(%s))\n", value(v))
			c, ok := of[v]
			if !ok || c == isDefault {
				c = isDefault
			}
			does := ""
			for c >= 0 {
				does += effect[c]
				if !falls[c] {
					break
				}
				for c++; lists[c] != nil && len(lists[c]) == 0; c++ {
				}
			}
			want = append(want, does+does+"end")
		}
		code.WriteString("all")
		s := newSession(t)
		res, err := run(t, s, 1, code.String(), time.Minute)
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		got := res.Value.Interface().([]string)
		for v := range want {
			if got[v] != want[v] {
				t.Fatalf("%s: f(%s) is %q, not %q", typ, value(v), got[v], want[v])
			}
		}
	}
}
