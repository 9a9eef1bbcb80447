//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal is `poolbook repl` on a terminal of 100 columns.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	file *os.File
	done chan struct{} // closed at the end of the output

	mu   sync.Mutex
	out  bytes.Buffer
	more chan struct{} // has an element when something came
	seen int           // what expect has found
}

// open starts the program.
func (p *testPlace) openTerminal(env ...string) *terminal {
	t := p.t.(*testing.T)
	t.Helper()
	c := &terminal{t: t, cmd: exec.Command(program(t), "repl"), done: make(chan struct{}), more: make(chan struct{}, 1)}
	c.cmd.Env = append(append(p.env(), "TERM=xterm-256color", "INPUTRC="+p.write("inputrc", ""), "NO_COLOR="), env...)
	f, err := pty.StartWithSize(c.cmd, &pty.Winsize{Rows: 40, Cols: 100})
	if err != nil {
		t.Fatal(err)
	}
	c.file = f
	t.Cleanup(func() {
		c.cmd.Process.Kill()
		f.Close()
		<-c.done
	})
	go c.read()
	return c
}

// read takes the output, and answers where the cursor is: always in the first
// line, so that nothing scrolls.
func (c *terminal) read() {
	defer close(c.done)
	buf := make([]byte, 4096)
	for {
		n, err := c.file.Read(buf)
		c.mu.Lock()
		c.out.Write(buf[:n])
		c.mu.Unlock()
		for range bytes.Count(buf[:n], []byte("\x1b[6n")) {
			c.file.WriteString("\x1b[1;5R")
		}
		select {
		case c.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// keys types at the prompt, when the line is drawn.
func (c *terminal) keys(keys string) {
	c.t.Helper()
	limit := time.After(time.Minute)
	for {
		c.mu.Lock()
		drawn := bytes.HasSuffix(c.out.Bytes(), []byte("\x1b[?25h"))
		c.mu.Unlock()
		if drawn {
			c.send(keys)
			return
		}
		select {
		case <-c.more:
		case <-c.done:
			c.t.Fatalf("the program ended before %q", keys)
		case <-limit:
			c.t.Fatalf("no line to type %q on", keys)
		}
	}
}

// send types to the program.
func (c *terminal) send(keys string) {
	c.t.Helper()
	if _, err := c.file.WriteString(keys); err != nil {
		c.t.Fatal(err)
	}
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07]*\x07`)

// expect waits until the output after what was found before has text, and
// returns it up to there, with its escape sequences.
func (c *terminal) expect(text string) string {
	c.t.Helper()
	limit := time.After(time.Minute)
	for {
		c.mu.Lock()
		rest := c.out.String()[c.seen:]
		c.mu.Unlock()
		// Where text ends is found in the raw output: it may have escape sequences in between.
		if plain := escapes.ReplaceAllString(rest, ""); strings.Contains(plain, text) {
			end := 0
			for !strings.Contains(escapes.ReplaceAllString(rest[:end], ""), text) {
				end++
			}
			c.seen += end
			return rest[:end]
		}
		select {
		case <-c.more:
		case <-c.done:
			c.t.Fatalf("the program ended before %q in %q", text, rest)
		case <-limit:
			c.t.Fatalf("no %q in %q after\n%s", text, rest, escapes.ReplaceAllString(c.out.String(), ""))
		}
	}
}

// exit waits for the end and returns the exit code.
func (c *terminal) exit() int {
	c.t.Helper()
	select {
	case <-c.done:
	case <-time.After(time.Minute):
		c.t.Fatal("the program does not end")
	}
	c.cmd.Wait()
	return c.cmd.ProcessState.ExitCode()
}

func TestReplOnTerminal(t *testing.T) {
	p := newPlace(t)
	c := p.openTerminal()
	c.expect("\n[1] ")

	// A cell of several lines: it runs with the line that completes it.
	c.keys("func half(n int) int {\rreturn n / 2\r}\r")
	c.expect("\n[2] ")
	c.keys("half(84)\r")
	c.expect("42\r\n")
	c.expect("\n[3] ")

	// A paste comes as a whole, with its tabs and blank lines.
	c.keys("\x1b[200~func fib(n int) int {\r\tif n < 2 {\r\t\treturn n\r\t}\r\r\treturn fib(n-1) + fib(n-2)\r}\rkept := fib(15)\rkept\x1b[201~")
	c.expect("kept := fib(15)")
	c.keys("\r")
	c.expect("610\r\n")
	c.expect("\n[4] ")

	// Completion: of a package, a field, a variable.
	c.keys("strings.ToUp\t")
	c.expect("ToUpper")
	c.keys("(\"é日\")\r")
	c.expect(`"É日"`)
	c.expect("\n[5] ")
	c.keys("point := struct{ Breadth, Length int }{3, 4}\r")
	c.expect("\n[6] ")
	c.keys("point.Br\t+point.Len\t+kep\t\r")
	c.expect("617\r\n")
	c.expect("\n[7] ")

	// Ctrl-C gives up what was written, also in the middle of a cell.
	c.keys("for i := range 3 {\rpanic(1)")
	c.expect("panic(1)")
	c.keys("\x03")
	c.expect("\n[7] ")

	// Ctrl-C stops a cell; the session stays.
	c.keys("fmt.Println(\"be\" + \"gun\"); for {}\r")
	c.expect("begun\r\n")
	c.send("\x03")
	c.expect("interrupted")
	c.expect("\n[8] ")
	c.keys("kept+1\r")
	c.expect("611\r\n")
	c.expect("\n[9] ")

	// Errors have a mark and colours.
	c.keys("kept + \"x\"\r")
	if text := c.expect("^"); !strings.Contains(text, "\x1b[") || !strings.Contains(escapes.ReplaceAllString(text, ""), "cell [9], line 1") {
		t.Errorf("an error is shown as %q", text)
	}
	c.expect("\n[10] ")

	// The cell reads the terminal.
	c.keys("var name string; fmt.Print(\"na\", \"me? \"); fmt.Scanln(&name); \"hello \" + name\r")
	c.expect("name? ")
	c.send("ann\r")
	c.expect(`"hello ann"`)
	c.expect("\n[11] ")
	c.keys("fmt.Print(\"aga\", \"in? \"); fmt.Scanln(&name)\r")
	c.expect("again? ")
	c.send("\x03") // ends the read too: what is typed next is for the prompt
	c.expect("interrupted")
	c.expect("\n[12] ")
	c.keys("secret, _ := display.Password(\"word\" + \"? \"); len(secret)\r")
	c.expect("word? ")
	c.send("hush\x7f\r")
	if text := c.expect("\n[13] "); !strings.Contains(text, "3\r\n") || strings.Contains(text, "hus") {
		t.Errorf("a password is shown as %q", text)
	}

	// What goroutines print later stands above the cell that is written.
	c.keys("started := make(chan bool); go func() { <-started; fmt.Println(\"la\" + \"te\") }()\r")
	c.expect("\n[14] ")
	c.keys("close(started)\r")
	c.expect("late\r\n")
	c.expect("\n[15] ")

	// A command that fails does not end the session; Ctrl-D does.
	c.keys("!exit 4\r")
	c.expect("\n[16] ")
	c.keys("7 * 6\x04\r") // it ends only an empty line
	c.expect("42\r\n")
	c.expect("\n[17] ")
	c.keys("\x04")
	if code := c.exit(); code != 0 {
		t.Errorf("exit code %d after Ctrl-D", code)
	}

	// The next session has the history: Up and Ctrl-R. A cell comes back whole.
	c = p.openTerminal("NO_COLOR=1")
	c.expect("\n[1] ")
	c.keys("\x1b[A")
	c.expect("7 * 6")
	c.keys("\x1b[A")
	c.expect("!exit 4")
	c.keys("\x03")
	c.expect("\n[1] ")
	c.keys("\x12kept := fib(+\x7f") // what is a sign in patterns stands for itself
	c.expect("kept := fib(15)")
	c.keys("\r")
	c.expect("610\r\n")
	c.expect("\n[2] ")
	c.keys("kept / 0\r")
	if text := c.expect("^"); strings.Contains(text, "\x1b[31m") || strings.Contains(text, "\x1b[1;31m") {
		t.Errorf("with NO_COLOR an error is shown as %q", text)
	}
	c.expect("\n[3] ")
	c.keys("os.Exit(3)\r")
	if code := c.exit(); code != 3 {
		t.Errorf("exit code %d after os.Exit(3)", code)
	}
}

// TestReplEnded holds that a session which is told to end gives the terminal
// back as it was, and leaves no workers.
func TestReplEnded(t *testing.T) {
	p := newPlace(t)
	c := p.openTerminal()
	c.expect("\n[1] ")
	c.keys("w := pool.New(pool.Processes(2)); n, err := pool.Apply(w, func() int { return 21 }); n\r")
	c.expect("21\r\n")
	c.expect("\n[2] ")
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil { // not from the keyboard
		t.Fatal(err)
	}
	c.keys("2*n\r")
	c.expect("42\r\n")
	c.expect("\n[3] ")
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := c.exit(); code != 128+15 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
}

// TestReplNamesBeyondASCII holds that names are completed which the library
// would cut.
func TestReplNamesBeyondASCII(t *testing.T) {
	c := newPlace(t).openTerminal()
	c.expect("\n[1] ")
	c.keys("größe, größer := 3, 5; größe\r")
	c.expect("\n[2] ")
	c.keys("10*grö\t + grö\tr\r")
	c.expect("35\r\n")
	c.expect("\n[3] ")
	c.keys("exit := 4; exit\r")
	c.expect("\n[4] ")
	c.keys("exit\r") // a variable now
	c.expect("4\r\n")
	c.expect("\n[5] ")
	c.keys("quit()\r")
	if code := c.exit(); code != 0 {
		t.Errorf("exit code %d after quit()", code)
	}
}
