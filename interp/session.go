package interp

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"sync"
	_ "time/tzdata" // time zones where the system has none; cells may import it for that
	"weak"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/display"
	"poolbook/interp/internal/bridge"
	"poolbook/interp/internal/check"
	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/module"
	"poolbook/interp/internal/rtype"
	"poolbook/interp/internal/split"
	"poolbook/interp/internal/unit"
	"poolbook/interp/internal/vm"
)

// A Session runs cells and keeps what they declare. Its methods may be called concurrently.
type Session struct {
	log        *slog.Logger
	fset       *token.FileSet
	bridge     *bridge.Set
	imp        *stdlib.Importer
	checking   sync.Mutex // held by what reads the imports of packages, as go/types does, and by what imports without mu; taken last
	types      *rtype.Table
	machine    *vm.Machine
	prog       *ssa.Program
	streams    *streams
	logs       *logging // the default loggers of cells
	flags      flags    // of package flag in cells
	testLogs   testLogs // of package testing in cells
	flagsBound bool
	docs       map[string]*packageSource // of compiled packages, by import path; set by New

	modules module.Set        // third-party modules; guards itself
	staying map[string]string // path → the version that cells were told they do not get; guarded by running

	// running is held while a cell is made ready, up to the initialisation of the packages that it is the first to use, and while a
	// program runs.
	running sync.Mutex

	// mu guards what follows, and everything that go/types and go/ssa change lazily on the session's behalf.
	mu      sync.Mutex
	env     *check.Env
	sources map[string]*source // by the name that positions have
	highest int                // number of a cell
	used    map[int]int        // how often a cell number was used that is not greater than those before
	globals map[*types.Var]*ssa.Global
	uninit  []*ssa.Package // source packages to be initialised by the next run; guarded by running, with unitsOnly by mu
	// unusable are those of uninit whose initialisation has failed; guarded by running.
	unusable  map[*types.Package]bool
	unitsOnly bool // Config.UnitsOnly
	units     unitState
	kept      keptCells
	sentinels sentinelIndex
	errorVars map[bridge.Sentinel]string // names of variables; guarded by mu
	runs      []weak.Pointer[vm.Run]     // a run lives as long as something of it does
}

// source is a text that positions lead to.
type source struct {
	cell int    // 0 for files
	file string // for files
	code string
}

