package core

import (
	"fmt"
	"strings"
	"time"
)

const (
	// progressEvery is how often a job's progress is told.
	progressEvery = 100 * time.Millisecond
	// taskMax is how many tasks are told at once for the timeline; shorter ones of one worker are put together.
	taskMax = 1000
	// taskMerge is the length below which tasks of one worker are put together.
	taskMerge = 2 * time.Millisecond
	// barTime is how long a job runs before its progress is told even when there is none.
	barTime = 500 * time.Millisecond
)

// progress is what was told of a job. Guarded by s.mu.
type progress struct {
	done int
}

// ticker tells progress and tasks while jobs run. Guarded by s.mu.
type ticker struct {
	timer *time.Timer
	runs  bool
	tasks []TaskInfo
}

// emit hands an event to the host.
func (s *state) emit(e Event) {
	if s.host.Events == nil {
		return
	}
	e.Time, e.Pool = time.Now(), s.number
	s.host.Events(e)
}

func (s *state) jobStarted(j *Job) {
	if s.host.Events == nil {
		return
	}
	if !s.join(j) {
		s.emit(Event{Kind: JobStarted, Job: s.jobInfo(j)})
	}
	s.tickSoon()
}

func (s *state) jobDone(j *Job) {
	if s.host.Events == nil {
		return
	}
	if j.series != nil {
		j.series.leave(j)
		s.tickSoon()
		return
	}
	s.flushTasks()
	s.emit(Event{Kind: JobDone, Job: s.jobInfo(j)})
}

func (s *state) workerChanged(l *link, what, reason string) {
	if s.host.Events == nil {
		return
	}
	w := &WorkerInfo{ID: l.id, Name: l.name, State: what, Item: -1, Tasks: l.items, Reason: reason}
	if l.p != nil {
		w.PID = l.p.PID
	}
	if what == "busy" && l.where != nil {
		w.Job, _ = (&chunk{job: l.where}).toldAs(0)
	}
	// A worker that goes from task to task every few microseconds changes too often to be told each time.
	now := time.Now()
	if (what == "busy" || what == "idle") && now.Sub(l.told) < progressEvery {
		l.stale = true
		s.tickSoon()
		return
	}
	l.told, l.stale = now, false
	s.emit(Event{Kind: WorkerChanged, Worker: w})
}

// taskDone notes a task for the timeline.
func (s *state) taskDone(worker int, d *completion) {
	if s.host.Events == nil {
		return
	}
	now := time.Now()
	t := TaskInfo{Count: d.n, Worker: worker, Start: now.Add(-d.took), Duration: d.took}
	t.Job, t.Item = d.c.toldAs(d.item)
	if d.err != nil {
		t.Error = d.err.Error()
	} else if d.took/time.Duration(d.n) < taskMerge {
		for i := len(s.feedback.tasks) - 1; i >= 0 && i >= len(s.feedback.tasks)-8; i-- {
			p := &s.feedback.tasks[i]
			if p.Worker != worker {
				continue
			}
			if p.Job == t.Job && p.Error == "" && p.Duration/time.Duration(p.Count) < taskMerge && t.Start.Sub(p.Start.Add(p.Duration)) < taskMerge {
				p.Count += d.n
				p.Duration = now.Sub(p.Start)
				return
			}
			break
		}
	}
	if len(s.feedback.tasks) < taskMax {
		s.feedback.tasks = append(s.feedback.tasks, t)
	}
	s.tickSoon()
}

func (s *state) tickSoon() {
	if s.feedback.runs {
		return
	}
	s.feedback.runs = true
	if s.feedback.timer == nil {
		s.feedback.timer = time.AfterFunc(progressEvery, s.tick)
	} else {
		s.feedback.timer.Reset(progressEvery)
	}
}

// tick tells what has changed.
func (s *state) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feedback.runs = false
	s.flushTasks()
	for _, j := range s.jobs {
		if j.series == nil && (j.has().noted || j.done != j.progress.done || time.Since(j.meter.start) > barTime) {
			if j.progress.done = j.done; j.has().noted {
				j.gets().noted = false
			}
			s.emit(Event{Kind: JobProgress, Job: s.jobInfo(j)})
		}
	}
	s.tellSeries()
	for _, l := range s.links {
		if l.stale || len(l.flight) > 0 {
			s.tellLink(l)
		}
	}
	if len(s.jobs) > 0 || len(s.series) > 0 {
		s.tickSoon()
	}
}

