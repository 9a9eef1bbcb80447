package web

import (
	"embed"
	"io/fs"
)

// The built page: what web/frontend makes, with a .br and a .gz form beside each file that compresses.
//
//go:embed all:static
var embedded embed.FS

func embeddedStatic() fs.FS {
	sub, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err) // the name is constant
	}
	return sub
}
