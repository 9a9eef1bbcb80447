package vm

import (
	"fmt"
	"go/token"
	"go/types"
	"reflect"
	"sort"
	"unsafe"

	"golang.org/x/tools/go/ssa"
)

// field adds one value to the frame.
func (c *compiler) field(ti *typeInfo) uint32 {
	off := c.size
	c.checkSize(ti.slot)
	if ti.slot == 0 {
		return 0 // an address behind the frame would belong to another object
	}
	c.fields = append(c.fields, reflect.StructField{Name: fmt.Sprintf("R%d", len(c.fields)), Type: ti.frameType()})
	c.size += uint32(ti.slot)
	return off
}

// checkSize panics when n more bytes are more than a frame may have; offsets in
// frames have 32 bits.
func (c *compiler) checkSize(n uintptr) {
	if all := uintptr(c.size) + n; all > maxFrameBytes {
		panic(runtimeError(fmt.Sprintf("the values in %s take %s, which is more than a function may have: use slices, or pointers made with new", c.b.name, size(int64(all)))))
	}
}

// alloc adds a block of results to the frame.
func (c *compiler) alloc(size uint32, slots []slot) uint32 {
	off := c.size
	for _, s := range slots {
		c.field(s.ti)
	}
	return off
}

// place lays the frame out: parameters, captured variables, then registers
// grouped by class (which keeps the number of different frame types low).
func (c *compiler) place() {
	offs := make([]uint32, len(c.values))
	done := make([]bool, len(c.values))
	n := 0
	for _, v := range c.fn.Params {
		offs[n], done[n] = c.field(c.infoOf(v)), true
		n++
	}
	for _, v := range c.fn.FreeVars {
		ti := c.infoOf(v)
		offs[n], done[n] = c.field(ti), true
		c.b.free = append(c.b.free, argMove{src: c.f.free[len(c.b.free)].off, dst: offs[n], class: ti.class, ti: ti})
		if !simple(ti) {
			c.b.slowFree = true
		}
		n++
	}
	c.layout(offs, done, func(*typeInfo) (uint32, bool) { return 0, false }, new([]slot))
}

// layout places the values that are not done yet, and the variables. Those that
// take finds a register for need no room of their own; all that are placed are
// added to taken.
func (c *compiler) layout(offs []uint32, done []bool, take func(*typeInfo) (uint32, bool), taken *[]slot) {
	type want struct {
		num int // of a value; -1: a variable
		v   *ssa.Alloc
		ti  *typeInfo
	}
	var wants []want
	for i := range c.values {
		if !done[i] && c.groups[i] == i {
			wants = append(wants, want{num: i, ti: c.infoOf(c.values[i])})
		}
	}
	for _, b := range c.fn.Blocks {
		for _, in := range b.Instrs {
			if a, ok := in.(*ssa.Alloc); ok && !a.Heap {
				wants = append(wants, want{num: -1, v: a, ti: c.m.typeInfo(a.Type().Underlying().(*types.Pointer).Elem())})
			}
		}
	}
	sort.SliceStable(wants, func(i, j int) bool { return wants[i].ti.class < wants[j].ti.class })
	for i := 0; i < len(wants); {
		j := i
		cl := wants[i].ti.class
		start := c.size
		words := uint32(0)
		for ; j < len(wants) && wants[j].ti.class == cl; j++ {
			w := wants[j]
			off, ok := take(w.ti)
			if !ok {
				off = start + words
				if cl == classNone {
					off = 0
				} else if cl == classTyped {
					off = c.field(w.ti)
				} else {
					c.checkSize(uintptr(words) + w.ti.slot)
					words += uint32(w.ti.slot)
				}
				if cl != classNone {
					*taken = append(*taken, slot{off, w.ti})
				}
			}
			if w.num >= 0 {
				offs[w.num] = off
			} else {
				c.vars[w.v] = off
			}
		}
		if cl != classTyped && words > 0 {
			c.region(cl, words)
		}
		i = j
	}
	for i, v := range c.values {
		c.regs[v] = offs[c.groups[i]]
	}
	// blocks of results
	for _, b := range c.fn.Blocks {
		for _, in := range b.Instrs {
			v, ok := in.(ssa.Value)
			if !ok {
				continue
			}
			if t, ok := v.Type().(*types.Tuple); ok && t.Len() > 0 {
				var slots []slot
				for f := range t.Variables() {
					ti := ptrInfo
					if !isInvalid(f.Type()) {
						ti = c.m.typeInfo(f.Type())
					}
					slots = append(slots, slot{c.field(ti), ti})
				}
				c.tuples[v] = slots
			}
		}
	}
}

