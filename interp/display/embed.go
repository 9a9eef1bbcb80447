package display

import "embed"

// Source is the package's source, for its doc comments.
//
//go:embed doc.go display.go mime.go
var Source embed.FS
