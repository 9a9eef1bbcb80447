package interp_test

import (
	"slices"
	"strings"
	"testing"
)

func TestComplete(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "type Point struct{ X, Y int; hidden string }\nfunc (p *Point) Move(dx int) {}\npoints := []Point{{1, 2, \"\"}}\nfunc square(n int) int { return n * n }\nimport str \"strings\"")
	for _, tt := range []struct{ code, want, not string }{ // | is the cursor
		{"fmt.Prin|", "Print Printf Println", "Sprint"},
		{"fmt.Println(str.ToU|", "ToUpper ToUpperSpecial", "ToLower"},
		{"squ|", "square", "points"},
		{"poi|nts", "points", ""},
		{"points[0].|", "Move X Y hidden", ""},
		{"for _, p := range points {\n\tp.M|\n}", "Move", "X"},
		{"for _, p := range points {\n\tif p.|", "Move X Y hidden", ""},
		{"p := &points[0]\np.|", "Move X", ""},
		{"func f(first int) int {\n\tsecond := 1\n\treturn fir|", "first", "second"},
		{"func f(first int) int {\n\tsecond := 1\n\treturn first + se|", "second", "first"},
		{"x := Point{}.|", "X Y", ""},
		{"display.HT|", "HTML", ""},
		{"time.Now().Ye|", "Year YearDay", ""},
		{"wh|", "", "while"},
		{"fu|", "func", ""},
		{"jso|", "json", ""},
		{"le|", "len", ""},
		{"a := 1\nb := a +|", "square", ""},
		{"str|", "str string strings", ""},
		{"nothing.to|", "", ""},
		{"\"text.|", "", ""},
		{"", "square", ""},
	} {
		cursor := strings.IndexByte(tt.code, '|')
		code := strings.Replace(tt.code, "|", "", 1)
		c := s.Complete(code, max(cursor, 0))
		var got []string
		for _, m := range c.Matches {
			got = append(got, m.Text)
		}
		for _, w := range strings.Fields(tt.want) {
			if !slices.Contains(got, w) {
				t.Errorf("%q: no %s in %v", tt.code, w, got)
			}
		}
		if tt.not != "" && slices.Contains(got, tt.not) {
			t.Errorf("%q: %s is proposed", tt.code, tt.not)
		}
	}
	if c := s.Complete("x := points[0].Mo + 1", 17); c.Start != 15 || c.End != 17 {
		t.Errorf("replaces [%d, %d)", c.Start, c.End)
	}
}

func TestInspect(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "// square multiplies a number with itself.\n// It may overflow.\nfunc square(n int) int { return n * n }\nlimit := 41\ntype T struct{ A int }\nfunc (t T) M() string { return \"\" }")
	for _, tt := range []struct{ code, want string }{
		{"squ|are(3)", "func square(n int) int\n\ndeclared in cell [1]\n\nsquare multiplies a number with itself.\nIt may overflow."},
		{"square(|", "func square(n int) int"},
		{"lim|it", "= 41"},
		{"T|{}", "func (T).M() string"},
		{"strings.Rep|eat", "func strings.Repeat(s string, count int) string"},
		{"x := 1\nx|", "var x int"},
		{"fmt|.Println()", `package fmt // import "fmt"`},
	} {
		cursor := strings.IndexByte(tt.code, '|')
		got, ok := s.Inspect(strings.Replace(tt.code, "|", "", 1), cursor, 0)
		if !ok || !strings.Contains(got, tt.want) {
			t.Errorf("%q: got %q, want %q in it", tt.code, got, tt.want)
		}
	}
	if _, ok := s.Inspect("1 + 2", 2, 0); ok {
		t.Error("there is something to say about +")
	}
	if v := mustRun(t, s, 2, "limit").Value.Int(); v != 41 {
		t.Errorf("limit is %d after all the questions", v)
	}
}
