//go:build !unix

package main

import "context"

// awaitInput does not wait: a read goes on until something is typed.
func awaitInput(ctx context.Context, _ int) error { return ctx.Err() }

// inputWaits reports whether a read of fd would return at once. Elsewhere keys
// come one by one, apart from the terminal's answers.
func inputWaits(int) bool { return false }
