package nbformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// ReadFile parses the notebook in a file. Errors name the file.
func ReadFile(name string) (*Notebook, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read notebook: %w", err)
	}
	nb, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return nb, nil
}

// Parse reads a notebook of format 4. Notebooks of minor versions before 5, and
// of format 3, are brought up to 4.5; faults with one sensible reading are
// repaired: an empty file is a notebook without cells, and a byte order mark
// is left out. Any other is a *FormatError.
func Parse(data []byte) (*Notebook, error) {
	p := &parser{}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 { // as "touch x.ipynb" makes it
		return &Notebook{Minor: Minor}, nil
	}
	var version struct {
		Major json.RawMessage `json:"nbformat"`
	}
	if json.Unmarshal(data, &version) == nil && string(version.Major) == "3" {
		if upgraded, err := upgraded3(data); err == nil {
			data = upgraded
		}
	}
	nb := p.notebook(data)
	if p.fatal != nil {
		return nil, &FormatError{Problems: []Problem{*p.fatal}}
	}
	nb.repairIDs()
	return nb, nil
}

// Validate checks a file against the format, without any leniency. The error
// is nil or a *FormatError with every problem found.
func Validate(data []byte) error {
	p := &parser{}
	nb := p.notebook(data)
	if p.fatal == nil {
		p.checkIDs(nb)
	}
	if len(p.problems) == 0 {
		return nil
	}
	return &FormatError{Problems: p.problems}
}

// Validate checks a notebook in memory as Validate checks a file.
func (nb *Notebook) Validate() error {
	data, err := nb.Marshal()
	if err != nil {
		return err
	}
	return Validate(data)
}

// parser collects the problems of one file. The first one that leaves no
// sensible reading is fatal; parsing goes on to report the others.
type parser struct {
	problems []Problem
	fatal    *Problem
	cell     int
	id       string
	minor    int // as the file says
}

func (p *parser) note(field, format string, args ...any) {
	p.problems = append(p.problems, Problem{Cell: p.cell, ID: p.id, Field: field, Reason: fmt.Sprintf(format, args...)})
}

func (p *parser) fail(field, format string, args ...any) {
	p.note(field, format, args...)
	if p.fatal == nil {
		last := p.problems[len(p.problems)-1]
		p.fatal = &last
	}
}

func (p *parser) notebook(data []byte) *Notebook {
	nb := &Notebook{Minor: Minor}
	var top Object
	if err := json.Unmarshal(data, &top); err != nil {
		p.fail("", "not a notebook: %s", syntaxReason(data, err))
		return nb
	}
	if isNull(data) {
		p.fail("", "not a notebook: must be an object, is null")
		return nb
	}
	major := 0
	switch raw, ok := top.Raw("nbformat"); {
	case !ok:
		p.fail("nbformat", "is missing: this JSON is not a notebook")
		return nb
	case json.Unmarshal(raw, &major) != nil:
		p.fail("nbformat", "must be a whole number, is %s", kind(raw))
		return nb
	case major < Major:
		p.fail("nbformat", "is %d: only formats 3 and 4 are read (jupyter nbconvert --to notebook --nbformat 4 converts older files)", major)
		return nb
	case major > Major:
		p.fail("nbformat", "is %d: only format 4 is read; this file needs a later version of Poolbook", major)
		return nb
	}
	p.minor = Minor
	if n := p.integer(&top, "nbformat_minor", true); n != nil {
		p.minor = *n
		nb.Minor = max(*n, Minor)
	}
	nb.Metadata = p.object(&top, "metadata", "metadata")
	p.notebookMetadata(&nb.Metadata)
	if raw, ok := top.Raw("cells"); !ok {
		p.fail("cells", "is missing")
	} else {
		for i, r := range p.array(raw, "cells") {
			p.cell, p.id = i+1, ""
			if c := p.parseCell(r); c != nil {
				nb.Cells = append(nb.Cells, c)
			}
		}
		p.cell, p.id = 0, ""
	}
	nb.extra = p.rest(&top, "", "nbformat", "nbformat_minor", "metadata", "cells")
	return nb
}

func (p *parser) notebookMetadata(meta *Object) {
	for _, want := range []struct{ object, field string }{
		{"kernelspec", "name"}, {"kernelspec", "display_name"}, {"language_info", "name"},
	} {
		raw, ok := meta.Raw(want.object)
		if !ok {
			continue
		}
		var o Object
		if kind(raw) != "an object" || json.Unmarshal(raw, &o) != nil {
			p.note("metadata."+want.object, "must be an object, is %s", kind(raw))
			continue
		}
		field := "metadata." + want.object + "." + want.field
		if v, ok := o.Raw(want.field); !ok {
			p.note(field, "is missing")
		} else if kind(v) != "a string" {
			p.note(field, "must be a string, is %s", kind(v))
		}
	}
}

