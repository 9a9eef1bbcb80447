package core

import "sync/atomic"

// Handle is what may be done to a call from elsewhere while it runs. Its methods may be called concurrently; before its call has begun they do
// nothing. Used for several calls it is that of the latest.
type Handle struct{ j atomic.Pointer[Job] }

// WithHandle makes h the handle of the call.
func WithHandle(h *Handle) CallOption { return CallOption{func(c *callConfig) { c.handle = h }} }

// Cancel ends the call: what is queued is dropped, what runs is stopped, its error is ErrCancelled.
func (h *Handle) Cancel() {
	if j := h.j.Load(); j != nil {
		j.Cancel()
	}
}

// Done is closed when all of the call is done; nil before the call has begun.
func (h *Handle) Done() <-chan struct{} {
	if j := h.j.Load(); j != nil {
		return j.Done()
	}
	return nil
}

// Stats are what the call has taken so far.
func (h *Handle) Stats() Stats {
	if j := h.j.Load(); j != nil {
		return j.Stats()
	}
	return Stats{}
}
