package interp_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"poolbook/interp"
)

// firstCell in the environment makes the test binary a process that runs one cell.
const firstCell = "POOLBOOK_TEST_FIRST_CELL"

func TestMain(m *testing.M) {
	if os.Getenv(firstCell) == "" {
		os.Exit(m.Run())
	}
	s, err := interp.New(interp.Config{})
	if err == nil {
		_, err = s.Run(context.Background(), interp.Cell{Number: 1, Code: os.Getenv(firstCell), Stdout: os.Stdout})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// BenchmarkFirstCell measures a new process from its start to the end of its
// first cell, ms of the best: the process alone, a cell that prints, and one
// that uses much of the library.
func BenchmarkFirstCell(b *testing.B) {
	for name, code := range map[string]string{
		"print": `fmt.Println("hello")`,
		"library": `type point struct{ X, Y int }
func (p point) String() string { return strings.Repeat("*", p.X) }
text, _ := json.Marshal(slices.Sorted(maps.Keys(map[string]int{"a": 1})))
fmt.Println(point{1, 2}, string(text), time.Duration(5), math.Sqrt(2), regexp.MustCompile("a+").FindString("caat"))`,
	} {
		b.Run(name, func(b *testing.B) {
			best := time.Hour
			for b.Loop() {
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), firstCell+"="+code)
				start := time.Now()
				out, err := cmd.CombinedOutput()
				if err != nil || len(out) == 0 {
					b.Fatalf("%v: %s", err, out)
				}
				best = min(best, time.Since(start))
			}
			b.ReportMetric(best.Seconds()*1000, "ms")
		})
	}
}

// BenchmarkCell measures cells of a session that has 500 cells behind it: check,
// SSA, code, run; ms of the best.
func BenchmarkCell(b *testing.B) {
	for name, code := range map[string]string{
		"expression": "x + 1",
		"statement":  "x = x + 1",
		"variable":   "y := x * 2",
		"function":   "func double(n int) int { return 2 * n }\ndouble(x)",
		"print":      `fmt.Println(x, "and", strings.ToUpper("text"))`,
		"loop":       "for i := range 10 { words[fmt.Sprint(i)]++ }\nlen(words)",
		"type":       "type pair struct{ a, b int }\npair{x, 2}",
		"generic":    "slices.Max(slices.Collect(maps.Values(words)))",
	} {
		b.Run(name, func(b *testing.B) {
			s := newSession(b)
			mustRun(b, s, 1, "x, words := 1, map[string]int{\"a\": 1}")
			for i := range 500 {
				mustRun(b, s, 2+i, fmt.Sprintf("v%d := %d\nfunc f%d(x int) int { return x + v%d }\ntype T%d struct{ A int }", i, i, i, i, i))
			}
			mustRun(b, s, 502, code)
			best := time.Hour
			for i := 503; b.Loop(); i++ {
				start := time.Now()
				mustRun(b, s, i, code)
				best = min(best, time.Since(start))
			}
			b.ReportMetric(best.Seconds()*1000, "ms")
		})
	}
}
