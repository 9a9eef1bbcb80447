package interp

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/goabi"
	"poolbook/interp/internal/module"
)

// Stdio is what a program is to the system: what it reads and writes, and how it ends.
type Stdio struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Package tells that the files are a package of the module around them: their version of Go is that of its go.mod. Files that somebody named
	// are of the latest, as they are for go run.
	Package bool
	// Exit ends the process when the program ends it anywhere but at the end of main: by os.Exit, or a panic in a goroutine, err, as compiled
	// programs do, without waiting for anything. It does not return; it is called once. With nil, RunProgram returns code and err.
	Exit func(code int, err error)
}

// RunProgram runs a program: one Go file, or the files of one package main, with args as os.Args[1:]. It returns when main returns; the
// program's goroutines then end. The code is the program's exit code: 0, what os.Exit was given, or 2 after a panic, in main
// or in a goroutine, whose *RuntimeError is returned too; [ProgramText] renders it. Programs share nothing with the session's cells.
//
// In a session that owns its process ([OwnProcess]), the program reads and writes the process's streams, whatever stdio says.
func (s *Session) RunProgram(ctx context.Context, paths []string, args []string, stdio Stdio) (code int, err error) {
	s.running.Lock()
	defer s.running.Unlock()
	if len(paths) == 0 {
		return 1, errors.New("interp: no program to run")
	}
	sources := map[string]string{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			return 1, fmt.Errorf("read the program: %w", err)
		}
		sources[p] = string(data)
	}
	s.streams.setArgs(append([]string{strings.TrimSuffix(filepath.Base(paths[0]), ".go")}, args...))
	messages := stdio.Stderr
	if messages == nil {
		messages = io.Discard
	}
	dir, err := filepath.Abs(filepath.Dir(paths[0]))
	if err != nil {
		return 1, fmt.Errorf("interp: %w", err)
	}
	root, _ := module.Root(dir)
	version := goabi.Language
	if stdio.Package {
		var err error
		if version, err = languageOf(root); err != nil {
			return 1, err
		}
	}
	if err := s.resolve(ctx, dir, sources, messages); err != nil {
		return 1, fmt.Errorf("interp: %w", err)
	}
	init, main, err := s.loadProgram(sources, version)
	if err != nil {
		return 1, err
	}
	streams := Cell{Stdin: stdio.Stdin, Stdout: stdio.Stdout, Stderr: stdio.Stderr}
	if s.streams.plain() {
		streams = Cell{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	}
	s.streams.attach(streams)
	cfg := s.runConfig(streams)
	cfg.Program = true
	cfg.Dir, _ = os.Getwd() // without one, names of files stay relative
	cfg.Host.(*cellRun).program = true
	if stdio.Exit != nil {
		var once sync.Once
		cfg.Ends = func(err error) {
			once.Do(func() { stdio.Exit(s.exitCode(err)) })
			select {} // the process is about to end
		}
	}
	run := s.runWith(ctx, cfg)
	defer s.streams.drain()
	defer run.Stop()
	if err = s.initPackages(run, main.Pkg.Pkg); err == nil {
		if _, err = run.Call(init); err == nil {
			s.noteErrors(func(yield func(*types.Var) bool) {
				for _, name := range main.Pkg.Pkg.Scope().Names() {
					if v, ok := main.Pkg.Pkg.Scope().Lookup(name).(*types.Var); ok && !yield(v) {
						return
					}
				}
			})
			err = run.CallMain(main)
		}
	}
	return s.exitCode(err)
}

// exitCode is the code that a program ends with, and what it should say.
func (s *Session) exitCode(err error) (int, error) {
	if err == nil {
		return 0, nil
	}
	err = s.failure(err)
	var exit *ExitError
	if errors.As(err, &exit) {
		return exit.Code, nil
	}
	var interrupted *InterruptError
	if errors.As(err, &interrupted) {
		return 130, err
	}
	return 2, err
}

// ProgramText is an error of [Session.RunProgram] as Go prints it, with the trace, and the hint, that cells have.
func ProgramText(err error) string {
	var head string
	var stack []Frame
	var source, hint string
	var r *RuntimeError
	var d *DeadlockError
	switch {
	case errors.As(err, &r):
		head, stack, source, hint = r.headline(), r.Stack, r.sourceLine, r.Hint
		if r.crash != "" {
			head = r.crash
		}
	case errors.As(err, &d):
		head, stack, source, hint = "fatal error: all goroutines are asleep - deadlock!", d.Stack, d.sourceLine, d.Hint
	default:
		return err.Error()
	}
	if len(stack) > 0 {
		head += "\n\n" + renderStack(plain, stack, source)
	}
	if hint != "" {
		head += "\n\nhint: " + hint
	}
	return head
}

// languageOf is the version of Go in the go.mod of a folder, "go1.21", or what Go takes it to be.
func languageOf(dir string) (string, error) {
	name := filepath.Join(dir, "go.mod")
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return goabi.Language, nil
	} else if err != nil {
		return "", err
	}
	f, err := modfile.ParseLax(name, data, nil)
	switch {
	case err != nil:
		return "", err
	case f.Go == nil:
		return "go1.16", nil
	}
	return "go" + f.Go.Version, nil
}

func (s *Session) loadProgram(sources map[string]string, version string) (init, main *ssa.Function, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, code := range sources {
		s.sources[name] = &source{file: name, code: code}
	}
	c, diags := s.env.CheckFiles(sources, nil, version)
	if len(diags) > 0 {
		return nil, nil, s.compileError(diags)
	}
	pkg, err := s.build(c.Types, c.Files, c.Info)
	if err != nil {
		return nil, nil, err
	}
	// Functions of the program can be sent to worker processes.
	c.CommitFiles(sources)
	for _, name := range c.Types.Scope().Names() {
		if v, ok := c.Types.Scope().Lookup(name).(*types.Var); ok {
			s.globals[v] = pkg.Var(name)
		}
	}
	s.units.names.cellLoaded()
	main = pkg.Func("main")
	if main == nil {
		return nil, nil, errors.New("the program has no func main: are all of its files given?")
	}
	return pkg.Func("init"), main, nil
}
