package jit

import (
	"encoding/binary"
	"fmt"
)

// Reg is one of the sixteen general registers, or of the sixteen vector
// registers where an instruction takes those.
type Reg uint8

// The general registers by number. R12 and SP, R13 and BP need other encodings
// as a base than the rest; the encoder sees to it.
const (
	AX Reg = iota
	CX
	DX
	BX
	SP
	BP
	SI
	DI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
)

// Arg is the operand that may be in memory.
type Arg struct {
	base, index Reg
	scale       uint8 // 1, 2, 4 or 8 when there is an index, otherwise 0
	mem         bool
	disp        int32
}

// R is a register operand.
func R(r Reg) Arg { return Arg{base: r} }

// M is the memory disp bytes from base.
func M(base Reg, disp int32) Arg { return Arg{base: base, disp: disp, mem: true} }

// MX is the memory at base + index*scale + disp. SP cannot be an index.
func MX(base, index Reg, scale uint8, disp int32) Arg {
	return Arg{base: base, index: index, scale: scale, disp: disp, mem: true}
}

// Memory returns what a is made of when it is memory without an index.
func (a Arg) Memory() (base Reg, disp int32, ok bool) {
	return a.base, a.disp, a.mem && a.scale == 0
}

// Off is a, which is in memory, n bytes further on.
func (a Arg) Off(n int32) Arg {
	a.disp += n
	return a
}

// Ins is an instruction with a register and an operand.
type Ins struct {
	pre   byte // 0x66, 0xf2, 0xf3 or 0
	wide  bool // 64 bits
	esc   bool // opcode 0f xx
	op    byte
	bytes bool // a general register operand means its low byte
}

// Instructions. Load means register ← operand; Store operand ← register.
var (
	Load   = Ins{wide: true, op: 0x8b}
	Load32 = Ins{op: 0x8b}
	LoadZ8 = Ins{esc: true, op: 0xb6, bytes: true}
	LoadZ1 = Ins{esc: true, op: 0xb7} // 16 bits
	LoadS8 = Ins{wide: true, esc: true, op: 0xbe, bytes: true}
	LoadS1 = Ins{wide: true, esc: true, op: 0xbf}
	LoadS3 = Ins{wide: true, op: 0x63} // 32 bits

	Store   = Ins{wide: true, op: 0x89}
	Store32 = Ins{op: 0x89}
	Store16 = Ins{pre: 0x66, op: 0x89}
	Store8  = Ins{op: 0x88, bytes: true}

	Lea   = Ins{wide: true, op: 0x8d}
	Add   = Ins{wide: true, op: 0x03}
	Sub   = Ins{wide: true, op: 0x2b}
	And   = Ins{wide: true, op: 0x23}
	Or    = Ins{wide: true, op: 0x0b}
	Xor   = Ins{wide: true, op: 0x33}
	Xor32 = Ins{op: 0x33}
	Sbb   = Ins{wide: true, op: 0x1b}
	Imul  = Ins{wide: true, esc: true, op: 0xaf}
	Cmp   = Ins{wide: true, op: 0x3b}
	Cmp32 = Ins{op: 0x3b}
	Cmp8  = Ins{op: 0x3a, bytes: true}
	Test  = Ins{wide: true, op: 0x85}

	LoadF = Ins{pre: 0xf2, esc: true, op: 0x10}
	MoveF = Ins{esc: true, op: 0x28} // between registers
	// FromWord fills a vector register from a general one.
	FromWord = Ins{pre: 0x66, wide: true, esc: true, op: 0x6e}
	StoreF   = Ins{pre: 0xf2, esc: true, op: 0x11}
	AddF     = Ins{pre: 0xf2, esc: true, op: 0x58}
	MulF     = Ins{pre: 0xf2, esc: true, op: 0x59}
	SubF     = Ins{pre: 0xf2, esc: true, op: 0x5c}
	DivF     = Ins{pre: 0xf2, esc: true, op: 0x5e}
	CmpF     = Ins{pre: 0x66, esc: true, op: 0x2e}
	XorF     = Ins{esc: true, op: 0x57}
	ToF      = Ins{pre: 0xf2, wide: true, esc: true, op: 0x2a} // int64 → float64
	FromF    = Ins{pre: 0xf2, wide: true, esc: true, op: 0x2c} // float64 → int64
)

// Stored is how many bytes the instruction writes to its operand; 0 when it only reads it.
func (i Ins) Stored() uint32 {
	switch i {
	case Store, StoreF:
		return 8
	case Store32:
		return 4
	case Store16:
		return 2
	case Store8:
		return 1
	}
	return 0
}

// Cond is a condition of a jump, by its number in the encoding.
type Cond uint8

