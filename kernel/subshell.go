package kernel

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"poolbook/kernel/protocol"
)

// abortGrace is how long after a failed cell a request still counts as sent before the failure was known, if its date says so.
const abortGrace = 100 * time.Millisecond

// subshell runs requests one after the other. The main shell is one; front ends may make more (JEP 91).
type subshell struct {
	s  *server
	id string

	mu      sync.Mutex
	queue   []*request // guarded by mu
	ended   bool       // guarded by mu
	failure time.Time  // when a cell with stop_on_error failed last, guarded by mu
	wake    chan struct{}
}

// addShell makes a subshell and its runner.
func (s *server) addShell(id string) {
	sh := newSubshell(s, id)
	s.mu.Lock()
	s.shells[id] = sh
	s.mu.Unlock()
	s.runners.Go(sh.run)
}

func newSubshell(s *server, id string) *subshell {
	return &subshell{s: s, id: id, wake: make(chan struct{}, 1)}
}

// enqueue hands a request of the shell channel to its subshell. A front end that closes a comm deletes its subshell in the same breath, over
// another channel, so that the deletion may come first: messages on comms, which are no
// requests, go to the main shell then.
func (s *server) enqueue(r *request) {
	s.mu.Lock()
	sh := s.shells[r.Header.SubshellID]
	if sh == nil && !strings.HasSuffix(r.Header.Type, "_request") {
		sh = s.shells[""]
	}
	s.mu.Unlock()
	if sh == nil {
		r.answer(func(*request, *subshell) error { return fmt.Errorf("no subshell %q", r.Header.SubshellID) }, nil)
		return
	}
	sh.add(r)
}

// add queues a request.
func (sh *subshell) add(r *request) {
	sh.mu.Lock()
	if at, ok := r.Header.Time(); ok && time.Since(sh.failure) < abortGrace && !at.After(sh.failure) {
		r.aborted = true // sent before its sender could know of the failure
	}
	sh.queue = append(sh.queue, r)
	sh.mu.Unlock()
	select {
	case sh.wake <- struct{}{}:
	default:
	}
}

// run is the runner of a subshell.
func (sh *subshell) run() {
	for {
		sh.mu.Lock()
		var r *request
		if len(sh.queue) > 0 {
			r = sh.queue[0]
			sh.queue[0] = nil
			sh.queue = sh.queue[1:]
		}
		ended := sh.ended
		sh.mu.Unlock()
		switch {
		case r != nil && (ended || sh.s.life.Err() != nil):
			r.aborted = true
			fallthrough
		case r != nil:
			r.handle(sh)
			continue
		case ended:
			return
		}
		select {
		case <-sh.wake:
		case <-sh.s.stopped:
			return
		}
	}
}

// failed notes that a cell with stop_on_error has failed: what waits now is aborted.
func (sh *subshell) failed() {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.failure = time.Now()
	for _, r := range sh.queue {
		r.aborted = true
	}
}

var errNoSubshells = errors.New("this kernel has no subshells")

func (r *request) createSubshell(*subshell) error {
	if !r.s.info.Subshells {
		return errNoSubshells
	}
	id := uuid.NewString()
	r.s.addShell(id)
	r.reply(protocol.CreateSubshellReply{Status: protocol.StatusOK, SubshellID: id})
	return nil
}

// deleteSubshell ends a subshell: its running cell is interrupted, waiting ones are aborted.
func (r *request) deleteSubshell(*subshell) error {
	req, err := protocol.Decode[protocol.DeleteSubshellRequest](r.Message)
	if err != nil {
		return err
	}
	r.s.mu.Lock()
	sh := r.s.shells[req.SubshellID]
	if req.SubshellID != "" {
		delete(r.s.shells, req.SubshellID)
	}
	r.s.mu.Unlock()
	if sh == nil || req.SubshellID == "" {
		return fmt.Errorf("no subshell %q", req.SubshellID)
	}
	sh.mu.Lock()
	sh.ended = true
	sh.mu.Unlock()
	r.s.interrupt(sh)
	select {
	case sh.wake <- struct{}{}:
	default:
	}
	r.reply(protocol.SimpleReply{Status: protocol.StatusOK})
	return nil
}

func (r *request) listSubshells(*subshell) error {
	if !r.s.info.Subshells {
		return errNoSubshells
	}
	ids := []string{}
	r.s.mu.Lock()
	for id := range r.s.shells {
		if id != "" {
			ids = append(ids, id)
		}
	}
	r.s.mu.Unlock()
	sort.Strings(ids)
	r.reply(protocol.ListSubshellReply{Status: protocol.StatusOK, SubshellIDs: ids})
	return nil
}
