package interp

import (
	"fmt"
	"go/types"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"poolbook/interp/display"
)

// Variables returns the session's variables, sorted by name.
func (s *Session) Variables() []Variable {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Variable
	for _, name := range s.env.Names() {
		v, ok := s.env.Lookup(name).(*types.Var)
		if !ok {
			continue
		}
		g := s.globals[v]
		if g == nil {
			continue
		}
		list = append(list, Variable{Name: name, Type: s.env.TypeString(v.Type()), Value: s.machine.Global(g), Cell: s.env.PackageOf(v).Cell, read: s.readMap})
	}
	return slices.Clip(list)
}

// Summary is the value on one line of at most that many characters, see [display.Peek].
func (v *Variable) Summary(limit int) string {
	text := strings.Join(strings.Fields(display.Peek(v.Value, 4*limit, v.read)), " ")
	if r := []rune(text); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return text
}

// Size says how much there is in a string, slice, array, map or channel: its length. It reports false for other values.
func (v *Variable) Size() (n int, ok bool) {
	x := v.Value
	for x.Kind() == reflect.Pointer || x.Kind() == reflect.Interface {
		if x.IsNil() {
			return 0, false
		}
		x = x.Elem()
	}
	switch x.Kind() {
	case reflect.String, reflect.Slice, reflect.Array, reflect.Map, reflect.Chan:
		return x.Len(), true
	}
	return 0, false
}

// maxParts is how many elements of a value [Variable.Parts] returns.
const maxParts = 1000

// shownKey is how many characters of a map's key the list of its parts shows.
const shownKey = 60

// maxRead is how many elements of a map are copied at most: what runs waits for it.
const maxRead = 10_000

// readMap is the session's [display.MapReader]: it reads small maps, while no code of cells runs.
func (s *Session) readMap(m reflect.Value) (keys, elements []reflect.Value, ok bool) {
	s.machine.Quiet(func() {
		if ok = m.Len() <= maxRead; !ok {
			return
		}
		for it := m.MapRange(); it.Next(); {
			keys, elements = append(keys, it.Key()), append(elements, it.Value())
		}
	})
	return keys, elements, ok
}

// HasParts reports whether Parts may return any.
func (v *Variable) HasParts() bool {
	x := v.parent()
	switch x.Kind() {
	case reflect.Struct:
		return len(shownFields(x.Type())) > 0 && !display.IsText(x.Type())
	case reflect.Slice, reflect.Array, reflect.Map:
		return x.Len() > 0
	}
	return false
}

// parent is the value whose parts are v's: what a pointer or an interface leads to.
func (v *Variable) parent() reflect.Value {
	x := v.Value
	for depth := 0; depth < 10 && (x.Kind() == reflect.Pointer || x.Kind() == reflect.Interface); depth++ {
		x = x.Elem()
	}
	return x
}

// shownFields are the fields of a struct that its package does not keep to itself.
func shownFields(t reflect.Type) []reflect.StructField {
	var list []reflect.StructField
	for i := range t.NumField() {
		if f := t.Field(i); !display.IsHidden(f) {
			list = append(list, f)
		}
	}
	return list
}

// Parts returns the fields of a struct, or the first 1,000 elements of a slice, an array or a map. Maps have none while code of cells
// runs, which may be writing them.
func (v *Variable) Parts() []Variable {
	var list []Variable
	add := func(name string, part reflect.Value) {
		t := part.Type()
		if part.Kind() == reflect.Interface && !part.IsNil() {
			t = part.Elem().Type()
		}
		list = append(list, Variable{Name: name, Type: display.TypeName(t), Value: part, read: v.read})
	}
	switch x := v.parent(); x.Kind() {
	case reflect.Struct:
		for _, f := range shownFields(x.Type()) {
			add(f.Name, x.FieldByIndex(f.Index))
		}
	case reflect.Slice, reflect.Array:
		for i := range min(x.Len(), maxParts) {
			add("["+strconv.Itoa(i)+"]", x.Index(i))
		}
	case reflect.Map:
		if v.read == nil {
			break
		}
		keys, elements, _ := v.read(x)
		for _, i := range display.Order(keys) {
			add("["+display.Peek(keys[i], shownKey, v.read)+"]", elements[i])
		}
		list = list[:min(len(list), maxParts)]
	}
	return list
}

// who lists the variables on a line each.
func (s *Session) who(w io.Writer) {
	vars := s.Variables()
	if len(vars) == 0 {
		fmt.Fprintln(w, "no variables")
		return
	}
	rows := make([][]string, 0, len(vars))
	for _, v := range vars {
		rows = append(rows, []string{v.Name, v.Type, v.Summary(60)})
	}
	writeColumns(w, rows)
}

// whos shows the variables as a table.
func (s *Session) whos(c Cell) {
	type row struct {
		Variable, Type, Size, Cell, Value string
	}
	var rows []row
	for _, v := range s.Variables() {
		r := row{Variable: v.Name, Type: v.Type, Cell: fmt.Sprintf("[%d]", v.Cell), Value: v.Summary(80)}
		if n, ok := v.Size(); ok {
			r.Size = fmt.Sprint(n)
		}
		rows = append(rows, r)
	}
	out := writerOr(c.Stdout)
	if len(rows) == 0 {
		fmt.Fprintln(out, "no variables")
		return
	}
	lines := [][]string{{"Variable", "Type", "Size", "Cell", "Value"}}
	for _, r := range rows {
		lines = append(lines, []string{r.Variable, r.Type, r.Size, r.Cell, r.Value})
	}
	host, ok := c.Host.(display.Host)
	if !ok {
		writeColumns(out, lines)
		return
	}
	var text strings.Builder
	writeColumns(&text, lines)
	b := display.MIME(reflect.ValueOf(rows))
	b["text/plain"] = strings.TrimRight(text.String(), "\n")
	host.Display(b, "", false)
}

// writeColumns writes rows with each column as wide as its widest text.
func writeColumns(w io.Writer, rows [][]string) {
	width := map[int]int{}
	for _, r := range rows {
		for i, text := range r {
			width[i] = max(width[i], len([]rune(text)))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		for i, text := range r {
			b.WriteString(text)
			if i < len(r)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-len([]rune(text))+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
