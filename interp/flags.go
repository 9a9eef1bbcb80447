package interp

import (
	"flag"
	"reflect"
	"sync"

	"poolbook/interp/internal/vm"
)

// flags is what package flag is for a session: its command line, on which a cell that is run again may define its flags again.
type flags struct {
	s  *Session
	mu sync.Mutex
	by map[*flag.Flag]*vm.Run // the cell that defined a flag last; guarded by mu
}

// flagDefinitions are the functions of package flag, and methods of its FlagSet, that define flags. They and flagFunctions are listed
// since asking reflect for a type's methods is slow.
var flagDefinitions = []string{
	"Bool", "BoolFunc", "BoolVar", "Duration", "DurationVar", "Float64", "Float64Var", "Func", "Int", "Int64", "Int64Var", "IntVar", "String", "StringVar",
	"TextVar", "Uint", "Uint64", "Uint64Var", "UintVar", "Var",
}

// flagFunctions are the other functions of package flag that are methods of its FlagSet, but for Parse.
var flagFunctions = []string{"Arg", "Args", "Lookup", "NArg", "NFlag", "Parsed", "PrintDefaults", "Set", "Visit", "VisitAll"}

func (f *flags) intrinsics(s *Session, m map[string]vm.Intrinsic) {
	f.s, f.by = s, map[*flag.Flag]*vm.Run{}
	call := func(name string, args []reflect.Value) []reflect.Value {
		return invoke(reflect.ValueOf(f.commandLine()).MethodByName(name), args)
	}
	for _, name := range flagDefinitions {
		m["flag."+name] = func(r *vm.Run, args []reflect.Value) []reflect.Value { return f.define(r, f.commandLine(), name, args) }
		m["(*flag.FlagSet)."+name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			return f.define(r, args[0].Interface().(*flag.FlagSet), name, args[1:])
		}
	}
	for _, name := range flagFunctions {
		m["flag."+name] = func(_ *vm.Run, args []reflect.Value) []reflect.Value { return call(name, args) }
	}
	m["flag.Parse"] = func(r *vm.Run, _ []reflect.Value) []reflect.Value {
		_ = parseFlags(r, "flag.Parse", f.commandLine(), (*s.streams.vars.args)[1:])
		return nil
	}
	m["(*flag.FlagSet).Parse"] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
		return []reflect.Value{errorValue(parseFlags(r, "(*flag.FlagSet).Parse", args[0].Interface().(*flag.FlagSet), args[1].Interface().([]string)))}
	}
}

func (f *flags) commandLine() *flag.FlagSet { return *f.s.streams.vars.commandLine }

// define calls a method of to that defines a flag. On the command line, a flag that an earlier cell has defined gets its new meaning: a cell
// can be run again, as it can define its variables again. Packages of modules and programs cannot do that.
func (f *flags) define(r *vm.Run, to *flag.FlagSet, name string, args []reflect.Value) []reflect.Value {
	if to != f.commandLine() || !f.s.callerIsCell(r) {
		return invoke(reflect.ValueOf(to).MethodByName(name), args)
	}
	scratch := flag.NewFlagSet("", flag.ContinueOnError)
	results := invoke(reflect.ValueOf(scratch).MethodByName(name), args)
	scratch.VisitAll(func(defined *flag.Flag) {
		f.mu.Lock()
		defer f.mu.Unlock()
		old := to.Lookup(defined.Name)
		if by, ok := f.by[old]; ok && by != r {
			*old = *defined
		} else {
			to.Var(defined.Value, defined.Name, defined.Usage) // panics where package flag does
			old = to.Lookup(defined.Name)
			old.DefValue = defined.DefValue
		}
		f.by[old] = r
	})
	return results
}

// parseFlags is fs.Parse; what would end the process, ends the cell or the program.
func parseFlags(r *vm.Run, by string, fs *flag.FlagSet, args []string) error {
	mode := fs.ErrorHandling()
	if mode != flag.ExitOnError {
		return fs.Parse(args)
	}
	fs.Init(fs.Name(), flag.ContinueOnError)
	defer fs.Init(fs.Name(), mode)
	switch err := fs.Parse(args); err {
	case nil:
	case flag.ErrHelp:
		r.Exit(0, by)
	default:
		r.Exit(2, by)
	}
	return nil
}

// callerIsCell reports whether the code that calls an intrinsic is a cell's.
func (s *Session) callerIsCell(r *vm.Run) bool {
	if host, ok := r.Host().(*cellRun); ok && host.program {
		return false
	}
	frames := s.machine.Callers()
	if len(frames) == 0 || frames[0].Func == nil {
		return false
	}
	fn := frames[0].Func
	if origin := fn.Origin(); origin != nil {
		fn = origin
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return fn.Pkg != nil && s.env.IsCell(fn.Pkg.Pkg)
}
