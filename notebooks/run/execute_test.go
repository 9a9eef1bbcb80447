package run

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"poolbook/kernel/client"
	"poolbook/notebooks/nbformat"
)

// startPython starts Debian's ipykernel: a kernel that this project did not
// write. The test is skipped, or fails when REQUIRE_ALL is set, without it.
func startPython(t *testing.T) *client.Kernel {
	t.Helper()
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import ipykernel").Run(); err != nil {
		if os.Getenv("REQUIRE_ALL") != "" {
			t.Fatalf("%s has no ipykernel: %v", python, err)
		}
		t.Skipf("%s has no ipykernel", python)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	k, err := client.Start(ctx, client.Spec{
		Argv: []string{python, "-m", "ipykernel_launcher", "-f", "{connection_file}"}, InterruptMode: client.InterruptSignal,
		Name: "python3", DisplayName: "Python", Language: "python",
	}, client.Options{ConnectionDir: t.TempDir(), Env: []string{"IPYTHONDIR=" + t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		end, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if err := k.Shutdown(end); err != nil {
			t.Errorf("shut the kernel down: %v", err)
		}
	})
	return k
}

// notebook makes one of code cells, each "source" or "source #tag".
func notebook(t *testing.T, sources ...string) *nbformat.Notebook {
	t.Helper()
	nb := nbformat.New()
	for _, s := range sources {
		c := &nbformat.Cell{Type: nbformat.Code, ID: nb.NewID(s), Source: s}
		if source, tag, ok := strings.Cut(s, " #"); ok {
			c.Source = source
			if err := c.Metadata.Set("tags", []string{tag}); err != nil {
				t.Fatal(err)
			}
		}
		nb.Cells = append(nb.Cells, c)
	}
	return nb
}

func summaries(t *testing.T, nb *nbformat.Notebook) []string {
	t.Helper()
	var out []string
	for _, c := range nb.Cells {
		out = append(out, summary(t, c))
	}
	return out
}

func TestNotebookInARealKernel(t *testing.T) {
	k := startPython(t)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()

	t.Run("outputs", func(t *testing.T) {
		nb := notebook(t, "print('a'); print('b')", "6 * 7", "", "raise SystemError('never') #skip-execution",
			"import sys; print('out', flush=True); print('err', file=sys.stderr)",
			"from IPython.display import display, clear_output\nprint('gone'); clear_output(wait=True); print('kept')",
			"h = display('0%', display_id='p')", "from IPython.display import update_display\nupdate_display('100%', display_id='p')",
			"1/0 #raises-exception", "print('last')")
		var steps []string
		err := Notebook(ctx, k, nb, Options{Timeout: time.Minute, Progress: func(s Step) {
			if s.Done && s.Err != nil {
				steps = append(steps, s.Err.Error())
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"stdout a\nb\n", "execute_result 42", "", "", "stdout out\n|stderr err\n", "stdout kept\n",
			"display_data '100%'", "", "error ZeroDivisionError division by zero", "stdout last\n"}
		if diff := cmp.Diff(want, summaries(t, nb)); diff != "" {
			t.Errorf("outputs (-want +got):\n%s", diff)
		}
		if len(steps) != 1 || !strings.HasPrefix(steps[0], "cell 9 (id ") {
			t.Errorf("failures reported: %q", steps)
		}
		if n := nb.Cells[0].ExecutionCount; n == nil || *n < 1 {
			t.Errorf("execution count %v", n)
		}
		if err := nb.Validate(); err != nil {
			t.Errorf("the notebook is not valid: %v", err)
		}
		var lang struct{ Name string }
		if _, err := nb.Metadata.Decode("language_info", &lang); err != nil || lang.Name != "python" {
			t.Errorf("language %q (%v)", lang.Name, err)
		}
	})

	t.Run("late output goes to the cell that caused it", func(t *testing.T) {
		gate := filepath.Join(t.TempDir(), "gate")
		nb := notebook(t, `import threading, os, time
def late():
    while not os.path.exists(r'`+gate+`'): time.sleep(.01)
    print('late', flush=True)
th = threading.Thread(target=late); th.start()`, "open(r'"+gate+"', 'w').close(); th.join(); print('second')")
		if err := Notebook(ctx, k, nb, Options{}); err != nil {
			t.Fatal(err)
		}
		all := strings.Join(summaries(t, nb), "|")
		// ipykernel gives a thread's output to the cell that started it only in
		// later versions: what matters is that nothing is lost.
		if !strings.Contains(all, "late") || !strings.Contains(all, "second") {
			t.Errorf("outputs %q", all)
		}
	})

	t.Run("stops at the first error", func(t *testing.T) {
		nb := notebook(t, "print(1)", "1/0", "print(3)")
		var failed *CellError
		err := Notebook(ctx, k, nb, Options{})
		if !errors.As(err, &failed) || failed.Cell != 2 || failed.EName != "ZeroDivisionError" {
			t.Fatalf("Notebook = %v, want a *CellError of cell 2", err)
		}
		if got := summaries(t, nb); got[2] != "" || got[1] == "" {
			t.Errorf("outputs %q", got)
		}
		if err := Notebook(ctx, k, nb, Options{AllowErrors: true}); err != nil {
			t.Fatal(err)
		}
		if got := summaries(t, nb); got[2] != "stdout 3\n" {
			t.Errorf("outputs with AllowErrors %q", got)
		}
	})

	t.Run("timeout", func(t *testing.T) {
		nb := notebook(t, "import time\nprint('begin', flush=True)\ntime.sleep(600)", "print('never')")
		var late *TimeoutError
		err := Notebook(ctx, k, nb, Options{Timeout: 500 * time.Millisecond})
		if !errors.As(err, &late) || late.Cell != 1 {
			t.Fatalf("Notebook = %v, want a *TimeoutError of cell 1", err)
		}
		got := summaries(t, nb)
		if !strings.HasPrefix(got[0], "stdout begin\n|error KeyboardInterrupt") || got[1] != "" {
			t.Errorf("outputs %q", got)
		}
	})

	t.Run("interrupt", func(t *testing.T) {
		run, stop := context.WithCancel(ctx)
		sub := k.Subscribe()
		defer sub.Close()
		go func() { // ends with the first stream message, or with ctx
			defer stop()
			for {
				in, err := sub.Next(ctx)
				if err != nil || in.Message != nil && in.Message.Header.Type == "stream" {
					return
				}
			}
		}()
		nb := notebook(t, "import time\nprint('begin', flush=True)\ntime.sleep(600)")
		err := Notebook(run, k, nb, Options{})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Notebook = %v, want context.Canceled", err)
		}
	})

	t.Run("an interrupt that comes too early is said again", func(t *testing.T) {
		nb := notebook(t, "import time\ntime.sleep(600)")
		var late *TimeoutError
		if err := Notebook(ctx, k, nb, Options{Timeout: time.Nanosecond}); !errors.As(err, &late) {
			t.Fatalf("Notebook = %v, want a *TimeoutError", err)
		}
	})

	t.Run("the kernel dies", func(t *testing.T) {
		nb := notebook(t, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
		var lost *KernelError
		err := Notebook(ctx, k, nb, Options{})
		if !errors.As(err, &lost) || lost.Cell != 1 {
			t.Fatalf("Notebook = %v, want a *KernelError of cell 1", err)
		}
	})
}
