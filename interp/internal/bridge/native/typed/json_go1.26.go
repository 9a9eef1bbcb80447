//go:build !go1.27 || !goexperiment.jsonv2

package typed

import "reflect"

func added(symbols map[string]reflect.Value) map[string]reflect.Value { return symbols }
