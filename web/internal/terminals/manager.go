package terminals

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
)

var (
	// ErrNoSuch is of a terminal that is not there, or no more.
	ErrNoSuch = errors.New("there is no such terminal")
	// ErrTooMany is of a terminal more than there may be.
	ErrTooMany = errors.New("too many terminals are open: close some")
	// ErrTaken is of a name that another terminal has.
	ErrTaken = errors.New("there is a terminal of that name")
	// ErrStopped is of a terminal that is asked for when the server stops.
	ErrStopped = errors.New("the server is stopping")
)

// DefaultMax is how many terminals there may be at a time, unless Options say otherwise.
const DefaultMax = 64

// Options of a Manager.
type Options struct {
	Max    int          // terminals at a time; default DefaultMax
	Shell  []string     // the shell and its arguments; default: the user's
	Logger *slog.Logger // required
}

// Manager has the terminals of a server. Its methods may be called concurrently.
type Manager struct {
	o Options

	mu      sync.Mutex
	all     map[string]*Terminal // guarded by mu
	stopped bool                 // guarded by mu
}

// New makes a manager without terminals.
func New(o Options) *Manager {
	if o.Max <= 0 {
		o.Max = DefaultMax
	}
	if len(o.Shell) == 0 {
		o.Shell = userShell()
	}
	return &Manager{o: o, all: map[string]*Terminal{}}
}

// Open starts a shell in the folder dir. An empty name is the least number that no terminal has.
func (m *Manager) Open(name, dir string) (*Terminal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.stopped:
		return nil, ErrStopped
	case len(m.all) >= m.o.Max:
		return nil, fmt.Errorf("%w (%d)", ErrTooMany, m.o.Max)
	case m.all[name] != nil:
		return nil, ErrTaken
	}
	for i := 1; name == ""; i++ {
		if n := strconv.Itoa(i); m.all[n] == nil {
			name = n
		}
	}
	t, err := open(name, dir, m.o.Shell)
	if err != nil {
		return nil, err
	}
	m.all[name] = t
	t.start(func(err error) {
		m.mu.Lock()
		delete(m.all, name)
		m.mu.Unlock()
		m.o.Logger.Info("terminal ended", "name", name, "how", err)
	})
	m.o.Logger.Info("terminal opened", "name", name, "dir", dir)
	return t, nil
}

// Get finds a terminal.
func (m *Manager) Get(name string) (*Terminal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.all[name]; t != nil {
		return t, nil
	}
	return nil, ErrNoSuch
}

// List has all terminals, by name; numbers in their order.
func (m *Manager) List() []*Terminal {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]*Terminal, 0, len(m.all))
	for _, t := range m.all {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *Terminal) int {
		if len(a.name) != len(b.name) {
			return len(a.name) - len(b.name)
		}
		if a.name < b.name {
			return -1
		}
		return 1
	})
	return out
}

// Stop closes all terminals and waits until their shells have ended; no more can be opened. When ctx ends the shells are killed.
func (m *Manager) Stop(ctx context.Context) {
	m.mu.Lock()
	m.stopped = true
	m.mu.Unlock()
	var wg sync.WaitGroup
	for _, t := range m.List() {
		wg.Go(func() { t.Close(ctx) })
	}
	wg.Wait()
}
