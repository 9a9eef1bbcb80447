package vm

import (
	"fmt"
	"io"
	"os"
)

// fmtCalls are the printing functions of package fmt, whose output is the
// run's. They take their arguments where they are in the frame: by way of
// reflect, as intrinsics do, a call takes 1 µs more.
func fmtCalls() map[string]compiledCall {
	anys := func(fp ptr, s slot) []any { return *at[[]any](fp, s.off) }
	done := func(g *goroutine, fp ptr, out uint32, n int, err error) {
		*at[int](fp, out) = n
		*at[error](fp, out+8) = err
		g.checkStop()
	}
	return map[string]compiledCall{
		"fmt.Print": func(g *goroutine, fp ptr, args []slot, out uint32) {
			n, err := fmt.Fprint(g.run.cfg.Print, anys(fp, args[0])...)
			done(g, fp, out, n, err)
		},
		"fmt.Println": func(g *goroutine, fp ptr, args []slot, out uint32) {
			n, err := fmt.Fprintln(g.run.cfg.Print, anys(fp, args[0])...)
			done(g, fp, out, n, err)
		},
		"fmt.Printf": func(g *goroutine, fp ptr, args []slot, out uint32) {
			n, err := fmt.Fprintf(g.run.cfg.Print, *at[string](fp, args[0].off), anys(fp, args[1])...)
			done(g, fp, out, n, err)
		},
		"fmt.Fprint": func(g *goroutine, fp ptr, args []slot, out uint32) {
			n, err := fmt.Fprint(g.run.writer(fp, args[0]), anys(fp, args[1])...)
			done(g, fp, out, n, err)
		},
		"fmt.Fprintln": func(g *goroutine, fp ptr, args []slot, out uint32) {
			n, err := fmt.Fprintln(g.run.writer(fp, args[0]), anys(fp, args[1])...)
			done(g, fp, out, n, err)
		},
		"fmt.Fprintf": func(g *goroutine, fp ptr, args []slot, out uint32) {
			n, err := fmt.Fprintf(g.run.writer(fp, args[0]), *at[string](fp, args[1].off), anys(fp, args[2])...)
			done(g, fp, out, n, err)
		},
	}
}

// writer is the io.Writer in the frame; the run's own for a file that stands
// for the process's output.
func (r *Run) writer(fp ptr, s slot) io.Writer {
	w := *at[io.Writer](fp, s.off)
	if f, ok := w.(*os.File); ok {
		return r.redirect(f)
	}
	return w
}

// redirect sends what is meant for the process's output to the run's.
func (r *Run) redirect(f *os.File) io.Writer {
	switch {
	case f == nil:
	case r.cfg.File != nil:
		if w := r.cfg.File(f); w != nil {
			if bubbles.Load() {
				return outsideWriter{w}
			}
			return w
		}
	case f == os.Stdout:
		return r.cfg.Stdout
	case f == os.Stderr:
		return r.cfg.Stderr
	}
	return f
}