// Conditions. B, AE, BE, A compare unsigned numbers, and floats.
const (
	B  Cond = 2
	AE Cond = 3
	E  Cond = 4
	NE Cond = 5
	BE Cond = 6
	A  Cond = 7
	S  Cond = 8
	NS Cond = 9
	P  Cond = 10
	NP Cond = 11
	L  Cond = 12
	GE Cond = 13
	LE Cond = 14
	G  Cond = 15
)

// Not is the opposite condition.
func (c Cond) Not() Cond { return c ^ 1 }

// ImmOp is an operation with a constant of 32 bits.
type ImmOp uint8

// Operations of [Asm.Imm].
const (
	AddI ImmOp = 0
	OrI  ImmOp = 1
	AndI ImmOp = 4
	SubI ImmOp = 5
	XorI ImmOp = 6
	CmpI ImmOp = 7
)

// ShiftOp is a shift.
type ShiftOp uint8

// Shifts.
const (
	Shl ShiftOp = 4
	Shr ShiftOp = 5
	Sar ShiftOp = 7
)

// UnOp is an operation with one operand. Mul, Div and Idiv work on DX:AX.
type UnOp uint8

// Operations of [Asm.Unary].
const (
	Not  UnOp = 2
	Neg  UnOp = 3
	Div  UnOp = 6
	Idiv UnOp = 7
)

// Label is a place in the code, made by [Asm.Label].
type Label int

// Asm collects code.
type Asm struct {
	code   []byte
	places []int // of labels; -1: not yet bound
	jumps  []jump
}

type jump struct {
	at    int // of the 32-bit distance
	label Label
}

// Len is the number of bytes so far.
func (a *Asm) Len() int { return len(a.code) }

// Label makes a label for a place yet to come.
func (a *Asm) Label() Label {
	a.places = append(a.places, -1)
	return Label(len(a.places) - 1)
}

// Bind puts the label here.
func (a *Asm) Bind(l Label) { a.places[l] = len(a.code) }

// At is the offset of a label that was bound.
func (a *Asm) At(l Label) int { return a.places[l] }

// Code patches the jumps and returns the code, which may run at any address. It
// panics when a label was used and not bound.
func (a *Asm) Code() []byte {
	for _, j := range a.jumps {
		to := a.places[j.label]
		if to < 0 {
			panic(fmt.Sprintf("jit: label %d is nowhere", j.label))
		}
		binary.LittleEndian.PutUint32(a.code[j.at:], uint32(int32(to-j.at-4)))
	}
	return a.code
}

func (a *Asm) imm32(v int32) { a.code = binary.LittleEndian.AppendUint32(a.code, uint32(v)) }

// Op appends an instruction.
func (a *Asm) Op(i Ins, r Reg, m Arg) { a.encode(i, r, m) }

// encode appends prefixes, opcode and operands.
func (a *Asm) encode(i Ins, r Reg, m Arg) {
	if i.pre != 0 {
		a.code = append(a.code, i.pre)
	}
	rex := byte(0x40)
	if i.wide {
		rex |= 8
	}
	rex |= byte(r>>3) << 2
	rex |= byte(m.base >> 3)
	if m.scale != 0 {
		rex |= byte(m.index>>3) << 1
	}
	// without a prefix SP, BP, SI and DI would mean AH to BH
	if rex != 0x40 || i.bytes && (r >= SP || !m.mem && m.base >= SP) {
		a.code = append(a.code, rex)
	}
	if i.esc {
		a.code = append(a.code, 0x0f)
	}
	a.code = append(a.code, i.op)
	reg := byte(r&7) << 3
	base := byte(m.base & 7)
	if !m.mem {
		a.code = append(a.code, 0xc0|reg|base)
		return
	}
	mod := byte(0x80)
	switch {
	case m.disp == 0 && base != 5:
		mod = 0
	case m.disp >= -128 && m.disp < 128:
		mod = 0x40
	}
	switch {
	case m.scale != 0:
		shift := map[uint8]byte{1: 0, 2: 1, 4: 2, 8: 3}[m.scale]
		a.code = append(a.code, mod|reg|4, shift<<6|byte(m.index&7)<<3|base)
	case base == 4:
		a.code = append(a.code, mod|reg|4, 0x24)
	default:
		a.code = append(a.code, mod|reg|base)
	}
	switch mod {
	case 0x40:
		a.code = append(a.code, byte(m.disp))
	case 0x80:
		a.imm32(m.disp)
	}
}

// Imm appends an operation of 64 bits (32 when narrow) with a constant.
func (a *Asm) Imm(o ImmOp, m Arg, v int32, narrow bool) {
	if v >= -128 && v < 128 {
		a.encode(Ins{wide: !narrow, op: 0x83}, Reg(o), m)
		a.code = append(a.code, byte(v))
		return
	}
	a.encode(Ins{wide: !narrow, op: 0x81}, Reg(o), m)
	a.imm32(v)
}

