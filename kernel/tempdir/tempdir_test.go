package tempdir

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestMain makes a folder in a process that TestMake starts, and lives until its input ends.
func TestMain(m *testing.M) {
	if os.Getenv("TEMPDIR_OWNER") != "" {
		dir, _, err := Make("x-")
		if err != nil {
			panic(err)
		}
		os.Stdout.WriteString(dir + "\n")
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // without removing it
	}
	os.Exit(m.Run())
}

// owner starts a process that owns a folder, and returns the folder and what ends the process.
func owner(t *testing.T) (dir string, end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEMPDIR_OWNER=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var name []byte
	for b := make([]byte, 1); ; {
		if _, err := out.Read(b); err != nil {
			t.Fatal(err)
		}
		if b[0] == '\n' {
			break
		}
		name = append(name, b[0])
	}
	return string(name), func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
}

// TestMake holds that what a process left that has ended is removed by the next, whatever number it had, and nothing else.
func TestMake(t *testing.T) {
	parent := t.TempDir()
	t.Setenv("TMPDIR", parent)
	t.Setenv("TMP", parent) // as Windows calls it
	stale, end := owner(t)
	end()
	living, end := owner(t)
	defer end()
	old := filepath.Join(parent, "x-0-1") // killed before it had a lock
	kept := []string{living, filepath.Join(parent, "x-other-1"), filepath.Join(parent, "x-"), filepath.Join(parent, "y-1-1")}
	for _, dir := range append(kept[1:], old) {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	mine, removeMine, err := Make("x-")
	if err != nil {
		t.Fatal(err)
	}
	made, remove, err := Make("x-")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range append(kept, mine, made) {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
	if err := removeMine(); err != nil {
		t.Error(err)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	for _, dir := range []string{stale, old, mine, made} {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", dir, err)
		}
	}
}
