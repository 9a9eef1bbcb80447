package core

import "time"

// EventKind says what an [Event] tells.
type EventKind string

// The kinds of events.
const (
	JobStarted    EventKind = "job_started"    // Job: a call was accepted
	JobProgress   EventKind = "job_progress"   // Job: it goes on; at most ten times a second, and only while it runs longer than that
	JobDone       EventKind = "job_done"       // Job: it is done, failed or cancelled; its Summary is final
	WorkerChanged EventKind = "worker_changed" // Worker: a worker started, changed its state, or ended
	TasksDone     EventKind = "tasks_done"     // Tasks: what ran where, for the timeline; at most ten times a second for a pool
)

// Event is one step in the life of a pool, for progress bars and the panel. It is a copy: it may be kept.
type Event struct {
	Kind   EventKind   `json:"kind"`
	Time   time.Time   `json:"time"`
	Pool   int         `json:"pool"`             // number of the pool, from 1
	Job    *JobInfo    `json:"job,omitempty"`    // of JobStarted, JobProgress, JobDone
	Worker *WorkerInfo `json:"worker,omitempty"` // of WorkerChanged
	Tasks  []TaskInfo  `json:"tasks,omitempty"`  // of TasksDone
}

// JobInfo is the state of a job. Calls of one cell that are alike and have no items, such as ApplyAsync in a loop, are one job here, with as
// many items.
type JobInfo struct {
	ID        int64         `json:"id"`    // unique in the process; see [Host.CancelJob]
	Label     string        `json:"label"` // the user's, otherwise the name of the call, such as "MapAsync"
	Call      string        `json:"call"`  // the call that made it, such as "MapAsync"; "Process" for the one task of a process
	Cell      string        `json:"cell"`  // Origin.Cell
	State     string        `json:"state"` // "running", "done", "failed" or "cancelled"
	Total     int           `json:"total"` // items in all; -1 when not known yet (ImapSeq)
	Done      int           `json:"done"`  // items that are done, the failed ones too
	Failed    int           `json:"failed"`
	Workers   int           `json:"workers"` // workers of the pool now
	Started   time.Time     `json:"started"`
	Elapsed   time.Duration `json:"elapsed"`          // nanoseconds
	Remaining time.Duration `json:"remaining"`        // estimate in nanoseconds; -1 when there is none
	Rate      float64       `json:"rate"`             // tasks per second so far
	Part      float64       `json:"part,omitempty"`   // of a job with one task: how much of it is done, as the task has told; 0 to 1
	Status    string        `json:"status,omitempty"` // the same: what it is at
	Summary   string        `json:"summary"`          // one line for a progress bar: "squares: 40/100 · 2 failed · 1.2 s · 33 tasks/s · 4 workers · 1.8 s left"
}

// WorkerInfo is the state of a worker.
type WorkerInfo struct {
	ID       int           `json:"id"` // unique in its pool
	Name     string        `json:"name"`
	PID      int           `json:"pid"`   // 0 in a thread pool
	State    string        `json:"state"` // "starting", "idle", "busy", "stalled" (stopped from outside), "ended"
	Job      int64         `json:"job"`   // what it works on; 0 when idle
	Item     int           `json:"item"`  // index of the running item; -1 when none runs
	Tasks    int           `json:"tasks"` // items done
	CPU      time.Duration `json:"cpu"`   // CPU time of the process so far, where the platform tells; nanoseconds
	Memory   int64         `json:"memory"`
	Label    string        `json:"label,omitempty"`    // what the running task has told it is at
	Progress float64       `json:"progress,omitempty"` // how much of it is done, as it has told; 0 to 1
	Reason   string        `json:"reason,omitempty"`   // why it ended, when that was not asked for
}

// TaskInfo is one task that is done.
type TaskInfo struct {
	Job      int64         `json:"job"`
	Item     int           `json:"item"`
	Count    int           `json:"count"` // short tasks of one worker are told together: this many, starting with Item
	Worker   int           `json:"worker"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration"` // nanoseconds
	Error    string        `json:"error,omitempty"`
}
