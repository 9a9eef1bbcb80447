package module

import (
	"cmp"
	"slices"
	"strings"

	"poolbook/interp/internal/pattern"
)

// message is what a go command said that failed: the first line that is no news, with those that it breaks off for ("go: A
// imports", then a line for each package on the way and the reason).
func message(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "go: ") && !strings.HasPrefix(l, "go: downloading ") && !strings.HasPrefix(l, "go: added ") && !strings.HasPrefix(l, "go: upgraded ") {
			msg := strings.TrimSpace(l)
			for _, more := range lines[i+1:] {
				if !strings.HasSuffix(msg, " imports") && !strings.HasSuffix(msg, ":") {
					break
				}
				msg += " " + strings.TrimSpace(more)
			}
			return cmp.Or(newerGo(msg), msg)
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}

// hint has advice for what a go command said that failed.
func hint(said string) string {
	says := func(signs ...string) bool {
		return slices.ContainsFunc(signs, func(sign string) bool { return strings.Contains(said, sign) })
	}
	switch {
	case says("dial tcp", "no such host", "i/o timeout", "connection refused", "network is unreachable", "module lookup disabled by GOPROXY=off"):
		return "the module is not in Go's module cache yet, and where modules come from (go env GOPROXY) cannot be reached"
	case numberOnly().MatchString(said):
		return "versions begin with v, as in @v1.6.0"
	case says("malformed module path \"http"):
		return "leave out the https:// of the address: %get github.com/google/uuid@latest"
	case says("but does not contain package"):
		return "that version of the module has no such package: has another one, with @version after the path?"
	case says("400 Bad Request", "403 Forbidden", "404 Not Found", "410 Gone", "no such file or directory", "not found", "no matching versions", "malformed module path", "unrecognized import path"):
		return "there seems to be no such module or version: %get takes path@version, as in %get github.com/google/uuid@latest"
	}
	return ""
}

// numberOnly is what go says of a version that begins with a digit.
var numberOnly = pattern.New(`@\d+(\.\d+)+: invalid version`)
