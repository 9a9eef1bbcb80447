//go:build 386 || arm || mips || mipsle

package goabi

// The compiler's message about this line is what somebody sees who builds for a processor with 32-bit words.
const _ int = "Poolbook needs a 64-bit system: build it for one, as in GOARCH=amd64 go build ./cmd/poolbook"
