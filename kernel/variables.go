package kernel

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"poolbook/kernel/protocol"
)

// VariablesTarget is the comm target by which a front end follows the session's variables. The kernel sends
//
//	{"type": "variables", "variables": [{"name", "type", "value", "size", "cell", "ref"}, …]}
//
// when the comm is opened and after each cell ([Variable] has the fields). The front end may send
//
//	{"type": "list"}                   and gets the same once more
//	{"type": "parts", "ref": 3}        and gets {"type": "parts", "ref": 3, "variables": […]}
//	{"type": "show", "name": "x"}      and gets {"type": "show", "name": "x", "data": {by MIME type}, "metadata": {}}
//
// What cannot be answered has an "error" in its answer.
const VariablesTarget = "poolbook.variables"

// maxFollowers is how many comms of the target are open at most; the oldest is closed for a new one.
const maxFollowers = 16

// listing tells front ends of the session's variables.
type listing struct {
	s      *server
	lister VariableLister // nil: the session has none

	mu        sync.Mutex
	followers []*Comm // guarded by mu
}

// variablesMessage is what goes either way on a comm of [VariablesTarget].
type variablesMessage struct {
	Type      string         `json:"type"`
	Name      string         `json:"name,omitempty"`
	Ref       int            `json:"ref,omitempty"`
	Variables []Variable     `json:"variables,omitzero"`
	Data      map[string]any `json:"data,omitempty"`
	Metadata  map[string]any `json:"metadata,omitempty"`
	Error     string         `json:"error,omitempty"`
}

func (l *listing) register(s *server) {
	l.s = s
	if l.lister, _ = s.cfg.Session.(VariableLister); l.lister == nil {
		return
	}
	s.comms.Register(VariablesTarget, func(_ context.Context, comm *Comm, _ CommMessage, out Output) {
		comm.OnMessage(l.asked)
		comm.OnClose(func(_ context.Context, comm *Comm, _ CommMessage, _ Output) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.followers = slices.DeleteFunc(l.followers, func(c *Comm) bool { return c == comm })
		})
		l.mu.Lock()
		l.followers = append(l.followers, comm)
		var old *Comm
		if len(l.followers) > maxFollowers {
			old, l.followers = l.followers[0], slices.Clone(l.followers[1:])
		}
		l.mu.Unlock()
		if old != nil {
			old.Close(out, CommMessage{})
		}
		l.send(comm, out, l.all())
	})
}

func (l *listing) all() variablesMessage {
	return variablesMessage{Type: "variables", Variables: l.lister.Variables()}
}

func (l *listing) send(comm *Comm, out Output, m variablesMessage) {
	if data, err := protocol.Marshal(m); err != nil {
		l.s.log.Error("variables cannot be sent", "error", err)
	} else {
		comm.Send(out, CommMessage{Data: data})
	}
}

// changed tells the followers, after a cell.
func (l *listing) changed() {
	l.mu.Lock()
	followers := slices.Clone(l.followers)
	l.mu.Unlock()
	if len(followers) == 0 {
		return
	}
	m := l.all()
	for _, c := range followers {
		l.send(c, nil, m)
	}
}

// asked answers a front end.
func (l *listing) asked(ctx context.Context, comm *Comm, m CommMessage, out Output) {
	var q variablesMessage
	if err := json.Unmarshal(m.Data, &q); err != nil {
		l.send(comm, out, variablesMessage{Type: "error", Error: err.Error()})
		return
	}
	answer := variablesMessage{Type: q.Type, Name: q.Name, Ref: q.Ref}
	switch q.Type {
	case "list":
		answer = l.all()
	case "parts":
		var ok bool
		if answer.Variables, ok = l.lister.Parts(q.Ref); !ok {
			answer.Error = "the variables have been listed anew since"
		}
	case "show":
		b, ok := l.lister.ShowVariable(ctx, q.Name)
		if !ok {
			answer.Error = "no variable " + q.Name
		}
		answer.Data, answer.Metadata = b.marshal(l.s.log)
	default:
		answer.Error = "unknown type: list, parts or show"
	}
	l.send(comm, out, answer)
}
