package contents

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestDamagedTextIsKept holds that a notebook with something that is no text is shown, and never saved over by a client that has not seen it.
func TestDamagedTextIsKept(t *testing.T) {
	for name, damage := range map[string]string{"bytes": "caf\xe9", "half a character": `\ud83d`} {
		t.Run(name, func(t *testing.T) {
			m := open(t, Options{})
			text := strings.Replace(stored, `"cells": [`, `"cells": [{"cell_type": "raw", "id": "raw", "metadata": {}, "source": "`+damage+`"},`, 1)
			if text == stored {
				t.Fatal("the notebook has no cells")
			}
			write(t, m, "n.ipynb", text)
			model, err := m.Get("n.ipynb", GetOptions{Content: true, Hash: true})
			if err != nil {
				t.Fatal(err)
			}
			if model.Writable || !strings.Contains(model.ReadOnly, "line 2: ") {
				t.Errorf("writable %v: %s", model.Writable, model.ReadOnly)
			}
			content, err := json.Marshal(model.Content)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = m.Save("n.ipynb", SaveRequest{Type: TypeNotebook, Content: content, IfHash: *model.Hash})
			wantKind(t, err, Forbidden)
			if got := onDisk(t, m, "n.ipynb"); got != text {
				t.Errorf("the file has changed: %s", got)
			}
			if files, err := os.ReadDir(m.Dir()); err != nil || len(files) != 1 {
				t.Errorf("%v, %v", files, err)
			}
			// Another name, and a whole file from elsewhere, are the user's own choice.
			if _, _, err := m.Save("copy.ipynb", SaveRequest{Type: TypeNotebook, Content: content}); err != nil {
				t.Error(err)
			}
			if model, err := m.Get("copy.ipynb", GetOptions{Content: true}); err != nil || !model.Writable || model.ReadOnly != "" {
				t.Errorf("the copy: %+v, %v", model, err)
			}
			whole := quote(base64.StdEncoding.EncodeToString([]byte(stored)))
			if _, _, err := m.Save("n.ipynb", SaveRequest{Type: TypeFile, Format: FormatBase64, Content: whole}); err != nil {
				t.Error(err)
			}
			if _, _, err := m.Save("n.ipynb", SaveRequest{Type: TypeNotebook, Content: content}); err != nil {
				t.Error(err)
			}
		})
	}
}