func (p *parser) parseCell(raw json.RawMessage) *Cell {
	var o Object
	if kind(raw) != "an object" || json.Unmarshal(raw, &o) != nil {
		p.fail("", "must be an object, is %s", kind(raw))
		return nil
	}
	c := &Cell{}
	if _, ok := o.Raw("id"); ok || p.minor >= 5 {
		c.ID = p.id5(&o)
		p.id = c.ID
	}
	c.Type = CellType(p.str(&o, "cell_type", "cell_type"))
	known := []string{"id", "cell_type", "metadata", "source", "attachments"}
	switch c.Type {
	case Code:
		known = []string{"id", "cell_type", "metadata", "source", "outputs", "execution_count"}
	case Markdown, Raw:
	case "":
		if _, ok := o.Raw("cell_type"); ok {
			p.fail("cell_type", `must be "code", "markdown" or "raw"`)
		}
		return c
	default:
		p.fail("cell_type", `must be "code", "markdown" or "raw", is %q`, c.Type)
		return c
	}
	c.Source = p.multiline(&o, "source", "source")
	c.Metadata = p.object(&o, "metadata", "metadata")
	p.cellMetadata(&c.Metadata)
	if c.Type == Code {
		if _, ok := o.Raw("execution_count"); !ok {
			p.note("execution_count", "is missing (null when the cell has not been run)")
		}
		c.ExecutionCount = p.integer(&o, "execution_count", false)
		if raw, ok := o.Raw("outputs"); !ok {
			p.note("outputs", "is missing")
		} else {
			for i, r := range p.array(raw, "outputs") {
				c.Outputs = append(c.Outputs, p.output(r, fmt.Sprintf("outputs[%d]", i)))
			}
		}
	} else if raw, ok := o.Raw("attachments"); ok {
		c.Attachments = p.attachments(raw)
	}
	c.extra = p.rest(&o, "", known...)
	return c
}

func (p *parser) attachments(raw json.RawMessage) *Object {
	var files Object
	if kind(raw) != "an object" || json.Unmarshal(raw, &files) != nil {
		p.fail("attachments", "must be an object, is %s", kind(raw))
		return nil
	}
	out := &Object{}
	for _, name := range files.Keys() {
		v, _ := files.Raw(name)
		b := p.bundle(v, "attachments."+name)
		text, err := b.MarshalJSON()
		if err != nil {
			p.fail("attachments."+name, "%s", err)
			continue
		}
		out.append(name, text)
	}
	return out
}

func (p *parser) cellMetadata(meta *Object) {
	if raw, ok := meta.Raw("name"); ok {
		var s string
		if json.Unmarshal(raw, &s) != nil || s == "" {
			p.note("metadata.name", "must be a string that is not empty")
		}
	}
	raw, ok := meta.Raw("tags")
	if !ok {
		return
	}
	var tags []string
	if kind(raw) != "an array" || json.Unmarshal(raw, &tags) != nil {
		p.note("metadata.tags", "must be an array of strings")
		return
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t == "" || strings.Contains(t, ","):
			p.note("metadata.tags", "tag %q must not be empty or hold a comma", t)
		case seen[t]:
			p.note("metadata.tags", "has %q twice", t)
		}
		seen[t] = true
	}
}

func (p *parser) output(raw json.RawMessage, at string) Output {
	var o Object
	var out Output
	if kind(raw) != "an object" || json.Unmarshal(raw, &o) != nil {
		p.fail(at, "must be an object, is %s", kind(raw))
		return out
	}
	out.Type = OutputType(p.str(&o, "output_type", at+".output_type"))
	var known []string
	switch out.Type {
	case Stream:
		known = []string{"output_type", "name", "text"}
		out.Name = p.str(&o, "name", at+".name")
		out.Text = p.multiline(&o, "text", at+".text")
	case DisplayData, ExecuteResult:
		known = []string{"output_type", "data", "metadata"}
		if data, ok := o.Raw("data"); !ok {
			p.note(at+".data", "is missing")
		} else {
			out.Data = p.bundle(data, at+".data")
		}
		out.Metadata = p.object(&o, "metadata", at+".metadata")
		if out.Type == ExecuteResult {
			known = append(known, "execution_count")
			if _, ok := o.Raw("execution_count"); !ok {
				p.note(at+".execution_count", "is missing")
			}
			out.ExecutionCount = p.integer(&o, "execution_count", false)
		}
	case ErrorOutput:
		known = []string{"output_type", "ename", "evalue", "traceback"}
		out.EName = p.str(&o, "ename", at+".ename")
		out.EValue = p.str(&o, "evalue", at+".evalue")
		if raw, ok := o.Raw("traceback"); !ok {
			p.note(at+".traceback", "is missing")
		} else if json.Unmarshal(raw, &out.Traceback) != nil || hasNull(raw) {
			p.fail(at+".traceback", "must be an array of strings")
		}
	default:
		if _, ok := o.Raw("output_type"); ok {
			p.fail(at+".output_type", `must be "stream", "display_data", "execute_result" or "error", is %q`, out.Type)
		}
		return out
	}
	out.extra = p.rest(&o, at+".", known...)
	return out
}

