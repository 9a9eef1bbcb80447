package interp

import (
	"log"
	"os"
	"slices"
	"strings"
	"sync"
	"weak"
)

// hostLogs are the sessions of the process, the latest last. What compiled code prints by package log goes to one of them: net/http's server
// reports there that a handler has panicked, which is the cells' business.
var hostLogs struct {
	sync.Mutex
	sessions []weak.Pointer[logging] // which do not keep a session that nobody closed
}

// processStderr is what package log's default logger writes to until somebody gives it something else.
var processStderr = os.Stderr

// takeHostLog adds l's session to those that get the process's log, unless the process has given its default logger an output of its own.
func (l *logging) takeHostLog() {
	hostLogs.Lock()
	defer hostLogs.Unlock()
	switch log.Writer() {
	case processStderr:
		log.SetOutput(hostWriter{})
		log.SetFlags(0) // the session's logger has its own
	case hostWriter{}:
	default:
		return
	}
	hostLogs.sessions = append(hostLogs.sessions, weak.Make(l))
}

// leaveHostLog ends what takeHostLog began.
func (l *logging) leaveHostLog() {
	hostLogs.Lock()
	defer hostLogs.Unlock()
	hostLogs.sessions = slices.DeleteFunc(hostLogs.sessions, func(o weak.Pointer[logging]) bool { return o.Value() == nil || o == weak.Make(l) })
}

// hostWriter prints by the default logger of a session, or to the process's standard error.
type hostWriter struct{}

// Write prints for the session whose cells' code has just panicked in this goroutine, or for the latest.
func (hostWriter) Write(p []byte) (int, error) {
	hostLogs.Lock()
	var sessions []*logging
	for _, w := range hostLogs.sessions {
		if l := w.Value(); l != nil {
			sessions = append(sessions, l)
		}
	}
	hostLogs.Unlock()
	for _, l := range sessions {
		if stack := l.s.stack(l.s.machine.LeftBy()); len(stack) > 0 {
			return len(p), l.output(l.std, 0, withTrace(string(p), renderStack(plain, stack, lineOf(stack))))
		}
	}
	if n := len(sessions); n > 0 {
		l := sessions[n-1]
		return len(p), l.output(l.std, 0, withTrace(string(p), ""))
	}
	return len(p), log.New(processStderr, "", log.LstdFlags).Output(0, string(p))
}

// withTrace puts trace, of the cells, in the place of a dump of the machine's own stack at the end of text.
func withTrace(text, trace string) string {
	head, dump, ok := strings.Cut(text, "\ngoroutine ")
	if !ok || !strings.Contains(dump, "/interp/internal/vm.") {
		return text
	}
	if trace != "" {
		head += "\n" + trace
	}
	return head
}
