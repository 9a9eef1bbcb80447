package main

import (
	"io/fs"
	"strings"
	"testing"

	"poolbook/interp"
)

// BenchmarkPrograms runs each program in the interpreter of this process, from source, with its allocations. The comparison
// with others is the command's.
func BenchmarkPrograms(b *testing.B) {
	files, err := fs.Glob(programs, "testdata/*.go")
	if err != nil {
		b.Fatal(err)
	}
	for _, file := range files {
		b.Run(strings.TrimSuffix(strings.TrimPrefix(file, "testdata/"), ".go"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var out strings.Builder
				s, err := interp.New(interp.Config{})
				if err != nil {
					b.Fatal(err)
				}
				code, err := s.RunProgram(b.Context(), []string{file}, nil, interp.Stdio{Stdout: &out, Stderr: &out})
				if err != nil || code != 0 || out.Len() == 0 {
					b.Fatalf("code %d, %v, printed %q", code, err, out.String())
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
