package display

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

type point struct {
	X, Y int
	Name string
	own  int // not shown: no cell has declared it
}

// private is what a cell's struct{ x int } is to reflection.
var private = reflect.StructOf([]reflect.StructField{{Name: "x", PkgPath: "main", Type: reflect.TypeFor[int]()}})

type shout string

func (s shout) String() string { return strings.ToUpper(string(s)) }

type node struct {
	Next *node
	V    int
}

type broken int

func (broken) String() string { panic("no") }

type page struct{}

func (*page) HTML() string { return "<b>page</b>" }

type tree1 struct{}

func (tree1) JSON() any { return []int{1} }

type tree2 struct{ text string }

func (t tree2) JSON() string { return t.text }

func TestText(t *testing.T) {
	ring := &node{V: 1}
	ring.Next = &node{V: 2, Next: ring}
	for _, tt := range []struct {
		v    any
		want string
	}{
		{nil, "nil"}, {1, "1"}, {2.5, "2.5"}, {float32(0.1), "0.1"}, {"a\"b", `"a\"b"`}, {true, "true"}, {'a', "97"},
		{[]int{1, 2}, "[]int{1, 2}"}, {[]int(nil), "[]int(nil)"}, {[]int{}, "[]int{}"},
		{[]any{1, "a", nil}, `[]any{1, "a", nil}`},
		{map[string]int{"b": 2, "a": 1}, `map[string]int{"a": 1, "b": 2}`},
		{map[int]bool{10: true, 9: false}, `map[int]bool{9: false, 10: true}`},
		{point{1, 2, "n", 3}, `display.point{X: 1, Y: 2, Name: "n", …}`},
		{&point{}, `&display.point{X: 0, Y: 0, Name: "", …}`},
		{[]point{{1, 2, "", 3}}, `[]display.point{{X: 1, Y: 2, Name: "", …}}`},
		{reflect.New(private).Interface(), "&struct { x int }{x: 0}"}, {new(sync.Mutex), "&sync.Mutex{…}"},
		{new(atomic.Int64), "&atomic.Int64{0}"}, {new(atomic.Uint32), "&atomic.Uint32{0}"}, {new(atomic.Bool), "&atomic.Bool{false}"}, {new(atomic.Value), "&atomic.Value{…}"},
		{1500 * time.Millisecond, "1.5s"}, {[]time.Duration{1}, "[]time.Duration{1ns}"}, {shout("a"), "A"},
		{[]byte("hi"), `[]byte("hi")`}, {[]byte{0, 255}, "[]byte{00 ff}"},
		{Tuple{3, nil}, "3, nil"}, {Tuple{0, errors.New("bad")}, "0, error: bad"},
		{errors.New("bad"), "error: bad (*errors.errorString)"},
		{fmt.Errorf("open: %w", fs.ErrNotExist), "error: open: file does not exist (*fmt.wrapError)\n  wraps: file does not exist (*errors.errorString)"},
		{ring, "&display.node{Next: &display.node{Next: &display.node{…}, V: 2}, V: 1}"},
		{broken(1), "display.broken(method String panicked: no)"},
		{(*point)(nil), "nil"}, {func(int) string { return "" }, "func(int) string"},
		{make(chan int, 2), "chan int (0 of 2 buffered)"},
		{[2][]int{{1}, {2}}, "[2][]int{{1}, {2}}"},
	} {
		if got := Text(reflect.ValueOf(tt.v)); got != tt.want {
			t.Errorf("%T: got %s, want %s", tt.v, got, tt.want)
		}
	}
}

func TestLongTexts(t *testing.T) {
	long := Text(reflect.ValueOf(make([]int, 5000)))
	if !strings.Contains(long, "… 4000 more; display.All shows all") {
		t.Errorf("%d bytes without a note", len(long))
	}
	nested := Text(reflect.ValueOf([][]int{make([]int, 5000), make([]int, 5000)}))
	if strings.Count(nested, "… 4000 more") != 2 || strings.Contains(nested, hint) {
		t.Errorf("notes of inner values: %d", strings.Count(nested, "… 4000 more"))
	}
	if n := strings.Count(long, "\n"); n > 50 {
		t.Errorf("%d lines", n)
	}
	for _, l := range strings.Split(long, "\n") {
		if len(l) > 110 {
			t.Errorf("a line of %d bytes", len(l))
		}
	}
	if s := Text(reflect.ValueOf(strings.Repeat("ä", maxText))); !strings.Contains(s, "bytes are shown") {
		t.Errorf("%d bytes of a string without a note", len(s))
	}
}

