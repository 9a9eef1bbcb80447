package export

import (
	"crypto/sha256"
	"encoding/base64"
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
	page, err := HTML(nb, "From Python", nil)
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
		page, err := HTML(&nbformat.Notebook{Cells: []*nbformat.Cell{{Type: nbformat.Code, Outputs: []nbformat.Output{o}}}}, "page", nil)
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

// TestFormulas holds that the script for formulas is in pages that have some, allowed by its hash, and in no others.
func TestFormulas(t *testing.T) {
	const script = `document.title = "a && b"`
	for _, c := range []struct {
		name, markdown, latex string
		want                  bool
	}{
		{"in Markdown", "Let $x < 1$ be", "", true},
		{"an output", "", `$\frac12$`, true},
		{"none", "It costs 5 $", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := nbformat.Output{Type: nbformat.DisplayData}
			if err := o.Data.Set("text/plain", "plain"); err != nil {
				t.Fatal(err)
			}
			if c.latex != "" {
				if err := o.Data.Set("text/latex", c.latex); err != nil {
					t.Fatal(err)
				}
			}
			page, err := HTML(&nbformat.Notebook{Cells: []*nbformat.Cell{
				{Type: nbformat.Markdown, Source: c.markdown}, {Type: nbformat.Code, Outputs: []nbformat.Output{o}},
			}}, "page", []byte(script))
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(script))
			hash := "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
			policy := strings.Contains(string(page), hash)
			if has := strings.Contains(string(page), "<script>"+script+"</script>"); has != c.want || policy != c.want {
				t.Errorf("script %v, policy %v", has, policy)
			}
		})
	}
	cell := &nbformat.Cell{Type: nbformat.Markdown, Source: "$x$"}
	if _, err := HTML(&nbformat.Notebook{Cells: []*nbformat.Cell{cell}}, "page", []byte("a</SCRIPT >b")); err == nil {
		t.Error("a script that ends itself is part of a page")
	}
}
