package core

type state struct{ gone chan struct{} }

func (s *state) terminate()            {}
func (s *state) jobByID(id int64) *Job { return nil }

// Job is one call of a pool.
type Job struct{}

func (j *Job) cancel() {}
