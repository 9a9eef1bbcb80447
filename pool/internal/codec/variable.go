package codec

import (
	"reflect"
	"sync"
)

// An error that a variable of the notebook holds is the same one wherever it comes from: errors.Is(err, errMine) finds it in what a task
// returns that has got it in an item. It travels with the variable's name and its value. A process that has such an error takes
// its own for it when the two are equal, so that one that a task has changed stays changed.

// Variables are the variables of a notebook that hold errors. [Types] may implement it.
type Variables interface {
	// ErrorVariable returns the name of the variable that holds an error, unique in the notebook, and false for other errors.
	ErrorVariable(v reflect.Value) (name string, ok bool)
}

// Held are the errors of variables that this process has sent or got. The zero value has none; it is safe for concurrent use.
type Held struct {
	mu     sync.Mutex
	byName map[string]reflect.Value
	names  map[identity]string
}

// variable names the variable of the notebook that holds a pointer.
func (e *Encoder) variable(v reflect.Value) (string, bool) {
	id, _ := identify(v)
	if id.p == nil {
		return "", false
	}
	h := e.c.held
	if e.c.vars != nil {
		if name, ok := e.c.vars.ErrorVariable(v); ok {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.put(name, id, v)
			return name, true
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	name, ok := h.names[id]
	return name, ok
}

// put notes the error of a variable. mu is held.
func (h *Held) put(name string, id identity, v reflect.Value) {
	if h.byName == nil {
		h.byName, h.names = map[string]reflect.Value{}, map[identity]string{}
	}
	if old, ok := h.byName[name]; ok {
		id, _ := identify(old)
		delete(h.names, id)
	}
	h.byName[name], h.names[id] = v, name
}

// variable is the error that this process has for a variable of the notebook: v, when it has none, or another one.
func (c *Codec) variable(name string, v reflect.Value) reflect.Value {
	id, ok := identify(v)
	if !ok || id.p == nil {
		return v
	}
	h := c.held
	h.mu.Lock()
	defer h.mu.Unlock()
	own := h.byName[name]
	if own.IsValid() && own.Type() == v.Type() && reflect.DeepEqual(own.Interface(), v.Interface()) {
		return own
	}
	if !own.IsValid() || c.vars == nil { // the notebook keeps what it has sent
		h.put(name, id, v)
	}
	return v
}
