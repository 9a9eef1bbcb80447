package pool

import "embed"

// Source is the source of this package as a notebook interprets it: all its files but this one and the tests.
//
//go:embed apply.go doc.go errors.go map.go options.go pool.go result.go starmap.go
var Source embed.FS
