package display

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
)

// Bundle has representations of one value by MIME type: strings for text types (and base64 for images), any JSON value for JSON types.
type Bundle map[string]any

// Host shows bundles for a cell. It must be safe for concurrent use.
type Host interface {
	// Display shows a bundle. With an id, update replaces what was shown with the same id.
	Display(b Bundle, id string, update bool)
	// Clear removes the cell's output; with wait, when the next output comes.
	Clear(wait bool)
}

// Asker is a [Host] that asks the user for a line of input; with password what is typed does not show. It waits until ctx ends.
type Asker interface {
	Ask(ctx context.Context, prompt string, password bool) (string, error)
}

// Printer shows values on one host.
type Printer struct{ host Host }

// On returns a Printer for a host.
func On(h Host) Printer { return Printer{h} }

// Functions are the names of the package's functions that show something; each is a method of [Printer] too.
func Functions() []string {
	return []string{"HTML", "Markdown", "SVG", "Latex", "PNG", "JPEG", "JSON", "VegaLite", "MIMEBundle", "Show", "All", "Update", "Clear", "ClearWait"}
}

// HTML shows text as HTML. Whether scripts in it run is the front end's choice: JupyterLab runs them in trusted notebooks, Poolbook's own
// page never does (its content security policy allows none), so that opening a notebook of somebody else cannot act for its reader.
func (p Printer) HTML(html string) {
	p.show(Bundle{"text/html": html, "text/plain": html})
}

// Markdown shows text as Markdown.
func (p Printer) Markdown(md string) {
	p.show(Bundle{"text/markdown": md, "text/plain": md})
}

// SVG shows a drawing.
func (p Printer) SVG(svg string) {
	p.show(Bundle{"image/svg+xml": svg, "text/plain": "<SVG>"})
}

// Latex shows a formula; it should have its own $ signs.
func (p Printer) Latex(tex string) {
	p.show(Bundle{"text/latex": tex, "text/plain": tex})
}

// PNG shows an encoded picture.
func (p Printer) PNG(data []byte) { p.show(picture("image/png", data)) }

// JPEG shows an encoded picture.
func (p Printer) JPEG(data []byte) { p.show(picture("image/jpeg", data)) }

// JSON shows a value as a tree. A string or []byte holding JSON is taken as it is.
func (p Printer) JSON(v any) {
	tree, text, err := tree(v)
	if err != nil {
		p.show(Bundle{"text/plain": "display.JSON: " + err.Error()})
		return
	}
	p.show(Bundle{"application/json": tree, "text/plain": text})
}

// VegaLite shows a chart: a specification as JSON text or as any value that encodes to it.
func (p Printer) VegaLite(spec any) {
	tree, _, err := tree(spec)
	if err != nil {
		p.show(Bundle{"text/plain": "display.VegaLite: " + err.Error()})
		return
	}
	p.show(Bundle{"application/vnd.vegalite.v5+json": tree, "text/plain": "<a Vega-Lite chart, which is drawn by front ends that know Vega-Lite, such as JupyterLab>"})
}

// MIMEBundle shows representations made by hand, by MIME type.
func (p Printer) MIMEBundle(b map[string]any) { p.show(Bundle(b)) }

// Show shows a value as the final expression of a cell would be shown.
func (p Printer) Show(v any) { p.show(MIME(reflect.ValueOf(v))) }

// All shows a value as Show does, but in full: long texts and tables are not cut.
func (p Printer) All(v any) { p.show(FullMIME(reflect.ValueOf(v))) }

// Update shows a value in the place where the same id was shown before, and as new output the first time.
func (p Printer) Update(id string, v any) {
	p.host.Display(MIME(reflect.ValueOf(v)), id, true)
}

// Clear removes the cell's output at once.
func (p Printer) Clear() { p.host.Clear(false) }

// ClearWait removes the cell's output when the next output comes, which does not flicker.
func (p Printer) ClearWait() { p.host.Clear(true) }

func (p Printer) show(b Bundle) { p.host.Display(b, "", false) }

func tree(v any) (tree any, text string, err error) {
	var raw []byte
	switch v := v.(type) {
	case string:
		raw = []byte(v)
	case []byte:
		raw = v
	case json.RawMessage:
		raw = v
	default:
		if raw, err = json.Marshal(v); err != nil {
			return nil, "", err
		}
	}
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, "", err
	}
	indented, err := json.MarshalIndent(tree, "", "  ")
	return tree, string(indented), err
}

