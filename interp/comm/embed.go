package comm

import "embed"

// Source is the package's source, for its doc comments.
//
//go:embed comm.go
var Source embed.FS
