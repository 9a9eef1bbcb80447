package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"poolbook/interp"
	"poolbook/kernel"
)

// kernelCommand is what a kernelspec starts.
func kernelCommand() *cobra.Command {
	file := ""
	verbose := false
	cmd := &cobra.Command{
		Use:   "kernel -f FILE",
		Short: "Serve a connection file, as front ends ask for",
		Long: `Run the Go kernel on a connection file until a front end shuts it down or the
process that started it ends. Jupyter starts this command; poolbook install tells
it to.`,
		Example: `  poolbook kernel -f connection.json
  jupyter console --existing connection.json`,
		// Front ends hand the kernel what they do not know themselves: jupyter run the names of its files.
		Args:               cobra.ArbitraryArgs,
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return usageError{errors.New("kernel: -f FILE, the connection file, is missing")}
			}
			level := slog.LevelWarn
			if verbose {
				level = slog.LevelDebug
			}
			process, err := interp.CaptureProcess()
			if err != nil {
				return fmt.Errorf("take the standard output for cells: %w", err)
			}
			defer process.Release()
			log := slog.New(slog.NewTextHandler(process.Stderr, &slog.HandlerOptions{Level: level}))
			if len(args) > 0 {
				log.Info("arguments that mean nothing to this kernel", "arguments", args)
			}
			session, err := newKernelSession(log, process)
			if err != nil {
				return err
			}
			offerToKiller()
			// Signals are the kernel's own affair: SIGINT interrupts the cell.
			limit, err := outputCap()
			if err != nil {
				return err
			}
			err = kernel.Run(context.WithoutCancel(cmd.Context()), kernel.Config{
				ConnectionFile: file, Session: session, HistoryDir: kernel.DefaultHistoryDir(kernelName), Logger: log, OutputCap: limit,
			})
			if errors.Is(err, kernel.ErrStuck) {
				fmt.Fprintln(process.Stderr, "poolbook:", err)
				os.Exit(exitFailure) // a cell does not stop: nothing can be waited for
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "connection-file", "f", "", "the connection `FILE`")
	cmd.Flags().BoolVar(&verbose, "verbose", false, "log to standard error more than what was refused and what went wrong")
	return cmd
}

// outputCap is [kernel.Config.OutputCap] as POOLBOOK_OUTPUT_CAP has it, in bytes. The server, which holds outputs back itself, sets it to -1.
func outputCap() (int64, error) {
	text := os.Getenv("POOLBOOK_OUTPUT_CAP")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, usageError{fmt.Errorf("POOLBOOK_OUTPUT_CAP is %q: want a number of bytes, or -1 for no limit", text)}
	}
	return n, nil
}
