package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

var (
	stressRounds = flag.Int("stress", 0, "panics, and as many interrupts, of TestCallbackStress; 0 skips it")
	stressCases  = flag.String("stress-cases", "", "which cases TestCallbackStress draws from, a regular expression; all when it is empty")
	stressSeed   = flag.Uint64("stress-seed", 0, "what TestCallbackStress draws from; 0 for the clock")
)

// stressFirst declares what functions that are called do until they end, and the values that have to stay as they are. work(n) is something that
// takes a moment: it allocates, waits, calls compiled code that calls back, starts goroutines, grows the stack or recovers.
const stressFirst = `
type node struct {
	left, right *node
	name        string
	data        []int
	more        map[string]any
	f           func() int
}
func tree(depth int) *node {
	if depth == 0 { return nil }
	n := &node{tree(depth - 1), tree(depth - 1), fmt.Sprint("n", depth), make([]int, depth*3), map[string]any{"depth": depth}, func() int { return depth }}
	for i := range n.data { n.data[i] = i * depth }
	return n
}
func (n *node) sum() int {
	if n == nil { return 0 }
	s := len(n.name) + n.more["depth"].(int) + n.f() + n.left.sum() + n.right.sum()
	for _, d := range n.data { s += d }
	return s
}
values := tree(7)
sum := values.sum()
var counted, round, endless atomic.Int64
func forever(n int64) { // until it is ended, at last by the next round
	endless.Add(1)
	defer endless.Add(-1)
	for i := 0; round.Load() == n; i++ { work(i) }
}
type shape interface{ area() float64 }
type square struct{ a float64 }
func (s square) area() float64 { return s.a * s.a }
func grow(n int) int { var a [16]int; a[n%16] = n; if n > 0 { return grow(n-1) + a[n%16] }; return 0 }
func work(n int) {
	counted.Add(1)
	switch n % 16 {
	case 0:
		m := map[string][]int{}
		for i := range 50 { m[fmt.Sprint(i)] = make([]int, i) }
	case 1:
		grow(300)
	case 2:
		s := rand.Perm(100)
		sort.Slice(s, func(i, j int) bool { return s[i] < s[j] })
	case 3:
		c := make(chan int)
		go func() { defer close(c); for i := range 10 { c <- i } }()
		for range c { }
	case 4:
		time.Sleep(100 * time.Microsecond)
	case 5:
		func() { defer func() { recover() }(); var p *node; p.name = "x" }()
	case 6:
		b, _ := json.Marshal(map[string]any{"a": []int{1, 2, 3}, "b": square{2}})
		json.Unmarshal(b, new(any))
	case 7:
		var once sync.Once
		once.Do(func() { grow(20) })
	case 8:
		next, stop := iter.Pull(func(yield func(int) bool) { for i := range 5 { if !yield(i) { return } } })
		next()
		next()
		stop()
	case 9:
		s := 0
		for i := range 3000 { s += i ^ n }
	case 10:
		strings.Map(func(r rune) rune { return r + 1 }, "some text of no great length")
	case 11:
		var shapes []shape
		for i := range 20 { shapes = append(shapes, square{float64(i)}, &square{1}) }
		for _, s := range shapes { s.area() }
	case 12:
		select {
		case <-time.After(50 * time.Microsecond):
		case <-make(chan int):
		}
	case 13:
		var wg sync.WaitGroup
		for range 4 { wg.Go(func() { grow(10) }) }
		wg.Wait()
	case 14:
		runtime.Gosched()
		fmt.Fprintln(io.Discard, values, square{3})
	case 15:
		x := new([32]int)
		runtime.AddCleanup(x, func(int) { counted.Add(1) }, 1)
	}
}
`

// stressPanics are the ways in which a function ends that works for a while before.
var stressPanics = []string{
	`panic("boom")`,
	`var p *node; p.name = "x"`,
	`s := values.data; s[len(s)] = 1`,
	`sort.Slice([]int{2, 1}, func(i, j int) bool { panic("boom") })`,
	`new(sync.Once).Do(func() { panic("boom") })`,
	`defer panic("again"); panic("boom")`,
	`panic(fmt.Errorf("boom: %w", io.EOF))`,
	`var s any = 5; print(s.(string))`,
	`for range func(yield func() bool) { yield(); panic("boom") } { work(3) }`,
}

