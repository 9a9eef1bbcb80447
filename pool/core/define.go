package core

import (
	"errors"
	"fmt"
	"strings"

	"poolbook/pool/internal/codec"
	"poolbook/pool/internal/proc"
)

// Types of values in interfaces come to a worker with the unit of the function that gets them. A worker that meets another one, in a shared
// object or an item that was read later than the call, asks for it, and for functions inside values.

// defineRequest stands for the number of a shared object in a request for a type.
const defineRequest = 0

// define answers a worker's request for a type. It may take a while: the interpreter may be busy with a cell.
func (l *link) define(id uint64, name string) {
	l.s.wg.Add(1)
	go func() {
		defer l.s.wg.Done()
		body, refs := l.s.definition(name)
		l.reply(id, refs, func(b proc.Body) proc.Body { return append(b, body...) })
	}()
}

// definition is the body of the answer: an error or "", the unit's hash and payload, and the variables that the type's methods read. refs are the
// shared objects in these.
func (s *state) definition(name string) (body proc.Body, refs []codec.Handle) {
	defer func() {
		if r := recover(); r != nil {
			body = proc.Body(nil).String(fmt.Sprintf("the type %s cannot be found: %v", name, r))
		}
	}()
	if s.host.Define == nil {
		return proc.Body(nil).String("no type " + name), nil
	}
	get := func(need Need) (*Unit, error) { return s.host.Define(name, need.Without) }
	if hash, ok := strings.CutPrefix(name, functionRequest); ok {
		get = func(Need) (*Unit, error) { return s.host.unitInside(hash) }
	}
	c, err := s.encodeUnit(company{}, get, varSet{inline: true})
	if err != nil {
		return proc.Body(nil).String(err.Error()), nil
	}
	return append(body.String("").String(c.unit.Hash).Bytes(c.unit.Payload), c.vars...), c.handles
}

// unitInside is the unit of a function that was inside a value.
func (h *Host) unitInside(hash string) (*Unit, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u := h.inside[hash]; u != nil {
		return u.Unit, nil
	}
	return nil, fmt.Errorf("no function %.8s", hash)
}

// Definition is a unit that the notebook was asked for.
type Definition struct {
	Hash    string
	Payload []byte
	Vars    []byte         // the variables that the unit reads, as in a job
	Refs    []codec.Handle // shared objects in Vars: to be kept until these are decoded
}

// DefineFunction is Define for a function inside a value: name is the hash of its unit.
func (c *Client) DefineFunction(name string) (Definition, error) {
	return c.Define(functionRequest + name)
}

// Define asks the notebook for a type.
func (c *Client) Define(name string) (Definition, error) {
	f, refs := c.call(proc.Body(nil).Uint(defineRequest).String(name))
	if text := f.String(); text != "" {
		return Definition{}, errors.New(text)
	}
	d := Definition{Hash: f.String(), Payload: f.Bytes(), Refs: refs}
	d.Vars = f.Data
	return d, f.Err
}
