// Poolbook is a notebook system for Go: a kernel that interprets Go, a server
// with the notebook page, and the command that starts both.
//
// This package is flags and wiring. One file holds one command; kernelsession.go,
// poolhost.go and serve.go join the packages of the module to each other.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes of the command. `run FILE.go` exits with the program's own.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usageError is a mistake in the command line.
type usageError struct{ error }

// exitError ends the command with a code and, when text is empty, silently.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

func main() {
	os.Exit(execute(os.Args[1:]))
}

// execute runs the command line and returns the exit code.
func execute(args []string) int {
	ctx, stop := context.Background(), func() {}
	if len(args) == 0 || args[0] != workerName { // signals end a worker as they end other processes
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	}
	defer stop()
	// After the first Ctrl-C a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	root := rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var exit *exitError
	var usage usageError
	switch {
	case errors.As(err, &exit):
		if exit.text != "" {
			fmt.Fprintln(os.Stderr, "poolbook:", exit.text)
		}
		return exit.code
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "poolbook: %v\nRun 'poolbook --help' for the commands, 'poolbook COMMAND --help' for an example.\n", err)
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "poolbook: interrupted")
		return exitInterrupted
	}
	fmt.Fprintln(os.Stderr, "poolbook:", err)
	return exitFailure
}

func rootCommand() *cobra.Command {
	serve := serveCommand()
	root := &cobra.Command{
		Use:   "poolbook",
		Short: "Notebooks for Go, with a worker pool in every cell",
		Long: `Poolbook runs notebooks of Go code: in its own page, in Jupyter and VS Code,
and without any front end. Without a command it serves the current folder.

POOLBOOK_MEMORY in the environment limits the data that cells may hold in
memory: 2GB, 500MB, off. Without it, that is two thirds of the machine's.

POOLBOOK_JIT=off interprets all code: without it, what runs often is translated
into machine code on Linux on amd64.`,
		Example: `  poolbook                        serve this folder and print the page's address
  poolbook serve ~/notes          serve another folder
  poolbook run notes.ipynb        run a notebook and print its outputs
  poolbook install                offer Go notebooks in Jupyter and VS Code`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          serve.RunE,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			_, err := memoryLimit(false)
			return usage(err)
		},
	}
	root.Flags().AddFlagSet(serve.Flags())
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serve, kernelCommand(), installCommand(), uninstallCommand(), runCommand(), testCommand(),
		replCommand(), workerCommand(), versionCommand())
	return root
}

// noSuchCommand refuses arguments where a command should be.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf(", did you mean %q?", near[0])
	}
	return usageError{errors.New(text)}
}

// atMost and atLeast check the number of arguments.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return usage(cobra.MaximumNArgs(n)(cmd, args)) }
}

func atLeast(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error { return usage(cobra.MinimumNArgs(n)(cmd, args)) }
}

// usage marks err, unless it is nil, as one of how the command was called.
func usage(err error) error {
	if err != nil {
		return usageError{err}
	}
	return nil
}
