package nbformat

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTripOfJupyterFiles(t *testing.T) {
	for _, name := range pythonNotebooks(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := Validate(data); err != nil {
				t.Errorf("Validate: %v", err)
			}
			nb, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			got, err := nb.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if err := Validate(got); err != nil {
				t.Errorf("what was written is not valid: %v", err)
			}
			if strings.HasPrefix(filepath.Base(name), "minor") {
				checkUpgrade(t, nb, got)
				return
			}
			if !bytes.Equal(got, data) {
				t.Errorf("not the same bytes (-jupyter +ours):\n%s", cmp.Diff(string(data), string(got)))
			}
		})
	}
}

// checkUpgrade wants format 4.5 with ids, the same ones at each reading, in a
// file that Jupyter finds valid and would write the same way.
func checkUpgrade(t *testing.T, nb *Notebook, data []byte) {
	t.Helper()
	if !bytes.Contains(data, []byte(`"nbformat_minor": 5`)) {
		t.Error("not written as format 4.5")
	}
	for i, c := range nb.Cells {
		if len(c.ID) != 8 {
			t.Errorf("cell %d has id %q", i+1, c.ID)
		}
	}
	cmd := exec.Command(debianPython, "-c", `
import sys, nbformat
s = sys.stdin.read()
nb = nbformat.reads(s, as_version=4)
nbformat.validate(nb)
sys.exit(0 if nbformat.writes(nb) + "\n" == s else 3)
`)
	cmd.Stdin = bytes.NewReader(data)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("Jupyter reads, checks and writes it again: %v\n%s", err, out)
	}
}

func TestUpgradeGivesTheSameIDsEachTime(t *testing.T) {
	const old = `{"cells":[{"cell_type":"code","execution_count":null,"metadata":{},"outputs":[],"source":"x"},
		{"cell_type":"markdown","metadata":{},"source":["x"]}],"metadata":{},"nbformat":4,"nbformat_minor":2}`
	var ids [2][]string
	for n := range ids {
		nb, err := Parse([]byte(old))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range nb.Cells {
			ids[n] = append(ids[n], c.ID)
		}
	}
	if diff := cmp.Diff(ids[0], ids[1]); diff != "" || ids[0][0] == ids[0][1] {
		t.Errorf("ids %v, then %v", ids[0], ids[1])
	}
}

func TestUnknownParts(t *testing.T) {
	// Fields and an order that this package would not choose stay as they are.
	const file = `{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "a",
   "later": {
    "z": 1.50,
    "a": 10000000000000000000000001
   },
   "metadata": {
    "zoom": 1e2,
    "alpha": "<b>"
   },
   "outputs": [],
   "source": []
  }
 ],
 "metadata": {
  "z": {},
  "a": []
 },
 "nbformat": 4,
 "nbformat_minor": 6,
 "summary": "of the future"
}
`
	nb, err := Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	got, err := nb.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(file, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := Validate([]byte(file)); err != nil {
		t.Errorf("a later minor version may have such fields: %v", err)
	}
	if err := nb.Cells[0].Metadata.Set("middle", 1); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"middle", "zoom", "alpha"}, nb.Cells[0].Metadata.Keys()); diff != "" {
		t.Errorf("keys after Set (-want +got):\n%s", diff)
	}
}

