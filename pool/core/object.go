package core

import (
	"errors"
	"reflect"

	"poolbook/pool/internal/proc"
)

// Errors of shared objects.
var (
	ErrHolderDied  = errors.New("pool: the worker that held the lock died: what it protects may be half changed")
	ErrNotHeld     = errors.New("pool: released without being held")
	ErrQueueClosed = errors.New("pool: the queue is closed")
	ErrBroken      = errors.New("pool: the barrier is broken")
)

func (h *Host) handle(id uint64, t reflect.Type) (reflect.Value, error) {
	return reflect.Value{}, errors.New("no such shared object")
}

func (l *link) request(f *proc.Fields) {}

func (s *state) release(l *link) {}
