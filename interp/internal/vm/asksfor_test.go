package vm_test

import (
	"go/types"
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"

	"poolbook/interp/internal/vm"
)

// boundedByTheirOwn are functions that allocate by an argument, and see to it themselves that it is not more than something that is there, or fail.
var boundedByTheirOwn = map[string]string{
	"(*archive/zip.openDir).ReadDir":          "as many as the archive has",
	"(*embed.openDir).ReadDir":                "as many as the folder has",
	"(*testing/fstest.mapDir).ReadDir":        "as many as the folder has",
	"(*index/suffixarray.Index).FindAllIndex": "as many as are found",
	"(*index/suffixarray.Index).Lookup":       "as many as are found",
	"(*math/big.Float).Parse":                 "a base is at most 62",
	"(*math/big.Int).SetString":               "a base is at most 62",
	"math/big.ParseFloat":                     "a base is at most 62",
	"(*math/big.Int).Rsh":                     "makes it shorter",
	"(image/draw.Op).Draw":                    "a row of what is drawn on",
	"(image/draw.floydSteinberg).Draw":        "a row of what is drawn on",
	"image/draw.Draw":                         "a row of what is drawn on",
	"image/draw.DrawMask":                     "a row of what is drawn on",
	"archive/zip.NewReader":                   "as many entries as the size has room for, read one by one",
	"bytes.Replace":                           "as often as it is there",
	"strings.Replace":                         "as often as it is there",
	"bytes.SplitAfterN":                       "as many as there are bytes",
	"bytes.SplitN":                            "as many as there are bytes",
	"strings.SplitAfterN":                     "as many as there are bytes",
	"strings.SplitN":                          "as many as there are bytes",
	"crypto/hkdf.Expand":                      "at most 255 hashes, or an error",
	"crypto/hkdf.Key":                         "at most 255 hashes, or an error",
	"crypto/pbkdf2.Key":                       "takes two hashes of processor time for each of its 20 bytes",
	"net.CIDRMask":                            "32 or 128 bits, or nil",
	"slices.Insert":                           "an index of what is there, or a panic",
	"slices.Replace":                          "an index of what is there, or a panic",
}

// TestAllocationsByArgument walks through the library's source: each exported function with a number among its parameters that becomes, through
// whatever functions, the size of something allocated is one whose calls are looked at before, or is known to be harmless.
func TestAllocationsByArgument(t *testing.T) {
	if testing.Short() {
		t.Skip("builds all of the library")
	}
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax}, "std")
	if err != nil {
		t.Fatal(err)
	}
	prog, _ := ssautil.AllPackages(pkgs, ssa.BuilderMode(0))
	prog.Build()
	w := sizeWalk{sized: map[*ssa.Parameter]bool{}, flows: map[*ssa.Parameter]bool{}}
	all := ssautil.AllFunctions(prog)
	for w.changed = true; w.changed; {
		w.changed = false
		for fn := range all {
			for _, p := range fn.Params {
				if !w.sized[p] && (isNumber(p.Type()) || isNumbers(p.Type())) && w.follow(p, p, map[ssa.Value]bool{}) {
					w.sized[p], w.changed = true, true
				}
			}
		}
	}
	found := map[string]bool{}
	for p := range w.sized {
		o, ok := p.Parent().Object().(*types.Func)
		if !ok || !o.Exported() || o.Pkg() == nil {
			continue
		}
		switch path := o.Pkg().Path(); {
		case strings.Contains(path, "internal"), strings.HasPrefix(path, "vendor/"), strings.HasPrefix(path, "cmd/"), path == "runtime":
		default:
			found[o.FullName()] = true
		}
	}
	if len(found) < 40 {
		t.Errorf("only %d functions found: the walk does not walk", len(found))
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !vm.AsksFor(name) && boundedByTheirOwn[name] == "" {
			t.Errorf("%s allocates by an argument: add it to asksFor, or say what bounds it", name)
		}
	}
	for name := range boundedByTheirOwn {
		if !found[name] {
			t.Errorf("%s is not found any more", name)
		}
	}
}

