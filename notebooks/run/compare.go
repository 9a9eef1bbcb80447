package run

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"poolbook/notebooks/nbformat"
)

// Tags of a cell that say how its outputs may differ from run to run.
const (
	// NumbersVary: every number and duration in the outputs may differ.
	NumbersVary = "numbers-vary"
	// OrderVaries: the lines that the cell prints may come in any order.
	OrderVaries = "order-varies"
	// OutputVaries: the outputs are not compared; only an error that the
	// stored cell has not is a difference.
	OutputVaries = "output-varies"
	// RaisesException is Jupyter's own tag: an error is what the cell shows.
	RaisesException = "raises-exception"
	// SkipExecution is Jupyter's own tag: the cell is left as it is.
	SkipExecution = "skip-execution"
)

// Difference is one place where a run's outputs are not those stored.
type Difference struct {
	Cell int    // the cell's place, the first is 1
	ID   string // the cell's id
	What string // such as "stdout", "display 2 (text/html)", "error"
	Diff string // lines that start with "- " (stored), "+ " (this run) or "  "
}

// String is the difference as lines of text, without a newline at the end.
func (d Difference) String() string {
	return fmt.Sprintf("cell %d (id %q): %s is not as stored:\n%s", d.Cell, d.ID, d.What, d.Diff)
}

// Compare says how the outputs of a run differ from the stored ones. Both must
// have the same cells. Execution counts do not count.
//
// A cell says in its tags what may differ: [NumbersVary], [OrderVaries],
// [OutputVaries]. Its metadata may hold patterns for parts of its text that
// may differ, as in {"poolbook": {"varies": ["pid \\d+"]}}. A display's own
// metadata may have {"poolbook": {"varies": "numbers"}}, or "all" when it is
// not compared at all (a progress bar, which a fast machine never shows).
// Escape sequences for colours and trailing spaces are not compared. An error is a *PatternError,
// or says that the cells are not the same.
func Compare(stored, got *nbformat.Notebook) ([]Difference, error) {
	if len(stored.Cells) != len(got.Cells) {
		return nil, fmt.Errorf("compare notebooks: %d cells are stored, %d were run", len(stored.Cells), len(got.Cells))
	}
	var diffs []Difference
	for i, want := range stored.Cells {
		if want.Type != nbformat.Code || want.HasTag(SkipExecution) {
			continue
		}
		found, err := compareCell(want, got.Cells[i])
		if err != nil {
			return nil, fmt.Errorf("cell %d (id %q): %w", i+1, want.ID, err)
		}
		for _, d := range found {
			d.Cell, d.ID = i+1, want.ID
			diffs = append(diffs, d)
		}
	}
	return diffs, nil
}

// PatternError is a pattern in a cell's metadata that is no regular expression.
type PatternError struct {
	Pattern string
	Err     error
}

func (e *PatternError) Error() string {
	return fmt.Sprintf("metadata.poolbook.varies: pattern %q: %v", e.Pattern, e.Err)
}

// Unwrap returns the error of package regexp.
func (e *PatternError) Unwrap() error { return e.Err }

// section is a part of a cell's outputs that is compared as one text.
type section struct {
	what, text string
	numbers    bool // numbers may differ
}

func compareCell(want, got *nbformat.Cell) ([]Difference, error) {
	n, err := newNormalizer(want)
	if err != nil {
		return nil, err
	}
	stored, run := sections(want), sections(got)
	if n.anything {
		// Only a new error counts.
		if e := errorSection(run); e != nil && errorSection(stored) == nil {
			return []Difference{{What: e.what, Diff: diffLines("", n.text(e.text, false))}}, nil
		}
		return nil, nil
	}
	var diffs []Difference
	for _, what := range union(stored, run) {
		a, b := find(stored, what), find(run, what)
		loose := a.numbers || b.numbers
		x, y := n.text(a.text, loose), n.text(b.text, loose)
		if n.anyOrder {
			x, y = sortedLines(x), sortedLines(y)
		}
		if x != y {
			diffs = append(diffs, Difference{What: what, Diff: diffLines(x, y)})
		}
	}
	return diffs, nil
}

