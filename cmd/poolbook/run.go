package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"poolbook/kernel/client"
	"poolbook/notebooks/export"
	"poolbook/notebooks/nbformat"
	"poolbook/notebooks/run"
	"poolbook/web"
)

// runFlags are the flags of `poolbook run` and `poolbook test` for notebooks.
type runFlags struct {
	kernel      string
	timeout     time.Duration
	allowErrors bool
	parameters  []run.Parameter
}

func (f *runFlags) add(cmd *cobra.Command, timeout time.Duration) {
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "run in the installed kernel `NAME` (default: the notebook's own; Go runs here)")
	cmd.Flags().DurationVar(&f.timeout, "timeout", timeout, "limit for one cell, such as 30s; 0 is none")
}

func runCommand() *cobra.Command {
	var f runFlags
	var out string
	var inPlace bool
	var parameters []string
	cmd := &cobra.Command{
		Use:   "run FILE…|DIR [-- ARGS]",
		Short: "Run a notebook, or a Go program in the interpreter",
		Long: `Run a notebook (.ipynb) from its first cell to its last, in a new kernel and in
the notebook's folder, and stop at the first error. Without -o or --inplace the
outputs are printed. The file of -o is written also when a cell fails, with the
error in it; --inplace leaves the notebook alone then. With -o a file that ends
in .html is a page to pass on, which needs nothing but a browser; .pdf is that
page as an installed Chromium, Chrome or Edge prints it; .go is the code alone.

-p gives a parameter another value: in a new cell behind the one that is tagged
"parameters", as papermill has it, or at the top. Numbers, true and false are
what they look like, anything else is text; name:=value takes the value as Go.

Run a Go program in the interpreter, without compiling it: one or more .go files
of package main, or a folder of them, as "go run" takes them. The program's
arguments follow, those that begin with - after --. It exits as the program
does.`,
		Example: `  poolbook run notes.ipynb -o done.ipynb
  poolbook run notes.ipynb --inplace --timeout 2m
  poolbook run notes.ipynb -o report.html
  poolbook run notes.ipynb -p rounds=20 -p name=Gopher -p 'pause:=2*time.Second'
  poolbook run hello.go -- --name Gopher
  poolbook run . input.txt`,
		Args: atLeast(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range parameters {
				v, err := run.ParseParameter(s)
				if err != nil {
					return usageError{err}
				}
				f.parameters = append(f.parameters, v)
			}
			if isProgram(args[0]) {
				if len(parameters) > 0 {
					return usageError{errors.New("-p is for notebooks: the arguments of a program follow it, after --")}
				}
				files, rest, folder, err := programArgs(args, cmd.ArgsLenAtDash())
				if err != nil {
					return err
				}
				return runProgram(cmd.Context(), files, rest, folder)
			}
			_, missing := os.Stat(args[0])
			switch ext := filepath.Ext(args[0]); {
			case ext == "" && missing != nil: // a folder, or a name cut short
				return missing
			case ext != ".ipynb":
				return usageError{fmt.Errorf("%s: only notebooks (.ipynb), Go programs (.go) and folders of them can be run", args[0])}
			case len(args) > 1:
				return usageError{errors.New("one notebook at a time; `poolbook test` takes many")}
			case out != "" && inPlace:
				return usageError{errors.New("-o and --inplace are two places: choose one")}
			case out != "" && writers[filepath.Ext(out)] == nil:
				return usageError{fmt.Errorf("-o %s: a notebook is written as .ipynb, .html, .pdf or .go", out)}
			}
			if filepath.Ext(out) == ".pdf" {
				if _, err := export.Browser(); err != nil { // not after all cells have run
					return fmt.Errorf("-o %s: %w", out, err)
				}
			}
			target := out
			if inPlace {
				target = args[0]
			}
			return runNotebook(cmd, args[0], target, inPlace, f)
		},
	}
	f.add(cmd, 0)
	cmd.Flags().BoolVar(&f.allowErrors, "allow-errors", false, "go on after a cell that fails")
	cmd.Flags().StringVarP(&out, "output", "o", "", "write the notebook with its outputs to `FILE` (.ipynb, .html, .pdf or .go)")
	cmd.Flags().StringArrayVarP(&parameters, "parameter", "p", nil, "give a parameter of the notebook a value: `NAME=VALUE`; may be repeated")
	cmd.Flags().BoolVar(&inPlace, "inplace", false, "write the outputs into the notebook itself")
	return cmd
}

