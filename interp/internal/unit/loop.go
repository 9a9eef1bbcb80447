package unit

import (
	"fmt"
	"reflect"
	"strings"
)

// LoopFunc is the name of a unit's loop.
const LoopFunc = "poolbook_loop"

// loop writes a function that calls the unit's function once for each index from *at to *end, with the elements of slices: one
// for each parameter. It is empty for a function without parameters, or with results other than a value, an error, or both.
//
//	func poolbook_loop(a0 []A, a1 []B, …, out []R, at, end *int, done func(int), failed func(int, error)) bool
//
// out is there when the function has a result other than a last error. While an item runs *at is its index; it is *end when the
// loop returns true. *end may become less while the loop runs. A result that is [Flat] is left in out at the item's index; others are left in
// out[0], and done takes them from there before the next call can change what they point to. failed gets the errors.
func loop(entry function, name string, typ reflect.Type) string {
	value, fails := Results(typ)
	wanted := 0
	if value != nil {
		wanted++
	}
	if fails {
		wanted++
	}
	if typ.NumIn() == 0 || typ.IsVariadic() || typ.NumOut() != wanted {
		return ""
	}
	if entry.named {
		name = entry.expr.plain
	}
	var params, args []string
	for i, t := range entry.sig.params {
		params = append(params, fmt.Sprintf("poolbook_a%d []%s", i, t))
		args = append(args, fmt.Sprintf("poolbook_a%d[poolbook_i]", i))
	}
	call := name + "(" + strings.Join(args, ", ") + ")"
	body := ""
	out := "poolbook_out[poolbook_i]"
	if value != nil {
		params = append(params, "poolbook_out []"+entry.sig.results[0])
		if !Flat(value) {
			out = "poolbook_out[0]"
		}
	}
	switch {
	case value == nil && !fails:
		body = call
	case value == nil:
		body = "if err := " + call + "; err != nil { poolbook_failed(poolbook_i, err) }"
	case fails:
		body = "if v, err := " + call + "; err != nil { poolbook_failed(poolbook_i, err) } else { " + out + " = v"
		if !Flat(value) {
			body += "; poolbook_done(poolbook_i)"
		}
		body += " }"
	default:
		body = out + " = " + call
		if !Flat(value) {
			body += "; poolbook_done(poolbook_i)"
		}
	}
	return fmt.Sprintf(`
//line unit:1
func %s(%s, poolbook_at, poolbook_end *int, poolbook_done func(int), poolbook_failed func(int, error)) bool {
	poolbook_i := *poolbook_at
	for poolbook_i < *poolbook_end {
		%s
		poolbook_i++
		*poolbook_at = poolbook_i
	}
	return true
}
`, LoopFunc, strings.Join(params, ", "), body)
}

var errorType = reflect.TypeFor[error]()

// Results says how a loop sees the results of a function: the type of its value, nil when it has none, and whether it can fail.
func Results(fn reflect.Type) (value reflect.Type, fails bool) {
	n := fn.NumOut()
	if n > 0 && fn.Out(n-1) == errorType {
		n, fails = n-1, true
	}
	if n > 0 {
		value = fn.Out(0)
	}
	return value, fails
}

// Flat reports whether a value of the type is its memory, or a string or bool: changing another value cannot change it, and it can be sent
// without running code of its type.
func Flat(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() == reflect.Bool || numbers(t)
}

// numbers reports whether values of the type are made of numbers only.
func numbers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return numbers(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !numbers(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return t.Kind() >= reflect.Int && t.Kind() <= reflect.Complex128 && t.Kind() != reflect.Uintptr
}
