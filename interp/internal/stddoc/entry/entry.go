// Package entry is the form of an entry in the archives of package stddoc: a list of names and comments, of which the package's own has
// the name "". Methods and fields are named T.M. It is apart so that the generator builds before there is an archive.
package entry

import (
	"bytes"
	"strings"
)

// Name, unit, comment, record and so on.
const (
	unit   = "\x1f"
	record = "\x1e"
)

// Join makes the entry of a package.
func Join(names []string, comment func(name string) string) []byte {
	var b bytes.Buffer
	for _, n := range names {
		b.WriteString(n + unit + comment(n) + record)
	}
	return b.Bytes()
}

// Split returns the comments of an entry by name.
func Split(entry []byte) map[string]string {
	c := map[string]string{}
	for item := range strings.SplitSeq(string(entry), record) {
		if name, comment, ok := strings.Cut(item, unit); ok {
			c[name] = comment
		}
	}
	return c
}
