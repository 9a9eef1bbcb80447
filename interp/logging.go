package interp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"
	"weak"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/check"
	"poolbook/interp/internal/vm"
)

// logging is what packages log and log/slog are for a session: default loggers of its own, which write to the standard error of the
// cell that is running, and places in cells where compiled code would name its own callers.
type logging struct {
	s     *Session
	std   *log.Logger
	level slog.LevelVar // of the default handler, and of what package log passes on to slog

	mu      sync.Mutex
	current *slog.Logger
	writing sync.Map // weak.Pointer[log.Logger] → *sync.Mutex
}

func (s *Session) logging(m map[string]vm.Intrinsic) {
	l := &logging{s: s, std: log.New(stream{s: s, err: true}, "", log.LstdFlags)}
	l.current = slog.New(&defaultHandler{l: l})
	l.log(m)
	l.slog(m)
	s.logs = l
}

// log makes package log's functions those of the session's logger, and its loggers name cells.
func (l *logging) log(m map[string]vm.Intrinsic) {
	std := reflect.ValueOf(l.std)
	for _, name := range []string{"Flags", "SetFlags", "Prefix", "SetPrefix", "Writer", "SetOutput"} {
		f := std.MethodByName(name)
		m["log."+name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			for i, a := range args {
				args[i] = l.s.redirect(r, a)
			}
			return f.Call(args)
		}
	}
	m["log.Default"] = func(*vm.Run, []reflect.Value) []reflect.Value { return []reflect.Value{std} }

	method := func(name string, f func(r *vm.Run, to *log.Logger, args []reflect.Value) []reflect.Value) {
		m["log."+name] = func(r *vm.Run, args []reflect.Value) []reflect.Value { return f(r, l.std, args) }
		m["(*log.Logger)."+name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			return f(r, args[0].Interface().(*log.Logger), args[1:])
		}
	}
	method("Output", func(_ *vm.Run, to *log.Logger, args []reflect.Value) []reflect.Value {
		return []reflect.Value{errorValue(l.output(to, int(args[0].Int()), args[1].String()))}
	})
	for suffix, text := range map[string]func(args []reflect.Value) string{
		"":   func(args []reflect.Value) string { return fmt.Sprint(args[0].Interface().([]any)...) },
		"ln": func(args []reflect.Value) string { return fmt.Sprintln(args[0].Interface().([]any)...) },
		"f": func(args []reflect.Value) string {
			return fmt.Sprintf(args[0].String(), args[1].Interface().([]any)...)
		},
	} {
		method("Print"+suffix, func(_ *vm.Run, to *log.Logger, args []reflect.Value) []reflect.Value {
			if to.Writer() != io.Discard {
				_ = l.output(to, 1, text(args))
			}
			return nil
		})
		method("Panic"+suffix, func(_ *vm.Run, to *log.Logger, args []reflect.Value) []reflect.Value {
			s := text(args)
			_ = l.output(to, 1, s)
			panic(s)
		})
		method("Fatal"+suffix, func(r *vm.Run, to *log.Logger, args []reflect.Value) []reflect.Value {
			_ = l.output(to, 1, text(args))
			r.Exit(1, "log.Fatal"+suffix)
			return nil
		})
	}
}

// output is the logger's Output. When it names the place of the call, the logger itself would name the machine's: the place is made part of
// the text then, which comes after it in the line.
func (l *logging) output(to *log.Logger, depth int, text string) error {
	flags, prefix := to.Flags(), to.Prefix()
	const files = log.Lshortfile | log.Llongfile
	if flags&files == 0 {
		return to.Output(depth, text)
	}
	file, line := "???", 0
	if frames := l.s.machine.Callers(); depth > 0 && depth <= len(frames) {
		file, line = l.s.position(frames[depth-1])
	}
	if flags&log.Lshortfile != 0 {
		file = file[strings.LastIndexByte(file, '/')+1:]
	}
	place := fmt.Sprintf("%s:%d: ", file, line)
	if flags&log.Lmsgprefix != 0 {
		place, prefix = place+prefix, ""
	}
	mu := l.lock(to)
	defer mu.Unlock()
	return log.New(to.Writer(), prefix, flags&^(files|log.Lmsgprefix)).Output(depth, place+text)
}

