package export

import (
	"os"
	"strings"
	"testing"

	"poolbook/notebooks/nbformat"
)

func TestMarkdown(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"tables of Markdown", "| a | b |\n|---|--:|\n| 1 | 2 |", "<td>1</td>"},
		{"tables of HTML", "<table>\n<tr><td><pre>a&#10;b</pre></td></tr>\n</table>", "<table>\n<tr><td><pre>a&#10;b</pre></td></tr>\n</table>"},
		{"HTML in a line", "press <kbd>Tab</kbd>", "press <kbd>Tab</kbd>"},
		{"tasks", "- [x] done", `checked=""`},
		{"struck out", "~~no~~", "<del>no</del>"},
		{"a bare link", "see https://go.dev now", `<a href="https://go.dev">`},
		{"code", "```go\nx < 1 // <script>\n```", "x &lt; 1 // &lt;script&gt;"},
		{"a formula", "$a_1 * b_1$ and $c_1 * d_1$", `<span class="tex">$a_1 * b_1$</span> and <span class="tex">$c_1 * d_1$</span>`},
		{"a script", "a\n\n<SCRIPT>alert(1)</SCRIPT>", "&lt;SCRIPT>alert(1)&lt;/SCRIPT>"},
		{"a script in a line", "a <script>alert(1)</script>", "a &lt;script>alert(1)&lt;/script>"},
		{"a frame", `<iframe src="https://example.org">`, `&lt;iframe src`},
		{"another page's address", `<meta http-equiv="refresh" content="0">`, `&lt;meta`},
		{"a header is no head", "<header>top</header>", "<header>top</header>"},
	} {
		if got := string(markdown(c.source, nil)); !strings.Contains(got, c.want) {
			t.Errorf("%s: no %q in %q", c.name, c.want, got)
		}
	}
}

// TestTutorialTables exports the notebook whose tables are HTML with code of two languages side by side.
func TestTutorialTables(t *testing.T) {
	source, err := os.ReadFile("../06-from-python.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	nb, err := nbformat.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	page, err := HTML(nb, "From Python")
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, c := range nb.Cells {
		if c.Type == nbformat.Markdown {
			want += strings.Count(c.Source, "<table>")
		}
	}
	if got := strings.Count(string(page), "<tr><th>Python</th><th>Go</th></tr>"); want == 0 || got != want {
		t.Errorf("%d of %d tables are in the page", got, want)
	}
	if !strings.Contains(string(page), "form-action 'none'") {
		t.Error("the page lets forms be sent")
	}
}

// TestOutputsActOnNoPage holds that an HTML output neither leads an exported page to another address nor changes what its addresses mean.
func TestOutputsActOnNoPage(t *testing.T) {
	for _, html := range []string{
		`<meta http-equiv="refresh" content="0; url=https://example.org">`, "<META\nhttp-equiv=refresh content=0>", `<svg><meta/http-equiv=refresh>`, `<base href="https://example.org">`,
	} {
		o := nbformat.Output{Type: nbformat.DisplayData}
		if err := o.Data.Set("text/html", "<b>kept</b>"+html+"<metal>"); err != nil {
			t.Fatal(err)
		}
		page, err := HTML(&nbformat.Notebook{Cells: []*nbformat.Cell{{Type: nbformat.Code, Outputs: []nbformat.Output{o}}}}, "page")
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(string(page), "<body")
		if lower := strings.ToLower(body); strings.Contains(lower, "<meta ") || strings.Contains(lower, "<meta\n") || strings.Contains(lower, "<meta/") || strings.Contains(lower, "<base") {
			t.Errorf("%s acts: %s", html, body)
		}
		if !strings.Contains(body, "<b>kept</b>") || !strings.Contains(body, "<metal>") {
			t.Errorf("%s: the output has changed: %s", html, body)
		}
	}
}
