#include "textflag.h"

// Each stub jumps to the closure in its place of the table. R12 is one of the two registers that the calling convention leaves to whoever is
// between caller and callee; those up to R11 hold arguments.
#define E(i) MOVQ ·table+((i)*8)(SB), DX; MOVQ (DX), R12; JMP R12
#define E16(i) E(i); E(i+1); E(i+2); E(i+3); E(i+4); E(i+5); E(i+6); E(i+7); E(i+8); E(i+9); E(i+10); E(i+11); E(i+12); E(i+13); E(i+14); E(i+15)
#define E256(i) E16(i); E16(i+16); E16(i+32); E16(i+48); E16(i+64); E16(i+80); E16(i+96); E16(i+112); E16(i+128); E16(i+144); E16(i+160); E16(i+176); E16(i+192); E16(i+208); E16(i+224); E16(i+240)
#define E4096(i) E256(i); E256(i+256); E256(i+512); E256(i+768); E256(i+1024); E256(i+1280); E256(i+1536); E256(i+1792); E256(i+2048); E256(i+2304); E256(i+2560); E256(i+2816); E256(i+3072); E256(i+3328); E256(i+3584); E256(i+3840)

// func stubs()
TEXT ·stubs(SB), NOSPLIT|NOFRAME, $0-0
	E4096(0)
	E4096(4096)
	E4096(8192)
	E4096(12288)
	E4096(16384)
	E4096(20480)
	E4096(24576)
	E4096(28672)

// func base() unsafe.Pointer
TEXT ·base(SB), NOSPLIT, $0-8
	LEAQ ·stubs(SB), AX
	MOVQ AX, ret+0(FP)
	RET
