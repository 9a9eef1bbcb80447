//go:build linux

// Command bench measures the server and the page beside Jupyter's server and JupyterLab's page, all in one run, with the same kernel:
//
//	go run ./web/bench -poolbook ./poolbook
//
// JupyterLab is what `make jupyterlab` builds, served by Debian's Jupyter server. The two take turns, and a time is the shortest of its
// runs with the median beside it, since other work on the machine only ever adds. Memory is the proportional set size, which counts once
// what processes share, and which only Linux tells.
//
//	main.go     what is run, and the table
//	server.go   the two servers as processes
//	kernels.go  round trips, and fifty kernels at once
//	page.go     the pages, in Chromium (web/frontend/test/bench.mjs)
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options of a run.
type options struct {
	poolbook string // the program
	python   string // has jupyterlab_server
	frontend string // the folder web/frontend
	runs     int    // of the pages
	trips    int    // messages for a round trip
	kernels  int    // at once
}

func main() {
	var o options
	flag.StringVar(&o.poolbook, "poolbook", "./poolbook", "the program")
	flag.StringVar(&o.python, "python", "/usr/bin/python3", "Python with jupyterlab_server")
	flag.StringVar(&o.frontend, "frontend", "web/frontend", "folder of the page's source, with dist/jupyterlab in it")
	flag.IntVar(&o.runs, "runs", 7, "how often each page is opened")
	flag.IntVar(&o.trips, "trips", 1000, "messages for a round trip")
	flag.IntVar(&o.kernels, "kernels", 50, "kernels at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if _, err := os.Stat(filepath.Join(o.frontend, "dist/jupyterlab/templates/index.html")); err != nil {
		return fmt.Errorf("JupyterLab is not built: run `make jupyterlab` (%w)", err)
	}
	for _, program := range []*string{&o.poolbook, &o.python} {
		path, err := exec.LookPath(*program)
		if err != nil {
			return err
		}
		if *program, err = filepath.Abs(path); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "poolbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	home, err := newPlace(dir, o)
	if err != nil {
		return err
	}
	var t table
	for _, part := range []func(context.Context, *place, options, *table) error{measureIdle, measureTrips, measurePages, measureKernels} {
		if err := part(ctx, home, o, &t); err != nil {
			return err
		}
	}
	fmt.Printf("%s/%s, %d processors, %s\n\n%s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().Format(time.DateOnly), &t)
	return nil
}

// sample is the values of one measure, in the unit of its row; the smaller the better.
type sample []float64

func (s sample) least() float64 { return slices.Min(s) }

func (s sample) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	return sorted[len(sorted)/2]
}

// String is the least value, and the median where there is more than one.
func (s sample) String() string {
	if len(s) == 0 {
		return "–"
	}
	if len(s) == 1 {
		return number(s[0])
	}
	return fmt.Sprintf("%s (%s)", number(s.least()), number(s.median()))
}

// number has three digits that mean something.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// table is what was measured, for people and for Markdown.
type table struct{ rows []row }

type row struct {
	name          string
	ours, jupyter sample
}

func (t *table) add(name string, ours, jupyter sample) {
	t.rows = append(t.rows, row{name, ours, jupyter})
	fmt.Fprintf(os.Stderr, "%s: %s, Jupyter %s\n", name, ours, jupyter)
}

func (t *table) String() string {
	cells := [][4]string{{"least (median)", "Poolbook", "Jupyter", "times"}, {"---", "---", "---", "---"}}
	for _, r := range t.rows {
		times := "–"
		if len(r.ours) > 0 && len(r.jupyter) > 0 && r.ours.least() > 0 {
			times = number(r.jupyter.least() / r.ours.least())
		}
		cells = append(cells, [4]string{r.name, r.ours.String(), r.jupyter.String(), times})
	}
	var b strings.Builder
	for _, c := range cells {
		fmt.Fprintf(&b, "| %-48s | %-14s | %-14s | %-5s |\n", c[0], c[1], c[2], c[3])
	}
	return b.String()
}
