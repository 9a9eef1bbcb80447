package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
	"poolbook/notebooks/nbformat"
)

// Options of [Notebook]. The zero value runs without a limit of time and stops
// at the first error.
type Options struct {
	// Timeout is how long one cell may take; 0 is for ever.
	Timeout time.Duration
	// AllowErrors goes on after a cell that fails. A cell with the tag
	// raises-exception may always fail.
	AllowErrors bool
	// Progress, if not nil, is called when a cell starts and when it is done,
	// in the goroutine of Notebook.
	Progress func(Step)
}

// Step is a step of a run, for progress displays.
type Step struct {
	Cell, Cells int // the cell's place among all cells, the first is 1; how many there are
	Source      string
	Done        bool          // the cell has ended
	Took        time.Duration // when Done
	Err         error         // when Done: a *CellError, also of a cell that may fail
}

// A cell that has to stop is interrupted every second: a kernel ignores an
// interrupt that comes before it has begun with the cell. After the last one
// the kernel counts as stuck.
const (
	interruptEvery = time.Second
	maxInterrupts  = 5
)

// Notebook runs the code cells of nb from first to last in a kernel that is
// ready, and stores their outputs in nb: also those of a run that fails. It
// writes the kernel's language to the metadata.
//
// The error is a *CellError, a *TimeoutError, a *KernelError, or that of ctx:
// when ctx ends, the running cell is interrupted. The kernel stays up.
func Notebook(ctx context.Context, k *client.Kernel, nb *nbformat.Notebook, o Options) error {
	r := &runner{k: k, o: o, sub: k.Subscribe(), out: newCollector()}
	defer r.sub.Close()
	if err := setLanguage(nb, k); err != nil {
		return err
	}
	for i, cell := range nb.Cells {
		if cell.Type != nbformat.Code || cell.HasTag(SkipExecution) {
			continue
		}
		if strings.TrimSpace(cell.Source) == "" {
			cell.Outputs, cell.ExecutionCount = nil, nil
			continue
		}
		if err := r.cell(ctx, cell, i+1, len(nb.Cells)); err != nil {
			return err
		}
	}
	return r.drain()
}

type runner struct {
	k   *client.Kernel
	o   Options
	sub *client.Subscription
	out *collector
}

// cell runs one cell.
func (r *runner) cell(ctx context.Context, cell *nbformat.Cell, at, of int) error {
	step := Step{Cell: at, Cells: of, Source: cell.Source}
	r.progress(step)
	if err := ctx.Err(); err != nil {
		return err
	}
	start := time.Now()
	failed, err := r.execute(ctx, cell, at)
	step.Done, step.Took = true, time.Since(start)
	if failed != nil {
		failed.Cell, failed.ID = at, cell.ID
		step.Err = failed
		if err == nil && !r.o.AllowErrors && !cell.HasTag(RaisesException) {
			err = failed
		}
	} else if err != nil {
		step.Err = err
	}
	r.progress(step)
	return err
}

func (r *runner) progress(s Step) {
	if r.o.Progress != nil {
		r.o.Progress(s)
	}
}

