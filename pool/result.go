package pool

import (
	"time"

	"poolbook/pool/core"
)

// Stats are measures of a job or a pool.
type Stats = core.Stats

// AsyncResult is the result of one call, as it will be. Its methods may be called concurrently and again.
type AsyncResult[R any] struct {
	j *core.Job
}

func (r *AsyncResult[R]) coreJob() *core.Job { return r.j }

// Get waits for the result. Its error is a [*RemoteError], [*WorkerLostError], [*InitError], or one of the package's error values.
func (r *AsyncResult[R]) Get() (R, error) {
	var out R
	err := r.j.Get(core.CallerOrigin(), -1, &out)
	return out, err
}

// GetTimeout is Get that gives up after d with [ErrTimeout]; the call goes on.
func (r *AsyncResult[R]) GetTimeout(d time.Duration) (R, error) {
	var out R
	err := r.j.Get(core.CallerOrigin(), max(d, 0), &out)
	return out, err
}

// Wait waits until the call is done, well or not. It panics with [ErrDeadlock] in the call's own callback, where Get returns that.
func (r *AsyncResult[R]) Wait() { r.j.Wait(core.CallerOrigin(), -1) }

// WaitTimeout waits until the call is done, for d at most, and reports whether it is.
func (r *AsyncResult[R]) WaitTimeout(d time.Duration) bool {
	return r.j.Wait(core.CallerOrigin(), max(d, 0))
}

// Ready reports whether the call is done, well or not.
func (r *AsyncResult[R]) Ready() bool { return r.j.Ready() }

// Successful reports whether the call is done without an error. It panics when the result is not ready.
func (r *AsyncResult[R]) Successful() bool { return r.j.Successful() }

// Done is closed when the result is ready.
func (r *AsyncResult[R]) Done() <-chan struct{} { return r.j.Done() }

// Cancel ends the job: what is queued is dropped, what runs is stopped, its error is [ErrCancelled]. Other jobs go on.
func (r *AsyncResult[R]) Cancel() { r.j.Cancel() }

// Stats are what the call has taken so far.
func (r *AsyncResult[R]) Stats() Stats { return r.j.Stats() }

// MapResult is the result of a call over items, as it will be. Its methods may be called concurrently and again.
type MapResult[R any] struct {
	j *core.Job
}

func (r *MapResult[R]) coreJob() *core.Job { return r.j }

// Outcome is the value or the error of one item.
type Outcome[R any] struct {
	Value R
	Err   error
}

// Get waits for all items and returns their results in the order of the items. When items failed it is the error of the one with the
// lowest index, and no results: see Outcomes.
func (r *MapResult[R]) Get() ([]R, error) {
	var out []R
	err := r.j.Get(core.CallerOrigin(), -1, &out)
	return out, err
}

// GetTimeout is Get that gives up after d with [ErrTimeout]; the job goes on.
func (r *MapResult[R]) GetTimeout(d time.Duration) ([]R, error) {
	var out []R
	err := r.j.Get(core.CallerOrigin(), max(d, 0), &out)
	return out, err
}

// Outcomes waits for all items and returns the value or the error of each. A job that was refused as a whole has its error in each.
func (r *MapResult[R]) Outcomes() []Outcome[R] {
	var values []R
	errs := r.j.Outcomes(core.CallerOrigin(), &values)
	out := make([]Outcome[R], len(errs))
	for i, err := range errs {
		out[i].Err = err
		if err == nil {
			out[i].Value = values[i]
		}
	}
	return out
}

// RetryFailed starts a job of the failed items only, on the same pool with the same function and options, and the values that were
// captured at the first call. It waits until this job is done. Its results are those of the failed items, in their order.
func (r *MapResult[R]) RetryFailed() *MapResult[R] {
	return &MapResult[R]{r.j.RetryFailed(core.CallerOrigin())}
}

// Wait waits until all items are done, well or not. It panics with [ErrDeadlock] in the call's own callback, where Get returns that.
func (r *MapResult[R]) Wait() { r.j.Wait(core.CallerOrigin(), -1) }

// WaitTimeout waits until all items are done, for d at most, and reports whether they are.
func (r *MapResult[R]) WaitTimeout(d time.Duration) bool {
	return r.j.Wait(core.CallerOrigin(), max(d, 0))
}

// Ready reports whether all items are done, well or not.
func (r *MapResult[R]) Ready() bool { return r.j.Ready() }

// Successful reports whether all items are done without an error. It panics when the result is not ready.
func (r *MapResult[R]) Successful() bool { return r.j.Successful() }

// Done is closed when the result is ready.
func (r *MapResult[R]) Done() <-chan struct{} { return r.j.Done() }

// Cancel ends the job: queued items are dropped, running ones are stopped, their error is [ErrCancelled]. Other jobs go on.
// Outcomes has the values of the items that were done before.
func (r *MapResult[R]) Cancel() { r.j.Cancel() }

// Stats are what the job has taken so far.
func (r *MapResult[R]) Stats() Stats { return r.j.Stats() }
