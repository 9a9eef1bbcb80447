package core

import (
	"fmt"
	"runtime"
	"sync/atomic"
)

// unseen is the failure of a job of which nobody has asked how it went. It is told when nobody can ask any more, as asyncio does. It refers to nothing
// of the job, so that it does not keep it.
type unseen struct {
	o    *Origin
	text string
	seen atomic.Bool
}

// watchUnseen sees to it that a failure is told of which nobody asks. mu is held.
func (j *Job) watchUnseen() {
	if j.looked.Load() || j.stream != nil || j.s.name != "" || j.opts.onError.IsValid() || j.cancelled() {
		return
	}
	err := j.failure()
	if err == nil {
		return
	}
	call := j.name
	if j.opts.label != "" {
		call += " " + quote(j.opts.label)
	}
	u := &unseen{o: j.o, text: fmt.Sprintf("%s has failed, and nothing has asked for its result: %v\n", call, err)}
	j.unseen.Store(u)
	runtime.AddCleanup(j, func(u *unseen) {
		if !u.seen.Load() {
			u.o.write("", -1, true, []byte(u.text))
		}
	}, u)
	for _, l := range j.s.links { // whoever prints later belongs to the job all the same
		if l.where == j {
			id, _ := (&chunk{job: j}).toldAs(0)
			l.where = &Job{id: id, s: j.s, o: j.o, mode: j.mode, opts: &noOptions}
		}
	}
}

// look notes that somebody asks how the job went.
func (j *Job) look() {
	j.looked.Store(true)
	if u := j.unseen.Load(); u != nil {
		u.seen.Store(true)
	}
}