// All shows what Show cuts.
func TestAll(t *testing.T) {
	numbers := make([]int, 5000)
	points := make([]point, 500)
	wide := map[string]int{}
	for i := range 100 {
		wide[strings.Repeat("k", i+1)] = i
	}
	for _, tt := range []struct {
		name    string
		v       any
		mime    string
		count   string // what is to be found …
		cut, is int    // … so often in the short form and in the full one
	}{
		{"numbers", numbers, "text/plain", "0", maxElements + 3, 5000}, // "4000" in the note
		{"text", strings.Repeat("ä", maxText), "text/plain", "ä", maxText / 2, maxText},
		{"bytes", make([]byte, 2000), "text/plain", "00", 512 + 1, 2000},
		{"table", points, "text/html", "<tr><th>", short.rows + 1, 501},
		{"cell", []point{{Name: strings.Repeat("ä", 3000)}}, "text/html", "ä", short.text, 3000},
		{"columns", []map[string]int{wide}, "text/html", "<td", short.columns, 100},
		{"fields", struct{ Numbers []int }{numbers}, "text/html", "0", short.text/3 - 4, 5000},
		{"elements", wide, "text/html", "<tr>", short.rows, 100},
		{"nested", map[string][]int{"a": numbers}, "text/plain", "0", maxElements + 3, 5000},
	} {
		cut, _ := MIME(reflect.ValueOf(tt.v))[tt.mime].(string)
		all, _ := FullMIME(reflect.ValueOf(tt.v))[tt.mime].(string)
		if n := strings.Count(cut, tt.count); n > tt.cut || n < tt.cut-1 {
			t.Errorf("%s: %d of %s, want about %d", tt.name, n, tt.count, tt.cut)
		}
		if n := strings.Count(all, tt.count); n != tt.is || strings.Contains(all, "…") {
			t.Errorf("%s in full: %d of %s, want %d", tt.name, n, tt.count, tt.is)
		}
	}
	r := &recorder{}
	On(r).All(points)
	if html, _ := r.shown[0]["text/html"].(string); strings.Count(html, "<tr>") != 501 {
		t.Error("All cuts")
	}
}

// Peek looks at values that other goroutines use: it runs no method of cells and reads no map.
func TestPeek(t *testing.T) {
	for _, tt := range []struct {
		v    any
		want string
	}{
		{3, "3"}, {"text", `"text"`}, {strings.Repeat("ä", 1000), `"` + strings.Repeat("ä", 10) + `"…`},
		{map[string]int{"a": 1}, "map[string]int (1)"}, {time.Second, "1s"}, {shout("a"), `"a"`}, {broken(1), "1"},
		{make([]int, 1<<20), "[]int{" + strings.Repeat("0, ", 20) + "… 1048556 more}"},
		{point{X: 1, Name: "n"}, `display.point{X: 1, Y: 0, Name: "n", …}`}, {errors.New("bad"), "bad"},
	} {
		if got := Peek(reflect.ValueOf(tt.v), 20, nil); got != tt.want {
			t.Errorf("%T: got %s, want %s", tt.v, got, tt.want)
		}
	}
}

// Peek shows maps whose contents it is given.
func TestPeekMaps(t *testing.T) {
	copied := func(m reflect.Value) (keys, elements []reflect.Value, ok bool) {
		for it := m.MapRange(); it.Next(); {
			keys, elements = append(keys, it.Key()), append(elements, it.Value())
		}
		return keys, elements, m.Len() < 100
	}
	type place struct{ X, Y int }
	large := map[int]int{}
	for i := range 100 {
		large[i] = i
	}
	for _, tt := range []struct {
		v    any
		want string
	}{
		{map[string]int{"b": 2, "a": 1}, `map[string]int{"a": 1, "b": 2}`}, {map[shout][]int{"b": {2}}, `map[display.shout][]int{"b": {2}}`},
		{map[place]bool{{10, 1}: true, {9, 1}: false}, "map[display.place]bool{{X: 9, Y: 1}: false, {X: 10, Y: 1}: true}"},
		{[]map[bool]string{{true: "x", false: "y"}}, `[]map[bool]string{{false: "y", true: "x"}}`},
		{map[*int]int{new(int): 1}, "map[*int]int (1)"}, {map[any]int{1: 1}, "map[any]int (1)"}, {large, "map[int]int (100)"},
	} {
		if got := Peek(reflect.ValueOf(tt.v), 200, copied); got != tt.want {
			t.Errorf("%T: got %s, want %s", tt.v, got, tt.want)
		}
	}
}