// execute sends a cell and takes messages until its reply and its idle status
// are both there. failed is the cell's own error.
func (r *runner) execute(ctx context.Context, cell *nbformat.Cell, at int) (failed *CellError, err error) {
	m, err := r.k.New(protocol.TypeExecuteRequest, protocol.ExecuteRequest{Code: cell.Source, StoreHistory: true})
	if err != nil {
		return nil, err
	}
	if m.Metadata, err = protocol.Marshal(map[string]string{"cellId": cell.ID}); err != nil {
		return nil, fmt.Errorf("execute cell %d: %w", at, err)
	}
	co := r.out.begin(m.Header.ID, cell)
	lost := func(err error) error { return &KernelError{Cell: at, ID: cell.ID, Err: err} }
	if err := r.k.Send(protocol.Shell, m); err != nil {
		return nil, lost(err)
	}
	wait := newPatience(ctx, r.o.Timeout)
	defer func() { wait.end() }()
	var reason error // why the cell was interrupted
	interrupts := 0
	for replied, idle := false, false; !replied || !idle; {
		in, err := r.sub.Next(wait.ctx)
		switch {
		case err != nil && wait.ctx.Err() == nil:
			return co.failed, lost(err)
		case err != nil && interrupts == maxInterrupts:
			return co.failed, lost(fmt.Errorf("the cell did not stop within %v of its interrupt", maxInterrupts*interruptEvery))
		case err != nil:
			if reason == nil {
				reason = ctx.Err()
			}
			if reason == nil {
				reason = &TimeoutError{Cell: at, ID: cell.ID, Timeout: r.o.Timeout}
			}
			interrupts++
			wait.extend(interruptEvery)
			if err := r.k.Interrupt(wait.ctx); err != nil {
				return co.failed, lost(fmt.Errorf("interrupt: %w", err))
			}
			continue
		case in.Event != "":
			why := r.k.Err()
			if why == nil {
				why = fmt.Errorf("it is %s", in.Event)
			}
			return co.failed, lost(why)
		}
		if in.Channel == protocol.IOPub {
			if _, err := r.out.message(in.Message.Parent.ID, in.Message.Header.Type, in.Message.Content); err != nil {
				return co.failed, lost(err)
			}
		}
		if in.Message.Parent.ID != m.Header.ID {
			continue
		}
		switch {
		case in.Channel == protocol.Shell:
			reply, err := protocol.Decode[protocol.ExecuteReply](in.Message)
			if err != nil {
				return co.failed, lost(err)
			}
			replied = true
			if reply.Status != protocol.StatusOK && co.failed == nil {
				co.failed = &CellError{EName: reply.Status}
				if reply.ErrorInfo != nil {
					co.failed = &CellError{EName: reply.Name, EValue: reply.Value}
				}
			}
		case in.Channel == protocol.IOPub && in.Message.Header.Type == protocol.TypeStatus:
			status, err := protocol.Decode[protocol.Status](in.Message)
			if err != nil {
				return co.failed, lost(err)
			}
			idle = status.ExecutionState == protocol.StateIdle
		}
	}
	return co.failed, reason
}

// patience is how long a cell is waited for.
type patience struct {
	ctx context.Context
	end context.CancelFunc
}

// newPatience ends with ctx, and after timeout when that is not 0.
func newPatience(ctx context.Context, timeout time.Duration) *patience {
	p := &patience{}
	if timeout > 0 {
		p.ctx, p.end = context.WithTimeout(ctx, timeout)
	} else {
		p.ctx, p.end = context.WithCancel(ctx)
	}
	return p
}

// extend waits anew, for d, also when the first context has ended.
func (p *patience) extend(d time.Duration) {
	first := p.end
	ctx, end := context.WithTimeout(context.WithoutCancel(p.ctx), d)
	p.ctx, p.end = ctx, func() { end(); first() }
}

// drain takes what has come by now, without waiting.
func (r *runner) drain() error {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		in, err := r.sub.Next(now)
		if errors.Is(err, context.Canceled) || errors.Is(err, client.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if in.Event == "" && in.Channel == protocol.IOPub {
			if _, err := r.out.message(in.Message.Parent.ID, in.Message.Header.Type, in.Message.Content); err != nil {
				return err
			}
		}
	}
}

// setLanguage writes what the kernel says of its language to the metadata, as
// front ends do.
func setLanguage(nb *nbformat.Notebook, k *client.Kernel) error {
	lang := k.Info().LanguageInfo
	info := map[string]any{"name": lang.Name}
	for key, v := range map[string]string{
		"version": lang.Version, "mimetype": lang.MIMEType, "file_extension": lang.FileExtension,
		"pygments_lexer": lang.PygmentsLexer, "nbconvert_exporter": lang.NBConvertExporter,
	} {
		if v != "" {
			info[key] = v
		}
	}
	if lang.CodeMirrorMode != nil {
		info["codemirror_mode"] = lang.CodeMirrorMode
	}
	return nb.Metadata.Set("language_info", info)
}
