package interp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"strings"

	"poolbook/interp/internal/vm"
)

// Compiled functions cannot be stopped, and those that read until nothing is left never end where there is no end: /dev/zero, a
// random source, a connection that goes on sending, an archive that unpacks to more than the memory. What they read with can be stopped: the
// readers that cells give them look before each read whether the cell that reads still runs.

// readsAll lists them, and the makers of readers that read on from what they were given.
var readsAll = []string{
	"io.ReadAll", "io/ioutil.ReadAll", "(*bytes.Buffer).ReadFrom", "(*bufio.Writer).ReadFrom", "io.Copy", "io.CopyBuffer", "io.CopyN",
	"io.ReadFull", "io.ReadAtLeast", "bufio.NewReader", "bufio.NewReaderSize",
}

// watchedReader is a reader of compiled code, as cells give it to compiled functions.
type watchedReader struct {
	machine *vm.Machine
	io.Reader
	keeps  bool  // what is read stays in memory
	size   int64 // bytes that were read
	looked int64 // when the memory was looked at
}

// lookAfter is how many bytes are read between looks at the memory.
const lookAfter = 16 << 20

// errCellOver is what a child's output ends with whose cell is over. The cell does not see it.
var errCellOver = errors.New("the cell has been ended")

// Read reads unless the cell whose code reads has been ended, or has to be because there is no memory left. It waits as long as the cell is held up.
func (w *watchedReader) Read(p []byte) (int, error) {
	r := w.machine.Running()
	switch {
	case r == nil:
	case w.size-w.looked >= lookAfter:
		kept := int64(0)
		if w.keeps {
			kept = w.size
		}
		if w.looked = w.size; !r.TakesOn(kept) {
			r.Leave() // after an error, the function would copy what it has
		}
	case !r.GoesOn():
		r.Leave()
	}
	n, err := w.Reader.Read(p)
	w.size += int64(n)
	return n, err
}

// watchedBuffer is what a child of a cell writes into. It has no other methods of the buffer: package os/exec would have that read by itself.
type watchedBuffer struct {
	buffer interface { // a *bytes.Buffer or *strings.Builder
		io.Writer
		Len() int
	}
	run    *vm.Run
	looked int
}

func (w *watchedBuffer) Write(p []byte) (int, error) {
	if n := w.buffer.Len(); n-w.looked >= lookAfter {
		if w.looked = n; !w.run.TakesOn(int64(n)) {
			return 0, errCellOver
		}
	}
	return w.buffer.Write(p)
}

// watchedWriter puts that around a buffer of a cell that a child is to write into; other writers stay.
func watchedWriter(r *vm.Run, w io.Writer) io.Writer {
	switch b := w.(type) {
	case *bytes.Buffer:
		if b != nil {
			return &watchedBuffer{buffer: b, run: r}
		}
	case *strings.Builder:
		if b != nil {
			return &watchedBuffer{buffer: b, run: r}
		}
	}
	return w
}

// watching makes the functions of readsAll, and those that read whole files, end with the cell.
func (s *Session) watching(m map[string]vm.Intrinsic) {
	for _, name := range readsAll {
		m[name] = func(r *vm.Run, args []reflect.Value) []reflect.Value {
			copies, keeps := copiesFiles(args[0]), keepsAll(name, args[0])
			for i, a := range args {
				if args[i] = s.redirect(r, a); !copies {
					args[i] = s.watched(args[i], keeps)
				}
			}
			f, _ := s.compiled(name)
			return invoke(f, args)
		}
	}
	for _, name := range []string{"os.ReadFile", "io/ioutil.ReadFile"} {
		m[name] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
			data, err := s.readFile(args[0].String())
			return []reflect.Value{reflect.ValueOf(data), errorValue(err)}
		}
	}
}

var typeReader = reflect.TypeFor[io.Reader]()

// watched puts what looks after the cell around a reader of the standard library. Readers of texts in memory have an end, and those of
// cells and modules are code that stops.
func (s *Session) watched(v reflect.Value, keeps bool) reflect.Value {
	if v.Type() != typeReader || v.IsNil() {
		return v
	}
	t := v.Elem().Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch path := t.PkgPath(); {
	case t == reflect.TypeFor[bufio.Reader](): // it is watched, or has an end; and bufio.NewReader returns it as it is
		return v
	case path == "", path == "main", path == "bytes", path == "strings", strings.Contains(path, "."), strings.HasPrefix(path, "poolbook/"):
		return v
	}
	w := reflect.New(typeReader).Elem()
	w.Set(reflect.ValueOf(&watchedReader{machine: s.machine, Reader: v.Interface().(io.Reader), keeps: keeps}))
	return w
}

// copiesFiles reports whether a destination has the system copy from files and connections.
func copiesFiles(to reflect.Value) bool {
	if to.Kind() != reflect.Interface || to.IsNil() {
		return false
	}
	switch to.Interface().(type) {
	case *os.File, net.Conn:
		return to.Type() != typeReader
	}
	return false
}

// keepsAll reports whether a function of readsAll, with that first argument, has in memory what it has read.
func keepsAll(name string, first reflect.Value) bool {
	if strings.HasPrefix(name, "io.Copy") && !first.IsNil() {
		switch first.Interface().(type) {
		case *bytes.Buffer, *strings.Builder:
			return true
		}
		return false
	}
	return strings.HasSuffix(name, ".ReadAll") || name == "(*bytes.Buffer).ReadFrom"
}

// readFile is [os.ReadFile]. Files whose size is known have an end.
func (s *Session) readFile(name string) ([]byte, error) {
	if info, err := os.Stat(name); err != nil || info.Mode().IsRegular() && info.Size() > 0 {
		return os.ReadFile(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(&watchedReader{machine: s.machine, Reader: f, keeps: true})
}
