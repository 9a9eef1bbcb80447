package jit

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// TestEncoding has what the encoder wrote read by a disassembler.
func TestEncoding(t *testing.T) {
	names := []string{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"}
	var dwords, low []string
	for i, n := range names {
		switch {
		case i >= 8:
			dwords, low = append(dwords, n+"d"), append(low, n+"b")
		case i >= 4:
			dwords, low = append(dwords, "e"+n[1:]), append(low, n[1:]+"l")
		default:
			dwords, low = append(dwords, "e"+n[1:]), append(low, n[1:2]+"l")
		}
	}
	type check struct {
		emit func(a *Asm)
		want string
	}
	var checks []check
	add := func(want string, emit func(a *Asm)) { checks = append(checks, check{emit, want}) }

	type table struct {
		ins        Ins
		name       string
		reg, other []string // names of the registers by size
		ptr        string   // of the memory operand
		swapped    bool     // the register is the second operand
	}
	xmm := make([]string, 16)
	for i := range xmm {
		xmm[i] = fmt.Sprintf("xmm%d", i)
	}
	words := make([]string, 16)
	for i := range words {
		words[i] = strings.TrimSuffix(strings.TrimPrefix(dwords[i], "e"), "d") + "w"
		if i < 8 {
			words[i] = strings.TrimPrefix(dwords[i], "e")
		}
	}
	for _, x := range []table{
		{Load, "mov", names, names, "qword", false}, {Load32, "mov", dwords, dwords, "dword", false},
		{LoadZ8, "movzx", dwords, low, "byte", false}, {LoadZ1, "movzx", dwords, words, "word", false},
		{LoadS8, "movsx", names, low, "byte", false}, {LoadS1, "movsx", names, words, "word", false},
		{LoadS3, "movsxd", names, dwords, "dword", false},
		{Store, "mov", names, names, "qword", true}, {Store32, "mov", dwords, dwords, "dword", true},
		{Store16, "mov", words, words, "word", true}, {Store8, "mov", low, low, "byte", true},
		{Add, "add", names, names, "qword", false}, {Sub, "sub", names, names, "qword", false},
		{And, "and", names, names, "qword", false}, {Or, "or", names, names, "qword", false},
		{Xor, "xor", names, names, "qword", false}, {Xor32, "xor", dwords, dwords, "dword", false},
		{Sbb, "sbb", names, names, "qword", false}, {Imul, "imul", names, names, "qword", false},
		{Cmp, "cmp", names, names, "qword", false}, {Cmp32, "cmp", dwords, dwords, "dword", false},
		{Cmp8, "cmp", low, low, "byte", false},
		{Test, "test", names, names, "qword", true},
		{LoadF, "movsd", xmm, xmm, "qword", false}, {StoreF, "movsd", xmm, xmm, "qword", true},
		{MoveF, "movaps", xmm, xmm, "xmmword", false}, {FromWord, "movq", xmm, names, "qword", false},
		{AddF, "addsd", xmm, xmm, "qword", false},
		{MulF, "mulsd", xmm, xmm, "qword", false}, {SubF, "subsd", xmm, xmm, "qword", false},
		{DivF, "divsd", xmm, xmm, "qword", false},
		{CmpF, "ucomisd", xmm, xmm, "qword", false}, {XorF, "xorps", xmm, xmm, "xmmword", false},
		{ToF, "cvtsi2sd", xmm, names, "qword", false}, {FromF, "cvttsd2si", names, xmm, "qword", false},
	} {
		both := func(r, m string) string {
			if x.swapped {
				r, m = m, r
			}
			return x.name + " " + r + ", " + m
		}
		for _, r := range []Reg{AX, BX, SP, DI, R8, R14} {
			for _, o := range []Reg{AX, SP, BP, SI, DI, R8, R12, R13, R15} {
				add(both(x.reg[r], x.other[o]), func(a *Asm) { a.Op(x.ins, r, R(o)) })
			}
			for b := range Reg(16) {
				for _, d := range []int32{0, 8, -128, 4096, -4096} {
					disp := ""
					if d != 0 {
						disp = fmt.Sprintf("%+#x", d)
					}
					add(both(x.reg[r], x.ptr+" ptr ["+names[b]+disp+"]"), func(a *Asm) { a.Op(x.ins, r, M(b, d)) })
				}
				for _, s := range []uint8{1, 2, 4, 8} {
					add(both(x.reg[r], fmt.Sprintf("%s ptr [%s+%d*%s]", x.ptr, names[b], s, names[R9])), func(a *Asm) { a.Op(x.ins, r, MX(b, R9, s, 0)) })
					add(both(x.reg[r], fmt.Sprintf("%s ptr [%s+%d*%s-0x10]", x.ptr, names[b], s, names[CX])), func(a *Asm) { a.Op(x.ins, r, MX(b, CX, s, -16)) })
				}
			}
		}
	}
	for r := range Reg(16) {
		add("lea "+names[r]+", ptr ["+names[r]+"+2*"+names[r&3]+"]", func(a *Asm) { a.Op(Lea, r, MX(r, r&3, 2, 0)) })
		for o, name := range map[ImmOp]string{AddI: "add", OrI: "or", AndI: "and", SubI: "sub", XorI: "xor", CmpI: "cmp"} {
			add(name+" "+names[r]+", 0x7f", func(a *Asm) { a.Imm(o, R(r), 127, false) })
			add(name+" "+names[r]+", 0x1000", func(a *Asm) { a.Imm(o, R(r), 4096, false) })
			add(name+" "+dwords[r]+", 0x1000", func(a *Asm) { a.Imm(o, R(r), 4096, true) })
			add(name+" "+low[r]+", 0x7f", func(a *Asm) { a.Imm8(o, R(r), 127) })
			add(name+" byte ptr ["+names[r]+"+0x8], 0x7f", func(a *Asm) { a.Imm8(o, M(r, 8), 127) })
		}
		add("imul "+names[r]+", "+names[R15-r]+", 0x1000", func(a *Asm) { a.ImulImm(r, R(R15-r), 4096) })
		add("mov qword ptr ["+names[r]+"+0x8], 0x1000", func(a *Asm) { a.MoveImm(M(r, 8), 4096, false) })
		add("mov dword ptr ["+names[r]+"+0x8], 0x1000", func(a *Asm) { a.MoveImm(M(r, 8), 4096, true) })
		add("xor "+dwords[r]+", "+dwords[r], func(a *Asm) { a.Const(r, 0) })
		add("mov "+dwords[r]+", 0x1000", func(a *Asm) { a.Const(r, 4096) })
		add("mov "+names[r]+", -0x1", func(a *Asm) { a.Const(r, ^uint64(0)) })
		add("mov "+names[r]+", 0x123456789abcdef0", func(a *Asm) { a.Const(r, 0x123456789abcdef0) })
		for o, name := range map[UnOp]string{Not: "not", Neg: "neg", Div: "div", Idiv: "idiv"} {
			add(name+" "+names[r], func(a *Asm) { a.Unary(o, R(r), false) })
			add(name+" "+dwords[r], func(a *Asm) { a.Unary(o, R(r), true) })
		}
		for o, name := range map[ShiftOp]string{Shl: "shl", Shr: "shr", Sar: "sar"} {
			add(name+" "+names[r]+", cl", func(a *Asm) { a.Shift(o, R(r), false) })
			add(name+" "+names[r]+", 0x7", func(a *Asm) { a.ShiftImm(o, R(r), 7, false) })
			add(name+" "+dwords[r]+", 0x7", func(a *Asm) { a.ShiftImm(o, R(r), 7, true) })
		}
		add("btc "+names[r]+", 0x3f", func(a *Asm) { a.FlipSign(r) })
		for c, name := range map[Cond]string{B: "b", AE: "nb", E: "z", NE: "nz", BE: "be", A: "nbe", S: "s", NS: "ns", P: "p", NP: "np", L: "l", GE: "nl", LE: "le", G: "nle"} {
			add("set"+name+" "+low[r], func(a *Asm) { a.Set(c, r) })
			add("cmov"+name+" "+names[r]+", "+names[R15-r], func(a *Asm) { a.Cmov(c, r, R(R15-r)) })
		}
		add("jmp "+names[r], func(a *Asm) { a.JumpTo(R(r)) })
		add("jmp qword ptr ["+names[r]+"+0x8]", func(a *Asm) { a.JumpTo(M(r, 8)) })
	}
	add("cqo", func(a *Asm) { a.SignDX(false) })
	add("cdq", func(a *Asm) { a.SignDX(true) })
	add("ret", func(a *Asm) { a.Return() })
	add("jmp .+0x0", func(a *Asm) { l := a.Label(); a.Jump(l); a.Bind(l) })
	add("jnz .-0x6", func(a *Asm) { l := a.Label(); a.Bind(l); a.JumpIf(NE, l) })

	// what the disassembler says otherwise
	plain := regexp.MustCompile(`\b1\*`)
	wrong := 0
	for _, c := range checks {
		var a Asm
		c.emit(&a)
		code := a.Code()
		in, err := x86asm.Decode(code, 64)
		got := ""
		if err == nil {
			got = x86asm.IntelSyntax(in, 0, nil)
			if in.Len != len(code) {
				got += fmt.Sprintf(" and %d bytes more", len(code)-in.Len)
			}
		} else {
			got = err.Error()
		}
		if want := plain.ReplaceAllString(c.want, ""); plain.ReplaceAllString(got, "") != want {
			if wrong++; wrong < 20 {
				t.Errorf("% x: %q, want %q", code, got, want)
			}
		}
	}
	t.Logf("%d instructions, %d wrong", len(checks), wrong)
}
