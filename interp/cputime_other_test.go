//go:build !unix

package interp_test

import "time"

var began = time.Now()

// processTime is the time since the process began: that of the processor cannot be told.
func processTime() time.Duration { return time.Since(began) }