func TestProblems(t *testing.T) {
	cell := func(s string) string {
		return `{"cells":[{"cell_type":"markdown","id":"ok","metadata":{},"source":""},` + s + `],"metadata":{},"nbformat":4,"nbformat_minor":5}`
	}
	code := func(outputs string) string {
		return cell(`{"cell_type":"code","id":"c","metadata":{},"source":"","execution_count":null,"outputs":` + outputs + `}`)
	}
	tests := []struct {
		name, file string
		want       string // the lines of Validate
		fatal      bool   // Parse refuses the file too
	}{
		{"empty", ``, `not a notebook: line 1, column 1: unexpected end of JSON input`, false},
		{"cut off", "{\n \"cells\": [", `not a notebook: line 2, column 11: unexpected end of JSON input`, true},
		{"syntax", "{\n \"cells\" []}", `not a notebook: line 2, column 10: invalid character '[' after object key`, true},
		{"null", `null`, `not a notebook: must be an object, is null`, true},
		{"array", `[]`, `not a notebook: not a JSON object`, true},
		{"other JSON", `{"a":1}`, `nbformat: is missing: this JSON is not a notebook`, true},
		{"format 2", `{"nbformat":2}`, `nbformat: is 2: only formats 3 and 4 are read (jupyter nbconvert --to notebook --nbformat 4 converts older files)`, true},
		{"format 5", `{"nbformat":5}`, `nbformat: is 5: only format 4 is read; this file needs a later version of Poolbook`, true},
		{"no cells", `{"nbformat":4,"nbformat_minor":5,"metadata":{}}`, `cells: is missing`, true},
		{"no metadata", `{"nbformat":4,"cells":[]}`, "nbformat_minor: is missing\nmetadata: is missing", false},
		{"kernelspec", `{"nbformat":4,"nbformat_minor":5,"cells":[],"metadata":{"kernelspec":{"name":1},"language_info":[]}}`,
			"metadata.kernelspec.name: must be a string, is a number\nmetadata.kernelspec.display_name: is missing\n" +
				"metadata.language_info: must be an object, is an array", false},
		{"top field", `{"nbformat":4,"nbformat_minor":5,"cells":[],"metadata":{},"worksheets":[]}`, `worksheets: is not a field of the format`, false},
		{"cell kind", cell(`7`), `cell 2: must be an object, is a number`, true},
		{"cell type", cell(`{"id":"x","cell_type":"heading"}`), `cell 2 (id "x"): cell_type: must be "code", "markdown" or "raw", is "heading"`, true},
		{"no cell type", cell(`{"id":"x"}`), `cell 2 (id "x"): cell_type: is missing`, true},
		{"no id", cell(`{"cell_type":"raw","metadata":{},"source":""}`), `cell 2: id: is missing`, false},
		{"bad id", cell(`{"cell_type":"raw","id":"a b","metadata":{},"source":""}`), `cell 2: id: must be 1 to 64 letters, digits, - and _, is "a b"`, false},
		{"same id", cell(`{"cell_type":"raw","id":"ok","metadata":{},"source":""}`), `cell 2 (id "ok"): id: is also that of cell 1`, false},
		{"id too early", `{"cells":[{"cell_type":"raw","id":"a","metadata":{},"source":""}],"metadata":{},"nbformat":4,"nbformat_minor":4}`,
			`cell 1: id: is not a field of format 4.4`, false},
		{"source", cell(`{"cell_type":"raw","id":"x","metadata":{},"source":["a",null]}`), `cell 2 (id "x"): source: must be a string or an array of strings, is an array`, true},
		{"metadata", cell(`{"cell_type":"raw","id":"x","metadata":null,"source":""}`), `cell 2 (id "x"): metadata: must be an object, is null`, true},
		{"tags", cell(`{"cell_type":"raw","id":"x","metadata":{"tags":["a","a","b,c"]},"source":""}`),
			"cell 2 (id \"x\"): metadata.tags: has \"a\" twice\ncell 2 (id \"x\"): metadata.tags: tag \"b,c\" must not be empty or hold a comma", false},
		{"field", cell(`{"cell_type":"raw","id":"x","metadata":{},"source":"","outputs":[]}`), `cell 2 (id "x"): outputs: is not a field of the format`, false},
		{"bare code", cell(`{"cell_type":"code","id":"x","metadata":{},"source":""}`),
			"cell 2 (id \"x\"): execution_count: is missing (null when the cell has not been run)\ncell 2 (id \"x\"): outputs: is missing", false},
		{"count", cell(`{"cell_type":"code","id":"x","metadata":{},"source":"","outputs":[],"execution_count":-1}`),
			`cell 2 (id "x"): execution_count: must be a whole number that is not negative, is -1`, true},
		{"output type", code(`[{"output_type":"pyout"}]`), `cell 2 (id "c"): outputs[0].output_type: must be "stream", "display_data", "execute_result" or "error", is "pyout"`, true},
		{"stream", code(`[{"output_type":"stream","name":"stdout","text":"a"},{"output_type":"stream","text":{}}]`),
			"cell 2 (id \"c\"): outputs[1].name: is missing\ncell 2 (id \"c\"): outputs[1].text: must be a string or an array of strings, is an object", true},
		{"data", code(`[{"output_type":"display_data","data":{"text/plain":1},"metadata":{}}]`),
			`cell 2 (id "c"): outputs[0].data["text/plain"]: must be a string or an array of strings, is a number`, false},
		{"result", code(`[{"output_type":"execute_result"}]`),
			"cell 2 (id \"c\"): outputs[0].data: is missing\ncell 2 (id \"c\"): outputs[0].metadata: is missing\ncell 2 (id \"c\"): outputs[0].execution_count: is missing", false},
		{"traceback", code(`[{"output_type":"error","ename":"a","evalue":"b","traceback":"c"}]`), `cell 2 (id "c"): outputs[0].traceback: must be an array of strings`, true},
		{"attachments", cell(`{"cell_type":"markdown","id":"x","metadata":{},"source":"","attachments":{"a":[]}}`), `cell 2 (id "x"): attachments.a: must be an object, is an array`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Validate([]byte(tt.file))
			var format *FormatError
			if !errors.As(err, &format) {
				t.Fatalf("Validate = %v, want a *FormatError", err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("Validate (-want +got):\n%s", diff)
			}
			nb, err := Parse([]byte(tt.file))
			if (err != nil) != tt.fatal {
				t.Fatalf("Parse = %v, want an error: %v", err, tt.fatal)
			}
			if err == nil && nb.Validate() != nil {
				// What Parse repairs must be right; fields it does not know stay.
				if tt.name != "field" && tt.name != "top field" && tt.name != "data" && tt.name != "kernelspec" && tt.name != "tags" {
					t.Errorf("not repaired: %v", nb.Validate())
				}
			}
		})
	}
}

func TestWriteFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.ipynb")
	nb := New()
	nb.Cells = append(nb.Cells, &Cell{Type: Code, ID: nb.NewID("a"), Source: "x := 1\nx"})
	if err := WriteFile(name, nb); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(name, nb); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v, want those of the file before (%v)", info.Mode(), err)
	}
	again, err := ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if again.Cells[0].Source != "x := 1\nx" || again.Cells[0].ID != nb.Cells[0].ID {
		t.Errorf("read back %+v", again.Cells[0])
	}
	if err := WriteFile(filepath.Join(name, "no", "such"), nb); err == nil {
		t.Error("a file in a file was written")
	}
	entries, err := os.ReadDir(filepath.Dir(name))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files left, want 1 (%v)", len(entries), err)
	}
}

// FuzzParse wants of any input: no crash; and what Parse accepts is written as
// a file that reads back to the same bytes.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"cells":[{"cell_type":"code","id":"a","metadata":{"tags":["x"]},"source":["a\n","b"],"execution_count":1,
		"outputs":[{"output_type":"stream","name":"stdout","text":["a\n"]},{"output_type":"execute_result","execution_count":1,
		"data":{"text/plain":"1","application/json":{"a":[1]}},"metadata":{}},{"output_type":"error","ename":"","evalue":"","traceback":[""]}]},
		{"cell_type":"markdown","metadata":{},"source":"x","attachments":{"a":{"image/png":"eA=="}}}],
		"metadata":{"kernelspec":{"name":"a","display_name":"b"}},"nbformat":4,"nbformat_minor":5}`))
	f.Add([]byte(`{"nbformat":4,"cells":[{"cell_type":"raw"}],"nbformat":4}`))
	f.Add([]byte(`{"nbformat":4,"cells":null,"metadata":null}`))
	f.Add([]byte("{\"nbformat\":4,\"cells\":[],\"\xff\":\"\\ud800\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = Validate(data)
		nb, err := Parse(data)
		if err != nil {
			return
		}
		once, err := nb.Marshal()
		if err != nil {
			t.Fatalf("Marshal: %v", err)
		}
		again, err := Parse(once)
		if err != nil {
			t.Fatalf("Parse of what was written: %v\n%s", err, once)
		}
		twice, err := again.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, twice) {
			t.Fatalf("written differently the second time:\n%s\n%s", once, twice)
		}
	})
}

func TestCheckText(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{"a": "\ud83d\ude00 \u00e9 é 😀 \\ud800 \\\\ud800 \n"}`, ""},
		{"", ""},
		{"{\n\n\"a\": \"\xff\"}", "line 3: the byte 0xFF is not UTF-8"},
		{"\"caf\xe9\"", "line 1: the byte 0xE9 is not UTF-8"},
		{"\"\xed\xa0\x80\"", "line 1: the byte 0xED is not UTF-8"}, // half a character as UTF-8
		{`"\ud83d"`, `line 1: \ud83d is one half of a character`},
		{`"\ud83dx\ude00"`, `line 1: \ud83d is one half of a character`},
		{`"\uDE00\ud83d"`, `line 1: \uDE00 is one half of a character`},
		{`"\\\ud83d"`, `line 1: \ud83d is one half of a character`},
		{`"\ud83d\ud83d\ude00"`, `line 1: \ud83d is one half of a character`},
		{`"\`, ""}, {`"\ud83`, ""}, {`\ud83d\ude0`, `line 1: \ud83d is one half of a character`},
	} {
		got := ""
		if err := CheckText([]byte(tt.text)); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

// FuzzCheckText compares with decoding: what is decoded and encoded again without a replacement character was text.
func FuzzCheckText(f *testing.F) {
	for _, s := range []string{`"a"`, `"\ud83d\ude00"`, `"\ud83d"`, "\"\xff\"", `"\\ud800"`, `"\u005cud800"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var s string
		if json.Unmarshal(data, &s) != nil || strings.Contains(string(data), "�") || strings.Contains(strings.ToLower(string(data)), `\ufffd`) {
			return
		}
		if replaced := strings.Contains(s, "�"); (CheckText(data) != nil) != replaced {
			t.Errorf("%q: replaced %v, but CheckText says %v", data, replaced, CheckText(data))
		}
	})
}

func TestLenientFiles(t *testing.T) {
	const plain = `{"cells":[{"cell_type":"code","id":"a","metadata":{},"source":["1"],"outputs":[],"execution_count":null}],"metadata":{},"nbformat":4,"nbformat_minor":5}`
	for name, tt := range map[string]struct {
		text  string
		cells int
	}{
		"with a byte order mark": {"\xef\xbb\xbf" + plain, 1},
		"empty":                  {"", 0},
		"blank":                  {" \r\n", 0},
		"only a byte order mark": {"\xef\xbb\xbf", 0},
		"format 3":               {`{"metadata":{},"nbformat":3,"nbformat_minor":0,"worksheets":[{"cells":[{"cell_type":"code","input":["1"],"outputs":[{"output_type":"pyout","text":["1"],"prompt_number":1}]},{"cell_type":"heading","level":2,"source":"T"}]}]}`, 2},
	} {
		nb, err := Parse([]byte(tt.text))
		if err != nil || len(nb.Cells) != tt.cells {
			t.Errorf("%s: %v, %v", name, nb, err)
			continue
		}
		if err := nb.Validate(); err != nil {
			t.Errorf("%s: written: %v", name, err)
		}
		if tt.cells > 0 && nb.Cells[0].Source != "1" {
			t.Errorf("%s: %q", name, nb.Cells[0].Source)
		}
	}
}
