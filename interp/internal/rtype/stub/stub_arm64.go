package stub

import "unsafe"

// The code is ADRP table, R27; MOVD table(R27), R26 (or with an ADD between them); MOVD (R26), R25; JMP (R25).
func codeLength(code unsafe.Pointer) uintptr {
	words := (*[6]uint32)(code)
	for i, w := range words {
		if w == 0xd61f0320 {
			return uintptr(i+1) * 4
		}
	}
	return 0
}

// codeEntry returns the address that a stub loads its closure from.
func codeEntry(code unsafe.Pointer) uintptr {
	words := (*[6]uint32)(code)
	adrp := words[0]
	page := int64(int32(adrp<<8)>>13<<2|int32(adrp>>29&3)) << 12
	at := uintptr(code)&^0xfff + uintptr(page)
	for _, w := range words[1:] {
		switch {
		case w>>22 == 0x91000000>>22: // ADD $imm12
			at += uintptr(w >> 10 & 0xfff)
		case w>>22 == 0xf9400000>>22: // LDR $imm12*8
			return at + uintptr(w>>10&0xfff)*8
		}
	}
	return 0
}