// text is the host of Go programs: it prints.
type text struct{ w io.Writer }

func (t text) Display(b Bundle, _ string, _ bool) { fmt.Fprintln(t.w, b["text/plain"]) }
func (t text) Clear(bool)                         {}

func program() Printer { return Printer{text{os.Stdout}} }

// HTML shows text as HTML. Whether scripts in it run is the front end's choice: JupyterLab runs them in trusted notebooks, Poolbook's own
// page never does (its content security policy allows none), so that opening a notebook of somebody else cannot act for its reader.
func HTML(html string) { program().HTML(html) }

// Markdown shows text as Markdown.
func Markdown(md string) { program().Markdown(md) }

// SVG shows a drawing.
func SVG(svg string) { program().SVG(svg) }

// Latex shows a formula; it should have its own $ signs.
func Latex(tex string) { program().Latex(tex) }

// PNG shows an encoded picture.
func PNG(data []byte) { program().PNG(data) }

// JPEG shows an encoded picture.
func JPEG(data []byte) { program().JPEG(data) }

// JSON shows a value as a tree. A string or []byte holding JSON is taken as it is.
func JSON(v any) { program().JSON(v) }

// VegaLite shows a chart: a specification as JSON text or as any value that encodes to it.
func VegaLite(spec any) { program().VegaLite(spec) }

// MIMEBundle shows representations made by hand, by MIME type.
func MIMEBundle(b map[string]any) { program().MIMEBundle(b) }

// Show shows a value as the final expression of a cell would be shown.
func Show(v any) { program().Show(v) }

// All shows a value as Show does, but in full: long texts and tables are not cut.
func All(v any) { program().All(v) }

// Update shows a value in the place where the same id was shown before, and as new output the first time.
func Update(id string, v any) { program().Update(id, v) }

// Clear removes the cell's output at once.
func Clear() { program().Clear() }

// ClearWait removes the cell's output when the next output comes, which does not flicker.
func ClearWait() { program().ClearWait() }

// Input asks the user for a line of input. It fails where nobody can be asked.
func Input(prompt string) (string, error) { return ReadLine(prompt, os.Stdout, os.Stdin) }

// Password is Input for what should not show as it is typed. In a Go program outside of a notebook it shows.
func Password(prompt string) (string, error) { return ReadLine(prompt, os.Stdout, os.Stdin) }

// ReadLine writes a prompt and reads a line, byte by byte: no more of the input is taken.
func ReadLine(prompt string, out io.Writer, in io.Reader) (string, error) {
	if _, err := io.WriteString(out, prompt); err != nil {
		return "", err
	}
	var line []byte
	for one := make([]byte, 1); ; {
		n, err := in.Read(one)
		switch {
		case n == 1 && one[0] == '\n':
			return strings.TrimSuffix(string(line), "\r"), nil
		case n == 1:
			line = append(line, one[0])
		case err == io.EOF && len(line) > 0:
			return string(line), nil
		case err != nil:
			return "", err
		}
	}
}

// Symbols are what cells can use of this package.
func Symbols() map[string]reflect.Value {
	return map[string]reflect.Value{
		"HTML": reflect.ValueOf(HTML), "Markdown": reflect.ValueOf(Markdown), "SVG": reflect.ValueOf(SVG), "Latex": reflect.ValueOf(Latex),
		"PNG": reflect.ValueOf(PNG), "JPEG": reflect.ValueOf(JPEG), "JSON": reflect.ValueOf(JSON), "VegaLite": reflect.ValueOf(VegaLite),
		"MIMEBundle": reflect.ValueOf(MIMEBundle), "Show": reflect.ValueOf(Show), "All": reflect.ValueOf(All), "Update": reflect.ValueOf(Update),
		"Clear": reflect.ValueOf(Clear), "ClearWait": reflect.ValueOf(ClearWait),
		"Input": reflect.ValueOf(Input), "Password": reflect.ValueOf(Password),
		"Bundle": reflect.ValueOf((*Bundle)(nil)), "Tuple": reflect.ValueOf((*Tuple)(nil)),
	}
}
