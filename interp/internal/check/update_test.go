package check

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what the cells say into testdata")

func compare(t *testing.T, file string, want, got *txtar.Archive) {
	t.Helper()
	w, g := string(txtar.Format(want)), string(txtar.Format(got))
	if w == g {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(g), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("(-want +got)\n%s", cmp.Diff(w, g))
}
