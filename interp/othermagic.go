package interp

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// cellMagic takes a cell apart whose first line says that the rest is no Go: %%bash, %%sh, %%script COMMAND and %%writefile [-a] FILE, as in
// IPython and GoNB; one % will do.
func cellMagic(code string) (m magic, ok bool) {
	at, n := 0, 1
	for at < len(code) { // blank lines may come first
		end := strings.IndexByte(code[at:], '\n')
		if end < 0 {
			end = len(code) - at
		}
		text := strings.TrimSpace(code[at : at+end])
		if text == "" {
			at, n = at+end+1, n+1
			continue
		}
		text = strings.TrimPrefix(text, "//gonb:")
		word, ok := strings.CutPrefix(text, "%")
		if !ok {
			return m, false
		}
		name, args, _ := strings.Cut(strings.TrimPrefix(word, "%"), " ")
		args = strings.TrimSpace(args)
		switch {
		case name == "bash" || name == "sh":
			if args != "" && !strings.HasPrefix(word, "%") {
				return m, false // %bash ls: there is advice
			}
		case name != "script" && name != "writefile":
			return m, false
		}
		return magic{name: "%" + name, args: args, line: n, body: code[min(at+end+1, len(code)):]}, true
	}
	return m, false
}

// blank is code with nothing but white space and its ends of lines.
func blank(code string) string {
	out := []byte(code)
	for i, b := range out {
		if b != '\n' {
			out[i] = ' '
		}
	}
	return string(out)
}

