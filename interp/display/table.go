package display

import (
	"fmt"
	"html"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// limits of a table. What is beyond them is cut, with a note under the table.
type limits struct {
	rows, columns int
	text          int // characters of a cell
}

var (
	short = limits{rows: 60, columns: 40, text: 200}
	whole = limits{rows: math.MaxInt, columns: math.MaxInt, text: math.MaxInt}
)

// grid is what a table shows. Rows may be fewer than there are, see [limits].
type grid struct {
	limits
	columns []string // one without a name: no line of names
	index   []string // names of the rows
	cells   [][]reflect.Value
	of      int // rows, with those that are cut
	wide    int // columns, with those that are cut
}

// table returns a value as an HTML table: slices and maps of structs and slices of maps with a row for each, other maps and structs
// with a row for each element or field; "" for other values.
func table(v reflect.Value, l limits) string {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	g := grid{limits: l}
	switch v.Kind() {
	case reflect.Struct:
		g.structure(v)
	case reflect.Slice, reflect.Array:
		var rows []reflect.Value
		for i := range min(v.Len(), l.rows) {
			g.index = append(g.index, strconv.Itoa(i))
			rows = append(rows, v.Index(i))
		}
		g.layout(v.Type().Elem(), rows)
		g.of = v.Len()
	case reflect.Map:
		g.mapping(v)
	}
	if len(g.cells) == 0 || len(g.columns) == 0 {
		return ""
	}
	return g.html()
}

// structure makes a row of each field.
func (g *grid) structure(v reflect.Value) {
	if IsText(v.Type()) {
		return
	}
	g.columns, g.wide = []string{""}, 1
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if IsHidden(f) {
			continue
		}
		if g.of++; len(g.cells) < g.rows {
			g.index, g.cells = append(g.index, f.Name), append(g.cells, []reflect.Value{v.Field(i)})
		}
	}
}

// mapping makes a row of each element.
func (g *grid) mapping(v reflect.Value) {
	keys := sortedKeys(v)
	g.of = len(keys)
	var rows []reflect.Value
	for _, k := range keys[:min(len(keys), g.rows)] {
		name, _ := plainText(k, g.text)
		g.index, rows = append(g.index, name), append(rows, v.MapIndex(k))
	}
	if g.layout(v.Type().Elem(), rows); len(g.columns) > 0 {
		return
	}
	g.columns, g.wide = []string{""}, 1
	for _, r := range rows {
		g.cells = append(g.cells, []reflect.Value{r})
	}
}

// html writes the table.
func (g *grid) html() string {
	words := make([]bool, len(g.columns)) // columns of more than numbers
	for _, row := range g.cells {
		for j, c := range row {
			for c.Kind() == reflect.Interface {
				c = c.Elem()
			}
			if c.IsValid() { // a map of a row need not have the column
				words[j] = words[j] || isText(c.Type()) || !c.CanInt() && !c.CanUint() && !c.CanFloat()
			}
		}
	}
	align := func(column int) string { // front ends differ in what they do by themselves
		if words[column] {
			return ` style="text-align:left"`
		}
		return ` style="text-align:right"`
	}
	var b strings.Builder
	b.WriteString("<table>\n")
	if len(g.columns) > 1 || g.columns[0] != "" {
		b.WriteString("<thead><tr><th></th>")
		for j, c := range g.columns {
			b.WriteString("<th" + align(j) + ">" + html.EscapeString(c) + "</th>")
		}
		b.WriteString("</tr></thead>\n")
	}
	b.WriteString("<tbody>\n")
	cutText := false
	for i, row := range g.cells {
		b.WriteString("<tr><th>" + html.EscapeString(g.index[i]) + "</th>")
		for j, c := range row {
			text, cut := "", false
			if c.IsValid() {
				text, cut = plainText(c, g.text)
			}
			cutText = cutText || cut
			b.WriteString("<td" + align(j) + ">" + html.EscapeString(text) + "</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody>\n</table>")
	var notes []string
	if g.of > len(g.cells) {
		notes = append(notes, fmt.Sprintf("%d of %d rows", len(g.cells), g.of))
	}
	if g.wide > len(g.columns) {
		notes = append(notes, fmt.Sprintf("%d of %d columns", len(g.columns), g.wide))
	}
	if cutText {
		notes = append(notes, "long texts are cut")
	}
	if len(notes) > 0 {
		b.WriteString("\n<p>" + strings.Join(append(notes, hint), "; ") + "</p>")
	}
	return b.String()
}

// layout makes columns of the fields or keys that rows of type t have, if they have any.
func (g *grid) layout(t reflect.Type, rows []reflect.Value) {
	columns, cell := columnsOf(t, rows)
	g.wide = len(columns)
	g.columns = columns[:min(len(columns), g.limits.columns)]
	if len(g.columns) == 0 {
		return
	}
	for _, r := range rows {
		cells := make([]reflect.Value, len(g.columns))
		for j := range cells {
			cells[j] = cell(r, j)
		}
		g.cells = append(g.cells, cells)
	}
}

// columnsOf finds the columns of rows of type t and how to get a cell.
func columnsOf(t reflect.Type, rows []reflect.Value) (columns []string, cell func(row reflect.Value, column int) reflect.Value) {
	base := t
	if t.Kind() == reflect.Pointer {
		base = t.Elem()
	}
	switch base.Kind() {
	case reflect.Struct:
		if isText(t) || isText(base) {
			return nil, nil
		}
		var fields []int
		for i := range base.NumField() {
			if f := base.Field(i); !IsHidden(f) {
				columns, fields = append(columns, f.Name), append(fields, i)
			}
		}
		return columns, func(r reflect.Value, j int) reflect.Value {
			if r.Kind() == reflect.Pointer {
				if r.IsNil() {
					return reflect.Value{}
				}
				r = r.Elem()
			}
			return r.Field(fields[j])
		}
	case reflect.Map:
		if t.Kind() == reflect.Pointer || base.Key().Kind() != reflect.String {
			return nil, nil
		}
		had := map[string]bool{}
		for _, r := range rows {
			for _, k := range r.MapKeys() {
				if !had[k.String()] {
					had[k.String()] = true
					columns = append(columns, k.String())
				}
			}
		}
		slices.Sort(columns)
		return columns, func(r reflect.Value, j int) reflect.Value {
			return r.MapIndex(reflect.ValueOf(columns[j]).Convert(r.Type().Key()))
		}
	}
	return nil, nil
}

// IsText tells whether values of t show as one text, like time.Time.
func IsText(t reflect.Type) bool { return isText(t) || isText(reflect.PointerTo(t)) }

func isText(t reflect.Type) bool {
	_, s := t.MethodByName("String")
	_, e := t.MethodByName("Error")
	return s || e
}

// plainText is a cell's text of at most that many characters: strings without quotes, nil without its type. It tells whether it was cut.
func plainText(v reflect.Value, limit int) (s string, cut bool) {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	if k := v.Kind(); (k == reflect.Slice || k == reflect.Map) && v.IsNil() {
		s = "nil"
	} else if v.Kind() == reflect.String && !isText(v.Type()) {
		s = v.String()
	} else {
		s = (&writer{elements: limit, bytes: limit, most: limit}).value(v, false, 1)
	}
	if utf8.RuneCountInString(s) > limit {
		return string([]rune(s)[:limit]) + "…", true
	}
	return s, false
}
