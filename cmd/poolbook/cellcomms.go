package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"poolbook/interp"
	"poolbook/interp/comm"
	"poolbook/kernel"
	"poolbook/kernel/protocol"
)

// cellComms are the functions of package comm for cells. What a cell sends
// has the cell as its parent, and what a handler prints or sends the message
// that it handles.
type cellComms struct {
	session *interp.Session // set before the first cell
	comms   *kernel.Comms   // set before the first cell; nil without front ends
}

// link is the notebook's side of a cell's comm.
type link struct {
	comm    *kernel.Comm
	opening comm.Message
}

func (l *link) ID() string            { return l.comm.ID }
func (l *link) Target() string        { return l.comm.Target }
func (l *link) Opening() comm.Message { return l.opening }

// intrinsics are the functions by the names of those that they replace.
func (cc *cellComms) intrinsics() map[string]func(interp.Call, []reflect.Value) []reflect.Value {
	const pkg = "poolbook/interp/comm."
	const method = "(*poolbook/interp/comm.Comm)."
	return map[string]func(interp.Call, []reflect.Value) []reflect.Value{
		pkg + "Register":   cc.register,
		pkg + "Open":       cc.open,
		method + "Send":    cc.send,
		method + "OnMsg":   cc.onMsg,
		method + "OnClose": cc.onClose,
		method + "Close":   cc.close,
	}
}

// register is comm.Register(target, f).
func (cc *cellComms) register(c interp.Call, args []reflect.Value) []reflect.Value {
	target, f := args[0].String(), args[1]
	if cc.comms == nil {
		return nil
	}
	if target == panelTarget || strings.HasPrefix(target, "poolbook.") {
		fmt.Fprintf(c.Cell().Stderr, "comm.Register: the target %q is the notebook's own: choose another name\n", target)
		return nil
	}
	if f.IsNil() {
		cc.comms.Register(target, nil)
		return nil
	}
	cell := c.Cell()
	cc.comms.Register(target, func(ctx context.Context, k *kernel.Comm, m kernel.CommMessage, out kernel.Output) {
		opened := comm.New(&link{comm: k, opening: comm.Message(m)})
		cc.call(ctx, cell, out, f, reflect.ValueOf(opened))
	})
	return nil
}

// open is comm.Open(target, data).
func (cc *cellComms) open(c interp.Call, args []reflect.Value) []reflect.Value {
	m, err := comm.NewMessage(args[1].Interface(), nil)
	if err == nil && cc.comms == nil {
		err = comm.ErrNoFrontEnd
	}
	var opened *comm.Comm
	if err == nil {
		opened = comm.New(&link{comm: cc.comms.Open(outputOf(c), args[0].String(), kernel.CommMessage(m))})
	}
	return []reflect.Value{reflect.ValueOf(opened), errorValue(err)}
}

// send is c.Send(data, buffers...).
func (cc *cellComms) send(c interp.Call, args []reflect.Value) []reflect.Value {
	buffers, _ := args[2].Interface().([][]byte)
	m, err := comm.NewMessage(args[1].Interface(), buffers)
	if err == nil && !linkOf(args[0]).comm.Send(outputOf(c), kernel.CommMessage(m)) {
		err = comm.ErrClosed
	}
	return []reflect.Value{errorValue(err)}
}

// onMsg is c.OnMsg(f).
func (cc *cellComms) onMsg(c interp.Call, args []reflect.Value) []reflect.Value {
	cell, f := c.Cell(), args[1]
	if f.IsNil() {
		linkOf(args[0]).comm.OnMessage(nil)
		return nil
	}
	linkOf(args[0]).comm.OnMessage(func(ctx context.Context, _ *kernel.Comm, m kernel.CommMessage, out kernel.Output) {
		cc.call(ctx, cell, out, f, reflect.ValueOf(comm.Message(m)))
	})
	return nil
}

// onClose is c.OnClose(f).
func (cc *cellComms) onClose(c interp.Call, args []reflect.Value) []reflect.Value {
	cell, f := c.Cell(), args[1]
	if f.IsNil() {
		linkOf(args[0]).comm.OnClose(nil)
		return nil
	}
	linkOf(args[0]).comm.OnClose(func(ctx context.Context, _ *kernel.Comm, _ kernel.CommMessage, out kernel.Output) {
		cc.call(ctx, cell, out, f)
	})
	return nil
}

// close is c.Close().
func (cc *cellComms) close(c interp.Call, args []reflect.Value) []reflect.Value {
	linkOf(args[0]).comm.Close(outputOf(c), kernel.CommMessage{})
	return nil
}

// call calls a handler that a cell has set, with its output going to out. An
// error of it is printed there: nobody waits for it.
func (cc *cellComms) call(ctx context.Context, cell interp.Cell, out kernel.Output, f reflect.Value, args ...reflect.Value) {
	cell.Stdout, cell.Stderr = stream{out, protocol.Stdout}, stream{out, protocol.Stderr}
	cell.Stdin, cell.Host = &stdin{ctx: ctx, out: out}, cellHost{out, &pages{}}
	if _, err := cc.session.Call(ctx, cell, f, args); err != nil {
		out.Stream(protocol.Stderr, []byte(strings.Join(interp.Traceback(err), "\n")+"\n"))
	}
}

func linkOf(c reflect.Value) *link {
	l, _ := c.Interface().(*comm.Comm).Link().(*link)
	return l
}

// outputOf is the output of the cell that makes a call.
func outputOf(c interp.Call) kernel.Output {
	if h, ok := c.Cell().Host.(cellHost); ok {
		return h.out
	}
	return nil
}

func errorValue(err error) reflect.Value {
	v := reflect.New(reflect.TypeFor[error]()).Elem()
	if err != nil {
		v.Set(reflect.ValueOf(err))
	}
	return v
}
