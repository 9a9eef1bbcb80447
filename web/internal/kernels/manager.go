package kernels

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"poolbook/kernel/client"
	"poolbook/web/internal/wsproto"
)

// Errors of the Manager.
var (
	ErrNoSpec     = errors.New("no such kernel is installed")
	ErrTooMany    = errors.New("too many kernels are running")
	ErrStopped    = errors.New("the server is stopping")
	ErrNoSuch     = errors.New("no such kernel is running")
	ErrNoSession  = errors.New("no such session")
	ErrIncomplete = errors.New("a session has a path and a type")
)

// Options of a Manager.
type Options struct {
	Builtin  client.Spec              // the program's own kernel; none when it has no Argv
	Dir      func(path string) string // the working directory for a notebook's path; required
	Max      int                      // kernels at a time; default 128
	Client   client.Options           // for every kernel; Dir and Env are set for each
	Logger   *slog.Logger             // nil discards
	OnKernel func(action, id string)  // told of starts, interrupts, restarts and shutdowns; may be nil, must not wait
}

// Manager runs the kernels and sessions of a server. Its methods may be called concurrently.
type Manager struct {
	opts Options
	log  *slog.Logger

	mu       sync.Mutex
	kernels  map[string]*Kernel  // guarded by mu
	starting int                 // guarded by mu
	sessions map[string]*session // guarded by mu
	opening  map[string]*opening // sessions that are being made, by path, guarded by mu
	stopped  bool                // guarded by mu
	work     sync.WaitGroup      // calls of Start and Shutdown; Add under mu, while not stopped

	ctx    context.Context // ends with Stop
	cancel context.CancelFunc
}

// New makes a manager without kernels.
func New(o Options) *Manager {
	if o.Max <= 0 {
		o.Max = 128
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.OnKernel == nil {
		o.OnKernel = func(string, string) {}
	}
	m := &Manager{opts: o, log: o.Logger, kernels: map[string]*Kernel{}, sessions: map[string]*session{}, opening: map[string]*opening{}}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

// Start starts a kernel and waits until it answers. path is the notebook's, or a folder's; name may be empty for the default.
// The kernel does not end with ctx; only waiting for its start does, and then it is not started.
func (m *Manager) Start(ctx context.Context, name, path string, env ...string) (*Kernel, error) {
	if name == "" {
		name = m.DefaultName()
	}
	spec, ok := m.Specs()[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrNoSpec, name)
	}
	m.mu.Lock()
	if m.stopped {
		m.mu.Unlock()
		return nil, ErrStopped
	}
	if len(m.kernels)+m.starting >= m.opts.Max {
		m.mu.Unlock()
		return nil, fmt.Errorf("%w (%d)", ErrTooMany, m.opts.Max)
	}
	m.starting++
	m.work.Add(1)
	m.mu.Unlock()
	defer m.work.Done()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(m.ctx, cancel)()
	o := m.opts.Client
	o.Dir = m.opts.Dir(path)
	// The kernel's own limit would hide the last lines from the shaper.
	o.Env = append(append(slices.Clone(o.Env), "POOLBOOK_OUTPUT_CAP=-1"), env...)
	o.Logger = m.log
	if o.QueueBytes == 0 {
		o.QueueBytes = 1 << 20 // what waits here when a cell is interrupted has to be gone through before its end is heard of
	}
	proc, err := client.Start(ctx, spec, o)

	m.mu.Lock()
	defer m.mu.Unlock()
	m.starting--
	if err != nil {
		return nil, fmt.Errorf("start kernel %q: %w", name, err)
	}
	if m.stopped {
		return nil, errors.Join(ErrStopped, proc.Kill())
	}
	k := newKernel(uuid.NewString(), name, o.Dir, proc, proc.Subscribe(), m.log)
	m.kernels[k.id] = k
	m.log.Info("kernel started", "kernel", k.id, "name", name)
	m.opts.OnKernel("start", k.id)
	return k, nil
}

// Get returns a running kernel.
func (m *Manager) Get(id string) (*Kernel, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.kernels[id]
	if !ok {
		return nil, ErrNoSuch
	}
	return k, nil
}

// List returns all kernels, those with the latest activity first.
func (m *Manager) List() []Model {
	m.mu.Lock()
	list := make([]Model, 0, len(m.kernels))
	for _, k := range m.kernels {
		list = append(list, k.Model())
	}
	m.mu.Unlock()
	slices.SortFunc(list, func(a, b Model) int {
		return cmp.Or(b.LastActivity.Compare(a.LastActivity), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Interrupt stops what a kernel runs.
func (m *Manager) Interrupt(ctx context.Context, id string) error {
	k, err := m.Get(id)
	if err != nil {
		return err
	}
	m.opts.OnKernel("interrupt", id)
	return k.Interrupt(ctx)
}

// Restart replaces a kernel's process, also that of a dead kernel. It waits until the new one answers.
func (m *Manager) Restart(ctx context.Context, id string) (*Kernel, error) {
	k, err := m.Get(id)
	if err != nil {
		return nil, err
	}
	m.opts.OnKernel("restart", id)
	return k, k.Restart(ctx)
}

// Shutdown ends a kernel and the sessions that use it.
func (m *Manager) Shutdown(ctx context.Context, id string) error {
	m.mu.Lock()
	if m.stopped {
		m.mu.Unlock()
		return ErrStopped // Stop ends it
	}
	k, ok := m.kernels[id]
	if !ok {
		m.mu.Unlock()
		return ErrNoSuch
	}
	m.work.Add(1)
	defer m.work.Done()
	delete(m.kernels, id)
	for sid, s := range m.sessions {
		if s.kernel == k {
			delete(m.sessions, sid)
		}
	}
	m.mu.Unlock()
	m.opts.OnKernel("shutdown", id)
	return k.shutdown(ctx)
}

// Stop ends all kernels, at the same time, and refuses new ones. It may be called again.
func (m *Manager) Stop(ctx context.Context) error {
	m.mu.Lock()
	m.stopped = true
	m.mu.Unlock()
	m.cancel()
	m.work.Wait() // none is added any more

	m.mu.Lock()
	all := m.kernels
	m.kernels = map[string]*Kernel{}
	m.sessions = map[string]*session{}
	m.mu.Unlock()
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	i := 0
	for _, k := range all {
		slot := &errs[i]
		i++
		wg.Go(func() { *slot = k.shutdown(ctx) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Counts returns how many kernels run, how many connections they have, and the latest activity.
func (m *Manager) Counts() (kernels, connections int, latest time.Time) {
	for _, k := range m.List() {
		kernels++
		connections += k.Connections
		if k.LastActivity.After(latest) {
			latest = k.LastActivity
		}
	}
	return kernels, connections, latest
}

func encodePacket(p Packet) (json.RawMessage, error) { return wsproto.JSON(p.Channel, p.Message) }
