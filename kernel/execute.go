package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"poolbook/kernel/protocol"
)

// execution is a request that an interrupt can stop.
type execution struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	shell  *subshell // nil: not a cell
}

// errInterrupt is the cause in the context of an interrupted cell.
var errInterrupt = errors.New("interrupted")

// interrupt cancels what runs: in one subshell, or everywhere if sh is nil.
func (s *server) interrupt(sh *subshell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := range s.running {
		if sh == nil || e.shell == sh {
			e.cancel(errInterrupt)
		}
	}
}

// executeMetadata is what front ends tell about a cell.
type executeMetadata struct {
	CellID string `json:"cellId"`
}

func (r *request) execute(sh *subshell) error {
	s := r.s
	if r.aborted {
		r.reply(protocol.SimpleReply{Status: protocol.StatusAborted}) // no execution count: front ends would write it to the cell
		return nil
	}
	req, err := protocol.Decode[protocol.ExecuteRequest](r.Message)
	if err != nil {
		return err
	}
	e := &execution{shell: sh}
	e.ctx, e.cancel = context.WithCancelCause(s.life)
	defer e.cancel(nil)
	s.mu.Lock()
	count := s.count + 1
	store := req.StoreHistory && !req.Silent
	if store {
		s.count = count
	}
	s.running[e] = struct{}{}
	s.mu.Unlock()

	cell := Cell{ExecutionCount: count, Code: req.Code, Silent: req.Silent, StoreHistory: store,
		AllowStdin: req.AllowStdin, ID: r.Header.ID}
	var meta executeMetadata
	if json.Unmarshal(r.Metadata, &meta) == nil && meta.CellID != "" {
		cell.ID = meta.CellID
	}
	out := newOutput(r, e.ctx, cell)
	if !req.Silent {
		s.publish(done, r.Header, protocol.TypeExecuteInput, protocol.ExecuteInput{Code: req.Code, ExecutionCount: count})
	}
	outcome := s.runCell(e.ctx, cell, out)
	out.finish()

	reply := protocol.ExecuteReply{
		Status:          protocol.StatusOK,
		ExecutionCount:  count,
		UserExpressions: map[string]json.RawMessage{},
		Payload:         outcome.Payload,
	}
	if reply.Payload == nil {
		reply.Payload = []map[string]any{}
	}
	if outcome.Err == nil {
		if outcome.Result != nil && !req.Silent {
			data, metadata := outcome.Result.marshal(s.log)
			s.publish(done, r.Header, protocol.TypeExecuteResult,
				protocol.ExecuteResult{ExecutionCount: count, Data: data, Metadata: metadata})
		}
		for _, name := range slices.Sorted(maps.Keys(req.UserExpressions)) {
			reply.UserExpressions[name] = s.userExpression(e.ctx, cell, req.UserExpressions[name])
		}
	} else {
		info := outcome.Err.info()
		reply.Status, reply.ErrorInfo = protocol.StatusError, &info
		if !req.Silent {
			s.publish(done, r.Header, protocol.TypeError, info)
		}
	}
	s.mu.Lock()
	delete(s.running, e)
	s.mu.Unlock()
	if store {
		s.history.add(count, req.Code, resultText(outcome))
	}
	s.listing.changed()
	if outcome.Err != nil && req.StopOnError {
		sh.failed()
	}
	r.reply(reply)
	return nil
}

// executionCount is the last number that was given to a cell.
func (s *server) executionCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// runCell runs a cell; a panic of the session itself is an error of the cell.
func (s *server) runCell(ctx context.Context, cell Cell, out Output) (o Outcome) {
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("panic in a cell", "panic", v, "stack", string(debug.Stack()))
			text := fmt.Sprintf("panic: %v", v)
			o = Outcome{Err: &Error{Name: "Panic", Value: fmt.Sprint(v), Traceback: []string{text}}}
		}
	}()
	return s.cfg.Session.Execute(ctx, cell, out)
}

// userExpression evaluates an expression for the reply: a bundle, or an error, as JSON.
func (s *server) userExpression(ctx context.Context, cell Cell, code string) json.RawMessage {
	var result Bundle
	var failure *Error
	if ev, ok := s.cfg.Session.(Evaluator); ok {
		result, failure = ev.Evaluate(ctx, code)
	} else {
		o := s.runCell(ctx, Cell{ExecutionCount: cell.ExecutionCount, Code: code, Silent: true, ID: cell.ID}, discard{})
		if failure = o.Err; o.Result != nil {
			result = *o.Result
		}
	}
	var content any
	if failure != nil {
		content = protocol.ErrorReply{Status: protocol.StatusError, ErrorInfo: failure.info()}
	} else {
		data, metadata := result.marshal(s.log)
		content = map[string]any{"status": protocol.StatusOK, "data": data, "metadata": metadata}
	}
	raw, err := protocol.Marshal(content)
	if err != nil {
		s.log.Error("user expression cannot be sent", "error", err)
		return json.RawMessage(`{"status":"error","ename":"Error","evalue":"the value cannot be sent","traceback":[]}`)
	}
	return raw
}

func (e *Error) info() protocol.ErrorInfo {
	info := protocol.ErrorInfo{Name: e.Name, Value: e.Value, Traceback: e.Traceback}
	if info.Traceback == nil {
		info.Traceback = []string{}
	}
	return info
}

// resultText is the result of a cell as the history keeps it.
func resultText(o Outcome) string {
	if o.Result == nil {
		return ""
	}
	text, _ := o.Result.Data["text/plain"].(string)
	return text
}
