package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// smallDisk makes a folder that is a disk of 256 kB for the programs which onDisk runs.
func (p *testPlace) smallDisk() {
	p.t.Helper()
	if err := os.Mkdir(p.file("disk"), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if out := p.onDisk("true"); out.code != 0 {
		if os.Getenv("REQUIRE_ALL") != "" && os.Getuid() == 0 {
			p.t.Fatalf("no disk of its own: %+v", out)
		}
		p.t.Skipf("needs the right to mount a disk of its own: %s", out.stderr)
	}
}

// onDisk runs a shell command with the small disk, which is gone when it has ended.
func (p *testPlace) onDisk(command string) output {
	p.t.Helper()
	unshare := []string{"unshare", "--mount"}
	if os.Getuid() != 0 {
		unshare = append(unshare, "--map-root-user")
	}
	script := "mount -t tmpfs -o size=256k none disk && cd . && POOLBOOK='" + program(p.t) + "' && " + command
	args := append(unshare[1:], "sh", "-c", script)
	if _, err := exec.LookPath(unshare[0]); err != nil {
		return output{code: 1, stderr: err.Error()}
	}
	return p.run(2*time.Minute, "", unshare[0], args...)
}

// fill leaves no room on the small disk.
const fill = "{ cat /dev/zero > disk/full; } 2> /dev/null; "

// TestFullDisk holds that a full disk ends no kernel and loses no file, and is named where somebody waits for what it cannot hold.
func TestFullDisk(t *testing.T) {
	p := newPlace(t)
	p.smallDisk()
	p.write("pool.ipynb", poolNotebook(`fmt.Println("begins")`))
	// The cell itself fills the disk while the kernel runs.
	p.write("fills.ipynb", poolNotebook(`f, err := os.Create(filepath.Join(os.TempDir(), "fill"))
for err == nil {
	_, err = f.Write(make([]byte, 4096))
}
fmt.Println("filled:", errors.Is(err, syscall.ENOSPC))`))
	const noHome = "env -u HOME -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u JUPYTER_DATA_DIR -u JUPYTER_RUNTIME_DIR -u JUPYTER_CONFIG_DIR "
	home := func(dir string) string {
		return noHome + "HOME=" + dir + " "
	}
	for name, tt := range map[string]struct {
		command string
		code    int
		want    []string // parts of stdout and stderr
	}{
		"temporary folder full":         {fill + `TMPDIR=$PWD/disk "$POOLBOOK" run pool.ipynb`, 0, []string{"[1 4 9] <nil>"}},
		"temporary folder fills":        {`TMPDIR=$PWD/disk "$POOLBOOK" run fills.ipynb`, 0, []string{"filled: true", "[1 4 9] <nil>"}},
		"temporary folder read-only":    {`mount -o remount,ro disk; TMPDIR=$PWD/disk "$POOLBOOK" run pool.ipynb`, 0, []string{"[1 4 9] <nil>"}},
		"temporary folder is missing":   {`TMPDIR=$PWD/none "$POOLBOOK" run pool.ipynb`, 0, []string{"[1 4 9] <nil>"}},
		"home full":                     {fill + home("$PWD/disk") + `"$POOLBOOK" run pool.ipynb`, 0, []string{"[1 4 9] <nil>"}},
		"home read-only":                {"mount -o remount,ro disk; " + home("$PWD/disk") + `"$POOLBOOK" run pool.ipynb`, 0, []string{"[1 4 9] <nil>"}},
		"no home":                       {noHome + `"$POOLBOOK" run pool.ipynb && test ! -e .local`, 0, []string{"[1 4 9] <nil>"}},
		"install without home":          {noHome + `"$POOLBOOK" install`, 1, []string{"HOME is not set", "--prefix"}},
		"notebook on a full disk":       {"echo old > disk/a.ipynb; " + fill + `"$POOLBOOK" run pool.ipynb -o disk/a.ipynb; echo $?; cat disk/a.ipynb`, 0, []string{"write disk/a.ipynb: no space left on device", "1\nold\n"}},
		"page on a full disk":           {"echo old > disk/a.html; " + fill + `"$POOLBOOK" run pool.ipynb -o disk/a.html; echo $?; cat disk/a.html; ls -A disk`, 0, []string{"write disk/a.html: no space left on device", "1\nold\na.html\nfull\n"}},
		"program text on a full disk":   {"echo old > disk/a.go; " + fill + `"$POOLBOOK" run pool.ipynb -o disk/a.go; echo $?; cat disk/a.go; ls -A disk`, 0, []string{"write disk/a.go: no space left on device", "1\nold\na.go\nfull\n"}},
		"kernelspec on a full disk":     {fill + `"$POOLBOOK" install --prefix disk`, 1, []string{"no space left on device"}},
		"the notebook's folder is full": {"cp pool.ipynb disk; " + fill + `"$POOLBOOK" run disk/pool.ipynb`, 0, []string{"[1 4 9] <nil>"}},
	} {
		t.Run(name, func(t *testing.T) {
			out := p.onDisk(tt.command)
			if out.code != tt.code {
				t.Errorf("exit code %d, want %d", out.code, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.stdout, want) && !strings.Contains(out.stderr, want) {
					t.Errorf("no %q", want)
				}
			}
			if strings.Contains(out.stderr, "goroutine ") || t.Failed() {
				t.Errorf("stdout: %.3000s\nstderr: %.3000s", out.stdout, out.stderr)
			}
		})
	}
}
