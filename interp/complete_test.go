package interp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"poolbook/interp"
)

// at takes the mark | out of code; it stands for the cursor.
func at(code string) (string, int) {
	cursor := strings.IndexByte(code, '|')
	return strings.Replace(code, "|", "", 1), max(cursor, 0)
}

func texts(c interp.Completion) []string {
	var list []string
	for _, m := range c.Matches {
		list = append(list, strings.TrimSuffix(m.Text, ": "))
	}
	return list
}

func TestComplete(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "type Point struct{ X, Y int; hidden string }\nfunc (p *Point) Move(dx int) {}\npoints := []Point{{1, 2, \"\"}}\nfunc square(n int) int { return n * n }\nimport str \"strings\"\ngrößen := []float64{1}\ntype Line struct{ From, To Point }")
	for _, tt := range []struct{ code, want, not string }{ // | is the cursor; want: the first ones in this order, or one of them after …
		{"fmt.Prin|", "Print Printf Println", "Errorf"},
		{"fmt.Println(str.ToU|", "ToUpper ToUpperSpecial", "ToLower"},
		{"squ|", "square", "points"},
		{"poi|nts", "points", ""},
		{"points[0].|", "Move X Y hidden", ""},
		{"for _, p := range points {\n\tp.M|\n}", "Move", "X"},
		{"for _, p := range points {\n\tif p.|", "Move X Y hidden", ""},
		{"p := &points[0]\np.|", "Move X Y hidden", ""},
		{"func f(first int) int {\n\tsecond := 1\n\treturn fir|", "first", "second"},
		{"func f(first int) int {\n\tsecond := 1\n\treturn first + se|", "second", "first"},
		{"x := Point{}.|", "Move X Y", ""},
		{"Point.|", "", "Move"},
		{"(*Point).|", "Move", "X"},
		{"square(1)|", "", "points"},
		{"points[0]|", "", "points"},
		{"Point{}|", "", "points"},
		{"func f(m map[string]|) {}", "… Point any", "points"},
		{"var p []|", "… Point any", "points"},
		{"display.HT|", "HTML", ""},
		{"time.Now().Ye|", "Year YearDay", ""},
		{"wh|", "", "while"},
		{"fu|", "func", ""},
		{"jso|", "json", ""},
		{"le|", "len", ""},
		{"a := 1\nb := a + sq|", "square", ""},
		{"str|", "str string struct strconv strings", ""},
		{"nothing.to|", "", "len"},
		{"\"text.|", "", "len"},
		{"", "… square", ""},
		// Fields of literals, and what is left of them.
		{"Point{|}", "X Y hidden", ""},
		{"Point{X: 1, |}", "Y hidden", "X"},
		{"Point{X: 1, Y|: 2}", "Y", "X"},
		{"p := Line{\n\tFrom: Point{X: 1, Y: 2},\n\tT|\n}", "To", "From"},
		{"[]*Point{{|}}", "X Y", ""},
		{"srv := http.Server{Addr: \":80\", Hand|}", "Handler", "Addr"},
		{"Line{From: |}", "… points", ""},
		{"x := Line{Fr|", "From", "for"},
		{"x := Line{From: Point{X: 1, |", "Y hidden", "X"},
		{"func f() *Line {\n\treturn &Line{\n\t\tFrom: Point{},\n\t\tT|", "To", "true"},
		{"fmt.Println([]Point{{X: 1}, {|", "X Y hidden", ""},
		{"for range 3 {\n\tc := http.Client{Ti|\nsquare(1)", "Timeout", ""},
		// Labels.
		{"outer:\nfor {\n\tfor {\n\t\tcontinue |\n\t}\n}", "outer", "len"},
		{"func f() {\nagain:\n\tgoto ag|\n}", "again", "append"},
		{"outer:\nfor {\n\tfunc() { for { break o| } }()\n}", "", "outer"},
		// Packages that nothing has imported, also two of one name, and import paths.
		{"base64.StdEnc|", "StdEncoding", ""},
		{"rand.Int|", "Int … IntN Int31 Int63", ""},
		{"import \"encoding/js|\"", "encoding/json", "encoding/xml"},
		{"import (\n\t\"fmt\"\n\t\"jso|\n)", "encoding/json", ""},
		{"x := \"encoding/js|\"", "", "encoding/json"},
		// Fuzzy.
		{"bufio.nrs|", "NewReaderSize", ""},
		{"bufio.scan|", "Scanner ScanBytes ScanLines ScanRunes ScanWords NewScanner", ""},
		{"strings.hp|", "HasPrefix", ""},
		{"sqare|", "", "len"},
		{"na|", "", "signal"},
		// What has the wanted type comes first.
		{"count, name := 1, \"x\"\nstrings.ToUpper(|)", "name", ""},
		{"count, name := 1, \"x\"\nvar total int = |", "count", ""},
		{"func f(ready bool, n int) {\n\tif |\n}", "ready", ""},
		{"func f(n int, s string) string {\n\treturn |\n}", "s", ""},
		{"func f(p |) {}", "… any Point map", "points"},
		{"var p Po|", "Point", "points"},
		// The cell being typed, which need not compile.
		{"type Box struct{ Width int }\nb := Box{}\nb.W|", "Width", ""},
		{"x := helper(1, |)\nfunc helper(first, second int) int { return first }", "… helper", ""},
		{"func area(w, h int) int { return w * hh }\nare|", "area", ""},
		{"a := := 3\nb := []string{\"x\"}\nc := points[0].Mo|", "Move", ""},
		{"if x := 3; {\npoints[0].|", "Move X", ""},
		{"var wrong int = \"text\"\nright := wrong + 1\nrig|", "right", ""},
		{"x := x|", "", "x"},
		{"total := 1\n{\n\ttotal := \"inner\"\n\ttotal|\n}", "total", ""},
		{"größen[0]; grö|", "größen", ""},
		{"// a comment with poi|", "", "points"},
		{"%ti|", "%time", ""},
		{"%wh|", "%who %whos", ""},
		{"a := 7\na %le|", "len", "%time"},
		{"%time\npoints[0].Mo|", "Move", ""},
	} {
		code, cursor := at(tt.code)
		got := texts(s.Complete(code, cursor))
		first, any, _ := strings.Cut(tt.want, "…")
		if want := strings.Fields(first); !slices.Equal(got[:min(len(want), len(got))], want) {
			t.Errorf("%q: %v, want first %v", tt.code, got[:min(10, len(got))], want)
		}
		for _, w := range strings.Fields(any) {
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
	for _, tt := range []struct{ code, name, kind, detail string }{
		{"squ|", "square", "function", "func(n int) int"}, {"points[0].|", "Move", "method", "func(dx int)"},
		{"points[0].|", "X", "field", "int"}, {"poin|", "points", "variable", "[]Point"}, {"jso|", "json", "package", "encoding/json"},
		{"math.P|", "Pi", "constant", "untyped float"}, {"display.J|", "JPEG", "function", "func(data []byte)"}, {"Poi|", "Point", "type", ""}, {"retu|", "return", "keyword", ""},
	} {
		code, cursor := at(tt.code)
		c := s.Complete(code, cursor)
		i := slices.IndexFunc(c.Matches, func(m interp.Match) bool { return m.Text == tt.name })
		if i < 0 || c.Matches[i].Kind != tt.kind || c.Matches[i].Detail != tt.detail {
			t.Errorf("%q: %s is %+v, want %s %s", tt.code, tt.name, c.Matches, tt.kind, tt.detail)
		}
	}
}

// While a cell runs, names are still completed.
func TestCompleteWhileRunning(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "var started, stop atomic.Bool\nwait := func(b *atomic.Bool) { for !b.Load() { time.Sleep(time.Millisecond) } }\nvalue := 3")
	done := make(chan error, 1)
	go func() {
		_, err := s.Run(t.Context(), interp.Cell{Number: 2, Code: "started.Store(true)\nwait(&stop)"})
		done <- err
	}()
	mustRun(t, s, 3, "wait(&started)") // cells run beside each other
	if got := texts(s.Complete("val", 3)); len(got) == 0 || got[0] != "value" {
		t.Errorf("completions are %v", got)
	}
	if d, ok := s.Inspect("value", 1, 1); !ok || d.Value != "3" {
		t.Errorf("inspection is %+v", d)
	}
	mustRun(t, s, 4, "stop.Store(true)")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What looking at code needs must not stay: there is a view for each key that a user types.
func TestCompleteKeepsNothing(t *testing.T) {
	s := largeSession(t, 20)
	code := "x := variable7.Me + broken(\ny := = 3\nfunction3(vari"
	s.Complete(code, len(code))
	leavesNothing(t, "a look at code", 2000, 100, func() {
		s.Complete(code, len(code))
		s.Inspect(code, len(code)-2, 1)
	})
}

// largeSession has n cells that declare a type with methods, a function and a variable each.
func largeSession(t testing.TB, n int) *interp.Session {
	s := newSession(t)
	for i := range n {
		mustRun(t, s, i+1, fmt.Sprintf("type Type%[1]d struct{ Field%[1]d, Other int }\nfunc (t Type%[1]d) Method%[1]d() int { return t.Other }\n"+
			"// function%[1]d doubles.\nfunc function%[1]d(n int) int { return 2 * n }\nvariable%[1]d := Type%[1]d{Other: %[1]d}", i))
	}
	return s
}

// completions are places in code as users have them: short and long, whole and broken.
var completions = map[string]string{
	"empty":   "|",
	"name":    "vari|",
	"member":  "variable250.|",
	"package": "http.|",
	"argument in a broken cell": strings.Repeat("for i := range 10 {\n\tfmt.Println(i, function3(i), variable7.Method7())\n}\n", 10) +
		"if x := = 3 {\nresult := function499(vari|",
}

// A completion in a session of 500 cells takes less than 20 ms, the fastest of some.
func TestCompleteIsFast(t *testing.T) {
	if testing.Short() {
		t.Skip("runs 500 cells")
	}
	if raceEnabled {
		t.Skip("the race detector makes all slow")
	}
	s := largeSession(t, 500)
	for name, marked := range completions {
		code, cursor := at(marked)
		fastest := time.Hour
		for range 30 {
			begin := time.Now()
			if c := s.Complete(code, cursor); len(c.Matches) == 0 {
				t.Fatalf("%s: nothing", name)
			}
			fastest = min(fastest, time.Since(begin))
		}
		if t.Logf("%s: %v", name, fastest); fastest > 20*time.Millisecond {
			t.Errorf("%s: %v", name, fastest)
		}
	}
}

func BenchmarkComplete(b *testing.B) {
	s := largeSession(b, 500)
	for name, marked := range completions {
		code, cursor := at(marked)
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			for b.Loop() {
				s.Complete(code, cursor)
			}
		})
	}
}

