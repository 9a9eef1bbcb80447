package nbformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"unicode/utf8"
)

// WriteFile writes the notebook to a file, as ReplaceFile does.
func WriteFile(name string, nb *Notebook) error {
	data, err := nb.Marshal()
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return ReplaceFile(name, data)
}

// ReplaceFile writes a file: all of it or, when anything fails, nothing. An
// existing file keeps its permissions, and a link stays one.
func ReplaceFile(name string, data []byte) error {
	given := name
	if to, err := filepath.EvalSymlinks(name); err == nil {
		name = to
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(name); err == nil {
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", given, cause(err))
	}
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync() // some disks tell only now that they are full
	}
	if e := tmp.Chmod(mode); err == nil {
		err = e
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		os.Remove(tmp.Name())
		return fmt.Errorf("write %s: %w", given, cause(err))
	}
	return nil
}

// cause is an error without the name of the temporary file.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Marshal returns the notebook as a file: keys sorted, one space of
// indentation, text in lines, a newline at the end, as Jupyter writes it.
func (nb *Notebook) Marshal() ([]byte, error) {
	top := nb.extra.Clone()
	sortKeys(&top)
	cells := make([]Object, len(nb.Cells))
	for i, c := range nb.Cells {
		o, err := c.object()
		if err != nil {
			return nil, fmt.Errorf("cell %d: %w", i+1, err)
		}
		cells[i] = o
	}
	err := setAll(&top, "cells", cells, "metadata", transientFree(nb.Metadata), "nbformat", Major, "nbformat_minor", max(nb.Minor, Minor))
	if err != nil {
		return nil, err
	}
	compact, err := top.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", " "); err != nil {
		return nil, fmt.Errorf("lay out notebook: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// transientFree drops the metadata that the format says is never stored.
func transientFree(meta Object) Object {
	meta = meta.Clone()
	for _, k := range []string{"orig_nbformat", "orig_nbformat_minor", "signature"} {
		meta.Delete(k)
	}
	return meta
}

func (c *Cell) object() (Object, error) {
	o := c.extra.Clone()
	sortKeys(&o)
	meta := c.Metadata.Clone()
	meta.Delete("trusted")
	err := setAll(&o, "cell_type", string(c.Type), "id", c.ID, "metadata", meta, "source", splitLines(c.Source))
	if err != nil {
		return o, err
	}
	if c.Type != Code {
		if c.Attachments == nil {
			return o, nil
		}
		files := c.Attachments.Clone()
		for i, m := range files.members {
			var b Bundle
			if err := json.Unmarshal(m.value, &b.Object); err != nil {
				return o, fmt.Errorf("attachments.%s: %w", m.key, err)
			}
			files.members[i].value, _ = b.split().MarshalJSON()
		}
		return o, o.Set("attachments", files)
	}
	outputs := make([]Object, len(c.Outputs))
	for i := range c.Outputs {
		if outputs[i], err = c.Outputs[i].object(); err != nil {
			return o, fmt.Errorf("outputs[%d]: %w", i, err)
		}
	}
	return o, setAll(&o, "execution_count", c.ExecutionCount, "outputs", outputs)
}

func (out *Output) object() (Object, error) {
	o := out.extra.Clone()
	sortKeys(&o)
	if err := o.Set("output_type", string(out.Type)); err != nil {
		return o, err
	}
	switch out.Type {
	case Stream:
		return o, setAll(&o, "name", out.Name, "text", splitLines(out.Text))
	case ExecuteResult:
		if err := o.Set("execution_count", out.ExecutionCount); err != nil {
			return o, err
		}
		fallthrough
	case DisplayData:
		return o, setAll(&o, "data", out.Data.split(), "metadata", out.Metadata)
	case ErrorOutput:
		traceback := out.Traceback
		if traceback == nil {
			traceback = []string{}
		}
		return o, setAll(&o, "ename", out.EName, "evalue", out.EValue, "traceback", traceback)
	}
	return o, fmt.Errorf("unknown output type %q", out.Type)
}

// split returns the bundle with its text formats in lines.
func (b Bundle) split() Object {
	o := b.Clone()
	for i, m := range o.members {
		var s string
		if !isLined(m.key) || kind(m.value) != "a string" || json.Unmarshal(m.value, &s) != nil {
			continue
		}
		if raw, err := marshalValue(splitLines(s)); err == nil {
			o.members[i].value = raw
		}
	}
	return o
}

// isLined reports whether Jupyter stores a MIME type's content in lines.
func isLined(mime string) bool {
	return strings.HasPrefix(mime, "text/") || mime == "application/javascript" || mime == "image/svg+xml"
}

// splitLines cuts s after each of the characters that Python's splitlines
// counts as a line's end, so that files are the same as those Jupyter writes.
func splitLines(s string) []string {
	lines := []string{}
	start := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch r {
		case '\r':
			if i < len(s) && s[i] == '\n' {
				i++
			}
		case '\n', '\v', '\f', '\x1c', '\x1d', '\x1e', '\u0085', '\u2028', '\u2029':
		default:
			continue
		}
		lines = append(lines, s[start:i])
		start = i
	}
	if start < len(s) {
		lines = append(lines, s[start:])
	}
	return lines
}

func setAll(o *Object, pairs ...any) error {
	for i := 0; i < len(pairs); i += 2 {
		if err := o.Set(pairs[i].(string), pairs[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func sortKeys(o *Object) {
	sort.SliceStable(o.members, func(i, j int) bool { return o.members[i].key < o.members[j].key })
}

// marshalValue is json.Marshal without the escaping of HTML.
func marshalValue(v any) (json.RawMessage, error) {
	switch v := v.(type) {
	case string:
		return stringJSON(v), nil
	case []string:
		var b bytes.Buffer
		b.WriteByte('[')
		for i, s := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			writeString(&b, s)
		}
		b.WriteByte(']')
		return b.Bytes(), nil
	case Object:
		return v.MarshalJSON()
	case []Object:
		var b bytes.Buffer
		b.WriteByte('[')
		for i, o := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			text, err := o.MarshalJSON()
			if err != nil {
				return nil, err
			}
			b.Write(text)
		}
		b.WriteByte(']')
		return b.Bytes(), nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func stringJSON(s string) json.RawMessage {
	var b bytes.Buffer
	writeString(&b, s)
	return b.Bytes()
}

func quote(s string) string { return string(stringJSON(s)) }

// writeString writes a JSON string with Jupyter's choice of escapes: only what
// JSON demands. Bytes that are not UTF-8 become U+FFFD.
func writeString(b *bytes.Buffer, s string) {
	const hex = "0123456789abcdef"
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		default:
			if r < 0x20 {
				b.WriteString(`\u00`)
				b.WriteByte(hex[r>>4])
				b.WriteByte(hex[r&15])
				continue
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
