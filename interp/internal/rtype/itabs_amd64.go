package rtype

import (
	"encoding/binary"
	"unsafe"
)

// pointersRead returns the addresses of the variables that the first instructions of a function read into a register, 8 bytes each: MOVQ
// disp32(IP), reg.
//
//go:nocheckptr
func pointersRead(code unsafe.Pointer) (list []*unsafe.Pointer) {
	b := unsafe.Slice((*byte)(code), 256) // getitab is longer
	for i := 0; i+7 <= len(b); i++ {
		if b[i] == 0x48 && b[i+1] == 0x8b && b[i+2]&0xc7 == 0x05 {
			disp := int32(binary.LittleEndian.Uint32(b[i+3:]))
			addr := (*unsafe.Pointer)(unsafe.Add(code, i+7+int(disp)))
			if uintptr(unsafe.Pointer(addr))%8 == 0 {
				list = append(list, addr)
			}
		}
	}
	return list
}