// New returns an empty session.
func New(cfg Config) (*Session, error) {
	if err := Supported(); err != nil {
		return nil, err
	}
	startCollector()
	s := &Session{
		log: cfg.Logger, unitsOnly: cfg.UnitsOnly,
		fset:    token.NewFileSet(),
		bridge:  bridge.New(),
		sources: map[string]*source{},
		used:    map[int]int{},
		globals: map[*types.Var]*ssa.Global{}, unusable: map[*types.Package]bool{}, staying: map[string]string{},
		docs: map[string]*packageSource{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.modules.TempDir = cfg.TempDir; cfg.TempDir == nil {
		s.modules.TempDir = func(prefix string) (string, func() error, error) {
			dir, err := os.MkdirTemp("", prefix)
			return dir, func() error { return os.RemoveAll(dir) }, err
		}
	}
	s.bridge.Add("time/tzdata", "tzdata", nil)
	for _, p := range cfg.Packages {
		s.bridge.Add(p.Path, p.Name, p.Symbols)
		if p.Source != nil {
			s.docs[p.Path] = newPackageSource(p.Source)
		}
	}
	s.imp = stdlib.New(stdlib.Config{Bridge: s.bridge, Sources: cfg.Sources, Fset: s.fset})
	s.env = check.NewEnv(s.fset, s.imp, cfg.Preload)
	s.prog = ssa.NewProgram(s.fset, ssa.InstantiateGenerics|ssa.BareInits)
	s.env.UseProgram(s.prog)
	s.types = rtype.New(rtype.Config{
		Compiled: s.bridge.Type,
		Import:   s.importForRun,
		Method: func(recv types.Type, m *types.Selection) func([]reflect.Value) []reflect.Value {
			return s.machine.Method(recv, m)
		},
		Func: func(recv types.Type, m *types.Selection) reflect.Value { return s.machine.MethodFunc(recv, m) },
	})
	s.streams = newStreams(cfg.Process)
	intrinsics, err := s.intrinsics(cfg.Intrinsics)
	if err != nil {
		return nil, fmt.Errorf("interp: intrinsics: %w", err)
	}
	s.machine = vm.New(vm.Config{Types: s.types, Lookup: s.bridge.Lookup, Instance: s.bridge.Instance, Intrinsics: intrinsics, MemoryLimit: limitMemory(cfg.MemoryLimit), AvailableMemory: availableMemory, Exhausted: cfg.Exhausted})
	s.logs.takeHostLog()
	return s, nil
}

// Close stops what the session's cells left running and frees its pipes. It waits for neither.
func (s *Session) Close() error {
	s.logs.leaveHostLog()
	s.mu.Lock()
	runs := s.runs
	s.runs = nil
	s.mu.Unlock()
	for _, w := range runs {
		if run := w.Value(); run != nil {
			run.Stop()
		}
	}
	return errors.Join(s.streams.close(), s.modules.Close())
}

// IsComplete tells whether code can be run as it stands, and when it is Incomplete, the white space that the next line
// should begin with.
func (s *Session) IsComplete(code string) (Completeness, string) {
	_, code = cutMagics(code)
	status, indent := split.IsComplete(code)
	return Completeness(status), indent
}

// Config says what a session's cells can use beyond the standard library. The zero Config is a session with the standard library alone.
type Config struct {
	// Packages are compiled packages of the program itself that cells may import.
	Packages []Package
	// Sources are packages interpreted from source: import path → a folder with the package's .go files.
	Sources map[string]fs.FS
	// UnitsOnly is for a session that runs what other sessions have made units of, and no cells: of Sources it reads what the units need.
	UnitsOnly bool
	// Preload lists import paths whose package name every cell may use without an import.
	Preload []string
	// Intrinsics replace compiled functions, by "import/path.Func" or "(*import/path.Type).Method", with versions that know the
	// cell that called them. They run on the calling goroutine.
	Intrinsics map[string]func(c Call, args []reflect.Value) []reflect.Value
	// MemoryLimit is how many bytes of data the process may hold while cells run. Beyond it the running cell ends with a fatal
	// error (a *RuntimeError), or, if none runs, the goroutines of earlier ones do. 0 is [DefaultMemoryLimit], a negative number no limit.
	// Unless there is none, the same happens when the machine, or the container around the process, has hardly any memory left (a twentieth,
	// between 64 MB and 1 GB), whoever has it.
	// The limit of the garbage collector (GOMEMLIMIT) is lowered to a little above it.
	MemoryLimit int64
	// Exhausted is called when only the end of the process helps: compiled functions that interrupted cells called go on, cannot be stopped, and
	// what is in memory is a quarter beyond the limit. The cell has been told. nil does nothing: the process may then take all memory.
	Exhausted func(message string)
	// Process is set in the one session of a process that has it to itself; nil in others.
	Process *Process
	// TempDir makes a temporary folder whose name begins with the prefix, and returns what removes it, which the session calls in Close. nil is
	// [os.MkdirTemp] in [os.TempDir].
	TempDir func(prefix string) (dir string, remove func() error, err error)
	// Logger gets what the session has to say to its operator; nil discards it. It never reaches a cell's output.
	Logger *slog.Logger
}

// Package is a compiled package with its symbols: functions as they are, variables as addressable values
// (reflect.ValueOf(&Var).Elem()), types as nil pointers (reflect.ValueOf((*T)(nil))).
type Package struct {
	Path, Name string
	Symbols    map[string]reflect.Value
	// Source has the package's Go files, which tell doc comments and the names of parameters; nil if nobody needs to know.
	Source fs.FS
}

// Call is the call of an intrinsic function.
type Call interface {
	// Context ends when the cell is interrupted.
	Context() context.Context
	// Cell is the cell whose run (or whose goroutine, callback, task) makes the call.
	Cell() Cell
}

// InBubble reports whether the caller is in a bubble of testing/synctest, where channels and timers that are used outside of it must not be made.
func InBubble() bool { return vm.InBubble() }

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

	run *vm.Run // for Look; nil when there was none
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

	read display.MapReader
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
	// Types are those that were asked for with UnitExtra. It is not changed.
	Types map[reflect.Type]bool
	// Captured is what a function inside a value has captured: pointers to variables, or the receiver of a method value. Such a unit is made
	// with UnitExtra.Inside, and loaded with [LoadedUnit.Make].
	Captured []UnitVar
}

// UnitVar is a variable that travels with a unit.
type UnitVar struct {
	// Name is what the user wrote; ID is the same in every unit of a session for the same variable.
	Name, ID string
	Value    reflect.Value
}

// LoadedUnit is a unit made runnable in this process by [Session.LoadUnit].
type LoadedUnit struct {
	s    *Session
	hash string
	fn   reflect.Value
	loop reflect.Value // see Loop
	vars map[string]reflect.Value

	types  map[string]*types.TypeName // that cells have declared, by their number
	named  sync.Map                   // string → reflect.Type: what TypeByName has found
	brings sync.Map                   // string → bool: what Brings has found

	mu  sync.Mutex
	ctx context.Context // of run
	run *vm.Run         // of the latest Call: a worker calls many times with one context
}

// Func returns the unit's function.
func (u *LoadedUnit) Func() reflect.Value { return u.fn }

// Loop is a function that calls the unit's function once for each index from *at up to *end, with the elements of slices:
//
//	func(a0 []A, a1 []B, …, out []R, at, end *int, done func(i int), failed func(i int, err error)) bool
//
// There is a slice for each parameter, and out when the function has a result that is not its last one, an error. While an item runs, *at
// is its index, and *end may become less meanwhile. With each, a result is left in out[0], and done(i) has to take it from there at once:
// other items may change what it points to. Otherwise results are left in out[i]. failed gets the errors that are returned.
// It is invalid for functions without parameters. Call it with [LoadedUnit.CallLoop].
func (u *LoadedUnit) Loop() (fn reflect.Value, each bool) {
	if !u.loop.IsValid() {
		return u.loop, false
	}
	value, _ := unit.Results(u.fn.Type())
	return u.loop, value != nil && !unit.Flat(value)
}

// Vars are the IDs of the unit's variables, sorted.
func (u *LoadedUnit) Vars() []string { return slices.Sorted(maps.Keys(u.vars)) }

// Var returns the variable with that ID, addressable. Units loaded into one session share variables of the same ID and type.
func (u *LoadedUnit) Var(id string) (reflect.Value, bool) {
	v, ok := u.vars[id]
	return v, ok
}
