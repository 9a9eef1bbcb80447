//go:build go1.27

package json

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"reflect"

	"poolbook/interp/internal/bridge/native/typed"
)

// The functions of marshalers are compiled for one type, any: it is called for each value, with a pointer to it, and leaves those that
// are not for it.

// MarshalFunc makes marshalers of a function for values of type T.
func MarshalFunc[T any](fn func(T) ([]byte, error)) *json.Marshalers {
	return marshalers(func(enc *jsontext.Encoder, p any) error {
		v, ok := valueOf[T](p)
		if !ok {
			return errors.ErrUnsupported
		}
		text, err := fn(v)
		if err != nil {
			return final(err, "marshal function of type func(T) ([]byte, error)")
		}
		return enc.WriteValue(text)
	})
}

// MarshalToFunc makes marshalers of a function for values of type T that writes to an encoder.
func MarshalToFunc[T any](fn func(*jsontext.Encoder, T) error) *json.Marshalers {
	return marshalers(func(enc *jsontext.Encoder, p any) error {
		v, ok := valueOf[T](p)
		if !ok {
			return errors.ErrUnsupported
		}
		return fn(enc, v)
	})
}

// UnmarshalFunc makes unmarshalers of a function for values of type T, a pointer or an interface.
func UnmarshalFunc[T any](fn func([]byte, T) error) *json.Unmarshalers {
	mustBePointer[T]()
	return unmarshalers(func(dec *jsontext.Decoder, p any) error {
		v, ok := valueOf[T](p)
		if !ok {
			return errors.ErrUnsupported
		}
		text, err := dec.ReadValue()
		if err != nil {
			return err
		}
		return final(fn(text, v), "unmarshal function of type func([]byte, T) error")
	})
}

// UnmarshalFromFunc makes unmarshalers of a function for values of type T, a pointer or an interface, that reads from a decoder.
func UnmarshalFromFunc[T any](fn func(*jsontext.Decoder, T) error) *json.Unmarshalers {
	mustBePointer[T]()
	return unmarshalers(func(dec *jsontext.Decoder, p any) error {
		v, ok := valueOf[T](p)
		if !ok {
			return errors.ErrUnsupported
		}
		return fn(dec, v)
	})
}

func marshalers(fn func(enc *jsontext.Encoder, p any) error) *json.Marshalers {
	return typed.JSONMarshalTo(func(enc, p any) error { return fn(enc.(*jsontext.Encoder), p) }).(*json.Marshalers)
}

func unmarshalers(fn func(dec *jsontext.Decoder, p any) error) *json.Unmarshalers {
	return typed.JSONUnmarshalFrom(func(dec, p any) error { return fn(dec.(*jsontext.Decoder), p) }).(*json.Unmarshalers)
}

// valueOf returns what a function for T is given for the value that p points to.
func valueOf[T any](p any) (v T, ok bool) {
	switch t := reflect.TypeFor[T](); {
	case t.Kind() == reflect.Interface, t.Kind() == reflect.Pointer && t.Name() == "":
		v, ok = p.(T)
		return v, ok
	}
	q, ok := p.(*T)
	if !ok {
		return v, false
	}
	return *q, true
}

func mustBePointer[T any]() {
	if t := reflect.TypeFor[T](); t.Kind() != reflect.Interface && (t.Kind() != reflect.Pointer || t.Name() != "") {
		panic(fmt.Errorf("input type %v must be an unnamed pointer or interface type", t))
	}
}

// final is err, as one that cannot be ErrUnsupported: it is too late for another function.
func final(err error, what string) error {
	if err != nil && errors.Is(err, errors.ErrUnsupported) {
		return errors.New(what + " cannot be skipped")
	}
	return err
}

// GetOption returns the option that setter sets, and whether it is set.
func GetOption[T any](opts json.Options, setter func(T) json.Options) (T, bool) {
	v, ok := typed.JSONGetOption(opts, setter)
	return v.(T), ok
}
