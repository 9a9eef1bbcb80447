package interp

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/agnivade/levenshtein"
	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/check"
	"poolbook/interp/internal/split"
	"poolbook/interp/internal/vm"
)

// A magic is a line that begins with % or !, or asks about a name with ?, before a cell's Go code.
type magic struct {
	name string // "time", "!", "?"
	args string
	line int    // 1-based
	body string // the rest of the cell, of commands whose name begins with a second %
}

const magicHelp = `Lines before the Go code of a cell:
  %time            run the cell and say how long it took; also %time f(x) on one line
  %bench           run the cell again and again for a second and say how long one run takes
  %who             list the session's variables
  %whos            list them as a table, with the cell that declared each and its size
  %get module@v1   fetch a module with the go command: %get github.com/google/uuid@latest, then import it
  %args -n 3       set os.Args; %% -n 3 parses flags too, and on a line of its own means nothing
  %test            run the tests of the cell, or of all cells; %test -run Sum -v -bench . -count 2 as go test has it
  %env NAME=value  set a variable of the environment; %env NAME shows it, %env all
  %cd folder       change the folder, or say which it is
  %capture file    write what the cell prints to a file too; with -a behind what it has
  %with_inputs     let the next !command ask for input; %with_password for a password
  %reset           forget all names of the session, and read edited packages anew
  ?fmt.Println     show what is known about a name; also fmt.Println?, and with ?? its source
  !command         run a command in the shell
  %help            this text
A line that ends in \ goes on in the next one. Cells that are no Go:
  %%bash, %%sh     run the cell as a script; %%script COMMAND gives it to a command
  %%writefile f    write the cell to a file; with -a behind what it has
`

// magicNames are the names of the commands that begin with %.
func magicNames() []string {
	return []string{"args", "bench", "capture", "cd", "env", "get", "help", "reset", "test", "time", "who", "whos", "with_inputs", "with_password"}
}

// describeCommand says what the command that the cursor is on does, as the help has it.
func describeCommand(code string, cursor int) (d Description, ok bool) {
	begin := strings.LastIndexByte(code[:cursor], '\n') + 1
	if _, before := cutMagics(code[:begin]); strings.TrimSpace(before) != "" {
		return d, false // Go code has begun
	}
	start, end := nameAround(code, cursor)
	if start == 0 || code[start-1] != '%' || strings.TrimSpace(code[begin:start-1]) != "" {
		return d, false
	}
	for row := range strings.Lines(magicHelp) {
		usage, text, found := strings.Cut(strings.TrimSpace(row), "  ")
		if name, _, _ := strings.Cut(usage, " "); found && name == code[start-1:end] {
			return Description{Declaration: usage, Doc: strings.TrimSpace(text)}, true
		}
	}
	return d, false
}

// cutMagics takes the magics off the front of a cell; their lines become blank, so that places in the rest stay the same. Code on the line
// of %time or %bench stays, and so do comments before and between magics. Lines of %% may stand anywhere: see cutMains.
func cutMagics(code string) ([]magic, string) {
	if m, ok := cellMagic(code); ok {
		return []magic{m}, blank(code)
	}
	list, code := cutMains(code)
	at := 0
	out := []byte(code)
	for n := 1; at < len(code); n++ {
		end := strings.IndexByte(code[at:], '\n')
		if end < 0 {
			end = len(code)
		} else {
			end += at
		}
		text := strings.TrimSpace(code[at:end])
		if rest, ok := strings.CutPrefix(text, "//gonb:"); ok { // how GoNB has commands in Go files
			text = rest
		}
		first := n
		if text != "" && (text[0] == '!' || text[0] == '%') && strings.HasSuffix(text, "\\") {
			long, lines := joined(code[at:])
			text = strings.TrimPrefix(long, "//gonb:")
			for ; lines > 1 && end < len(code); lines-- {
				n++
				if next := strings.IndexByte(code[end+1:], '\n'); next >= 0 {
					end += 1 + next
				} else {
					end = len(code)
				}
			}
		}
		clear := func(stop int) {
			for i := at; i < stop; i++ {
				if out[i] != '\n' {
					out[i] = ' '
				}
			}
		}
		switch {
		case text == "", strings.HasPrefix(text, "//"):
		case strings.HasPrefix(text, "!*go get "): // GoNB's way to run a command in the module of its cells
			list = append(list, magic{name: "get", args: strings.TrimSpace(strings.TrimPrefix(text, "!*go get ")), line: first})
			clear(end)
		case text[0] == '!':
			list = append(list, magic{name: "!", args: strings.TrimSpace(text[1:]), line: first})
			clear(end)
		case strings.Contains(text, "?") && question().MatchString(text):
			list = append(list, magic{name: "?", args: text, line: first})
			clear(end)
		case text[0] == '%':
			name, args, _ := strings.Cut(text[1:], " ")
			m := magic{name: strings.TrimPrefix(name, "%"), args: strings.TrimSpace(args), line: first}
			stop := end
			if m.name == "time" || m.name == "bench" {
				stop = at + strings.Index(code[at:end], name) + len(name)
			}
			list = append(list, m)
			clear(stop)
			if stop < end && m.args != "" {
				return list, string(out)
			}
		default:
			return list, string(out)
		}
		at = end + 1
	}
	return list, string(out)
}

