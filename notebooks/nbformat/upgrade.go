package nbformat

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Upgrade3 makes a decoded notebook of format 3 (IPython before 2015), with its numbers as json.Number, one of format 4, as Python's
// nbformat.v4.upgrade does.
func Upgrade3(nb map[string]any) {
	metadata, _ := nb["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	delete(metadata, "name")
	delete(metadata, "signature")
	metadata["orig_nbformat"] = json.Number("3")
	metadata["orig_nbformat_minor"] = json.Number("0")
	for _, key := range []string{"orig_nbformat", "orig_nbformat_minor"} {
		if original, ok := nb[key].(json.Number); ok {
			metadata[key] = original
		}
		delete(nb, key)
	}
	cells := []any{}
	sheets, _ := nb["worksheets"].([]any)
	for _, s := range sheets {
		sheet, _ := s.(map[string]any)
		list, _ := sheet["cells"].([]any)
		cells = append(cells, list...)
	}
	for _, c := range cells {
		if cell, ok := c.(map[string]any); ok {
			upgradeCell(cell)
		}
	}
	delete(nb, "worksheets")
	nb["metadata"], nb["cells"] = metadata, cells
	nb["nbformat"], nb["nbformat_minor"] = json.Number("4"), json.Number("4") // cells of minor 5 would need ids
}

var lineEnds = regexp.MustCompile(`[\r\n]+`)

func upgradeCell(cell map[string]any) {
	metadata, _ := cell["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
	}
	cell["metadata"] = metadata
	switch cell["cell_type"] {
	case "code":
		delete(cell, "language")
		if collapsed, ok := cell["collapsed"]; ok {
			metadata["collapsed"] = collapsed
			delete(cell, "collapsed")
		}
		move(cell, "input", "source", "")
		move(cell, "prompt_number", "execution_count", nil)
		outputs, _ := cell["outputs"].([]any)
		if outputs == nil {
			outputs = []any{}
		}
		for _, o := range outputs {
			if output, ok := o.(map[string]any); ok {
				upgradeOutput(output)
			}
		}
		cell["outputs"] = outputs
	case "heading":
		level, source := 1, ""
		if n, ok := cell["level"].(json.Number); ok {
			if i, err := n.Int64(); err == nil && i >= 1 && i <= 6 {
				level = int(i)
			}
		}
		source, _ = JoinLines(cell["source"]).(string)
		delete(cell, "level")
		cell["cell_type"] = "markdown"
		cell["source"] = strings.Repeat("#", level) + " " + lineEnds.ReplaceAllString(source, " ")
	case "html":
		cell["cell_type"] = "markdown"
	}
}

// move renames a member; a missing one gets a value.
func move(object map[string]any, from, to string, missing any) {
	if v, ok := object[from]; ok {
		object[to] = v
	} else if _, ok := object[to]; !ok {
		object[to] = missing
	}
	delete(object, from)
}

// mimeTypes are the names that format 3 had for the forms of an output.
var mimeTypes = map[string]string{
	"text": "text/plain", "html": "text/html", "svg": "image/svg+xml", "png": "image/png", "jpeg": "image/jpeg",
	"latex": "text/latex", "json": "application/json", "javascript": "application/javascript",
}

func upgradeOutput(output map[string]any) {
	switch output["output_type"] {
	case "pyout":
		output["output_type"] = "execute_result"
		move(output, "prompt_number", "execution_count", nil)
		bundle(output)
	case "display_data":
		bundle(output)
	case "pyerr":
		output["output_type"] = "error"
	case "stream":
		move(output, "stream", "name", "stdout")
	}
}

// bundle puts the forms of an output into its data.
func bundle(output map[string]any) {
	data := map[string]any{}
	for _, key := range slices.Collect(maps.Keys(output)) { // a copy: the loop takes members away
		switch key {
		case "output_type", "execution_count", "metadata":
			continue
		}
		mimetype := key
		if known, ok := mimeTypes[key]; ok {
			mimetype = known
		}
		value := output[key]
		if mimetype == "application/json" {
			// It was a text; now it is the value.
			if text, ok := JoinLines(value).(string); ok {
				var decoded any
				if json.Unmarshal([]byte(text), &decoded) == nil {
					value = decoded
				}
			}
		}
		data[mimetype] = value
		delete(output, key)
	}
	output["data"] = data
	metadata, _ := output["metadata"].(map[string]any)
	renamed := map[string]any{}
	for key, value := range metadata {
		if known, ok := mimeTypes[key]; ok {
			key = known
		}
		renamed[key] = value
	}
	output["metadata"] = renamed
}

// JoinLines makes one string of a list of strings, and leaves anything else alone.
func JoinLines(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	var b strings.Builder
	for _, line := range list {
		s, ok := line.(string)
		if !ok {
			return v
		}
		b.WriteString(s)
	}
	return b.String()
}

// upgraded3 is the text of a notebook of format 3 as one of format 4.
func upgraded3(data []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var nb map[string]any
	if err := d.Decode(&nb); err != nil {
		return nil, err
	}
	Upgrade3(nb)
	return json.Marshal(nb)
}
