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
	"runtime"
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
	line int // 1-based
}

const magicHelp = `Lines before the Go code of a cell:
  %time            run the cell and say how long it took; also %time f(x) on one line
  %bench           run the cell again and again for a second and say how long one run takes
  %who             list the session's variables
  %whos            list them as a table, with the cell that declared each and its size
  %get module@v1   fetch a module with the go command: %get github.com/google/uuid@latest, then import it
  %args -n 3       set os.Args; %% -n 3 parses flags too, and on a line of its own means nothing
  %reset           forget all names of the session, and read edited packages anew
  ?fmt.Println     show what is known about a name; also fmt.Println?, and with ?? its source
  !command         run a command in the shell
  %help            this text
`

// magicNames are the names of the commands that begin with %.
func magicNames() []string {
	return []string{"args", "bench", "get", "help", "reset", "time", "who", "whos"}
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
		switch {
		case text == "", strings.HasPrefix(text, "//"):
		case strings.HasPrefix(text, "!*go get "): // GoNB's way to run a command in the module of its cells
			list = append(list, magic{"get", strings.TrimSpace(strings.TrimPrefix(text, "!*go get ")), n})
			for i := at; i < end; i++ {
				out[i] = ' '
			}
		case text[0] == '!':
			list = append(list, magic{"!", strings.TrimSpace(text[1:]), n})
			for i := at; i < end; i++ {
				out[i] = ' '
			}
		case strings.Contains(text, "?") && question().MatchString(text):
			list = append(list, magic{"?", text, n})
			for i := at; i < end; i++ {
				out[i] = ' '
			}
		case text[0] == '%':
			name, args, _ := strings.Cut(text[1:], " ")
			m := magic{strings.TrimPrefix(name, "%"), strings.TrimSpace(args), n}
			stop := end
			if m.name == "time" || m.name == "bench" {
				stop = at + strings.Index(code[at:end], name) + len(name)
			}
			list = append(list, m)
			for i := at; i < stop; i++ {
				out[i] = ' '
			}
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
			if err := shell(ctx, c, m.args); err != nil {
				return false, false, err
			}
		default:
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
	"bash": "!command runs a command in the shell", "sh": "!command runs a command in the shell", "system": "!command runs a command in the shell",
	"test":    "!go test ./... runs the tests of the packages in this folder",
	"autoget": "%get fetches a module, and those of the notebook's go.mod come by themselves: this line is not needed",
	"track":   "packages of the notebook's own module are imported as they are: this line is not needed",
	"cd":      `os.Chdir("dir") changes the folder`, "pwd": "os.Getwd() says which folder this is", "ls": "!ls lists the folder",
	"env":       `os.Getenv("NAME") and os.Setenv("NAME", "value") are for the environment`,
	"writefile": `os.WriteFile("name", []byte(text), 0o666) writes a file`,
	"run":       "!go run file.go runs a program",
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
	if !strings.Contains(code, "%%") && !strings.Contains(code, "%main") && !strings.Contains(code, "%args") {
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
		if args = strings.TrimSpace(args); !slices.Contains(starts, start) || name != "%%" && name != "%main" && name != "%args" {
			out.WriteString(l)
			continue
		}
		line := ""
		if args != "" {
			list = append(list, magic{"args", args, n})
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

// shell runs a command; an exit status other than 0 is an *ExitError.
func shell(ctx context.Context, c Cell, command string) error {
	name, args := "sh", []string{"-c", command}
	if runtime.GOOS == "windows" {
		name, args = "cmd", []string{"/c", command}
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr, cmd.Stdin = writerOr(c.Stdout), writerOr(c.Stderr), strings.NewReader("")
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
		return &ExitError{Code: exit.ExitCode(), By: "!" + command}
	}
	if err != nil {
		return fmt.Errorf("interp: !%s: %w", command, err)
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
