package kernel

import (
	"context"

	"poolbook/kernel/protocol"
)

// Session is what runs the code of cells. The kernel calls Execute for one cell at a time, unless [Info.Subshells] is set;
// the other methods may be called while a cell of another subshell runs.
//
// A Session may implement [Evaluator], [CommUser] and [VariableLister] too.
type Session interface {
	// Info describes the language. It is called once, before everything else.
	Info() Info
	// Execute runs a cell. It returns soon after ctx is cancelled, which is how an interrupt arrives. What the cell started
	// may go on writing to out after Execute has returned; that goes to the same cell.
	Execute(ctx context.Context, c Cell, out Output) Outcome
	// IsComplete tells whether code can be run as it stands: one of protocol.Complete, Incomplete, Invalid, Unknown,
	// and for incomplete code the white space that the next line begins with.
	IsComplete(code string) (status, indent string)
	// Complete returns what may stand at the cursor, an offset in bytes between 0 and len(code).
	Complete(ctx context.Context, code string, cursor int) Completion
	// Inspect describes what is at the cursor, an offset in bytes; detail 1 asks for the source too. False: nothing known.
	Inspect(ctx context.Context, code string, cursor, detail int) (Bundle, bool)
	// Close ends the session. No other method is called afterwards.
	Close() error
}

// Evaluator is a Session that evaluates the user_expressions of a request in a better way than by running each as a cell.
type Evaluator interface {
	Evaluate(ctx context.Context, expression string) (Bundle, *Error)
}

// VariableLister is a Session whose variables front ends can list, see [Variable]. Its methods may be called while cells run.
type VariableLister interface {
	// Variables lists the session's variables.
	Variables() []Variable
	// Parts lists the parts of a value (fields, elements): of the one that Variables or Parts gave that Ref last. False: there is no such.
	Parts(ref int) ([]Variable, bool)
	// ShowVariable returns the value of a variable as a cell would show it; false when there is no such variable.
	ShowVariable(ctx context.Context, name string) (Bundle, bool)
}

// Variable is a row in the variable explorer of a front end.
type Variable struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Value is the beginning of the value, on one line.
	Value string `json:"value"`
	// Size is the length of a string, slice, array, map or channel, -1 for other values.
	Size int `json:"size"`
	// Cell is the execution count of the cell that declared it, 0 for parts.
	Cell int `json:"cell,omitempty"`
	// Ref names the value for [VariableLister.Parts], 0 if it has no parts. It holds until Variables is called again.
	Ref int `json:"ref"`
}

// CommUser is a Session that uses comms. It gets the registry once, after Info.
type CommUser interface {
	UseComms(*Comms)
}

// Info describes a session's language and implementation to front ends.
type Info struct {
	Implementation        string
	ImplementationVersion string
	Banner                string
	Language              protocol.LanguageInfo
	HelpLinks             []protocol.HelpLink
	// Subshells tells that Execute may be called by several goroutines at once; the kernel then offers subshells (JEP 91).
	Subshells bool
}

// Cell is one request to run code.
type Cell struct {
	// ExecutionCount is the number in front of the cell, from 1. A cell that is not stored in the history has the number that
	// the next stored one will have.
	ExecutionCount int
	Code           string
	// Silent cells show nothing: their output is dropped by the kernel.
	Silent       bool
	StoreHistory bool
	AllowStdin   bool
	// ID is the id of the notebook's cell if the front end tells it, or that of the request: in both cases the same for
	// nothing else that runs now.
	ID string
}

// Output is where a cell's output goes. Its methods may be called by many goroutines, also after Execute has returned.
// They wait while a front end does not keep up; so nothing is lost, and a cell cannot fill the memory.
type Output interface {
	// Stream writes to protocol.Stdout or protocol.Stderr. p is copied. It reaches front ends within about 20 ms.
	Stream(name string, p []byte)
	// Display shows a bundle. With a displayID it can be changed later, by update with the same id, from any cell; an update of what
	// is not there yet shows it.
	Display(b Bundle, displayID string, update bool)
	// Clear removes the cell's output so far; with wait, when the next output comes.
	Clear(wait bool)
	// Input asks the front end for a line and waits for it. It fails with [ErrNoStdin] when the front end does not answer
	// such questions, with io.EOF when the user ended the input, and with the context's error.
	Input(ctx context.Context, prompt string, password bool) (string, error)
}

// Bundle is a value by MIME type. Values are strings, []byte (sent in base64) or anything that marshals to JSON.
type Bundle struct {
	Data, Metadata map[string]any
}

// Outcome is how a cell ended.
type Outcome struct {
	// Result is the value of the final expression, nil if there is none.
	Result *Bundle
	// Err is why it failed, nil if it did not.
	Err *Error
	// Interrupted tells that Err comes from an interrupt.
	Interrupted bool
	// Payload is for the few front ends that take it, see the messaging specification.
	Payload []map[string]any
}

// Error is an error of user code as front ends show it: Traceback line by line, ANSI colours allowed.
type Error struct {
	Name, Value string
	Traceback   []string
}

// Completion is a list of texts that may replace code[Start:End], best first; offsets are in bytes.
type Completion struct {
	Matches    []string
	Start, End int
	// Items, if not nil, has the type ("function", "instance", "module", …) and signature of each match for front ends that
	// show them.
	Items []CompletionItem
}

// CompletionItem describes one of the matches.
type CompletionItem struct {
	Type, Signature string
}
