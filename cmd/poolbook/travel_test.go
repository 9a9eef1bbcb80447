//go:build unix

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"poolbook/cmd/poolbook/internal/travel"
	"poolbook/notebooks/nbformat"
)

var (
	travelFor  = flag.Duration("travel-for", 0, "compare new random notebooks of values that travel for that long; each difference is minimised and kept in -travel-out")
	travelSeed = flag.Uint64("travel-seed", 0, "the first seed of -travel-for; 0 takes the time")
	travelOut  = flag.String("travel-out", "", "folder for the notebooks that differ; a new one in the folder for temporary files when empty")
)

// TestTravel compares calls in notebooks of fixed seeds: plain, on a thread pool, and on processes.
func TestTravel(t *testing.T) {
	p := newPlace(t)
	n := uint64(12)
	if testing.Short() {
		n = 3
	}
	same, refused := 0, 0
	for seed := range n {
		out := p.travel(travel.Notebook(seed))
		same += strings.Count(out, "\nsame")
		refused += strings.Count(out, "\nrefused ")
		if diff := difference(out); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
	}
	if same < 20*int(n) || refused > same/2 {
		t.Errorf("%d calls gave the same and %d were refused: the notebooks say too little", same, refused)
	}
}

// TestTravelMore goes on with new seeds until the time of -travel-for is over.
func TestTravelMore(t *testing.T) {
	if *travelFor == 0 {
		t.Skip("only with -travel-for")
	}
	seed := *travelSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	dir := *travelOut
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "travel"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p := newPlace(t)
	same, refused := 0, 0
	for end := time.Now().Add(*travelFor); time.Now().Before(end); seed++ {
		cells := travel.Notebook(seed)
		out := p.travel(cells)
		same += strings.Count(out, "\nsame")
		refused += strings.Count(out, "\nrefused ")
		if diff := difference(out); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
			least := p.least(cells)
			name := filepath.Join(dir, fmt.Sprintf("travel-%d.txt", seed))
			text := fmt.Sprintf("seed %d\n%s\n\n%s", seed, difference(p.travel(least)), strings.Join(least[1:], "\n%%\n"))
			if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			fmt.Println("kept", name)
		}
	}
	fmt.Printf("%d calls gave the same, %d were refused; the next seed is %d\n", same, refused, seed)
}

// travel runs the cells of a notebook and returns what they print and how they fail.
func (p *testPlace) travel(cells []string) string {
	p.t.Helper()
	nb := nbformat.New()
	for _, c := range cells {
		nb.Cells = append(nb.Cells, &nbformat.Cell{Type: nbformat.Code, ID: nb.NewID(c), Source: c})
	}
	data, err := nb.Marshal()
	if err != nil {
		p.t.Fatal(err)
	}
	out := p.run(2*time.Minute, "", program(p.t), "run", p.write("travel.ipynb", string(data)))
	if out.code != 0 {
		text := out.stderr
		if i := strings.LastIndex(text, "\ncell "); i >= 0 { // behind the warnings
			text = text[i+1:]
		}
		out.stdout += "\n§ a cell fails: " + text
	}
	return "\n" + out.stdout
}

// difference is the first outcome that differs, "" when none does.
func difference(out string) string {
	_, diff, found := strings.Cut(out, "\n§ ")
	if !found {
		return ""
	}
	lines := strings.SplitN(diff, "\n", 4)
	return strings.Join(lines[:min(3, len(lines))], "\n")
}

// kindOf is a difference without what minimising changes.
func kindOf(diff string) string {
	if rest, ok := strings.CutPrefix(diff, "a cell fails: "); ok {
		return "fails" + strings.SplitN(rest, ":", 2)[0]
	}
	return strings.SplitN(diff, ",", 2)[0]
}

// least takes lines out of the cells as long as the same call differs.
func (p *testPlace) least(cells []string) []string {
	want := kindOf(difference(p.travel(cells)))
	if want == "" {
		return cells
	}
	var lines []string // "" ends a cell
	for _, c := range cells[1:] {
		lines = append(append(lines, strings.Split(strings.TrimRight(c, "\n"), "\n")...), "")
	}
	build := func(lines []string) []string {
		list := []string{cells[0]}
		for _, c := range strings.Split(strings.Join(lines, "\n")+"\n", "\n\n") {
			if strings.TrimSpace(c) != "" {
				list = append(list, c)
			}
		}
		return list
	}
	end := time.Now().Add(4 * time.Minute)
	for size := len(lines) / 2; size > 0; size /= 2 {
		for at := 0; at < len(lines) && time.Now().Before(end); {
			less := append(append([]string(nil), lines[:at]...), lines[min(at+size, len(lines)):]...)
			if kindOf(difference(p.travel(build(less)))) == want {
				lines = less
			} else {
				at += size
			}
		}
	}
	return build(lines)
}
