package core

import "sync/atomic"

// self is what this process is: nil for a notebook or a program, otherwise a worker.
var self atomic.Pointer[Client]
