package interp

import (
	"fmt"
	"io"
	"os"
	"reflect"

	"poolbook/interp/display"
	"poolbook/interp/internal/vm"
)

// takesStream lists compiled functions that are commonly given os.Stdout, os.Stderr or os.Stdin: the session's file among
// their arguments is replaced by a writer or reader of the cell, which keeps the order of output without a pipe and lets input be asked
// for when it is read.
var takesStream = []string{
	"bufio.NewReader", "bufio.NewReaderSize", "bufio.NewWriter", "bufio.NewWriterSize", "bufio.NewScanner",
	"encoding/csv.NewReader", "encoding/csv.NewWriter", "encoding/json.NewDecoder", "encoding/json.NewEncoder", "encoding/xml.NewEncoder",
	"encoding/hex.Dumper",
	"fmt.Fscan", "fmt.Fscanf", "fmt.Fscanln",
	"io.Copy", "io.CopyN", "io.LimitReader", "io.MultiReader", "io.MultiWriter", "io.ReadAll", "io.ReadAtLeast", "io.ReadFull", "io.TeeReader", "io.WriteString",
	"log.New", "text/tabwriter.NewWriter", "(*text/tabwriter.Writer).Init",
	"(*text/template.Template).Execute", "(*html/template.Template).Execute", "(*log.Logger).SetOutput", "(*strings.Reader).WriteTo", "(*bytes.Buffer).WriteTo",
}

// intrinsics returns the functions that know the session: those of the configuration, standard streams, package log's and slog's default
// loggers, package flag's command line.
func (s *Session) intrinsics(extra map[string]func(c Call, args []reflect.Value) []reflect.Value) (map[string]vm.Intrinsic, error) {
	m := map[string]vm.Intrinsic{}
	for _, name := range takesStream {
		m[name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			f, _ := s.compiled(name) // when called: most sessions call few of them
			for i, a := range args {
				args[i] = s.redirect(r, a)
			}
			return invoke(f, args)
		}
	}
	s.watching(m)
	s.files(m)
	switch p := s.streams.process; {
	case p == nil:
		s.rawWrites(m)
	case p.captured:
		s.rawWrites(m)
		s.errorByName(m)
	}
	s.scanning(m)
	s.logging(m)
	s.flags.intrinsics(s, m)
	s.displaying(m)
	s.testLogs.intrinsics(s, m)
	registering(m)
	ending(m)
	children(m)
	for name, f := range extra {
		if _, ok := s.compiled(name); !ok {
			return nil, fmt.Errorf("no compiled function %s", name)
		}
		m[name] = func(r *vm.Run, args []reflect.Value) []reflect.Value { return f(call{r}, args) }
	}
	return m, nil
}

// compiled finds the compiled function of a key like "fmt.Println" or "(*os.File).Write".
func (s *Session) compiled(key string) (reflect.Value, bool) {
	path, typ, name := splitKey(key)
	if typ == "" {
		f, ok := s.bridge.Lookup(path, name)
		return f, ok && f.Kind() == reflect.Func
	}
	ptr := typ[0] == '*'
	if ptr {
		typ = typ[1:]
	}
	t, ok := s.bridge.Type(path, typ)
	if !ok {
		return reflect.Value{}, false
	}
	if ptr {
		t = reflect.PointerTo(t)
	}
	m, ok := t.MethodByName(name)
	return m.Func, ok
}

// splitKey takes "path.Func", "(path.T).M" or "(*path.T).M" apart; typ is "T" or "*T".
func splitKey(key string) (path, typ, name string) {
	dot := lastDot(key)
	name = key[dot+1:]
	recv := key[:dot]
	if recv == "" || recv[0] != '(' {
		return recv, "", name
	}
	recv = recv[1 : len(recv)-1]
	star := ""
	if recv[0] == '*' {
		star, recv = "*", recv[1:]
	}
	dot = lastDot(recv)
	return recv[:dot], star + recv[dot+1:], name
}

func lastDot(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '.' {
			return i
		}
	}
	return 0
}

// invoke calls a compiled function with arguments as intrinsics get them: variadic ones as one slice.
func invoke(f reflect.Value, args []reflect.Value) []reflect.Value {
	if f.Type().IsVariadic() {
		return f.CallSlice(args)
	}
	return f.Call(args)
}

// redirect replaces the session's file in an interface argument (or in a slice of them) by the cell's own stream.
func (s *Session) redirect(r *vm.Run, v reflect.Value) reflect.Value {
	if !s.streams.pipes.Load() {
		return v
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		f, ok := v.Interface().(*os.File)
		if !ok {
			return v
		}
		var to any
		switch f {
		case s.streams.stdout:
			to = stream{s, r, false}
		case s.streams.stderr:
			to = stream{s, r, true}
		case s.streams.stdin:
			to = s.input(r)
		default:
			return v
		}
		if n := reflect.ValueOf(to); n.Type().AssignableTo(v.Type()) {
			w := reflect.New(v.Type()).Elem()
			w.Set(n)
			return w
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Interface {
			v = reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v)
			for i := range v.Len() {
				v.Index(i).Set(s.redirect(r, v.Index(i)))
			}
		}
	}
	return v
}

// files makes the methods of os.Stdout, os.Stderr and os.Stdin go to the cell.
func (s *Session) files(m map[string]vm.Intrinsic) {
	for _, name := range []string{"Write", "WriteString", "Read", "Close"} {
		m["(*os.File)."+name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			file, _ := args[0].Interface().(*os.File)
			var w io.Writer
			switch {
			case file == nil || !s.streams.pipes.Load():
			case file == s.streams.stdout:
				w = r.Stdout()
			case file == s.streams.stderr:
				w = r.Stderr()
			case file == s.streams.stdin && name == "Read":
				return results(s.input(r).Read(args[1].Bytes()))
			}
			switch {
			case w == nil:
			case name == "Write":
				return results(w.Write(args[1].Bytes()))
			case name == "WriteString":
				return results(w.Write([]byte(args[1].String())))
			case name == "Close":
				return []reflect.Value{errorValue(nil)} // the notebook's streams stay open
			}
			return args[0].MethodByName(name).Call(args[1:])
		}
	}
}

