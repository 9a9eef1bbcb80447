package client

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestSpecTemplates holds that kernelspecs mean what they mean to Jupyter: kernels of conda environments and of IRkernel have such entries.
func TestSpecTemplates(t *testing.T) {
	t.Setenv("POOLBOOK_TEST_PATH", "/a:/b")
	prefix := filepath.FromSlash("/opt/env")
	s := Spec{
		Dir:  filepath.Join(prefix, "share", "jupyter", "kernels", "x"),
		Argv: []string{"{prefix}/bin/x", "-f", "{connection_file}", "{resource_dir}", "{other}", "${HOME}"},
		Env:  []string{"PATH=/c:${POOLBOOK_TEST_PATH}", "A=$POOLBOOK_TEST_PATH/x", "B=$$POOLBOOK_TEST_PATH", "C=${poolbook_not_set} $1 $", "D=a=b"},
	}
	if got, want := s.command("conn.json"), []string{prefix + "/bin/x", "-f", "conn.json", s.Dir, "{other}", "${HOME}"}; !slices.Equal(got, want) {
		t.Errorf("the command is %q, want %q", got, want)
	}
	if got, want := s.environ(), []string{"PATH=/c:/a:/b", "A=/a:/b/x", "B=$POOLBOOK_TEST_PATH", "C=${poolbook_not_set} $1 $", "D=a=b"}; !slices.Equal(got, want) {
		t.Errorf("the environment is %q, want %q", got, want)
	}
	s.Dir = ""
	if got := s.command("c")[0]; got != "{prefix}/bin/x" {
		t.Errorf("without a folder: %q", got)
	}
}
