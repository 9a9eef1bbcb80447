package interp_test

import (
	"context"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"poolbook/interp"
	"poolbook/interp/display"
)

// TestSynctest runs cells in bubbles of package testing/synctest: what they print is what compiled programs print.
func TestSynctest(t *testing.T) {
	if raceEnabled {
		t.Skip("the machine looks at locks that the bubble has")
	}
	stdout := os.Stdout
	os.Stdout, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0) // for what package testing says of the tests in it
	defer func() {
		os.Stdout.Close()
		os.Stdout = stdout
	}()
	s := newSession(t)
	mustRun(t, s, 1, `keep := 5
var left chan int
var leftTimer *time.Timer
func bubble(f func(t *testing.T)) {
	testing.RunTests(func(p, s string) (bool, error) { return true, nil }, []testing.InternalTest{{"x", func(t *testing.T) { synctest.Test(t, f) }}})
}`)
	for _, c := range []struct{ name, body, want string }{
		{"sleep", `from := time.Now(); time.Sleep(time.Hour); fmt.Println(from.UTC(), time.Since(from))`, "2000-01-01 00:00:00 +0000 UTC 1h0m0s\n"},
		{"timers", `from := time.Now(); time.AfterFunc(time.Second, func() { fmt.Println("after", time.Since(from)) }); <-time.After(time.Minute); fmt.Println(time.Since(from))`, "after 1s\n1m0s\n"},
		{"goroutines", `from := time.Now(); c := make(chan int); for i := range 3 { go func() { time.Sleep(time.Duration(i+1) * time.Second); c <- i }() }; for range 3 { fmt.Print(<-c, " ") }; fmt.Println(time.Since(from))`, "0 1 2 3s\n"},
		{"WaitGroup.Go", `from := time.Now(); var wg sync.WaitGroup; var mu sync.Mutex; n := 0; for i := range 10 { wg.Go(func() { time.Sleep(time.Duration(i) * time.Second); mu.Lock(); n++; mu.Unlock() }) }; wg.Wait(); fmt.Println(n, time.Since(from))`, "10 9s\n"},
		{"Wait", `ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second); defer cancel(); time.Sleep(5*time.Second - 1); synctest.Wait(); fmt.Println(ctx.Err()); time.Sleep(1); synctest.Wait(); fmt.Println(ctx.Err())`, "<nil>\ncontext deadline exceeded\n"},
		{"select", `c := make(chan int); go func() { time.Sleep(time.Second); c <- 4 }(); for range 2 { select { case v := <-c: fmt.Println(v); case <-time.After(2 * time.Second): fmt.Println("late") } }`, "4\nlate\n"},
		{"Cond", `var mu sync.Mutex; c := sync.NewCond(&mu); go func() { time.Sleep(time.Second); mu.Lock(); c.Broadcast(); mu.Unlock() }(); mu.Lock(); c.Wait(); mu.Unlock(); fmt.Println("awake")`, "awake\n"},
		{"locks", `var mu sync.RWMutex; var once sync.Once; n := 0; for range 50 { go func() { for range 20 { once.Do(func() { n = 100 }); mu.Lock(); n++; mu.Unlock(); mu.RLock(); _ = n; mu.RUnlock() } }() }; synctest.Wait(); fmt.Println(n)`, "1100\n"},
		{"deadlock", `<-make(chan int)`, "panic: deadlock: all goroutines in bubble are blocked"},
		{"panic", `panic("in the bubble")`, "panic: in the bubble"},
		{"leaves", `left = make(chan int, 1); left <- 1; leftTimer = time.NewTimer(time.Hour); fmt.Println("left")`, "left\n"},
	} {
		out := &output{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := s.Run(ctx, interp.Cell{Number: 2, Code: "bubble(func(t *testing.T) { " + c.body + " })", Stdout: out, Stderr: out})
		cancel()
		if got := out.String(); err != nil || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %v\n%s", c.name, err, got)
		}
	}
	h := &channelHost{}
	_, err := s.Run(t.Context(), interp.Cell{Number: 2, Code: `bubble(func(t *testing.T) { display.HTML("<b>x</b>"); time.Sleep(time.Second); display.Clear() })`, Host: h})
	if err != nil || len(h.made) == 0 { // the tests run as often as this one is to
		t.Errorf("displays: %v, %d calls", err, len(h.made))
	}
	for _, c := range h.made {
		close(c) // which ends the process when it is a bubble's
	}
	for _, body := range []string{"for { time.Sleep(time.Second) }", "for { }", "c := make(chan int); go func() { for { c <- 1; time.Sleep(time.Second) } }(); for range c { }"} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.Run(ctx, interp.Cell{Number: 3, Code: "bubble(func(t *testing.T) { print(1); " + body + " })", Stderr: interrupter(cancel)})
		cancel()
		if err == nil || !strings.Contains(err.Error(), "interrupted") {
			t.Errorf("%s: %v", body, err)
		}
	}
	if catchesFatals {
		for _, code := range []string{"<-left", "left <- 1", "close(left)", "select { case <-left: case <-time.After(time.Hour): }", "leftTimer.Stop()", "leftTimer.Reset(1)"} {
			_, err := s.Run(t.Context(), interp.Cell{Number: 4, Code: code})
			if err == nil || !strings.Contains(err.Error(), "from outside bubble") {
				t.Errorf("%s: %v", code, err)
			}
		}
	}
	if v := mustRun(t, s, 5, "keep").Value.Int(); v != 5 {
		t.Errorf("keep is %d", v)
	}
}

// channelHost makes a channel whenever something is shown, as a kernel does that waits until it can send.
type channelHost struct{ made []chan int }

func (h *channelHost) Display(display.Bundle, string, bool) { h.made = append(h.made, make(chan int)) }
func (h *channelHost) Clear(bool)                           { h.made = append(h.made, make(chan int)) }

// catchesFatals says that the machine replaces the functions with which the runtime ends the process.
const catchesFatals = runtime.GOOS == "linux" && runtime.GOARCH == "amd64"
