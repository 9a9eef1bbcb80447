// Command bench measures a kernel against ipykernel, both through jupyter_client and in one run:
//
//	go run ./kernel/bench poolbook kernel -f {connection_file}
//
// The arguments are the command of a kernel for Go. With -check it fails when that is not ahead on every row: by 5 times in
// starting, by 2 times in running a cell.
//
// Measured on two cores with nothing else to do, and in two runs with much other work (load 26 to 35). Times are noisy there, up to
// ten times from run to run; the kernels take turns within a run, and how often ours is ahead holds.
//
//	                               nothing else                    much: times
//	                               poolbook  ipykernel  times
//	start to kernel_info, ms          15.5      348       22        12   16
//	execute round trip, ms             1.23       3.28     2.7       4.3  6.7
//	complete round trip, ms            1.15      25.0     22        90  156
//	100,000 lines of output, ms        9.9      146       15        11   15
//	1,000,000 lines of output, ms    105       1388       13        38   14
//	memory when idle, MiB             24.8       59.7      2.4       2.6  2.6
package main

import (
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

//go:embed bench.py
var script string

// kernelCode is what bench.py runs on a kernel.
type kernelCode struct {
	Trivial  string `json:"trivial"`
	Lines    string `json:"lines"`
	Complete string `json:"complete"`
}

// row is a measure: ours must be at most ipykernel's divided by factor.
type row struct {
	name   string
	factor float64
}

func main() {
	python := flag.String("python", "/usr/bin/python3", "Python with jupyter_client and ipykernel")
	check := flag.Bool("check", false, "fail when the kernel is not ahead of ipykernel")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: bench [-check] COMMAND ARGUMENT…, one of them {connection_file}")
		os.Exit(2)
	}
	if err := measure(*python, *check, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(python string, check bool, argv []string) error {
	dir, err := os.MkdirTemp("", "poolbook-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if argv[0], err = exec.LookPath(argv[0]); err != nil {
		return err
	}
	if argv[0], err = filepath.Abs(argv[0]); err != nil {
		return err
	}
	spec := filepath.Join(dir, "kernels", "ours")
	if err := os.MkdirAll(spec, 0o755); err != nil {
		return err
	}
	raw, err := json.Marshal(map[string]any{"argv": argv, "display_name": "Go", "language": "go"})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(spec, "kernel.json"), raw, 0o644); err != nil {
		return err
	}
	codes, err := json.Marshal(map[string]kernelCode{
		"ours":    {Trivial: "1+1", Lines: "for i := range {n} { fmt.Println(i) }", Complete: "fmt.Pri"},
		"python3": {Trivial: "1+1", Lines: "for i in range({n}): print(i)", Complete: "str.spl"},
	})
	if err != nil {
		return err
	}
	cmd := exec.Command(python, "-c", script, string(codes))
	cmd.Env = append(os.Environ(), "JUPYTER_PATH="+dir, "JUPYTER_RUNTIME_DIR="+dir, "IPYTHONDIR="+dir, "PYDEVD_DISABLE_FILE_VALIDATION=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("the measuring script: %w", err)
	}
	var values map[string]map[string]float64
	if err := json.Unmarshal(out, &values); err != nil {
		return fmt.Errorf("the measuring script printed %q: %w", out, err)
	}
	return report(values["ours"], values["python3"], check)
}

// report prints the table, and with check looks at the factors.
func report(ours, ipykernel map[string]float64, check bool) error {
	behind := 0
	fmt.Printf("%-30s %12s %12s %8s   (%s/%s, %d processors)\n", "", "this kernel", "ipykernel", "times", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, r := range []row{
		{"start to kernel_info, ms", 5}, {"execute round trip, ms", 2}, {"complete round trip, ms", 1},
		{"100,000 lines of output, ms", 1}, {"1,000,000 lines of output, ms", 1}, {"memory when idle, MiB", 1},
	} {
		a, ok := ours[r.name]
		b, ok2 := ipykernel[r.name]
		if !ok || !ok2 {
			return fmt.Errorf("no value for %q", r.name)
		}
		mark := ""
		if b < a*r.factor {
			mark = fmt.Sprintf("   wanted: %g", r.factor)
			behind++
		}
		fmt.Printf("%-30s %12.2f %12.2f %8.1f%s\n", r.name, a, b, b/a, mark)
	}
	if check && behind > 0 {
		return fmt.Errorf("behind on %d rows", behind)
	}
	return nil
}
