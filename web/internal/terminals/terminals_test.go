//go:build unix

package terminals

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// manager has shells that are the same on every machine.
func manager(t *testing.T) *Manager {
	t.Helper()
	m := New(Options{Shell: []string{"/bin/sh"}, Logger: slog.New(slog.DiscardHandler)})
	t.Setenv("PS1", "$ ")
	t.Setenv("ENV", "")
	t.Cleanup(func() { m.Stop(context.Background()) })
	return m
}

func open1(t *testing.T, m *Manager) *Terminal {
	t.Helper()
	term, err := m.Open("", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return term
}

// until reads until the text came, and returns everything up to there and beyond.
func until(t *testing.T, c *Client, text string) string {
	t.Helper()
	var all strings.Builder
	for !strings.Contains(all.String(), text) {
		p, more := c.Next(t.Context())
		if !more {
			t.Fatalf("no %q in %q", text, all.String())
		}
		if !utf8.ValidString(p) {
			t.Errorf("a part of a character: %q", p)
		}
		all.WriteString(p)
	}
	return all.String()
}

func TestTerminal(t *testing.T) {
	m := manager(t)
	dir := t.TempDir()
	term, err := m.Open("", dir)
	if err != nil || term.Name() != "1" {
		t.Fatal(term, err)
	}
	c := term.Connect()
	c.Write("echo $((6*7))=$TERM; pwd\n")
	out := until(t, c, dir)
	if !strings.Contains(out, "42=xterm-256color") {
		t.Errorf("got %q", out)
	}
	c.Resize(33, 77)
	c.Write("stty size\n")
	until(t, c, "33 77")

	// A second client sees what was there, and the smaller of both decides.
	d := term.Connect()
	until(t, d, "33 77")
	d.Resize(50, 60)
	d.Write("stty size\n")
	until(t, c, "33 60")
	d.Close()
	c.Write("stty size\n")
	until(t, c, "33 77")

	c.Write("exit 3\n")
	for more := true; more; {
		_, more = c.Next(t.Context())
	}
	c.Close()
	if _, err := m.Get("1"); !errors.Is(err, ErrNoSuch) || len(m.List()) != 0 {
		t.Errorf("it is still there: %v", err)
	}
	c.Write("nobody hears this\n")
}

// TestCharactersStayWhole holds that no piece of a flood ends within a character, and that nothing is lost.
func TestCharactersStayWhole(t *testing.T) {
	m := manager(t)
	term := open1(t, m)
	c := term.Connect()
	defer c.Close()
	const lines = 20_000
	c.Write(fmt.Sprintf("stty -echo; i=0; while [ $i -lt %d ]; do echo €漢🎲$i; i=$((i+1)); done; echo the end\n", lines))
	out := until(t, c, "\nthe end")
	for _, i := range []int{0, 1, lines / 2, lines - 1} {
		if !strings.Contains(out, fmt.Sprintf("€漢🎲%d\r\n", i)) {
			t.Errorf("line %d is missing", i)
		}
	}
	if n := strings.Count(out, "€漢🎲"); n < lines {
		t.Errorf("%d of %d lines", n, lines)
	}
}

// TestFloodIsBounded holds that a client that takes nothing makes the shell wait, that others who come later see the end of it, and that memory
// is bounded.
func TestFloodIsBounded(t *testing.T) {
	m := manager(t)
	term := open1(t, m)
	slow := term.Connect()
	slow.Write("yes poolbook\n")
	held := func() (int, bool) {
		term.mu.Lock()
		defer term.mu.Unlock()
		return len(term.out), term.base+int64(len(term.out))-slow.at > MaxBehind
	}
	for {
		term.mu.Lock()
		ch := term.change
		term.mu.Unlock()
		if n, waits := held(); waits {
			if n > 4*MaxBehind {
				t.Errorf("%d bytes are held", n)
			}
			break
		}
		<-ch
	}
	if n := len(until(t, term.Connect(), "poolbook")); n > MaxPast {
		t.Errorf("a new client was given %d bytes", n)
	}
	slow.Close() // the other one does not read either: the terminal is closed while its reader waits
	term.Close(t.Context())
	if n := len(m.List()); n != 0 {
		t.Errorf("%d terminals are left", n)
	}
}

// TestInterruptOfAFlood holds that Ctrl-C reaches a program whose output nobody has taken yet.
func TestInterruptOfAFlood(t *testing.T) {
	m := manager(t)
	c := open1(t, m).Connect()
	defer c.Close()
	c.Write("yes poolbook\n")
	until(t, c, "poolbook\r\npoolbook")
	c.Write("\x03")
	until(t, c, "\n$ ") // the line throws away what is typed until then
	c.Write("echo $((40+2))\n")
	until(t, c, "\n42\r\n")
}

// TestWhatIgnoresHangUp holds that a shell that does not want to end does.
func TestWhatIgnoresHangUp(t *testing.T) {
	m := manager(t)
	term := open1(t, m)
	c := term.Connect()
	defer c.Close()
	c.Write("trap '' HUP TERM; echo rea''dy; while :; do sleep 1000; done\n")
	until(t, c, "ready")
	term.Close(t.Context())
	if _, err := m.Get(term.Name()); !errors.Is(err, ErrNoSuch) {
		t.Error(err)
	}
}

// TestBackgroundProgramKeepsNothing holds that a program that has the terminal open does not keep it there when the shell has ended.
func TestBackgroundProgramKeepsNothing(t *testing.T) {
	m := manager(t)
	term := open1(t, m)
	c := term.Connect()
	defer c.Close()
	c.Write("(trap '' HUP; exec sleep 1000) & echo pid=$!\\; a''ll\n")
	found := regexp.MustCompile(`pid=(\d+); all`).FindStringSubmatch(until(t, c, "; all"))
	if found == nil {
		t.Fatal("no process number")
	}
	pid, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	if p, err := os.FindProcess(pid); err == nil {
		defer func() { _ = p.Kill() }()
	}
	c.Write("exit\n")
	for more := true; more; {
		_, more = c.Next(t.Context())
	}
}

func TestManager(t *testing.T) {
	m := New(Options{Shell: []string{"/bin/sh"}, Max: 12, Logger: slog.New(slog.DiscardHandler)})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := m.Open("", ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := m.Open("10", ""); !errors.Is(err, ErrTaken) {
		t.Error(err)
	}
	if _, err := m.Open("mine", ""); err != nil {
		t.Error(err)
	}
	if _, err := m.Open("", "/no/such/folder"); err == nil {
		t.Error("a folder that is not there")
	}
	if _, err := m.Open("", ""); err != nil {
		t.Error(err)
	}
	if _, err := m.Open("", ""); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	var names []string
	for _, x := range m.List() {
		names = append(names, x.Name())
	}
	if got := strings.Join(names, " "); got != "1 2 3 4 5 6 7 8 9 10 11 mine" {
		t.Error(got)
	}
	m.Stop(t.Context())
	if n := len(m.List()); n != 0 {
		t.Errorf("%d are left", n)
	}
	if _, err := m.Open("", ""); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
}

func TestWholeRunes(t *testing.T) {
	for text, want := range map[string]int{"": 0, "a": 1, "a€": 4, "a\xe2": 1, "a\xe2\x82": 1, "\xf0\x9f\x8e": 0, "a\xff": 2, "\x80\x80\x80\x80": 4} {
		if got := wholeRunes([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
