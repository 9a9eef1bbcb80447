//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// pageResult is what bench.mjs prints for one page: a value for each run.
type pageResult struct {
	Editable sample `json:"editable"` // ms until the first cell takes text
	CPU      sample `json:"cpu"`      // ms of the page's main thread until then
	Requests sample `json:"requests"` // until the kernel is idle
	KB       sample `json:"kB"`       // the same
	Warm     sample `json:"warm"`     // ms until the first cell takes text, opened again
	Lines    sample `json:"lines"`    // s until 100,000 lines are there
	Longest  sample `json:"longest"`  // ms, task of the main thread meanwhile
	Frame    sample `json:"frame"`    // ms, longest time without a frame meanwhile
}

// measurePages opens a notebook in each page, in a new browser each time.
func measurePages(ctx context.Context, p *place, o options, t *table) (err error) {
	args := []string{"test/bench.mjs", strconv.Itoa(o.runs)}
	for _, name := range []string{ours, jupyter} {
		s, err := p.start(ctx, name)
		if err != nil {
			return err
		}
		defer func() { _, stopErr := s.stop(); err = errors.Join(err, stopErr) }()
		args = append(args, s.base+"/?token="+token)
	}
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Dir, cmd.Env, cmd.Stderr = o.frontend, p.env, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("the pages: %w", err)
	}
	var results [2]pageResult
	if err := json.Unmarshal(out, &results); err != nil {
		return fmt.Errorf("the measuring script printed %q: %w", out, err)
	}
	a, b := results[0], results[1]
	t.add("page: first cell editable, cold, ms", a.Editable, b.Editable)
	t.add("… processor time of its main thread, ms", a.CPU, b.CPU)
	t.add("… opened again, ms", a.Warm, b.Warm)
	t.add("… requests", a.Requests, b.Requests)
	t.add("… kB over the wire", a.KB, b.KB)
	t.add("100,000 lines of output in the page, s", a.Lines, b.Lines)
	t.add("… longest task of the main thread, ms", a.Longest, b.Longest)
	t.add("… longest time without a frame, ms", a.Frame, b.Frame)
	return nil
}
