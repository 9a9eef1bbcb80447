//go:build unix

package main

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The tests in this file hold that stock Jupyter, as Debian packages it, works
// with this kernel.

// needModule skips or fails the test unless Debian's Python has the module.
func needModule(t *testing.T, module string) {
	t.Helper()
	need(t, debianPython+" -m "+module+" --version")
}

// needPython is the same for a module that is no command.
func needPython(t *testing.T, module string) {
	t.Helper()
	if err := exec.Command(debianPython, "-c", "import "+module).Run(); err != nil {
		if os.Getenv("REQUIRE_ALL") != "" {
			t.Fatalf("%s: %v", module, err)
		}
		t.Skipf("needs Python's module %s", module)
	}
}

func TestNBClient(t *testing.T) {
	needModule(t, "jupyter_core")
	p := newPlace(t)
	p.install()
	names, err := filepath.Glob("../../notebooks/*.ipynb")
	if err != nil || len(names) == 0 {
		t.Fatalf("no tutorials (%v)", err)
	}
	for _, name := range names {
		name = filepath.Base(name)
		t.Run(name, func(t *testing.T) {
			p.tutorial(name)
			out := p.run(5*time.Minute, "", debianPython, "-c", `
import nbformat, nbclient, sys
nb = nbformat.read(sys.argv[1], as_version=4)
for c in nb.cells:
    if c.cell_type == "code": c.outputs, c.execution_count = [], None
nbclient.NotebookClient(nb, timeout=60, kernel_name="poolbook").execute()
# nbclient stops listening to a cell when it is idle: what its workers print later is not there to be compared.
for c, was in zip(nb.cells, nbformat.read(sys.argv[1], as_version=4).cells):
    if "late-output" in c.metadata.get("tags", []): c.outputs = was.outputs
nbformat.validate(nb)
nbformat.write(nb, "done.ipynb")
`, name)
			if out.code != 0 {
				t.Fatalf("nbclient: %+v", out)
			}
			p.sameAsStored(name, p.file("done.ipynb"))
		})
	}
}

func TestNBConvert(t *testing.T) {
	needModule(t, "nbconvert")
	p := newPlace(t)
	p.install()
	p.tutorial("01-map-async.ipynb")
	out := p.run(5*time.Minute, "", debianPython, "-m", "nbconvert", "--execute", "--to", "html", "--template", "classic", "01-map-async.ipynb")
	if out.code != 0 {
		t.Fatalf("nbconvert: %+v", out)
	}
	page, err := os.ReadFile(p.file("01-map-async.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Processing...", "Squared numbers: [1 4 9 16 25]"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q", want)
		}
	}
}

func TestJupyterConsole(t *testing.T) {
	needModule(t, "jupyter_console")
	p := newPlace(t)
	p.install()
	in := "x := 6\nx * 7\nfmt.Println(\"from the console\")\nquit\n"
	out := p.run(2*time.Minute, in, debianPython, "-m", "jupyter_console", "--kernel", "poolbook", "--simple-prompt")
	if !strings.Contains(out.stdout, "42") || !strings.Contains(out.stdout, "from the console") {
		t.Errorf("jupyter console: %+v", out)
	}
}

// jupyter run hands the names of its files to the kernel too.
func TestJupyterRun(t *testing.T) {
	needPython(t, "jupyter_client")
	p := newPlace(t)
	p.install()
	if err := os.WriteFile(p.file("cell.go"), []byte("fmt.Println(6 * 7)\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out := p.run(2*time.Minute, "", debianPython, "-c", "from jupyter_client.runapp import RunApp; RunApp.launch_instance()", "--kernel", "poolbook", "cell.go")
	if out.code != 0 || out.stdout != "42\n" {
		t.Errorf("jupyter run: %+v", out)
	}
}

// TestJupyterClient runs the scripts in testdata/jupyter, each with the installed
// kernel: the whole protocol through stock clients.
func TestJupyterClient(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python many times")
	}
	scripts, err := filepath.Glob("testdata/jupyter/*.py")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts (%v)", err)
	}
	modules := map[string]string{"conformance.py": "jupyter_kernel_test", "parameters.py": "nbclient"}
	for _, script := range scripts {
		name := filepath.Base(script)
		t.Run(name, func(t *testing.T) {
			needPython(t, cmp.Or(modules[name], "jupyter_client"))
			p := newPlace(t)
			p.install()
			path, err := filepath.Abs(script)
			if err != nil {
				t.Fatal(err)
			}
			out := p.run(5*time.Minute, "", debianPython, path)
			t.Logf("%s%s", out.stdout, out.stderr)
			if out.code != 0 {
				t.Errorf("exit code %d", out.code)
			}
		})
	}
}
