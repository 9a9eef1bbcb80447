package module

import "testing"

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
