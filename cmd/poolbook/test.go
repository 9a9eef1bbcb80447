package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"poolbook/notebooks/nbformat"
	"poolbook/notebooks/run"
)

func testCommand() *cobra.Command {
	var f runFlags
	update := false
	cmd := &cobra.Command{
		Use:   "test FILE…",
		Short: "Run notebooks and compare with their stored outputs",
		Long: `Run each notebook in a new kernel and compare its outputs with those stored in
the file. Tags of a cell say what may differ from run to run:

  numbers-vary      numbers and durations
  order-varies      the order of printed lines
  output-varies     everything but a new error
  raises-exception  nothing: but the cell is expected to fail
  skip-execution    the cell is not run

and {"poolbook": {"varies": ["REGEXP", …]}} in its metadata, parts of the text.`,
		Example: `  poolbook test notebooks/*.ipynb
  poolbook test --update notes.ipynb`,
		Args: atLeast(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			bad := 0
			for _, name := range args {
				ok, err := testNotebook(cmd, name, update, f)
				if err != nil {
					if ctxErr := cmd.Context().Err(); ctxErr != nil {
						return ctxErr
					}
					fmt.Fprintf(cmd.OutOrStdout(), "FAIL  %s\n%v\n", name, err)
				}
				if !ok {
					bad++
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d passed, %d failed\n", len(args)-bad, bad)
			if bad > 0 {
				return &exitError{code: exitFailure}
			}
			return nil
		},
	}
	f.add(cmd, 2*time.Minute)
	cmd.Flags().BoolVar(&update, "update", false, "store the new outputs of notebooks whose outputs differ")
	return cmd
}

// testNotebook reports whether the notebook's outputs are as stored.
func testNotebook(cmd *cobra.Command, name string, update bool, f runFlags) (ok bool, err error) {
	stored, err := nbformat.ReadFile(name)
	if err != nil {
		return false, err
	}
	got, err := nbformat.ReadFile(name)
	if err != nil {
		return false, err
	}
	start := time.Now()
	show := newProgress(cmd.ErrOrStderr(), filepath.Base(name))
	runErr := executeIn(cmd.Context(), got, filepath.Dir(name), f, show)
	var failed *run.CellError
	if runErr != nil && !errors.As(runErr, &failed) {
		return false, runErr
	}
	diffs, err := run.Compare(stored, got)
	if err != nil {
		return false, err
	}
	out := cmd.OutOrStdout()
	took := rounded(time.Since(start))
	switch {
	case runErr == nil && len(diffs) == 0:
		fmt.Fprintf(out, "ok    %s  %v\n", name, took)
		return true, nil
	case runErr == nil && update:
		if err := nbformat.WriteFile(name, got); err != nil {
			return false, err
		}
		fmt.Fprintf(out, "new   %s  %v, %d outputs were stored\n", name, took, len(diffs))
		return true, nil
	}
	fmt.Fprintf(out, "FAIL  %s  %v\n", name, took)
	if runErr != nil {
		fmt.Fprintln(out, runErr)
		return false, nil
	}
	for _, d := range diffs {
		fmt.Fprintln(out, d)
	}
	return false, nil
}
