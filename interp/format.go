package interp

import (
	"errors"
	"fmt"
	"go/format"
	"go/token"
	"strings"

	"poolbook/interp/internal/split"
)

// Format returns a cell, or a whole Go file, as gofmt writes it. Imports are neither added nor taken away, magics stay as they are, and so
// does a semicolon at the end, which hides the cell's result. The error of a cell that does not parse says where.
func Format(code string) (string, error) {
	_, rest := cutMagics(code)
	head := magicLines(code, rest)
	body := rest[len(head):]
	fset := token.NewFileSet()
	cell, errs := split.Parse(fset, "cell", body)
	if len(errs) > 0 {
		line := strings.Count(code[:len(head)]+body[:min(errs[0].Offset, len(body))], "\n") + 1
		return "", fmt.Errorf("line %d: %s", line, errs[0].Msg)
	}
	if cell.Program {
		out, err := format.Source([]byte(body))
		return head + string(out), err
	}
	parts, ok := formatParts(cell, body)
	if !ok {
		return "", errors.New("a declaration and a statement share a line: give each its own")
	}
	var out strings.Builder
	out.WriteString(head)
	for i, p := range parts {
		text := p.text
		if !p.raw {
			formatted, err := format.Source([]byte(strings.Trim(text, " \t\n\r")))
			if err != nil {
				return "", err
			}
			text = string(formatted)
		}
		text = strings.Trim(text, "\n")
		if i > 0 {
			out.WriteByte('\n')
			if p.apart {
				out.WriteByte('\n')
			}
		}
		out.WriteString(text)
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// magicLines is the beginning of a cell up to the last line that is a magic.
func magicLines(code, blanked string) string {
	end := 0
	for at := 0; at < len(code); {
		next := len(code)
		if n := strings.IndexByte(code[at:], '\n'); n >= 0 {
			next = at + n + 1
		}
		if code[at:next] != blanked[at:next] {
			end = next
		}
		at = next
	}
	return code[:end]
}

// formatPart is a run of a cell that gofmt takes as a whole: declarations, or statements.
type formatPart struct {
	text  string
	raw   bool // not for gofmt
	apart bool // a blank line is before it
}

// formatParts cuts a cell into what gofmt takes; false when the cuts are not between lines.
func formatParts(cell *split.Cell, body string) ([]formatPart, bool) {
	pieces := cell.Pieces
	if len(pieces) == 0 {
		return []formatPart{{text: strings.Trim(body, "\n"), raw: true}}, true
	}
	// The last piece is its own when it is no statement of Go, or when its semicolon has to stay.
	last := len(pieces)
	if cell.HideResult || len(cell.Final) > 0 {
		last--
	}
	var parts []formatPart
	from := 0 // where the text of the next part begins
	add := func(to int, raw bool) {
		text := body[from:to]
		trimmed := strings.TrimLeft(text, " \t\r\n")
		lead := text[:len(text)-len(trimmed)]
		gap := strings.Count(lead, "\n")
		if from > 0 && body[from-1] == '\n' {
			gap++
		}
		parts = append(parts, formatPart{text: strings.TrimRight(trimmed, " \t\r\n"), raw: raw, apart: gap > 1})
		from = to
	}
	for i := range pieces {
		next := i + 1
		isEnd := next >= len(pieces)
		if !isEnd && next != last && (pieces[i].Kind == split.Stmt) == (pieces[next].Kind == split.Stmt) {
			continue
		}
		if isEnd {
			if last == i {
				// Its comments first, then the piece and what is behind it.
				piece := pieces[i]
				before := body[from:piece.Start]
				if text := strings.TrimSpace(before); text != "" {
					add(piece.Start, true)
				}
				gap := strings.Count(body[from:piece.Start], "\n") > 1
				text := body[piece.Start:piece.End]
				if len(cell.Final) == 0 {
					if formatted, err := format.Source([]byte(text)); err == nil {
						text = string(formatted)
					}
				}
				parts = append(parts, formatPart{text: text + strings.TrimRight(body[piece.End:], " \t\r\n"), raw: true, apart: gap})
			} else {
				add(len(body), false)
			}
			break
		}
		// The line of the piece's end belongs to it, with its comment.
		n := strings.IndexByte(body[pieces[i].End:], '\n')
		if n < 0 || pieces[i].End+n+1 > pieces[next].Start {
			return nil, false
		}
		add(pieces[i].End+n+1, false)
	}
	return parts, true
}
