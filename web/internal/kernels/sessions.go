package kernels

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Session ties a notebook, console or file to a kernel, in the form of Jupyter's API.
type Session struct {
	ID       string           `json:"id"`
	Path     string           `json:"path"`
	Name     string           `json:"name"`
	Type     string           `json:"type"`
	Kernel   Model            `json:"kernel"`
	Notebook *SessionNotebook `json:"notebook,omitempty"` // for older clients, in sessions of notebooks
}

// SessionNotebook is the notebook of a session.
type SessionNotebook struct {
	Path string `json:"path"`
	Name string `json:"name"`
}

// session is guarded by its Manager's lock.
type session struct {
	id, path, name, kind string
	kernel               *Kernel
}

func (s *session) model() Session {
	out := Session{ID: s.id, Path: s.path, Name: s.name, Type: s.kind, Kernel: s.kernel.Model()}
	if s.kind == "notebook" {
		out.Notebook = &SessionNotebook{s.path, s.name}
	}
	return out
}

// SessionRequest is the body of POST and PATCH /api/sessions; nil fields are left as they are.
type SessionRequest struct {
	Path     *string `json:"path"`
	Name     *string `json:"name"`
	Type     *string `json:"type"`
	Notebook *struct {
		Path string `json:"path"`
		Name string `json:"name"`
	} `json:"notebook"` // how older clients name the path
	Kernel *struct {
		ID   *string `json:"id"`
		Name *string `json:"name"`
	} `json:"kernel"`
}

func (r *SessionRequest) fill() {
	if r.Notebook == nil || r.Notebook.Path == "" {
		return
	}
	if r.Path == nil {
		r.Path = &r.Notebook.Path
	}
	if r.Name == nil {
		r.Name = &r.Notebook.Name
	}
	if r.Type == nil {
		notebook := "notebook"
		r.Type = &notebook
	}
}

func (r *SessionRequest) kernel() (id, name string) {
	if r.Kernel == nil {
		return "", ""
	}
	return deref(r.Kernel.ID), deref(r.Kernel.Name)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// opening is a session that is being made: others who want the same one wait for it.
type opening struct{ done chan struct{} }

// Sessions lists all sessions, by path.
func (m *Manager) Sessions() []Session {
	m.mu.Lock()
	list := make([]Session, 0, len(m.sessions))
	for _, s := range m.sessions {
		list = append(list, s.model())
	}
	m.mu.Unlock()
	slices.SortFunc(list, func(a, b Session) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID)) })
	return list
}

// Session returns a session by its id.
func (m *Manager) Session(id string) (Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.sessions[id]
	if !ok {
		return Session{}, ErrNoSession
	}
	return s.model(), nil
}

// OpenSession returns the session of a path, made new when there is none: with a running kernel when its id is given, else with one
// that is started. Two clients that open the same path at a time get the same session.
func (m *Manager) OpenSession(ctx context.Context, r SessionRequest) (Session, error) {
	r.fill()
	path, kind := strings.Trim(deref(r.Path), "/"), deref(r.Type)
	if path == "" || kind == "" {
		return Session{}, ErrIncomplete
	}
	mine := &opening{make(chan struct{})}
	for {
		m.mu.Lock()
		for _, s := range m.sessions {
			if s.path == path && s.kind == kind {
				m.mu.Unlock()
				return m.Session(s.id)
			}
		}
		other := m.opening[path]
		if other == nil {
			m.opening[path] = mine
			m.mu.Unlock()
			break
		}
		m.mu.Unlock()
		select {
		case <-other.done:
		case <-ctx.Done():
			return Session{}, ctx.Err()
		}
	}
	defer func() {
		m.mu.Lock()
		delete(m.opening, path)
		m.mu.Unlock()
		close(mine.done)
	}()
	k, err := m.kernelFor(ctx, r, path)
	if err != nil {
		return Session{}, err
	}
	s := &session{id: uuid.NewString(), path: path, name: deref(r.Name), kind: kind, kernel: k}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kernels[k.id] != k {
		return Session{}, ErrNoSuch // shut down meanwhile
	}
	m.sessions[s.id] = s
	return s.model(), nil
}

// kernelFor returns the running kernel that a request names, or starts one.
func (m *Manager) kernelFor(ctx context.Context, r SessionRequest, path string) (*Kernel, error) {
	id, name := r.kernel()
	if id != "" {
		return m.Get(id)
	}
	return m.Start(ctx, name, path, "JPY_SESSION_NAME="+path)
}

// ChangeSession changes a session's path, name, type or kernel. A kernel that no session uses any more after that is shut down.
func (m *Manager) ChangeSession(ctx context.Context, id string, r SessionRequest) (Session, error) {
	r.fill()
	m.mu.Lock()
	s, ok := m.sessions[id]
	if !ok {
		m.mu.Unlock()
		return Session{}, ErrNoSession
	}
	path, current := s.path, s.kernel
	m.mu.Unlock()
	if r.Path != nil {
		path = strings.Trim(*r.Path, "/")
	}
	var wanted *Kernel // nil: it stays
	kid, kname := r.kernel()
	if kid != "" && kid != current.id || kid == "" && kname != "" {
		var err error
		if wanted, err = m.kernelFor(ctx, r, path); err != nil {
			return Session{}, err
		}
	}
	model, unused, err := m.change(id, path, wanted, r)
	if err != nil && wanted != nil && kid == "" {
		unused = wanted // started for nobody
	}
	if unused != nil {
		if endErr := m.Shutdown(context.WithoutCancel(ctx), unused.id); endErr != nil && !errors.Is(endErr, ErrNoSuch) {
			err = errors.Join(err, fmt.Errorf("shut down an unused kernel: %w", endErr))
		}
	}
	return model, err
}

// change does what ChangeSession has prepared, unless the session or the kernel has gone meanwhile. unused is the former kernel when no
// session has it any more.
func (m *Manager) change(id, path string, wanted *Kernel, r SessionRequest) (model Session, unused *Kernel, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.sessions[id]
	if !ok {
		return Session{}, nil, ErrNoSession
	}
	if wanted != nil && m.kernels[wanted.id] != wanted {
		return Session{}, nil, ErrNoSuch
	}
	s.path = path
	if r.Name != nil {
		s.name = *r.Name
	}
	if r.Type != nil && *r.Type != "" {
		s.kind = *r.Type
	}
	if former := s.kernel; wanted != nil && wanted != former {
		s.kernel, unused = wanted, former
		for _, other := range m.sessions {
			if other.kernel == former {
				unused = nil
			}
		}
	}
	return s.model(), unused, nil
}

// CloseSession ends a session and its kernel, unless another session uses that.
func (m *Manager) CloseSession(ctx context.Context, id string) error {
	m.mu.Lock()
	s, ok := m.sessions[id]
	if !ok {
		m.mu.Unlock()
		return ErrNoSession
	}
	delete(m.sessions, id)
	for _, other := range m.sessions {
		if other.kernel == s.kernel {
			m.mu.Unlock()
			return nil
		}
	}
	m.mu.Unlock()
	return m.Shutdown(ctx, s.kernel.id)
}
