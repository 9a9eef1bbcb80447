// Package pattern has regular expressions that are compiled at their first use. Most of the interpreter's belong to error
// texts: compiling them all took 2.5 ms of every start of a process.
package pattern

import (
	"regexp"
	"sync"
)

// New returns a function that gives the compiled expression. It panics there when the expression is malformed.
func New(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
