//go:build !msan && !asan

#include "go_asm.h"
#include "funcdata.h"
#include "textflag.h"

// func run(code uintptr, on *goroutine, barrier *uint32, budget int) int
// The fixed registers of machine code: see jit_linux_amd64.go.
TEXT ·run(SB),NOSPLIT,$8-40
	NO_LOCAL_POINTERS
	MOVQ code+0(FP), AX
	MOVQ on+8(FP), R12
	MOVQ barrier+16(FP), R15
	MOVQ goroutine_top(R12), R13
	MOVQ frame_mem(R13), BX
	MOVQ budget+24(FP), R14
	CALL AX
	MOVQ AX, ret+32(FP)
	RET
