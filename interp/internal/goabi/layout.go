package goabi

import (
	"reflect"
	"unsafe"
)

// Flags of a map type.
const (
	MapNeedKeyUpdate  = 1 << iota // keys that are equal may differ, as 0 and -0
	MapHashMightPanic             // keys hold interfaces
	MapIndirectKey                // groups hold pointers to the keys
	MapIndirectElem               // … to the elements
)

// Fits reports whether t is the end of the descriptor of a map type whose entries the runtime keeps in such groups, by what reflect says of
// the type of the groups, and which has such flags.
func (t *MapTail) Fits(group reflect.Type, flags uint32) bool {
	if group.Kind() != reflect.Struct || group.NumField() != 2 || group.Field(1).Type.Kind() != reflect.Array {
		return false
	}
	slot := group.Field(1).Type.Elem()
	return slot.Kind() == reflect.Struct && slot.NumField() == 2 && t.fits(group, flags)
}

// ModuleData begins like runtime.moduledata, as far as its fields are used.
type ModuleData struct {
	_             unsafe.Pointer    // pcHeader
	_             [6]unsafe.Pointer // funcnametab, cutab
	_             [6]unsafe.Pointer // filetab, pctab
	_             [6]unsafe.Pointer // pclntable, ftab
	_             [3]uintptr        // findfunctab, minpc, maxpc
	_, _          uintptr           // text
	NoptrData, _  unsafe.Pointer
	Data, DataEnd unsafe.Pointer
	_             [4]uintptr // bss, noptrbss
	_, _          uintptr    // covctrs
	End, _, _     unsafe.Pointer
	segments                 // types to textsectmap, and what comes before ptab
	_             [3]uintptr // ptab
	_             [2]uintptr // pluginpath
	_, _          [3]uintptr // pkghashes, inittasks
	_             [2]uintptr // modulename
	_             [3]uintptr // modulehashes
	_, _          bool
	DataMask      struct {
		N     int32
		Bytes unsafe.Pointer
	}
}

// PanicRecord begins like runtime._panic.
type PanicRecord struct {
	Arg     any
	Link    *PanicRecord
	StartPC uintptr
	StartSP unsafe.Pointer // the end of the stack in runtime.gopanic, whose variable the record is
}

// Spent makes the record one of a panic that has no deferred calls left, and is called by what runtime.gopanic calls then, so that
// runtime.Goexit can end the goroutine. Since Go 1.27, that goes on from where the latest panic has looked for deferred calls, if the
// stack has the place where this began: after all calls it has looked everywhere, and there is no place to go on from. Spent reports false
// when the record is not what it is taken for, and leaves it as it is.
func (p *PanicRecord) Spent() bool {
	const frame = 1 << 10 // more than gopanic's variables have bytes
	if at := uintptr(unsafe.Pointer(p)) - uintptr(p.StartSP); at >= frame {
		return false
	}
	p.StartSP = nil
	return true
}
