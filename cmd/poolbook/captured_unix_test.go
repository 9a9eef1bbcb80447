//go:build unix

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"poolbook/notebooks/nbformat"
)

// TestCapturedOutput holds that whatever a kernel's process writes to its standard output and error is the running cell's: what compiled packages
// print, what goes to the descriptors by number or by name, and what children write that inherit them.
func TestCapturedOutput(t *testing.T) {
	p := newPlace(t)
	tests := []struct{ code, stdout, stderr string }{
		{`fs := flag.NewFlagSet("prog", flag.ContinueOnError)
fs.Int("n", 1, "how many")
_ = fs.Parse([]string{"-x"})`, "", "flag provided but not defined: -x\nUsage of prog:\n  -n int\n    \thow many (default 1)\n"},
		{`say := fmt.Println
fmt.Println("first")
say("by value")
fmt.Println("last");`, "first\nby value\nlast\n", ""},
		{`fmt.Println("first")
_ = os.WriteFile("/dev/stdout", []byte("by name\n"), 0)
os.NewFile(1, "one").WriteString("by number\n")
fmt.Println("last");`, "first\nby name\nby number\nlast\n", ""},
		{`_, _ = syscall.Write(1, []byte("raw\n"))
files := []uintptr{0, 1, 2}
pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "echo child; seq 3"}, &syscall.ProcAttr{Files: files})
var status syscall.WaitStatus
_, _ = syscall.Wait4(pid, &status, 0, nil)
fmt.Println(err, status.ExitStatus());`, "raw\nchild\n1\n2\n3\n<nil> 0\n", ""},
		{`_ = ast.Print(nil, &ast.Ident{Name: "printed"})`, "Name: \"printed\"", ""},
		{`c := exec.Command("sh", "-c", "seq 50000 >&2")
c.Stderr = os.Stderr
c.Run()
say("the end");`, "the end\n", "50000\n"},
		{`f, _ := os.CreateTemp("", "")
was := os.Stdout
os.Stdout = f
say("into the file")
fmt.Println("and this")
os.Stdout = was
text, _ := os.ReadFile(f.Name())
os.Remove(f.Name())
fmt.Printf("%q\n", text);`, "\"into the file\\nand this\\n\"\n", ""},
		{`os.NewFile(2, "two").WriteString("by number\n")
_ = os.WriteFile("/dev/stderr", []byte("by name\n"), 0)
_, _ = syscall.Write(2, []byte("raw\n"))
debug.PrintStack()`, "", "by number\nby name\nraw\ngoroutine"},
	}
	type cell struct {
		Type     string         `json:"cell_type"`
		Source   string         `json:"source"`
		ID       string         `json:"id"`
		Metadata map[string]any `json:"metadata"`
		Outputs  []any          `json:"outputs"`
		Count    *int           `json:"execution_count"`
	}
	var cells []cell
	for i, tt := range tests {
		cells = append(cells, cell{"code", tt.code, string(rune('a' + i)), map[string]any{}, []any{}, nil})
	}
	text, err := json.Marshal(map[string]any{"cells": cells, "metadata": map[string]any{}, "nbformat": 4, "nbformat_minor": 5})
	if err != nil {
		t.Fatal(err)
	}
	p.write("captured.ipynb", string(text))
	out := p.poolbook("run", "captured.ipynb", "-o", "done.ipynb", "--allow-errors")
	nb, err := nbformat.ReadFile(p.file("done.ipynb"))
	if err != nil {
		t.Fatalf("%v\n%+v", err, out)
	}
	for i, tt := range tests {
		got := map[string]string{}
		for _, o := range nb.Cells[i].Outputs {
			if o.Type == nbformat.Stream {
				got[o.Name] += o.Text
			}
		}
		// standard error may come in a little later than the end of the cell
		if !strings.Contains(got["stdout"], tt.stdout) || !strings.Contains(got["stderr"], tt.stderr) {
			t.Errorf("%s\nstdout: %q\nstderr: %.300q", tt.code, got["stdout"], got["stderr"])
		}
	}
	if strings.Contains(out.stderr, "Usage of prog") || strings.Contains(out.stdout, "by ") {
		t.Errorf("some of it is outside: %+v", out)
	}
}