// Imm8 appends an operation on a byte.
func (a *Asm) Imm8(o ImmOp, m Arg, v int8) {
	a.encodeByte(0x80, Reg(o), m)
	a.code = append(a.code, byte(v))
}

// encodeByte is for instructions on the byte m whose register field is a part
// of the opcode.
func (a *Asm) encodeByte(op byte, ext Reg, m Arg) {
	if !m.mem && m.base >= SP && m.base <= DI {
		a.code = append(a.code, 0x40)
	}
	a.encode(Ins{op: op}, ext, m)
}

// ImulImm appends r = m * v.
func (a *Asm) ImulImm(r Reg, m Arg, v int32) {
	a.encode(Ins{wide: true, op: 0x69}, r, m)
	a.imm32(v)
}

// MoveImm appends the store of a constant, of 64 bits with its sign extended
// (32 when narrow).
func (a *Asm) MoveImm(m Arg, v int32, narrow bool) {
	a.encode(Ins{wide: !narrow, op: 0xc7}, 0, m)
	a.imm32(v)
}

// Const appends r = v in the shortest way; flags may change.
func (a *Asm) Const(r Reg, v uint64) {
	switch {
	case v == 0:
		a.encode(Xor32, r, R(r))
	case v < 1<<32:
		a.rexB(r, 0)
		a.code = append(a.code, 0xb8|byte(r&7))
		a.imm32(int32(uint32(v)))
	case int64(v) == int64(int32(v)):
		a.MoveImm(R(r), int32(v), false)
	default:
		a.rexB(r, 8)
		a.code = append(a.code, 0xb8|byte(r&7))
		a.code = binary.LittleEndian.AppendUint64(a.code, v)
	}
}

func (a *Asm) rexB(r Reg, w byte) {
	if rex := 0x40 | w | byte(r>>3); rex != 0x40 {
		a.code = append(a.code, rex)
	}
}

// Unary appends an operation of 64 bits (32 when narrow) on m.
func (a *Asm) Unary(o UnOp, m Arg, narrow bool) {
	a.encode(Ins{wide: !narrow, op: 0xf7}, Reg(o), m)
}

// Shift appends the shift of m, 64 bits wide (32 when narrow), by CL, of which
// the processor takes the low 6 (5) bits.
func (a *Asm) Shift(o ShiftOp, m Arg, narrow bool) {
	a.encode(Ins{wide: !narrow, op: 0xd3}, Reg(o), m)
}

// ShiftImm is Shift by a constant.
func (a *Asm) ShiftImm(o ShiftOp, m Arg, n uint8, narrow bool) {
	a.encode(Ins{wide: !narrow, op: 0xc1}, Reg(o), m)
	a.code = append(a.code, n)
}

// SignDX fills DX with the sign of AX, or EDX with that of EAX, for Idiv.
func (a *Asm) SignDX(narrow bool) {
	if !narrow {
		a.code = append(a.code, 0x48)
	}
	a.code = append(a.code, 0x99)
}

// FlipSign appends the complement of bit 63 of r.
func (a *Asm) FlipSign(r Reg) {
	a.encode(Ins{wide: true, esc: true, op: 0xba}, 7, R(r))
	a.code = append(a.code, 63)
}

// Set appends the store of a condition, 0 or 1, in the low byte of r.
func (a *Asm) Set(c Cond, r Reg) {
	if r >= SP && r <= DI {
		a.code = append(a.code, 0x40)
	}
	a.encode(Ins{esc: true, op: 0x90 | byte(c)}, 0, R(r))
}

// Cmov appends r = m if c.
func (a *Asm) Cmov(c Cond, r Reg, m Arg) {
	a.encode(Ins{wide: true, esc: true, op: 0x40 | byte(c)}, r, m)
}

// Jump appends a jump.
func (a *Asm) Jump(l Label) {
	a.code = append(a.code, 0xe9)
	a.jumps = append(a.jumps, jump{len(a.code), l})
	a.imm32(0)
}

// JumpIf appends a conditional jump.
func (a *Asm) JumpIf(c Cond, l Label) {
	a.code = append(a.code, 0x0f, 0x80|byte(c))
	a.jumps = append(a.jumps, jump{len(a.code), l})
	a.imm32(0)
}

// JumpTo appends a jump to the address in m.
func (a *Asm) JumpTo(m Arg) { a.encode(Ins{op: 0xff}, 4, m) }

// Return appends the return to the caller.
func (a *Asm) Return() { a.code = append(a.code, 0xc3) }
