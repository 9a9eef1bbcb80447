package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	gobuild "go/build"
	"go/parser"
	"go/token"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"poolbook/interp"
)

// isProgram reports whether an argument is a Go file or a folder.
func isProgram(arg string) bool {
	info, err := os.Stat(arg)
	return filepath.Ext(arg) == ".go" || err == nil && info.IsDir()
}

// programArgs takes the files of a program, or those in its folder, and its arguments apart. As for go
// run, the files end with the first argument that is none; they end with --, too,
// which stood at dash, -1 for nowhere.
func programArgs(args []string, dash int) (files, rest []string, folder bool, err error) {
	n := 0
	for n < len(args) && (dash < 0 || n < dash) && filepath.Ext(args[n]) == ".go" {
		n++
	}
	if n > 0 {
		return args[:n], args[n:], false, nil
	}
	files, err = packageFiles(args[0])
	return files, args[1:], true, err
}

// packageFiles returns the files of the program in a folder, as Go chooses them
// for this system.
func packageFiles(dir string) ([]string, error) {
	choose := gobuild.Default
	choose.BuildTags = interp.BuildTags()
	p, err := choose.ImportDir(dir, 0)
	var none *gobuild.NoGoError
	switch {
	case errors.As(err, &none):
		return nil, fmt.Errorf("there are no Go files of a program in %s", dir)
	case err != nil:
		return nil, err
	case len(p.CgoFiles) > 0:
		return nil, fmt.Errorf("%s imports \"C\": the interpreter has no cgo", filepath.Join(dir, p.CgoFiles[0]))
	case p.Name != "main":
		return nil, fmt.Errorf("%s is package %s: only package main is a program", dir, p.Name)
	}
	var files []string
	for _, f := range p.GoFiles {
		files = append(files, filepath.Join(dir, f))
	}
	return files, nil
}

// isPart reports whether a file is that of a program of several which has func main.
func isPart(file string) bool {
	files, err := packageFiles(filepath.Dir(file))
	if err != nil {
		return false
	}
	for _, other := range files {
		if filepath.Base(other) == filepath.Base(file) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), other, nil, parser.SkipObjectResolution)
		if err != nil || slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
			fn, ok := d.(*ast.FuncDecl)
			return ok && fn.Recv == nil && fn.Name.Name == "main"
		}) {
			return false
		}
	}
	return len(files) > 1
}

// runProgram runs a Go program in the interpreter and exits as it does. The process is the program's: signals, too, do what they do to it.
func runProgram(ctx context.Context, files, args []string, folder bool) error {
	ctx = context.WithoutCancel(ctx)
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	stderr := os.Stderr // the program may give the variable another file
	pools := newPoolHost()
	defer pools.Close()
	config := sessionConfig(pools, nil, nil)
	config.Process = interp.OwnProcess()
	session, err := interp.New(config)
	if err != nil {
		return fmt.Errorf("start the interpreter: %w", err)
	}
	defer session.Close()
	pools.attach(session)
	code, err := session.RunProgram(ctx, files, args, interp.Stdio{Package: folder, Exit: func(code int, err error) {
		if err != nil {
			fmt.Fprintln(stderr, interp.ProgramText(err))
		}
		os.Exit(code)
	}})
	var refused *interp.CompileError
	switch {
	case err == nil && code == 0:
		return nil
	case errors.As(err, &refused):
		fmt.Fprintln(stderr, err)
		if len(files) == 1 && isPart(files[0]) {
			fmt.Fprintf(stderr, "hint: the folder has more files of package main; poolbook run %s runs them together\n", filepath.Dir(files[0]))
		}
	case err != nil && code == exitFailure: // it has not run
		return err
	case err != nil:
		fmt.Fprintln(stderr, interp.ProgramText(err)) // as Go shows it, without our name before it
	}
	return &exitError{code: code}
}
