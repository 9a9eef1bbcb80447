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

// Formulas is the script of exported pages that shows their formulas: nil in a program whose page was built without it.
func Formulas() []byte {
	data, err := embedded.ReadFile("static/formulas.js")
	if err != nil {
		return nil
	}
	return data
}