// joined is how long a command's lines are together: those that end in a backslash go on. The text has spaces for the ends of lines.
func joined(code string) (text string, lines int) {
	for {
		l, rest, more := strings.Cut(code, "\n")
		lines++
		l = strings.TrimRight(l, " \t")
		before, ok := strings.CutSuffix(l, `\`)
		if !ok || !more {
			return text + strings.TrimSpace(l), lines
		}
		text += strings.TrimSpace(before) + " "
		code = rest
	}
}

// usage is the error of a command that was not given what it needs.
func usage(c Cell, m magic, text string) error {
	return &CompileError{[]Diagnostic{{Cell: c.Number, Line: m.line, Column: 1, Message: "%" + strings.TrimPrefix(m.name, "%") + " is not used like this",
		Hint: text, SourceLine: line(c.Code, m.line)}}}
}

// unable is the error of a command that the system refuses.
func unable(c Cell, m magic, err error) error {
	return &CompileError{[]Diagnostic{{Cell: c.Number, Line: m.line, Column: 1, Message: "%" + strings.TrimPrefix(m.name, "%") + ": " + err.Error(), SourceLine: line(c.Code, m.line)}}}
}

// runCellMagic runs what is in a cell that is no Go.
func runCellMagic(ctx context.Context, c Cell, m magic) error {
	switch m.name {
	case "%writefile":
		words := commandWords(m.args)
		add := len(words) > 1 && words[0] == "-a"
		if add {
			words = words[1:]
		}
		if len(words) != 1 {
			return usage(c, m, "%%writefile FILE writes the rest of the cell to a file, %%writefile -a FILE behind what it has")
		}
		how, said := os.O_TRUNC, "written"
		if add {
			how, said = os.O_APPEND, "appended"
		}
		name := expandPath(words[0])
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|how, 0o666)
		if err != nil {
			return unable(c, m, err)
		}
		text := m.body
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		_, err = io.WriteString(f, text)
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			return unable(c, m, err)
		}
		fmt.Fprintf(writerOr(c.Stdout), "%s: %d bytes %s\n", name, len(text), said)
		return nil
	case "%bash", "%sh":
		if m.args != "" {
			return usage(c, m, "the rest of the cell is the script; for a single command write !command")
		}
		return command(ctx, c, "%"+m.name, strings.NewReader(m.body), strings.TrimPrefix(m.name, "%"))
	}
	words := commandWords(m.args)
	if len(words) == 0 {
		return usage(c, m, "%%script COMMAND gives the rest of the cell to a command")
	}
	return command(ctx, c, "%%script", strings.NewReader(m.body), words...)
}

// expandPath is a path with ~ and variables of the environment replaced.
func expandPath(name string) string {
	name = os.ExpandEnv(name)
	if rest, ok := strings.CutPrefix(name, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return name
}

// setEnv is %env: with nothing it lists, with a name it shows, with NAME=VALUE or NAME VALUE it sets.
func setEnv(c Cell, m magic) error {
	out := writerOr(c.Stdout)
	name, value, set := strings.Cut(m.args, "=")
	if n, v, ok := strings.Cut(m.args, " "); ok && (!set || strings.Contains(name, " ")) {
		name, value, set = n, v, true
	}
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if words := commandWords(value); len(words) == 1 && strings.HasPrefix(value, `"`) {
		value = words[0]
	}
	switch {
	case m.args == "":
		list := os.Environ()
		slices.Sort(list)
		for _, e := range list {
			fmt.Fprintln(out, e)
		}
		return nil
	case !set:
		v, ok := os.LookupEnv(name)
		if !ok {
			return usage(c, m, name+" is not set: %env "+name+"=VALUE sets it")
		}
		fmt.Fprintln(out, v)
		return nil
	}
	if err := os.Setenv(name, value); err != nil {
		return unable(c, m, err)
	}
	return nil
}

// changeDir is %cd.
func changeDir(c Cell, m magic) error {
	if words := commandWords(m.args); len(words) == 1 {
		if err := os.Chdir(expandPath(words[0])); err != nil {
			return unable(c, m, err)
		}
	} else if len(words) > 1 {
		return usage(c, m, "%cd FOLDER changes the folder, %cd says which it is")
	}
	dir, err := os.Getwd()
	if err != nil {
		return unable(c, m, err)
	}
	fmt.Fprintln(writerOr(c.Stdout), dir)
	return nil
}

// capture is a file that gets a copy of what a cell prints while it runs.
type capture struct {
	mu sync.Mutex
	f  *os.File // nil when the cell has ended; guarded by mu
}

// openCapture is %capture: it gives c writers that keep a copy. The result is closed when the cell has ended.
func openCapture(c *Cell, m magic) (*capture, error) {
	words := commandWords(m.args)
	how := os.O_TRUNC
	if len(words) > 1 && words[0] == "-a" {
		words, how = words[1:], os.O_APPEND
	}
	if len(words) != 1 {
		return nil, usage(*c, m, "%capture FILE writes what the cell prints to a file, too, and %capture -a FILE behind what it has")
	}
	f, err := os.OpenFile(expandPath(words[0]), os.O_WRONLY|os.O_CREATE|how, 0o666)
	if err != nil {
		return nil, unable(*c, m, err)
	}
	k := &capture{f: f}
	c.Stdout, c.Stderr = captured{k, writerOr(c.Stdout)}, captured{k, writerOr(c.Stderr)}
	return k, nil
}

func (k *capture) close() error {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.f
	k.f = nil
	return f.Close()
}

type captured struct {
	to *capture
	w  io.Writer
}

func (c captured) Write(p []byte) (int, error) {
	c.to.mu.Lock()
	if c.to.f != nil {
		_, _ = c.to.f.Write(p)
	}
	c.to.mu.Unlock()
	return c.w.Write(p)
}

// An asker is a [Cell].Host that asks the user for a line.
type asker interface {
	Ask(ctx context.Context, prompt string, password bool) (string, error)
}

// inputFor is the standard input of the next command in the shell: nothing, what %with_inputs lets the user write, or a password.
func inputFor(ctx context.Context, c Cell, with string) (io.Reader, error) {
	switch with {
	case "with_inputs":
		if c.Stdin != nil {
			return c.Stdin, nil
		}
	case "with_password":
		if a, ok := c.Host.(asker); ok {
			text, err := a.Ask(ctx, "Password:", true)
			return strings.NewReader(text + "\n"), err
		}
	}
	return strings.NewReader(""), nil
}

// shellCommand is how the system's shell is given a command.
func shellCommand(text string) []string {
	if runtime.GOOS == "windows" {
		return []string{"cmd", "/c", text}
	}
	return []string{"sh", "-c", text}
}