// runNotebook executes the notebook of a file. target is where it goes then,
// "" to print its outputs.
func runNotebook(cmd *cobra.Command, name, target string, inPlace bool, f runFlags) error {
	nb, err := nbformat.ReadFile(name)
	if err != nil {
		return err
	}
	if filepath.Ext(target) == ".ipynb" {
		if data, err := os.ReadFile(target); err == nil {
			if err := nbformat.CheckText(data); err != nil {
				return fmt.Errorf("%s is not written over: %w, which would be lost. Write to another file with -o, or mend it in a text editor", target, err)
			}
		}
	}
	show := newProgress(cmd.ErrOrStderr(), filepath.Base(name))
	runErr := executeIn(cmd.Context(), nb, filepath.Dir(name), f, show)
	if target == "" {
		if err := printOutputs(cmd.OutOrStdout(), nb); err != nil {
			return err
		}
		return runErr
	}
	if runErr == nil || !inPlace {
		if err := writers[filepath.Ext(target)](cmd.Context(), target, nb); err != nil {
			return errors.Join(runErr, err)
		}
		show.line("wrote " + target)
	}
	return runErr
}

// writePage writes a notebook as a page, or as that on paper.
func writePage(ctx context.Context, name string, nb *nbformat.Notebook) error {
	ext := filepath.Ext(name)
	page, err := export.HTML(nb, strings.TrimSuffix(filepath.Base(name), ext), web.Formulas())
	if err == nil && ext == ".pdf" {
		page, err = export.PDF(ctx, page)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nbformat.ReplaceFile(name, page)
}

// writers write a notebook, by the ending of the file's name.
var writers = map[string]func(ctx context.Context, name string, nb *nbformat.Notebook) error{
	".ipynb": func(_ context.Context, name string, nb *nbformat.Notebook) error { return nbformat.WriteFile(name, nb) },
	".html":  writePage,
	".pdf":   writePage,
	".go": func(_ context.Context, name string, nb *nbformat.Notebook) error {
		return nbformat.ReplaceFile(name, export.Code(nb, strings.TrimSuffix(filepath.Base(name), ".go")+".ipynb"))
	},
}

// executeIn runs a notebook in a new kernel with dir as its folder. The kernel
// is gone when it returns.
func executeIn(ctx context.Context, nb *nbformat.Notebook, dir string, f runFlags, show *progress) (err error) {
	spec, err := chooseSpec(f.kernel, nb.KernelName())
	if err != nil {
		return err
	}
	if len(f.parameters) > 0 {
		if !strings.EqualFold(spec.Language, "go") {
			return fmt.Errorf("-p writes Go, and the kernel %s runs %s", spec.DisplayName, spec.Language)
		}
		if err := run.Inject(nb, f.parameters); err != nil {
			return err
		}
	}
	show.starting(spec.DisplayName)
	k, err := client.Start(ctx, spec, client.Options{Dir: dir})
	if err != nil {
		return fmt.Errorf("start the kernel %s: %w", spec.DisplayName, err)
	}
	defer func() {
		// An ended ctx must not keep the kernel alive.
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		if e := k.Shutdown(end); e != nil {
			k.Kill()
		}
	}()
	if err := setKernelspec(nb, spec); err != nil {
		return err
	}
	defer show.end()
	return run.Notebook(ctx, k, nb, run.Options{Timeout: f.timeout, AllowErrors: f.allowErrors, Progress: show.step})
}

// setKernelspec names the kernel in the metadata, as a front end does.
func setKernelspec(nb *nbformat.Notebook, spec client.Spec) error {
	return nb.Metadata.Set("kernelspec", map[string]string{
		"name": spec.Name, "display_name": spec.DisplayName, "language": spec.Language,
	})
}

// chooseSpec finds the kernel: the one asked for, the one the notebook names,
// or this program.
func chooseSpec(asked, named string) (client.Spec, error) {
	name := asked
	if name == "" {
		name = named
	}
	if name == "" || name == kernelName {
		return ownSpec()
	}
	specs, err := client.FindSpecs()
	if spec, ok := specs[name]; ok {
		return spec, nil
	}
	if err != nil {
		return client.Spec{}, fmt.Errorf("find the kernel %q: %w", name, err)
	}
	return client.Spec{}, fmt.Errorf("no kernel %q is installed (see `jupyter kernelspec list`); --kernel %s runs the notebook as Go", name, kernelName)
}

// printOutputs writes the outputs of all cells as text.
func printOutputs(w io.Writer, nb *nbformat.Notebook) error {
	for _, c := range nb.Cells {
		for i := range c.Outputs {
			o := &c.Outputs[i]
			text := o.Text
			switch o.Type {
			case nbformat.ErrorOutput:
				text = o.EName + ": " + o.EValue
				if len(o.Traceback) > 0 {
					text = strings.Join(o.Traceback, "\n")
				}
			case nbformat.DisplayData, nbformat.ExecuteResult:
				text = o.Data.Text("text/plain")
			}
			if text == "" {
				continue
			}
			if text[len(text)-1] != '\n' {
				text += "\n"
			}
			if _, err := io.WriteString(w, text); err != nil {
				return fmt.Errorf("print outputs: %w", err)
			}
		}
	}
	return nil
}
