package vm

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// mayOutdate reports whether the call of fn in block b may run for long in the body that is being compiled, so that it has to look at each
// turn whether fn was replaced: b is in a loop that waits, of a goroutine that takes work from a channel, say, and fn is a function that a
// later cell may declare again.
func (c *compiler) mayOutdate(fn *ssa.Function, b int) bool {
	if fn.Parent() != nil || fn.Synthetic != "" || fn.Pkg == nil || fn.Pkg.Pkg.Path() != "main" {
		return false
	}
	for ; c != nil; c = c.parent {
		if c.waiting == nil {
			c.waiting = waitingLoops(c.fn)
		}
		if c.waiting[b] {
			return true
		}
		b = c.called.block
	}
	return false
}

// waitingLoops says of each block of fn whether it is in a loop with an operation that waits for something from outside.
func waitingLoops(fn *ssa.Function) []bool {
	loops := make([]bool, len(fn.Blocks))
	for _, b := range fn.Blocks {
		if !mayWait(b) {
			continue
		}
		if fn.Synthetic == "range-over-func yield" {
			for i := range loops {
				loops[i] = true
			}
			return loops
		}
		after := reached(b, func(b *ssa.BasicBlock) []*ssa.BasicBlock { return b.Succs })
		before := reached(b, func(b *ssa.BasicBlock) []*ssa.BasicBlock { return b.Preds })
		for i := range loops {
			loops[i] = loops[i] || after[i] && before[i]
		}
	}
	return loops
}

// reached returns, by index, the blocks that one or more steps from b lead to.
func reached(b *ssa.BasicBlock, next func(*ssa.BasicBlock) []*ssa.BasicBlock) []bool {
	seen := make([]bool, len(b.Parent().Blocks))
	for todo := []*ssa.BasicBlock{b}; len(todo) > 0; {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, n := range next(b) {
			if !seen[n.Index] {
				seen[n.Index] = true
				todo = append(todo, n)
			}
		}
	}
	return seen
}

// mayWait reports whether an instruction of b waits: channel operations, and calls of compiled functions that sleep, lock, or read.
func mayWait(b *ssa.BasicBlock) bool {
	for _, in := range b.Instrs {
		switch in := in.(type) {
		case *ssa.Send, *ssa.Select:
			return true
		case *ssa.UnOp:
			if in.Op == token.ARROW {
				return true
			}
		case *ssa.Call:
			var callee types.Object
			if in.Call.IsInvoke() {
				callee = in.Call.Method
			} else if fn := in.Call.StaticCallee(); fn != nil && fn.Blocks == nil {
				callee = fn.Object()
			}
			if callee == nil || callee.Pkg() == nil {
				continue
			}
			switch callee.Pkg().Path() {
			case "bufio", "io", "net", "net/http", "os", "runtime", "sync", "time":
				return true
			}
		}
	}
	return false
}
