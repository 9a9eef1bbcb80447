package web

import (
	"strings"
	"testing"

	"poolbook/notebooks/export"
)

const exported = `{"cells":[{"cell_type":"markdown","id":"m","metadata":{},"source":"# Title\n\nText <script>alert(1)</script> $a_1 + b_1$ ![p](attachment:p.png)","attachments":{"p.png":{"image/png":"iVBORw0KGgo="}}},
{"cell_type":"code","id":"c","metadata":{},"execution_count":3,"source":"fmt.Println(\"<b>\") // says","outputs":[
{"output_type":"stream","name":"stdout","text":"\u001b[31mred\u001b[0m <b>\n"},
{"output_type":"display_data","metadata":{},"data":{"text/html":"<table><tr><td>cell</td></tr></table>","text/plain":"no"}},
{"output_type":"display_data","metadata":{},"data":{"image/png":"iVBORw0KGgo="}}]}],
"metadata":{},"nbformat":4,"nbformat_minor":5}`

func TestExport(t *testing.T) {
	s := start(t)
	writeFile(t, s.dir, "a.ipynb", exported)
	var formats map[string]map[string]string
	s.want(200, request{path: "/api/nbconvert"}).json(t, &formats)
	forms := 3
	if _, err := export.Browser(); err != nil {
		forms = 2 // no PDF
	}
	if formats["html"]["output_mimetype"] != "text/html" || len(formats) != forms {
		t.Errorf("%v", formats)
	}
	a := s.want(200, request{path: "/nbconvert/html/a.ipynb?download=true"})
	if got := a.Header.Get("Content-Disposition"); got != "attachment; filename=a.html" {
		t.Error(got)
	}
	for _, want := range []string{"<h1>Title</h1>", `<span class="tex">$a_1 + b_1$</span>`, `src="data:image/png;base64,iVBORw0KGgo="`, "[3]",
		`<span class="string">&#34;&lt;b&gt;&#34;</span>`, `<span class="red">red</span> &lt;b&gt;`, "<td>cell</td>", "default-src 'none'"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %s in %s", want, a.body)
		}
	}
	if strings.Contains(a.body, "<script>alert") {
		t.Error("a script in the Markdown is in the page")
	}
	code := s.want(200, request{path: "/nbconvert/code/a.ipynb"})
	if want := "\n// %% [markdown]\n// # Title\n//\n"; !strings.Contains(code.body, want) || !strings.HasSuffix(code.body, "\n// %%\nfmt.Println(\"<b>\") // says\n") {
		t.Errorf("%s", code.body)
	}
	// Cells are no program: nothing is offered under a name that says so.
	if _, ok := formats["script"]; ok {
		t.Error("an executable script is offered")
	}
	s.want(404, request{path: "/nbconvert/script/a.ipynb"})
	s.want(404, request{path: "/nbconvert/html/none.ipynb"})
	s.want(404, request{path: "/nbconvert/html/..%2Fa.ipynb"})
	writeFile(t, s.dir, "b.ipynb", "{")
	s.want(400, request{path: "/nbconvert/html/b.ipynb"})
	s.want(302, request{path: "/nbconvert/html/a.ipynb", noToken: true})
}

// TestPDF holds that a PDF is offered where a browser is, and that its absence is said.
func TestPDF(t *testing.T) {
	s := start(t)
	writeFile(t, s.dir, "a.ipynb", exported)
	if _, err := export.Browser(); err == nil {
		a := s.want(200, request{path: "/nbconvert/pdf/a.ipynb"})
		if a.Header.Get("Content-Type") != "application/pdf" || a.Header.Get("Content-Disposition") != "attachment; filename=a.pdf" || !strings.HasPrefix(a.body, "%PDF-") {
			t.Errorf("%v", a.Header)
		}
	}
	t.Setenv("PATH", "")
	if _, err := export.Browser(); err == nil {
		t.Skip("this system keeps browsers at known places")
	}
	if a := s.want(501, request{path: "/nbconvert/pdf/a.ipynb"}); !strings.Contains(a.body, "install") {
		t.Error(a.body)
	}
	if a := s.want(200, request{path: "/api/nbconvert"}); strings.Contains(a.body, "pdf") {
		t.Error(a.body)
	}
}
