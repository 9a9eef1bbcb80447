package contents

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
)

// version3 has every kind of cell and output of the format.
const version3 = `{"metadata": {"name": "old", "signature": "x", "kept": 1}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [
 {"metadata": {}, "cells": [
  {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["A title\n", "of two lines"]},
  {"cell_type": "markdown", "metadata": {"a": 1}, "source": ["*text*"]},
  {"cell_type": "html", "metadata": {}, "source": "<b>x</b>"},
  {"cell_type": "raw", "metadata": {}, "source": "raw"}]},
 {"metadata": {}, "cells": [
  {"cell_type": "code", "language": "python", "collapsed": true, "metadata": {}, "input": ["1 +\n", "1"], "prompt_number": 7, "outputs": [
   {"output_type": "stream", "stream": "stderr", "text": ["warned\n"]},
   {"output_type": "pyout", "prompt_number": 7, "metadata": {}, "text": ["2"], "html": ["<b>2</b>"], "latex": ["$2$"]},
   {"output_type": "display_data", "metadata": {"png": {"width": 3}}, "png": "iVBORw0KGgo=", "jpeg": "/9j/", "svg": ["<svg/>"], "javascript": ["1"], "json": ["{\"a\": 1}"]},
   {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]}]},
  {"cell_type": "code", "language": "python", "collapsed": false, "metadata": {}, "input": [], "outputs": []}]}]}`

// TestVersion3IsUpgraded compares with what Jupyter's own nbformat makes of the same file.
func TestVersion3IsUpgraded(t *testing.T) {
	m := open(t, Options{})
	write(t, m, "old.ipynb", version3)
	model, err := m.Get("old.ipynb", GetOptions{Content: true})
	if err != nil {
		t.Fatal(err)
	}
	got := plainJSON(t, model.Content)
	cells := got.(map[string]any)["cells"].([]any)
	if len(cells) != 6 || cells[0].(map[string]any)["source"] != "## A title of two lines" || cells[4].(map[string]any)["source"] != "1 +\n1" {
		t.Fatalf("%v", got)
	}
	if data, _ := os.ReadFile(filepath.Join(m.Dir(), "old.ipynb")); string(data) != version3 {
		t.Error("reading changed the file")
	}
	// It is saved as the page has it.
	content, _ := json.Marshal(model.Content)
	if _, _, err := m.Save("old.ipynb", SaveRequest{Type: TypeNotebook, Content: content}); err != nil {
		t.Fatal(err)
	}
	if model, err = m.Get("old.ipynb", GetOptions{Content: true}); err != nil || !reflect.DeepEqual(plainJSON(t, model.Content), got) {
		t.Errorf("after a save: %v, %v", model, err)
	}

	const script = `import json, sys, nbformat
nb = nbformat.reader.reads(sys.stdin.read())
nb = nbformat.v4.upgrade(nb)
print(json.dumps(nb))`
	cmd := exec.Command("/usr/bin/python3", "-c", script)
	in, err := os.Open(writeTemp(t, version3))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd.Stdin = in
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("no Python with nbformat: %v", err)
	}
	var want map[string]any
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	// nbformat gives cells ids, and is then of minor 5; the page does so when it saves.
	for _, c := range want["cells"].([]any) {
		delete(c.(map[string]any), "id")
	}
	want["nbformat_minor"] = got.(map[string]any)["nbformat_minor"]
	for _, c := range got.(map[string]any)["cells"].([]any) {
		delete(c.(map[string]any)["metadata"].(map[string]any), "trusted")
	}
	if !reflect.DeepEqual(got, any(want)) {
		g, _ := json.MarshalIndent(got, "", " ")
		w, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("got %s\nnbformat %s", g, w)
	}
}

func writeTemp(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// plainJSON is a value as a client reads it.
func plainJSON(t *testing.T, v any) any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
