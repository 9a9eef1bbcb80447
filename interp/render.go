package interp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Error lists the diagnostics with their source lines.
func (e *CompileError) Error() string {
	var b strings.Builder
	for i, d := range e.Diagnostics {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(d.String())
	}
	return b.String()
}

// String is the message with place, source line, caret and hint, without a newline at its end.
func (d Diagnostic) String() string { return d.render(plain) }

func (d Diagnostic) render(p paint) string {
	var b strings.Builder
	kind := ""
	if d.Warning {
		kind = "warning: "
	}
	if place := d.place(); place != "" {
		b.WriteString(p.place(place) + ": ")
	}
	b.WriteString(p.message(kind + d.Message))
	if d.SourceLine != "" {
		b.WriteString("\n" + snippet(p, d.SourceLine, d.Column, d.EndColumn))
	}
	if d.Hint != "" {
		b.WriteString("\n" + p.hint("hint: "+d.Hint))
	}
	return b.String()
}

// widest is how many columns of a source line are shown: a terminal would break a longer one, and part it from its caret.
const widest = 100

// snippet is the source line with a caret line, or the part of it around the caret. column and end are byte columns.
func snippet(p paint, text string, column, end int) string {
	const indent = "    "
	column = min(column, len(text)+1)
	before, marked, after := "", "", text
	if column > 0 {
		end = max(min(end, len(text)+1), column)
		before, marked, after = text[:column-1], text[column-1:end-1], text[end-1:]
	}
	if runes := utf8.RuneCountInString; runes(text) > widest {
		marked = firstRunes(marked, widest/2)
		room := max(widest-runes(marked), 0)
		left := min(runes(before), max(room/2, room-runes(after)))
		before, after = lastRunes(before, left), firstRunes(after, room-left)
	}
	s := indent + untabbed(before+marked+after)
	if column > 0 {
		s += "\n" + indent + strings.Repeat(" ", uniseg.StringWidth(untabbed(before))) +
			p.caret(strings.Repeat("^", max(uniseg.StringWidth(untabbed(marked)), 1)))
	}
	return s
}

func untabbed(s string) string { return strings.ReplaceAll(s, "\t", "    ") }

// firstRunes is s cut after n runes, lastRunes before the last n; an ellipsis stands for what is left out.
func firstRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

func lastRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return "…" + string(r[len(r)-n:])
	}
	return s
}

// paint colours the parts of an error; the zero paint leaves them plain.
type paint struct{ on bool }

var plain = paint{}

func (p paint) colour(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}
func (p paint) place(s string) string   { return p.colour("36", s) }
func (p paint) message(s string) string { return p.colour("31", s) }
func (p paint) hint(s string) string    { return p.colour("33", s) }
func (p paint) caret(s string) string   { return p.colour("31;1", s) }

// String is the place of the call: "cell [3], line 5, in square".
func (f Frame) String() string {
	s := place(f.Cell, f.File, f.Line, 0)
	if f.Func != "" {
		s += ", in " + f.Func
	}
	return s
}

// renderStack lists the calls; of a long stack the first and the last ten, of a recursion one.
func renderStack(p paint, stack []Frame, sourceLine string) string {
	const ends, alike = 10, 5
	var lines []string
	for i := 0; i < len(stack); i++ {
		f := stack[i]
		if len(stack) > 2*ends && i >= ends && i < len(stack)-ends {
			if i == ends {
				lines = append(lines, fmt.Sprintf("  … %d more calls …", len(stack)-2*ends))
			}
			continue
		}
		lines = append(lines, "  "+p.place(f.String()))
		if i == 0 && sourceLine != "" {
			lines = append(lines, snippet(p, sourceLine, f.Column, 0))
		}
		same := 1
		for i+same < len(stack) && stack[i+same] == f {
			same++
		}
		if same >= alike {
			lines = append(lines, "  … the same call again and again …")
			stack = slices.Delete(slices.Clone(stack), i+1, i+same)
		}
	}
	return strings.Join(lines, "\n")
}

