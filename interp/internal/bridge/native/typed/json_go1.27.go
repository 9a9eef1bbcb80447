//go:build go1.27 && goexperiment.jsonv2

package typed

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"maps"
	"reflect"
)

// added are the functions for packages that Go 1.27 has. They say any where they mean types of these packages: only programs that import
// them are to load their type information.
func added(symbols map[string]reflect.Value) map[string]reflect.Value {
	maps.Copy(symbols, map[string]reflect.Value{
		"JSONAppendFormat":  reflect.ValueOf(JSONAppendFormat),
		"JSONAppendQuote":   reflect.ValueOf(JSONAppendQuote),
		"JSONAppendUnquote": reflect.ValueOf(JSONAppendUnquote),
		"JSONGetOption":     reflect.ValueOf(JSONGetOption),
		"JSONMarshalTo":     reflect.ValueOf(JSONMarshalTo),
		"JSONUnmarshalFrom": reflect.ValueOf(JSONUnmarshalFrom),
	})
	return symbols
}

// JSONAppendFormat is jsontext.AppendFormat; opts is a []jsontext.Options.
func JSONAppendFormat(dst, src []byte, opts any) ([]byte, error) {
	return jsontext.AppendFormat(dst, src, opts.([]jsontext.Options)...)
}

// JSONAppendQuote is jsontext.AppendQuote.
func JSONAppendQuote(dst, src []byte) ([]byte, error) { return jsontext.AppendQuote(dst, src) }

// JSONAppendUnquote is jsontext.AppendUnquote.
func JSONAppendUnquote(dst, src []byte) ([]byte, error) { return jsontext.AppendUnquote(dst, src) }

// JSONMarshalTo returns the *json.Marshalers of a function that gets a *jsontext.Encoder and a pointer to each value.
func JSONMarshalTo(fn func(enc, p any) error) any {
	return json.MarshalToFunc(func(enc *jsontext.Encoder, p any) error { return fn(enc, p) })
}

// JSONUnmarshalFrom returns the *json.Unmarshalers of a function that gets a *jsontext.Decoder and a pointer to each value.
func JSONUnmarshalFrom(fn func(dec, p any) error) any {
	return json.UnmarshalFromFunc(func(dec *jsontext.Decoder, p any) error { return fn(dec, p) })
}

// JSONGetOption is json.GetOption for the setters that there are; opts is a json.Options.
func JSONGetOption(opts, setter any) (any, bool) {
	o, _ := opts.(json.Options)
	switch setter := setter.(type) {
	case func(bool) json.Options:
		return json.GetOption(o, setter)
	case func(string) json.Options:
		return json.GetOption(o, setter)
	case func(int) json.Options:
		return json.GetOption(o, setter)
	case func(int64) json.Options:
		return json.GetOption(o, setter)
	case func(*json.Marshalers) json.Options:
		return json.GetOption(o, setter)
	case func(*json.Unmarshalers) json.Options:
		return json.GetOption(o, setter)
	}
	panic(fmt.Sprintf("json: no option is set by a %T", setter))
}
