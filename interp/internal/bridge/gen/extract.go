package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"github.com/traefik/yaegi/extract"
)

// extractAll returns the exports of packages as yaegi's extract command sees them on a platform: for each package the Go
// expressions of its symbols by name ("Args": &os.Args).
//
// It may run for one platform at a time: the platform is set in build.Default, which is where extract looks.
func extractAll(platform string, paths []string) (map[string]map[string]string, error) {
	// Many short-lived syntax trees: collecting them less often saves a third of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	before := build.Default
	defer func() { build.Default = before }()
	newSources(platform).use()

	var mu sync.Mutex
	var first error
	all := map[string]map[string]string{}
	work := make(chan string)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for path := range work {
				symbols, err := extractOne(path)
				mu.Lock()
				all[path] = symbols
				if err != nil && first == nil {
					first = fmt.Errorf("%s on %s: %w", path, platform, err)
				}
				mu.Unlock()
			}
		})
	}
	for _, path := range paths {
		work <- path
	}
	close(work)
	workers.Wait()
	return all, first
}

// extractOne runs yaegi's Extractor on one package and reads what it writes.
func extractOne(path string) (map[string]string, error) {
	var text bytes.Buffer
	e := extract.Extractor{Dest: "std"}
	if _, err := e.Extract(path, "", &text); err != nil {
		return nil, err
	}
	return readTable(text.Bytes())
}

// readTable returns the symbols of a file that the Extractor wrote, which is a Go file that fills a map:
//
//	Symbols["os/os"] = map[string]reflect.Value{"Args": reflect.ValueOf(&os.Args).Elem(), …}
//
// Left out are untyped constants, which it writes as literals, and the wrappers of interfaces ("_Name"), structs of
// functions through which an interpreter without types of its own gives values methods.
func readTable(text []byte) (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "extracted.go", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	symbols := map[string]string{}
	found := false
	for node := range ast.Preorder(file) {
		table, ok := node.(*ast.CompositeLit)
		if !ok {
			continue
		}
		if _, ok := table.Type.(*ast.MapType); !ok {
			continue
		}
		found = true
		for _, e := range table.Elts {
			entry, ok := e.(*ast.KeyValueExpr)
			if !ok {
				return nil, fmt.Errorf("a table with the element %s", types.ExprString(e))
			}
			name, err := strconv.Unquote(types.ExprString(entry.Key))
			if err != nil {
				return nil, fmt.Errorf("a table with the key %s", types.ExprString(entry.Key))
			}
			value := types.ExprString(entry.Value)
			inner, ok := strings.CutPrefix(strings.TrimSuffix(value, ".Elem()"), "reflect.ValueOf(")
			if !ok {
				return nil, fmt.Errorf("%s is %s", name, value)
			}
			if strings.HasPrefix(name, "_") || strings.HasPrefix(inner, "constant.MakeFromLiteral(") {
				continue
			}
			symbols[name] = strings.TrimSuffix(inner, ")")
		}
	}
	if !found {
		return nil, fmt.Errorf("no table in what extract wrote")
	}
	return symbols, nil
}
