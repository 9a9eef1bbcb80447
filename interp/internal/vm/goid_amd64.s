#include "textflag.h"

// func goid() uintptr
// The address of the running goroutine's descriptor: its identity as long as it runs.
TEXT ·goid(SB),NOSPLIT,$0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET
