//go:build go1.27

package jsontext

import (
	"encoding/json/jsontext"

	"poolbook/interp/internal/bridge/native/typed"
)

// AppendFormat adds src, a JSON value, to dst, laid out by the options. Where src is no such value, it is added as it is.
func AppendFormat[Bytes ~[]byte | ~string](dst []byte, src Bytes, opts ...jsontext.Options) ([]byte, error) {
	return typed.JSONAppendFormat(dst, []byte(src), opts)
}

// AppendQuote adds src to dst as a JSON string.
func AppendQuote[Bytes ~[]byte | ~string](dst []byte, src Bytes) ([]byte, error) {
	return typed.JSONAppendQuote(dst, []byte(src))
}

// AppendUnquote adds the text of the JSON string src to dst.
func AppendUnquote[Bytes ~[]byte | ~string](dst []byte, src Bytes) ([]byte, error) {
	return typed.JSONAppendUnquote(dst, []byte(src))
}
