//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"poolbook/kernel/client"
)

const (
	kernelName = "poolbook"
	token      = "a-token-for-measuring"
)

// place is a home of its own for the two servers, with the kernel installed.
type place struct {
	dir      string
	env      []string
	kernel   client.Spec
	commands map[string]func(port, notebooks string) []string
}

// The two that are compared.
const (
	ours    = "Poolbook"
	jupyter = "Jupyter"
)

func newPlace(dir string, o options) (*place, error) {
	data := filepath.Join(dir, "data")
	p := &place{dir: dir, env: append(os.Environ(), "HOME="+dir, "JUPYTER_DATA_DIR="+data, "JUPYTER_PATH="+data,
		"JUPYTER_RUNTIME_DIR="+filepath.Join(data, "runtime"), "JUPYTER_CONFIG_DIR="+filepath.Join(dir, "config"),
		"XDG_CONFIG_HOME="+filepath.Join(dir, "config"))}
	p.kernel = client.Spec{Name: kernelName, Argv: []string{o.poolbook, "kernel", "-f", "{connection_file}"}, InterruptMode: client.InterruptMessage}
	spec := filepath.Join(data, "kernels", kernelName)
	if err := os.MkdirAll(spec, 0o755); err != nil {
		return nil, err
	}
	about, err := json.Marshal(map[string]any{
		"argv": p.kernel.Argv, "display_name": "Go (Poolbook)", "language": "go", "interrupt_mode": p.kernel.InterruptMode,
	})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(spec, "kernel.json"), about, 0o644); err != nil {
		return nil, err
	}
	frontend, err := filepath.Abs(o.frontend)
	if err != nil {
		return nil, err
	}
	p.commands = map[string]func(port, notebooks string) []string{
		ours: func(port, notebooks string) []string {
			return []string{o.poolbook, "serve", "--no-browser", "--port", port, "--token", token, notebooks}
		},
		jupyter: func(port, notebooks string) []string {
			return []string{o.python, filepath.Join(frontend, "test/jupyterlab/lab.py"), filepath.Join(frontend, "dist/jupyterlab"), port, token, notebooks}
		},
	}
	return p, nil
}

// server is one of the two, running.
type server struct {
	name  string
	base  string // http://127.0.0.1:port
	dir   string // of its notebooks
	ready time.Duration
	cmd   *exec.Cmd
	log   bytes.Buffer // read after the end
}

// start starts a server and waits until it answers.
func (p *place) start(ctx context.Context, name string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	_ = l.Close()
	s := &server{name: name, base: "http://127.0.0.1:" + port, dir: filepath.Join(p.dir, "notebooks-"+port)}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		return nil, err
	}
	argv := p.commands[name](port, s.dir)
	s.cmd = exec.Command(argv[0], argv[1:]...)
	s.cmd.Dir, s.cmd.Env, s.cmd.Stdout, s.cmd.Stderr = p.dir, p.env, &s.log, &s.log
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for ctx.Err() == nil && time.Since(begun) < time.Minute {
		if err := s.call("GET", "/api/status", nil, nil); err == nil {
			s.ready = time.Since(begun)
			return s, nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	_, err = s.stop()
	return nil, fmt.Errorf("%s's server does not answer (%v)\n%s", name, err, s.log.String())
}

// stop ends the server and tells how long that took, with its kernels.
func (s *server) stop() (time.Duration, error) {
	begun := time.Now()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	timer := time.AfterFunc(2*time.Minute, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	_ = s.cmd.Wait() // its exit code is not what is measured
	http.DefaultClient.CloseIdleConnections()
	return time.Since(begun), nil
}

// call does a request of the REST API.
func (s *server) call(method, path string, body, into any) error {
	var data io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		data = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, s.base+path, data)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "token "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s: %s %s: %s: %s", s.name, method, path, res.Status, answer)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// memory is the proportional set size of a process, in MiB.
func memory(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("the memory of process %d is not known", pid)
}

// children are the processes that a process has started.
func children(pid int) ([]int, error) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that has ended
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				return nil, err
			}
			pids = append(pids, child)
		}
	}
	return pids, nil
}

// measureIdle: start, memory and end of a server that does nothing.
func measureIdle(ctx context.Context, p *place, _ options, t *table) error {
	start, used := map[string]sample{}, map[string]sample{}
	for range 3 {
		for _, name := range []string{ours, jupyter} {
			s, err := p.start(ctx, name)
			if err != nil {
				return err
			}
			mib, err := memory(s.cmd.Process.Pid)
			if _, stopErr := s.stop(); err == nil {
				err = stopErr
			}
			if err != nil {
				return err
			}
			start[name] = append(start[name], float64(s.ready.Milliseconds()))
			used[name] = append(used[name], mib)
		}
	}
	t.add("server: start to first answer, ms", start[ours], start[jupyter])
	t.add("server alone, MiB", used[ours], used[jupyter])
	return nil
}
