package core

import (
	"errors"
	"fmt"

	"poolbook/pool/internal/proc"
)

// Types of values in interfaces come to a worker with the unit of the function that gets them. A worker that meets another one, in a shared
// object or an item that was read later than the call, asks for it.

// defineRequest stands for the number of a shared object in a request for a type.
const defineRequest = 0

// define answers a worker's request for a type. It may take a while: the interpreter may be busy with a cell.
func (l *link) define(id uint64, name string) {
	l.s.wg.Add(1)
	go func() {
		defer l.s.wg.Done()
		body := l.s.definition(name)
		l.out.Put(func(b []byte) []byte {
			return frame(b, proc.Reply, func(b proc.Body) proc.Body { return append(b.Uint(id), body...) })
		}, nil)
		l.out.Push(true)
	}()
}

// definition is the body of the answer: an error or "", the unit's hash and payload, and the variables that the type's methods read.
func (s *state) definition(name string) (body proc.Body) {
	defer func() {
		if r := recover(); r != nil {
			body = proc.Body(nil).String(fmt.Sprintf("the type %s cannot be found: %v", name, r))
		}
	}()
	if s.host.Define == nil {
		return proc.Body(nil).String("no type " + name)
	}
	c, err := s.encodeUnit(nil, func(need Need) (*Unit, error) { return s.host.Define(name, need.Without) }, varSet{inline: true})
	if err != nil {
		return proc.Body(nil).String(err.Error())
	}
	return append(body.String("").String(c.unit.Hash).Bytes(c.unit.Payload), c.vars...)
}

// Define asks the notebook for a type. vars has the variables that the unit reads, as in a job.
func (c *Client) Define(name string) (hash string, payload, vars []byte, err error) {
	f := proc.Fields{Data: c.call(proc.Body(nil).Uint(defineRequest).String(name))}
	if text := f.String(); text != "" {
		return "", nil, nil, errors.New(text)
	}
	hash, payload = f.String(), f.Bytes()
	return hash, payload, f.Data, f.Err
}
