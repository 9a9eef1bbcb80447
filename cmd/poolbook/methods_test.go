package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"poolbook/interp"
)

// TestPoolMethods holds that in cells the pool's functions are methods too, whatever release the program was built with: they run, are
// completed and described, and what is wrong with a call is said in its own words.
func TestPoolMethods(t *testing.T) {
	s, err := newKernelSession(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	run := func(code string) (string, error) {
		res, err := s.session.Run(context.Background(), interp.Cell{Code: code, Stdout: io.Discard, Stderr: io.Discard})
		if err != nil || !res.Value.IsValid() {
			return "", err
		}
		return strings.TrimSpace(fmt.Sprint(res.Value)), nil
	}
	if _, err := run(`
func square(n int) int { return n * n }
func half(n int) (int, error) { if n%2 != 0 { return 0, errors.New("odd") }; return n / 2, nil }
type Team struct { *pool.Pool; name string }
p, ex := pool.NewThreadPool(pool.Processes(2)), pool.NewThreadExecutor(pool.MaxWorkers(2))
team := Team{p, "a"}`); err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{
		`p.Map(square, []int{1, 2, 3})`:                    "[1 4 9]",
		`p.MapAsync(square, []int{4}).Get()`:               "[16]",
		`p.Apply(func() string { return "a" })`:            "a",
		`p.ApplyAsync(func() string { return "b" }).Get()`: "b",
		`p.Starmap(func(a int, b string) string { return b + strconv.Itoa(a) }, []pool.Args2[int, string]{{1, "x"}})`: "[x1]",
		`xs := []int{}; for v := range p.Imap(square, []int{5, 6}) { xs = append(xs, v) }; xs`:                        "[25 36]",
		`p.MapErr(half, []int{4})`:                                                          "[2]",
		`ex.Submit(func() int { return 7 }).Result()`:                                       "7",
		`ys := []int{}; for v := range ex.Map(square, []int{3}) { ys = append(ys, v) }; ys`: "[9]",
		`team.Map(square, []int{7})`:                                                        "[49]",
		`f := p.Map[int, string]; f(strconv.Itoa, []int{8})`:                                "[8]",
		`(*pool.Pool).Map[int, int](p, square, []int{9})`:                                   "[81]",
		`pool.Map(p, square, []int{10})`:                                                    "[100]",
	} {
		if got, err := run(code); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", code, got, err, want)
		}
	}
	for code, want := range map[string]string{
		`p.Map(square, []string{"a"})`: "in call to p.Map, type []string",
		`p.Map(square)`:                "not enough arguments in call to p.Map\n\thave (func(n int) int)\n\twant (func(T) R, []T, ...pool.CallOption)",
		`p.Mapp(square, nil)`:          "did you mean Map?",
		`g := p.Map`:                   "without instantiation",
	} {
		if _, err := run(code); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", code, err, want)
		}
	}

	offered := map[string]bool{}
	for _, m := range s.session.Complete("p.", 2).Matches {
		offered[m.Text] = true
	}
	for _, name := range []string{"Map", "MapAsync", "Starmap", "Imap", "Apply", "Close", "Join"} {
		if !offered[name] {
			t.Errorf("p. is not completed with %s: %v", name, offered)
		}
	}
	code := "p.MapAsync(square, "
	d, ok := s.session.Inspect(code, len(code), 0)
	if text := d.Text(); !ok || !strings.Contains(text, "func (*pool.Pool).MapAsync[T, R any](fn func(T) R, items []T, opts ...pool.CallOption) *pool.MapResult[R]") || !strings.Contains(text, "does not wait") {
		t.Errorf("the help on p.MapAsync is %q", text)
	}
}
