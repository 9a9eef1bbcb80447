package check

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"poolbook/interp/internal/split"
)

// Diag is a message about a place in a cell.
type Diag struct {
	Pos, End token.Pos // End may be NoPos
	Msg      string
	Hint     string
	Warning  bool
}

// Var is a variable that the cell declares. Old is the session variable of the same name and type whose storage it shares, nil when
// it gets its own.
type Var struct{ New, Old *types.Var }

// Replaced is a function that takes the place of an earlier one of the same signature.
type Replaced struct{ Old, New *types.Func }

// Grown is a type of an earlier cell that got methods; Pos is the place of the first.
type Grown struct {
	Type *types.Named
	Pos  token.Pos
}

// Checked is a cell that may run.
type Checked struct {
	*Package
	// Files is the cell for go/ssa, one file: its declarations, its variables without values, and its statements as functions. Of
	// CheckFiles, it is the files.
	Files []*ast.File
	// Vars are the variables the cell declares.
	Vars []Var
	// Funcs are the functions and methods that take the place of earlier ones.
	Funcs []Replaced
	// Grown are types of earlier cells that got methods.
	Grown []Grown
	// Results are the variables that hold the value of the final expression after the cell has run.
	Results []*types.Var
	// Warnings tell of earlier functions that do not follow a redefinition.
	Warnings []Diag
	// Inits is the number of init functions: they run after VarsFunc and before Entry.
	Inits int

	env     *Env
	carried []*funcRecord
	kept    []*typeRecord // declarations that were run again unchanged
	adopted []*adopted
}

// The names of the functions that hold a cell's statements.
const (
	Entry    = "·cell"
	VarsFunc = "·vars" // only when Inits > 0: the variables declared before the first statement
)

// Check checks a cell. Either the result or the diagnostics are nil.
func (e *Env) Check(cell *split.Cell, number int) (*Checked, []Diag) {
	if err := embed(cell); err != nil {
		return nil, []Diag{embedDiag(err)}
	}
	first := e.newPass(cell, number)
	if diags := first.run(); len(diags) > 0 {
		first.undo()
		return nil, diags
	}
	final, warnings := e.follow(first)
	return final.finish(warnings), nil
}

// follow checks again, with the earlier functions that use a name whose meaning the cell changes, until no more functions
// are concerned. It returns the pass to be used.
func (e *Env) follow(p *pass) (*pass, []Diag) {
	var (
		refused  = map[string]bool{}
		warnings []Diag
		round    = 0
	)
	defer func() {
		for key := range refused {
			e.unkey(e.funcs[key].decl) // what else is made of the function is for the types of before
		}
	}()
	for {
		dirty := p.dirty()
		if len(dirty) == 0 && len(p.carried) == 0 {
			return p, warnings
		}
		var carry []*funcRecord
		for _, r := range e.funcs {
			if !refused[r.key] && !p.declares(r.key) && r.uses(dirty) && !p.forgets(r) {
				carry = append(carry, r)
			}
		}
		for _, r := range p.carried {
			if !refused[r.key] && !slices.Contains(carry, r) {
				carry = append(carry, r)
			}
		}
		slices.SortFunc(carry, func(a, b *funcRecord) int { return int(a.decl.Pos() - b.decl.Pos()) })
		if slices.Equal(carry, p.carried) || round > 20 {
			return p, warnings
		}
		round++
		p.undo()
		next := e.newPass(p.cell, p.pkg.Cell)
		next.carried = carry
		for _, r := range carry {
			e.unkey(r.decl)
		}
		diags := next.run()
		if len(diags) == 0 {
			p = next
			continue
		}
		// Leave out those that do not compile any more; when the errors are elsewhere, leave out all.
		next.undo()
		some := false
		for _, r := range carry {
			for _, d := range diags {
				if r.decl.Pos() <= d.Pos && d.Pos < r.decl.End() && !refused[r.key] {
					refused[r.key], some = true, true
					name, where := r.obj.Name(), ""
					if i := strings.LastIndex(r.key, "."); i > 0 {
						name = r.key
					}
					if r.pkg.Cell > 0 {
						where = fmt.Sprintf(" (cell %d)", r.pkg.Cell)
					}
					warnings = append(warnings, Diag{Pos: d.Pos, End: d.End, Warning: true, Msg: d.Msg,
						Hint: fmt.Sprintf("%s%s no longer compiles with this cell's declarations and still uses the earlier ones: run it again when it is mended", name, where)})
				}
			}
		}
		if !some {
			for _, r := range carry {
				refused[r.key] = true
			}
		}
		p = e.newPass(p.cell, p.pkg.Cell)
		for _, r := range carry {
			if !refused[r.key] {
				p.carried = append(p.carried, r)
			}
		}
		if diags := p.run(); len(diags) > 0 {
			// Not expected to get worse, but the cell alone is known to be right.
			p.undo()
			for _, r := range carry {
				refused[r.key] = true
			}
			p = e.newPass(p.cell, p.pkg.Cell)
			p.run()
		}
	}
}

func (r *funcRecord) uses(dirty map[string]bool) bool {
	for d := range r.deps {
		if dirty[d] {
			return true
		}
	}
	return false
}

// forgets tells whether r is a method of a type that the cell declares anew, written in the cell of the old declaration: that cell
// is being run again, and its methods with it.
func (p *pass) forgets(r *funcRecord) bool {
	typ, _, method := strings.Cut(r.key, ".")
	if !method {
		return false
	}
	spec := p.env.specs[typ]
	return p.declared[typ] && spec != nil && spec.pkg == r.pkg
}

// declares tells whether the cell itself declares the function or method.
func (p *pass) declares(key string) bool {
	if p.declared[key] {
		return true
	}
	return p.methods[key]
}

// dirty returns the names that mean something else after the pass: what uses them has to be checked again.
func (p *pass) dirty() map[string]bool {
	d := map[string]bool{}
	scope := p.pkg.Types.Scope()
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		old := p.env.names[name]
		if old == nil || obj.Pkg() != p.pkg.Types {
			continue
		}
		if !sameMeaning(old.obj, obj) {
			d[name] = true
		}
	}
	for _, a := range p.adopt {
		for _, r := range p.env.funcs { // which method an instance of a generic function calls goes by the name
			for key := range r.deps {
				if slices.Contains(a.hides, key[strings.LastIndex(key, ".")+1:]) {
					d[key] = true
				}
			}
		}
		for _, s := range a.swaps {
			if !s.same && !s.past {
				key := methodKey(s.Old)
				d[key] = true
				if typ, _, ok := strings.Cut(key, "."); ok {
					d[typ] = true // its values may have other interfaces now
				}
			}
		}
	}
	return d
}

// sameMeaning tells whether what was compiled against old may go on with new.
func sameMeaning(old, new types.Object) bool {
	if !types.Identical(old.Type(), new.Type()) {
		return false
	}
	switch old := old.(type) {
	case *types.Var:
		_, ok := new.(*types.Var)
		return ok
	case *types.Func:
		_, ok := new.(*types.Func)
		return ok
	case *types.Const:
		c, ok := new.(*types.Const)
		return ok && constant.Compare(old.Val(), token.EQL, c.Val())
	case *types.TypeName:
		_, ok := new.(*types.TypeName)
		return ok
	}
	return false
}

// methodKey is "T.m" for a method, the name for a function.
func methodKey(f *types.Func) string {
	if recv := f.Signature().Recv(); recv != nil {
		if n := namedOf(recv.Type()); n != nil {
			return n.Obj().Name() + "." + f.Name()
		}
	}
	return f.Name()
}

func namedOf(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, _ := t.(*types.Named)
	return n
}
