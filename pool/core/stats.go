package core

import (
	"fmt"
	"time"
)

// Stats are measures of a job, or of all jobs of a pool.
type Stats struct {
	Jobs    int           // 1, or the jobs that the pool was given
	Items   int           // items in all, as far as they are known
	Done    int           // items that are done, failed ones too
	Failed  int           // items that failed
	Chunks  int           // chunks that were sent to workers
	Start   time.Time     // when the job, or the pool, was made
	Wall    time.Duration // from then to the end of the job, or to now
	Busy    time.Duration // sum of the time that the tasks themselves took
	CPU     time.Duration // CPU time of the worker processes, of those that have ended too, where the platform tells; of a pool only
	Sent    int64         // bytes sent to workers: of items; of a pool everything, code and variables too. 0 in a thread pool
	Got     int64         // bytes of results that came back
	Speedup float64       // Busy divided by Wall: how many times faster than one task after the other
	Chunk   int           // items in a chunk; of a job only
	Better  int           // the chunk size that would have been better; 0 when this one is good, or nothing is known
	Advice  string        // the same in words; empty when there is nothing to say
}

// String is one line for a person.
func (s Stats) String() string {
	t := fmt.Sprintf("%d/%d items", s.Done, s.Items)
	if s.Failed > 0 {
		t += fmt.Sprintf(", %d failed", s.Failed)
	}
	t += fmt.Sprintf(", %v wall, %v in tasks, %.1f× speed-up", round(s.Wall), round(s.Busy), s.Speedup)
	if s.Sent+s.Got > 0 {
		t += fmt.Sprintf(", %s sent, %s back", size(s.Sent), size(s.Got))
	}
	if s.Advice != "" {
		t += "; " + s.Advice
	}
	return t
}

func round(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d
}

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f kB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// meter is what a job has taken. Guarded by s.mu.
type meter struct {
	start, end time.Time
	busy       time.Duration
	sent, got  int64
	chunks     int
	chunk      int
}

// Stats are what the job has taken so far.
func (j *Job) Stats() Stats {
	j.s.mu.Lock()
	defer j.s.mu.Unlock()
	m := &j.meter
	end := m.end
	if end.IsZero() {
		end = time.Now()
	}
	st := Stats{Jobs: 1, Items: j.total, Done: j.done, Failed: j.failed, Chunks: m.chunks, Start: m.start, Wall: end.Sub(m.start), Busy: m.busy, Sent: m.sent, Got: m.got, Chunk: m.chunk}
	st.finish()
	st.advise(j.s.size(), j.single())
	return st
}

func (s *Stats) finish() {
	if s.Wall > 0 {
		s.Speedup = float64(s.Busy) / float64(s.Wall)
	}
}

// chunkCost is about what sending a chunk and its results takes, beside its items.
const chunkCost = 3 * time.Microsecond

// advise says which chunk size would have been better: so large that sending costs little, so small that all workers have work to the end.
func (s *Stats) advise(workers int, single bool) {
	if single || s.Done < 2 || s.Done < s.Items || s.Chunk == 0 {
		return
	}
	perItem := s.Busy / time.Duration(s.Done)
	even := max(1, s.Items/(4*workers))
	good := max(1, int(20*chunkCost/max(perItem, 1))) // sending below 5 %
	good = min(good, even)
	switch {
	case s.Chunk*4 <= good:
		s.Better = good
		s.Advice = fmt.Sprintf("tasks of %v are short: pool.ChunkSize(%d) sends fewer, larger chunks", round(perItem), good)
	case s.Chunk > even && s.Chunk > 2*good && perItem*time.Duration(s.Chunk) > 10*time.Millisecond:
		s.Better = even
		s.Advice = fmt.Sprintf("chunks of %d items leave workers idle at the end: pool.ChunkSize(%d) shares the work better", s.Chunk, even)
	}
}

// Stats are what the pool has done so far.
func (p *Pool) Stats() Stats {
	s := p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.total
	st.Wall = time.Since(st.Start)
	st.CPU = s.cpu
	for _, l := range s.links {
		if l.out != nil {
			st.Sent += l.out.Bytes()
		}
		if l.p != nil && l.phase != linkGone {
			cpu, _, _ := l.p.Usage()
			st.CPU += cpu
		}
	}
	st.finish()
	return st
}
