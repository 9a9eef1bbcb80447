// Command bench measures pool in a notebook against CPython's multiprocessing and concurrent.futures, and against ipyparallel and joblib
// where they are installed, on the same machine, in one run:
//
//	make bench-pool                                                # the table
//	go run ./pool/internal/bench -poolbook ./poolbook -row apply   # rows whose name contains "apply"
//	go run ./pool/internal/bench -poolbook ./poolbook -profile DIR # where the time of a task goes
//
// The column "notebook" is what a user of a notebook has: cells (notebook.txt) run by a real kernel, with interpreted functions in its
// workers. In "compiled" workers are this program itself with compiled functions: dispatch and transport without an interpreter.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"poolbook/pool"
	"poolbook/pool/core"
	"poolbook/pool/worker"
)

//go:embed bench.py
var script string

const workerEnv = "POOL_BENCH_WORKER"

type small struct {
	A, B int
	C    float64
}

func trivial(n int) int                { return n }
func constant() int                    { return 1 }
func echoFloats(v []float64) []float64 { return v }
func echoSmalls(v []small) []small     { return v }
func pi(r pool.Args2[int, int]) float64 {
	s := 0.0
	for k := r.A; k <= r.B; k++ {
		if k%2 == 1 {
			s += 1 / float64(2*k-1)
		} else {
			s -= 1 / float64(2*k-1)
		}
	}
	return 4 * s
}

var functions = map[string]any{}

func name(fn any) string { return runtime.FuncForPC(reflect.ValueOf(fn).Pointer()).Name() }

func init() {
	for _, f := range []any{trivial, constant, echoFloats, echoSmalls, pi} {
		functions[name(f)] = f
	}
}

type evaluator struct{}

func (evaluator) Load(_ string, payload []byte) (worker.Func, error) {
	return function{reflect.ValueOf(functions[string(payload)])}, nil
}
func (evaluator) TypeName(reflect.Type) (string, error)   { return "", errors.New("no names") }
func (evaluator) TypeByName(string) (reflect.Type, error) { return nil, errors.New("no names") }

type function struct{ v reflect.Value }

func (f function) Value() reflect.Value             { return f.v }
func (f function) Var(string) (reflect.Value, bool) { return reflect.Value{}, false }

func main() {
	if os.Getenv(workerEnv) != "" {
		defer profile("worker" + strconv.Itoa(os.Getpid()))()
		in, out, err := worker.Pipes()
		if err == nil {
			err = worker.Main(context.Background(), in, out, func(worker.Env) (worker.Evaluator, error) { return evaluator{}, nil })
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	filter := flag.String("row", "", "measure rows whose name contains this")
	program := flag.String("poolbook", "", "the poolbook `program`: measure in a notebook too")
	interpreter := flag.String("python", "python3", "the Python `program`")
	profiles := flag.String("profile", "", "write the CPU profiles of the notebook's kernel and of one worker, a pair for each row, into this `folder`, and measure nothing else")
	flag.Parse()
	if *profiles != "" {
		check(profileRows(*program, *filter, *profiles))
		return
	}
	defer profile("pool")()
	host := &core.Host{
		Spawn: func() (*exec.Cmd, error) {
			exe, err := os.Executable()
			if err != nil {
				return nil, err
			}
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), workerEnv+"=1")
			return cmd, nil
		},
		Unit: func(fn any, _ core.Need) (*core.Unit, error) {
			n := name(fn)
			return &core.Unit{Hash: n, Payload: []byte(n)}, nil
		},
		Types: evaluator{},
	}
	core.SetCaller(func() *core.Origin { return &core.Origin{Host: host} })
	defer host.Close()
	fmt.Printf("%-34s %10s %10s %10s %10s %8s %12s %10s\n", "two workers", "notebook", "compiled", "Pool", "Executor", "times", "ipyparallel", "joblib")
	for _, r := range rows {
		if strings.Contains(r.name, *filter) {
			fmt.Println(line(r, *program, *interpreter))
		}
	}
	fmt.Println("times: the better one of CPython's (Pool, Executor) divided by the notebook's. ipyparallel and joblib did a hundredth of chunk 1 and ApplyAsync.")
}

