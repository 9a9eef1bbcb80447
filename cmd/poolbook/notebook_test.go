//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
	"poolbook/notebooks"
	"poolbook/notebooks/nbformat"
	"poolbook/notebooks/run"
)

// tutorial copies a tutorial into the place.
func (p *testPlace) tutorial(name string) string {
	p.t.Helper()
	data, err := notebooks.Tutorials.ReadFile(name)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.write(name, string(data))
}

// sameAsStored compares a notebook that another program executed with the
// outputs that the tutorial has stored.
func (p *testPlace) sameAsStored(name, executed string) {
	p.t.Helper()
	data, err := notebooks.Tutorials.ReadFile(name)
	if err != nil {
		p.t.Fatal(err)
	}
	stored, err := nbformat.Parse(data)
	if err != nil {
		p.t.Fatal(err)
	}
	got, err := nbformat.ReadFile(executed)
	if err != nil {
		p.t.Fatal(err)
	}
	diffs, err := run.Compare(stored, got)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, d := range diffs {
		p.t.Errorf("%s\n%v", name, d)
	}
}

func TestTutorialsAreValid(t *testing.T) {
	names, err := filepath.Glob("../../notebooks/*.ipynb")
	if err != nil || len(names) == 0 {
		t.Fatalf("no tutorials (%v)", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := nbformat.Validate(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		nb, err := nbformat.Parse(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := nb.Marshal()
		if err != nil || string(again) != string(data) {
			t.Errorf("%s is not laid out as Jupyter writes it (%v)", name, err)
		}
		if nb.KernelName() != kernelName {
			t.Errorf("%s is for the kernel %q", name, nb.KernelName())
		}
	}
}

// TestTutorials runs every tutorial and compares with its stored outputs.
func TestTutorials(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the time of all the tutorials")
	}
	names, err := filepath.Glob("../../notebooks/*.ipynb")
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file := p.tutorial(filepath.Base(name))
			if out := p.poolbook("test", file); out.code != 0 {
				t.Errorf("exit code %d\n%s%s", out.code, out.stdout, out.stderr)
			}
		})
	}
}

