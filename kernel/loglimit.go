package kernel

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// How much is logged: a peer that sends rubbish without end must not fill the disk that the log goes to.
const (
	logBurst  = 200              // records …
	logWindow = 10 * time.Second // … in this time; what is more is counted
)

// logLimit is a slog.Handler that passes on the first records of each window, and then how many it left out.
type logLimit struct {
	slog.Handler
	*logState // shared by the handlers made of one
}

type logState struct {
	mu      sync.Mutex
	since   time.Time // when the window began, guarded by mu
	passed  int       // in the window, guarded by mu
	dropped int       // in the window, guarded by mu
}

func limitLog(log *slog.Logger) *slog.Logger { return slog.New(logLimit{log.Handler(), &logState{}}) }

func (l logLimit) Handle(ctx context.Context, r slog.Record) error {
	l.mu.Lock()
	if r.Time.Sub(l.since) >= logWindow {
		l.leftOut(ctx, r.Time)
		l.since, l.passed = r.Time, 0
	}
	if l.passed >= logBurst {
		l.dropped++
		l.mu.Unlock()
		return nil
	}
	l.passed++
	l.mu.Unlock()
	return l.Handler.Handle(ctx, r)
}

// leftOut tells how many records were not passed on. The caller holds mu.
func (l logLimit) leftOut(ctx context.Context, at time.Time) {
	if l.dropped == 0 {
		return
	}
	r := slog.NewRecord(at, slog.LevelWarn, "more of this was left out of the log", 0)
	r.Add("records", l.dropped)
	l.dropped = 0
	_ = l.Handler.Handle(ctx, r) // as with the others, there is nobody to tell
}

func (l logLimit) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logLimit{l.Handler.WithAttrs(attrs), l.logState}
}

func (l logLimit) WithGroup(name string) slog.Handler {
	return logLimit{l.Handler.WithGroup(name), l.logState}
}
