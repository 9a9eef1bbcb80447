package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// cells are the rows as a notebook's user writes them: sections that begin with "// -- key". The first one is run before each.
//
//go:embed notebook.txt
var cells string

// notebook runs a row's cell by the program poolbook: in a kernel, with interpreted functions in its workers. The cell prints what it has
// measured. A profile folder gets the CPU profiles of the kernel and of one worker.
func notebook(program, key, profiles string) (amount, error) {
	sections := map[string]string{}
	for _, s := range strings.Split("\n"+cells, "\n// -- ")[1:] {
		name, code, _ := strings.Cut(s, "\n")
		sections[name] = code
	}
	code, ok := sections[key]
	if !ok {
		return amount{}, fmt.Errorf("no cell for %s", key)
	}
	list := []string{sections["prelude"], code}
	if profiles != "" {
		list = []string{sections["prelude"], fmt.Sprintf(sections["profile"], profiles, key), code, "stopProfiles()"}
	}
	dir, err := os.MkdirTemp("", "pool-bench-")
	if err != nil {
		return amount{}, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "row.ipynb")
	if err := os.WriteFile(file, document(list), 0o600); err != nil {
		return amount{}, err
	}
	out, err := exec.Command(program, "run", file).CombinedOutput()
	if err != nil {
		return amount{}, fmt.Errorf("%s run: %w\n%s", program, err, out)
	}
	for _, line := range strings.Split(string(out), "\n") {
		if text, ok := strings.CutPrefix(line, "measured "); ok {
			v, err := strconv.ParseFloat(text, 64)
			return amount{v, strings.HasPrefix(key, "memory")}, err
		}
	}
	return amount{}, fmt.Errorf("the cell of %s has measured nothing:\n%s", key, out)
}

// document is a notebook of these cells.
func document(sources []string) []byte {
	type cell struct {
		Type     string         `json:"cell_type"`
		ID       string         `json:"id"`
		Count    *int           `json:"execution_count"`
		Metadata map[string]any `json:"metadata"`
		Outputs  []any          `json:"outputs"`
		Source   string         `json:"source"`
	}
	list := make([]cell, len(sources))
	for i, s := range sources {
		list[i] = cell{Type: "code", ID: fmt.Sprintf("cell-%d", i), Metadata: map[string]any{}, Outputs: []any{}, Source: s}
	}
	data, err := json.Marshal(map[string]any{"nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{}, "cells": list})
	check(err)
	return data
}
