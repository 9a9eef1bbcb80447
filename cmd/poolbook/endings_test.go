package main

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// endings are the rows of the table "What ends a process" in interp/doc.go: statements that end a compiled program.
var endings = []struct {
	name, code string
	patched    bool // where Go's runtime is caught, see there
}{
	{"panic", `panic("boom")`, false},
	{"goroutine", `done := make(chan int); go func() { defer close(done); panic("boom") }(); <-done; time.Sleep(20 * time.Millisecond)`, false},
	{"exit", `os.Exit(3)`, false},
	{"fatal", `log.Fatal("boom")`, false},
	{"exit of the system", `syscall.Exit(3)`, false},
	{"callback", `testing.Benchmark(func(b *testing.B) { panic("boom") })`, false},
	{"callback exits", `testing.Benchmark(func(b *testing.B) { os.Exit(3) })`, false},
	{"finalizer", `runtime.SetFinalizer(5, nil)`, false},
	{"deadlock", `select {}`, false},
	{"overflow", `var f func(); f = func() { f(); print() }; f()`, false},
	{"unlock", `var mu sync.Mutex; mu.Unlock()`, false},
	{"maps", `m := map[int]int{}; go func() { for { m[1]++ } }(); for { m[2]++ }`, false},
	{"memory", `n := 1 << 50; print(len(make([]byte, n)))`, false},
	{"nil function", `time.AfterFunc(time.Millisecond, nil); time.Sleep(20 * time.Millisecond)`, false},
	{"nil writer", `c := exec.Command("go", "env", "GOOS"); c.Stdout = (*strings.Builder)(nil); c.Run()`, true},
	{"flags", `flag.NewFlagSet("x", flag.ExitOnError).Parse([]string{"-y"})`, true},
	{"by reflect", `reflect.ValueOf(log.Fatal).Call(nil)`, true},
	{"by value", `f := os.Exit; f(3)`, true},
	{"tests", `testing.Main(func(p, s string) (bool, error) { return true, nil }, nil, nil, nil)`, true},
}

// crashed reports whether a text has what a process prints that Go's runtime ends.
func crashed(text string) bool {
	return strings.Contains(text, "interp/internal/vm.") || strings.Contains(text, "[running]:")
}

// TestEndings has cells end processes in every way: a kernel goes on with its values, and repl ends as such a program does.
func TestEndings(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	k := p.kernel(ctx)
	cell := func(code string) (*protocol.ExecuteReply, string) {
		t.Helper()
		var out strings.Builder
		reply, err := k.Execute(ctx, code, client.ExecuteOptions{}, func(m *protocol.Message) error {
			out.Write(m.Content)
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		return reply, out.String()
	}
	cell("keep := 41")
	for _, e := range endings {
		if e.patched && (runtime.GOOS != "linux" || runtime.GOARCH != "amd64") {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			if _, out := cell("func() { " + e.code + " }()"); crashed(out) {
				t.Errorf("kernel: %s", out)
			}
			if reply, out := cell("keep + 1"); reply.Status != protocol.StatusOK || !strings.Contains(out, "42") {
				t.Errorf("kernel, the next cell: %+v, %s", reply, out)
			}
			if out := p.run(time.Minute, e.code+"\n", program(t), "repl"); crashed(out.stdout + out.stderr) {
				t.Errorf("repl: %+v", out)
			}
		})
	}
}
