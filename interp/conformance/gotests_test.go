package conformance

import (
	"bytes"
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGoRun runs the single-file run tests of Go's own test suite: those whose first line is "// run".
func TestGoRun(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this runs about a thousand programs")
	}
	root := filepath.Join(goroot(t, "test"), "test")
	exe := poolbook(t)
	var programs []program
	for _, folder := range []string{".", "ken", "chan", "interface", "typeparam", "fixedbugs"} {
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			p, ok, err := goTest(root, file)
			if err != nil {
				t.Fatal(err)
			}
			if ok && strings.Contains(p.name, *only) {
				programs = append(programs, p)
			}
		}
	}
	judge(t, "testdata/gotests.txt", runAll(t, exe, programs))
}

// goTest makes a program of a test file; ok is false when it is not a plain run test for this platform.
func goTest(root, file string) (p program, ok bool, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return program{}, false, err
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	fields := strings.Fields(string(first))
	if len(fields) < 2 || fields[0] != "//" || fields[1] != "run" {
		return program{}, false, nil
	}
	name, err := filepath.Rel(root, file)
	if err != nil {
		return program{}, false, err
	}
	if ok, err := build.Default.MatchFile(filepath.Dir(file), filepath.Base(file)); err != nil || !ok {
		return program{}, false, err
	}
	p = program{name: filepath.ToSlash(name), files: []string{file}, dir: root}
	for _, arg := range fields[2:] {
		switch {
		case strings.HasPrefix(arg, "-"): // for the compiler
		case strings.HasSuffix(arg, ".go"):
			p.files = append(p.files, filepath.Join(filepath.Dir(file), arg))
		default:
			p.args = append(p.args, arg)
		}
	}
	want, err := os.ReadFile(strings.TrimSuffix(file, ".go") + ".out")
	switch {
	case os.IsNotExist(err):
	case err != nil:
		return program{}, false, err
	default:
		p.check = func(out []byte) error {
			if !bytes.Equal(out, want) {
				return fmt.Errorf("printed %s instead of %s", firstLines(out), firstLines(want))
			}
			return nil
		}
	}
	return p, true, nil
}