// question is a line that asks about a name: ?name, ??name, name? or name??.
var question = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\?\??\s*[\pL_][\pL\pN_.]*|[\pL_][\pL\pN_.]*\?\??)$`)
})

// A Pager is a [Cell].Host that shows text beside the cell.
type Pager interface {
	Page(d Description)
}

// explain answers a question about a name.
func (s *Session) explain(c Cell, m magic) error {
	name := strings.Trim(m.args, "? ")
	d, ok := s.Inspect(name, len(name), strings.Count(m.args, "?")-1)
	if !ok {
		return &CompileError{[]Diagnostic{{Cell: c.Number, Line: m.line, Column: 1, Message: "nothing is known about " + name, SourceLine: line(c.Code, m.line)}}}
	}
	if p, ok := c.Host.(Pager); ok {
		p.Page(d)
	} else {
		fmt.Fprintln(writerOr(c.Stdout), d.Text())
	}
	return nil
}

// before runs the magics in front of a cell. timed and bench are set when they concern its Go code.
func (s *Session) before(ctx context.Context, c Cell, list []magic) (timed, bench bool, err error) {
	out := writerOr(c.Stdout)
	with := "" // what the next command in the shell may ask for
	for _, m := range list {
		switch m.name {
		case "time":
			timed = true
		case "bench":
			bench = true
		case "help":
			io.WriteString(out, magicHelp)
		case "who":
			s.who(out)
		case "whos":
			s.whos(c)
		case "reset":
			s.reset()
		case "%bash", "%sh", "%script", "%writefile":
			if err := runCellMagic(ctx, c, m); err != nil {
				return false, false, err
			}
		case "env":
			if err := setEnv(c, m); err != nil {
				return false, false, err
			}
		case "cd":
			if err := changeDir(c, m); err != nil {
				return false, false, err
			}
		case "test", "capture": // see Run
		case "with_inputs", "with_password":
			with = m.name
		case "args":
			*s.streams.vars.args = append([]string{commandName}, commandWords(m.args)...)
		case "get":
			if err := s.get(ctx, c, m); err != nil {
				return false, false, err
			}
		case "?":
			if err := s.explain(c, m); err != nil {
				return false, false, err
			}
		case "!":
			if strings.HasPrefix(m.args, "*") {
				return false, false, &CompileError{[]Diagnostic{{Cell: c.Number, Line: m.line, Column: 1, SourceLine: line(c.Code, m.line), Message: "unknown command !*",
					Hint: "!command runs in this folder; cells have no folder of their own, and %get fetches modules for them"}}}
			}
			in, err := inputFor(ctx, c, with)
			if with = ""; err == nil {
				err = command(ctx, c, "!"+m.args, in, shellCommand(m.args)...)
			}
			if err != nil {
				return false, false, err
			}
		default:
			if text := needless[m.name]; text != "" {
				fmt.Fprintf(writerOr(c.Stderr), "%%%s is not needed: %s\n", m.name, text)
				continue
			}
			return false, false, &CompileError{[]Diagnostic{{Cell: c.Number, Line: m.line, Column: 1, EndColumn: len(m.name) + 2,
				Message: "unknown command %" + m.name, Hint: commandHint(m.name), SourceLine: line(c.Code, m.line)}}}
		}
	}
	return timed, bench, nil
}

// pythonMagics are IPython's commands that people try, with what is there instead.
var pythonMagics = map[string]string{
	"timeit": "%bench runs code again and again and says how long a run takes",
	"pip":    "%get fetches a module: %get github.com/google/uuid@latest", "conda": "%get fetches a module: %get github.com/google/uuid@latest",
	"bash": "!command runs a command in the shell, and %%bash alone the rest of the cell", "sh": "!command runs a command in the shell, and %%sh alone the rest of the cell", "system": "!command runs a command in the shell",
	"pwd": "%cd says which folder this is", "ls": "%who lists the session's variables, and !ls the folder",
	"list": "%who lists the session's variables", "rm": "a declaration of the same name takes the place of an earlier one, and %reset forgets all; !rm removes a file",
	"remove":  "a declaration of the same name takes the place of an earlier one, and %reset forgets all",
	"exec":    "call the function: f()",
	"goflags": "cells are not compiled; %env GOFLAGS=-tags=name sets build tags for the packages of modules",
	"wasm":    "cells run in the kernel; package comm talks to scripts in the page",
	"version": "poolbook version says it",
	"run":     "!go run file.go runs a program",
}

// needless are commands of other kernels that set up what is so here anyway.
var needless = map[string]string{
	"autoget": "%get fetches a module, and those of the notebook's go.mod come by themselves", "noautoget": "nothing is fetched without %get",
	"track": "packages of the notebook's own module are imported as they are, and read anew after %reset", "untrack": "nothing is tracked",
	"goworkfix": "a go.work in the notebook's folder or above counts", "widgets": "package comm is there",
}

// commandHint has advice for a command that there is not.
func commandHint(name string) string {
	if text := pythonMagics[name]; text != "" {
		return text + "; %help lists what begins with %"
	}
	for _, known := range magicNames() {
		if levenshtein.ComputeDistance(strings.ToLower(name), known) <= 2 && len(name) > 2 {
			return "did you mean %" + known + "? %help lists all"
		}
	}
	return "%help lists them"
}

// cutMains takes the lines of %% or %main out of a cell: GoNB runs what follows as func main, and cells here run it anyway. Arguments are
// os.Args then, and flags are parsed in place of the line. %args has arguments alone.
func cutMains(code string) (list []magic, rest string) {
	if !strings.Contains(code, "%%") && !strings.Contains(code, "%main") && !strings.Contains(code, "%args") && !strings.Contains(code, "%test") {
		return nil, code
	}
	starts := split.Lines(code, token.REM)
	out, at := strings.Builder{}, 0
	n := 0
	for l := range strings.Lines(code) {
		n++
		start := at + len(l) - len(strings.TrimLeft(l, " \t"))
		at += len(l)
		text := strings.TrimSpace(l)
		name, args, _ := strings.Cut(text, " ")
		if args = strings.TrimSpace(args); !slices.Contains(starts, start) || name != "%%" && name != "%main" && name != "%args" && name != "%test" {
			out.WriteString(l)
			continue
		}
		line := ""
		if name == "%test" {
			list = append(list, magic{name: "test", args: args, line: n})
		} else if args != "" {
			list = append(list, magic{name: "args", args: args, line: n})
			if name != "%args" {
				line = "flag.Parse()"
			}
		}
		out.WriteString(line + strings.Repeat(" ", max(len(text)-len(line), 0)))
		if strings.HasSuffix(l, "\n") {
			out.WriteByte('\n')
		}
	}
	return list, out.String()
}

// commandWords are the words of a command line; those in double quotes may have spaces.
func commandWords(s string) []string {
	var list []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		if quoted, err := strconv.QuotedPrefix(s); err == nil && s[0] == '"' {
			word, _ := strconv.Unquote(quoted)
			list, s = append(list, word), s[len(quoted):]
			continue
		}
		word, rest, _ := strings.Cut(s, " ")
		list, s = append(list, word), rest
	}
	return list
}

// command runs a program, which what the user has written calls by; an exit status other than 0 is an *ExitError.
func command(ctx context.Context, c Cell, by string, in io.Reader, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Stdin = writerOr(c.Stdout), writerOr(c.Stderr), in
	cmd.WaitDelay = time.Second
	groupOf(cmd)
	err := cmd.Run()
	if ctx.Err() != nil {
		return &InterruptError{Stack: []Frame{{Cell: c.Number}}}
	}
	if errors.Is(err, exec.ErrWaitDelay) { // it has ended well; what it left in the background prints nothing from now on
		return nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &ExitError{Code: exit.ExitCode(), By: by}
	}
	if err != nil {
		return fmt.Errorf("interp: %s: %w", by, err)
	}
	return nil
}

// took is a duration with three digits.
func took(d time.Duration) string {
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		if d >= unit {
			return fmt.Sprintf("%.3g %s", float64(d)/float64(unit), map[time.Duration]string{time.Second: "s", time.Millisecond: "ms", time.Microsecond: "µs"}[unit])
		}
	}
	return fmt.Sprintf("%d ns", d)
}

// bench runs a cell's statements for about a second.
func (s *Session) bench(run *vm.Run, pkg *ssa.Package, w io.Writer) error {
	var spent []time.Duration
	for start := time.Now(); len(spent) < 3 || time.Since(start) < time.Second && len(spent) < 1_000_000; {
		t := time.Now()
		if _, err := run.Call(pkg.Func(check.Entry)); err != nil {
			return err
		}
		spent = append(spent, time.Since(t))
	}
	slices.Sort(spent)
	fmt.Fprintf(w, "%s a run (the middle of %d; fastest %s, slowest %s)\n", took(spent[len(spent)/2]), len(spent), took(spent[0]), took(spent[len(spent)-1]))
	return nil
}

// Reset forgets all names; values that goroutines or functions still use stay with them. Packages of modules whose files have been edited, or
// whose version is another one, are read anew when they are imported again.
func (s *Session) Reset() {
	s.running.Lock()
	defer s.running.Unlock()
	s.reset()
}

func (s *Session) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.env.Reset()
	s.imp.Stale()
	s.modules.Renew()
	clear(s.staying)
	maps.DeleteFunc(s.globals, func(v *types.Var, _ *ssa.Global) bool { return s.env.IsCell(v.Pkg()) })
}
