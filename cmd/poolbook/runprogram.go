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
	"path/filepath"
	"slices"

	"poolbook/interp"
)

// isProgram reports whether an argument is a Go file or a folder.
func isProgram(arg string) bool {
	info, err := os.Stat(arg)
	return filepath.Ext(arg) == ".go" || err == nil && info.IsDir()
}

// programArgs takes the files of a program and its arguments apart. As for go
// run, the files end with the first argument that is none; they end with --, too,
// which stood at dash, -1 for nowhere.
func programArgs(args []string, dash int) (files, rest []string, err error) {
	n := 0
	for n < len(args) && (dash < 0 || n < dash) && filepath.Ext(args[n]) == ".go" {
		n++
	}
	if n > 0 {
		return args[:n], args[n:], nil
	}
	files, err = packageFiles(args[0])
	return files, args[1:], err
}

// packageFiles returns the files of the program in a folder, as Go chooses them
// for this system.
func packageFiles(dir string) ([]string, error) {
	p, err := gobuild.ImportDir(dir, 0)
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
	var refused *interp.CompileError
	switch {
	case errors.As(err, &panicked), errors.As(err, &deadlock):
		fmt.Fprintln(os.Stderr, err) // as Go shows it, without our name before it
		return &exitError{code: code}
	case errors.As(err, &refused):
		fmt.Fprintln(os.Stderr, err)
		if len(files) == 1 && isPart(files[0]) {
			fmt.Fprintf(os.Stderr, "hint: the folder has more files of package main; poolbook run %s runs them together\n", filepath.Dir(files[0]))
		}
		return &exitError{code: code}
	case err != nil && code != exitInterrupted:
		return err
	}
	return &exitError{code: code}
}
