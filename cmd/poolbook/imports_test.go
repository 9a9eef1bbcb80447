package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// importRule says what a package and those below it must not import, directly
// or through others. "…" at the end means a package and those below it.
type importRule struct {
	pkg string
	not []string
	why string
}

var importRules = []importRule{
	{pkg: "kernel/…", not: []string{"interp/…", "pool/…", "web/…", "notebooks/…"},
		why: "the kernel serves any session: the command supplies one"},
	{pkg: "kernel/protocol", not: []string{"kernel", "kernel/wire", "kernel/transport", "kernel/client"},
		why: "message types are the bottom: everything else may use them"},
	{pkg: "kernel/wire", not: []string{"kernel", "kernel/transport", "kernel/client", "github.com/go-zeromq/zmq4"},
		why: "frames and signatures are tested and fuzzed without sockets"},
	{pkg: "kernel/client", not: []string{"interp/…", "pool/…"},
		why: "the server and the runner of notebooks start kernels of any language"},
	{pkg: "interp/…", not: []string{"kernel/…", "web/…", "pool/…", "notebooks/…"},
		why: "the interpreter is handed the packages that its cells get"},
	{pkg: "pool/…", not: []string{"interp/…", "kernel/…", "web/…", "notebooks/…"},
		why: "pool is an ordinary package of Go programs too"},
	{pkg: "web/…", not: []string{"interp/…", "pool/…", "kernel"},
		why: "the server knows kernels as processes only"},
	{pkg: "notebooks/nbformat", not: []string{"interp/…", "pool/…", "kernel/…", "web/…"},
		why: "the file format needs no kernel"},
	{pkg: "notebooks/run", not: []string{"interp/…", "pool/…", "kernel", "web/…"},
		why: "notebooks run in a kernel process, as in any front end"},
}

// soleImporters are packages that only one package of the module imports.
var soleImporters = []struct{ dep, by, why string }{
	{"github.com/go-zeromq/zmq4", "kernel/transport", "its limits are dealt with in one place"},
	{"golang.org/x/crypto/nacl/box", "kernel/transport/curve", "whoever encrypts anything else should ask why it is not TLS"},
	{"github.com/spf13/cobra", "cmd/poolbook", "flags are the command's"},
	{"github.com/gorilla/websocket", "web/…", "websockets are the server's"},
	{"github.com/goplus/reflectx", "interp/internal/…", "types made at run time are the interpreter's secret"},
}

// standardOnly are packages that import nothing but the standard library (and
// the packages named).
var standardOnly = map[string][]string{
	"kernel/protocol":    {"github.com/google/uuid"},
	"notebooks/nbformat": nil,
	"pool":               {"poolbook/pool/core"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Standard   bool
}

func TestImportRules(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Deps,Standard", "poolbook/...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var own []listed
	standard := map[string]bool{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, "poolbook/") {
			own = append(own, p)
		}
		standard[p.ImportPath] = p.Standard
	}
	for _, r := range importRules {
		t.Run(r.pkg, func(t *testing.T) {
			found := false
			for _, p := range own {
				if !matches(r.pkg, p.ImportPath) {
					continue
				}
				found = true
				for _, dep := range p.Deps {
					for _, not := range r.not {
						if matches(not, dep) {
							t.Errorf("%s imports %s (itself or through another): %s", p.ImportPath, dep, r.why)
						}
					}
				}
			}
			if !found {
				t.Errorf("there is no package %s any more: change the rule with it", r.pkg)
			}
			for _, not := range r.not {
				if !strings.Contains(not, ".") && !slices.ContainsFunc(own, func(p listed) bool { return matches(not, p.ImportPath) }) {
					t.Errorf("there is no package %s any more: change the rule with it", not)
				}
			}
		})
	}
	for _, s := range soleImporters {
		used := false
		for _, p := range own {
			if slices.Contains(p.Imports, s.dep) {
				used = true
				if !matches(s.by, p.ImportPath) {
					t.Errorf("%s imports %s: only %s may, since %s", p.ImportPath, s.dep, s.by, s.why)
				}
			}
		}
		if !used {
			t.Errorf("nothing imports %s any more: change the rule with it", s.dep)
		}
	}
	for pkg, more := range standardOnly {
		i := slices.IndexFunc(own, func(p listed) bool { return matches(pkg, p.ImportPath) })
		if i < 0 {
			t.Errorf("there is no package %s any more: change the rule with it", pkg)
			continue
		}
		for _, dep := range own[i].Imports {
			if !standard[dep] && !slices.Contains(more, dep) {
				t.Errorf("poolbook/%s imports %s: it may import the standard library and %v", pkg, dep, more)
			}
		}
	}
}

// matches reports whether an import path is that of a pattern of the rules.
func matches(pattern, path string) bool {
	if !strings.Contains(pattern, ".") { // of the module
		pattern = "poolbook/" + pattern
	}
	if base, below := strings.CutSuffix(pattern, "/…"); below {
		return path == base || strings.HasPrefix(path, base+"/")
	}
	return path == pattern
}
