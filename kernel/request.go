package kernel

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"poolbook/kernel/protocol"
)

// request is a message that came on shell or control.
type request struct {
	s    *server
	ch   protocol.Channel
	from router
	*protocol.Message

	aborted bool // set under subshell.mu: an earlier request failed
}

// handler answers one type of request, see [request.reply].
type handler func(r *request, sh *subshell) error

// handlerFor finds the handler of a message type, nil if the channel does not answer it; each family has its file.
// A reply's type is the request's with "reply" for "request".
func handlerFor(ch protocol.Channel, msgType string) handler {
	switch msgType { // on both channels
	case protocol.TypeKernelInfoRequest:
		return (*request).kernelInfo
	case protocol.TypeInterruptRequest:
		return (*request).interrupt
	case protocol.TypeShutdownRequest:
		return (*request).shutdown
	case protocol.TypeCommInfoRequest:
		return (*request).commInfo
	}
	if ch == protocol.Control {
		switch msgType {
		case protocol.TypeUsageRequest:
			return (*request).usage
		case protocol.TypeDebugRequest:
			return (*request).debug
		case protocol.TypeCreateSubshellRequest:
			return (*request).createSubshell
		case protocol.TypeDeleteSubshellRequest:
			return (*request).deleteSubshell
		case protocol.TypeListSubshellRequest:
			return (*request).listSubshells
		}
		return nil
	}
	switch msgType {
	case protocol.TypeExecuteRequest:
		return (*request).execute
	case protocol.TypeIsCompleteRequest:
		return (*request).isComplete
	case protocol.TypeCompleteRequest:
		return (*request).complete
	case protocol.TypeInspectRequest:
		return (*request).inspect
	case protocol.TypeHistoryRequest:
		return (*request).history
	case protocol.TypeCommOpen:
		return (*request).commOpen
	case protocol.TypeCommMsg:
		return (*request).commMsg
	case protocol.TypeCommClose:
		return (*request).commClose
	}
	return nil
}

// handleNow answers a request of the control channel in the channel's own goroutine; but what looks at values, which may call methods of
// theirs, has a runner of its own.
func (s *server) handleNow(r *request) {
	if r.Header.Type == protocol.TypeDebugRequest {
		s.explorer.add(r)
		return
	}
	r.handle(nil)
}

// handle answers a request. Nothing that goes wrong in it ends the kernel.
func (r *request) handle(sh *subshell) { r.answer(handlerFor(r.ch, r.Header.Type), sh) }

// answer calls h between busy and idle, and replies with its error.
func (r *request) answer(h handler, sh *subshell) {
	s := r.s
	s.publish(done, r.Header, protocol.TypeStatus, protocol.Status{ExecutionState: protocol.StateBusy})
	defer s.publish(done, r.Header, protocol.TypeStatus, protocol.Status{ExecutionState: protocol.StateIdle})
	if h == nil {
		s.log.Warn("request of a type that this channel does not answer", "type", r.Header.Type, "channel", r.ch)
		return
	}
	if err := r.protect(h, sh); err != nil {
		s.log.Warn("request failed", "type", r.Header.Type, "channel", r.ch, "error", err)
		r.reply(protocol.ErrorReply{Status: protocol.StatusError,
			ErrorInfo: protocol.ErrorInfo{Name: "RequestError", Value: err.Error(), Traceback: []string{err.Error()}}})
	}
}

// protect turns a panic of a handler into an error.
func (r *request) protect(h handler, sh *subshell) (err error) {
	defer func() {
		if v := recover(); v != nil {
			r.s.log.Error("panic in a request", "type", r.Header.Type, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("the kernel failed in %s: %v", r.Header.Type, v)
		}
	}()
	return h(r, sh)
}

// reply answers the request. Messages that have no reply (comm_*) are left unanswered.
func (r *request) reply(content any) {
	name, ok := strings.CutSuffix(r.Header.Type, "_request")
	if !ok {
		return
	}
	m, err := protocol.Reply(r.Message, name+"_reply", r.s.id, content)
	if err == nil {
		var frames [][]byte
		if frames, err = r.s.codec.Encode(m); err == nil {
			err = r.from.Send(frames)
		}
	}
	if err != nil {
		r.s.log.Warn("reply not sent", "type", r.Header.Type, "error", err)
	}
}

// interruptible is a context that ends when the kernel stops or an interrupt comes; the caller calls release.
func (s *server) interruptible() (ctx context.Context, release func()) {
	e := &execution{}
	e.ctx, e.cancel = context.WithCancelCause(s.life)
	s.mu.Lock()
	s.running[e] = struct{}{}
	s.mu.Unlock()
	return e.ctx, func() {
		s.mu.Lock()
		delete(s.running, e)
		s.mu.Unlock()
		e.cancel(nil)
	}
}
