package stdlib

import (
	"bytes"
	"go/build"
	"io"
)

// matchFile reports whether a file is for this platform, by its name and its build constraints.
func matchFile(name string, src []byte) bool {
	ctx := build.Default
	ctx.CgoEnabled = false
	ctx.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(src)), nil }
	match, err := ctx.MatchFile("", name)
	return match || err != nil // a syntax error is for the parser to report
}
