package export

import (
	"fmt"
	"strings"

	"poolbook/notebooks/nbformat"
)

// Code returns the source of all cells as one text. name is the notebook's, for the first line.
func Code(nb *nbformat.Notebook, name string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "// The cells of %s. To run them: poolbook run %s\n", name, name)
	for _, c := range nb.Cells {
		switch c.Type {
		case nbformat.Code:
			fmt.Fprintf(&b, "\n// %%%%\n%s\n", strings.TrimRight(c.Source, "\n"))
		default:
			fmt.Fprintf(&b, "\n// %%%% [%s]\n", c.Type)
			for line := range strings.Lines(strings.TrimRight(c.Source, "\n") + "\n") {
				b.WriteString(strings.TrimRight("// "+strings.TrimRight(line, "\r\n"), " ") + "\n")
			}
		}
	}
	return []byte(b.String())
}
