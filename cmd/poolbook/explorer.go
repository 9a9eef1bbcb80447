package main

import (
	"context"
	"errors"
	"fmt"
	"go/parser"
	"go/scanner"
	"strings"
	"sync"

	"poolbook/interp"
	"poolbook/kernel"
)

// shownValue is how many characters of a value the variable explorers of front
// ends show in a row.
const shownValue = 120

// explorer lists the variables of a session for front ends.
type explorer struct {
	session *interp.Session

	mu   sync.Mutex
	refs []interp.Variable // by kernel.Variable.Ref less 1; guarded by mu
}

// Variables lists the session's variables.
func (e *explorer) Variables() []kernel.Variable {
	list := e.session.Variables()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refs = nil
	return e.rows(list)
}

// Parts lists the fields or elements of a value.
func (e *explorer) Parts(ref int) ([]kernel.Variable, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ref < 1 || ref > len(e.refs) {
		return nil, false
	}
	return e.rows(e.refs[ref-1].Parts()), true
}

// rows writes variables down; those with parts get a reference. The caller holds
// mu.
func (e *explorer) rows(list []interp.Variable) []kernel.Variable {
	rows := make([]kernel.Variable, len(list))
	for i, v := range list {
		rows[i] = kernel.Variable{Name: v.Name, Type: v.Type, Value: v.Summary(shownValue), Size: -1, Cell: v.Cell}
		if n, ok := v.Size(); ok {
			rows[i].Size = n
		}
		if v.HasParts() {
			e.refs = append(e.refs, v)
			rows[i].Ref = len(e.refs)
		}
	}
	return rows
}

// ShowVariable shows a variable as a cell that ends with its name does.
func (s *kernelSession) ShowVariable(ctx context.Context, name string) (kernel.Bundle, bool) {
	for _, v := range s.session.Variables() {
		if v.Name == name {
			b, err := s.Evaluate(ctx, name)
			return b, err == nil
		}
	}
	return kernel.Bundle{}, false
}

// Evaluate evaluates a user_expression: one expression, which declares nothing
// and prints nowhere.
func (s *kernelSession) Evaluate(ctx context.Context, expression string) (kernel.Bundle, *kernel.Error) {
	if _, err := parser.ParseExpr(expression); err != nil {
		if list, ok := err.(scanner.ErrorList); ok && len(list) > 0 {
			err = errors.New(list[0].Msg)
		}
		text := strings.ReplaceAll(fmt.Sprintf("%q is not an expression: %v", expression, err), "'EOF'", "its end")
		return kernel.Bundle{}, &kernel.Error{Name: "CompileError", Value: text, Traceback: []string{text}}
	}
	result, err := s.session.Run(ctx, interp.Cell{Code: expression})
	if err != nil {
		return kernel.Bundle{}, failure(err).Err
	}
	if !result.Value.IsValid() {
		return kernel.Bundle{Data: map[string]any{}}, nil
	}
	b, err := s.shown(ctx, result)
	if err != nil {
		return kernel.Bundle{}, failure(err).Err
	}
	return *b, nil
}
