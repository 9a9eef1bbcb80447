package display

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	lineWidth   = 100     // a longer composite gets a line for each element
	maxElements = 1000    // of one slice or map
	maxText     = 100_000 // bytes of the whole text
	maxDepth    = 12
	maxBytes    = 512 // of a []byte
)

// hint says how to see what was cut.
const hint = "display.All shows all"

// Text returns a value as Go would write it, with readable simplifications: types are named once, where they are not
// obvious; values with a String or Error method are shown by it; long values are cut with a note that says how to see the rest.
func Text(v reflect.Value) string {
	s := write(v, &writer{elements: maxElements, bytes: maxBytes, most: 2 * maxText})
	if len(s) > maxText {
		cut := maxText
		for !utf8.RuneStart(s[cut]) {
			cut--
		}
		return fmt.Sprintf("%s\n… (%d of %d bytes are shown; %s)", s[:cut], cut, len(s), hint)
	}
	return s
}

// FullText is [Text] with nothing cut. Cycles still end, and so does what is nested more than 12 deep.
func FullText(v reflect.Value) string {
	return write(v, &writer{elements: math.MaxInt, bytes: math.MaxInt, most: math.MaxInt})
}

func write(v reflect.Value, w *writer) string {
	if !v.IsValid() {
		return "nil"
	}
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case Tuple:
			return w.tuple(x)
		case error:
			if !isNil(x) {
				return w.failure(x)
			}
		}
	}
	return w.value(v, false, 0)
}

// MapReader copies a map's keys and elements. It reports false when that cannot be done now: a map must not be read while another goroutine
// writes it.
type MapReader func(m reflect.Value) (keys, elements []reflect.Value, ok bool)

// Peek returns the beginning of a value's text, of about limit bytes, for lists of variables. Other goroutines may be using the
// value: no code of cells is run, and maps that read (nil: any) does not read show their length only.
func Peek(v reflect.Value, limit int, read MapReader) (s string) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil { // it was changed in the middle of being read
			s = "…"
		}
	}()
	w := &writer{elements: limit, bytes: limit, most: limit, peek: true, read: read}
	return w.value(v, false, 0)
}

// writer writes one value.
type writer struct {
	elements int  // of a slice or map at most
	bytes    int  // of a []byte at most
	most     int  // bytes of text after which slices and maps are cut
	peek     bool // see Peek
	read     MapReader

	seen []reflect.Value // pointers, maps and slices on the way
	size int
}

func (w *writer) tuple(t Tuple) string {
	var parts []string
	for _, x := range t {
		if err, ok := x.(error); ok && err != nil && !isNil(err) {
			parts = append(parts, fmt.Sprintf("error: %s", w.call(reflect.ValueOf(err), "Error", err.Error)))
			continue
		}
		parts = append(parts, w.value(reflect.ValueOf(x), false, 0))
	}
	return strings.Join(parts, ", ")
}

// failure shows an error in full: what it says, its type, and what it wraps.
func (w *writer) failure(err error) string {
	var b strings.Builder
	fmt.Fprintf(&b, "error: %s (%s)", w.call(reflect.ValueOf(err), "Error", err.Error), typeName(reflect.TypeOf(err)))
	var wrapped func(err error, depth int)
	wrapped = func(err error, depth int) {
		if depth > 8 {
			return
		}
		var inner []error
		switch x := err.(type) {
		case interface{ Unwrap() error }:
			inner = []error{x.Unwrap()}
		case interface{ Unwrap() []error }:
			inner = x.Unwrap()
		}
		for _, e := range inner {
			if e != nil {
				fmt.Fprintf(&b, "\n%swraps: %s (%s)", strings.Repeat("  ", depth), e.Error(), typeName(reflect.TypeOf(e)))
				wrapped(e, depth+1)
			}
		}
	}
	wrapped(err, 1)
	return b.String()
}

