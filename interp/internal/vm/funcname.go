package vm

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"weak"

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
	kind := 0
	if isRangeBody(fn) {
		kind = 1
	}
	if last := lastNumbers[kind].Load(); last != nil && last.outer == weak.Make(outer) && last.count == len(outer.AnonFuncs) {
		return last.at[fn.Pos()]
	}
	n := &numbers{outer: weak.Make(outer), count: len(outer.AnonFuncs), at: map[token.Pos]int{}}
	n.find(outer, isRangeBody(fn))
	lastNumbers[kind].Store(n)
	return n.at[fn.Pos()]
}

// numbers are those of the function literals, or of the bodies of loops, that a function has.
type numbers struct {
	outer weak.Pointer[ssa.Function]
	count int
	at    map[token.Pos]int
}

// lastNumbers are the latest of each kind: a function with thousands of literals asks for each.
var lastNumbers [2]atomic.Pointer[numbers]

func (n *numbers) find(outer *ssa.Function, bodies bool) {
	var loops []*ast.RangeStmt
	var alike []token.Pos
	var collect func(in *ssa.Function)
	collect = func(in *ssa.Function) {
		for _, f := range in.AnonFuncs {
			if isRangeBody(f) == bodies {
				alike = append(alike, f.Pos())
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
		for i, pos := range slices.Backward(alike) {
			n.at[pos] = i + 1
		}
		return
	}
	slices.Sort(alike)
	met := slices.Clone(alike) // where the compiler meets each
	for _, loop := range loops {
		for i, _ := slices.BinarySearch(alike, loop.X.Pos()); i < len(alike) && alike[i] < loop.X.End(); i++ {
			met[i] = max(met[i], loop.Body.End())
		}
	}
	order := make([]int, len(alike))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(met[i], met[j]) })
	for number, i := range slices.Backward(order) {
		n.at[alike[i]] = number + 1
	}
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
