// Testsum reads the JSON output of go test, shows what a person wants to see
// of it, and ends with one line of counts:
//
//	go test -json ./... | go run .ci/testsum/main.go
//
// Failed tests are shown with all they printed, skipped ones with the reason.
// It exits 1 when a test or a package failed, and when no test ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// event is a line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output, FailedBuild string
	Elapsed                                                float64 // seconds
}

type tally struct{ passed, failed, skipped int }

func main() {
	var (
		all     tally
		broken  int
		perPkg  = map[string]*tally{}
		output  = map[string][]string{} // by package, or package and test
		skipped []string
	)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 64<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text()) // not of a test: what make or go itself says
			continue
		}
		pkg := strings.TrimPrefix(e.Package+e.ImportPath, "poolbook/")
		t := perPkg[e.Package]
		if t == nil {
			t = &tally{}
			perPkg[e.Package] = t
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output", "build-output":
			if e.Action == "build-output" {
				fmt.Print(e.Output)
			}
			output[key] = append(output[key], e.Output)
		case "pass", "fail", "skip":
			if e.Test == "" {
				switch {
				case e.Action == "fail":
					broken++
					fmt.Printf("FAIL  %s  %.1f s\n", pkg, e.Elapsed)
					if t.failed == 0 {
						fmt.Print(strings.Join(output[key], ""))
					}
				case e.Action == "pass" && t.passed+t.skipped > 0:
					fmt.Printf("ok    %s  %.1f s, %d passed, %d skipped\n", pkg, e.Elapsed, t.passed, t.skipped)
				}
				break
			}
			switch e.Action {
			case "pass":
				t.passed++
				all.passed++
			case "fail":
				t.failed++
				all.failed++
				fmt.Printf("FAIL  %s %s\n%s", pkg, e.Test, strings.Join(output[key], ""))
			case "skip":
				t.skipped++
				all.skipped++
				skipped = append(skipped, fmt.Sprintf("%s %s: %s", pkg, e.Test, reason(output[key])))
			}
			delete(output, key)
		}
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	if len(skipped) > 0 {
		fmt.Println("Skipped, for want of what they need (REQUIRE_ALL=1 makes these failures):")
		for _, s := range skipped {
			fmt.Println("  " + s)
		}
	}
	if broken > 0 && all.failed == 0 {
		all.failed = broken // packages that did not build, or ended outside any test
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", all.passed, all.failed, all.skipped)
	if all.failed > 0 || all.passed == 0 {
		os.Exit(1)
	}
}

// reason is what a skipped test printed, without the lines of go test.
func reason(output []string) string {
	var lines []string
	for _, l := range output {
		l = strings.TrimSpace(l)
		if l != "" && !strings.HasPrefix(l, "===") && !strings.HasPrefix(l, "---") {
			if _, rest, ok := strings.Cut(l, ".go:"); ok {
				if _, text, ok := strings.Cut(rest, ": "); ok {
					l = text
				}
			}
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, " ")
}
