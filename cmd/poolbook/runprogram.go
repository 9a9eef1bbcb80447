package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"poolbook/interp"
)

// runProgram runs a Go program in the interpreter and exits as it does.
func runProgram(ctx context.Context, files, args []string) error {
	pools := newPoolHost()
	defer pools.Close()
	session, err := interp.New(sessionConfig(pools, nil, nil))
	if err != nil {
		return fmt.Errorf("start the interpreter: %w", err)
	}
	defer session.Close()
	pools.attach(session)
	code, err := session.RunProgram(ctx, files, args, interp.Stdio{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	if err == nil && code == 0 {
		return nil
	}
	var panicked *interp.RuntimeError
	var deadlock *interp.DeadlockError
	switch {
	case errors.As(err, &panicked), errors.As(err, &deadlock):
		fmt.Fprintln(os.Stderr, err) // as Go shows it, without our name before it
		return &exitError{code: code}
	case err != nil && code != exitInterrupted:
		return err
	}
	return &exitError{code: code}
}
