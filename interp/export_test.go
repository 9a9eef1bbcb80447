package interp

// ProcessStderr is the output that sessions take package log's default logger from; go test -json gives the variable os.Stderr another value.
var ProcessStderr = processStderr

// Loading reports whether a cell is being made ready.
func Loading(s *Session) bool {
	if s.running.TryLock() {
		s.running.Unlock()
		return false
	}
	return true
}
