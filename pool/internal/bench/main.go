// Command bench measures pool against CPython's multiprocessing and concurrent.futures, on the same machine, in one run:
//
//	go run ./pool/internal/bench            # all rows
//	go run ./pool/internal/bench -row apply # rows whose name contains "apply"
//
// Workers are this program itself with compiled functions, so that the rows measure dispatch and transport, not an interpreter.
// Python is python3 from the path; without one its column stays empty.
package main

import (
	"bytes"
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
	flag.Parse()
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
		Unit: func(fn any) (*core.Unit, error) {
			n := name(fn)
			return &core.Unit{Hash: n, Payload: []byte(n)}, nil
		},
		Types: evaluator{},
	}
	core.SetCaller(func() *core.Origin { return &core.Origin{Host: host} })
	defer host.Close()
	fmt.Printf("%-34s %12s %12s %9s %14s\n", "", "pool", "Pool", "times", "Executor")
	for _, r := range rows {
		if !strings.Contains(r.name, *filter) {
			continue
		}
		ours := r.run()
		theirs := python(r.key)
		line := fmt.Sprintf("%-34s %12s", r.name, ours)
		if len(theirs) > 0 {
			line += fmt.Sprintf(" %12s %8.1f×", theirs[0], ratio(theirs[0], ours))
		}
		if len(theirs) > 1 {
			line += fmt.Sprintf(" %14s", theirs[1])
		}
		fmt.Println(line)
	}
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

func ratio(theirs, ours amount) float64 { return theirs.v / ours.v }

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

var rows = []struct {
	name, key string
	run       func() amount
}{
	{"pool start to first result", "start", func() amount {
		best := time.Hour
		for range 5 {
			start := time.Now()
			p := pool.New(pool.Processes(2))
			_, err := pool.Apply(p, constant)
			check(err)
			best = min(best, time.Since(start))
			p.Terminate()
			check(p.Join())
		}
		return seconds(best)
	}},
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
	{"memory of an idle worker", "memory", func() amount {
		p := warm()
		defer p.Terminate()
		return workerMemory()
	}},
	{"the same after 10 M tasks", "", func() amount {
		p := warm()
		defer p.Terminate()
		items := pool.Range(200_000)
		for range 50 {
			_, err := pool.Map(p, trivial, items)
			check(err)
		}
		return workerMemory()
	}},
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

// python runs a row of the script and returns what it measured: Pool, then ProcessPoolExecutor.
func python(key string) []amount {
	if key == "" {
		return nil
	}
	cmd := exec.Command("python3", "-", key)
	cmd.Stdin = strings.NewReader(script)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil
	}
	var as []amount
	for _, f := range strings.Fields(string(out)) {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return nil
		}
		as = append(as, amount{v, key == "memory"})
	}
	return as
}
