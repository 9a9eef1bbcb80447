package vm

import (
	"go/constant"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// lending says of compiled variadic functions what they keep of their last
// arguments: none keeps the slice, those with true keep nothing that the
// interfaces in it point to either (for numbers and strings, which have no
// address in the program). The slice, and what is boxed for it, are then part
// of the caller's frame: fmt.Sprintf("%d", i) allocates its result and nothing
// else.
var lending = map[string]bool{
	"fmt.Append": true, "fmt.Appendf": true, "fmt.Appendln": true,
	"fmt.Errorf": false, // %w keeps its argument
	"fmt.Fprint": true, "fmt.Fprintf": true, "fmt.Fprintln": true,
	"fmt.Print": true, "fmt.Printf": true, "fmt.Println": true,
	"fmt.Sprint": true, "fmt.Sprintf": true, "fmt.Sprintln": true,
	"path.Join": false, "path/filepath.Join": false,
}

// lent is the array behind the variadic arguments of a call that only lends
// them.
type lent struct {
	at    uint32 // in the frame
	array *typeInfo
	n     int  // elements
	boxes bool // what its interfaces point to is in the frame too

	slice *ssa.Slice
	call  *ssa.Call
}

// lentLive reports whether the array of a is needed at p, an instruction that
// is being run: it is being filled, or the call has it.
func (c *compiler) lentLive(a *ssa.Alloc, l *lent, p point) bool {
	if b := l.call.Block(); b.Index == p.block && p.instr >= 0 && b.Instrs[p.instr] == ssa.Instruction(l.call) {
		return true
	}
	return c.life.liveAfter(c.num[a], p) || c.life.liveAfter(c.num[l.slice], p)
}

// lentBox is an element of such an array that an instruction makes in place.
type lentBox struct {
	lent *lent
	num  int64
}

// findLent finds the arrays of the calls in the function's code, and takes over
// the instructions that fill them.
func (c *compiler) findLent(call *ssa.Call) {
	fn, ok := call.Call.Value.(*ssa.Function)
	if !ok || len(call.Call.Args) == 0 || !call.Call.Signature().Variadic() {
		return
	}
	boxes, ok := lending[fullName(fn)]
	if !ok {
		return
	}
	s, ok := call.Call.Args[len(call.Call.Args)-1].(*ssa.Slice)
	if !ok || s.Low != nil || s.High != nil || s.Max != nil || soleUser(s) != ssa.Instruction(call) {
		return
	}
	array, ok := s.X.(*ssa.Alloc)
	if !ok || array.Comment != "varargs" {
		return
	}
	var stores []*ssa.Store
	for _, r := range *array.Referrers() {
		switch r := r.(type) {
		case *ssa.IndexAddr:
			st, ok := soleUser(r).(*ssa.Store)
			if _, isConst := r.Index.(*ssa.Const); !ok || !isConst || st.Addr != ssa.Value(r) {
				return
			}
			stores = append(stores, st)
		case *ssa.Slice:
			if r != s {
				return
			}
		default:
			return
		}
	}
	t := array.Type().Underlying().(*types.Pointer).Elem()
	l := &lent{array: c.m.typeInfo(t), n: int(t.Underlying().(*types.Array).Len()), boxes: boxes, slice: s, call: call}
	if l.n != len(stores) {
		return // the builder stores each element once
	}
	l.at = unplaced
	c.lent[array] = l
	for _, st := range stores {
		c.melted[st.Addr.(*ssa.IndexAddr)] = true
		if mi, ok := st.Val.(*ssa.MakeInterface); ok && soleUser(mi) == ssa.Instruction(st) {
			c.melted[st] = true
			c.lentBoxes[mi] = lentBox{l, st.Addr.(*ssa.IndexAddr).Index.(*ssa.Const).Int64()}
		}
	}
}

const unplaced = ^uint32(0)

// lentAt is the place of an element.
func (c *compiler) lentAt(l *lent, num int64) uint32 {
	if l.at == unplaced {
		l.at = c.field(l.array)
	}
	return l.at + uint32(num)*uint32(l.array.rt.Elem().Size())
}

// storeLent appends the store of an element.
func (c *compiler) storeLent(l *lent, in *ssa.Store) {
	num := in.Addr.(*ssa.IndexAddr).Index.(*ssa.Const).Int64()
	c.memMove(c.infoOf(in.Val), c.lentAt(l, num), c.reg(in.Val))
}

// sliceLent appends the slice of all elements.
func (c *compiler) sliceLent(l *lent, in *ssa.Slice) {
	c.add(instr{op: opLend, a: c.reg(in), b: c.lentAt(l, 0), d: int64(l.n)})
}

// lentOf returns the array whose element an address is.
func (c *compiler) lentOf(addr ssa.Value) *lent {
	if ia, ok := addr.(*ssa.IndexAddr); ok {
		if a, ok := ia.X.(*ssa.Alloc); ok {
			return c.lent[a]
		}
	}
	return nil
}

// constantInterface returns the register that holds the constant k as an
// interface value with the first word given.
func (c *compiler) constantInterface(k *ssa.Const, to *typeInfo, word ptr) uint32 {
	from := c.infoOf(k)
	key := "interface zero " + from.rt.String()
	if k.Value != nil && k.Value.Kind() != constant.Unknown {
		key = "interface " + k.Value.ExactString()
	}
	return c.constantFor(constKey{to, key, from.r}, to, func() ptr {
		v := &iface{}
		v.data = box(from.r, c.constValue(k, from))
		v.typ = word
		return ptr(v)
	})
}
