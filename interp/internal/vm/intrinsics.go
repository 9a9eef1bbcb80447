package vm

import (
	"fmt"
	"io"
	"log"
	"os"
	"reflect"
	"runtime"
	"time"
)

// builtinIntrinsics are the compiled functions that must know the run: they
// block, end the program, or write to its output.
func builtinIntrinsics() map[string]Intrinsic {
	all := map[string]Intrinsic{
		"time.Sleep": func(r *Run, args []reflect.Value) []reflect.Value {
			r.sleep(time.Duration(args[0].Int()))
			return nil
		},
		"runtime.Goexit": func(*Run, []reflect.Value) []reflect.Value {
			runtime.Goexit()
			return nil
		},
		"os.Exit": func(r *Run, args []reflect.Value) []reflect.Value {
			r.Exit(int(args[0].Int()), "os.Exit")
			return nil
		},
		"(*os.File).Write": func(r *Run, args []reflect.Value) []reflect.Value {
			f := args[0].Interface().(*os.File)
			return counted(r.redirect(f).Write(args[1].Bytes()))
		},
		"(*os.File).WriteString": func(r *Run, args []reflect.Value) []reflect.Value {
			f := args[0].Interface().(*os.File)
			return counted(io.WriteString(r.redirect(f), args[1].String()))
		},
	}
	for name, format := range map[string]func(w io.Writer, args []reflect.Value) (int, error){
		"Print":   func(w io.Writer, args []reflect.Value) (int, error) { return fmt.Fprint(w, anys(args[0])...) },
		"Println": func(w io.Writer, args []reflect.Value) (int, error) { return fmt.Fprintln(w, anys(args[0])...) },
		"Printf": func(w io.Writer, args []reflect.Value) (int, error) {
			return fmt.Fprintf(w, args[0].String(), anys(args[1])...)
		},
	} {
		all["fmt."+name] = func(r *Run, args []reflect.Value) []reflect.Value {
			return counted(format(r.cfg.Stdout, args))
		}
		all["fmt.F"+lower(name)] = func(r *Run, args []reflect.Value) []reflect.Value {
			w, _ := args[0].Interface().(io.Writer)
			if f, ok := w.(*os.File); ok {
				w = r.redirect(f)
			}
			return counted(format(w, args[1:]))
		}
		text := func(args []reflect.Value) string {
			switch name {
			case "Print":
				return fmt.Sprint(anys(args[0])...)
			case "Println":
				return fmt.Sprintln(anys(args[0])...)
			}
			return fmt.Sprintf(args[0].String(), anys(args[1])...)
		}
		suffix := name[len("Print"):]
		all["log."+name] = func(r *Run, args []reflect.Value) []reflect.Value {
			r.logger().Output(2, text(args))
			return nil
		}
		all["log.Fatal"+suffix] = func(r *Run, args []reflect.Value) []reflect.Value {
			r.logger().Output(2, text(args))
			r.Exit(1, "log.Fatal"+suffix)
			return nil
		}
		all["log.Panic"+suffix] = func(r *Run, args []reflect.Value) []reflect.Value {
			s := text(args)
			r.logger().Output(2, s)
			panic(s)
		}
	}
	return all
}

func lower(s string) string { return string(s[0]+'a'-'A') + s[1:] }

// anys is the argument of a variadic ...any parameter.
func anys(v reflect.Value) []any {
	list, _ := v.Interface().([]any)
	return list
}

func counted(n int, err error) []reflect.Value {
	e := reflect.New(reflect.TypeFor[error]()).Elem()
	if err != nil {
		e.Set(reflect.ValueOf(err))
	}
	return []reflect.Value{reflect.ValueOf(n), e}
}

// redirect sends what is meant for the process's output to the run's.
func (r *Run) redirect(f *os.File) io.Writer {
	switch {
	case f == nil:
		return f
	case f == os.Stdout:
		return r.cfg.Stdout
	case f == os.Stderr:
		return r.cfg.Stderr
	}
	return f
}

// logger is the standard logger, writing to the run unless the program gave it
// another output.
func (r *Run) logger() *log.Logger {
	if log.Writer() != io.Writer(os.Stderr) {
		return log.Default()
	}
	return log.New(r.cfg.Stderr, log.Prefix(), log.Flags())
}

// sleep waits for d or the end of the run, whichever comes first.
func (r *Run) sleep(d time.Duration) {
	if d <= 0 {
		runtime.Gosched()
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.ctx.Done():
	}
}
