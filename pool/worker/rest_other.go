//go:build !linux

package worker

// dropProgram is left to the system here.
func dropProgram() {}
