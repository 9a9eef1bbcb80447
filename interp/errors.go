package interp

import (
	"fmt"
	"strings"
)

// Diagnostic is one message about one place.
type Diagnostic struct {
	Cell int // cell number; 0 for a file (see File)
	// File names the source when it is not a cell.
	File string
	// Line and Column are 1-based; Column counts bytes. EndColumn is the column after the last byte of the marked
	// text on that line, 0 when only the start is known.
	Line, Column, EndColumn int
	// Message is the compiler's text, with names as the cells write them.
	Message string
	// Hint is advice in plain words, "" when there is none.
	Hint string
	// SourceLine is the text of Line.
	SourceLine string
	// Warning marks a message that did not stop the cell.
	Warning bool
}

// CompileError says why a cell was not run. It holds at least one diagnostic, in order of position.
type CompileError struct {
	Diagnostics []Diagnostic
}

// Frame is one call on the stack of a failed cell.
type Frame struct {
	Cell   int    // 0 for a file
	File   string // for source that is not a cell
	Line   int
	Column int
	Func   string // "square", "(*Stack[int]).Push", "func literal in main"; "" for a cell's own statements

	text string // of the line; "" when it is not known
}

// RuntimeError is a panic that ended a cell, or a goroutine that it had started.
type RuntimeError struct {
	// Kind is "panic", "runtime error", "error" (a panic with an error value), or "fatal error" for what ends a compiled
	// program and cannot be recovered.
	Kind string
	// Value is what was passed to panic; nil for a fatal error.
	Value any
	// Message is the value as text, without "panic:".
	Message string
	// Hint is advice in plain words, "" when there is none.
	Hint string
	// Stack has the calls in cells and files, innermost first.
	Stack []Frame
	// Goroutine is set when a goroutine of the cell panicked, not the cell itself.
	Goroutine bool

	sourceLine string
	crash      string // what a compiled program prints, in that of a program
	plain      bool   // a runtime error whose text does not say so, as Go has some: "assignment to entry in nil map"
}

// InterruptError says where a cell was when it was interrupted. errors.Is(err, context.Canceled) holds.
type InterruptError struct {
	Stack []Frame
	// Abandoned tells that the cell was in a compiled function, which goes on in the background until it returns.
	Abandoned bool

	sourceLine string
}

// ExitError is a call of os.Exit, log.Fatal and the like: it ended the cell, not the process.
type ExitError struct {
	Code int
	By   string // "os.Exit", "log.Fatal"
}

// DeadlockError is a cell that waits for something that can never come.
type DeadlockError struct {
	Message string
	What    string // what the first of the goroutines waits in, "chan receive"
	Hint    string // "" when there is nothing to add
	Stack   []Frame

	sourceLine string
}

func (d Diagnostic) place() string { return place(d.Cell, d.File, d.Line, d.Column) }

func place(cell int, file string, line, column int) string {
	var b strings.Builder
	if cell > 0 {
		fmt.Fprintf(&b, "cell [%d]", cell)
	} else {
		b.WriteString(file)
	}
	if line > 0 {
		fmt.Fprintf(&b, ", line %d", line)
	}
	if column > 0 {
		fmt.Fprintf(&b, ", column %d", column)
	}
	return strings.TrimPrefix(b.String(), ", ") // code without a cell: an expression that a front end sent
}