func isInvalid(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Kind() == types.Invalid
}

// region adds memory for many slots of one class.
func (c *compiler) region(cl class, bytes uint32) {
	var t reflect.Type
	switch cl {
	case classPtr:
		t = typePointer
	case classString:
		t = typeString
	case classIface:
		t = typeAny
	case classSlice:
		t = typeBytes
	default:
		t = typeUint64
	}
	n := int(bytes) / int(t.Size())
	if n > 1 {
		t = reflect.ArrayOf(n, t)
	}
	c.fields = append(c.fields, reflect.StructField{Name: fmt.Sprintf("R%d", len(c.fields)), Type: t})
	c.size += bytes
}

// temp returns the scratch register of a class, for circles of moves.
func (c *compiler) temp(ti *typeInfo) uint32 {
	return c.field(ti)
}

// constant returns the register that holds a constant.
func (c *compiler) constant(ti *typeInfo, key string, val func() ptr) uint32 {
	return c.constantFor(constKey{ti: ti, val: key}, ti, val)
}

func (c *compiler) constantFor(k constKey, ti *typeInfo, val func() ptr) uint32 {
	if off, ok := c.consts[k]; ok {
		return off
	}
	off := c.field(ti)
	c.consts[k] = off
	c.b.consts = append(c.b.consts, frameConst{off, ti, val()})
	return off
}

// reg returns the register of an operand.
func (c *compiler) reg(v ssa.Value) uint32 {
	switch v := v.(type) {
	case *ssa.Const:
		ti := c.infoOf(v)
		key := "zero"
		if v.Value != nil {
			key = v.Value.ExactString()
			if v.Value.Kind() == 0 {
				key = "zero"
			}
		}
		return c.constant(ti, key, func() ptr { return c.constValue(v, ti) })
	case *ssa.Global:
		return c.constant(ptrInfo, fmt.Sprintf("global %p", v), func() ptr {
			p := new(ptr)
			*p = c.m.Global(v).Addr().UnsafePointer()
			return ptr(p)
		})
	case *ssa.Function:
		return c.funcValue(v)
	case *ssa.Alloc:
		if c.static[v] {
			panic("address of a variable in the frame")
		}
	}
	off, ok := c.regs[v]
	if !ok {
		panic(fmt.Errorf("%s (%T) has no register", v.Name(), v))
	}
	return off
}

// address says where the memory is that an address expression means: in the
// frame at base, or off bytes from the pointer in register base.
type address struct {
	frame bool
	base  uint32
	off   uint32
}

// addr resolves v, an address, through the field expressions melted into it.
func (c *compiler) addr(v ssa.Value) address {
	switch v := v.(type) {
	case *ssa.Alloc:
		if c.static[v] {
			return address{frame: true, base: c.vars[v]}
		}
	case *ssa.FieldAddr:
		if c.melted[v] {
			a := c.addr(v.X)
			off := c.fieldOffset(v)
			if a.frame {
				a.base += off
			} else {
				a.off += off
			}
			return a
		}
	}
	return address{base: c.reg(v)}
}

func (c *compiler) fieldOffset(fa *ssa.FieldAddr) uint32 {
	st := c.m.typeInfo(fa.X.Type().Underlying().(*types.Pointer).Elem())
	return uint32(st.rt.Field(fa.Field).Offset)
}

// emitInstr appends an instruction.
func (c *compiler) add(in instr) int {
	c.b.code = append(c.b.code, in)
	c.b.pos = append(c.b.pos, c.pos)
	c.b.unit = append(c.b.unit, int32(c.unit))
	c.points = append(c.points, c.at)
	return len(c.b.code) - 1
}

func (c *compiler) op(o opcode, a, b, x uint32) int { return c.add(instr{op: o, a: a, b: b, c: x}) }

// cold appends an operation that is a Go function.
func (c *compiler) cold(f coldFunc) {
	p := new(coldFunc)
	*p = f
	c.add(instr{op: opCold, p: ptr(p)})
}

// move appends the copy of a register.
func (c *compiler) move(ti *typeInfo, dst, src uint32) {
	if dst == src {
		return
	}
	switch ti.class {
	case classNone:
	case classWord:
		c.op(opMoveWord, dst, src, 0)
	case classPtr:
		c.op(opMovePtr, dst, src, 0)
	case classString:
		c.op(opMoveString, dst, src, 0)
	case classIface:
		c.op(opMoveIface, dst, src, 0)
	case classSlice:
		c.op(opMoveSlice, dst, src, 0)
	case classTyped:
		c.add(instr{op: opMoveTyped, a: dst, b: src, p: ti.r})
	default:
		c.add(instr{op: opMoveMem, a: dst, b: src, d: int64(ti.size)})
	}
}

