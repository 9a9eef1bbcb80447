//go:build unix

package pool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"poolbook/pool"
	"poolbook/pool/core"
	"poolbook/pool/worker"
)

// patience is after which time what a test waits for hangs: machines are busy, and the race detector is slow.
const patience = 2 * time.Minute

// workerEnv makes the test binary a worker process.
const workerEnv = "POOL_TEST_WORKER"

func TestMain(m *testing.M) {
	switch os.Getenv(workerEnv) {
	case "":
		if os.Getenv("GORACE") == "" { // workers are whole processes: a race in one would only be more output
			os.Setenv("GORACE", "halt_on_error=1")
		}
		setHost(&core.Host{})
		code := m.Run()
		if left := children(); len(left) > 0 {
			fmt.Println("child processes are left:", left)
			code = 1
		}
		os.Exit(code)
	case "late": // a worker that begins when there is a file
		for name := os.Getenv("POOL_TEST_LATE"); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(name); err == nil {
				break
			}
		}
		fallthrough
	case "worker":
		in, out, err := worker.Pipes()
		if err == nil {
			err = worker.Main(context.Background(), in, out, open)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "broken":
		fmt.Fprintln(os.Stderr, "broken on purpose")
		os.Exit(7)
	}
}

// function is one that workers can run: the stand-in of a code unit.
type function struct {
	value   reflect.Value
	vars    []string // variables it reads
	assigns []string
}

var functions = map[string]function{}

// variables are what the functions read: the stand-in of a session's variables.
var variables = map[string]reflect.Value{}

func register(fn any, vars ...string) {
	v := reflect.ValueOf(fn)
	functions[runtime.FuncForPC(v.Pointer()).Name()] = function{value: v, vars: vars}
}

func registerInit(fn any, vars, assigns []string) {
	v := reflect.ValueOf(fn)
	functions[runtime.FuncForPC(v.Pointer()).Name()] = function{value: v, vars: vars, assigns: assigns}
}

// names are the types of values in interfaces.
type names struct{}

var typesByName = map[string]reflect.Type{}

func registerType(t reflect.Type) { typesByName[t.String()] = t }

func (names) TypeName(t reflect.Type) (string, error) {
	if typesByName[t.String()] == t {
		return t.String(), nil
	}
	return "", errors.New("its type is not known to workers")
}

func (names) TypeByName(n string) (reflect.Type, error) {
	if t, ok := typesByName[n]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("no type %s", n)
}

// evaluator is the worker's side.
type evaluator struct {
	names
	env worker.Env
}

func (e evaluator) Load(_ string, payload []byte) (worker.Func, error) {
	f, ok := functions[string(payload)]
	if !ok {
		return nil, fmt.Errorf("no function %s", payload)
	}
	return f, nil
}

func (f function) Value() reflect.Value { return f.value }

func (f function) Var(id string) (reflect.Value, bool) {
	v, ok := variables[id]
	return v, ok
}

// printTo is where tasks print by way of the evaluator.
var printTo worker.Env

func open(env worker.Env) (worker.Evaluator, error) {
	printTo = env
	return evaluator{env: env}, nil
}

// host starts the test binary as workers.
func newHost(mode string) *core.Host {
	return &core.Host{
		Spawn: func() (*exec.Cmd, error) {
			exe, err := os.Executable()
			if err != nil {
				return nil, err
			}
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), workerEnv+"="+mode)
			return cmd, nil
		},
		Unit: func(fn any, _ core.Need) (*core.Unit, error) {
			name := runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Name()
			f, ok := functions[name]
			if !ok {
				return nil, fmt.Errorf("%s is not registered", name)
			}
			u := &core.Unit{Hash: name, Payload: []byte(name), Assigns: f.assigns}
			for _, id := range f.vars {
				u.Vars = append(u.Vars, core.Var{ID: id, Name: id, Value: variables[id]})
			}
			return u, nil
		},
		Types: names{},
	}
}

// output gathers what tasks write.
type output struct {
	mu    sync.Mutex
	all   bytes.Buffer
	lines []tagged
	grown chan struct{}
}

type tagged struct {
	worker string
	item   int
	text   string
	stderr bool
}

func (o *output) write(stderr bool) func(worker string, item int, p []byte) {
	return func(worker string, item int, p []byte) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.all.Write(p)
		o.lines = append(o.lines, tagged{worker, item, string(p), stderr})
		select {
		case o.grown <- struct{}{}:
		default:
		}
	}
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// wait waits until the output contains s.
func (o *output) wait(t *testing.T, s string) {
	t.Helper()
	limit := time.After(patience)
	for !strings.Contains(o.String(), s) {
		select {
		case <-o.grown:
		case <-limit:
			t.Fatalf("no %q in the output %q", s, o.String())
		}
	}
}

var current struct {
	sync.Mutex
	origin core.Origin
}

func setHost(h *core.Host) *output {
	o := &output{grown: make(chan struct{}, 1)}
	current.Lock()
	defer current.Unlock()
	current.origin = core.Origin{Host: h, Cell: "cell", Stdout: o.write(false), Stderr: o.write(true)}
	core.SetCaller(func() *core.Origin {
		current.Lock()
		defer current.Unlock()
		c := current.origin
		return &c
	})
	return o
}

// noContext is that of no cell.
var noContext context.Context

func setContext(ctx context.Context) {
	current.Lock()
	defer current.Unlock()
	current.origin.Ctx = ctx
}

// both runs a test on processes and on threads, and then looks for what is left over.
func both(t *testing.T, f func(t *testing.T, out *output, threads bool)) {
	t.Run("processes", func(t *testing.T) { processes(t, func(t *testing.T, out *output) { f(t, out, false) }) })
	t.Run("threads", func(t *testing.T) {
		before := goleak.IgnoreCurrent()
		h := &core.Host{}
		out := setHost(h)
		f(t, out, true)
		h.Close()
		clean(t, before)
	})
}

func processes(t *testing.T, f func(t *testing.T, out *output)) {
	before := goleak.IgnoreCurrent()
	h := newHost("worker")
	out := setHost(h)
	f(t, out)
	h.Close()
	clean(t, before)
}

// clean fails the test when a goroutine or a child process is left.
func clean(t *testing.T, before goleak.Option) {
	t.Helper()
	setHost(&core.Host{})
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
	if c := children(); len(c) > 0 {
		t.Errorf("child processes are left: %v", c)
	}
}

// children are the child processes of this one.
func children() []string {
	var out []string
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		f := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		if len(f) > 1 && f[1] == strconv.Itoa(os.Getpid()) {
			out = append(out, strings.Split(name, "/")[2])
		}
	}
	return out
}

func newPool(threads bool, opts ...pool.Option) *pool.Pool {
	if threads {
		return pool.NewThreadPool(opts...)
	}
	return pool.New(opts...)
}

// runSelf runs one test of this binary in a process of its own and returns what it wrote.
func runSelf(t *testing.T, test, env string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run", test, "-test.v")
	cmd.Env = append(os.Environ(), env)
	out, _ := cmd.CombinedOutput()
	return string(out)
}

// share makes a variable of the tests one that functions can read in workers.
func share[T any](name string, v *T) { variables[name] = reflect.ValueOf(v).Elem() }