// sizeWalk finds the parameters that become sizes.
type sizeWalk struct {
	sized   map[*ssa.Parameter]bool
	flows   map[*ssa.Parameter]bool // become a part of the result
	changed bool
}

func isNumber(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	if !ok || b.Info()&types.IsInteger == 0 {
		return false
	}
	switch b.Kind() {
	case types.Int8, types.Uint8, types.Int16, types.Uint16:
		return false
	}
	return true
}

// isNumbers is a struct of numbers, as image.Rectangle.
func isNumbers(t types.Type) bool {
	s, ok := t.Underlying().(*types.Struct)
	if !ok || s.NumFields() == 0 || s.NumFields() > 4 {
		return false
	}
	for f := range s.Fields() {
		if !isNumber(f.Type()) && !isNumbers(f.Type()) {
			return false
		}
	}
	return true
}

// allocators are functions of the runtime without a body in Go.
var allocators = map[string]bool{"MakeNoZero": true, "unsafe_NewArray": true, "makechan": true, "makemap": true, "mallocgc": true, "growslice": true}

// follow reports whether v, which is made of p, becomes a size.
func (w *sizeWalk) follow(p *ssa.Parameter, v ssa.Value, seen map[ssa.Value]bool) bool {
	if v == nil || seen[v] || v.Referrers() == nil {
		return false
	}
	seen[v] = true
	for _, r := range *v.Referrers() {
		if w.use(p, v, r, seen) {
			return true
		}
	}
	return false
}

func (w *sizeWalk) use(p *ssa.Parameter, v ssa.Value, r ssa.Instruction, seen map[ssa.Value]bool) bool {
	switch r := r.(type) {
	case *ssa.MakeSlice:
		return r.Len == v || r.Cap == v
	case *ssa.MakeChan:
		return r.Size == v
	case *ssa.MakeMap:
		return r.Reserve == v
	case *ssa.BinOp:
		switch r.Op.String() {
		case "+", "-", "*", "/", "<<", ">>":
			return w.follow(p, r, seen)
		}
	case *ssa.Convert:
		return isNumber(r.Type()) && w.follow(p, r, seen)
	case *ssa.Extract:
		return isNumber(r.Type()) && w.follow(p, r, seen)
	case *ssa.ChangeType, *ssa.Phi, *ssa.Field, *ssa.FieldAddr, *ssa.UnOp:
		return w.follow(p, r.(ssa.Value), seen)
	case *ssa.Store:
		a, ok := r.Addr.(*ssa.Alloc)
		return ok && r.Val == v && w.follow(p, a, seen)
	case *ssa.Return:
		if !w.flows[p] {
			w.flows[p], w.changed = true, true
		}
	case ssa.CallInstruction:
		return w.call(p, v, r, seen)
	}
	return false
}

func (w *sizeWalk) call(p *ssa.Parameter, v ssa.Value, r ssa.CallInstruction, seen map[ssa.Value]bool) bool {
	cc := r.Common()
	var result ssa.Value
	if call := r.Value(); call != nil {
		result = call
	}
	if b, ok := cc.Value.(*ssa.Builtin); ok {
		return b.Name() == "max" && w.follow(p, result, seen)
	}
	callee := cc.StaticCallee()
	if callee == nil {
		return false
	}
	if o := callee.Object(); o != nil && o.Pkg() != nil && o.Pkg().Path() == "math/bits" {
		return w.follow(p, result, seen)
	}
	if len(callee.Blocks) == 0 && allocators[callee.Name()] {
		return true
	}
	for _, fn := range []*ssa.Function{callee, callee.Origin()} {
		if fn == nil {
			continue
		}
		for i, a := range cc.Args {
			if a == v && i < len(fn.Params) && (w.sized[fn.Params[i]] || w.flows[fn.Params[i]] && w.follow(p, result, seen)) {
				return true
			}
		}
	}
	return false
}
