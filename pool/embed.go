package pool

import "embed"

// Source is the source of this package as a notebook interprets it: all its files but this one, the methods, which
// the notebook makes of the functions itself, and the tests.
//
//go:embed apply.go doc.go errors.go everywhere.go executor.go imap.go map.go options.go pool.go process.go queue.go reduce.go result.go shared.go starmap.go sync.go value.go
var Source embed.FS
