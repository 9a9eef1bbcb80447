//go:build !go1.27

package interp_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolbook/interp"
)

// TestNewerLanguage writes what Go has since a later release than this build's: what is said names the release, and what to do, in cells and in
// files of programs.
func TestNewerLanguage(t *testing.T) {
	const build = "this Poolbook was built with Go 1.26: build it with Go 1.27"
	for code, want := range map[string]string{
		"type T struct{}\nfunc (T) As[U any](u U) U { return u }":                       "methods have type parameters since Go 1.27, and " + build + ", or write a function",
		"import \"uuid\"\nfunc f() any { return uuid.New() }":                           "it is in Go's library since Go 1.27, and " + build,
		"import \"encoding/json/v2\"\nfunc f() any { return json.Deterministic(true) }": "it is in Go's library since Go 1.27, and " + build,
		"type A struct{ X int }\ntype B struct{ A; Y int }\nvar b = B{X: 1}":            "X is a field of A, which is embedded: write A: … with it inside; such fields can be keys since Go 1.27, and " + build,
		"type A struct{ X int }\ntype B struct{ *A; Y int }\nvar b = B{Xs: 1}":          "did you mean X?",
	} {
		s := newSession(t)
		_, err := s.Run(t.Context(), interp.Cell{Number: 1, Code: code})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v", code, err)
		}
		if strings.Contains(code, "struct{ X") {
			continue // programs have the compiler's words for types
		}
		file := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(file, []byte("package main\n"+code+"\nfunc main() {}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = newSession(t).RunProgram(t.Context(), []string{file}, nil, interp.Stdio{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s in a program\n%v", code, err)
		}
	}
}
