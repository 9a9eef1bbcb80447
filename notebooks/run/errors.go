package run

import (
	"fmt"
	"time"
)

// CellError says which cell ended a run with an error.
type CellError struct {
	Cell          int    // the cell's place, the first is 1
	ID            string // the cell's id
	EName, EValue string // as the kernel's error message has them
}

func (e *CellError) Error() string {
	return fmt.Sprintf("cell %d (id %q) failed: %s: %s", e.Cell, e.ID, e.EName, e.EValue)
}

// TimeoutError says which cell took longer than the limit. The cell was
// interrupted.
type TimeoutError struct {
	Cell    int
	ID      string
	Timeout time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("cell %d (id %q) took longer than %v (see --timeout)", e.Cell, e.ID, e.Timeout)
}

// KernelError says that the kernel was lost in the middle of a cell.
type KernelError struct {
	Cell int
	ID   string
	Err  error
}

func (e *KernelError) Error() string {
	return fmt.Sprintf("cell %d (id %q): the kernel was lost: %v", e.Cell, e.ID, e.Err)
}

// Unwrap returns the reason.
func (e *KernelError) Unwrap() error { return e.Err }