// line measures a row.
func line(r row, program, interpreter string) string {
	measured := map[string]amount{}
	if r.run != nil {
		measured["compiled"] = r.run()
	}
	if program != "" {
		a, err := notebook(program, r.key, "")
		check(err)
		measured["notebook"] = a
	}
	python(interpreter, r.key, measured)
	text := fmt.Sprintf("%-34s", r.name)
	show := func(width int, column string) {
		s := ""
		if a, ok := measured[column]; ok {
			s = a.String()
		}
		text += fmt.Sprintf(" %*s", width, s)
	}
	for _, c := range []string{"notebook", "compiled", "Pool", "Executor"} {
		show(10, c)
	}
	times := ""
	if ours, ok := measured["notebook"]; ok {
		best := measured["Pool"].v
		if e, ok := measured["Executor"]; ok && e.v < best {
			best = e.v
		}
		if best > 0 && ours.v > 0 {
			times = fmt.Sprintf("%.1f×", best/ours.v)
		}
	}
	text += fmt.Sprintf(" %8s", times)
	show(12, "ipyparallel")
	show(10, "joblib")
	return text
}

// profileRows writes the profiles of the rows.
func profileRows(program, filter, folder string) error {
	if program == "" {
		return errors.New("bench: -profile needs -poolbook")
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, r := range rows {
		if !strings.Contains(r.name, filter) || r.run == nil || slices.Contains([]string{"start", "spawn", "forkserver"}, r.key) || strings.HasPrefix(r.key, "memory") {
			continue
		}
		if _, err := notebook(program, r.key, folder); err != nil {
			return err
		}
		fmt.Printf("%s: go tool pprof -top %s %s\n", r.name, program, filepath.Join(folder, r.key+".kernel.pprof (or .worker.pprof)"))
	}
	return nil
}

// profile writes a CPU profile into the folder that POOL_BENCH_PROFILE names.
func profile(name string) func() {
	dir := os.Getenv("POOL_BENCH_PROFILE")
	if dir == "" {
		return func() {}
	}
	f, err := os.Create(filepath.Join(dir, name+".pprof"))
	check(err)
	check(pprof.StartCPUProfile(f))
	return func() {
		pprof.StopCPUProfile()
		check(f.Close())
	}
}

// amount is a time, or megabytes.
type amount struct {
	v  float64
	mb bool
}

func (a amount) String() string {
	switch {
	case a.mb:
		return fmt.Sprintf("%.1f MB", a.v)
	case a.v < 1e-3:
		return fmt.Sprintf("%.1f µs", a.v*1e6)
	case a.v < 1:
		return fmt.Sprintf("%.1f ms", a.v*1e3)
	}
	return fmt.Sprintf("%.2f s", a.v)
}

func seconds(d time.Duration) amount { return amount{v: d.Seconds()} }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// warm is a pool of two workers that are ready.
func warm() *pool.Pool {
	p := pool.New(pool.Processes(2))
	_, err := pool.Map(p, trivial, pool.Range(100), pool.ChunkSize(1))
	check(err)
	return p
}

// timed measures what f does with a warm pool: the best of three.
func timed(f func(p *pool.Pool) error) amount {
	p := warm()
	defer func() { p.Close(); check(p.Join()) }()
	best := time.Hour
	for range 3 {
		start := time.Now()
		check(f(p))
		best = min(best, time.Since(start))
	}
	return seconds(best)
}

// start measures a new pool's first result: the best of five, with time between them for spare workers to start.
func start(opts ...pool.Option) amount {
	best := time.Hour
	for range 5 {
		start := time.Now()
		p := pool.New(append(opts, pool.Processes(2))...)
		_, err := pool.Apply(p, constant)
		check(err)
		best = min(best, time.Since(start))
		p.Terminate()
		check(p.Join())
		time.Sleep(50 * time.Millisecond)
	}
	return seconds(best)
}

// row is a line of the table. Its key names its cell in notebook.txt and its branch in bench.py.
type row struct {
	name, key string
	run       func() amount
}

var rows = []row{
	{"pool start to first result", "start", func() amount { return start() }},
	{"the same, both by spawn", "spawn", func() amount { return start(pool.StartMethod("spawn")) }},
	{"the same, both by forkserver", "forkserver", func() amount { return start(pool.StartMethod("forkserver")) }},
	{"map 200,000 items, chunk 1", "map1", func() amount {
		items := pool.Range(200_000)
		return timed(func(p *pool.Pool) error { _, err := pool.Map(p, trivial, items, pool.ChunkSize(1)); return err })
	}},
	{"map 200,000 items, default chunk", "map", func() amount {
		items := pool.Range(200_000)
		return timed(func(p *pool.Pool) error { _, err := pool.Map(p, trivial, items); return err })
	}},
	{"50,000 ApplyAsync", "applyasync", func() amount {
		return timed(func(p *pool.Pool) error {
			rs := make([]*pool.AsyncResult[int], 50_000)
			for i := range rs {
				rs[i] = pool.ApplyAsync(p, constant)
			}
			for _, r := range rs {
				if _, err := r.Get(); err != nil {
					return err
				}
			}
			return nil
		})
	}},
	{"round trip of one Apply", "apply", func() amount {
		a := timed(func(p *pool.Pool) error {
			for range 2000 {
				if _, err := pool.Apply(p, constant); err != nil {
					return err
				}
			}
			return nil
		})
		return amount{v: a.v / 2000}
	}},
	{"100 MB of float64, there and back", "floats", func() amount {
		items := make([][]float64, 8)
		for i := range items {
			items[i] = make([]float64, 100_000_000/8/8)
		}
		return timed(func(p *pool.Pool) error { _, err := pool.Map(p, echoFloats, items); return err })
	}},
	{"1 M small structs, there and back", "structs", func() amount {
		items := make([][]small, 8)
		for i := range items {
			items[i] = make([]small, 125_000)
		}
		return timed(func(p *pool.Pool) error { _, err := pool.Map(p, echoSmalls, items); return err })
	}},
	{"Pi, 10 M terms, 2 workers", "pi", func() amount {
		return timed(func(p *pool.Pool) error {
			_, err := pool.Map(p, pi, []pool.Args2[int, int]{{A: 1, B: 5_000_000}, {A: 5_000_001, B: 10_000_000}})
			return err
		})
	}},
	{"sum of 400 MB, shared, 4 tasks", "shared", nil},
	{"the same, 4 goroutines of a cell", "sharedHere", nil},
	{"memory that the tasks take more", "memoryShared", nil},
	{"memory of an idle worker", "memory", func() amount {
		p := warm()
		defer p.Terminate()
		time.Sleep(2 * time.Second) // idle
		return workerMemory()
	}},
	{"the same, its share (PSS)", "memoryShare", nil},
	{"the same after 10 M tasks", "memory10M", func() amount {
		p := warm()
		defer p.Terminate()
		items := pool.Range(200_000)
		for range 50 {
			_, err := pool.Map(p, trivial, items)
			check(err)
		}
		return workerMemory()
	}},
	{"growth of the kernel by 10 M tasks", "memory10Mkernel", nil},
}

// workerMemory is what the largest worker holds.
func workerMemory() amount {
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(os.Getpid())).Output()
	check(err)
	most := 0.0
	for _, pid := range strings.Fields(string(out)) {
		data, err := os.ReadFile("/proc/" + pid + "/statm")
		if err != nil {
			continue
		}
		pages, _ := strconv.Atoi(strings.Fields(string(data))[1])
		most = max(most, float64(pages*os.Getpagesize())/(1<<20))
	}
	return amount{most, true}
}

// python runs a row of the script and adds what it has measured: lines of a column's name, seconds or megabytes, and ~ for an estimate.
func python(interpreter, key string, measured map[string]amount) {
	file, err := os.CreateTemp("", "bench-*.py") // spawned workers of multiprocessing read it again
	check(err)
	defer os.Remove(file.Name())
	_, err = file.WriteString(script)
	check(err)
	check(file.Close())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, interpreter, file.Name(), key)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return // without Python its columns stay empty
	}
	for _, l := range strings.Split(string(out), "\n") {
		f := strings.Fields(l)
		if len(f) < 2 {
			continue
		}
		if v, err := strconv.ParseFloat(f[1], 64); err == nil {
			measured[f[0]] = amount{v, strings.HasPrefix(key, "memory")}
		}
	}
}
