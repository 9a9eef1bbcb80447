package run

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"poolbook/notebooks/nbformat"
)

func stdout(s string) nbformat.Output {
	return nbformat.Output{Type: nbformat.Stream, Name: "stdout", Text: s}
}

func display(t *testing.T, typ nbformat.OutputType, mime, s, meta string) nbformat.Output {
	t.Helper()
	o := nbformat.Output{Type: typ}
	if err := o.Data.Set(mime, s); err != nil {
		t.Fatal(err)
	}
	if meta != "" {
		if err := o.Metadata.UnmarshalJSON([]byte(meta)); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func failure(s string) nbformat.Output {
	return nbformat.Output{Type: nbformat.ErrorOutput, EName: "panic", EValue: s, Traceback: []string{"\x1b[31m" + s + "\x1b[0m"}}
}

// picture is a PNG file with one pixel that is not transparent.
func picture(t *testing.T, level png.CompressionLevel, x int) string {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 40, 20))
	m.Set(x, 3, color.White)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: level}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func picturesDiffer(t *testing.T, a, b int) string {
	return "cell 1 (id \"c\"): display 1 (image/png) is not as stored:\n- " + pixels(picture(t, png.BestSpeed, a)) + "\n+ " + pixels(picture(t, png.BestSpeed, b))
}

func TestCompare(t *testing.T) {
	type outs = []nbformat.Output
	tests := []struct {
		name, metadata string
		stored, got    outs
		want           string // the differences as text
	}{
		{"same", `{}`, outs{stdout("a\n")}, outs{stdout("a\n")}, ""},
		{"streams cut in other places", `{}`, outs{stdout("a\n"), stdout("b\n")}, outs{stdout("a\nb\n")}, ""},
		{"spaces at the end and colours", `{}`, outs{stdout("a \n")}, outs{stdout("\x1b[1ma\x1b[0m\n")}, ""},
		{"other text", `{}`, outs{stdout("a\nb\nc\n")}, outs{stdout("a\nx\nc\n")},
			"cell 1 (id \"c\"): stdout is not as stored:\n  a\n- b\n+ x\n  c"},
		{"numbers count", `{}`, outs{stdout("took 2s")}, outs{stdout("took 3s")}, "cell 1 (id \"c\"): stdout is not as stored:\n- took 2s\n+ took 3s"},
		{"numbers vary", `{"tags":["numbers-vary"]}`, outs{stdout("took 2.04s, pid 17, 0.53 1e-7")}, outs{stdout("took 950ms, pid 4711, 1 0.2")}, ""},
		{"a duration of several units", `{"tags":["numbers-vary"]}`, outs{stdout("1m2.5s!")}, outs{stdout("350µs!")}, ""},
		{"numbers vary, words count", `{"tags":["numbers-vary"]}`, outs{stdout("got 1")}, outs{stdout("got one")},
			"cell 1 (id \"c\"): stdout is not as stored:\n- got #\n+ got one"},
		{"order counts", `{}`, outs{stdout("a\nb\n")}, outs{stdout("b\na\n")}, "cell 1 (id \"c\"): stdout is not as stored:\n- a\n  b\n+ a"},
		{"order varies", `{"tags":["order-varies"]}`, outs{stdout("a\nb\n")}, outs{stdout("b\na\n")}, ""},
		{"pattern", `{"poolbook":{"varies":["pid \\d+"]}}`, outs{stdout("pid 1 of 3")}, outs{stdout("pid 22 of 3")}, ""},
		{"pattern, the rest counts", `{"poolbook":{"varies":["pid \\d+"]}}`, outs{stdout("pid 1 of 3")}, outs{stdout("pid 22 of 4")},
			"cell 1 (id \"c\"): stdout is not as stored:\n- … of 3\n+ … of 4"},
		{"output varies", `{"tags":["output-varies"]}`, outs{stdout("a")}, outs{stdout("b"), stdout("c")}, ""},
		{"output varies, not into an error", `{"tags":["output-varies"]}`, outs{stdout("a")}, outs{failure("boom")},
			"cell 1 (id \"c\"): error is not as stored:\n+ panic: boom\n+ boom"},
		{"skipped", `{"tags":["skip-execution"]}`, outs{stdout("a")}, nil, ""},
		{"missing result", `{}`, outs{display(t, nbformat.ExecuteResult, "text/plain", "[1 4]", "")}, nil,
			"cell 1 (id \"c\"): the result (text/plain) is not as stored:\n- [1 4]"},
		{"display", `{}`, outs{display(t, nbformat.DisplayData, "text/html", "<b>1</b>", "")}, outs{display(t, nbformat.DisplayData, "text/html", "<b>2</b>", "")},
			"cell 1 (id \"c\"): display 1 (text/html) is not as stored:\n- <b>1</b>\n+ <b>2</b>"},
		{"display that says its numbers vary", `{}`,
			outs{display(t, nbformat.DisplayData, "text/plain", "5/5 in 2.01 s", `{"poolbook":{"varies":"numbers"}}`)},
			outs{display(t, nbformat.DisplayData, "text/plain", "5/5 in 2.2 s", `{"poolbook":{"varies":"numbers"}}`)}, ""},
		{"display that is not compared", `{}`, outs{stdout("a")},
			outs{display(t, nbformat.DisplayData, "text/plain", "5/5 in 2.2 s", `{"poolbook":{"varies":"all"}}`), stdout("a")}, ""},
		{"picture in other bytes", `{}`, outs{display(t, nbformat.DisplayData, "image/png", picture(t, png.BestSpeed, 7), "")},
			outs{display(t, nbformat.DisplayData, "image/png", picture(t, png.NoCompression, 7)+"\n", "")}, ""},
		{"picture with another pixel", `{}`, outs{display(t, nbformat.DisplayData, "image/png", picture(t, png.BestSpeed, 7), "")},
			outs{display(t, nbformat.DisplayData, "image/png", picture(t, png.BestSpeed, 8), "")}, picturesDiffer(t, 7, 8)},
		{"same error, other colours", `{}`, outs{failure("boom")}, outs{{Type: nbformat.ErrorOutput, EName: "panic", EValue: "boom", Traceback: []string{"boom"}}}, ""},
		{"error gone", `{}`, outs{failure("boom")}, nil, "cell 1 (id \"c\"): error is not as stored:\n- panic: boom\n- boom"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			notebook := func(out outs) *nbformat.Notebook {
				nb := nbformat.New()
				c := &nbformat.Cell{Type: nbformat.Code, ID: "c", Outputs: out}
				if err := c.Metadata.UnmarshalJSON([]byte(tt.metadata)); err != nil {
					t.Fatal(err)
				}
				nb.Cells = append(nb.Cells, c)
				return nb
			}
			diffs, err := Compare(notebook(tt.stored), notebook(tt.got))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, d := range diffs {
				lines = append(lines, d.String())
			}
			if diff := cmp.Diff(tt.want, strings.Join(lines, "\n")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestCompareRefuses(t *testing.T) {
	nb := nbformat.New()
	nb.Cells = append(nb.Cells, &nbformat.Cell{Type: nbformat.Code, ID: "c"})
	if _, err := Compare(nb, nbformat.New()); err == nil {
		t.Error("notebooks with other cells were compared")
	}
	if err := nb.Cells[0].Metadata.UnmarshalJSON([]byte(`{"poolbook":{"varies":["("]}}`)); err != nil {
		t.Fatal(err)
	}
	var pattern *PatternError
	if _, err := Compare(nb, nb); !errors.As(err, &pattern) || pattern.Pattern != "(" {
		t.Errorf("Compare with a broken pattern = %v, want a *PatternError", err)
	}
}