// value writes v. plain leaves the type of a composite out, because it can be seen around it.
func (w *writer) value(v reflect.Value, plain bool, depth int) string {
	s := w.write(v, plain, depth)
	w.size += len(s)
	return s
}

func (w *writer) write(v reflect.Value, plain bool, depth int) string {
	if !v.IsValid() {
		return "nil"
	}
	if depth > maxDepth {
		return "…"
	}
	if s, ok := w.method(v); ok {
		return s
	}
	t := v.Type()
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Uintptr:
		return fmt.Sprintf("%#x", v.Uint())
	case reflect.Float32:
		return strconv.FormatFloat(v.Float(), 'g', -1, 32)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Complex64, reflect.Complex128:
		return fmt.Sprint(v.Complex())
	case reflect.String:
		if s := v.String(); w.peek && len(s) > w.most {
			return quote(strings.ToValidUTF8(s[:w.most], "")) + "…"
		}
		return quote(v.String())
	case reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return w.value(v.Elem(), false, depth)
	case reflect.Func:
		if v.IsNil() {
			return "nil"
		}
		return typeName(t)
	case reflect.Chan:
		if v.IsNil() {
			return "nil"
		}
		return fmt.Sprintf("%s (%d of %d buffered)", typeName(t), v.Len(), v.Cap())
	case reflect.UnsafePointer:
		return fmt.Sprintf("unsafe.Pointer(%#x)", v.Pointer())
	case reflect.Pointer:
		return w.pointer(v, depth)
	case reflect.Struct:
		return w.structure(v, plain, depth)
	case reflect.Map:
		return w.mapping(v, plain, depth)
	case reflect.Slice, reflect.Array:
		return w.list(v, plain, depth)
	}
	return "?"
}

func (w *writer) structure(v reflect.Value, plain bool, depth int) string {
	t := v.Type()
	if t.PkgPath() == "sync/atomic" {
		if s, ok := atomicText(v); ok {
			return typeName(t) + "{" + s + "}"
		}
	}
	var parts []string
	more := ""
	for i := range v.NumField() {
		if f := t.Field(i); IsHidden(f) {
			more = "…"
		} else {
			parts = append(parts, f.Name+": "+w.value(v.Field(i), false, depth+1))
		}
	}
	return wrap(head(t, plain), parts, more)
}

// IsHidden reports whether a field is a package's own affair: an unexported one that no cell has declared. It is not shown, and not
// read, since its package may be writing it at the same time.
func IsHidden(f reflect.StructField) bool { return f.PkgPath != "" && f.PkgPath != "main" }

// atomicText is the number or bool in one of the types of sync/atomic; false for the others.
func atomicText(v reflect.Value) (string, bool) {
	switch n := v.FieldByName("v"); {
	case !n.IsValid():
		return "", false
	case n.CanInt():
		return strconv.FormatInt(n.Int(), 10), true
	case n.CanUint() && v.Type().Name() == "Bool":
		return strconv.FormatBool(n.Uint() != 0), true
	case n.CanUint():
		return strconv.FormatUint(n.Uint(), 10), true
	}
	return "", false
}

func head(t reflect.Type, plain bool) string {
	if plain {
		return ""
	}
	return typeName(t)
}

func (w *writer) pointer(v reflect.Value, depth int) string {
	if v.IsNil() {
		return "nil"
	}
	if slices.ContainsFunc(w.seen, func(s reflect.Value) bool { return s.Type() == v.Type() && s.Pointer() == v.Pointer() }) {
		return "&" + typeName(v.Type().Elem()) + "{…}" // a cycle
	}
	w.seen = append(w.seen, v)
	defer func() { w.seen = w.seen[:len(w.seen)-1] }()
	switch v.Elem().Kind() {
	case reflect.Struct, reflect.Slice, reflect.Array, reflect.Map:
		return "&" + w.value(v.Elem(), false, depth)
	}
	return fmt.Sprintf("&(%s)", w.value(v.Elem(), false, depth+1))
}

