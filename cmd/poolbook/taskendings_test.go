package main

import (
	"strings"
	"testing"
	"time"
)

// TestEndingsOfTasks tries ways in which a function ends a process, in tasks: the task fails with what happened, and the pool goes on.
func TestEndingsOfTasks(t *testing.T) {
	p := newPlace(t)
	p.write("ends.go", `package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"poolbook/pool"
	"reflect"
	"runtime"
	"sync"
	"testing"
)

type writer struct{}

func (writer) Write(p []byte) (int, error) { panic("in Write") }

func deep(n int) int { return deep(n+1) + 1 }

func main() {
	p := pool.New(pool.Processes(1))
	for _, c := range []struct {
		name string
		f    func() int
	}{
		{"exit", func() int { os.Exit(3); return 0 }},
		{"goexit", func() int { runtime.Goexit(); return 0 }},
		{"log.Fatal", func() int { log.Fatal("x"); return 0 }},
		{"flags", func() int { flag.NewFlagSet("f", flag.ExitOnError).Parse([]string{"-zz"}); return 0 }},
		{"exit by reflect", func() int { reflect.ValueOf(os.Exit).Call([]reflect.Value{reflect.ValueOf(4)}); return 0 }},
		{"overflow", func() int { return deep(0) }},
		{"compiled goroutine", func() int { c := exec.Command("echo"); c.Stdout = writer{}; return len(fmt.Sprint(c.Run() != nil)) }},
		{"benchmark", func() int { return testing.Benchmark(func(b *testing.B) { panic("b") }).N }},
		{"deadlock", func() int { select {} }},
		{"mutex", func() int { var m sync.Mutex; m.Lock(); m.Lock(); return 0 }},
		{"unlock", func() int { var m sync.Mutex; m.Unlock(); return 0 }},
		{"finalizer", func() int { runtime.SetFinalizer(new(int), 3); return 0 }},
		{"none", func() int { return 7 }},
	} {
		v, err := pool.Apply(p, c.f)
		var lost *pool.WorkerLostError
		var remote *pool.RemoteError
		switch {
		case errors.As(err, &lost):
			fmt.Println(c.name+": lost,", lost.ExitCode)
		case errors.As(err, &remote):
			fmt.Println(c.name+":", remote)
		default:
			fmt.Println(c.name+":", v, err)
		}
	}
}
`)
	out := p.run(2*time.Minute, "", program(t), "run", "ends.go")
	for name, want := range map[string]string{
		"exit": "lost, 3", "log.Fatal": "lost, 1", "flags": "lost, 2", "goexit": "the task ended its goroutine (runtime.Goexit)",
		"overflow": "panic: stack overflow: main.deep called itself too deeply", "compiled goroutine": "", "benchmark": "0 <nil>",
		"deadlock": "panic: fatal error: all goroutines are asleep - deadlock! [select] in a function literal",
		"mutex":    "panic: fatal error: all goroutines are asleep - deadlock! [sync.Mutex.Lock] in a function literal",
		"unlock":   "panic: fatal error: sync: unlock of unlocked mutex", "none": "7 <nil>",
		"finalizer": "panic: fatal error: runtime.SetFinalizer: second argument is int, not a function",
	} {
		if !strings.Contains("\n"+out.stdout, "\n"+name+": "+want) {
			t.Errorf("%s: want %q", name, want)
		}
	}
	if out.code != 0 || t.Failed() {
		t.Errorf("%+v", out)
	}
}
