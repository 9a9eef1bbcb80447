package core

import (
	"errors"
	"time"
)

// series are the calls of one cell that are alike and have no items, such as ApplyAsync in a loop: front ends see them as one job with as
// many items, under the ID of the first. It lasts while some of them are unfinished, and a tick of the progress longer. Guarded by s.mu.
type series struct {
	first                          *Job
	total, done, failed, cancelled int
	start, end                     time.Time
	changed                        bool // since it was told
}

// seriesKey says which calls are alike.
type seriesKey struct{ cell, name, label string }

// join makes a job one of a series, and reports whether it did.
func (s *state) join(j *Job) bool {
	if !j.single() || s.name != "" {
		return false
	}
	key := seriesKey{j.o.Cell, j.name, j.opts.label}
	r := s.series[key]
	if r == nil {
		if s.series == nil {
			s.series = map[seriesKey]*series{}
		}
		r = &series{first: j, start: j.meter.start}
		s.series[key] = r
		r.total = 1
		s.emit(Event{Kind: JobStarted, Job: s.seriesInfo(r)})
	} else {
		r.total++
	}
	j.series, j.ordinal, r.changed = r, r.total-1, true
	return true
}

// leave notes the end of a job of a series.
func (r *series) leave(j *Job) {
	r.done++
	r.changed = true
	r.end = j.meter.end
	switch {
	case j.cancelled():
		r.cancelled++
	case j.err != nil || j.failed > 0:
		r.failed++
	}
}

// tellSeries tells what has changed of the series, and the end of those that have none unfinished.
func (s *state) tellSeries() {
	for key, r := range s.series {
		switch {
		case r.done == r.total:
			delete(s.series, key)
			s.emit(Event{Kind: JobDone, Job: s.seriesInfo(r)})
		case r.changed || time.Since(r.start) > barTime:
			r.changed = false
			s.emit(Event{Kind: JobProgress, Job: s.seriesInfo(r)})
		}
	}
}

// seriesInfo is the state of a series as events tell it.
func (s *state) seriesInfo(r *series) *JobInfo {
	i := &JobInfo{ID: r.first.id, Label: r.first.label(), Call: r.first.name, Cell: r.first.o.Cell, Total: r.total, Done: r.done, Failed: r.failed, Started: r.start}
	if r.total == 1 {
		i.note(r.first)
	}
	switch {
	case r.done < r.total:
		i.State = "running"
	case r.failed > 0:
		i.State = "failed"
	case r.cancelled == r.total:
		i.State = "cancelled"
	default:
		i.State = "done"
	}
	end := r.end
	if i.State == "running" {
		end = time.Now()
	}
	s.complement(i, end)
	return i
}

// Tell makes the pools report what they would report within the next tenth of a second: a kernel calls it before a cell ends.
func (h *Host) Tell() {
	for _, s := range h.states() {
		s.mu.Lock()
		s.flushTasks()
		s.tellSeries()
		s.mu.Unlock()
	}
}

// toldAs is the ID and item under which front ends know item i of a chunk.
func (c *chunk) toldAs(i int) (job int64, item int) {
	if r := c.job.series; r != nil {
		return r.first.id, c.job.ordinal
	}
	return c.job.id, c.index(i)
}

// cancelled reports whether the job was ended on request.
func (j *Job) cancelled() bool {
	return !j.stopped && (errors.Is(j.err, ErrCancelled) || errors.Is(j.err, ErrTerminated))
}
