package vm

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"os"
	"reflect"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// Types translates between the types of the checker and those of the running
// program. *rtype.Table is the one that sessions use.
type Types interface {
	// Of returns the reflect type of a fully instantiated type. It may panic
	// with an error that says what cannot be represented.
	Of(types.Type) reflect.Type
	// TypesOf is the inverse of Of; nil when the type is not known.
	TypesOf(reflect.Type) types.Type
	// Recent returns what Of met for the first time since the last call; with
	// forget, it is to keep none of those types that are not declared.
	Recent(forget bool) []types.Type
}

// An Intrinsic replaces a compiled function with one that knows the run it is
// called in. A method gets its receiver as args[0], a variadic function its
// last arguments as one slice. It runs on the goroutine of the caller; when it
// blocks it must watch r.Context().
type Intrinsic = func(r *Run, args []reflect.Value) []reflect.Value

// Config says how a Machine reaches what it does not run itself.
type Config struct {
	// Types is required.
	Types Types
	// Lookup finds functions and variables of compiled packages; a variable is
	// the pointer to it or its addressable value. Nil finds nothing.
	Lookup func(pkgPath, name string) (reflect.Value, bool)
	// Instance finds a compiled instance of a generic function that does what
	// the interpreted body does, faster. Nil finds none.
	Instance func(pkgPath, name string, targs []types.Type) (reflect.Value, bool)
	// Intrinsics take precedence over the machine's own and over compiled
	// functions. Keys are "fmt.Println", "(*sync.Mutex).Lock".
	Intrinsics map[string]Intrinsic
	// MaxDepth limits nested calls of one goroutine; 0 is DefaultMaxDepth.
	MaxDepth int
	// MemoryLimit is how many bytes the process may have in heap and stacks; what
	// runs when they are more ends with a *Fatal. 0 is no limit.
	MemoryLimit int64
	// Exhausted is called when only the end of the process helps: runs have ended, but compiled functions that they
	// called go on, and what the process has in memory is well beyond the limit. nil does nothing.
	Exhausted func(message string)
	// AvailableMemory says how many bytes of memory are left for this process, in the machine or a container around it, and how many there are
	// in all; ok is false where the system does not say. Runs also end when hardly any are left. It is called often. Nil, or no
	// MemoryLimit, is not to look.
	AvailableMemory func() (free, total int64, ok bool)
}

// DefaultMaxDepth is the deepest nesting of interpreted calls in one goroutine.
const DefaultMaxDepth = 1_000_000

// RunConfig is what belongs to one run (a cell).
type RunConfig struct {
	// Stdout and Stderr get what fmt.Print*, println and log write; nil discards.
	Stdout, Stderr io.Writer
	// Print gets what fmt.Print* write where os.Stdout may have been assigned to; nil is Stdout.
	Print io.Writer
	// File returns what gets the output of fmt.Fprint* to a file that stands for
	// one of these in the program; nil for other files. A nil File knows of
	// os.Stdout and os.Stderr alone.
	File func(*os.File) io.Writer
	// Host is handed to intrinsics through Run.Host.
	Host any
	// OnPanic is told of panics in goroutines that the run started, on that
	// goroutine, after its deferred calls; nil writes them to Stderr. It gets
	// *Panic, *Exit when a goroutine called os.Exit, or *Fatal when no call of the
	// run is there to return it.
	OnPanic func(error)
	// Dir is the folder that relative names of files are relative to: the functions of package runtime name files by absolute ones. Empty leaves
	// the names as they are.
	Dir string
	// Program makes the run end as a compiled program does: a panic in a goroutine ends it, a call of the run returns the *Panic, whose Crash
	// is set, and OnPanic is told only when there is no call. Deferred calls run for panics and runtime.Goexit alone. What the
	// runtime calls a fatal error cannot be recovered.
	Program bool
	// Ends is told at once of what ends a program anywhere but in main: *Exit, *Panic or *Fatal. It is called on the goroutine where that
	// happened, possibly on several, and does not return. With nil, a call of the run returns the error.
	Ends func(error)
}

