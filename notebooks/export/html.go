package export

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"sync"

	commonmark "rsc.io/markdown"

	"poolbook/notebooks/nbformat"
)

// HTML returns the notebook as a page of its own. Scripts in its outputs do not run: the page forbids all but one. title is usually the
// notebook's name. formulas is the script that shows the TeX in elements of the class "tex"; it is part of pages that have some. Without it
// they stay as they are written.
func HTML(nb *nbformat.Notebook, title string, formulas []byte) ([]byte, error) {
	page, allowed := pageData{Title: title}, policy
	for _, c := range nb.Cells {
		if c.HasTag("remove-cell") {
			continue
		}
		cell, err := exportCell(c)
		if err != nil {
			return nil, fmt.Errorf("cell %s: %w", c.ID, err)
		}
		page.Cells = append(page.Cells, cell)
	}
	if len(formulas) > 0 && page.hasFormulas() {
		script := string(formulas)
		if endsScript().MatchString(script) {
			return nil, errors.New("the script for formulas cannot be part of a page")
		}
		page.Script = template.JS(script) // #nosec G203: it is the program's own, not the notebook's
		sum := sha256.Sum256(formulas)
		allowed += "; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	page.Policy = template.HTMLAttr(`content="` + allowed + `"`) // #nosec G203: of constants and a hash
	var b bytes.Buffer
	if err := pageTemplate().Execute(&b, page); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// policy is what an exported page may load and do: no scripts, but for the one that is added by its hash.
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; font-src data:; base-uri 'none'; form-action 'none'"

type pageData struct {
	Title  string
	Policy template.HTMLAttr
	Script template.JS
	Cells  []cellData
}

// hasFormulas reports whether there is something for the script to do.
func (p *pageData) hasFormulas() bool {
	const mark = `class="tex"`
	return slices.ContainsFunc(p.Cells, func(c cellData) bool {
		return strings.Contains(string(c.Text), mark) ||
			slices.ContainsFunc(c.Outputs, func(o outputData) bool { return strings.Contains(string(o.HTML), mark) })
	})
}

// cellData is a cell: Text of one that is not code, else the others.
type cellData struct {
	Text    template.HTML
	Code    template.HTML
	IsCode  bool
	Prompt  string
	Outputs []outputData
}

type outputData struct {
	Kind string // a class: "stream", "error", "data"
	HTML template.HTML
}

func exportCell(c *nbformat.Cell) (cellData, error) {
	switch c.Type {
	case nbformat.Markdown:
		return cellData{Text: markdown(c.Source, c.Attachments)}, nil
	case nbformat.Raw:
		return cellData{Text: "<pre>" + escaped(c.Source) + "</pre>"}, nil
	}
	cell := cellData{IsCode: true, Code: highlight(c.Source), Prompt: "[ ]"}
	if c.ExecutionCount != nil {
		cell.Prompt = fmt.Sprintf("[%d]", *c.ExecutionCount)
	}
	for i := range c.Outputs {
		out, err := exportOutput(&c.Outputs[i])
		if err != nil {
			return cell, err
		}
		cell.Outputs = append(cell.Outputs, out)
	}
	return cell, nil
}

func exportOutput(o *nbformat.Output) (outputData, error) {
	switch o.Type {
	case nbformat.Stream:
		return outputData{Kind: o.Name, HTML: "<pre>" + terminal(o.Text) + "</pre>"}, nil
	case nbformat.ErrorOutput:
		text := strings.Join(o.Traceback, "\n")
		if strings.TrimSpace(text) == "" {
			text = o.EName + ": " + o.EValue
		}
		return outputData{Kind: "error", HTML: "<pre>" + terminal(text) + "</pre>"}, nil
	}
	body, err := richest(&o.Data)
	return outputData{Kind: "data", HTML: body}, err
}

// richest is the form of a display that a page shows best, as JupyterLab chooses it.
func richest(data *nbformat.Bundle) (template.HTML, error) {
	if text := data.Text("text/html"); text != "" {
		// The page's policy keeps its scripts from running. No policy keeps a page from following a refresh.
		return template.HTML(ofHead().ReplaceAllString(text, "&lt;$1")), nil // #nosec G203: see above
	}
	if text := data.Text("text/markdown"); text != "" {
		return markdown(text, nil), nil
	}
	for _, kind := range []string{"image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"} {
		text := data.Text(kind)
		if text == "" {
			continue
		}
		if kind == "image/svg+xml" {
			text = base64.StdEncoding.EncodeToString([]byte(text))
		}
		return image(kind, text), nil
	}
	if text := data.Text("text/latex"); text != "" {
		return `<div class="tex">` + escaped(text) + `</div>`, nil
	}
	if text := data.Text("text/plain"); text != "" {
		return "<pre>" + terminal(text) + "</pre>", nil
	}
	if raw, ok := data.Raw("application/json"); ok {
		var b bytes.Buffer
		if err := json.Indent(&b, raw, "", "  "); err != nil {
			return "", err
		}
		return "<pre>" + escaped(b.String()) + "</pre>", nil
	}
	return `<p class="none">This output has no form that a page without scripts can show.</p>`, nil
}

func image(kind, base64 string) template.HTML {
	source := "data:" + kind + ";base64," + strings.Join(strings.Fields(base64), "")
	return template.HTML(`<img alt="output" src="` + template.HTMLEscapeString(source) + `">`) // #nosec G203: escaped
}

func escaped(text string) template.HTML { return template.HTML(template.HTMLEscapeString(text)) } // #nosec G203: escaped

// pattern compiles a regular expression at its first use: every start of the program would pay for it.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

var (
	// formulas are kept from Markdown, to which their underscores would be emphasis.
	formulas = pattern(`(?s)\$\$.+?\$\$|\$[^\s$](?:[^$\n]*[^\s$\\])?\$|\\begin\{(\w+\*?)\}.*?\\end\{\w+\*?\}`)
	// disallowed are the elements that GitHub's Markdown shows as text (its specification, section 6.11), and those that would change the
	// page around them. Nothing but HTML of the source's own has a bare "<" in what the parser writes.
	disallowed = pattern(`(?i)<(/?(?:title|textarea|style|xmp|iframe|noembed|noframes|script|plaintext|base|embed|form|link|meta|object)\b)`)
	// ofHead are elements that act on the whole page, wherever they are.
	ofHead = pattern(`(?i)<((?:meta|base)\b)`)
	// endsScript is what HTML takes for the end of a script, or for the begin of one in it.
	endsScript = pattern(`(?i)</script|<script|<!--`)
	fences     = pattern("(?ms)^(```|~~~).*?^(```|~~~)|`[^`\n]+`")
)

// markdown renders a text: CommonMark with GitHub's tables, task lists, strikethrough and links. HTML in it stays, as in a notebook's
// page, but for elements that GitHub disallows too; the page's policy keeps what is left from running a script.
func markdown(text string, attachments *nbformat.Object) template.HTML {
	code := fences().FindAllStringIndex(text, -1)
	inCode := func(at int) bool {
		for _, c := range code {
			if at >= c[0] && at < c[1] {
				return true
			}
		}
		return false
	}
	var plain strings.Builder
	var kept []string
	last := 0
	for _, at := range formulas().FindAllStringIndex(text, -1) {
		if inCode(at[0]) {
			continue
		}
		plain.WriteString(text[last:at[0]])
		fmt.Fprintf(&plain, "\ue000%d\ue001", len(kept))
		kept = append(kept, text[at[0]:at[1]])
		last = at[1]
	}
	plain.WriteString(text[last:])
	source := plain.String()
	if attachments != nil {
		for _, name := range attachments.Keys() {
			var bundle map[string]string
			if ok, err := attachments.Decode(name, &bundle); !ok || err != nil {
				continue
			}
			for kind, data := range bundle {
				source = strings.ReplaceAll(source, "(attachment:"+name+")", "(data:"+kind+";base64,"+strings.Join(strings.Fields(data), "")+")")
			}
		}
	}
	parser := commonmark.Parser{Table: true, TaskList: true, Strikethrough: true, AutoLinkText: true}
	out := disallowed().ReplaceAllString(commonmark.ToHTML(parser.Parse(source)), "&lt;$1")
	for i, formula := range kept {
		out = strings.Replace(out, fmt.Sprintf("\ue000%d\ue001", i), `<span class="tex">`+template.HTMLEscapeString(formula)+`</span>`, 1)
	}
	return template.HTML(out) // #nosec G203: the page's policy keeps its scripts from running
}
