package interp

import (
	"log"
	"os"
	"strings"
	"sync/atomic"
)

// hostLog is the session that gets what compiled code prints by package log: the latest of the process. net/http's server reports there
// that a handler has panicked, which is the cells' business.
var hostLog atomic.Pointer[logging]

// takeHostLog makes l's session the one that hostLog has, unless the process has given its default logger an output of its own.
func (l *logging) takeHostLog() {
	switch log.Writer() {
	case os.Stderr:
		log.SetOutput(hostWriter{})
		log.SetFlags(0) // the session's logger has its own
	case hostWriter{}:
	default:
		return
	}
	hostLog.Store(l)
}

// leaveHostLog lets the process have its log back.
func (l *logging) leaveHostLog() { hostLog.CompareAndSwap(l, nil) }

// hostWriter prints by the default logger of the session, or to the process's standard error.
type hostWriter struct{}

func (hostWriter) Write(p []byte) (int, error) {
	l := hostLog.Load()
	if l == nil {
		return len(p), log.New(os.Stderr, "", log.LstdFlags).Output(0, string(p))
	}
	return len(p), l.output(l.std, 0, l.s.withTrace(string(p)))
}

// withTrace puts, for a dump of the machine's own stack at the end of text, the trace of the panic that has just left the cells' code in this
// goroutine.
func (s *Session) withTrace(text string) string {
	head, dump, ok := strings.Cut(text, "\ngoroutine ")
	if !ok || !strings.Contains(dump, "/interp/internal/vm.") {
		return text
	}
	if stack := s.stack(s.machine.LeftBy()); len(stack) > 0 {
		head += "\n" + renderStack(plain, stack, s.lineOf(stack))
	}
	return head
}