// Closure is what the machine knows of a func value it made.
type Closure struct {
	// Fn is the function; for a method value it is the bound-method wrapper.
	Fn *ssa.Function
	// Free are the captured variables in the order of Fn.FreeVars: addressable
	// storage is behind the pointers, a bound receiver is the value itself.
	Free []reflect.Value
}

// Frame is one call in a trace, innermost first.
type Frame struct {
	Func *ssa.Function
	Name string    // as Go's traces write it: main.f, main.(*T).m, main.f.func1
	Pos  token.Pos // of the call or of the failing operation; may be NoPos
}

// Panic is a Go panic that no interpreted or compiled function recovered.
type Panic struct {
	// Value is what was given to panic, a runtime.Error for faults.
	Value any
	// Text is what its Error or String method said when it ended the goroutine, by PanicText.
	Text  string
	Stack []Frame
	// Crash is what a compiled program prints, but for the traces; only in the runs of programs.
	Crash string
	// Goroutine says that it happened in a goroutine the run started.
	Goroutine bool
}

func (p *Panic) Error() string {
	s := "panic: " + p.Text
	if e, ok := p.Value.(*StackOverflow); ok {
		s = e.Error()
	}
	if p.Goroutine {
		s += " (in a goroutine)"
	}
	return s
}

// Unwrap returns the panic value when it is an error.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// StackOverflow is the panic value of a call nested too deeply. Unlike other
// values recover does not see it.
type StackOverflow struct {
	Name   string // the function that recursed
	Depth  int
	Circle bool // it is compiled, and was given a value that contains itself
	Within bool // it is compiled, and was given a value that is nested so deeply
}

func (e *StackOverflow) Error() string {
	if e.Within {
		return fmt.Sprintf("stack overflow: %s was given a value that is nested more than %d levels deep", e.Name, e.Depth)
	}
	if e.Circle {
		return fmt.Sprintf("stack overflow: %s was given a value that contains itself", e.Name)
	}
	return fmt.Sprintf("stack overflow: %s called itself too deeply", e.Name)
}

// RuntimeError marks it a runtime.Error.
func (e *StackOverflow) RuntimeError() {}

// Exit reports that the program asked for the end of the process.
type Exit struct {
	Code   int
	ByWhat string // "os.Exit", "log.Fatal"
}

func (e *Exit) Error() string { return fmt.Sprintf("%s: exit status %d", e.ByWhat, e.Code) }

// Fatal is a fault that ends a compiled program and cannot be recovered. Here it
// ends the run.
type Fatal struct {
	Message string
	Stack   []Frame
	// Other is where a second goroutine was that has part in it; may be empty.
	Other []Frame
}

func (e *Fatal) Error() string { return "fatal error: " + e.Message }

// ErrInterrupted is found in the error of a run whose context was cancelled or
// that was stopped.
var ErrInterrupted = errors.New("interrupted")

// Interrupted is ErrInterrupted with the place where it happened.
type Interrupted struct {
	Stack []Frame
	// Abandoned tells that the goroutine is in compiled code, which goes on until it returns.
	Abandoned bool
}

func (e *Interrupted) Error() string { return ErrInterrupted.Error() }

// Is makes errors.Is find ErrInterrupted.
func (e *Interrupted) Is(target error) bool {
	return target == ErrInterrupted || target == context.Canceled
}

// Deadlock reports that every goroutine of the run waits for another one.
type Deadlock struct {
	Goroutines []Blocked
}

// Blocked is one goroutine of a deadlock.
type Blocked struct {
	What  string // "chan receive", "chan send", "select", "sync.Mutex.Lock" …
	Stack []Frame
}

func (e *Deadlock) Error() string {
	var s strings.Builder
	s.WriteString("all goroutines are asleep - deadlock!")
	for i, g := range e.Goroutines {
		if i == 5 {
			fmt.Fprintf(&s, " … and %d more", len(e.Goroutines)-i)
			break
		}
		if i > 0 {
			s.WriteByte(',')
		}
		s.WriteString(" [" + g.What + "]")
		if len(g.Stack) > 0 {
			s.WriteString(" in " + g.Stack[0].Name)
		}
	}
	return s.String()
}
