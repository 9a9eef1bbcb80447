package display

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"reflect"
	"strings"
)

// Tuple is the value of a call with several results.
type Tuple []any

// MIME returns the representations of a value. There is always text/plain. Methods of the value that panic are reported in the text.
func MIME(v reflect.Value) Bundle { return bundle(v, Text, short) }

// FullMIME is [MIME] with nothing cut.
func FullMIME(v reflect.Value) Bundle { return bundle(v, FullText, whole) }

func bundle(v reflect.Value, text func(reflect.Value) string, l limits) Bundle {
	if !v.IsValid() {
		return Bundle{"text/plain": "nil"}
	}
	b := Bundle{}
	if v.CanInterface() {
		for _, m := range methods {
			m(b, methodValue(v))
		}
	}
	if _, ok := b["text/plain"]; !ok {
		b["text/plain"] = text(v)
	}
	if len(b) == 1 {
		if html := table(v, l); html != "" {
			b["text/html"] = html
		}
	}
	return b
}

// methodValue returns v, or a pointer to a copy of it when that has more methods.
func methodValue(v reflect.Value) any {
	if v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer || v.Type().PkgPath() == "" {
		return v.Interface()
	}
	if t := v.Type(); reflect.PointerTo(t).NumMethod() > t.NumMethod() {
		p := reflect.New(t)
		p.Elem().Set(v)
		return p.Interface()
	}
	return v.Interface()
}

// guard runs f and keeps a panic of a value's method in the bundle.
func guard(b Bundle, what string, v any, f func()) {
	defer func() {
		if r := recovered(recover()); r != nil {
			b["text/plain"] = fmt.Sprintf("%s\n(method %s panicked: %v)", Text(reflect.ValueOf(v)), what, r)
		}
	}()
	f()
}

// recovered is what a method panicked with. What ends the goroutine that called it, such as an interrupt, goes on.
func recovered(r any) any {
	if end, ok := r.(interface{ Unrecoverable() }); ok {
		panic(end)
	}
	return r
}

// methods are the ways in which a value can say how it wants to be shown.
var methods = []func(b Bundle, v any){
	func(b Bundle, v any) {
		if m, ok := v.(interface{ MIMEBundle() map[string]any }); ok {
			guard(b, "MIMEBundle", v, func() {
				for k, x := range m.MIMEBundle() {
					b[k] = x
				}
			})
		}
	},
	func(b Bundle, v any) {
		if m, ok := v.(interface{ HTML() string }); ok {
			guard(b, "HTML", v, func() { b["text/html"] = m.HTML() })
		}
	},
	func(b Bundle, v any) {
		if m, ok := v.(interface{ Markdown() string }); ok {
			guard(b, "Markdown", v, func() { b["text/markdown"] = m.Markdown() })
		}
	},
	func(b Bundle, v any) {
		if m, ok := v.(interface{ Latex() string }); ok {
			guard(b, "Latex", v, func() { b["text/latex"] = m.Latex() })
		}
	},
	func(b Bundle, v any) {
		if m, ok := v.(interface{ SVG() string }); ok {
			guard(b, "SVG", v, func() { b["image/svg+xml"] = m.SVG() })
		}
	},
	func(b Bundle, v any) {
		if m, ok := v.(interface{ PNG() []byte }); ok {
			guard(b, "PNG", v, func() { b["image/png"] = base64.StdEncoding.EncodeToString(m.PNG()) })
		}
	},
	func(b Bundle, v any) {
		if m, ok := v.(interface{ JPEG() []byte }); ok {
			guard(b, "JPEG", v, func() { b["image/jpeg"] = base64.StdEncoding.EncodeToString(m.JPEG()) })
		}
	},
	func(b Bundle, v any) {
		var value func() any
		switch m := v.(type) {
		case interface{ JSON() any }:
			value = m.JSON
		case interface{ JSON() string }:
			value = func() any { return m.JSON() }
		case interface{ JSON() []byte }:
			value = func() any { return m.JSON() }
		default:
			return
		}
		guard(b, "JSON", v, func() {
			tree, _, err := tree(value())
			if err != nil {
				b["text/plain"] = fmt.Sprintf("%s\n(method JSON gave what is no JSON: %v)", Text(reflect.ValueOf(v)), err)
				return
			}
			b["application/json"] = tree
		})
	},
	func(b Bundle, v any) {
		img, ok := v.(image.Image)
		if !ok || b["image/png"] != nil || isNil(v) {
			return
		}
		guard(b, "At", v, func() {
			r := img.Bounds()
			if r.Empty() || r.Dx()*r.Dy() > 64<<20 {
				return
			}
			var buf bytes.Buffer
			if png.Encode(&buf, img) == nil {
				b["image/png"] = base64.StdEncoding.EncodeToString(buf.Bytes())
				b["text/plain"] = fmt.Sprintf("<%s %d×%d>", strings.TrimPrefix(fmt.Sprintf("%T", v), "*"), r.Dx(), r.Dy())
			}
		})
	},
}

func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// picture is the bundle of an encoded image.
func picture(mime string, data []byte) Bundle {
	return Bundle{mime: base64.StdEncoding.EncodeToString(data), "text/plain": fmt.Sprintf("<%s, %d bytes>", mime, len(data))}
}
