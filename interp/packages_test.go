package interp_test

import (
	"context"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"strings"
	"testing"

	"poolbook/interp"
	"poolbook/interp/internal/bridge"
	"poolbook/interp/internal/check/stdlib"
)

// TestEveryPackage imports every package of the release's library in a cell, and uses one of its constants, variables, functions and types
// each: values are copied and types made, so that each is compared with what the program was built with.
func TestEveryPackage(t *testing.T) {
	im := stdlib.New(stdlib.Config{Bridge: bridge.New(), Fset: token.NewFileSet()})
	s := newSession(t)
	n := 0
	for i, path := range im.Names() {
		pkg, err := im.Import(path)
		if err != nil {
			t.Error(err)
			continue
		}
		var uses []string
		kinds := map[string]int{}
		use := func(kind, text string) {
			if kinds[kind]++; kinds[kind] <= 5 {
				uses = append(uses, text)
			}
		}
		for _, name := range pkg.Scope().Names() {
			obj := pkg.Scope().Lookup(name)
			if !obj.Exported() {
				continue
			}
			switch obj := obj.(type) {
			case *types.Const:
				if k := obj.Val().String(); len(k) < 19 { // those that an int holds
					use("const", "_ = p."+name)
				}
			case *types.Var:
				use("var", "_ = &p."+name)
			case *types.Func:
				if path != "unsafe" && obj.Signature().TypeParams().Len() == 0 {
					use("func", fmt.Sprintf("_ = fmt.Sprintf(%q, p.%s)", "%T", name))
				}
			case *types.TypeName:
				named, ok := types.Unalias(obj.Type()).(*types.Named)
				if ok && named.TypeParams().Len() > named.TypeArgs().Len() {
					continue
				}
				if it, ok := obj.Type().Underlying().(*types.Interface); !ok || it.IsMethodSet() {
					use("type", "_ = fmt.Sprintf(\"%T\", new(p."+name+"))")
				}
			}
		}
		n += len(uses)
		code := fmt.Sprintf("import p %q\n%s", path, strings.Join(append(uses, "0"), "\n"))
		if len(uses) == 0 {
			code = fmt.Sprintf("import _ %q", path)
		}
		if _, err := s.Run(context.Background(), interp.Cell{Number: i + 1, Code: code, Stdout: io.Discard, Stderr: io.Discard}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if n < 1000 {
		t.Errorf("only %d members were used", n)
	}
}