func TestMIME(t *testing.T) {
	for _, tt := range []struct {
		name string
		v    any
		mime string
		want string
	}{
		{"table of structs", []point{{1, 2, "<n>", 3}}, "text/html", `<th style="text-align:right">Y</th><th style="text-align:left">Name</th></tr>`},
		{"escaped", []point{{1, 2, "<n>", 3}}, "text/html", `<td style="text-align:left">&lt;n&gt;</td>`},
		{"pointers", []*point{{1, 2, "n", 3}, nil}, "text/html", `<tr><th>1</th><td style="text-align:right"></td>`},
		{"map of structs", map[string]point{"k": {}}, "text/html", "<th>k</th>"},
		{"maps", []map[string]int{{"a": 1}, {"b": 2}}, "text/html", `<th style="text-align:right">a</th><th style="text-align:right">b</th>`},
		{"any", []map[string]any{{"a": 1}, {"a": "x"}, {"a": []int(nil)}}, "text/html", `<tr><th>2</th><td style="text-align:left">nil</td></tr>`},
		{"struct", &point{1, 2, "<n>", 3}, "text/html", "<table>\n<tbody>\n<tr><th>X</th><td style=\"text-align:left\">1</td></tr>\n<tr><th>Y</th>"},
		{"struct, escaped", point{1, 2, "<n>", 3}, "text/html", `<tr><th>Name</th><td style="text-align:left">&lt;n&gt;</td></tr>`},
		{"map", map[string]int{"b": 2, "a": 1}, "text/html", "<tr><th>a</th><td style=\"text-align:right\">1</td></tr>\n<tr><th>b</th>"},
		{"map of slices", map[int][]string{3: {"x"}}, "text/html", `<tr><th>3</th><td style="text-align:left">[]string{&#34;x&#34;}</td></tr>`},
		{"what is cut", []map[string]string{{"a": strings.Repeat("x", 999)}}, "text/html", "<p>long texts are cut; display.All shows all</p>"},
		{"method of the pointer", page{}, "text/html", "<b>page</b>"},
		{"image", image.NewGray(image.Rect(0, 0, 3, 2)), "text/plain", "<image.Gray 3×2>"},
		{"image", image.NewGray(image.Rect(0, 0, 3, 2)), "image/png", "iVBOR"},
	} {
		got, _ := MIME(reflect.ValueOf(tt.v))[tt.mime].(string)
		if !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s is %q, want %q in it", tt.name, tt.mime, got, tt.want)
		}
	}
	for _, v := range []any{tree1{}, tree2{"[1]"}} {
		if b := MIME(reflect.ValueOf(v)); !reflect.DeepEqual(b["application/json"], []any{1.0}) {
			t.Errorf("%T: %v", v, b)
		}
	}
	if text := MIME(reflect.ValueOf(tree2{"[1"}))["text/plain"].(string); !strings.Contains(text, "method JSON gave what is no JSON") {
		t.Errorf("bad JSON: %s", text)
	}
	for _, v := range []any{[]time.Time{{}}, time.Time{}, new(sync.Mutex), map[string]int{}, struct{}{}, []int{1}, (*point)(nil), errors.New("x")} {
		if b := MIME(reflect.ValueOf(v)); b["text/html"] != nil {
			t.Errorf("%T is a table", v)
		}
	}
}

type recorder struct{ shown []Bundle }

func (r *recorder) Display(b Bundle, id string, update bool) {
	b["id"] = id
	r.shown = append(r.shown, b)
}
func (r *recorder) Clear(bool) { r.shown = nil }

func TestPrinter(t *testing.T) {
	r := &recorder{}
	p := On(r)
	p.HTML("<i>x</i>")
	p.VegaLite(`{"mark": "bar"}`)
	p.Update("job", 3)
	if len(r.shown) != 3 || r.shown[0]["text/html"] != "<i>x</i>" || r.shown[2]["id"] != "job" || r.shown[2]["text/plain"] != "3" {
		t.Errorf("shown: %v", r.shown)
	}
	if m, _ := r.shown[1]["application/vnd.vegalite.v5+json"].(map[string]any); m["mark"] != "bar" {
		t.Errorf("chart: %v", r.shown[1])
	}
	for _, name := range Functions() {
		if !reflect.ValueOf(p).MethodByName(name).IsValid() {
			t.Errorf("Printer has no method %s", name)
		}
		if _, ok := Symbols()[name]; !ok {
			t.Errorf("Symbols has no %s", name)
		}
	}
}