func TestInspect(t *testing.T) {
	s := newSession(t)
	mustRun(t, s, 1, "// square multiplies a number with itself.\n// It may overflow.\nfunc square(n int) int { return n * n }\nlimit := 41\ntype T struct {\n\t// A is the first.\n\tA int\n}\nfunc (t T) M() string { return \"\" }\n/* Old is\nobsolete. */\nconst Old = 7\nbig := make([]int, 100000)\nages := map[string]int{\"b\": 2, \"a\": 1} // in \"years\"\ntype U struct {\n\tB string // B comes second.\n\turl string `x://y` // behind a tag\n}")
	for _, tt := range []struct {
		code   string
		detail int
		want   string
	}{
		{"squ|are(3)", 0, "func square(n int) int\n\ndeclared in cell [1]\n\nsquare multiplies a number with itself.\nIt may overflow."},
		{"squ|are(3)", 1, "func square(n int) int { return n * n }"},
		{"square(|", 0, "func square(n int) int"},
		{"square(len(\"x\"), |", 0, "func square(n int) int"},
		{"lim|it", 0, "= 41"},
		{"T|{}", 0, "func (T).M() string"},
		{"T|{}", 0, "type T struct {\n    A int\n}"},
		{"T{}.A|", 0, "field A int\n\ndeclared in cell [1]\n\nA is the first."},
		{"T{}.M|()", 1, "func (t T) M() string { return \"\" }"},
		{"%ge|t github.com/x/y", 0, "%get module@v1\n\nfetch a module with the go command: "},
		{"%time|\nfmt.Println()", 0, "%time\n\nrun the cell and say how long it took"},
		{"display.Upda|te", 0, "func display.Update(id string, v any)\n\nUpdate shows a value in the place where"},
		{"display.PNG(|", 1, "func PNG(data []byte) { program().PNG(data) }"},
		{"display|.Show", 0, "Package display turns values into"},
		{"http.Client{}.Ge|t(", 0, "func (*http.Client).Get(url string)"},
		{"Ol|d", 0, "const Old untyped int = 7\n\ndeclared in cell [1]\n\nOld is\nobsolete."},
		{"big|", 0, "= []int{\n    0, 0,"},
		{"ages|", 0, "in \"years\"\n\n= map[string]int{\"a\": 1, \"b\": 2}"},
		{"U{}.B|", 0, "B comes second."},
		{"U{}.url|", 0, "behind a tag"},
		{"strings.Rep|eat", 0, "func strings.Repeat(s string, count int) string\n\nRepeat returns a new string consisting of count copies"},
		{"var b bytes.Buffer\nb.Wri|te(nil)", 0, "Write appends the contents of p to the buffer"},
		{"srv := http.Server{}\nsrv.Add|r", 0, "Addr optionally specifies the TCP address"},
		{"math.P|i", 0, "const math.Pi untyped float = 3.14159\n\nMathematical constants.\n\nhttps://oeis.org"},
		{"math.P|i", 0, "= 3.14159"},
		{"slices.Ind|ex", 0, "Index returns the index of the first occurrence of v in s"},
		{"len|(x)", 0, "func len(v Type) int\n\nThe len built-in function returns the length of v"},
		{"x := 1\nx|", 0, "var x int"},
		{"fmt|.Println()", 0, "package fmt // import \"fmt\"\n\nPackage fmt implements formatted I/O"},
		{"fmt|.Println()", 1, "func fmt.Println(a ...any) (n int, err error)"},
		// What the cell itself declares, and cells that cannot be parsed.
		{"// twice is new.\nfunc twice(n int) int { return 2 * n }\ntwi|ce(", 0, "func twice(n int) int\n\ntwice is new."},
		{"// twice is new.\nfunc twice(n int) int { return 2 * n }\ntwi|ce(", 1, "{ return 2 * n }"},
		{"a := := 3\nsquare|(4)", 0, "func square(n int) int"},
		{"%time\nsquare|(4)", 0, "func square(n int) int"},
	} {
		code, cursor := at(tt.code)
		d, ok := s.Inspect(code, cursor, tt.detail)
		if got := d.Text(); !ok || !strings.Contains(got, tt.want) {
			t.Errorf("%q: got %q, want %q in it", tt.code, got, tt.want)
		}
	}
	for _, code := range []string{"1 + |2", "\"square|\"", "// square|", "|", "nothing|"} {
		code, cursor := at(code)
		if d, ok := s.Inspect(code, cursor, 0); ok {
			t.Errorf("there is something to say about %q: %+v", code, d)
		}
	}
	if v := mustRun(t, s, 2, "limit").Value.Int(); v != 41 {
		t.Errorf("limit is %d after all the questions", v)
	}
}

