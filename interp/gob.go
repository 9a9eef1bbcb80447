package interp

import (
	"encoding/gob"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"sync"

	"poolbook/interp/internal/vm"
)

// duplicateTypes is what gob panics with when a name was given to another type: with the name and the two types.
var duplicateTypes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^gob: registering duplicate types for ("(?:[^"\\]|\\.)*"): (.*) != (.*)$`)
})

// registering lets package gob know a type that was declared again. Its registry is the process's and forgets nothing, so the new
// type takes the next free name: main.Point, then "main.Point (2)". What is encoded from then on is decoded as the new type.
func registering(m map[string]vm.Intrinsic) {
	m["encoding/gob.Register"] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
		v := args[0].Interface()
		register(v, func() { gob.Register(v) })
		return nil
	}
	m["encoding/gob.RegisterName"] = func(_ *vm.Run, args []reflect.Value) []reflect.Value {
		v := args[1].Interface()
		register(v, func() { gob.RegisterName(args[0].String(), v) })
		return nil
	}
}

// register calls do, and RegisterName with further names when it finds an earlier type of the same name.
func register(v any, do func()) {
	name := ""
	for n := 2; ; n++ {
		p := panicOf(do)
		if p == nil {
			return
		}
		text, _ := p.(string)
		found := duplicateTypes().FindStringSubmatch(text)
		if found == nil || found[2] != found[3] {
			panic(p)
		}
		if name == "" {
			name, _ = strconv.Unquote(found[1])
		}
		do = func() { gob.RegisterName(fmt.Sprintf("%s (%d)", name, n), v) }
	}
}

func panicOf(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}
