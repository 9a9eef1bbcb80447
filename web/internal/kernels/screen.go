package kernels

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// screen counts what text takes up where it is seen, as a terminal and a page show it: a carriage return goes back to the beginning of
// its line, which is then written over.
type screen struct {
	bytes, lines int // of lines that are complete
	width        int // bytes of the last line
	column       int // where the next character goes, in bytes
}

// write takes text as far as there is room for it, and returns how much that is, in bytes: whole characters, and whole lines where it can be.
func (s *screen) write(text string) int {
	for i := 0; i < len(text); {
		if s.lines >= firstLines {
			return i
		}
		n := strings.IndexAny(text[i:], "\n\r\b")
		run := n
		if n < 0 {
			run = len(text) - i
		}
		if room := firstBytes - s.bytes - s.column; run > room {
			room = max(room, 0)
			for room > 0 && !utf8.RuneStart(text[i+room]) {
				room--
			}
			return i + room
		}
		s.column += run
		s.width = max(s.width, s.column)
		if n < 0 {
			break
		}
		switch text[i+n] {
		case '\n':
			s.bytes += s.width + 1
			s.lines++
			s.width, s.column = 0, 0
		case '\r':
			s.column = 0
		case '\b':
			s.column = max(s.column-1, 0)
		}
		i += n + 1
	}
	return len(text)
}

// overwritten leaves out of text what later parts of the same line write over. Written after the same text it looks the same, and
// leaves the cursor in the same place.
func overwritten(text []byte) []byte {
	if bytes.Count(text, []byte{'\r'}) < 3 {
		return text
	}
	out := make([]byte, 0, len(text)/2)
	for line := range bytes.Lines(text) {
		if bytes.Count(line, []byte{'\r'}) < 3 || bytes.IndexByte(line, '\b') >= 0 {
			out = append(out, line...)
			continue
		}
		end := line
		isWhole := line[len(line)-1] == '\n'
		if isWhole {
			end = line[:len(line)-1]
		}
		var first, seen, last []byte
		for i := 0; ; i++ {
			part, rest, more := bytes.Cut(end, []byte{'\r'})
			if i == 0 {
				first = part // goes on where earlier text has left off
			} else {
				seen, last = over(seen, part), part
			}
			if !more {
				break
			}
			end = rest
		}
		out = append(append(append(out, first...), '\r'), seen...)
		if isWhole {
			out = append(out, '\n')
		} else if len(last) < len(seen) {
			out = append(append(out, '\r'), last...)
		}
	}
	return out
}

// over is a line after other characters were written at its beginning.
func over(line, with []byte) []byte {
	if len(line) <= len(with) && utf8.RuneCount(line) <= utf8.RuneCount(with) {
		return with
	}
	keep := line
	for range utf8.RuneCount(with) {
		_, n := utf8.DecodeRune(keep)
		keep = keep[n:]
	}
	return append(bytes.Clone(with), keep...)
}
