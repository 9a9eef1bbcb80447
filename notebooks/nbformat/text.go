package nbformat

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// TextError says that a file has something that is no text, which reading it replaces by U+FFFD: written again, it would be lost.
type TextError struct {
	Line   int    // from 1
	Reason string // such as "the byte 0xFF is not UTF-8"
}

func (e *TextError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// CheckText reports whether the text of a notebook's file comes out as it went in: the error is nil or a *TextError about the first thing
// that does not. That is a byte which is not UTF-8, or the escape of one half of a character (a lone surrogate). Whether the file is a
// notebook is not looked at.
func CheckText(data []byte) error {
	if !utf8.Valid(data) {
		at := 0
		for {
			r, size := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && size <= 1 {
				break
			}
			at += size
		}
		return textError(data, at, "the byte 0x%02X is not UTF-8", data[at])
	}
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '\\')
		if i < 0 || at+i+1 >= len(data) {
			return nil
		}
		at += i
		unit, ok := escaped(data[at:])
		switch {
		case !ok:
			at += 2 // whatever is escaped, also a backslash
		case unit < 0xD800 || unit > 0xDFFF:
			at += 6
		default:
			if low, ok := escaped(data[at+6:]); unit < 0xDC00 && ok && low >= 0xDC00 && low <= 0xDFFF {
				at += 12
				continue
			}
			return textError(data, at, "%s is one half of a character", data[at:at+6])
		}
	}
}

func textError(data []byte, at int, format string, args ...any) error {
	return &TextError{Line: 1 + bytes.Count(data[:at], []byte("\n")), Reason: fmt.Sprintf(format, args...)}
}

// escaped returns the value of the escape by a number that data begins with.
func escaped(data []byte) (unit uint64, ok bool) {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	return unit, err == nil
}
