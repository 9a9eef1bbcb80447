package interp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"poolbook/interp"
)

// TestSafety runs cells that would end a compiled program, one after the other in one session, and looks at what a user reads.
func TestSafety(t *testing.T) {
	s, err := interp.New(interp.Config{MemoryLimit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	mustRun(t, s, 1, "keep := 5")
	for i, c := range []struct {
		code string
		want []string
	}{
		{"print(1)\nfor { }", []string{"interrupted", "line 2"}},
		{"func f(n int) int { return f(n+1) + 1 }\nf(1)", []string{"stack overflow: f called itself too deeply", "  … the same call again and again …\n  cell [3], line 2\nhint:"}},
		{"func lit() { var g func() int; g = func() int { return g() + 1 }; g() }\nlit()", []string{"a function literal in lit called itself too deeply"}},
		{"func (l List[T]) Len() int { return l.Len() + 1 }\ntype List[T any] struct{}\nList[int]{}.Len()", []string{"List[int].Len called itself too deeply", ", in List[int].Len\n"}},
		{"func it(yield func(int) bool) { yield(1) }\nfor x := range it {\n\tpanic(x)\n}", []string{"panic: 1\n  cell [6], line 3\n        panic(x)", "  cell [6], line 1, in it\n  cell [6], line 2"}},
		{"type Level int\npanic(Level(3))", []string{"panic: Level(3)\n"}},
		{"var wg sync.WaitGroup\nwg.Add(1)\nwg.Wait()", []string{"deadlock! [sync.WaitGroup.Wait]", "line 3"}},
		{"var mu sync.Mutex\nmu.Lock()\nmu.Lock()", []string{"deadlock! [sync.Mutex.Lock]", "line 3"}},
		{"var rw sync.RWMutex\nrw.Lock()\nrw.RLock()", []string{"deadlock! [sync.RWMutex.RLock]", "line 3"}},
		{"sync.NewCond(&mu).Wait()", []string{"deadlock! [sync.Cond.Wait]"}},
		{"time.Sleep(time.Millisecond)\nmu.Lock()\nmu.Lock()", []string{"deadlock! [sync.Mutex.Lock]"}},
		{"<-make(chan int)", []string{"deadlock! [chan receive]", "hint: no goroutine is left"}},
		{"go func() { select {} }()\n<-make(chan int)", []string{"deadlock! [chan receive] in the cell, [select] in a function literal\n"}},
		{"select {}", []string{"deadlock! [select]"}},
		{"mu.Unlock()\nmu.Unlock()", []string{"fatal error: sync: unlock of unlocked mutex\n", "line 2"}},
		{"wg.Done()\nwg.Done()", []string{"negative WaitGroup counter"}},
		{"os.Exit(3)", []string{"os.Exit ended the cell: exit status 3"}},
		{`log.Fatal("bye")`, []string{"log.Fatal ended the cell: exit status 1"}},
		{"c := make(chan int)\nclose(c)\nclose(c)", []string{"close of closed channel", "line 3"}},
		{"var none chan int\nclose(none)", []string{"close of nil channel", "hint: make the channel first"}},
		{"var m map[string]int\nm[\"a\"] = 1", []string{"assignment to entry in nil map", "hint:"}},
		{"type E struct{}\nfunc (e *E) Error() string { return fmt.Sprint(\"E \", e) }\npanic(&E{})", []string{"stack overflow: (*E).Error called itself", "line 2, in (*E).Error\n", "], line 3\n"}},
		{"panic(errors.New(strings.Repeat(\"E \", 1e4)))", []string{"panic: E E E", "more bytes", "line 1"}},
		{"big := make([]int, 1<<40)", []string{"fatal error: out of memory: 8.0 TB were asked for at once, and the limit is 1.0 GB", "hint:"}},
		{"func h() [1 << 34]byte { return [1 << 34]byte{} }\nh()", []string{"use slices, or pointers made with new"}},
		{"n := map[int]int{}\ngo func() { for { n[1]++ } }()\nfor { n[2]++ }", []string{"fatal error: concurrent map", "the map n ", "(the other one: cell ", "hint:"}},
		{"type Endless struct{}\nfunc (Endless) Error() string { for { } }\nfunc (Endless) String() string { for { } }\nprint(1)\npanic(Endless{})", []string{"interrupted", "line 2, in Endless.Error"}},
		{"print(1)\nfmt.Print(Endless{})", []string{"interrupted", "line 2, in Endless.Error\n", "], line 2"}},
		{"type Self struct{}\nfunc (s Self) Error() string { return s.Error() }\npanic(Self{})", []string{"stack overflow: Self.Error called itself", "line 2, in Self.Error\n"}},
		{"type Text struct{ x int }\nfunc (t Text) String() string { return fmt.Sprint(t) }\nfmt.Print(Text{})\nfor { }", []string{"stack overflow: Text.String called itself", "line 2, in Text.String\n", "], line 3\n"}},
		{"var once sync.Once\nonce.Do(func() { once.Do(func() { }) })", []string{"deadlock! [sync.Once.Do]", "line 2", "hint:"}},
		{"late := make(chan int)\nselect { case <-late: case <-time.After(time.Millisecond): }\n<-late", []string{"deadlock! [chan receive]", "line 3"}},
		{"ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)\ndefer cancel()\n<-ctx.Done()\n<-late", []string{"deadlock! [chan receive]", "line 4"}},
		{"r, w, _ := os.Pipe()\nprint(1)\nr.Read(make([]byte, 1))", []string{"interrupted", "line 3", "goes on in the background"}},
		{"<-make(chan int)", []string{"deadlock! [chan receive]"}}, // although the cell before is not done
		{"w.Close()\nselect {}", []string{"deadlock! [select]"}},
		{"debug.SetMaxStack(1)\ndebug.SetMaxThreads(1)\nprint(1)\nfor { }", []string{"interrupted", "line 4"}},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Run(ctx, interp.Cell{Number: i + 2, Code: c.code, Stderr: interrupter(cancel)})
		cancel()
		if err == nil {
			t.Errorf("%q: no error", c.code)
			continue
		}
		for _, want := range c.want {
			outside := strings.Contains(err.Error(), "goes on in the background") // of which there is no trace beside the race detector
			if !strings.Contains(err.Error(), want) && !(raceEnabled && outside) {
				t.Errorf("%q: %.600s\nwant %q in it", c.code, err, want)
			}
		}
		if len(err.Error()) > 10_000 {
			t.Errorf("%q: an error of %d bytes", c.code, len(err.Error()))
		}
		if v := mustRun(t, s, 100, "keep").Value.Int(); v != 5 {
			t.Errorf("after %q keep is %d", c.code, v)
		}
	}
}

// interrupter ends a cell soon after it prints.
type interrupter context.CancelFunc

func (cancel interrupter) Write(p []byte) (int, error) {
	time.AfterFunc(10*time.Millisecond, cancel)
	return len(p), nil
}

// TestFatalCannotBeRecovered shows the error of a fault that recover does not see.
func TestFatalCannotBeRecovered(t *testing.T) {
	s, err := interp.New(interp.Config{MemoryLimit: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	_, err = s.Run(t.Context(), interp.Cell{Number: 1, Code: "defer func() { recover() }()\nx := make([]byte, 1<<40)"})
	var re *interp.RuntimeError
	if !errors.As(err, &re) || re.Kind != "fatal error" || re.Value != nil || len(re.Stack) == 0 || re.Stack[0].Line != 2 {
		t.Fatalf("%#v", err)
	}
}

// TestExitInGoroutine has os.Exit called beside the cell: the cell's error tells of it, and nothing else does.
func TestExitInGoroutine(t *testing.T) {
	s, err := interp.New(interp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var stderr strings.Builder
	_, err = s.Run(t.Context(), interp.Cell{Number: 1, Code: "go os.Exit(4)\nselect {}", Stderr: &stderr})
	var exit *interp.ExitError
	if !errors.As(err, &exit) || exit.Code != 4 || stderr.Len() > 0 {
		t.Fatalf("%v, and %q on stderr", err, &stderr)
	}
}

// TestTimersAreNoDeadlock has all that a cell started wait for timers, and for what timers call.
func TestTimersAreNoDeadlock(t *testing.T) {
	for _, code := range []string{
		"time.AfterFunc(time.Millisecond, func() { time.Sleep(1500 * time.Millisecond); c <- 7 })\n<-c",
		"time.AfterFunc(time.Millisecond, func() { c <- 7 })\nfor from := time.Now(); time.Since(from) < 1500*time.Millisecond; { }\n<-c",
		"t := time.NewTimer(time.Millisecond)\n<-t.C\nt.Reset(1500 * time.Millisecond)\n<-t.C\n7",
		"go func() { c <- 7 }()\nselect { case v := <-make(chan int): panic(v); case <-time.After(1500 * time.Millisecond): }\n<-c",
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			s := newSession(t)
			if got := show(s, 1, "c := make(chan int)\n"+code, ""); got != "→ 7  (int)\n" {
				t.Errorf("%s\ngives %s", code, got)
			}
		})
	}
}