// sections takes the outputs of a cell apart: all of stdout, all of stderr,
// each format of each display and result, errors.
func sections(c *nbformat.Cell) []section {
	var out []section
	streams := map[string]int{}
	displays := 0
	for i := range c.Outputs {
		o := &c.Outputs[i]
		switch o.Type {
		case nbformat.Stream:
			at, ok := streams[o.Name]
			if !ok {
				at = len(out)
				streams[o.Name] = at
				out = append(out, section{what: o.Name})
			}
			out[at].text += o.Text
		case nbformat.ErrorOutput:
			text := o.EName + ": " + o.EValue + "\n" + strings.Join(o.Traceback, "\n")
			out = append(out, section{what: "error", text: text})
		default:
			varies := displayVaries(&o.Metadata)
			if varies == "all" {
				continue
			}
			what := "the result"
			if o.Type == nbformat.DisplayData {
				displays++
				what = fmt.Sprintf("display %d", displays)
			}
			keys := o.Data.Keys()
			slices.Sort(keys)
			for _, mime := range keys {
				raw, _ := o.Data.Raw(mime)
				text := string(raw)
				var s string
				if json.Unmarshal(raw, &s) == nil {
					text = s
				}
				if mime == "image/png" {
					text = pixels(text)
				}
				out = append(out, section{what: what + " (" + mime + ")", text: text, numbers: varies == "numbers"})
			}
		}
	}
	return out
}

// displayVaries is what a display says of itself, "" when it says nothing.
func displayVaries(meta *nbformat.Object) string {
	var p struct {
		Varies string `json:"varies"`
	}
	if _, err := meta.Decode("poolbook", &p); err != nil {
		return ""
	}
	return p.Varies
}

func errorSection(list []section) *section {
	for i := range list {
		if list[i].what == "error" {
			return &list[i]
		}
	}
	return nil
}

func find(list []section, what string) section {
	for _, s := range list {
		if s.what == what {
			return s
		}
	}
	return section{}
}

func union(a, b []section) []string {
	var names []string
	for _, s := range append(slices.Clone(a), b...) {
		if !slices.Contains(names, s.what) {
			names = append(names, s.what)
		}
	}
	return names
}

// normalizer replaces what may differ in the texts of one cell.
type normalizer struct {
	numbers, anyOrder, anything bool
	patterns                    []*regexp.Regexp
}

func newNormalizer(c *nbformat.Cell) (*normalizer, error) {
	n := &normalizer{numbers: c.HasTag(NumbersVary), anyOrder: c.HasTag(OrderVaries), anything: c.HasTag(OutputVaries)}
	var meta struct {
		Varies []string `json:"varies"`
	}
	if _, err := c.Metadata.Decode("poolbook", &meta); err != nil {
		return nil, fmt.Errorf("metadata.%w", err)
	}
	for _, p := range meta.Varies {
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, &PatternError{Pattern: p, Err: err}
		}
		n.patterns = append(n.patterns, re)
	}
	return n, nil
}

// Compiled when first used: every start of the program would pay for them.
var (
	escapes = lazy("\x1b\\[[0-9;?]*[A-Za-z]")
	spaces  = lazy(`[ \t\r]+(\n|$)`)
	// A Go duration such as 1m2.5s or 350ms, or a number with an exponent or not.
	numbers = lazy(`([0-9]+h)?([0-9]+m)?[0-9]+(\.[0-9]+)?(ms|µs|ns|s)\b|[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?`)
)

func lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

func (n *normalizer) text(s string, loose bool) string {
	s = escapes().ReplaceAllString(s, "")
	s = spaces().ReplaceAllString(s, "$1")
	for _, re := range n.patterns {
		s = re.ReplaceAllString(s, "…")
	}
	if n.numbers || loose {
		s = numbers().ReplaceAllString(s, "#")
	}
	return s
}

func sortedLines(s string) string {
	lines := strings.Split(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// diffLines is a line diff: a longest common subsequence, or both texts whole
// when they are too long for that.
func diffLines(a, b string) string {
	x, y := lines(a), lines(b)
	var out []string
	if len(x)*len(y) > 1_000_000 {
		for _, l := range x {
			out = append(out, "- "+l)
		}
		for _, l := range y {
			out = append(out, "+ "+l)
		}
		return strings.Join(out, "\n")
	}
	// common[i][j] is the length of the longest common part of x[i:] and y[j:].
	common := make([][]int, len(x)+1)
	for i := range common {
		common[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			out = append(out, "  "+x[i])
			i++
			j++
		case j == len(y) || i < len(x) && common[i+1][j] >= common[i][j+1]:
			out = append(out, "- "+x[i])
			i++
		default:
			out = append(out, "+ "+y[j])
			j++
		}
	}
	return strings.Join(out, "\n")
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}