func TestRunNotebook(t *testing.T) {
	p := newPlace(t)
	cells := func(sources ...string) string {
		nb := nbformat.New()
		for _, s := range sources {
			nb.Cells = append(nb.Cells, &nbformat.Cell{Type: nbformat.Code, ID: nb.NewID(s), Source: s})
		}
		data, err := nb.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	p.write("good.ipynb", cells("x := 20", "fmt.Println(x)", "x * 2 + 2"))
	p.write("bad.ipynb", cells("fmt.Println(1)", "var xs []int\nxs[3]", "fmt.Println(3)"))
	p.write("slow.ipynb", cells("for {\n}"))

	out := p.poolbook("run", "good.ipynb")
	if out.code != 0 || out.stdout != "20\n42\n" {
		t.Errorf("run: %+v", out)
	}
	out = p.poolbook("run", "good.ipynb", "-o", "out.ipynb")
	nb, err := nbformat.ReadFile(p.file("out.ipynb"))
	if err != nil || out.code != 0 || nb.Cells[2].Outputs[0].Data.Text("text/plain") != "42" || nb.KernelName() != kernelName {
		t.Errorf("run -o: %+v, %v", out, err)
	}
	for name, want := range map[string]string{"out.html": "42</pre>", "out.go": "x * 2 + 2\n"} {
		out = p.poolbook("run", "good.ipynb", "-o", name)
		if text, err := os.ReadFile(p.file(name)); err != nil || out.code != 0 || !strings.Contains(string(text), want) {
			t.Errorf("run -o %s: %+v, %v\n%s", name, out, err, text)
		}
	}
	if out = p.poolbook("run", "good.ipynb", "-o", "out.odt"); out.code != exitUsage || !strings.Contains(out.stderr, ".ipynb, .html, .pdf or .go") {
		t.Errorf("run -o out.pdf: %+v", out)
	}
	out = p.poolbook("run", "bad.ipynb", "-o", "out.ipynb")
	if out.code != 1 || !strings.Contains(out.stderr, "cell 2") || !strings.Contains(out.stderr, "index out of range") {
		t.Errorf("run of a cell that fails: %+v", out)
	}
	if nb, err = nbformat.ReadFile(p.file("out.ipynb")); err != nil || nb.Cells[1].Outputs[0].Type != nbformat.ErrorOutput || len(nb.Cells[2].Outputs) != 0 {
		t.Errorf("its outputs were not written (%v)", err)
	}
	before, err := os.ReadFile(p.file("bad.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	p.poolbook("run", "bad.ipynb", "--inplace")
	if after, err := os.ReadFile(p.file("bad.ipynb")); err != nil || string(after) != string(before) {
		t.Errorf("--inplace changed a notebook whose run failed (%v)", err)
	}
	out = p.poolbook("run", "bad.ipynb", "--inplace", "--allow-errors")
	if nb, err = nbformat.ReadFile(p.file("bad.ipynb")); out.code != 0 || err != nil || nb.Cells[2].Outputs[0].Text != "3\n" {
		t.Errorf("run --inplace --allow-errors: %+v (%v)", out, err)
	}
	out = p.poolbook("run", "slow.ipynb", "--timeout", "1s")
	if out.code != 1 || !strings.Contains(out.stderr, "cell 1") || !strings.Contains(out.stderr, "longer than 1s") {
		t.Errorf("run --timeout: %+v", out)
	}

	if out = p.poolbook("test", "out.ipynb"); out.code != 1 || !strings.Contains(out.stdout, "0 passed, 1 failed") {
		t.Errorf("test of a notebook that fails: %+v", out)
	}
	if out = p.poolbook("test", "good.ipynb"); out.code != 1 || !strings.Contains(out.stdout, "+ 42") {
		t.Errorf("test of a notebook without outputs: %+v", out)
	}
	if out = p.poolbook("test", "--update", "good.ipynb"); out.code != 0 {
		t.Errorf("test --update: %+v", out)
	}
	if out = p.poolbook("test", "good.ipynb"); out.code != 0 || !strings.Contains(out.stdout, "1 passed, 0 failed") {
		t.Errorf("test after --update: %+v", out)
	}
}

func TestRunProgram(t *testing.T) {
	p := newPlace(t)
	p.write("hello.go", "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() {\n\tfmt.Println(\"hello\", os.Args[1:])\n\tos.Exit(3)\n}\n")
	if out := p.poolbook("run", "hello.go", "--", "-x", "y"); out.code != 3 || out.stdout != "hello [-x y]\n" {
		t.Errorf("run: %+v", out)
	}
	p.write("other.go", "package main\n\nfunc greeting() string { return \"hi\" }\n")
	p.write("two.go", "package main\n\nfunc main() { println(greeting()) }\n")
	if out := p.poolbook("run", "two.go", "other.go"); out.code != 0 || out.stderr != "hi\n" {
		t.Errorf("run of two files: %+v", out)
	}
	if out := p.poolbook("run", "hello.go", "x", "other.go", "--", "-y"); out.code != 3 || out.stdout != "hello [x other.go -y]\n" {
		t.Errorf("run with arguments: %+v", out)
	}
	if out := p.poolbook("run", "two.go"); out.code != 1 || !strings.Contains(out.stderr, "undefined: greeting") || strings.Contains(out.stderr, "hint") {
		t.Errorf("run of one file of a program: %+v", out)
	}
	p.write("panic.go", "package main\n\nfunc main() {\n\tvar m map[string]int\n\tm[\"a\"] = 1\n}\n")
	if out := p.poolbook("run", "panic.go"); out.code != 2 || !strings.Contains(out.stderr, "panic.go") || !strings.Contains(out.stderr, "nil map") {
		t.Errorf("run of a program that panics: %+v", out)
	}
	p.write("wrong.go", "package main\n\nfunc main() {\n\tx := 1 + \"a\"\n\t_ = x\n}\n")
	if out := p.poolbook("run", "wrong.go"); out.code != 1 || !strings.Contains(out.stderr, "wrong.go") || !strings.Contains(out.stderr, "line 4") {
		t.Errorf("run of a program that does not compile: %+v", out)
	}
}

// TestRunFolder holds that a folder is run as Go runs it: without its tests and what is for other systems, with the
// packages of its module.
func TestRunFolder(t *testing.T) {
	p := newPlace(t)
	for name, text := range map[string]string{
		"go.mod":                 "module example.com/m\n\ngo 1.26\n",
		"twice/twice.go":         "package twice\n\nfunc Of(n int) int { return 2 * n }\n",
		"cmd/m/main.go":          "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\n\t\"example.com/m/twice\"\n)\n\nfunc main() { fmt.Println(twice.Of(half), os.Args[1:]) }\n",
		"cmd/m/half.go":          "package main\n\nconst half = 21\n",
		"cmd/m/half_plan9.go":    "package main\n\nconst half = 9\n",
		"cmd/m/m_test.go":        "package main\n\nimport \"testing\"\n\nfunc TestM(t *testing.T) {}\n",
		"cmd/m/generate.go":      "//go:build ignore\n\npackage main\n\nfunc main() {}\n",
		"cmd/m/testdata/data.go": "package data\n",
	} {
		if err := os.MkdirAll(filepath.Dir(p.file(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		p.write(name, text)
	}
	if err := os.Mkdir(p.file("empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args        []string
		code        int
		out, errors string
	}{
		{[]string{"run", "cmd/m", "a.txt", "--", "-v"}, 0, "42 [a.txt -v]\n", ""},
		{[]string{"run", "cmd/m/main.go", "cmd/m/half.go"}, 0, "42 []\n", ""},
		{[]string{"run", "cmd/m/main.go"}, 1, "", "poolbook run cmd/m"},
		{[]string{"run", "cmd/m/half.go"}, 1, "", "no func main"},
		{[]string{"run", "twice"}, 1, "", "package twice"},
		{[]string{"run", "empty"}, 1, "", "no Go files"},
		{[]string{"run", "nowhere"}, 1, "", "nowhere: no such file"},
		{[]string{"run", "go.mod"}, 2, "", "only notebooks"},
	} {
		if out := p.poolbook(tt.args...); out.code != tt.code || out.stdout != tt.out || !strings.Contains(out.stderr, tt.errors) {
			t.Errorf("%v: %+v; want %q, code %d and %q", tt.args, out, tt.out, tt.code, tt.errors)
		}
	}
}

// TestRunProgramWithPool holds that a program's pools have worker processes, whose errors name its files.
func TestRunProgramWithPool(t *testing.T) {
	p := newPlace(t)
	p.write("main.go", `package main

import (
	"fmt"
	"os"

	"poolbook/pool"
)

var offset = 100

func main() {
	p := pool.New(pool.Processes(2))
	defer p.Close()
	offset += 10
	k := 7
	fmt.Println(pool.Map(p, square, []int{1, 2, 3}))
	fmt.Println(pool.Map(p, func(n int) int { return n*k + offset }, []int{1, 2, 3}))
	fmt.Println(pool.Map(p, vector{1, 2}.scaled, []int{1, 2}))
	fmt.Println(pool.Map(p, measure, []shape{disc{1}, disc{2}}))
	fmt.Println(pool.Map(p, step.run, []step{{square, 3}, {func(n int) int { return -n }, 4}, {max1[int], 0}}))
	fmt.Println(pool.Map(p, step.run, []step{{func(n int) int { return k * n }, 1}}))
	pids, err := pool.Map(p, func(int) int { return os.Getpid() }, []int{1, 2, 3})
	for _, pid := range pids {
		fmt.Println("elsewhere", pid > 1 && pid != os.Getpid(), err)
	}
	_, err = pool.Map(p, inverse, []int{1, 0})
	fmt.Println(err)
}
`)
	p.write("other.go", `package main

type vector struct{ x, y int }

func (v vector) scaled(n int) vector { return vector{v.x * n, v.y * n} }

type shape interface{ Area() int }

type disc struct{ r int }

func (d disc) Area() int { return 3 * d.r * d.r }

func measure(s shape) shape { return disc{s.Area()} }

func square(n int) int { return n * n }

type step struct {
	do func(int) int
	n  int
}

func (s step) run() int { return s.do(s.n) }

func max1[T int | float64](v T) T { return max(v, 1) }

func inverse(n int) int {
	return 10 / n
}
`)
	out := p.poolbook("run", "main.go", "other.go")
	want := "[1 4 9] <nil>\n[117 124 131] <nil>\n[{1 2} {2 4}] <nil>\n[{3} {12}] <nil>\n[9 -4 1] <nil>\n" +
		"[7] <nil>\n" + strings.Repeat("elsewhere true <nil>\n", 3)
	rest, ok := strings.CutPrefix(out.stdout, want)
	if out.code != 0 || !ok || !strings.Contains(rest, "divide by zero") || !strings.Contains(rest, "other.go, line 27, in inverse") {
		t.Errorf("got %+v, want output that begins with %q", out, want)
	}
}

// TestKilledWorker holds that a worker that dies in the middle of a map is an
// error in the cell at once, and that the next cell works.
func TestKilledWorker(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	k := p.kernel(ctx)
	cell := func(code string, onText func(string)) (*protocol.ExecuteReply, string) {
		var text strings.Builder
		reply, err := k.Execute(ctx, code, client.ExecuteOptions{}, func(m *protocol.Message) error {
			if m.Header.Type == protocol.TypeStream {
				s, err := protocol.Decode[protocol.Stream](m)
				if err != nil {
					return err
				}
				text.WriteString(s.Text)
				if onText != nil {
					onText(text.String())
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return reply, text.String()
	}
	var killed time.Time
	reply, text := cell(`func nap(n int) int { fmt.Println("napping"); time.Sleep(10 * time.Minute); return n }
p := pool.New(pool.Processes(1))
_, err := pool.Map(p, nap, []int{7})
fmt.Println("got", err)
var lost *pool.WorkerLostError
fmt.Println("lost:", errors.As(err, &lost))`, func(s string) {
		if strings.Contains(s, "napping") && killed.IsZero() {
			killed = time.Now()
			for _, pid := range p.matching("worker --pipe") {
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Errorf("kill a worker: %v", err)
				}
			}
		}
	})
	if took := time.Since(killed); killed.IsZero() || took > 5*time.Second {
		t.Errorf("the cell ended %v after its worker was killed", took)
	}
	if reply.Status != protocol.StatusOK || !strings.Contains(text, "killed") || !strings.Contains(text, "lost: true") {
		t.Errorf("status %s, output %q", reply.Status, text)
	}
	reply, text = cell(`squares, err := pool.Map(p, func(n int) int { return n * n }, []int{1, 2, 3})
fmt.Println(squares, err)`, nil)
	if reply.Status != protocol.StatusOK || text != "[1 4 9] <nil>\n" {
		t.Errorf("the next cell: status %s, output %q", reply.Status, text)
	}
}

// TestInterruptBySignal holds that SIGINT, as front ends and Ctrl-C send it,
// ends the cell and not the kernel.
func TestInterruptBySignal(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	k := p.kernel(ctx)
	for round := range 2 {
		sent := false
		reply, err := k.Execute(ctx, "kept := 41\nfmt.Println(\"begin\")\nfor {\n}", client.ExecuteOptions{}, func(m *protocol.Message) error {
			if m.Header.Type != protocol.TypeStream || sent {
				return nil
			}
			sent = true
			for _, pid := range p.matching("kernel -f") {
				if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
					t.Errorf("interrupt the kernel: %v", err)
				}
			}
			return nil
		})
		if err != nil || reply.Status != protocol.StatusError || reply.ErrorInfo == nil || reply.Name != "KeyboardInterrupt" {
			t.Fatalf("round %d: %+v, %v", round, reply, err)
		}
	}
	reply, err := k.Execute(ctx, "kept + 1", client.ExecuteOptions{}, nil)
	if err != nil || reply.Status != protocol.StatusOK {
		t.Errorf("the next cell: %+v, %v", reply, err)
	}
}

// TestMemoryRefused holds that a kernel which the system refuses more memory, with
// the limit that we set ourselves off, ends with a word about it and without the
// stacks of its goroutines.
func TestMemoryRefused(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("ulimit -v has no effect here")
	}
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	k, err := client.Start(ctx, client.Spec{
		Argv: []string{"sh", "-c", "ulimit -v 2000000; exec \"$0\" kernel -f \"$1\"", program(t), "{connection_file}"}, InterruptMode: client.InterruptMessage,
	}, client.Options{Dir: p.dir, ConnectionDir: p.dir, Env: append(p.env(), memoryEnv+"=off")})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Shutdown(ctx)
	_, err = k.Execute(ctx, "var all [][]byte\nfor {\n\tall = append(all, make([]byte, 1<<20))\n}", client.ExecuteOptions{}, nil)
	var died *client.DiedError
	if !errors.As(err, &died) || !died.NoMemory() {
		t.Fatalf("Execute = %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "fatal error: ") || strings.Contains(text, "goroutine") {
		t.Errorf("the text is %q", text)
	}
}

// TestKernelKilled holds that the workers end with their kernel.
func TestKernelKilled(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	k := p.kernel(ctx)
	started := false
	_, err := k.Execute(ctx, busyWorkers+"\nnaps.Wait()", client.ExecuteOptions{}, func(m *protocol.Message) error {
		if m.Header.Type != protocol.TypeStream || started {
			return nil
		}
		started = true
		for _, pid := range p.matching("kernel -f") {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Errorf("kill the kernel: %v", err)
			}
		}
		return nil
	})
	var died *client.DiedError
	if !errors.As(err, &died) {
		t.Errorf("Execute = %v, want a *client.DiedError", err)
	}
	waitUntil(t, 5*time.Second, "all processes have ended", func() bool { return len(p.processes()) == 0 })
}

// TestRunKeepsDamagedText holds that no run loses what is no text in a notebook.
func TestRunKeepsDamagedText(t *testing.T) {
	p := newPlace(t)
	text := strings.Replace(notebookText("1 + 1"), "1 + 1", "// caf\xe9\\n1 + 1", 1)
	p.write("n.ipynb", text)
	for _, args := range [][]string{{"--inplace"}, {"-o", "n.ipynb"}} {
		out := p.poolbook(append([]string{"run", "n.ipynb"}, args...)...)
		if out.code != 1 || !strings.Contains(out.stderr, "the byte 0xE9 is not UTF-8") {
			t.Errorf("%v: %+v", args, out)
		}
	}
	if data, err := os.ReadFile(p.file("n.ipynb")); err != nil || string(data) != text {
		t.Errorf("the file is %q now (%v)", data, err)
	}
	if out := p.poolbook("run", "n.ipynb", "-o", "done.ipynb"); out.code != 0 {
		t.Errorf("to another file: %+v", out)
	}
}

// TestRunOldAndEmptyNotebooks holds that run takes what the page opens.
func TestRunOldAndEmptyNotebooks(t *testing.T) {
	p := newPlace(t)
	p.write("mark.ipynb", "\xef\xbb\xbf"+notebookText("6 * 7"))
	p.write("old.ipynb", `{"metadata":{},"nbformat":3,"nbformat_minor":0,"worksheets":[{"cells":[{"cell_type":"code","input":["6 * 7"],"outputs":[]}]}]}`)
	p.write("empty.ipynb", "")
	for name, want := range map[string]string{"mark": "42", "old": "42", "empty": ""} {
		if out := p.poolbook("run", name+".ipynb"); out.code != 0 || strings.TrimSpace(out.stdout) != want {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

// notebookText is a notebook of code cells.
func notebookText(cells ...string) string {
	nb := &nbformat.Notebook{}
	for _, source := range cells {
		nb.Cells = append(nb.Cells, &nbformat.Cell{Type: nbformat.Code, Source: source})
	}
	text, err := nb.Marshal()
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestReplacedProgram holds that pools work on when the program's file has been replaced, as by an update, while the kernel runs.
func TestReplacedProgram(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can run a program whose file has gone")
	}
	p := newPlace(t)
	kept := p.file("program")
	if err := copyProgram(program(t), kept); err != nil {
		t.Fatal(err)
	}
	p.write("n.ipynb", poolNotebook(`if err := os.Remove("program"); err != nil { panic(err) }
if err := os.WriteFile("program", []byte("#!/bin/sh\nexit 9\n"), 0o755); err != nil { panic(err) }`))
	if out := p.run(time.Minute, "", kept, "run", "n.ipynb"); out.code != 0 || !strings.Contains(out.stdout, "[1 4 9] <nil>") {
		t.Errorf("%+v", out)
	}
}

// poolNotebook uses a pool, after a first cell.
func poolNotebook(first string) string {
	return notebookText(first, "p := pool.New(pool.Processes(2))\nr, err := pool.Map(p, func(n int) int { return n * n }, []int{1, 2, 3})\nfmt.Println(r, err)")
}
