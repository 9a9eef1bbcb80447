package interp

// ProcessStderr is the output that sessions take package log's default logger from; go test -json gives the variable os.Stderr another value.
var ProcessStderr = processStderr
