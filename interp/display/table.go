package display

import (
	"fmt"
	"html"
	"reflect"
	"slices"
	"strings"
)

const (
	maxRows    = 60
	maxColumns = 40
)

// table returns slices and maps of structs and slices of maps as an HTML table of at most that many rows; "" for other values.
func table(v reflect.Value, most int) string {
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	var index []string
	var rows []reflect.Value
	n := 0
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		n = v.Len()
		for i := range min(n, most) {
			index = append(index, fmt.Sprint(i))
			rows = append(rows, v.Index(i))
		}
	case reflect.Map:
		n = v.Len()
		for i, k := range sortedKeys(v) {
			if i == most {
				break
			}
			index = append(index, plainText(k))
			rows = append(rows, v.MapIndex(k))
		}
	default:
		return ""
	}
	if n == 0 {
		return ""
	}
	columns, cell := layout(v.Type().Elem(), rows)
	if len(columns) == 0 {
		return ""
	}
	cells := make([][]reflect.Value, len(rows))
	words := make([]bool, len(columns)) // columns of more than numbers
	for i, r := range rows {
		cells[i] = make([]reflect.Value, len(columns))
		for j := range columns {
			c := cell(r, j)
			cells[i][j] = c
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
	b.WriteString("<table>\n<thead><tr><th></th>")
	for j, c := range columns {
		b.WriteString("<th" + align(j) + ">" + html.EscapeString(c) + "</th>")
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	for i, row := range cells {
		b.WriteString("<tr><th>" + html.EscapeString(index[i]) + "</th>")
		for j, c := range row {
			text := ""
			if c.IsValid() {
				text = plainText(c)
			}
			b.WriteString("<td" + align(j) + ">" + html.EscapeString(text) + "</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</tbody>\n</table>")
	if n > most {
		fmt.Fprintf(&b, "\n<p>%d of %d rows; %s</p>", most, n, hint)
	}
	return b.String()
}

// layout finds the columns of rows of type t and how to get a cell.
func layout(t reflect.Type, rows []reflect.Value) (columns []string, cell func(row reflect.Value, column int) reflect.Value) {
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
			if f := base.Field(i); !IsHidden(f) && len(fields) < maxColumns {
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
		for _, r := range rows {
			for _, k := range r.MapKeys() {
				if !slices.Contains(columns, k.String()) {
					columns = append(columns, k.String())
				}
			}
		}
		slices.Sort(columns)
		columns = columns[:min(len(columns), maxColumns)]
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

// plainText is a cell's text: strings without quotes, nil without its type, long texts cut.
func plainText(v reflect.Value) string {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	s := ""
	if k := v.Kind(); (k == reflect.Slice || k == reflect.Map) && v.IsNil() {
		s = "nil"
	} else if v.Kind() == reflect.String && !isText(v.Type()) {
		s = v.String()
	} else {
		s = (&writer{elements: 100, bytes: 100, most: 400}).value(v, false, 1)
	}
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}
