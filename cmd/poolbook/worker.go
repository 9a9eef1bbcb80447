package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"poolbook/interp"
	"poolbook/pool/core"
	"poolbook/pool/worker"
)

// workerName is the command of a worker.
const workerName = "worker"

// workerCommand is what a pool starts. It is not for people, and hidden.
func workerCommand() *cobra.Command {
	pipe := false
	cmd := &cobra.Command{
		Use:    workerName,
		Short:  "Run the tasks of a pool",
		Hidden: true,
		Args:   atMost(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !pipe {
				return usageError{errors.New("worker: a pool starts its workers itself, with --pipe")}
			}
			in, out, err := worker.Pipes()
			if err != nil {
				return err
			}
			offerToKiller()
			return worker.Main(cmd.Context(), in, out, newEvaluator)
		},
	}
	cmd.Flags().BoolVar(&pipe, "pipe", false, "talk to the pool that started it")
	return cmd
}

// evaluator runs code units in a session of the worker's own.
type evaluator struct {
	sessionTypes
	define func(name string) error
	unit   atomic.Pointer[interp.LoadedUnit] // whose values are decoded
}

// Enter says which unit gets the values that are decoded.
func (e *evaluator) Enter(f worker.Func) { e.unit.Store(f.(loaded).unit) }

// Brings reports whether a unit has all of a type.
func (e *evaluator) Brings(f worker.Func, typeName string) bool {
	return f.(loaded).unit.Brings(typeName)
}

// TypeByName finds a type, as the unit that gets its values has it. One that no unit has brought is asked for.
func (e *evaluator) TypeByName(name string) (reflect.Type, error) {
	find := func() (reflect.Type, error) {
		if u := e.unit.Load(); u != nil {
			return u.TypeByName(name)
		}
		return e.Session.TypeByName(name)
	}
	t, err := find()
	var unknown *interp.UnknownTypeError
	if !errors.As(err, &unknown) {
		return t, err
	}
	if err := e.define(name); err != nil {
		return nil, err
	}
	if t, err = find(); errors.As(err, &unknown) { // a cell has given it other methods since
		return e.Session.LatestTypeByName(name)
	}
	return t, err
}

func newEvaluator(env worker.Env) (worker.Evaluator, error) {
	config := sessionConfig(nil, nil, nil)
	config.UnitsOnly = true
	session, err := interp.New(config)
	if err != nil {
		return nil, fmt.Errorf("start the interpreter: %w", err)
	}
	session.SetUnitCell(interp.Cell{Stdout: env.Stdout, Stderr: env.Stderr})
	return &evaluator{sessionTypes: sessionTypes{session}, define: env.Define}, nil
}

// warmUnit is a unit that needs what most units need.
const warmUnit = `package unit

import "fmt"

func warm(n int) string { return fmt.Sprint(n) }
`

// Warm has the interpreter set up what it makes at the first use.
func (e *evaluator) Warm() {
	if u, err := e.Session.LoadUnit(warmUnit, "warm", "warm"); err == nil {
		_, _ = u.Call(context.Background(), []reflect.Value{reflect.ValueOf(1)})
	}
}

// Load makes the function of a unit.
func (e *evaluator) Load(hash string, payload []byte) (worker.Func, error) {
	var p unitPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, fmt.Errorf("unpack the code of a function: %w", err)
	}
	u, err := e.Session.LoadUnit(p.Source, p.Entry, hash)
	if err != nil {
		return nil, fmt.Errorf("load the code of a function: %w", err)
	}
	return loaded{u}, nil
}

// loaded is a unit in a worker.
type loaded struct{ unit *interp.LoadedUnit }

// Make makes a function of a unit for functions inside values.
func (l loaded) Make() (fn reflect.Value, captured []reflect.Value, err error) { return l.unit.Make() }

// Vars are the IDs of the unit's variables.
func (l loaded) Vars() []string { return l.unit.Vars() }

func (l loaded) Value() reflect.Value { return l.unit.Func() }

// Call runs the function, with a panic's stack in terms of cells.
func (l loaded) Call(ctx context.Context, args []reflect.Value) ([]reflect.Value, error) {
	results, err := l.unit.Call(ctx, args)
	return results, coreError(err)
}

// Loop runs the function for many items in one call of the interpreter.
func (l loaded) Loop() *worker.Loop {
	fn, each := l.unit.Loop()
	if !fn.IsValid() {
		return nil
	}
	return &worker.Loop{Each: each, Call: func(ctx context.Context, args []reflect.Value) (bool, error) {
		finished, err := l.unit.CallLoop(ctx, args)
		return finished, coreError(err)
	}}
}

func (l loaded) Var(id string) (reflect.Value, bool) { return l.unit.Var(id) }

// stackText is a stack with one line for each call; calls of a function by itself that are all alike are told once, with their number.
func stackText(stack []interp.Frame) string {
	var b strings.Builder
	for i := 0; i < len(stack); {
		line := stack[i].String()
		n := 1
		for i+n < len(stack) && stack[i+n].String() == line {
			n++
		}
		b.WriteString(line + "\n")
		if n > 1 {
			fmt.Fprintf(&b, "… and %d more of that call\n", n-1)
		}
		i += n
	}
	return b.String()
}

// coreError turns an error of the interpreter into what pools report.
func coreError(err error) error {
	var panicked *interp.RuntimeError
	var exit *interp.ExitError
	var deadlock *interp.DeadlockError
	switch {
	case errors.As(err, &panicked):
		value := panicked.Value
		if value == nil {
			value = panicked.Kind + ": " + panicked.Message // a fatal error
		}
		return &core.Panic{Value: value, Stack: stackText(panicked.Stack)}
	case errors.As(err, &deadlock):
		return &core.Panic{Value: "fatal error: " + deadlock.Message, Stack: stackText(deadlock.Stack)}
	case errors.As(err, &exit):
		return &core.Exit{Code: exit.Code}
	}
	return err
}