// The source of the standard library is shown where the machine has it.
func TestInspectStandardSource(t *testing.T) {
	if _, err := os.Stat(filepath.Join(runtime.GOROOT(), "src", "strings", "strings.go")); err != nil {
		t.Skip("needs the sources of the standard library:", err)
	}
	s := newSession(t)
	for code, want := range map[string]string{
		"strings.Rep|eat":              "func Repeat(s string, count int) string {\n\tswitch count",
		"var b bytes.Buffer; b.Write|": "func (b *Buffer) Write(p []byte)",
		"http.Header|":                 "type Header map[string][]string",
	} {
		code, cursor := at(code)
		if d, _ := s.Inspect(code, cursor, 1); !strings.Contains(d.Source, want) {
			t.Errorf("%s: got %q, want %q in it", code, d.Source, want)
		}
		if d, _ := s.Inspect(code, cursor, 0); d.Source != "" {
			t.Errorf("%s: source with detail 0", code)
		}
	}
}

// TestCompleteCommands completes in the lines before a cell's Go code: names that are asked about, and words of commands.
func TestCompleteCommands(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("PATH", filepath.Join(dir, "bin"))
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	t.Setenv("POOLBOOK_TEST_VARIABLE", "1")
	for _, f := range []string{"bin/mytool", "bin/mytoys", "data/one.csv", "data/two words.csv", "data/.hidden", "data/deep/file"} {
		if err := os.MkdirAll(filepath.Dir(f), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, nil, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	s := newSession(t)
	mustRun(t, s, 1, "value := 1\nfunc double(n int) int { return 2 * n }\ntype Point struct{ Left int }")
	for _, tt := range []struct{ code, want string }{ // | is the cursor; the matches with their place
		{"?strings.ToUpperS|", "9-17 ToUpperSpecial"},
		{"??strings.ToUpperS|", "10-18 ToUpperSpecial"},
		{"strings.ToUpperS|?", "8-16 ToUpperSpecial"},
		{"strings.ToUpperS|??\nx := 1", "8-16 ToUpperSpecial"},
		{"%time\n?doub|\ny := value", "7-11 double"},
		{"? doub|", "2-6 double"},
		{"!myt|", "1-4 mytool mytoys"},
		{"  ! myt|", "4-7 mytool mytoys"},
		{"!mytool data/|", "13-13 deep/ one.csv two\\ words.csv"},
		{"!mytool data/t|", "13-14 two\\ words.csv"},
		{"!mytool data/two\\ w|", "13-19 two\\ words.csv"},
		{"!mytool data/.|", "13-14 .hidden"},
		{"!mytool ~/data/o|", "15-16 one.csv"},
		{"!mytool <da|", "9-11 data/"},
		{"!mytool da| x", "8-10 data/"},
		{"!cat data/one.csv | myt\x00", "20-23 mytool mytoys"},
		{"!cat data/one.csv; myt|", "19-22 mytool mytoys"},
		{"!./d|", "3-4 data/"},
		{"!echo $POOLBOOK_TEST_V|", "7-22 POOLBOOK_TEST_VARIABLE"},
		{"!echo ${POOLBOOK_TEST_V|", "8-23 POOLBOOK_TEST_VARIABLE"},
		{"!mytool nothing/|", "16-16"},
		{"x := 1\n!doub|", "8-12 double"}, // no command: Go code is before it
	} {
		mark := "|"
		if strings.Contains(tt.code, "\x00") {
			mark = "\x00"
		}
		cursor := strings.Index(tt.code, mark)
		c := s.Complete(strings.Replace(tt.code, mark, "", 1), cursor)
		got := strings.Join(append([]string{fmt.Sprintf("%d-%d", c.Start, c.End)}, texts(c)...), " ")
		if got != tt.want {
			t.Errorf("%q: %s, not %s", tt.code, got, tt.want)
		}
	}
}
