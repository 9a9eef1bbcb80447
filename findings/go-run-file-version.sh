#!/usr/bin/env bash
# The go command of Go 1.26 takes the version in go.mod for `go run .`, and not for `go run main.go` beside it.
#
# Files that are named on the command line are a package of their own, of the toolchain's version, although their imports come
# from the module: so the same file, in a module with go 1.20, has one loop variable for all rounds when its folder is run
# and one for each when the file is. A //go:build go1.21 line in the file counts both ways. Whoever tries a file of an old module
# alone, or compares an interpreter with go run, sees two programs.
#
# Seen: . "3 3 3", main.go "0 1 2", with the build line "3 3 3" both times.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
printf 'module try\n\ngo 1.20\n' > go.mod
cat > body <<'G'
package main

import "fmt"

func main() {
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { return i })
	}
	for _, f := range fs {
		fmt.Print(f(), " ")
	}
}
G
cp body main.go
folder=$(go run .) file=$(go run main.go)
{ printf '//go:build go1.21\n\n'; cat body; } > main.go
tagged="$(go run .)$(go run main.go)"
echo "folder: $folder; file: $file; with a build line: $tagged"
[[ $folder == "3 3 3 " && $file == "0 1 2 " && $tagged == "3 3 3 3 3 3 " ]]