// memMove copies between places in the frame that have the exact layout of
// memory, where a word's neighbours matter.
func (c *compiler) memMove(ti *typeInfo, dst, src uint32) {
	if ti.class == classWord && ti.size < 8 {
		c.add(instr{op: opMoveMem, a: dst, b: src, d: int64(ti.size)})
		return
	}
	c.move(ti, dst, src)
}

// clear appends the zeroing of memory in the frame.
func (c *compiler) clear(ti *typeInfo, off uint32) {
	switch ti.class {
	case classNone:
	case classWord, classWide, classMem:
		c.add(instr{op: opClearMem, a: off, d: int64(ti.size)})
	default:
		c.add(instr{op: opClearTyped, a: off, p: ti.r})
	}
}

// load appends the load of a value of type ti.
func (c *compiler) load(ti *typeInfo, dst uint32, a address) {
	if a.frame {
		c.memMove(ti, dst, a.base)
		return
	}
	in := instr{a: dst, b: a.base, d: int64(a.off)}
	if h := hotClass(ti); h >= 0 {
		in.op = hotLoads[h]
	} else if ti.class == classTyped {
		in.op, in.p = opLoadTyped, ti.r
	} else if ti.class == classNone {
		in.op, in.a = opNilCheck, a.base
	} else {
		in.op, in.c = opLoadMem, uint32(ti.size)
	}
	c.add(in)
}

// store appends the store of a value of type ti.
func (c *compiler) store(ti *typeInfo, a address, src uint32) {
	if a.frame {
		c.memMove(ti, a.base, src)
		return
	}
	in := instr{a: a.base, b: src, d: int64(a.off)}
	if h := hotClass(ti); h >= 0 {
		in.op = hotStores[h]
	} else if ti.class == classTyped {
		in.op, in.p = opStoreTyped, ti.r
	} else if ti.class == classNone {
		in.op = opNilCheck
	} else {
		in.op, in.c = opStoreMem, uint32(ti.size)
	}
	c.add(in)
}

var (
	hotLoads  = [...]opcode{opLoad8, opLoad16, opLoad32, opLoad64, opLoadPtr, opLoadString, opLoadIface, opLoadSlice}
	hotStores = [...]opcode{opStore8, opStore16, opStore32, opStore64, opStorePtr, opStoreString, opStoreIface, opStoreSlice}
	hotAt     = [...]opcode{opAt8, opAt16, opAt32, opAt64, opAtPtr, opAtString, opAtIface, opAtSlice}
	hotSetAt  = [...]opcode{opSetAt8, opSetAt16, opSetAt32, opSetAt64, opSetAtPtr, opSetAtString, opSetAtIface, opSetAtSlice}
	hotArray  = [...]opcode{opArrayAt8, opArrayAt16, opArrayAt32, opArrayAt64, opArrayAtPtr, opArrayAtString, opArrayAtIface, opArrayAtSlice}
	hotSetArr = [...]opcode{opSetArrayAt8, opSetArrayAt16, opSetArrayAt32, opSetArrayAt64, opSetArrayAtPtr, opSetArrayAtString, opSetArrayAtIface, opSetArrayAtSlice}
)

// jumpTo makes the target of a jump the instruction number to; jumps are
// relative to the instruction after them.
func (c *compiler) jumpTo(jump, to int) {
	c.b.code[jump].c = uint32(int32((to - jump - 1) * instrSize))
}

// patch gives the jumps between blocks their targets.
func (c *compiler) patch() {
	for _, f := range c.fixups {
		c.jumpTo(f.instr, c.starts[f.block])
	}
}

// finish makes the frame's type and completes the body.
func (c *compiler) finish() {
	b := c.b
	if len(b.inlined) == 0 {
		b.unit = nil
	}
	for f := range c.parts {
		b.parts = append(b.parts, f)
	}
	// the address after the last instruction must belong to the code
	b.code = append(b.code, instr{op: opNop})
	b.pos = append(b.pos, token.NoPos)
	b.start = ptr(unsafe.SliceData(b.code))
	if c.size == 0 {
		c.field(newTypeInfo(typeUint64))
	}
	t := reflect.StructOf(c.fields)
	if t.Size() != uintptr(c.size) {
		panic(fmt.Errorf("frame of %d bytes laid out as %d", t.Size(), c.size))
	}
	b.frameType = rtypeOf(t)
	b.size = t.Size()
}
