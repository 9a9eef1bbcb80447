//go:build unix

package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLabExtension drives the pool panel as an extension of a whole JupyterLab, on Jupyter's own server with this kernel: the panel
// opens, and a map's progress arrives. `make lab-extension jupyterlab` builds what it needs.
func TestLabExtension(t *testing.T) {
	frontend, err := filepath.Abs("../../web/frontend")
	if err != nil {
		t.Fatal(err)
	}
	dist := filepath.Join(frontend, "dist")
	need(t, "node --version", "test -e "+frontend+"/node_modules/playwright-core", "test -x /usr/bin/chromium",
		"test -e "+dist+"/jupyterlab/templates/index.html", "test -e "+dist+"/labextension/package.json")
	needPython(t, "jupyterlab_server")
	p := newPlace(t)
	p.install()
	extension := p.file(".jupyter-data/labextensions/poolbook-pool")
	if err := os.CopyFS(extension, os.DirFS(filepath.Join(dist, "labextension"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.file("notebooks"), 0o755); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	const token = "a-token-of-the-test"
	var log bytes.Buffer
	lab := exec.Command(debianPython, filepath.Join(frontend, "test/jupyterlab/lab.py"), dist+"/jupyterlab", port, token, p.file("notebooks"))
	lab.Dir, lab.Env, lab.Stdout, lab.Stderr = p.dir, p.env(), &log, &log
	if err := lab.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = lab.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(20*time.Second, func() { _ = lab.Process.Kill() })
		defer timer.Stop()
		_ = lab.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	base := "http://127.0.0.1:" + port
	waitUntil(t, 30*time.Second, "Jupyter's server answers", func() bool {
		resp, err := http.Get(base + "/api")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	cmd := exec.Command("node", "test/extension.mjs", base+"/?token="+token)
	cmd.Dir = frontend
	cmd.Env = append(p.env(), "SCREENSHOTS="+os.Getenv("SCREENSHOTS"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v", err)
	}
	for line := range strings.Lines(string(out)) {
		t.Log(strings.TrimRight(line, "\n"))
	}
}

// freePort is a port that nobody listened on just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