// bundle reads a MIME bundle and joins what was split into lines.
func (p *parser) bundle(raw json.RawMessage, at string) Bundle {
	var o Object
	if kind(raw) != "an object" || json.Unmarshal(raw, &o) != nil {
		p.fail(at, "must be an object, is %s", kind(raw))
		return Bundle{}
	}
	for i, m := range o.members {
		if isJSON(m.key) {
			continue
		}
		text, ok := joined(m.value)
		if !ok {
			p.note(at+"["+quote(m.key)+"]", "must be a string or an array of strings, is %s", kind(m.value))
			continue
		}
		o.members[i].value = stringJSON(text)
	}
	return Bundle{o}
}

// str reads a required string.
func (p *parser) str(o *Object, key, at string) string {
	raw, ok := o.Raw(key)
	if !ok {
		p.fail(at, "is missing")
		return ""
	}
	var s string
	if kind(raw) != "a string" || json.Unmarshal(raw, &s) != nil {
		p.fail(at, "must be a string, is %s", kind(raw))
	}
	return s
}

// multiline reads a required string that may be stored as an array of lines.
func (p *parser) multiline(o *Object, key, at string) string {
	raw, ok := o.Raw(key)
	if !ok {
		p.note(at, "is missing")
		return ""
	}
	s, ok := joined(raw)
	if !ok {
		p.fail(at, "must be a string or an array of strings, is %s", kind(raw))
	}
	return s
}

// object reads a required object; a missing one is empty.
func (p *parser) object(o *Object, key, at string) Object {
	raw, ok := o.Raw(key)
	if !ok {
		p.note(at, "is missing")
		return Object{}
	}
	var v Object
	if kind(raw) != "an object" || json.Unmarshal(raw, &v) != nil {
		p.fail(at, "must be an object, is %s", kind(raw))
	}
	return v
}

// integer reads a number that is null or not negative.
func (p *parser) integer(o *Object, key string, required bool) *int {
	raw, ok := o.Raw(key)
	if !ok || isNull(raw) {
		if required {
			p.note(key, "is missing")
		}
		return nil
	}
	var n int
	if json.Unmarshal(raw, &n) != nil || n < 0 {
		p.fail(key, "must be a whole number that is not negative, is %s", abbreviated(raw))
		return nil
	}
	return &n
}

func (p *parser) array(raw json.RawMessage, at string) []json.RawMessage {
	var items []json.RawMessage
	if kind(raw) != "an array" || json.Unmarshal(raw, &items) != nil {
		p.fail(at, "must be an array, is %s", kind(raw))
	}
	return items
}

// rest returns the fields that are not known. The format forbids them up to
// its version 4.5; later ones may have them.
func (p *parser) rest(o *Object, at string, known ...string) Object {
	rest := o.Clone()
	for _, k := range known {
		rest.Delete(k)
	}
	if p.minor <= Minor {
		for _, k := range rest.Keys() {
			p.note(at+k, "is not a field of the format")
		}
	}
	return rest
}

// isJSON reports whether a MIME type's content is a JSON value and not text.
func isJSON(mime string) bool {
	return mime == "application/json" || strings.HasPrefix(mime, "application/") && strings.HasSuffix(mime, "+json")
}

// joined returns a JSON string, or an array of strings as one.
func joined(raw json.RawMessage) (string, bool) {
	switch kind(raw) {
	case "a string":
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case "an array":
		var lines []string
		if json.Unmarshal(raw, &lines) != nil || hasNull(raw) {
			return "", false
		}
		return strings.Join(lines, ""), true
	}
	return "", false
}

// hasNull reports whether a JSON array has null as an element (which
// json.Unmarshal would take for an empty string).
func hasNull(raw json.RawMessage) bool {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return false
	}
	for _, item := range items {
		if isNull(item) {
			return true
		}
	}
	return items == nil
}

func isNull(raw []byte) bool { return string(bytes.TrimSpace(raw)) == "null" }

// kind names the type of a JSON value.
func kind(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// abbreviated is a JSON value for an error text, cut to 40 bytes.
func abbreviated(raw json.RawMessage) string {
	s := strings.ToValidUTF8(string(bytes.TrimSpace(raw)), "")
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// syntaxReason says where in the file the JSON is broken.
func syntaxReason(data []byte, err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		before := data[:min(max(int(syntax.Offset)-1, 0), len(data))]
		line := bytes.Count(before, []byte("\n")) + 1
		column := len(before) - (bytes.LastIndexByte(before, '\n') + 1) + 1
		return fmt.Sprintf("line %d, column %d: %s", line, column, err)
	}
	return err.Error()
}
