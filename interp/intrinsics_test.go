package interp

import (
	"flag"
	"reflect"
	"slices"
	"testing"
)

// Intrinsics are looked up when called: a name that no package has would show as late as that.
func TestIntrinsicsExist(t *testing.T) {
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range takesStream {
		if _, ok := s.compiled(name); !ok {
			t.Errorf("there is no %s", name)
		}
	}
	listed := slices.Concat(flagFunctions, flagDefinitions)
	for _, name := range listed {
		if _, ok := s.compiled("flag." + name); !ok {
			t.Errorf("there is no flag.%s", name)
		}
	}
	own := []string{"Init", "Name", "Output", "ErrorHandling", "SetOutput", "Parse"}
	for i, methods := 0, reflect.TypeFor[*flag.FlagSet](); i < methods.NumMethod(); i++ {
		if name := methods.Method(i).Name; !slices.Contains(own, name) && !slices.Contains(listed, name) {
			t.Errorf("flagFunctions and flagDefinitions lack %s", name)
		}
	}
}
