package module

import (
	"testing"

	"poolbook/interp/internal/goabi"
)

func TestMessage(t *testing.T) {
	for said, want := range map[string]string{
		"go: downloading a v1\ngo: module a: not found\n":                                                                   "go: module a: not found",
		"go: downloading b v1\ngo: a imports\n\tb: b@v1: reading https://x/b.zip: 403 Forbidden\n\tserver response: gone\n": "go: a imports b: b@v1: reading https://x/b.zip: 403 Forbidden",
		"go: added a v1\nsomething else\n":                                                                                  "something else",
		"":                                                                                                                  "",
	} {
		if got := message(said); got != want {
			t.Errorf("%q gives %q, want %q", said, got, want)
		}
	}
}

// A module for a later release than the go command's is refused with what to do.
func TestNewerGo(t *testing.T) {
	for release, advice := range map[string]string{
		"1.99.1":              "this Poolbook was built with " + goabi.Name + ": build it with Go 1.99",
		goabi.Version + ".99": "the go command here is 1.26.8: install Go " + goabi.Version + ".99, or set GOTOOLCHAIN=auto in Poolbook's environment, so that the command fetches it",
	} {
		said := "go: /tmp/x/go.mod requires go >= " + release + " (running go 1.26.8; GOTOOLCHAIN=local)\n"
		l := listed{Error: &struct{ Err string }{said}}
		want := "its go.mod says go " + release + ", and " + advice
		if got := l.reason(&Package{}); got != want {
			t.Errorf("for a package %q", got)
		}
		if got := message(said); got != want {
			t.Errorf("for the command %q", got)
		}
	}
}
