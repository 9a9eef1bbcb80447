package core

import (
	"maps"
	"reflect"
	"runtime"
	"slices"
	"time"
)

// RetryFailed waits for the job and starts one of its failed items, in their order, with the same function, variables and options.
// A job that was refused as a whole gives one that is refused for the same reason.
func (j *Job) RetryFailed(o *Origin) *Job {
	r := &Job{id: jobIDs.Add(1), s: j.s, o: o, name: j.name, mode: j.mode, opts: j.opts, fn: j.fn, out: j.out, code: j.code, seed: j.seed}
	r.meter.start = time.Now()
	r.err = j.wait(o, -1)
	j.look()
	if r.err == nil && !j.stopped {
		r.err = j.err
	}
	if r.err != nil {
		r.total = j.total
		j.s.submit(r)
		return r
	}
	indices := slices.Sorted(maps.Keys(j.has().errs))
	place := make(map[int]int, len(indices))
	for to, from := range indices {
		place[from] = to
	}
	r.total = len(indices)
	r.results = reflect.MakeSlice(reflect.SliceOf(j.out), r.total, r.total)
	j.s.mu.Lock()
	seen := map[uint64]bool{}
	for _, c := range j.has().failures {
		if seen[c.id] {
			continue
		}
		seen[c.id] = true
		idx := make([]int, c.n)
		again := &chunk{id: j.s.chunkID(), job: r, first: c.first, n: c.n, data: c.data, items: c.items, base: r.results, idx: &idx}
		again.refer(c.refersTo())
		for i := range idx {
			idx[i] = -1
			if to, ok := place[c.index(i)]; ok && c.index(i) >= 0 {
				delete(place, c.index(i)) // an item that ran again is in two chunks
				idx[i] = to
				again.left++
			}
		}
		if again.left > 0 {
			r.queue = append(r.queue, again)
		}
	}
	j.s.mu.Unlock()
	slices.SortFunc(r.queue, func(a, b *chunk) int { return a.first - b.first })
	r.chunks = slices.Clone(r.queue)
	j.s.submit(r)
	runtime.KeepAlive(j)
	return r
}
