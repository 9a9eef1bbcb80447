package stub

import (
	"encoding/binary"
	"unsafe"
)

// The code is MOVQ table(IP), DX; MOVQ (DX), R12; JMP R12.
func codeLength(code unsafe.Pointer) uintptr {
	b := (*[13]byte)(code)
	if b[0] == 0x48 && b[1] == 0x8b && b[2] == 0x15 && b[7] == 0x4c && b[8] == 0x8b && b[9] == 0x22 && b[10] == 0x41 && b[11] == 0xff && b[12] == 0xe4 {
		return 13
	}
	return 0
}

// codeEntry returns the address that a stub loads its closure from.
func codeEntry(code unsafe.Pointer) uintptr {
	offset := int32(binary.LittleEndian.Uint32((*[7]byte)(code)[3:]))
	return uintptr(code) + 7 + uintptr(int(offset))
}
