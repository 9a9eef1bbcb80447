//go:build unix

package interp_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"poolbook/interp"
)

// endless are calls of compiled functions that read without end, into memory.
var endless = map[string]string{
	"ReadAll":            `zero, _ := os.Open("/dev/zero"); io.ReadAll(zero)`,
	"ReadAll of random":  `io.ReadAll(rand.Reader)`,
	"ReadAll of several": `zero, _ := os.Open("/dev/zero"); io.ReadAll(io.MultiReader(strings.NewReader("a"), zero))`,
	"ReadFile":           `os.ReadFile("/dev/zero")`,
	"Buffer.ReadFrom":    `zero, _ := os.Open("/dev/zero"); var b bytes.Buffer; b.ReadFrom(zero)`,
	"Copy to Buffer":     `zero, _ := os.Open("/dev/zero"); var b bytes.Buffer; io.Copy(&b, zero)`,
	"Copy to Builder":    `zero, _ := os.Open("/dev/zero"); var b strings.Builder; io.Copy(&b, zero)`,
	"CopyN":              `zero, _ := os.Open("/dev/zero"); var b bytes.Buffer; io.CopyN(&b, zero, 1<<40)`,
	"ReadString":         `zero, _ := os.Open("/dev/zero"); bufio.NewReader(zero).ReadString('\n')`,
	"a child's output":   `exec.Command("cat", "/dev/zero").Output()`,
	"a child's buffer":   `var b bytes.Buffer; c := exec.Command("cat", "/dev/zero"); c.Stdout, c.Stderr = &b, &b; c.Run()`,
	"a child's builder":  `var b strings.Builder; c := exec.Command("cat", "/dev/zero"); c.Stderr = os.Stderr; c.Stdout = &b; c.Start(); c.Wait()`,
	"a response":         `srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { for { if _, err := w.Write(make([]byte, 1<<20)); err != nil { return } } })); resp, _ := http.Get(srv.URL); io.ReadAll(resp.Body)`,
}

// TestEndlessReads runs them with a limit for memory, which must end the cell and leave the session, and interrupts them.
func TestEndlessReads(t *testing.T) {
	for name, code := range endless {
		t.Run(name, func(t *testing.T) {
			if (testing.Short() || raceEnabled) && name != "ReadFile" && name != "Buffer.ReadFrom" {
				t.Skip("some seconds each")
			}
			s, err := interp.New(interp.Config{MemoryLimit: 512 << 20, Exhausted: func(message string) {
				fmt.Fprintln(os.Stderr, name+" would end the process:", message)
				os.Exit(1) // the machine is not to be filled
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			mustRun(t, s, 1, "keep := 5")
			_, err = s.Run(context.Background(), interp.Cell{Number: 2, Code: `import "crypto/rand"; ` + code})
			switch { // who looks at the memory of the whole process may come first, and does not know the line
			case err == nil || !strings.Contains(err.Error(), "out of memory"):
				t.Errorf("it ends with %v", err)
			case !strings.Contains(err.Error(), "line 1"):
				t.Logf("it ends without its line: %v", err)
			}
			at := strings.LastIndex("; "+code, "; ") // of the call that reads: others before it may not end at once on a busy machine
			begun := code[:at] + `go fmt.Println("begun"); ` + code[at:]
			// A read of hundreds of megabytes may take a busy machine longer than an interrupt waits, but not each time.
			for try := 1; ; try++ {
				ctx, cancel := context.WithCancel(t.Context())
				out := &called{func(p []byte) { cancel() }}
				_, err = s.Run(ctx, interp.Cell{Number: 2 + try, Stdout: out, Code: `import "crypto/rand"; ` + begun})
				cancel()
				var ie *interp.InterruptError
				if errors.As(err, &ie) && !ie.Abandoned {
					break
				}
				if ie == nil || try == 5 {
					t.Fatalf("interrupted it ends with %v", err)
				}
			}
			if v := mustRun(t, s, 10, "keep").Value.Int(); v != 5 {
				t.Errorf("keep is %d", v)
			}
		})
	}
}

// called is a writer that calls a function.
type called struct{ f func(p []byte) }

func (c *called) Write(p []byte) (int, error) {
	c.f(p)
	return len(p), nil
}

// TestReadersAreTheirOwn holds that a reader with a buffer is not put into another one, which would read ahead of it.
func TestReadersAreTheirOwn(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, `in := bufio.NewReader(strings.NewReader("one\ntwo\nthree\n"))
again := bufio.NewReader(in)
if again != in { panic("another reader") }
first, _ := again.ReadString('\n')
second, _ := in.ReadString('\n')
if rest, err := io.ReadAll(in); first+second+string(rest) != "one\ntwo\nthree\n" || err != nil { panic(first + second + string(rest)) }`)
}
