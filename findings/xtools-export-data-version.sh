#!/usr/bin/env bash
# golang.org/x/tools v0.45.0 built and run with Go 1.27.4 cannot read the export data of any package, not even fmt's.
#
# One expects that type information written by the newer compiler stays readable as long as a package uses nothing new.
# The version number stands in the file's head, though, and 1.27 writes version 5 whatever the package holds; v0.45.0
# stops at 4. It is no build error: packages.Load returns no error, an incomplete types.Package, and the reason only in
# Package.Errors. With Go 1.26 the same program reads all three packages. So a program that reads export data has to be
# built with an x/tools that is as new as the go command it will meet, not only as the one it was built with.
#
# Seen: go1.26.8 "complete" three times; go1.27.4 "export data version 5 is greater than maximum supported version 4".
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

	"golang.org/x/tools/go/packages"
)

func main() {
	for _, path := range []string{"fmt", "math/rand/v2", "net/http"} {
		loaded, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedTypes | packages.NeedExportFile}, path)
		if err != nil {
			fmt.Println(path, "error:", err)
			continue
		}
		fmt.Println(path, "complete:", loaded[0].Types.Complete(), loaded[0].Errors)
	}
}
G
go get golang.org/x/tools/go/packages@v0.45.0 2>/dev/null
go mod tidy 2>/dev/null
old=$(GOTOOLCHAIN=go1.26.8 go run .)
new=$(GOTOOLCHAIN=go1.27.4 go run .)
printf '1.26.8:\n%s\n1.27.4:\n%s\n' "$old" "$new"
[ "$(grep -c 'complete: true \[\]' <<<"$old")" = 3 ]
[ "$(grep -c 'complete: false .*export data version 5 is greater than maximum supported version 4' <<<"$new")" = 3 ]
