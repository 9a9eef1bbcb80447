// Package goabi is where Poolbook knows one release of Go from another: the language that cells may use, and those parts of
// the runtime's memory that the interpreter reads and writes and that are not the same in all releases.
//
// Each release has a file here, release_go1.N.go, of which a build takes one. A release without a file ends the build with a
// sentence that says what to do (unknown.go), and so does a processor with 32-bit words (bits32.go). Settings of GOEXPERIMENT that
// change more than is known are refused at the start: see [Check].
//
// Other data of a release is generated, into files that are named for it or folders that are: bridge/std (symbols),
// check/stdlib/data (types) and stddoc (comments). ADDING.md says how a release is added.
package goabi
