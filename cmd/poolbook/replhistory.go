package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// maxHistory is how many cells the history keeps.
const maxHistory = 5000

// cellHistory is the cells of this and earlier sessions, in a file with one
// JSON string a line. It is a history.Source of the editor.
type cellHistory struct {
	file  string // "" for none
	cells []string
}

// openHistory reads a history; what cannot be read of it is left out.
func openHistory(file string) *cellHistory {
	h := &cellHistory{file: file}
	data, err := os.ReadFile(file)
	if err != nil {
		return h
	}
	for line := range bytes.Lines(data) {
		var cell string
		if json.Unmarshal(line, &cell) == nil {
			h.cells = append(h.cells, cell)
		}
	}
	if n := len(h.cells); n > maxHistory {
		h.cells = h.cells[n-maxHistory:]
		h.rewrite()
	}
	return h
}

// rewrite shortens the file to the cells that are kept. It may fail: then the
// file stays as it is.
func (h *cellHistory) rewrite() {
	var b bytes.Buffer
	for _, c := range h.cells {
		line, err := json.Marshal(c)
		if err != nil {
			return
		}
		b.Write(append(line, '\n'))
	}
	tmp := h.file + ".new"
	if os.WriteFile(tmp, b.Bytes(), 0o600) != nil || os.Rename(tmp, h.file) != nil {
		os.Remove(tmp)
	}
}

// Write adds a cell, unless it is the last one again.
func (h *cellHistory) Write(cell string) (int, error) {
	cell = strings.TrimRight(cell, " \t\n")
	if strings.TrimSpace(cell) == "" || len(h.cells) > 0 && h.cells[len(h.cells)-1] == cell {
		return len(h.cells), nil
	}
	h.cells = append(h.cells, cell)
	if h.file == "" {
		return len(h.cells), nil
	}
	line, err := json.Marshal(cell)
	if err != nil {
		return len(h.cells), fmt.Errorf("keep a cell in the history: %w", err)
	}
	f, err := os.OpenFile(h.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return len(h.cells), fmt.Errorf("keep a cell in the history: %w", err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		return len(h.cells), fmt.Errorf("keep a cell in the history: %w", err)
	}
	return len(h.cells), nil
}

// GetLine returns the cell of an index, from 0.
func (h *cellHistory) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.cells) {
		return "", fmt.Errorf("the history has no cell %d", i)
	}
	return h.cells[i], nil
}

func (h *cellHistory) Len() int { return len(h.cells) }

// Dump returns the cells.
func (h *cellHistory) Dump() any { return h.cells }
