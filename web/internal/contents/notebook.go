package contents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"poolbook/notebooks/nbformat"
)

// A notebook is kept as decoded JSON (map[string]any with json.Number), so that whatever a client or another program put
// into it comes back unchanged. On disk, texts are lists of lines, as every Jupyter program writes them; in the API they
// are strings.

type notebook = map[string]any

// readNotebook decodes a notebook file for the API: version 4, its texts joined.
func readNotebook(data []byte) (notebook, error) {
	nb, err := decodeNotebook(data)
	if err != nil {
		return nil, err
	}
	eachText(nb, nbformat.JoinLines)
	return nb, nil
}

func decodeNotebook(data []byte) (notebook, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if len(bytes.TrimSpace(data)) == 0 {
		return newNotebook(), nil // an empty file, as "touch x.ipynb" makes it
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var nb notebook
	if err := d.Decode(&nb); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line := 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
			return nil, fmt.Errorf("not JSON: line %d: %w", line, err)
		}
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not JSON: something follows after the notebook's end")
	}
	return nb, checkNotebook(nb)
}

// checkNotebook refuses what is no notebook of version 4 at all, nor of version 3, which becomes one of version 4; it is not a
// validation of every field.
func checkNotebook(nb notebook) error {
	version, ok := nb["nbformat"].(json.Number)
	if !ok {
		return errors.New("it has no nbformat number")
	}
	switch version {
	case "4":
	case "3":
		nbformat.Upgrade3(nb) // the file stays as it is until the notebook is saved
	default:
		return fmt.Errorf("it is of notebook format %s; versions 3 and 4 can be opened (jupyter nbconvert --to notebook converts others)", version)
	}
	cells, ok := nb["cells"].([]any)
	if !ok {
		return errors.New("it has no list of cells")
	}
	for i, c := range cells {
		cell, ok := c.(map[string]any)
		if !ok {
			return fmt.Errorf("cell %d is not an object", i+1)
		}
		if _, ok := cell["cell_type"].(string); !ok {
			return fmt.Errorf("cell %d has no cell_type", i+1)
		}
	}
	if _, ok := nb["metadata"].(map[string]any); !ok {
		nb["metadata"] = map[string]any{}
	}
	return nil
}

// writeNotebook encodes a notebook as Jupyter writes it to disk: keys sorted, indented by one space, texts as lists of lines.
// It changes nb.
func writeNotebook(nb notebook) ([]byte, error) {
	eachText(nb, splitLines)
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(nb); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func newNotebook() notebook {
	return notebook{
		"cells": []any{}, "metadata": map[string]any{},
		"nbformat": json.Number("4"), "nbformat_minor": json.Number("5"),
	}
}

// eachText applies f to each text of a notebook that the format lets be a string or a list of lines.
func eachText(nb notebook, f func(any) any) {
	cells, _ := nb["cells"].([]any)
	for _, c := range cells {
		cell, ok := c.(map[string]any)
		if !ok {
			continue
		}
		apply(cell, "source", f)
		attachments, _ := cell["attachments"].(map[string]any)
		for _, a := range attachments {
			eachMIME(a, f)
		}
		outputs, _ := cell["outputs"].([]any)
		for _, o := range outputs {
			output, ok := o.(map[string]any)
			if !ok {
				continue
			}
			switch output["output_type"] {
			case "stream":
				apply(output, "text", f)
			case "display_data", "execute_result", "update_display_data":
				eachMIME(output["data"], f)
			}
		}
	}
}

func eachMIME(bundle any, f func(any) any) {
	data, _ := bundle.(map[string]any)
	for mimetype := range data {
		if !isJSON(mimetype) {
			apply(data, mimetype, f)
		}
	}
}

func apply(object map[string]any, key string, f func(any) any) {
	if v, ok := object[key]; ok {
		object[key] = f(v)
	}
}

// isJSON reports whether the data of a MIME type is a JSON value, which stays as it is.
func isJSON(mimetype string) bool {
	return mimetype == "application/json" || strings.HasPrefix(mimetype, "application/") && strings.HasSuffix(mimetype, "+json")
}

// splitLines makes a list of lines of a string, each with its line end, and leaves anything else alone.
func splitLines(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	lines := []any{}
	for line := range strings.Lines(s) {
		lines = append(lines, line)
	}
	return lines
}