// rawWrites makes the standard streams of the process those of the cell for syscall.Write too: the process's own are a kernel's log,
// or what a worker speaks to its pool by.
func (s *Session) rawWrites(m map[string]vm.Intrinsic) {
	m["syscall.Write"] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
		if args[0].CanInt() {
			switch args[0].Int() {
			case 1:
				return results(r.Stdout().Write(args[1].Bytes()))
			case 2:
				return results(r.Stderr().Write(args[1].Bytes()))
			}
		}
		f, _ := s.compiled("syscall.Write")
		return f.Call(args)
	}
}

// errorByName makes standard error, where it is opened by number or by name, the one that os.Stderr is: see Process.capture.
func (s *Session) errorByName(m map[string]vm.Intrinsic) {
	m["os.NewFile"] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
		if args[0].Uint() == 2 {
			if f, err := again(s.streams.stderr.Fd(), args[1].String()); err == nil {
				return []reflect.Value{reflect.ValueOf(f)}
			}
		}
		return []reflect.Value{reflect.ValueOf(os.NewFile(uintptr(args[0].Uint()), args[1].String()))}
	}
	for _, name := range []string{"os.OpenFile", "os.Create", "os.WriteFile"} {
		m[name] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
			switch args[0].String() {
			case "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2":
				args[0] = reflect.ValueOf(descriptorPath(s.streams.stderr.Fd()))
			}
			f, _ := s.compiled(name)
			return f.Call(args)
		}
	}
}

func results(n int, err error) []reflect.Value {
	return []reflect.Value{reflect.ValueOf(n), errorValue(err)}
}

func errorValue(err error) reflect.Value {
	v := reflect.New(reflect.TypeFor[error]()).Elem()
	if err != nil {
		v.Set(reflect.ValueOf(err))
	}
	return v
}

// scanning makes fmt.Scan and its kin read the cell's standard input.
func (s *Session) scanning(m map[string]vm.Intrinsic) {
	for scan, fscan := range map[string]any{"fmt.Scan": fmt.Fscan, "fmt.Scanln": fmt.Fscanln, "fmt.Scanf": fmt.Fscanf} {
		f := reflect.ValueOf(fscan)
		m[scan] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			if file, ok := s.streams.assignedInput(); ok || s.streams.plain() {
				return f.CallSlice(append([]reflect.Value{reflect.ValueOf(io.Reader(file))}, args...))
			}
			return f.CallSlice(append([]reflect.Value{reflect.ValueOf(io.Reader(oneByte{s.input(r)}))}, args...))
		}
	}
}

// oneByte reads single bytes, as fmt.Scan does of a file: it must not take more of the input than it scans.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) {
	if len(p) > 1 {
		p = p[:1]
	}
	return o.r.Read(p)
}

// displaying makes package display's functions show in the cell that calls them.
func (s *Session) displaying(m map[string]vm.Intrinsic) {
	const path = "poolbook/interp/display."
	for _, name := range display.Functions() {
		f, ok := s.compiled(path + name)
		if !ok {
			return // the session was not given the package
		}
		m[path+name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			host, ok := call{r}.Cell().Host.(display.Host)
			if !ok {
				return f.Call(args)
			}
			s.streams.drain()
			return reflect.ValueOf(display.On(outsideHost{host})).MethodByName(name).Call(args)
		}
	}
	for _, name := range []string{"Input", "Password"} {
		m[path+name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			var line string
			var err error
			if asker, ok := (call{r}).Cell().Host.(display.Asker); ok {
				s.streams.drain()
				line, err = asker.Ask(r.Context(), args[0].String(), name == "Password")
			} else {
				line, err = display.ReadLine(args[0].String(), r.Stdout(), s.input(r))
			}
			return []reflect.Value{reflect.ValueOf(line), errorValue(err)}
		}
	}
}

// input is the standard input for code of a run: its cell's while that runs, then that of the latest cell.
func (s *Session) input(r *vm.Run) io.Reader {
	if c, ok := r.Host().(*cellRun); ok && c.running.Load() {
		return input{s.streams, c, r.Context()}
	}
	return input{s: s.streams, ctx: r.Context()}
}

// ending makes functions that would end the process end the cell, or nothing.
func ending(m map[string]vm.Intrinsic) {
	m["runtime.Breakpoint"] = func(*vm.Run, []reflect.Value) []reflect.Value { return nil } // a SIGTRAP without a debugger
	// limits of the process, beyond which it ends: cells have the machine's own
	m["runtime/debug.SetMaxStack"] = func(*vm.Run, []reflect.Value) []reflect.Value { return []reflect.Value{reflect.ValueOf(1_000_000_000)} }
	m["runtime/debug.SetMaxThreads"] = func(*vm.Run, []reflect.Value) []reflect.Value { return []reflect.Value{reflect.ValueOf(10_000)} }
	m["syscall.Exit"] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
		r.Exit(int(args[0].Int()), "syscall.Exit")
		return nil
	}
}

// outsideHost shows outside of bubbles of testing/synctest: front ends make channels and timers as they like.
type outsideHost struct{ host display.Host }

func (o outsideHost) Display(b display.Bundle, id string, update bool) {
	vm.CallOutside(func() { o.host.Display(b, id, update) })
}

func (o outsideHost) Clear(wait bool) { vm.CallOutside(func() { o.host.Clear(wait) }) }