// stressOwn are cells whose own goroutine is in compiled code that calls them, or pools.
const stressOwn = `
-- sort.Slice --
sort.Slice(rand.Perm(100), func(i, j int) bool { if j == 60 { end() }; return i < j })
-- slices.SortFunc --
slices.SortFunc(rand.Perm(100), func(a, b int) int { if a == 60 { end() }; return a - b })
-- sync.Once --
new(sync.Once).Do(end)
-- sync.OnceValue --
f := sync.OnceValue(func() int { end(); return 1 })
go func() { defer func() { recover() }(); f() }()
f()
-- strings.Map --
strings.Map(func(r rune) rune { end(); return r }, "abc")
-- regexp --
regexp.MustCompile("b+").ReplaceAllStringFunc("abbb", func(s string) string { end(); return s })
-- fs.WalkDir --
fs.WalkDir(fstest.MapFS{"a": {}, "b/c": {}}, ".", func(string, fs.DirEntry, error) error { end(); return nil })
-- a method for json --
type j struct{}
func (j) MarshalJSON() ([]byte, error) { end(); return []byte("1"), nil }
json.Marshal([]j{{}, {}})
-- a method for fmt --
type stringer struct{}
func (stringer) String() string { end(); return "s" }
fmt.Sprint(stringer{})
-- a template --
template.Must(template.New("").Funcs(template.FuncMap{"f": func() int { end(); return 1 }}).Parse("{{f}}")).Execute(io.Discard, nil)
-- a scanner --
sc := bufio.NewScanner(strings.NewReader("a b c"))
sc.Split(func(data []byte, eof bool) (int, []byte, error) { end(); return bufio.ScanWords(data, eof) })
for sc.Scan() { }
-- io.Copy --
io.Copy(writer{}, reader{})
-- a logger --
slog.New(slog.NewTextHandler(writer{}, nil)).Info("x")
-- a loop over a function --
for range func(yield func() bool) { for yield() { end() } } { if rand.N(10) == 0 { break } }
-- time.AfterFunc, many --
for i := range 10 { time.AfterFunc(time.Duration(i)*100*time.Microsecond, end) }
<-called
-- AfterFunc of a deadline --
ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
defer cancel()
context.AfterFunc(ctx, end)
<-called
-- a thread pool --
p := pool.NewThreadPool(pool.Processes(2))
opens(func() error { p.Terminate(); p.Join(); return nil })
p.Map(func(n int) int { if n%7 == 0 { end() }; return n }, []int{1, 2, 3, 4, 5, 6, 7, 8})
-- a callback of a pool --
p := pool.NewThreadPool(pool.Processes(2))
opens(func() error { p.Terminate(); p.Join(); return nil })
p.MapAsync(func(n int) int { return n }, []int{1, 2}, pool.Callback(func([]int) { end() })).Wait()
`

// splitTypes takes the types and methods out of a cell, which begin at the beginning of a line.
func splitTypes(code string) (declarations, statements string) {
	within := false
	for line := range strings.Lines(code) {
		if within || strings.HasPrefix(line, "type ") || strings.HasPrefix(line, "func (") {
			declarations += line
			within = within && !strings.HasPrefix(line, "}") || strings.HasSuffix(line, "{\n")
		} else {
			statements += line
		}
	}
	return declarations, statements
}