// tellLink tells the state of a worker with its measures.
func (s *state) tellLink(l *link) {
	l.told, l.stale = time.Now(), false
	w := &WorkerInfo{ID: l.id, Name: l.name, State: "idle", Item: -1, Tasks: l.items}
	if l.phase == linkStarting {
		w.State = "starting"
	}
	stopped := false
	if l.p != nil {
		w.PID = l.p.PID
		w.CPU, w.Memory, stopped = l.p.Usage()
	}
	if len(l.flight) > 0 {
		w.State = "busy"
		w.Job, _ = l.flight[0].toldAs(0)
		if l.p != nil {
			if id, i, ok := l.p.Beacon.Running(); ok {
				if c := l.find(id); c != nil && 0 <= i && i < c.n {
					w.Job, w.Item = c.toldAs(i)
					if l.note.chunk == id && l.note.index == c.first+i {
						w.Label, w.Progress = l.note.Label, l.note.fraction()
					}
				}
			}
		}
	}
	if stopped {
		w.State = "stalled"
	}
	s.emit(Event{Kind: WorkerChanged, Worker: w})
}

func (s *state) flushTasks() {
	if len(s.feedback.tasks) > 0 {
		s.emit(Event{Kind: TasksDone, Tasks: s.feedback.tasks})
		s.feedback.tasks = nil
	}
}

// stopTicker ends the telling.
func (s *state) stopTicker() {
	if s.feedback.timer != nil {
		s.feedback.timer.Stop()
	}
	if s.host.Events != nil {
		s.flushTasks()
		s.tellSeries()
	}
}

// jobInfo is the state of a job as events tell it.
func (s *state) jobInfo(j *Job) *JobInfo {
	end := j.meter.end
	if end.IsZero() {
		end = time.Now()
	}
	i := &JobInfo{ID: j.id, Label: j.label(), Call: j.name, Cell: j.o.Cell, State: "done", Total: j.total, Done: j.done, Failed: j.failed, Started: j.meter.start}
	if j.open {
		i.Total = -1
	}
	i.note(j)
	switch {
	case !j.finished:
		i.State = "running"
	case j.cancelled():
		i.State = "cancelled"
	case j.err != nil || j.failed > 0:
		i.State = "failed"
	}
	s.complement(i, end)
	return i
}

// complement puts in what follows from the rest.
func (s *state) complement(i *JobInfo, end time.Time) {
	i.Workers, i.Elapsed, i.Remaining = s.workers(), end.Sub(i.Started), -1
	if i.Elapsed > 0 {
		i.Rate = float64(i.Done) / i.Elapsed.Seconds()
	}
	if i.State == "running" && i.Part > 0 {
		i.Remaining = time.Duration(float64(i.Elapsed) / i.Part * (1 - i.Part))
	}
	if i.State == "running" && i.Done > 0 && i.Total > 0 {
		i.Remaining = time.Duration(float64(i.Elapsed) / float64(i.Done) * float64(i.Total-i.Done))
	}
	i.Summary = i.summary()
}

// note puts in what the only task of a job has told.
func (i *JobInfo) note(j *Job) {
	if j.single() {
		i.Part, i.Status = j.has().note.fraction(), j.has().note.Label
	}
}

// noted notes what a task of the job has told. mu is held.
func (s *state) noted(j *Job, r TaskReport) {
	if s.host.Events == nil {
		return
	}
	has := j.gets()
	if has.note, has.noted = r, true; j.series != nil {
		j.series.changed = true
	}
	s.tickSoon()
}

// workers is how many workers the pool has now.
func (s *state) workers() int {
	if s.threads {
		return s.threadsN
	}
	return s.living()
}

// summary is the state of a job as one line.
func (i *JobInfo) summary() string {
	parts := make([]string, 0, 6)
	if i.Total >= 0 {
		parts = append(parts, fmt.Sprintf("%d/%d", i.Done, i.Total))
	} else {
		parts = append(parts, fmt.Sprint(i.Done))
	}
	if i.State == "running" && i.Part > 0 {
		parts = append(parts, fmt.Sprintf("%.0f %%", 100*i.Part))
	}
	if i.State == "running" && i.Status != "" {
		parts = append(parts, i.Status)
	}
	if i.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", i.Failed))
	}
	parts = append(parts, fmt.Sprintf("%.1f s", i.Elapsed.Seconds()))
	if i.Rate > 0 {
		parts = append(parts, rate(i.Rate)+" tasks/s")
	}
	if i.Workers == 1 {
		parts = append(parts, "1 worker")
	} else {
		parts = append(parts, fmt.Sprintf("%d workers", i.Workers))
	}
	switch {
	case i.State != "running":
		parts = append(parts, i.State)
	case i.Remaining >= 0:
		parts = append(parts, fmt.Sprintf("%.1f s left", i.Remaining.Seconds()))
	}
	return i.Label + ": " + strings.Join(parts, " · ")
}

func rate(r float64) string {
	switch {
	case r >= 100:
		return fmt.Sprintf("%.0f", r)
	case r >= 10:
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.2f", r)
}
