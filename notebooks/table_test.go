package notebooks

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// examples is how many examples each of the four tutorials has.
var examples = []int{3, 60, 7, 6}

var (
	row    = regexp.MustCompile(`(?m)^\| (\d)\.(\d+) \| (.+) \| (\S+) \| (.+) \|$`)
	cellID = regexp.MustCompile("`([^`]+)`")
)

// TestTable holds that every example of the tutorials has its row in README.md, and that every cell named there exists.
func TestTable(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]int, len(examples))
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		tutorial := int(m[1][0] - '0')
		if tutorial >= len(seen) {
			t.Errorf("row %s.%s: there is no tutorial %d", m[1], m[2], tutorial)
			continue
		}
		seen[tutorial]++
		if want := fmt.Sprint(seen[tutorial]); m[2] != want {
			t.Errorf("row %s.%s: the next number is %s", m[1], m[2], want)
		}
		ids := codeCells(t, m[4])
		cells := cellID.FindAllStringSubmatch(m[5], -1)
		if len(cells) == 0 {
			t.Errorf("row %s.%s names no cell", m[1], m[2])
		}
		for _, c := range cells {
			if !slices.Contains(ids, c[1]) {
				t.Errorf("row %s.%s: %s.ipynb has no code cell %q", m[1], m[2], m[4], c[1])
			}
		}
	}
	if !slices.Equal(seen, examples) {
		t.Errorf("rows by tutorial: %v, want %v", seen, examples)
	}
}

func codeCells(t *testing.T, notebook string) []string {
	t.Helper()
	text, err := os.ReadFile(notebook + ".ipynb")
	if err != nil {
		t.Fatal(err)
	}
	var nb struct {
		Cells []struct {
			ID   string
			Type string `json:"cell_type"`
		}
	}
	if err := json.Unmarshal(text, &nb); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range nb.Cells {
		if c.Type == "code" {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// TestLinks holds that the links between the notebooks lead somewhere.
func TestLinks(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)\s]+\.ipynb)\)`)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".ipynb") && f.Name() != "README.md" {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s links to %s: %v", f.Name(), m[1], err)
			}
		}
	}
}
