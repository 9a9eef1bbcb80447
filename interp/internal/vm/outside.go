package vm

import (
	"strings"
)

// quiet are the compiled packages whose functions keep no function, channel or
// interface value to use it later on their own.
var quiet = []string{
	"bufio", "bytes", "cmp", "container/", "context", "crypto/", "encoding/", "errors", "fmt", "hash", "html", "io", "iter",
	"log", "maps", "math", "os", "path", "reflect", "regexp", "runtime", "slices", "sort", "strconv", "strings", "sync",
	"text/", "time", "unicode", "unique", "unsafe",
}

// loud are the exceptions.
var loud = map[string]bool{
	"context.WithTimeout": true, "context.WithDeadline": true, "context.WithTimeoutCause": true, "context.WithDeadlineCause": true, "context.AfterFunc": true,
	"runtime.SetFinalizer": true, "runtime.AddCleanup": true,
	"time.After": true, "time.AfterFunc": true, "time.NewTimer": true, "time.NewTicker": true, "time.Tick": true,
}

// mayWake reports whether the compiled function of this full name may wake a
// goroutine of the run after it has returned.
func mayWake(name string) bool {
	if loud[name] {
		return true
	}
	path := strings.TrimLeft(name, "(*")
	if strings.HasPrefix(path, "os/signal") || strings.HasPrefix(path, "os/exec") || strings.HasPrefix(path, "io/pipe") {
		return true
	}
	for _, q := range quiet {
		if rest, ok := strings.CutPrefix(path, q); ok && (strings.HasSuffix(q, "/") || rest == "" || rest[0] == '.' || rest[0] == '/') {
			return false
		}
	}
	return true
}
