package interp

import (
	"strings"
	"testing"
)

func TestSnippet(t *testing.T) {
	long := strings.Repeat("a", 150) + "<here>" + strings.Repeat("b", 150)
	for _, c := range []struct {
		name, text  string
		column, end int
		want        string
	}{
		{"no column", "x := 1", 0, 0, "    x := 1"},
		{"a caret", "x := y", 6, 0, "    x := y\n         ^"},
		{"a word", "x := yes", 6, 9, "    x := yes\n         ^^^"},
		{"tabs", "\tx", 2, 0, "        x\n        ^"},
		{"wide letters", "世界 := 1 + é", 15, 17, "    世界 := 1 + é\n                ^"},
		{"past the end", "x", 9, 12, "    x\n     ^"},
		{"a long line's middle", long, 151, 157, "    …" + strings.Repeat("a", 47) + "<here>" + strings.Repeat("b", 47) + "…\n" + strings.Repeat(" ", 4+48) + "^^^^^^"},
		{"a long line's begin", long, 1, 3, "    " + long[:100] + "…\n    ^^"},
		{"a long line's end", long, 306, 307, "    …" + long[206:] + "\n" + strings.Repeat(" ", 4+100) + "^"},
		{"a long line, all of it marked", long, 1, 307, "    " + long[:50] + "…\n    " + strings.Repeat("^", 51)},
		{"a long line without column", long, 0, 0, "    " + long[:100] + "…"},
	} {
		if got := snippet(plain, c.text, c.column, c.end); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}