func (w *writer) list(v reflect.Value, plain bool, depth int) string {
	t := v.Type()
	if v.Kind() == reflect.Slice {
		if v.IsNil() {
			return typeName(t) + "(nil)"
		}
		if t.Elem().Kind() == reflect.Uint8 && t.Elem().PkgPath() == "" {
			return w.byteText(typeName(t), v.Bytes())
		}
	}
	var parts []string
	more := ""
	elided := isComposite(t.Elem())
	for i := range v.Len() {
		if i == w.elements || w.size > w.most {
			more = w.rest(v.Len()-i, depth)
			break
		}
		parts = append(parts, w.value(v.Index(i), elided, depth+1))
	}
	return wrap(head(t, plain), parts, more)
}

func (w *writer) mapping(v reflect.Value, plain bool, depth int) string {
	t := v.Type()
	if v.IsNil() {
		return typeName(t) + "(nil)"
	}
	if slices.ContainsFunc(w.seen, func(s reflect.Value) bool { return s.Kind() == reflect.Map && s.Pointer() == v.Pointer() }) {
		return typeName(t) + "{…}"
	}
	keys, elements, ok := w.contents(v)
	if !ok {
		return fmt.Sprintf("%s (%d)", typeName(t), v.Len())
	}
	w.seen = append(w.seen, v)
	defer func() { w.seen = w.seen[:len(w.seen)-1] }()
	var parts []string
	more := ""
	for i, k := range keys {
		if i == w.elements || w.size > w.most {
			more = w.rest(len(keys)-i, depth)
			break
		}
		parts = append(parts, w.value(k, isComposite(t.Key()), depth+1)+": "+w.value(elements(i), isComposite(t.Elem()), depth+1))
	}
	return wrap(head(t, plain), parts, more)
}

// contents are the sorted keys of a map, and the elements by the index of their key.
func (w *writer) contents(m reflect.Value) (keys []reflect.Value, element func(int) reflect.Value, ok bool) {
	if !w.peek {
		keys = sortedKeys(m)
		return keys, func(i int) reflect.Value { return m.MapIndex(keys[i]) }, true
	}
	if w.read == nil || !plainKeys(m.Type().Key()) {
		return nil, nil, false
	}
	keys, elements, ok := w.read(m)
	order := Order(keys)
	sorted := make([]reflect.Value, len(keys))
	for i, at := range order {
		sorted[i] = keys[at]
	}
	return sorted, func(i int) reflect.Value { return elements[order[i]] }, ok
}

