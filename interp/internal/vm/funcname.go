package vm

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/goabi"
)

// rangeBody is what go/ssa calls the function that it makes of the body of a loop over a function.
const rangeBody = "range-over-func yield"

// funcName is the name of fn as the compiler gives it, without what inlining adds: main.f, main.(*T).m, main.f.func2.1, main.G[...],
// main.f-range1, main.init.0. Source: closureName of cmd/compile/internal/ir, Go 1.26 and 1.27.
func funcName(fn *ssa.Function) string {
	if fn.Parent() != nil {
		outer := fn.Parent()
		for isRangeBody(outer) && !goabi.RangeBodiesNest {
			outer = outer.Parent() // what is in the bodies of loops counts as the function's own
		}
		number := strconv.Itoa(numberWithin(outer, fn))
		switch {
		case isRangeBody(fn):
			return funcName(outer) + "-range" + number
		case outer.Parent() == nil:
			return funcName(outer) + ".func" + number
		}
		return funcName(outer) + "." + number
	}
	if r := fn.Signature.Recv(); r != nil {
		if name := methodSymbol(r.Type(), fn.Name()); name != "" {
			return name
		}
	}
	name := fn.Name()
	if fn.Origin() != nil {
		name, _, _ = strings.Cut(name, "[")
		name += "[...]"
	}
	if n, ok := strings.CutPrefix(name, "init#"); ok {
		if i, err := strconv.Atoi(n); err == nil {
			name = "init." + strconv.Itoa(i-1)
		}
	}
	if fn.Pkg != nil {
		return pathPrefix(fn.Pkg.Pkg) + name
	} else if o := fn.Object(); o != nil {
		return pathPrefix(o.Pkg()) + name
	}
	return name
}

func isRangeBody(fn *ssa.Function) bool { return fn.Synthetic == rangeBody }

// numberWithin counts the function literals, or the bodies of loops, of outer up to fn: by their places in the source, but for those that
// make the function that a loop is over, which the compiler meets after the loop's body. For variables of packages it is the order in
// which these get their values.
func numberWithin(outer, fn *ssa.Function) int {
	var loops []*ast.RangeStmt
	var alike []*ssa.Function
	var collect func(in *ssa.Function)
	collect = func(in *ssa.Function) {
		for _, f := range in.AnonFuncs {
			if isRangeBody(f) == isRangeBody(fn) {
				alike = append(alike, f)
			}
			if isRangeBody(f) {
				if loop, ok := f.Syntax().(*ast.RangeStmt); ok {
					loops = append(loops, loop)
				}
				if !goabi.RangeBodiesNest {
					collect(f)
				}
			}
		}
	}
	collect(outer)
	if isInitializer(outer) {
		return slices.Index(alike, fn) + 1
	}
	met := func(f *ssa.Function) token.Pos {
		pos := f.Pos()
		for _, loop := range loops {
			if loop.X.Pos() <= f.Pos() && f.Pos() < loop.X.End() {
				pos = max(pos, loop.Body.End())
			}
		}
		return pos
	}
	n, at := 1, met(fn)
	for _, f := range alike {
		if to := met(f); to < at || to == at && f.Pos() < fn.Pos() {
			n++
		}
	}
	return n
}

// methodSymbol is the name of a method of recv, a declared type or a pointer to one; "" for other types.
func methodSymbol(recv types.Type, method string) string {
	star := false
	if p, ok := types.Unalias(recv).(*types.Pointer); ok {
		recv, star = p.Elem(), true
	}
	n, ok := types.Unalias(recv).(*types.Named)
	if !ok {
		return ""
	}
	name := n.Obj().Name()
	if n.TypeArgs().Len() > 0 || n.TypeParams().Len() > 0 {
		name += "[...]"
	}
	if star {
		name = "(*" + name + ")"
	}
	return pathPrefix(n.Obj().Pkg()) + name + "." + method
}

// pathPrefix is a package's path as symbols have it, with a dot; "" for the universe.
func pathPrefix(p *types.Package) string {
	if p == nil {
		return ""
	}
	path := p.Path()
	last := strings.LastIndexByte(path, '/') + 1
	return path[:last] + strings.ReplaceAll(path[last:], ".", "%2e") + "."
}

// valueName is the name of the function that a func value has the code of: for the wrappers that go/ssa makes of method values and method
// expressions, the compiler's.
func valueName(fn *ssa.Function) string {
	if o, ok := fn.Object().(*types.Func); ok && fn.Synthetic != "" && o.Signature().Recv() != nil {
		switch {
		case len(fn.FreeVars) > 0: // bound
			if name := methodSymbol(fn.FreeVars[0].Type(), o.Name()); name != "" {
				return name + "-fm"
			}
		case fn.Signature.Recv() == nil && fn.Signature.Params().Len() > 0: // thunk
			if name := methodSymbol(fn.Signature.Params().At(0).Type(), o.Name()); name != "" {
				return name
			}
		}
	}
	return funcName(fn)
}
