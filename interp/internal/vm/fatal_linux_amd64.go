package vm

import (
	"encoding/binary"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unsafe"
	"weak"

	"poolbook/interp/internal/goabi"
)

// The runtime ends the process when it finds two goroutines in one map, or a
// mutex unlocked that is not locked. The guard (mapguard.go) is there to find
// the first before the runtime does, and syncCalls are for the second; what
// remains is compiled code that no call of the program shows: a map used by way
// of reflect, of a function value, by two methods of an http.Header. So the
// functions that the packages of maps and of mutexes call then are replaced, by
// ones that panic in goroutines of a machine.
//
// What keeps this sound:
//   - those are ordinary functions that end the process, func(string) both before
//     and after; their callers are ordinary Go code, hold no lock of the runtime,
//     and leave maps and mutexes as they are found;
//   - a jump takes the place of their first instructions. It is written before the
//     first machine runs anything, and nobody runs code of theirs but to end the
//     process;
//   - where the system does not let code be written, or the function is not what it
//     is taken for, everything stays as it is.
//
// Why not in every goroutine? Poolbook's own faults should end the process.
//
// Two more functions end the process for reasons that cells may give. A panic that
// nobody recovers, in a goroutine of compiled code: callback.go keeps those of
// callbacks, so these are of the library's own, given a nil *bytes.Buffer for
// instance. All deferred calls have run by then, and the goroutine ends as by
// runtime.Goexit, which the runtime is made for. And os.Exit where a function value
// or the library itself calls it (a flag.FlagSet, testing.Main). Both are let alone
// where code of Poolbook's own is among the callers, panics also where there are
// others that are not of the library.

//go:linkname throw runtime.throw
func throw(s string)

//go:linkname beforeExit os.runtime_beforeExit
func beforeExit(code int)

// catchFatals replaces the functions, once in a process.
var catchFatals = sync.OnceFunc(func() {
	for _, f := range []struct {
		name string
		from any // a function that calls it, or calls one that does
		now  any // a function with the same parameters
	}{
		{"internal/runtime/maps.fatal", mapassign, mapFault},
		{"internal/sync.fatal", (*sync.Mutex).Unlock, syncFault},
		{"sync.fatal", (*sync.RWMutex).Unlock, syncFault},
		{"runtime.preprintpanics", panics, lastPanic},
		{"os.Exit", exits, exit},
		{"runtime.fatal", chanclose, bubbleFault},
	} {
		if old := findCall(codeOf(f.from), f.name, 3); old != nil {
			replaceCode(old, codeOf(f.now))
		}
	}
})

// codeOf returns the code of a function.
func codeOf(fn any) ptr {
	return **(**ptr)(unbox(rtypeOf(reflect.TypeOf(fn)), &(*iface)(ptr(&fn)).data))
}

// findCall looks in the code of a function, and of those that it calls, for a
// call of the function with a name, and returns its code; nil when there is none.
// The linker gives these functions to nobody by their names.
func findCall(code ptr, name string, depth int) ptr {
	const length = 5 // of CALL: E8, and how far it goes from its end
	size := codeSize(code)
	for at := 0; at+length < size; at++ {
		b := (*[length]byte)(unsafe.Add(code, at))
		if b[0] != 0xe8 {
			continue
		}
		to := unsafe.Add(code, at+length+int(int32(binary.LittleEndian.Uint32(b[1:]))))
		called := runtime.FuncForPC(uintptr(to))
		if called == nil || called.Entry() != uintptr(to) {
			continue // no call, but part of another instruction
		}
		if called.Name() == name {
			return to
		}
		if depth > 1 {
			if found := findCall(to, name, depth-1); found != nil {
				return found
			}
		}
	}
	return nil
}

// sameFunc reports whether an address belongs to the function that begins at code.
func sameFunc(code, at ptr) bool {
	f := runtime.FuncForPC(uintptr(at))
	return f != nil && f.Entry() == uintptr(code)
}

// codeSize is how many bytes the function that begins at code has. To ask for each of them took a process a millisecond of its start.
func codeSize(code ptr) int {
	is, not := 0, 1
	for sameFunc(code, unsafe.Add(code, not)) {
		is, not = not, 2*not
	}
	for not-is > 1 {
		if mid := (is + not) / 2; sameFunc(code, unsafe.Add(code, mid)) {
			is = mid
		} else {
			not = mid
		}
	}
	return not
}