// plainKeys reports whether compare orders keys of type t without calling methods of theirs.
func plainKeys(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.UnsafePointer, reflect.Chan:
		return false
	case reflect.Array:
		return plainKeys(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !plainKeys(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}

// rest notes how many elements are left out; the outermost value says how to see them.
func (w *writer) rest(n, depth int) string {
	if w.peek || depth > 0 {
		return fmt.Sprintf("… %d more", n)
	}
	return fmt.Sprintf("… %d more; %s", n, hint)
}

func isComposite(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Array, reflect.Map:
		return true
	}
	return false
}

// method uses a String or Error method of v, if it has one.
func (w *writer) method(v reflect.Value) (string, bool) {
	if !v.CanInterface() || v.Kind() == reflect.Interface || v.Type().PkgPath() == "" && v.Kind() != reflect.Pointer {
		return "", false
	}
	if (v.Kind() == reflect.Pointer || v.Kind() == reflect.Map || v.Kind() == reflect.Slice) && v.IsNil() {
		return "", false
	}
	if w.peek && !isCompiled(v.Type()) {
		return "", false
	}
	switch x := v.Interface().(type) {
	case error:
		return w.call(v, "Error", x.Error), true
	case fmt.Stringer:
		return w.call(v, "String", x.String), true
	}
	return "", false
}

// isCompiled reports whether t, or what it points to, is of the standard library, whose methods are no code of cells.
func isCompiled(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	first, _, _ := strings.Cut(t.PkgPath(), "/")
	return first != "" && first != "main" && first != "poolbook" && !strings.Contains(first, ".")
}

// call runs a method of a value; a panic becomes text.
func (w *writer) call(v reflect.Value, name string, f func() string) (s string) {
	defer func() {
		if r := recovered(recover()); r != nil {
			s = fmt.Sprintf("%s(method %s panicked: %v)", typeName(v.Type()), name, r)
		}
	}()
	return f()
}

// wrap joins the parts of a composite, and a note about more of them, on one line, or on several when that would be long.
func wrap(head string, parts []string, more string) string {
	all := parts
	if more != "" {
		all = append(slices.Clip(parts), more)
	}
	one := head + "{" + strings.Join(all, ", ") + "}"
	if !strings.Contains(one, "\n") && utf8.RuneCountInString(one) <= lineWidth {
		return one
	}
	var b strings.Builder
	b.WriteString(head + "{")
	short := !slices.ContainsFunc(parts, func(p string) bool { return len(p) > 24 || strings.Contains(p, "\n") })
	col := lineWidth
	for _, p := range parts {
		if short && col+len(p)+2 < lineWidth { // several to a line, as in a paragraph
			b.WriteByte(' ')
			col++
		} else {
			b.WriteString("\n    ")
			col = 4
		}
		b.WriteString(strings.ReplaceAll(p, "\n", "\n    ") + ",")
		col += len(p) + 1
	}
	if more != "" {
		b.WriteString("\n    " + more)
	}
	b.WriteString("\n}")
	return b.String()
}

func quote(s string) string {
	if len(s) > 200 && strings.Contains(s, "\n") && !strings.Contains(s, "`") && utf8.ValidString(s) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

func (w *writer) byteText(typ string, b []byte) string {
	note := ""
	if len(b) > w.bytes {
		note = fmt.Sprintf(" … (%d bytes)", len(b))
		b = b[:w.bytes]
	}
	printable := utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f })
	if printable {
		return typ + "(" + strconv.Quote(string(b)) + note + ")"
	}
	return fmt.Sprintf("%s{% x%s}", typ, b, note)
}

// TypeName names a type as a cell does: types that cells declare have no package.
func TypeName(t reflect.Type) string { return typeName(t) }

func typeName(t reflect.Type) string {
	return strings.NewReplacer("main.", "", "interface {}", "any", "uint8", "byte").Replace(t.String())
}

func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortStableFunc(keys, compare)
	return keys
}

// Order returns the indexes of a map's keys in the order in which they are shown.
func Order(keys []reflect.Value) []int {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return compare(keys[i], keys[j]) })
	return order
}

// compare orders keys: numbers, strings and bools by value, structs and arrays by their parts, others by their text.
func compare(a, b reflect.Value) int {
	if a.Kind() == reflect.Interface {
		a, b = a.Elem(), b.Elem()
	}
	if !a.IsValid() || !b.IsValid() || a.Kind() != b.Kind() {
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	}
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.CanComplex():
		return cmp.Or(cmp.Compare(real(a.Complex()), real(b.Complex())), cmp.Compare(imag(a.Complex()), imag(b.Complex())))
	}
	switch a.Kind() {
	case reflect.String:
		return cmp.Compare(a.String(), b.String())
	case reflect.Bool:
		return cmp.Compare(strconv.FormatBool(a.Bool()), strconv.FormatBool(b.Bool()))
	case reflect.Struct:
		if a.Type() != b.Type() {
			break
		}
		for i := range a.NumField() {
			if c := compare(a.Field(i), b.Field(i)); c != 0 {
				return c
			}
		}
		return 0
	case reflect.Array:
		for i := range min(a.Len(), b.Len()) {
			if c := compare(a.Index(i), b.Index(i)); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.Len(), b.Len())
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}