// lock takes a lock that stands for the logger's own.
func (l *logging) lock(of *log.Logger) *sync.Mutex {
	key := weak.Make(of)
	mu, known := l.writing.LoadOrStore(key, &sync.Mutex{})
	if !known {
		runtime.AddCleanup(of, func(struct{}) { l.writing.Delete(key) }, struct{}{})
	}
	mu.(*sync.Mutex).Lock()
	return mu.(*sync.Mutex)
}

// position is the file, as "cell [3]", and the line of a call.
func (s *Session) position(f vm.Frame) (file string, line int) {
	if !f.Pos.IsValid() {
		return "???", 0
	}
	return s.machine.Position(f)
}

// slog makes package slog's functions those of the session's default logger, and its handlers name cells.
func (l *logging) slog(m map[string]vm.Intrinsic) {
	get := func() *slog.Logger {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.current
	}
	m["log/slog.With"] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(get().With(args[0].Interface().([]any)...))}
	}
	l.records(m, get)
	m["log/slog.Default"] = func(*vm.Run, []reflect.Value) []reflect.Value { return []reflect.Value{reflect.ValueOf(get())} }
	m["log/slog.SetDefault"] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
		now := args[0].Interface().(*slog.Logger)
		l.mu.Lock()
		l.current = now
		l.mu.Unlock()
		if _, ok := now.Handler().(*defaultHandler); !ok { // what package log prints goes there too
			l.std.SetOutput(&recordWriter{l, now.Handler()})
			l.std.SetFlags(0)
		}
		return nil
	}
	m["log/slog.SetLogLoggerLevel"] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
		old := l.level.Level()
		l.level.Set(slog.Level(args[0].Int()))
		return []reflect.Value{reflect.ValueOf(old)}
	}
	for _, name := range []string{"log/slog.NewTextHandler", "log/slog.NewJSONHandler"} {
		f, ok := l.s.compiled(name)
		if !ok {
			continue
		}
		m[name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			args[0] = l.s.redirect(r, args[0])
			if o, _ := args[1].Interface().(*slog.HandlerOptions); o != nil && o.AddSource {
				args[1] = reflect.ValueOf(l.withSource(*o))
			}
			return f.Call(args)
		}
	}
}

// records makes the loggers' methods, and the functions of their names, log records whose program counters are places of the calls in cells.
func (l *logging) records(m map[string]vm.Intrinsic, std func() *slog.Logger) {
	log := func(to *slog.Logger, ctx context.Context, level slog.Level, msg string, add func(*slog.Record)) []reflect.Value {
		if ctx == nil {
			ctx = context.Background()
		}
		if to.Enabled(ctx, level) {
			record := slog.NewRecord(time.Now(), level, msg, l.s.machine.CallerPC())
			add(&record)
			_ = to.Handler().Handle(ctx, record)
		}
		return nil
	}
	both := func(name string, f func(to *slog.Logger, args []reflect.Value) []reflect.Value) {
		m["log/slog."+name] = func(_ *vm.Run, args []reflect.Value) []reflect.Value { return f(std(), args) }
		m["(*log/slog.Logger)."+name] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
			return f(args[0].Interface().(*slog.Logger), args[1:])
		}
	}
	context := func(v reflect.Value) context.Context {
		ctx, _ := v.Interface().(context.Context)
		return ctx
	}
	added := func(list reflect.Value) func(*slog.Record) {
		return func(r *slog.Record) { r.Add(list.Interface().([]any)...) }
	}
	for name, level := range map[string]slog.Level{
		"Debug": slog.LevelDebug, "Info": slog.LevelInfo, "Warn": slog.LevelWarn, "Error": slog.LevelError,
	} {
		both(name, func(to *slog.Logger, args []reflect.Value) []reflect.Value {
			return log(to, nil, level, args[0].String(), added(args[1]))
		})
		both(name+"Context", func(to *slog.Logger, args []reflect.Value) []reflect.Value {
			return log(to, context(args[0]), level, args[1].String(), added(args[2]))
		})
	}
	both("Log", func(to *slog.Logger, args []reflect.Value) []reflect.Value {
		return log(to, context(args[0]), slog.Level(args[1].Int()), args[2].String(), added(args[3]))
	})
	both("LogAttrs", func(to *slog.Logger, args []reflect.Value) []reflect.Value {
		attrs := args[3].Interface().([]slog.Attr)
		return log(to, context(args[0]), slog.Level(args[1].Int()), args[2].String(), func(r *slog.Record) { r.AddAttrs(attrs...) })
	})
	m["(log/slog.Record).Source"] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
		r := args[0].Interface().(slog.Record)
		src := r.Source()
		if frames := l.s.machine.Frames(r.PC); src != nil && len(frames) > 0 {
			src = &slog.Source{Function: frames[0].Function, File: frames[0].File, Line: frames[0].Line}
		}
		return []reflect.Value{reflect.ValueOf(src)}
	}
}

