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
		"runtime.SetFinalizer": func(_ *Run, args []reflect.Value) []reflect.Value {
			setFinalizer(args[0].Interface(), args[1].Interface())
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
	for _, name := range []string{"Print", "Println", "Printf"} {
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
	if inBubble() {
		time.Sleep(d)
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.ctx.Done():
	}
}
