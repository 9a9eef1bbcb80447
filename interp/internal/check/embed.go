package check

import (
	"errors"
	"go/ast"
	"os"
	"path/filepath"

	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/split"
)

// embed gives the variables of a cell's //go:embed lines their values, from the working directory: that is where its notebook is.
func embed(c *split.Cell) error {
	if len(c.Comments) == 0 {
		return nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	used := map[*ast.CommentGroup]bool{}
	for _, s := range c.Body {
		d, ok := s.(*ast.DeclStmt)
		if !ok {
			continue
		}
		g, ok := d.Decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		fsys, err := stdlib.Embed(g, c.After(s.Pos()), c.Comments, dir, used)
		if err != nil {
			return err
		}
		c.Embeds = c.Embeds || fsys
	}
	return stdlib.Misplaced(c.Comments, used)
}

// embedFile is embed for a file of a program.
func embedFile(f *ast.File, name string) error {
	dir, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return err
	}
	return stdlib.EmbedFiles(f, dir)
}

func embedDiag(err error) Diag {
	d := Diag{Msg: err.Error()}
	var e *stdlib.EmbedError
	if errors.As(err, &e) {
		d.Pos = e.Pos
	}
	return d
}
