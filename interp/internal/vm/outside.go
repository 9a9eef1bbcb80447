package vm

import (
	"strings"
	"time"
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
	"context.AfterFunc": true, "runtime.SetFinalizer": true, "runtime.AddCleanup": true, "time.NewTicker": true, "time.Tick": true,
}

// wakesAfter are those that wake a goroutine, or call a function, once: after that time.
var wakesAfter = map[string]func(fp ptr, args []slot) time.Duration{
	"context.WithTimeout": secondDuration, "context.WithTimeoutCause": secondDuration, "context.WithDeadline": untilSecond, "context.WithDeadlineCause": untilSecond,
	"time.After": firstDuration, "time.AfterFunc": firstDuration, "time.NewTimer": firstDuration, "(*time.Timer).Reset": secondDuration,
}

// startsSecond are those whose second argument a go statement calls later: one that is nil would end the process.
var startsSecond = map[string]bool{"time.AfterFunc": true, "context.AfterFunc": true, "(*net/http.Server).RegisterOnShutdown": true}

func firstDuration(fp ptr, args []slot) time.Duration  { return *at[time.Duration](fp, args[0].off) }
func secondDuration(fp ptr, args []slot) time.Duration { return *at[time.Duration](fp, args[1].off) }
func untilSecond(fp ptr, args []slot) time.Duration {
	return time.Until(*at[time.Time](fp, args[1].off))
}

// mayWake reports whether the compiled function of this full name may wake a
// goroutine of the run after it has returned.
func mayWake(name string) bool {
	if loud[name] || wakesAfter[name] != nil {
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
