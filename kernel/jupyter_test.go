package kernel

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// python is Debian's, which has the Jupyter packages; another one on PATH may not.
const python = "/usr/bin/python3"

// needsPython skips the test visibly when a package is missing, and fails it when REQUIRE_ALL=1.
func needsPython(t *testing.T, modules ...string) {
	t.Helper()
	out, err := exec.Command(python, "-c", "import "+strings.Join(modules, ", ")).CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("REQUIRE_ALL") == "1" {
		t.Fatalf("required: %v: %v\n%s", modules, err, out)
	}
	t.Skipf("not installed: %v: %v", modules, err)
}

// TestJupyter runs stock clients against the echo kernel, found by its kernelspec.
func TestJupyter(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Python and takes many seconds")
	}
	for script, modules := range map[string][]string{
		"kernel_test_suite.py": {"jupyter_kernel_test"},
		"client.py":            {"jupyter_client", "zmq"},
		"curve.py":             {"jupyter_client", "zmq"},
		"notebook.py":          {"nbclient", "nbconvert", "nbformat"},
		"hostile.py":           {"jupyter_client", "zmq"},
	} {
		t.Run(script, func(t *testing.T) {
			needsPython(t, modules...)
			dir := t.TempDir()
			spec := filepath.Join(dir, "data", "kernels", "echo")
			if err := os.MkdirAll(spec, 0o755); err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal(map[string]any{"argv": echoSpec().Argv, "display_name": "Echo", "language": "echo"})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(spec, "kernel.json"), raw, 0o644); err != nil {
				t.Fatal(err)
			}
			path, err := filepath.Abs(filepath.Join("testdata", script))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, python, path)
			cmd.Dir = dir
			cmd.WaitDelay = time.Second
			cmd.Env = append(os.Environ(), "HOME="+dir, "JUPYTER_DATA_DIR="+filepath.Join(dir, "data"), "JUPYTER_RUNTIME_DIR="+filepath.Join(dir, "runtime"),
				"IPYTHONDIR="+dir, "ECHO_HISTORY="+filepath.Join(dir, "history"), "PYDEVD_DISABLE_FILE_VALIDATION=1")
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Error(err)
			}
			if script != "hostile.py" {
				return
			}
			for _, refused := range []string{"not signed", "wrong signature", "malformed message", "seen before", "peer breaks the ZMTP protocol"} {
				if !strings.Contains(string(out), refused) {
					t.Errorf("the kernel's log has nothing of %q", refused)
				}
			}
		})
	}
}
