package main

import (
	"maps"
	"strings"
	"testing"
	"time"
)

// TestReplPiped holds that what is piped in runs cell by cell, that a cell reads
// what follows it, and that the first error ends the session.
func TestReplPiped(t *testing.T) {
	p := newPlace(t)
	for _, tt := range []struct {
		in, want string
		code     int
		errors   string
	}{
		{"x := 3\nfunc double(n int) int {\n\treturn 2 * n\n}\ndouble(x)\n", "6\n", 0, ""},
		{"x := 1\nfor range 3 {\n\tx *= 2\n}\nx", "8\n", 0, ""},
		{"var a, b int; fmt.Scan(&a, &b);\n20 22\na + b\n", "42\n", 0, ""},
		{"fmt.Println(1)\nnope\nfmt.Println(2)\n", "1\n", exitFailure, "undefined: nope"},
		{"func f() {\n", "", exitFailure, "never closed"},
		{"os.Exit(7)\n1\n", "", 7, ""},
		{"w := pool.New(pool.Processes(2))\npool.Map(w, func(n int) int { return n * n }, []int{1, 2, 3})", "[]int{1, 4, 9}\n", 0, ""},
	} {
		out := p.run(time.Minute, tt.in, program(t), "repl")
		if out.code != tt.code || out.stdout != tt.want || !strings.Contains(out.stderr, tt.errors) {
			t.Errorf("%q gives %+v; want %q, exit code %d and %q", tt.in, out, tt.want, tt.code, tt.errors)
		}
		if strings.Contains(out.stderr, "\x1b") {
			t.Errorf("%q: colours without a terminal: %q", tt.in, out.stderr)
		}
	}
}

// TestPoolHints holds what a cell is told whose function is not what the pool's takes, as those of Python's pools often are.
func TestPoolHints(t *testing.T) {
	p := newPlace(t)
	calls := map[string]string{
		`pool.MapAsync(p, show, []int{1})`:                              "goes with pool.ForEachAsync",
		`pool.Map(p, div, []int{1})`:                                    "goes with pool.MapErr",
		`pool.ImapUnordered(p, div, []int{1})`:                          "goes with pool.ImapUnorderedErr",
		`pool.Map(p, mul, [][2]int{{1, 2}})`:                            "goes with pool.Starmap, and items of pool.Args2",
		`pool.ApplyAsync(p, square, 3)`:                                 "func() int { return square(…) }",
		`pool.ApplyAsync(p, square(3))`:                                 "func() int { return square(3) }",
		`pool.Apply(p, div)`:                                            "func() (int, error) { return div(…) }, to pool.ApplyErr",
		`pool.Apply(p, func() (int, error) { return 1, nil })`:          "goes with pool.ApplyErr",
		`pool.ApplyAsync(p, func() { fmt.Println(1) })`:                 "must return something",
		`pool.ApplyAsync(p, func(n int) int { return n })`:              "without arguments",
		`pool.Map(p, square, []string{"a"})`:                            "",
		`slices.SortFunc([]int{1}, func(a, b string) int { return 0 })`: "",
	}
	for call, hint := range maps.Clone(calls) { // the methods of the same names take the same
		if rest, ok := strings.CutPrefix(call, "pool."); ok {
			calls["p."+strings.Replace(rest, "(p, ", "(", 1)] = strings.ReplaceAll(hint, "h pool.", "h p.")
		}
	}
	calls[`p.Apply(div)`] = "func() (int, error) { return div(…) }, to p.ApplyErr"
	for call, hint := range calls {
		in := "p := pool.New(pool.Processes(2))\nfunc square(n int) int { return n * n }\nfunc show(n int) { fmt.Println(n) }\n" +
			"func div(n int) (int, error) { return 1, nil }\nfunc mul(a, b int) int { return a * b }\n" + call + "\n"
		out := p.run(time.Minute, in, program(t), "repl")
		_, got, found := strings.Cut(out.stderr, "hint: ")
		if out.code != exitFailure || found != (hint != "") || !strings.Contains(got, hint) {
			t.Errorf("%s gives %+v, want the hint %q", call, out, hint)
		}
	}
}
