package goabi

import (
	"fmt"
	"go/version"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

const (
	// Language is the version of the language as go/types has it: "go1.27".
	Language = "go" + Version
	// Name is how people call the release.
	Name = "Go " + Version
)

// Constraint returns the build constraint of files for this release alone.
func Constraint() string {
	minor, _ := strconv.Atoi(strings.TrimPrefix(Version, "1."))
	return fmt.Sprintf("go1.%d && !go1.%d", minor, minor+1)
}

// Since says what to do about something that Go has since a later release: "methods have type parameters", "1.27".
func Since(what, release string) string {
	return what + " since Go " + release + ", and this Poolbook was built with " + Name + ": build it with Go " + release
}

// Needs says what to do about code that is for a later release, such as "1.27" or "1.27.4"; "" when it is not.
func Needs(release string) string {
	lang := version.Lang("go" + release)
	if version.Compare(lang, Language) <= 0 {
		return ""
	}
	return "this Poolbook was built with " + Name + ": build it with Go " + strings.TrimPrefix(lang, "go")
}

// harmless are the settings of GOEXPERIMENT, but for a "no" before them, that change nothing the interpreter depends on.
var harmless = []string{"dwarf5", "greenteagc", "heapminimum512kib", "randomizedheapbase64"}

// Check reports why this program must not interpret Go, nil when it may: it was built with an experimental setting that changes
// the runtime or the standard library. Releases that are not known do not get as far: they do not build.
func Check() error { return check(runtime.Version()) }

// check is Check for what runtime.Version returns, such as "go1.27.4" or "go1.27.4 X:simd,nodwarf5".
func check(release string) error {
	_, settings, _ := strings.Cut(release, "X:")
	var unknown []string
	for x := range strings.FieldsFuncSeq(settings, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !slices.Contains(harmless, strings.TrimPrefix(x, "no")) {
			unknown = append(unknown, x)
		}
	}
	if unknown == nil {
		return nil
	}
	return fmt.Errorf("this program was built with GOEXPERIMENT=%s, which changes parts of Go that the interpreter has to know: build it again without, as in GOEXPERIMENT= go build ./cmd/poolbook", strings.Join(unknown, ","))
}
