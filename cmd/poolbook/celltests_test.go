package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// testSource is a test file but for its package clause, whose line in a cell is %test.
const testSource = `
import (
	"fmt"
	"testing"
)

func Sum(xs ...int) (n int) {
	for _, x := range xs {
		n += x
	}
	return n
}

func check(t testing.TB, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("got %d\nwant %d", got, want)
	}
}

func TestSum(t *testing.T) {
	fmt.Println("printed")
	t.Log("a log line", 1)
	for _, n := range []int{1, 2} {
		t.Run(fmt.Sprint("of", n), func(t *testing.T) {
			t.Cleanup(func() { t.Log("cleaned up") })
			check(t, Sum(n, n), 2*n)
		})
	}
}

func TestBad(t *testing.T) {
	check(t, Sum(1, 2), 4)
	t.Run("fatal", func(t *testing.T) {
		defer fmt.Println("deferred")
		t.Fatalf("%s here", "ends")
		fmt.Println("not this")
	})
	var tb testing.TB = t
	tb.Log("by an interface")
	t.Run("skipped", func(t *testing.T) {
		if testing.Short() {
			t.Skip("in short mode")
		}
	})
}

func FuzzSum(f *testing.F) {
	f.Add(3)
	f.Add(-1)
	f.Fuzz(func(t *testing.T, n int) { check(t, Sum(n, n), 2*n) })
}

func BenchmarkSum(b *testing.B) {
	for b.Loop() {
		Sum(1, 2, 3)
	}
}

func ExampleSum() {
	fmt.Println(Sum(1, 2))
	// Output: 3
}

func ExampleSum_wrong() {
	fmt.Println(Sum(1, 2))
	// Output: 4
}

func Example_unordered() {
	fmt.Println("b")
	fmt.Println("a")
	// Unordered output:
	// a
	// b
}

func Testlower(t *testing.T) { panic("no test by its name") }
`

// TestCellTests runs %test with go test's flags, and go test with them: the output is the same but for times and names of files.
func TestCellTests(t *testing.T) {
	if testing.Short() {
		t.Skip("go test compiles a package")
	}
	p := newPlace(t)
	dir := p.file("compiled")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": "module cells\n\ngo 1.25\n", "x_test.go": "package main" + testSource} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "test", "-vet=off", "-c", "-o", "compiled.test")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, out)
	}
	for _, flags := range [][]string{{"-v"}, {}, {"-run", "Sum"}, {"-run=Sum/of1$", "-v", "-count", "2"}, {"-v", "-short", "-run", "Bad"},
		{"-run", "^$", "-bench", ".", "-benchtime=10x"}, {"-run=Fuzz", "-v"}, {"-list", "."}, {"-v", "-failfast"}, {"-skip", "Bad|wrong"}, {"-run", "NoneOfThem"}} {
		t.Run(strings.Join(flags, " "), func(t *testing.T) {
			var words []string
			for _, f := range flags {
				words = append(words, strings.Replace(f, "-", "-test.", 1))
			}
			compiled := exec.Command("./compiled.test", words...)
			compiled.Dir = dir
			want, err := compiled.CombinedOutput()
			args := strings.Join(flags, " ")
			if args == "" {
				args = "-v=false"
			}
			notebook := p.file("nb.ipynb")
			cell := map[string]any{"cell_type": "code", "id": "a", "metadata": map[string]any{}, "outputs": []any{}, "execution_count": nil, "source": "%test " + args + testSource}
			raw, jsonErr := json.Marshal(map[string]any{"nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{}, "cells": []any{cell}})
			if jsonErr != nil {
				t.Fatal(jsonErr)
			}
			if err := os.WriteFile(notebook, raw, 0o666); err != nil {
				t.Fatal(err)
			}
			got := p.poolbook("run", notebook)
			if (got.code == 0) != (err == nil) {
				t.Errorf("exit code %d, compiled %v", got.code, err)
			}
			if g, w := sameTests(got.stdout), sameTests(string(want)); g != w {
				t.Errorf("the cell says\n%s\ncompiled\n%s", g, w)
			}
		})
	}
}

var (
	testNoise   = regexp.MustCompile(`(?m)^(goos|goarch|pkg|cpu): .*\n|^.*ended the cell: exit status.*\n?|^ok +\t.*\n|^testing: warning: no tests to run\n`)
	testTimes   = regexp.MustCompile(`\(\d+\.\d+s\)|[ \t]*[\d.]+ ns/op|Benchmark(\w+)-\d+`)
	placeOfTest = regexp.MustCompile(`(cell \[\d+\]|x_test\.go):`)
)

// sameTests is what tests print, but for what differs from run to run.
func sameTests(s string) string {
	s = testNoise.ReplaceAllString(s, "")
	s = testTimes.ReplaceAllStringFunc(s, func(m string) string {
		if strings.HasPrefix(m, "Benchmark") {
			return m[:strings.LastIndexByte(m, '-')]
		}
		return "TIME"
	})
	return strings.TrimSpace(placeOfTest.ReplaceAllString(s, "PLACE:"))
}