// withSource makes a handler's sources those of the cells: it is told of each one as it tells ReplaceAttr.
func (l *logging) withSource(o slog.HandlerOptions) *slog.HandlerOptions {
	replace := o.ReplaceAttr
	o.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
		if src, ok := a.Value.Any().(*slog.Source); ok && len(groups) == 0 && a.Key == slog.SourceKey {
			if f, ok := l.caller(); ok {
				src.File, src.Line = l.s.position(f)
				src.Function = strings.Replace(f.Name, check.Entry, "main", 1)
			}
		}
		if replace != nil {
			return replace(groups, a)
		}
		return a
	}
	return &o
}

// caller is the place in a cell that logs: not in a handler, which was given a record, nor in a function that made one for its caller.
func (l *logging) caller() (vm.Frame, bool) {
	for _, f := range l.s.machine.Callers() {
		if f.Pos.IsValid() && f.Func != nil && !handlesRecords(f.Func) {
			return f, true
		}
	}
	return vm.Frame{}, false
}

func handlesRecords(f *ssa.Function) bool {
	for v := range f.Signature.Params().Variables() {
		if v.Type().String() == "log/slog.Record" {
			return true
		}
	}
	for _, b := range f.Blocks {
		for _, in := range b.Instrs {
			if call, ok := in.(*ssa.Call); ok && call.Call.StaticCallee() != nil && call.Call.StaticCallee().String() == "log/slog.NewRecord" {
				return true
			}
		}
	}
	return false
}

// defaultHandler is slog's default handler with the session's logger below it: 2009/11/10 23:00:00 INFO hello count=3.
type defaultHandler struct {
	l    *logging
	with []func(slog.Handler) slog.Handler // attributes and groups
}

func (h *defaultHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.l.level.Level()
}

// noMessage is the message of records of which only the attributes are wanted.
const noMessage = "\x00"

func (h *defaultHandler) Handle(ctx context.Context, r slog.Record) error {
	var b bytes.Buffer
	fmt.Fprint(&b, r.Level, " ", r.Message, " ")
	var attrs slog.Handler = slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if _, isLevel := a.Value.Any().(slog.Level); len(groups) == 0 && (isLevel && a.Key == slog.LevelKey || a.Key == slog.MessageKey && a.Value.String() == noMessage) {
			return slog.Attr{}
		}
		return a
	}})
	for _, f := range h.with {
		attrs = f(attrs)
	}
	only := slog.NewRecord(time.Time{}, slog.LevelError, noMessage, 0)
	r.Attrs(func(a slog.Attr) bool { only.AddAttrs(a); return true })
	if err := attrs.Handle(ctx, only); err != nil {
		return err
	}
	depth := 0
	if f, ok := h.l.caller(); ok {
		for i, g := range h.l.s.machine.Callers() {
			if g == f {
				depth = i + 1
				break
			}
		}
	}
	return h.l.output(h.l.std, depth, strings.TrimSuffix(strings.TrimSuffix(b.String(), "\n"), " "))
}

func (h *defaultHandler) and(f func(slog.Handler) slog.Handler) slog.Handler {
	return &defaultHandler{h.l, append(h.with[:len(h.with):len(h.with)], f)}
}

func (h *defaultHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.and(func(to slog.Handler) slog.Handler { return to.WithAttrs(attrs) })
}

func (h *defaultHandler) WithGroup(name string) slog.Handler {
	return h.and(func(to slog.Handler) slog.Handler { return to.WithGroup(name) })
}

// recordWriter makes records of the lines that package log prints.
type recordWriter struct {
	l  *logging
	to slog.Handler
}

func (w *recordWriter) Write(p []byte) (int, error) {
	level, ctx := w.l.level.Level(), context.Background()
	if !w.to.Enabled(ctx, level) {
		return 0, nil
	}
	return len(p), w.to.Handle(ctx, slog.NewRecord(time.Now(), level, strings.TrimSuffix(string(p), "\n"), 0))
}
