package nbformat

import (
	"fmt"
	"strings"
)

// Problem is one departure of a notebook from the format.
type Problem struct {
	Cell   int    // the cell's place, the first is 1; 0: the notebook itself
	ID     string // the cell's id, "" when it has none
	Field  string // such as "outputs[2].data"; "" is the whole cell or notebook
	Reason string // such as `must be a string, is a number`
}

// String is the problem as one line, as in
// `cell 3 (id "f00"): outputs[0].text: must be a string …`.
func (p Problem) String() string {
	var b strings.Builder
	switch {
	case p.Cell > 0 && p.ID != "":
		fmt.Fprintf(&b, "cell %d (id %q): ", p.Cell, p.ID)
	case p.Cell > 0:
		fmt.Fprintf(&b, "cell %d: ", p.Cell)
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.Reason)
	return b.String()
}

// FormatError says that a file is not a notebook of format 4. errors.As finds
// it in what Parse, Validate and ReadFile return.
type FormatError struct {
	Problems []Problem // at least one, in the order of the file
}

func (e *FormatError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