// replaceCode makes the function at old go on at now.
func replaceCode(old, now ptr) {
	// MOVQ $now, R12; JMP R12: a register that holds no argument
	jump := append(binary.LittleEndian.AppendUint64([]byte{0x49, 0xbc}, uint64(uintptr(now))), 0x41, 0xff, 0xe4)
	if !sameFunc(old, unsafe.Add(old, len(jump)-1)) {
		return // it is shorter
	}
	page := uintptr(syscall.Getpagesize())
	start := uintptr(old) &^ (page - 1)
	n := (uintptr(old) + uintptr(len(jump)) - start + page - 1) &^ (page - 1)
	protect := func(how uintptr) bool {
		_, _, err := syscall.Syscall(syscall.SYS_MPROTECT, start, n, how)
		return err == 0
	}
	// Other goroutines run code in these pages, so they stay executable.
	if protect(syscall.PROT_READ | syscall.PROT_WRITE | syscall.PROT_EXEC) {
		copy(unsafe.Slice((*byte)(old), len(jump)), jump)
		protect(syscall.PROT_READ | syscall.PROT_EXEC)
	}
}

// machines are those whose goroutines may be found.
var machines struct {
	sync.Mutex
	list []weak.Pointer[Machine]
}

func (m *Machine) enlist() {
	catchFatals()
	machines.Lock()
	defer machines.Unlock()
	list := machines.list[:0]
	for _, w := range machines.list {
		if w.Value() != nil {
			list = append(list, w)
		}
	}
	clear(machines.list[len(list):])
	machines.list = append(list, weak.Make(m))
}

// current returns the machine's side of the running goroutine, nil when no
// machine runs it.
func current() *goroutine {
	id := goid()
	machines.Lock()
	defer machines.Unlock()
	for _, w := range machines.list {
		if m := w.Value(); m != nil {
			if g, ok := m.running.Load(id); ok {
				return g.(*goroutine)
			}
		}
	}
	return nil
}

// mapFault is called instead of internal/runtime/maps.fatal.
func mapFault(s string) {
	g := current()
	if g == nil {
		throw(s)
	}
	f := &Fatal{Message: s}
	switch {
	case strings.Contains(s, "iteration"):
		f.Message += ": one goroutine wrote a map while another ranged over it"
	case strings.Contains(s, "read"):
		f.Message += ": one goroutine wrote a map while another read it"
	case strings.HasPrefix(s, "concurrent map writes"):
		f.Message += ": two goroutines wrote a map at the same time"
	}
	g.fatal(f)
}

// syncFault is called instead of the fatal functions of sync and internal/sync.
func syncFault(s string) {
	if current() == nil {
		throw(s)
	}
	panic(fatalError(s))
}

func panics() { panic("") }

func exits() { os.Exit(0) }

// lastPanic is called instead of runtime.preprintpanics, when all deferred calls of a panic have run and before the process ends.
func lastPanic(p *goabi.PanicRecord) {
	if m := anyMachine(); m != nil {
		if where := libraryAlone("lastPanic"); where != "" && p.Spent() {
			m.panicked(p.Arg, where)
			runtime.Goexit()
		}
	}
	for ; p != nil; p = p.Link { // what the runtime cannot print is made text
		switch v := p.Arg.(type) {
		case error:
			p.Arg = v.Error()
		case fmt.Stringer:
			p.Arg = v.String()
		}
	}
}

// bubbleFault is called instead of runtime.fatal, which is what package testing/synctest has for a channel or a timer of a bubble that is
// used outside. Its callers hold no lock then.
func bubbleFault(s string) {
	if !bubbles.Load() || !strings.Contains(s, "of synctest") && !strings.Contains(s, "on synctest") || current() == nil {
		throw(s)
	}
	panic(fatalError(s))
}

// exit is called instead of os.Exit.
func exit(code int) {
	leave := processEnds.Load()
	if g := current(); g != nil && !leave {
		g.run.Exit(code, "os.Exit")
	}
	if m := anyMachine(); m != nil && !leave && libraryAlone("exit") != "" {
		m.latestRun().report(&Exit{Code: code, ByWhat: "os.Exit"})
		runtime.Goexit()
	}
	beforeExit(code)
	syscall.Exit(code)
}

// anyMachine is the one that was made last.
func anyMachine() *Machine {
	machines.Lock()
	defer machines.Unlock()
	for _, w := range slices.Backward(machines.list) {
		if m := w.Value(); m != nil {
			return m
		}
	}
	return nil
}