// TestCallbackStress ends functions of cells that goroutines of Go's library call, and compiled code of the cell's own goroutine, at random
// moments: by panics, and by interrupts of the kernel, which collects garbage all the time. It lives, its values stay, and it does not grow.
// By hand: go test ./cmd/poolbook -run TestCallbackStress -stress 5000 -timeout 0 -v (make stress).
func TestCallbackStress(t *testing.T) {
	rounds, seed := *stressRounds, *stressSeed
	if rounds == 0 {
		t.Skip("runs with -stress; TestCallbacks of package interp tries each case in each way")
	}
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-stress-seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	library, err := txtar.ParseFile("../../interp/testdata/callbacks.cases")
	if err != nil {
		t.Fatal(err)
	}
	cases := append(library.Files[1:], txtar.Parse([]byte(stressOwn)).Files...)
	cases = slices.DeleteFunc(cases, func(c txtar.File) bool { // package testing runs tests in test programs alone
		return strings.HasPrefix(c.Name, "a test") || !regexp.MustCompile(*stressCases).MatchString(c.Name)
	})

	t.Setenv("GOGC", "5")
	k := newPlace(t).kernel(t.Context())
	run := func(code string, started func()) (*protocol.ExecuteReply, string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		var out strings.Builder
		reply, err := k.Execute(ctx, code, client.ExecuteOptions{GoOnAfterErrors: true}, func(m *protocol.Message) error {
			if m.Header.Type == protocol.TypeStream {
				s, err := protocol.Decode[protocol.Stream](m)
				if err != nil {
					return err
				}
				if out.Len() < 1<<20 {
					out.WriteString(s.Text)
				}
			} else if m.Header.Type == protocol.TypeExecuteInput && started != nil {
				started()
			}
			return nil
		})
		if err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				_ = syscall.Kill(k.PID(), syscall.SIGQUIT) // its goroutines, on standard error
				time.Sleep(time.Second)
			}
			t.Fatalf("%v\n%s\n%s\n%v", err, code, out.String(), k.Err())
		}
		return reply, out.String()
	}
	ok := func(code string) string {
		t.Helper()
		reply, out := run(code, nil)
		if reply.Status != protocol.StatusOK {
			t.Fatalf("%s: %+v\n%s", code, reply.ErrorInfo, out)
		}
		return out
	}
	state := func() (s soakState) {
		t.Helper()
		out := ok("for range 3 { runtime.GC() }\nvar memory runtime.MemStats\nruntime.ReadMemStats(&memory)\nfmt.Println(memory.HeapAlloc, runtime.NumGoroutine())")
		if _, err := fmt.Sscan(out, &s.heap, &s.goroutines); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		open, _ := os.ReadDir("/proc/" + strconv.Itoa(k.PID()) + "/fd")
		s.descriptors = len(open)
		return s
	}
	ok(string(library.Files[0].Data) + stressFirst)
	for i, c := range cases {
		declarations, statements := splitTypes(string(c.Data))
		ok(declarations) // once: what declares methods is kept
		cases[i].Data = []byte(statements)
	}
	ended := map[string]int{}
	var first soakState
	began := 0 // the rounds before it
	for n := range 2 * rounds {
		c := cases[random.IntN(len(cases))]
		interrupt := n%2 == 1
		work := fmt.Sprintf("for i := range %d { work(%d + i*%d) }", random.IntN(12), random.IntN(16), random.IntN(16))
		end := stressPanics[random.IntN(len(stressPanics))]
		if interrupt {
			end = ""
			if random.IntN(2) == 0 {
				end = fmt.Sprintf("forever(%d)", n)
			}
		}
		ok(fmt.Sprintf("round.Store(%d)\n", n) + "func end() { select { case called <- true: default: }; " + work + "; " + end + " }\nfor len(called) > 0 { <-called }")
		before := k.PID()
		stop := make(chan struct{})
		var started func()
		interrupted := make(chan struct{})
		if interrupt {
			started = func() {
				delay := time.Duration(random.Int64N(int64(20 * time.Millisecond)))
				go func() {
					defer close(interrupted)
					for { // again for one that came before the cell did
						select {
						case <-stop:
							return
						case <-time.After(delay):
							if err := k.Interrupt(t.Context()); err != nil {
								return
							}
							delay = 200 * time.Millisecond
						}
					}
				}()
			}
		}
		reply, _ := run(string(c.Data), started)
		close(stop)
		if interrupt {
			<-interrupted
		}
		how := reply.Status
		if reply.ErrorInfo != nil {
			how = reply.ErrorInfo.Name
		}
		if how == "CompileError" {
			t.Fatalf("%s: %s", c.Name, reply.ErrorInfo.Value)
		}
		if interrupt && how == "panic" { // what a function of the library returned then was not looked at
			t.Logf("%s was interrupted: %s", c.Name, reply.ErrorInfo.Value)
		}
		ended[fmt.Sprintf("interrupt %v: %s", interrupt, how)]++
		out := ok("round.Store(-1)\nfor endless.Load() > 0 { time.Sleep(time.Millisecond) }\nfunc end() {}\nclosing()\nfmt.Println(keep, values.sum() == sum, counted.Load() > 0)")
		if !strings.HasSuffix(out, "5 true true\n") {
			t.Fatalf("after %s (round %d): %s", c.Name, n, out)
		}
		if k.PID() != before {
			t.Fatalf("after %s: another kernel", c.Name)
		}
		if (n+1)%max(rounds/10, 100) == 0 {
			s := state()
			t.Logf("%d rounds: heap %.1f MB, %d descriptors, %d goroutines", n+1, float64(s.heap)/1e6, s.descriptors, s.goroutines)
			if began == 0 || n+1 < 2*rounds/5 { // until every case has run, whose variables and types are kept
				first, began = s, n+1
				continue
			}
			// A cell that declares a function leaves some KB. What a cell was opening when it was interrupted, nobody closes.
			more := n + 1 - began
			if s.heap > first.heap+int64(more)*30e3+8e6 || s.descriptors > first.descriptors+more/50+10 || s.goroutines > first.goroutines+more/50+10 {
				open, _ := exec.Command("ls", "-l", "/proc/"+strconv.Itoa(k.PID())+"/fd").Output()
				t.Errorf("it grew from %v to %v\n%s%s", first, s, open, ok("pprof.Lookup(\"goroutine\").WriteTo(os.Stdout, 1)"))
			}
		}
	}
	t.Log(ended)
}
