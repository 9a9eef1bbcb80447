// Package conformance measures the interpreter against programs that Go's own authors wrote: the run tests of $GOROOT/test and the
// examples of the standard library. It has no code of its own, only tests; they need a Go toolchain with its sources.
//
// Each program runs as a process of its own, `poolbook run FILE.go`, so that one that crashes or hangs counts as one failure.
// testdata/gotests.txt and testdata/examples.txt list the programs that are known to fail, each with the reason. A program that
// fails and is not listed fails the test, and so does one that is listed and passes: the lists tell the truth.
//
//	go test ./interp/conformance                     all of it, some minutes
//	go test ./interp/conformance -run Examples -update   rewrite the list, keeping the reasons that stand there
package conformance
