package main

import (
	"fmt"
	"html"
	"slices"
	"sync"
	"time"

	"poolbook/kernel"
	"poolbook/pool/core"
)

// barAfter is how long a job runs before its progress bar shows.
const barAfter = 500 * time.Millisecond

// progressBars show the jobs of pools in the cells that submitted them. Pools
// report to it without waiting; one goroutine, which close waits for, talks to
// the front end.
type progressBars struct {
	mu      sync.Mutex
	cells   map[string]kernel.Output // that called pools last, by core.Origin.Cell; guarded by mu
	called  []string                 // those cells, oldest first; guarded by mu
	jobs    map[int64]*bar           // those that are not done; guarded by mu
	pending []*bar                   // those whose display is not up to date; guarded by mu
	flushes []chan struct{}          // guarded by mu
	closed  bool                     // guarded by mu

	wake chan struct{} // has one element while there is something to do
	done chan struct{} // closed when the goroutine has ended
}

// bar is the progress bar of a job.
type bar struct {
	out    kernel.Output
	id     string       // of the display
	info   core.JobInfo // the last state; guarded by progressBars.mu
	queued bool         // it is in pending; guarded by progressBars.mu
	shown  bool         // only the goroutine uses it
}

func newProgressBars() *progressBars {
	b := &progressBars{
		cells: map[string]kernel.Output{}, jobs: map[int64]*bar{},
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	go b.show()
	return b
}

// cellsWithBars is of how many cells the places are known. Each call of a pool tells that of its cell anew, so that the others need not be kept.
const cellsWithBars = 100

// enter makes out the place of the bars of jobs that the cell submits next.
func (b *progressBars) enter(cell string, out kernel.Output) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cells[cell] == nil {
		b.called = append(b.called, cell)
	}
	b.cells[cell] = out
	if len(b.called) > cellsWithBars {
		delete(b.cells, b.called[0])
		b.called = slices.Delete(b.called, 0, 1)
	}
}

// event is a core.Host.Events.
func (b *progressBars) event(e core.Event) {
	if e.Job == nil || e.Job.Call == "Process" { // a process is one task: it has no progress to show
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	j := b.jobs[e.Job.ID]
	if j == nil {
		out := b.cells[e.Job.Cell]
		if out == nil || b.closed {
			return
		}
		j = &bar{out: out, id: fmt.Sprintf("poolbook-job-%d", e.Job.ID)}
		b.jobs[e.Job.ID] = j
	}
	j.info = *e.Job
	if e.Kind == core.JobDone {
		delete(b.jobs, e.Job.ID)
	}
	if e.Job.Elapsed >= barAfter && !j.queued && !b.closed {
		j.queued = true
		b.pending = append(b.pending, j)
		b.signal()
	}
}

// flush returns when everything reported by now is shown.
func (b *progressBars) flush() {
	b.mu.Lock()
	if len(b.pending) == 0 || b.closed {
		b.mu.Unlock()
		return
	}
	shown := make(chan struct{})
	b.flushes = append(b.flushes, shown)
	b.signal()
	b.mu.Unlock()
	select {
	case <-shown:
	case <-b.done:
	}
}

func (b *progressBars) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// close ends the display of bars and waits for its goroutine.
func (b *progressBars) close() {
	b.mu.Lock()
	b.closed = true
	b.signal()
	b.mu.Unlock()
	<-b.done
}

// show is the goroutine that talks to front ends.
func (b *progressBars) show() {
	defer close(b.done)
	for range b.wake {
		b.mu.Lock()
		pending, flushes, closed := b.pending, b.flushes, b.closed
		b.pending, b.flushes = nil, nil
		infos := make([]core.JobInfo, len(pending))
		for i, j := range pending {
			j.queued = false
			infos[i] = j.info
		}
		b.mu.Unlock()
		for i, j := range pending {
			j.out.Display(barBundle(&infos[i]), j.id, j.shown)
			j.shown = true
		}
		for _, f := range flushes {
			close(f)
		}
		if closed {
			return
		}
	}
}

// barBundle shows a job: as a bar, and as a line of text that remains in the
// saved notebook.
func barBundle(j *core.JobInfo) kernel.Bundle {
	// What a bar says differs from run to run, and whether there is one.
	meta := map[string]any{"poolbook": map[string]any{"varies": "all", "job": j.ID, "state": j.State}}
	value := ""
	if j.Total > 0 {
		value = fmt.Sprintf(` value="%d" max="%d"`, j.Done, j.Total)
	}
	line := html.EscapeString(j.Summary)
	if j.State == "running" {
		line = fmt.Sprintf(`<progress%s style="vertical-align:middle;margin-right:.6em"></progress>%s`, value, line)
	}
	return kernel.Bundle{
		Data: map[string]any{
			"text/plain": j.Summary,
			"text/html":  `<div style="font-size:.9em">` + line + `</div>`,
		},
		Metadata: meta,
	}
}
