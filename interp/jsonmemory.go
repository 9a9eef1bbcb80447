package interp

import (
	"fmt"
	"go/ast"
	"go/types"

	"poolbook/interp/internal/check"
)

// encoding/json keeps how it encodes a type from the first value on: with a MarshalJSON or MarshalText that the type gets afterwards, it goes
// on as before. A cell that adds one to a type of an earlier cell gets a warning, when a cell since has encoded values.

// watchJSON warns of methods of c that encoding/json may not see, and notes whether c encodes.
func (s *Session) watchJSON(c *check.Checked) {
	for _, d := range c.File.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv == nil || f.Name.Name != "MarshalJSON" && f.Name.Name != "MarshalText" {
			continue
		}
		obj, _ := c.Info.Defs[f.Name].(*types.Func)
		for _, t := range c.Grown {
			if base := check.ReceiverBase(f); obj == nil || base == nil || base.Name != t.Obj().Name() || replaced(c, obj) {
				continue
			}
			if p := s.env.PackageOf(t.Obj()); p == nil || p.Cell > s.jsonCell {
				continue
			}
			name := t.Obj().Name()
			c.Warnings = append(c.Warnings, check.Diag{Pos: f.Name.Pos(), End: f.Name.End(), Warning: true,
				Msg:  fmt.Sprintf("encoding/json goes on without %s for %s if it has encoded one: it remembers types", f.Name.Name, name),
				Hint: fmt.Sprintf("run %%reset, and then the cells again, %s and its %s first", name, f.Name.Name)})
		}
	}
	for _, obj := range c.Info.Uses {
		if f, ok := obj.(*types.Func); ok && f.Pkg() != nil && f.Pkg().Path() == "encoding/json" {
			switch f.Name() {
			case "Marshal", "MarshalIndent", "Encode":
				s.jsonCell = c.Cell
				return
			}
		}
	}
}

// replaced reports whether f takes the place of an earlier method.
func replaced(c *check.Checked, f *types.Func) bool {
	for _, r := range c.Funcs {
		if r.New == f {
			return true
		}
	}
	return false
}
