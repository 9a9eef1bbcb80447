package bridge

import "reflect"

// assembly has stand-ins for functions that well-known modules write in assembly, which many others import and which have no
// build tag that leaves them out, by import path and name. Those of golang.org/x/sys/cpu tell of no features, so that
// whoever asks takes the way without assembly, which alone can be interpreted.
var assembly = map[string]any{
	"golang.org/x/sys/cpu.cpuid":           func(eaxArg, ecxArg uint32) (eax, ebx, ecx, edx uint32) { return },
	"golang.org/x/sys/cpu.xgetbv":          func() (eax, edx uint32) { return },
	"golang.org/x/sys/cpu.getisar0":        func() (v uint64) { return },
	"golang.org/x/sys/cpu.getisar1":        func() (v uint64) { return },
	"golang.org/x/sys/cpu.getmmfr1":        func() (v uint64) { return },
	"golang.org/x/sys/cpu.getpfr0":         func() (v uint64) { return },
	"golang.org/x/sys/cpu.getzfr0":         func() (v uint64) { return },
	"golang.org/x/sys/cpu.runtime_getAuxv": func() (v []uintptr) { return },
}

// standIn finds the stand-in for a function without a Go body.
func standIn(pkgPath, name string) (reflect.Value, bool) {
	key := pkgPath + "." + name
	if f, ok := assembly[key]; ok {
		return reflect.ValueOf(f), true
	}
	f, ok := systemCalls[key]
	return reflect.ValueOf(f), ok
}
