package client

import (
	"context"
	"fmt"

	"poolbook/kernel/protocol"
)

// ExecuteOptions of [Kernel.Execute]. The zero value runs the code as a notebook's cell, without input.
type ExecuteOptions struct {
	Silent          bool
	NoHistory       bool
	GoOnAfterErrors bool // requests queued behind this one run even when it fails
	UserExpressions map[string]string
	// CellID is the id of a notebook's cell, told to the kernel in the metadata as JupyterLab does.
	CellID string
	// Input answers requests for input; nil means that the code may not ask.
	Input func(ctx context.Context, r protocol.InputRequest) (string, error)
	// SubshellID chooses a subshell.
	SubshellID string
}

// Execute runs one cell. output, if not nil, sees its messages on iopub in order, from busy to idle, in the caller's
// goroutine; an error of it ends Execute, but not the cell. Execute returns when the reply and idle are both there.
// When ctx is done it returns at once and the cell goes on: interrupt it with [Kernel.Interrupt].
// An error of the cell is not an error of Execute: see the reply's status.
func (k *Kernel) Execute(ctx context.Context, code string, o ExecuteOptions,
	output func(*protocol.Message) error) (*protocol.ExecuteReply, error) {
	m, err := k.New(protocol.TypeExecuteRequest, protocol.ExecuteRequest{
		Code:            code,
		Silent:          o.Silent,
		StoreHistory:    !o.NoHistory && !o.Silent,
		UserExpressions: o.UserExpressions,
		AllowStdin:      o.Input != nil,
		StopOnError:     !o.GoOnAfterErrors,
	})
	if err != nil {
		return nil, err
	}
	m.Header.SubshellID = o.SubshellID
	if o.CellID != "" {
		if m.Metadata, err = protocol.Marshal(map[string]string{"cellId": o.CellID}); err != nil {
			return nil, fmt.Errorf("client: execute: %w", err)
		}
	}
	sub := k.Subscribe()
	defer sub.Close()
	if err := k.Send(protocol.Shell, m); err != nil {
		return nil, err
	}
	var reply *protocol.ExecuteReply
	for idle := false; reply == nil || !idle; {
		in, err := sub.Next(ctx)
		if err != nil {
			return reply, fmt.Errorf("client: execute: %w", err)
		}
		if in.Event != "" {
			if err := k.Err(); err != nil {
				return reply, err
			}
			return reply, fmt.Errorf("client: execute: the kernel is %s", in.Event)
		}
		if in.Message.Parent.ID != m.Header.ID {
			continue
		}
		switch in.Channel {
		case protocol.Shell:
			r, err := protocol.Decode[protocol.ExecuteReply](in.Message)
			if err != nil {
				return nil, err
			}
			reply = &r
		case protocol.Stdin:
			if err := k.answer(ctx, in.Message, o.Input); err != nil {
				return reply, err
			}
		case protocol.IOPub:
			if in.Message.Header.Type == protocol.TypeStatus {
				s, err := protocol.Decode[protocol.Status](in.Message)
				if err != nil {
					return reply, err
				}
				idle = s.ExecutionState == protocol.StateIdle
			}
			if output != nil {
				if err := output(in.Message); err != nil {
					return reply, err
				}
			}
		}
	}
	return reply, nil
}

// answer replies to a request for input.
func (k *Kernel) answer(ctx context.Context, request *protocol.Message,
	input func(context.Context, protocol.InputRequest) (string, error)) error {
	r, err := protocol.Decode[protocol.InputRequest](request)
	if err != nil || input == nil {
		return err
	}
	value, err := input(ctx, r)
	if err != nil {
		return fmt.Errorf("client: input: %w", err)
	}
	m, err := protocol.New(protocol.TypeInputReply, k.session, "poolbook", request.Header,
		protocol.InputReply{Status: protocol.StatusOK, Value: value})
	if err != nil {
		return err
	}
	return k.Send(protocol.Stdin, m)
}