// Error is the panic as Go prints it, then the stack.
func (e *RuntimeError) Error() string { return e.render(plain) }

func (e *RuntimeError) render(p paint) string {
	head := e.headline()
	if e.Goroutine {
		head += " (in a goroutine)"
	}
	s := p.message(head)
	if len(e.Stack) > 0 {
		s += "\n" + renderStack(p, e.Stack, e.sourceLine)
	}
	if e.Hint != "" {
		s += "\n" + p.hint("hint: "+e.Hint)
	}
	return s
}

func (e *RuntimeError) headline() string {
	switch {
	case e.Kind == "runtime error" && !e.plain:
		return "panic: runtime error: " + e.Message
	case e.Kind == "fatal error":
		return "fatal error: " + e.Message
	}
	return "panic: " + e.Message
}

// Unwrap returns the panic value when it is an error.
func (e *RuntimeError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

func (e *InterruptError) Error() string { return e.render(plain) }

func (e *InterruptError) render(p paint) string {
	s := p.message("interrupted")
	if len(e.Stack) > 0 {
		s += "\n" + renderStack(p, e.Stack, e.sourceLine)
	}
	if e.Abandoned {
		s += "\n" + p.hint("hint: what this line calls is compiled and cannot be stopped: it goes on in the background until it returns")
	}
	return s
}

// Is makes errors.Is find context.Canceled.
func (e *InterruptError) Is(target error) bool { return target == context.Canceled }

func (e *ExitError) Error() string {
	return fmt.Sprintf("%s ended the cell: exit status %d", e.By, e.Code)
}

func (e *DeadlockError) Error() string { return e.render(plain) }

func (e *DeadlockError) render(p paint) string {
	s := p.message(e.Message)
	if len(e.Stack) > 0 {
		s += "\n" + renderStack(p, e.Stack, e.sourceLine)
	}
	if e.Hint != "" {
		s += "\n" + p.hint("hint: "+e.Hint)
	}
	return s
}

// Name is the short name of an error of Run, for the protocol's ename.
func Name(err error) string {
	var (
		c *CompileError
		r *RuntimeError
		i *InterruptError
		x *ExitError
		d *DeadlockError
	)
	switch {
	case errors.As(err, &c):
		if len(c.Diagnostics) > 0 && strings.HasPrefix(c.Diagnostics[0].Message, "syntax error") {
			return "SyntaxError"
		}
		return "CompileError"
	case errors.As(err, &r):
		return strings.ReplaceAll(r.Kind, " ", "")
	case errors.As(err, &i):
		return "KeyboardInterrupt"
	case errors.As(err, &x):
		return "Exit"
	case errors.As(err, &d):
		return "Deadlock"
	}
	return "Error"
}

// Headline is the first line of an error of Run, for the protocol's evalue.
func Headline(err error) string {
	var c *CompileError
	if errors.As(err, &c) && len(c.Diagnostics) > 0 {
		s := c.Diagnostics[0].place() + ": " + c.Diagnostics[0].Message
		if n := len(c.Diagnostics) - 1; n > 0 {
			s += fmt.Sprintf(" (and %d more)", n)
		}
		return s
	}
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

// Traceback renders an error of Run in ANSI colours, for the protocol's traceback: an element for each line.
func Traceback(err error) []string {
	p := paint{true}
	var text string
	var (
		c *CompileError
		r *RuntimeError
		i *InterruptError
		d *DeadlockError
	)
	switch {
	case errors.As(err, &c):
		var parts []string
		for _, d := range c.Diagnostics {
			parts = append(parts, d.render(p))
		}
		text = strings.Join(parts, "\n")
	case errors.As(err, &r):
		text = r.render(p)
	case errors.As(err, &i):
		text = i.render(p)
	case errors.As(err, &d):
		text = d.render(p)
	default:
		text = p.message(err.Error())
	}
	return strings.Split(text, "\n")
}
