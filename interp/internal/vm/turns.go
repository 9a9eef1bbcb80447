package vm

import (
	"runtime"
	"time"
)

// Whoever is to stop a run (a signal handler, a message from the page, a timer)
// waits in line with the goroutines that compute, several times over until the
// stop flag is set. The runtime lets each have a processor for 10 ms, so with a
// hundred of them an interrupt took seconds. A goroutine of a crowd therefore
// gives its processor up sooner.
const (
	// turnsRound is in how much time all that compute have their turn, on one processor.
	turnsRound = 10 * time.Millisecond
	// shortestTurn is long beside the switch to another goroutine, which takes less than 1 µs.
	shortestTurn = 100 * time.Microsecond
	// turnEvery is how many calls of passTurn look at the time, in goroutines of a crowd. There are some
	// microseconds between them.
	turnEvery = 16
)

// turn is how long a goroutine has had its processor.
type turn struct {
	calls int
	since time.Duration // on the machine's clock
}

// passTurn is called now and then by goroutines that compute. It lets others
// run when the turn is over.
func (g *goroutine) passTurn() {
	if g.turn.calls++; g.turn.calls < turnEvery {
		return
	}
	g.turn.calls = 0
	m := g.m
	n := m.live.Load() - m.waits.blocked.Load()
	if n <= m.procs {
		return
	}
	if time.Since(m.made)-g.turn.since < max(turnsRound/time.Duration(n), shortestTurn) {
		return
	}
	runtime.Gosched()
	g.turn.since = time.Since(m.made)
}
