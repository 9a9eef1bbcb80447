package vm

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/tools/go/ssa"
)

// What is different in a run that stands for a program: RunConfig.Program.

// CallMain is Call for func main: after runtime.Goexit in it, the program goes on until its other goroutines have ended, which is
// a *Fatal error then.
func (r *Run) CallMain(fn *ssa.Function) error {
	f, left := r.m.funcOf(fn), true
	_, err := r.do(func(g *goroutine) []reflect.Value {
		g.callValues(f, nil, nil)
		left = false
		return nil
	})
	if err != nil || !left {
		return err
	}
	_, err = r.do(func(g *goroutine) []reflect.Value {
		g.waitOn(nil, afterGoexit)
		return nil
	})
	var d *Deadlock
	if errors.As(err, &d) {
		for i, g := range d.Goroutines {
			if g.What == afterGoexit {
				d.Goroutines = append(d.Goroutines[:i:i], d.Goroutines[i+1:]...)
				break
			}
		}
		if len(d.Goroutines) == 0 {
			return &Fatal{Message: "no goroutines (main called runtime.Goexit) - deadlock!"}
		}
	}
	return err
}

const afterGoexit = "runtime.Goexit"

// processEnds is set when the owner of a program has been told of its end: from then on os.Exit ends the process, whoever calls it.
var processEnds atomic.Bool

// ends tells the program's owner, who ends the process. It returns when there is none.
func (r *Run) ends(err error) {
	if r.cfg.Program && r.cfg.Ends != nil {
		processEnds.Store(true)
		r.cfg.Ends(err)
	}
}

// crash is what the runtime of a compiled program prints when v ends it, p being its way up the calls, nil if that is not known:
// the panics in whose deferred calls it began come first (printpanics in runtime/panic.go of Go 1.26 and 1.27). text is that of v alone.
func crash(v any, p *panicking) (text, whole string) {
	if p == nil {
		p = &panicking{value: v}
	}
	var chain []*panicking // v is the last
	for ; p != nil; p = p.aborted {
		chain = append([]*panicking{p}, chain...)
	}
	var s strings.Builder
	for i, p := range chain {
		if i > 0 && same(chain[i-1].value, p.value) {
			continue // told with the one before
		}
		if p.goexit {
			continue
		}
		if i > 0 && !chain[i-1].goexit {
			s.WriteByte('\t')
		}
		var bad bool
		if text, bad = crashText(p.value); bad {
			return text, "fatal error: panic while printing panic value: " + text
		}
		s.WriteString("panic: " + text)
		switch {
		case p.recovered && i+1 < len(chain) && same(chain[i+1].value, p.value):
			s.WriteString(" [recovered, repanicked]")
		case p.recovered:
			s.WriteString(" [recovered]")
		}
		s.WriteByte('\n')
	}
	return text, strings.TrimSuffix(s.String(), "\n")
}

// crashText is a panic value as the runtime prints it. bad tells that its method panicked: text is about that.
func crashText(v any) (text string, bad bool) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *abort:
			panic(r)
		case string:
			text, bad = r, true
		default:
			text, bad = fmt.Sprintf("type %T", r), true
		}
	}()
	switch x := v.(type) {
	case runtime.Error:
		return indented(x.Error()), false
	case error:
		return indented(x.Error()), false
	case fmt.Stringer:
		return indented(x.String()), false
	case string:
		return indented(x), false
	}
	if rv := reflect.ValueOf(v); rv.IsValid() && rv.Kind() == reflect.String {
		return fmt.Sprintf(`%T("%s")`, v, indented(rv.String())), false
	}
	return PanicText(v), false
}

// indented lets the lines of a panic after the first begin with a tab.
func indented(s string) string { return strings.ReplaceAll(s, "\n", "\n\t") }
