package interp_test

import (
	"context"
	"errors"
	"fmt"
	"go/build"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"poolbook/interp"
)

// callbackCases reads testdata/callbacks.cases.
func callbackCases(t *testing.T) (first string, cases []txtar.File) {
	t.Helper()
	a, err := txtar.ParseFile("testdata/callbacks.cases")
	if err != nil {
		t.Fatal(err)
	}
	return string(a.Files[0].Data), a.Files[1:]
}

// outsideCallback is in what a panic reads as that was caught where the process would have ended, not at the callback: the place in the library.
var outsideCallback = regexp.MustCompile(`\(in [a-z]+[./]`)

// hangs is after which time a cell waits for ever.
const hangs = time.Minute

// TestCallbacks ends functions of cells in each way while goroutines of Go's library call them: the process lives, the session has its
// values, the user is told, and nobody waits for ever.
func TestCallbacks(t *testing.T) {
	first, cases := callbackCases(t)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if strings.HasPrefix(c.Name, "a test") { // whose failure is not this test's, as it would read
				stdout := os.Stdout
				os.Stdout, _ = os.OpenFile(os.DevNull, os.O_WRONLY, 0)
				defer func() {
					os.Stdout.Close()
					os.Stdout = stdout
				}()
			}
			t.Cleanup(func() { build.Default.OpenFile = nil }) // of a case; what a cell defers does not run after os.Exit
			s := newSession(t)
			mustRun(t, s, 1, first)
			number := 1
			for _, end := range []struct {
				how, code string
				long      bool
				told      func(err error, output string) bool
			}{
				{"panics", `panic("boom")`, false, func(err error, output string) bool { return strings.Contains(fmt.Sprint(err)+output, "boom") }},
				{"exits", `os.Exit(3)`, false, func(err error, output string) bool {
					var exit *interp.ExitError
					return errors.As(err, &exit) && exit.Code == 3 || strings.Contains(output, "exit status 3")
				}},
				{"fails", `log.Fatal("bye")`, true, func(err error, output string) bool {
					var exit *interp.ExitError
					return (errors.As(err, &exit) && exit.Code == 1 || strings.Contains(output, "exit status 1")) && strings.Contains(output, "bye")
				}},
				{"overflows", `end()`, true, func(err error, output string) bool {
					return strings.Contains(fmt.Sprint(err)+output, "called itself too deeply")
				}},
				{"is interrupted", "print(1)\ntime.Sleep(time.Hour)", false, // not for ever: that may be found to be a deadlock first
					func(err error, _ string) bool {
						return err == nil || errors.As(err, new(*interp.InterruptError)) // nil when the cell does not wait for it
					}},
			} {
				if end.long && testing.Short() {
					continue
				}
				out := &output{}
				ctx, cancel := context.WithTimeout(t.Context(), hangs)
				hang := context.AfterFunc(ctx, func() {
					if errors.Is(ctx.Err(), context.DeadlineExceeded) {
						t.Errorf("%s: the cell waits for ever\n%s", end.how, out)
					}
				})
				mustRun(t, s, number, "func end() { select { case called <- true: default: }; "+end.code+" }\nfor len(called) > 0 { <-called }")
				c := interp.Cell{Number: number + 1, Code: string(c.Data), Stdout: out, Stderr: out}
				if end.how == "is interrupted" {
					c.Stderr = interrupter(cancel)
				}
				_, err := s.Run(ctx, c)
				hang()
				cancel()
				for from := time.Now(); !end.told(err, out.String()); time.Sleep(time.Millisecond) { // it may still be on its way
					if time.Since(from) > hangs {
						t.Fatalf("%s: %v\n%s", end.how, err, out)
					}
				}
				if told := fmt.Sprint(err) + out.String(); outsideCallback.MatchString(told) {
					t.Errorf("%s: it was caught outside of the callback:\n%s", end.how, told)
				}
				if v := mustRun(t, s, number+2, "keep").Value.Int(); v != 5 {
					t.Errorf("%s: keep is %d", end.how, v)
				}
				number += 3
			}
		})
	}
}

// TestHTTP2Handlers has handlers of HTTP/2 panic: the library recovers that and answers, on every release, wherever its code for HTTP/2 is.
func TestHTTP2Handlers(t *testing.T) {
	out := &output{}
	_, err := newSession(t).Run(t.Context(), interp.Cell{Number: 1, Stdout: out, Stderr: out, Code: `
type lines chan string
func (l lines) Write(p []byte) (int, error) { l <- string(p); return len(p), nil }
logged := make(lines, 10)
s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/panic":
		panic("boom")
	case "/abort":
		panic(http.ErrAbortHandler)
	}
	fmt.Fprint(w, r.Proto)
}))
s.EnableHTTP2 = true
s.Config.ErrorLog = log.New(logged, "", 0)
s.StartTLS()
for _, path := range []string{"/panic", "/abort", "/"} {
	res, err := s.Client().Get(s.URL + path)
	if err != nil {
		fmt.Println(path, strings.Contains(err.Error(), "INTERNAL_ERROR; received from peer"))
		continue
	}
	text, err := io.ReadAll(res.Body)
	fmt.Println(path, string(text), err)
}
s.Close()
text := <-logged // of a handler's goroutine, after its answer
fmt.Println(strings.Contains(text, "panic serving"), strings.Contains(text, ": boom"), len(logged))`})
	if want := "/panic true\n/abort true\n/ HTTP/2.0 <nil>\ntrue true 0\n"; err != nil || out.String() != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
}
