package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

var soakCells = flag.Int("soak", 0, "cells that TestSoak runs; 0 skips it")

// soakMix is what TestSoak runs: one cell after another, each as often as it says in a hundred, with the number of the cell.
var soakMix = []struct {
	share int
	code  string
	fails bool
}{
	{20, "1 + %d", false},
	{10, "x = x + %d\nx", false},
	{10, "v := %d\nw := v * 2\nw", false},
	{10, "func f(n int) int { return n*2 + %d }\ncaller(3)", false},
	{5, "func hot(n int) int { s := 0; for i := range n { s += i ^ %d }; return s }\nhot(3000)", false},
	{5, "keep = func() int { return x + %d }\nkeep()", false},
	{5, "done := make(chan int)\ngo func() { done <- %d }()\n<-done", false},
	{5, "type P struct{ X, Y int }\nfmt.Sprint(P{1, %d})", false},
	{5, "slices.Sorted(maps.Keys(map[int]string{%d: \"a\", -2: \"b\"}))", false},
	{5, "for i := range 20 { fmt.Println(i, %d) }", false},
	{3, "display.HTML(\"<b>%d</b>\")", false},
	{3, "undefined%d", true},
	{3, "1 + + %d )", true},
	{3, "panic(%d)", true},
	{3, "var p *int\n*p = %d", true},
	{2, "b, err := json.Marshal(map[string]any{\"n\": %d})\nstring(b), err", false},
	{2, "m := map[string]int{}\nfor i := range 100 { m[fmt.Sprint(i)] = i + %d }\nlen(m)", false},
	{1, "threads := pool.NewThreadPool(pool.Processes(2))\nfmt.Println(threads.Map(f, []int{1, 2, %d}))\nthreads.Close()\nthreads.Join()", false},
}

// soakRare are cells that take longer: each runs once in so many.
var soakRare = []struct {
	every int
	code  string
}{
	{500, "processes := pool.New(pool.Processes(2))\nfmt.Println(processes.Map(f, []int{1, 2, %d}))\nprocesses.Close()\nprocesses.Join()"},
	{250, "interrupt me\n%d"},
}

// soakState is what a kernel has.
type soakState struct {
	heap, rss                                int64 // bytes
	descriptors, mappings, goroutines, files int
}

func (s soakState) String() string {
	return fmt.Sprintf("heap %.1f MB, resident %.1f MB, %d descriptors, %d mappings, %d goroutines, %d temporary files",
		float64(s.heap)/1e6, float64(s.rss)/1e6, s.descriptors, s.mappings, s.goroutines, s.files)
}

// TestSoak runs many cells of all kinds in one kernel, and holds that nothing grows after the first twentieth: go test ./cmd/poolbook -run TestSoak
// -soak 100000 -timeout 0 -v (make soak).
func TestSoak(t *testing.T) {
	if *soakCells == 0 {
		t.Skip("runs with -soak")
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	k := newPlace(t).kernel(t.Context())
	run := func(code string, seen func(text string)) *protocol.ExecuteReply {
		reply, err := k.Execute(t.Context(), code, client.ExecuteOptions{GoOnAfterErrors: true}, func(m *protocol.Message) error {
			if m.Header.Type != protocol.TypeStream || seen == nil {
				return nil
			}
			out, err := protocol.Decode[protocol.Stream](m)
			if err == nil {
				seen(out.Text)
			}
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		return reply
	}
	ok := func(code string) {
		if r := run(code, nil); r.Status != "ok" {
			t.Fatalf("%s: %+v", code, r.ErrorInfo)
		}
	}
	state := func() (s soakState) {
		for range 3 { // what was replaced goes in a sweep after some cells, and another one after a collection
			ok("runtime.GC()")
			for i := range 160 {
				ok(fmt.Sprintf("func settle() int { return %d }", i))
			}
		}
		var text strings.Builder
		run("for range 3 { runtime.GC() }\nvar memory runtime.MemStats\nruntime.ReadMemStats(&memory)\nfmt.Println(memory.HeapAlloc, runtime.NumGoroutine())", func(out string) { text.WriteString(out) })
		if _, err := fmt.Sscan(text.String(), &s.heap, &s.goroutines); err != nil {
			t.Fatalf("%q: %v", text.String(), err)
		}
		proc := "/proc/" + strconv.Itoa(k.PID()) + "/"
		status, _ := os.ReadFile(proc + "statm")
		if fields := strings.Fields(string(status)); len(fields) > 1 {
			pages, _ := strconv.ParseInt(fields[1], 10, 64)
			s.rss = pages * int64(os.Getpagesize())
		}
		open, _ := os.ReadDir(proc + "fd")
		s.descriptors = len(open)
		maps, _ := os.ReadFile(proc + "maps")
		s.mappings = strings.Count(string(maps), "\n")
		_ = filepath.WalkDir(temp, func(string, fs.DirEntry, error) error { s.files++; return nil })
		return s
	}
	ok("x := 0\nvar keep func() int\nfunc f(n int) int { return n }\nfunc caller(n int) int { return f(n) }")
	var mix []int
	for i, c := range soakMix {
		for range c.share {
			mix = append(mix, i)
		}
	}
	var first soakState
	for n := 1; n <= *soakCells; n++ {
		c := soakMix[mix[n*37%len(mix)]]
		code := fmt.Sprintf(c.code, n)
		for _, r := range soakRare {
			if n%r.every == 0 {
				code, c.fails = fmt.Sprintf(r.code, n), false
			}
		}
		if strings.HasPrefix(code, "interrupt me") {
			reply := run("fmt.Println(\"going\")\nfor { x = x + 1 }", func(text string) {
				if strings.Contains(text, "going") {
					if err := k.Interrupt(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
			if reply.Status != "error" {
				t.Fatalf("the interrupted cell: %s", reply.Status)
			}
		} else if reply := run(code, nil); (reply.Status == "error") != c.fails {
			t.Fatalf("cell %d, %s: %s %+v", n, code, reply.Status, reply.ErrorInfo)
		}
		if n%max(*soakCells/20, 1) == 0 {
			s := state()
			t.Logf("%d cells: %v", n, s)
			if first == (soakState{}) {
				first = s
				continue
			}
			if err := first.grown(s); err != nil {
				t.Errorf("after %d cells: %v", n, err)
			}
		}
	}
}

// grown says what there is more of than a process that goes on has at one time and another.
func (s soakState) grown(now soakState) error {
	var errs []error
	more := func(what string, was, is, most int64) {
		if is > was+most {
			errs = append(errs, fmt.Errorf("%s grew from %d to %d", what, was, is))
		}
	}
	more("the heap", s.heap, now.heap, s.heap/4+4e6)
	more("resident memory", s.rss, now.rss, s.rss/3+20e6)
	more("descriptors", int64(s.descriptors), int64(now.descriptors), 10)
	more("mappings", int64(s.mappings), int64(now.mappings), 100)
	more("goroutines", int64(s.goroutines), int64(now.goroutines), 10)
	more("temporary files", int64(s.files), int64(now.files), 5)
	return errors.Join(errs...)
}
