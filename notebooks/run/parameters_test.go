package run

import (
	"strings"
	"testing"

	"poolbook/notebooks/nbformat"
)

func TestInject(t *testing.T) {
	notebook := func(sources ...string) *nbformat.Notebook {
		nb := nbformat.New()
		for _, s := range sources {
			c := &nbformat.Cell{Type: nbformat.Code, Source: s, ID: nb.NewID(s)}
			if tag, rest, ok := strings.Cut(s, "|"); ok {
				c.Source = rest
				if err := c.Metadata.Set("tags", []string{tag}); err != nil {
					t.Fatal(err)
				}
			}
			nb.Cells = append(nb.Cells, c)
		}
		return nb
	}
	const declared = "parameters|n, name := 3, \"x\"\nvar rate float64 = 1\nvar word string\nconst size = 4"
	for _, tt := range []struct {
		cells []string
		given []string
		at    int
		want  string // the source of the cell, or of the error
	}{
		{[]string{"a", declared, "b"}, []string{"n=5"}, 2, "// Parameters\nn = 5"},
		{[]string{declared}, []string{"n=-5", "name=7", "rate=2.5", "word=true", "size=8"}, 1, "// Parameters\nn = -5\nname = \"7\"\nrate = 2.5\nword = \"true\"\nconst size = 8"},
		{[]string{declared}, []string{"n:=len(name)*2", "name=a=\"b\""}, 1, "// Parameters\nn = len(name)*2\nname = \"a=\\\"b\\\"\""},
		{[]string{"a"}, []string{"n=5", "s=five", "t=true", "u=0x1F", "v=1_000", "w=1.", "x="}, 0, "// Parameters\nn := 5\ns := \"five\"\nt := true\nu := 0x1F\nv := 1_000\nw := 1.\nx := \"\""},
		{[]string{declared, "injected-parameters|n = 4", "b"}, []string{"n=6"}, 1, "// Parameters\nn = 6"},
		{[]string{declared}, []string{"m=5"}, 0, "has no parameter m: its cell tagged \"parameters\" declares n, name, rate, size, word"},
		{[]string{"parameters|func f() {}\nn := 1"}, []string{"n=5"}, 1, "// Parameters\nn := 5"},
		{[]string{"a"}, []string{"5"}, 0, "has no value"},
		{[]string{"a"}, []string{"5=5"}, 0, "a name that no variable"},
		{[]string{"a"}, []string{"n:=5 +"}, 0, "no expression of Go"},
	} {
		nb := notebook(tt.cells...)
		var list []Parameter
		var err error
		for _, g := range tt.given {
			var p Parameter
			if p, err = ParseParameter(g); err != nil {
				break
			}
			list = append(list, p)
		}
		if err == nil {
			err = Inject(nb, list)
		}
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q: %v", tt.given, err)
			}
			continue
		}
		if c := nb.Cells[tt.at]; c.Source != tt.want || !c.HasTag(InjectedParameters) || c.ID == "" {
			t.Errorf("%q: cell %d is %q", tt.given, tt.at+1, c.Source)
		}
	}
}
