package tempdir

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// TestMake holds that what a process left that has ended is removed by the next, and nothing else.
func TestMake(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	t.Setenv("TMP", parent) // as Windows calls it
	gone := exec.Command(os.Args[0], "-test.run=^$")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(parent, "x-"+strconv.Itoa(gone.Process.Pid)+"-1")
	kept := []string{
		filepath.Join(parent, "x-"+strconv.Itoa(os.Getpid())+"-1"),
		filepath.Join(parent, "x-other-1"), filepath.Join(parent, "x-0-1"), filepath.Join(parent, "x-"), filepath.Join(parent, "y-1-1"),
	}
	for _, dir := range append(kept, stale) {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	made, err := Make("x-")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range append(kept, made) {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", stale, err)
	}
}
