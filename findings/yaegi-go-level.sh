#!/usr/bin/env bash
# github.com/traefik/yaegi v0.16.1, built with Go 1.26, interprets Go 1.21's loops and knows 1.22's library.
#
# Built by a newer Go it offers of each package only what its tables, made for 1.21 and 1.22, list by name: slices.Chunk
# and strings.Lines, linked into the very program, are unknown to scripts. Methods come by reflection and so are the
# newer release's, (*sync.WaitGroup).Go of 1.25 among them. And a loop variable is one for all turns, as before 1.22,
# without a word: closures made in a loop all see its last value.
#
# Seen: loop "3 3 3"; slices.Chunk and strings.Lines undefined; WaitGroup.Go runs.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module try

go 1.26.0
M
cat > main.go <<'G'
package main

import (
	"fmt"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
)

func main() {
	for _, src := range []string{
		`import "fmt"
func main() {
	var fs []func() int
	for i := 0; i < 3; i++ { fs = append(fs, func() int { return i }) }
	for _, f := range fs { fmt.Print(f(), " ") }
	fmt.Println()
}`,
		`import ("fmt"; "slices")
func main() { for part := range slices.Chunk([]int{1, 2, 3}, 2) { fmt.Println(part) } }`,
		`import ("fmt"; "strings")
func main() { for line := range strings.Lines("a\nb") { fmt.Println(line) } }`,
		`import ("fmt"; "sync")
func main() { var wg sync.WaitGroup; wg.Go(func() { fmt.Println("went") }); wg.Wait() }`,
	} {
		i := interp.New(interp.Options{})
		i.Use(stdlib.Symbols)
		if _, err := i.Eval("package main\n" + src); err != nil {
			fmt.Println(err)
		}
	}
}
G
go get github.com/traefik/yaegi@v0.16.1 2>/dev/null
go run . | tee got
diff - got <<'W'
3 3 3 
3:33: undefined selector: slices.Chunk
3:33: package strings "strings" has no symbol Lines
went
W
