#!/usr/bin/env bash
# github.com/mattn/go-runewidth v0.0.26 and v0.0.27: importing it costs each start of a program tens of milliseconds.
#
# The package is at the bottom of most terminal libraries for Go (tables, prompts, progress bars, charmbracelet's x/ansi).
# These two releases fill a table for every code point, twice, in init, whether a width is ever asked for or not. A program
# that starts itself again as its workers pays in each of them, and a module's go.mod alone decides it: x/ansi v0.11.9 asks
# for v0.0.27. v0.0.25 and v0.0.28 have no such table; requiring v0.0.28 or later in one's own go.mod is the remedy.
#
# Seen, from GODEBUG=inittrace=1 on one machine: v0.0.25 0.1 ms, v0.0.26 and v0.0.27 30 to 110 ms, v0.0.28 0.03 ms.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > go.mod <<'M'
module try

go 1.26.0
M
cat > main.go <<'G'
package main

import _ "github.com/mattn/go-runewidth"

func main() {}
G
# cost prints the least of three starts' init in microseconds.
cost() {
  go get "github.com/mattn/go-runewidth@$1" >/dev/null 2>&1
  go build -o try .
  for _ in 1 2 3; do GODEBUG=inittrace=1 ./try 2>&1 | awk '/go-runewidth/ { printf "%d\n", $5 * 1000 }'; done | sort -n | head -1
}
for v in v0.0.25 v0.0.26 v0.0.27 v0.0.28; do
  us=$(cost $v)
  echo "go-runewidth $v: ${us} µs of each start"
  case $v in
    v0.0.26 | v0.0.27) [[ $us -gt 5000 ]] ;;
    *) [[ $us -lt 2000 ]] ;;
  esac || { echo "this has changed"; exit 1; }
done
