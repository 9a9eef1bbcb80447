package interp

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"reflect"
)

// Config says what a session's cells can use beyond the standard library. The zero Config is a session with the standard library alone.
type Config struct {
	// Packages are compiled packages of the program itself that cells may import.
	Packages []Package
	// Sources are packages interpreted from source: import path → a folder with the package's .go files.
	Sources map[string]fs.FS
	// Preload lists import paths whose package name every cell may use without an import.
	Preload []string
	// Intrinsics replace compiled functions, by "import/path.Func" or "(*import/path.Type).Method", with versions that know the
	// cell that called them. They run on the calling goroutine.
	Intrinsics map[string]func(c Call, args []reflect.Value) []reflect.Value
	// Logger gets what the session has to say to its operator; nil discards it. It never reaches a cell's output.
	Logger *slog.Logger
}

// Package is a compiled package with its symbols: functions as they are, variables as pointers, types as (*T)(nil),
// constants as values (they become typed constants when cells use them).
type Package struct {
	Path, Name string
	Symbols    map[string]reflect.Value
}

// Call is the call of an intrinsic function.
type Call interface {
	// Context ends when the cell is interrupted.
	Context() context.Context
	// Cell is the cell whose run (or whose goroutine, callback, task) makes the call.
	Cell() Cell
}

// Cell is one cell to run.
type Cell struct {
	// Number is the execution count, shown in errors as "cell [3]". Numbers grow within a session;
	// a number that was used before is allowed and shadows the earlier one in error texts.
	Number int
	// ID is the front end's name of the cell, if any; the session only hands it to intrinsics.
	ID   string
	Code string
	// Stdout and Stderr get the output of user code, in order, also after Run has returned (goroutines go on). nil discards.
	// They must be safe for concurrent use.
	Stdout, Stderr io.Writer
	// Stdin answers fmt.Scan and reads of os.Stdin; nil is an empty input.
	Stdin io.Reader
	// Host is handed to intrinsics as it is: display looks here for its way to the front end.
	Host any
}

// Result is the value of a cell's final expression.
type Result struct {
	// Value is invalid when the cell has no final expression, or hides it with a trailing semicolon.
	// A call with several results gives a [display.Tuple].
	Value reflect.Value
	// Type is the static type of the expression, as a cell would write it; "" without a value.
	Type string
	// Warnings say what the cell's redefinitions did to earlier cells (a caller that no longer compiles).
	Warnings []Diagnostic
}

// Completeness answers whether code can be run as it stands.
type Completeness string

// The answers of [Session.IsComplete], as the messaging protocol spells them.
const (
	Complete   Completeness = "complete"
	Incomplete Completeness = "incomplete"
	Invalid    Completeness = "invalid"
)

// Variable is a session variable as a user sees it.
type Variable struct {
	Name string
	// Type as a cell would write it: "int", "[]Point", "Point (cell 3)" for a type that was redefined since.
	Type  string
	Value reflect.Value // addressable; a cell that runs may be changing it
	Cell  int           // where it was declared last
}

// Unit is a function taken apart for another process: Go source of the declarations that it reaches, over all cells.
type Unit struct {
	// Hash identifies Source and Entry (hex SHA-256). Edits to cells that the function does not reach leave it unchanged.
	Hash string
	// Source is one Go file of package main. //line comments lead back to the cells ("cell [3]:5:2").
	Source string
	// Entry is the package-level variable or function of Source that is the function.
	Entry string
	// Vars are the session variables that the unit reads and the captured local variables, as they are now.
	Vars []UnitVar
	// Assigns lists the IDs of session variables that the unit assigns.
	Assigns []string
}

// UnitVar is a variable that travels with a unit.
type UnitVar struct {
	// Name is what the user wrote; ID is the same in every unit of a session for the same variable.
	Name, ID string
	Value    reflect.Value
}

// LoadedUnit is a unit made runnable in this process by [Session.LoadUnit].
type LoadedUnit struct {
	fn   reflect.Value
	vars map[string]reflect.Value
}

// Func returns the unit's function.
func (u *LoadedUnit) Func() reflect.Value { return u.fn }

// Var returns the variable with that ID, addressable. Units loaded into one session share variables of the same ID and type.
func (u *LoadedUnit) Var(id string) (reflect.Value, bool) {
	v, ok := u.vars[id]
	return v, ok
}
