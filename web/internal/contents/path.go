package contents

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// Kind says what went wrong, so that a caller can choose a status without reading texts.
type Kind int

// The kinds of an Error.
const (
	Internal   Kind = iota // the disk or the system failed
	NotFound               // no such entry, or it is hidden
	BadRequest             // the request makes no sense: wrong type, wrong format, not a notebook
	Exists                 // the target name is taken
	Changed                // the file on disk is not the one the client knows
	Forbidden              // outside the folder, or not permitted by the file system
	TooLarge               // over a limit of Options
)

// Error is what every method of the Manager returns when it fails.
type Error struct {
	Kind    Kind
	Message string // one line for the user; it has no absolute path
	Reason  string // Jupyter's machine-readable word ("bad type", "bad format"), mostly empty
	Err     error  // the cause, may be nil
}

// Error returns the message for the user.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func fail(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// clean turns an API path into a name below the root; the folder itself is ".".
// It refuses "..", NUL, and what the operating system would read as something else than a relative path.
func clean(apiPath string) (string, error) {
	p := strings.Trim(apiPath, "/")
	if p == "" || p == "." {
		return ".", nil
	}
	if strings.ContainsRune(p, 0) || !fs.ValidPath(p) || !filepath.IsLocal(filepath.FromSlash(p)) {
		return "", fail(NotFound, "no such file or folder: %q", apiPath)
	}
	return p, nil
}

// visible is clean for paths that clients name: hidden ones are refused, as Jupyter does.
func (m *Manager) visible(apiPath string) (string, error) {
	name, err := clean(apiPath)
	if err != nil {
		return "", err
	}
	if !m.opts.AllowHidden && hidden(name) {
		return "", fail(NotFound, "no such file or folder: %q", apiPath)
	}
	return name, nil
}

// hidden reports whether an element of the name starts with a dot.
func hidden(name string) bool {
	if name == "." {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}

// apiPath is the inverse of clean: the folder itself is "".
func apiPath(name string) string {
	if name == "." {
		return ""
	}
	return name
}

// classify wraps an error of the file system for the user, naming the API path and not the path on disk.
func classify(op, name string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &Error{Err: fmt.Errorf("%s: %w", op, err)}
	shown := apiPath(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		e.Kind, e.Message = NotFound, fmt.Sprintf("no such file or folder: %q", shown)
	case errors.Is(err, fs.ErrExist):
		e.Kind, e.Message = Exists, fmt.Sprintf("%q already exists", shown)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Kind, e.Message = Forbidden, fmt.Sprintf("permission denied: %q", shown)
	case strings.Contains(err.Error(), "path escapes from parent"):
		e.Kind, e.Message = Forbidden, fmt.Sprintf("%q leads outside the served folder", shown)
	case errors.Is(err, syscall.ENOSPC):
		e.Message = fmt.Sprintf("no space left on the disk for %q", shown)
	case errors.Is(err, syscall.ENAMETOOLONG):
		e.Kind, e.Message = BadRequest, fmt.Sprintf("the name is too long: %q", shown)
	default:
		e.Message = fmt.Sprintf("cannot %s %q: %v", op, shown, reason(err))
	}
	return e
}

// reason is the innermost error: without the paths that fs.PathError adds.
func reason(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// parent returns the folder of a name, "." for the top one.
func parent(name string) string { return path.Dir(name) }
