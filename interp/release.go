package interp

import (
	"sync"

	"poolbook/interp/internal/check"
	"poolbook/interp/internal/check/stdlib"
	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/module"
	"poolbook/interp/internal/rtype"
	"poolbook/interp/internal/vm"
)

// Language is the version of the language that cells are written in, as go.mod files have it: "1.26" or "1.27", by the release of Go that
// the program was built with.
const Language = goabi.Version

// Supported reports why this program cannot interpret Go, nil when it can: it was built with settings of Go, or with a patch release,
// whose parts are not those that the interpreter knows. Releases that it does not know do not build. It may be called concurrently;
// [New] asks it too.
var Supported = sync.OnceValue(func() error {
	for _, test := range []func() error{goabi.Check, check.SelfTest, stdlib.SelfTest, rtype.SelfTest, vm.SelfTest} {
		if err := test(); err != nil {
			return err
		}
	}
	return nil
})

// BuildTags are the build tags that the user has set for the go command, in GOFLAGS: what [go/build.Context] needs to choose the files of a program.
func BuildTags() []string { return module.UserTags() }
