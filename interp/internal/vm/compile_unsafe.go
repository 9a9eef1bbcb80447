package vm

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// sizeOf appends a call of unsafe.Sizeof, Alignof or Offsetof that is no constant, since a type parameter is part of its operand's type.
func (c *compiler) sizeOf(in *ssa.Call, name string) {
	x, dst := in.Call.Args[0], c.reg(in)
	var n uintptr
	switch name {
	case "Sizeof":
		n = c.infoOf(x).size
	case "Alignof":
		n = uintptr(c.infoOf(x).rt.Align())
	case "Offsetof":
		n = c.offsetOf(x, in.Pos())
	}
	c.cold(func(g *goroutine, fp ptr) { *at[uintptr](fp, dst) = n })
}

// offsetOf returns the offset of the field whose value is x, in the struct that the operand of a selector in a call at paren is: fields
// that the selector passes on its way have the operand's position, which is that of what follows the parenthesis.
func (c *compiler) offsetOf(x ssa.Value, paren token.Pos) (n uintptr) {
	if load, ok := x.(*ssa.UnOp); ok && load.Op == token.MUL {
		x = load.X
	}
	for last := true; ; last = false {
		var of ssa.Value
		var field int
		switch f := x.(type) {
		case *ssa.FieldAddr:
			of, field = f.X, f.Field
		case *ssa.Field:
			of, field = f.X, f.Field
		default:
			return n
		}
		if !last && x.Pos() != paren+1 {
			return n
		}
		ti := c.infoOf(of)
		if _, ok := of.Type().Underlying().(*types.Pointer); ok {
			n += ti.rt.Elem().Field(field).Offset
		} else {
			n += ti.rt.Field(field).Offset
		}
		x = of
	}
}

// meltUnevaluated melts what leads to x, the operand of unsafe.Sizeof and its kin, of which only the type counts: a nil pointer in it is
// not followed.
func (c *compiler) meltUnevaluated(x ssa.Value) {
	in, ok := x.(ssa.Instruction)
	if !ok || soleUser(x) == nil {
		return
	}
	switch in := in.(type) {
	case *ssa.UnOp:
		if in.Op != token.MUL {
			return
		}
		c.melted[in] = true
		c.meltUnevaluated(in.X)
	case *ssa.Field:
		c.melted[in] = true
		c.meltUnevaluated(in.X)
	case *ssa.FieldAddr:
		c.melted[in] = true
		c.meltUnevaluated(in.X)
	case *ssa.IndexAddr:
		c.melted[in] = true
		c.meltUnevaluated(in.X)
	}
}
