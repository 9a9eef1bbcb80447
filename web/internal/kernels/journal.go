package kernels

import (
	"encoding/json"
	"slices"
	"time"

	"poolbook/kernel/protocol"
)

// Limits of a kernel's journal.
const (
	MaxJournal        = 16 << 20 // bytes of outputs
	MaxJournalEntries = 200
)

// The states of an entry of the journal.
const (
	Queued  = "queued"
	Running = "running"
	Done    = "done"
)

// Entry is one execution of a cell, with what it has put out so far.
type Entry struct {
	MsgID          string
	Session        string // of the client that asked
	CellID         string // of the notebook, "" when the client did not tell
	Code           string
	Status         string
	ExecutionCount int // 0 before it is known
	Started, Ended *time.Time
	Truncated      bool     // outputs are missing, because of the limits
	Outputs        []Packet // in order; all on iopub
	Question       *Packet  // the request for input that nobody has answered, nil when there is none

	request protocol.Header
	bytes   int
}

// journal is a kernel's executions, oldest first. Its kernel's lock guards it.
type journal struct {
	entries []*Entry
	byID    map[string]*Entry
	bytes   int
	dropped func(msgID string) // told of entries that go; may be nil
}

// note begins an entry for an execute request that is on its way to the kernel.
func (j *journal) note(m *protocol.Message) {
	r, err := protocol.Decode[protocol.ExecuteRequest](m)
	if err != nil || r.Silent || j.byID[m.Header.ID] != nil {
		return
	}
	var meta struct {
		CellID string `json:"cellId"`
	}
	if json.Unmarshal(m.Metadata, &meta) != nil {
		meta.CellID = ""
	}
	e := &Entry{MsgID: m.Header.ID, Session: m.Header.Session, CellID: meta.CellID, Code: r.Code, Status: Queued, request: m.Header}
	e.bytes = len(r.Code) + 512
	if e.CellID != "" {
		// The same cell again: its old outputs are gone from the notebook too.
		for _, old := range j.entries {
			if old.CellID == e.CellID && old.Status == Done {
				j.drop(old)
				break
			}
		}
	}
	if j.byID == nil {
		j.byID = map[string]*Entry{}
	}
	j.entries = append(j.entries, e)
	j.byID[e.MsgID] = e
	j.bytes += e.bytes
	j.shrink()
}

func (j *journal) drop(e *Entry) {
	j.entries = slices.DeleteFunc(j.entries, func(x *Entry) bool { return x == e })
	delete(j.byID, e.MsgID)
	j.bytes -= e.bytes
	if j.dropped != nil {
		j.dropped(e.MsgID)
	}
}

// hear takes a message of the kernel into account.
func (j *journal) hear(p Packet) {
	e := j.byID[p.Message.Parent.ID]
	if e == nil || p.Channel != protocol.IOPub {
		return
	}
	now := time.Now().UTC()
	switch p.Message.Header.Type {
	case protocol.TypeStatus:
		switch s, err := protocol.Decode[protocol.Status](p.Message); {
		case err != nil:
		case s.ExecutionState == protocol.StateBusy && e.Status == Queued:
			e.Status, e.Started = Running, &now
		case s.ExecutionState == protocol.StateIdle && e.Status != Done:
			e.Status, e.Ended, e.Question = Done, &now, nil
		}
		return
	case protocol.TypeExecuteInput:
		var content struct {
			Count int `json:"execution_count"`
		}
		if json.Unmarshal(p.Message.Content, &content) == nil {
			e.ExecutionCount = content.Count
		}
	case protocol.TypeClearOutput:
		var content struct {
			Wait bool `json:"wait"`
		}
		// One that waits for the next output is followed by it at once, see shaper.
		if json.Unmarshal(p.Message.Content, &content) == nil {
			j.clear(e)
		}
	case protocol.TypeUpdateDisplayData:
		j.replace(e, displayID(p.Message.Content))
	case protocol.TypeStream, protocol.TypeDisplayData, protocol.TypeExecuteResult, protocol.TypeError:
	default:
		return
	}
	e.Outputs = append(e.Outputs, p)
	e.bytes += p.size()
	j.bytes += p.size()
	j.shrink()
}

// ask notes a request of the kernel for input.
func (j *journal) ask(p Packet) {
	if e := j.byID[p.Message.Parent.ID]; e != nil && p.Message.Header.Type == protocol.TypeInputRequest {
		e.Question = &p
	}
}

// answered notes that a client has sent input: a kernel asks for one thing at a time.
func (j *journal) answered() {
	for _, e := range j.entries {
		e.Question = nil
	}
}

// replace forgets an earlier update of a display that is updated again.
func (j *journal) replace(e *Entry, id string) {
	for i, p := range e.Outputs {
		if p.Message.Header.Type == protocol.TypeUpdateDisplayData && displayID(p.Message.Content) == id {
			e.Outputs = slices.Delete(e.Outputs, i, i+1)
			e.bytes -= p.size()
			j.bytes -= p.size()
			return
		}
	}
}

// running reports whether an execution has begun and not ended.
func (j *journal) running() bool {
	return slices.ContainsFunc(j.entries, func(e *Entry) bool { return e.Status == Running })
}

// clear forgets the outputs of an entry, but for the echo of its input.
func (j *journal) clear(e *Entry) {
	kept := e.Outputs[:0:0]
	for _, p := range e.Outputs {
		if p.Message.Header.Type == protocol.TypeExecuteInput {
			kept = append(kept, p)
			continue
		}
		e.bytes -= p.size()
		j.bytes -= p.size()
	}
	e.Outputs, e.Truncated = kept, false
}

// shrink keeps the limits: whole entries that are done go first, the oldest before the others, then the oldest outputs.
func (j *journal) shrink() {
	for len(j.entries) > MaxJournalEntries || j.bytes > MaxJournal {
		i := slices.IndexFunc(j.entries, func(e *Entry) bool { return e.Status == Done })
		if i < 0 || len(j.entries) == 1 {
			break
		}
		j.drop(j.entries[i])
	}
	for _, e := range j.entries {
		for j.bytes > MaxJournal && len(e.Outputs) > 1 {
			first := e.Outputs[0]
			e.Outputs[0] = Packet{}
			e.Outputs = e.Outputs[1:]
			e.bytes -= first.size()
			j.bytes -= first.size()
			e.Truncated = true
		}
	}
}

// unfinished returns the entries that still wait for the kernel.
func (j *journal) unfinished() []*Entry {
	var list []*Entry
	for _, e := range j.entries {
		if e.Status != Done {
			list = append(list, e)
		}
	}
	return list
}

// copy returns the entries as they are now.
func (j *journal) copy() []Entry {
	list := make([]Entry, len(j.entries))
	for i, e := range j.entries {
		list[i] = *e
		list[i].Outputs = slices.Clone(e.Outputs)
	}
	return list
}
