package vm

import (
	"fmt"
	"go/token"
	"go/types"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"

	"poolbook/interp/internal/goabi"
)

// library is Go's library in SSA form, of the release that the test runs with. It is a gigabyte, which the collections of later tests would
// look at: the last of the tests that use it lets it go.
var library, libraryUsers = sync.OnceValues(loadLibrary), 2

func loadLibrary() ([]*ssa.Function, error) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax}, "std")
	if err != nil {
		return nil, err
	}
	prog, all := ssautil.Packages(pkgs, 0)
	prog.Build()
	var fns []*ssa.Function
	for f := range ssautil.AllFunctions(prog) {
		if f.Pkg != nil && slices.Contains(all, f.Pkg) && !strings.HasPrefix(f.Pkg.Pkg.Path(), "vendor/") {
			fns = append(fns, f)
		}
	}
	slices.SortFunc(fns, func(a, b *ssa.Function) int { return strings.Compare(a.String(), b.String()) })
	return fns, nil
}

func mustLibrary(t *testing.T) []*ssa.Function {
	t.Helper()
	if testing.Short() || raceEnabled {
		t.Skip("it takes its time")
	}
	t.Cleanup(func() {
		if libraryUsers--; libraryUsers == 0 {
			library = sync.OnceValues(loadLibrary)
		}
	})
	fns, err := library()
	if err != nil {
		t.Fatal(err)
	}
	return fns
}

// unheard are functions of the library that recover whatever panics in what they call, and that are no recoverers all the same.
var unheard = map[string]string{
	"debug/gosym.(*LineTable).go12Funcs":                                 "calls nothing of others",
	"debug/gosym.(*LineTable).go12MapFiles":                              "calls nothing of others",
	"debug/gosym.(*LineTable).parsePclnTab":                              "calls nothing of others",
	goabi.HTTP2Package + ".(*" + goabi.HTTP2Prefix + "serverConn).serve": "recovers only in the library's own tests",
	"os/exec.interfaceEqual":                                             "compares",
	"sync.OnceFunc.func1.1":                                              "panics again with what it recovers, unless its function has returned",
	"sync.OnceValue[...].func1.1":                                        "panics again with what it recovers, unless its function has returned",
	"sync.OnceValues[...].func1.1":                                       "panics again with what it recovers, unless its function has returned",
	"text/template/parse.(*Tree).Parse":                                  "calls nothing of others",
}

// TestRecoverers looks in the library's source for functions that keep panics of others from going on.
func TestRecoverers(t *testing.T) {
	found := map[string]bool{}
	for _, f := range mustLibrary(t) {
		path := f.Pkg.Pkg.Path()
		if path == "testing" || path == "runtime" || strings.HasPrefix(path, "go/") || strings.Contains("/"+path, "/internal/") && path != "internal/singleflight" && path != goabi.HTTP2Package {
			continue // testing panics again; the others call no code of cells, or not in goroutines of the library
		}
		for _, b := range f.Blocks {
			for _, in := range b.Instrs {
				d, ok := in.(*ssa.Defer)
				if !ok || d.Call.StaticCallee() == nil || !swallows(d.Call.StaticCallee()) {
					continue
				}
				name, by := frameName(f), frameName(d.Call.StaticCallee())
				if _, ok := unheard[name]; ok {
					found[name] = true
					continue
				}
				r, ok := recoverers[name]
				if !ok || r.by != by {
					t.Errorf("%s recovers in %s and is not known to", name, by)
				}
				found[name] = true
				before := callsBefore(f, d)
				slices.Sort(before)
				want := slices.Sorted(slices.Values(r.before))
				if !slices.Equal(slices.Compact(before), want) {
					t.Errorf("%s calls %q before it recovers, not %q", name, before, want)
				}
			}
		}
	}
	for name := range recoverers {
		if !found[name] && !strings.HasPrefix(name, "poolbook/") {
			t.Errorf("%s does not recover", name)
		}
	}
	for name := range unheard {
		if !found[name] {
			t.Errorf("%s does not recover, and need not be explained", name)
		}
	}
}

// swallows reports whether a deferred function may return when a panic with a value of a program's own is on its way.
func swallows(f *ssa.Function) bool {
	value := map[ssa.Value]bool{} // what recover has returned
	yes := map[ssa.Value]bool{}   // conditions that are known
	recovers := false
	seen := map[*ssa.BasicBlock]bool{}
	var visit func(b *ssa.BasicBlock) bool
	visit = func(b *ssa.BasicBlock) bool {
		if seen[b] {
			return false
		}
		seen[b] = true
		for _, in := range b.Instrs {
			switch in := in.(type) {
			case *ssa.Call:
				if c, ok := in.Call.Value.(*ssa.Builtin); ok && c.Name() == "recover" {
					value[in], recovers = true, true
				}
			case *ssa.ChangeInterface:
				value[in] = value[in.X]
			case *ssa.TypeAssert:
				if _, ok := in.AssertedType.Underlying().(*types.Interface); !ok && value[in.X] && !in.CommaOk {
					return false // it panics
				}
			case *ssa.Extract:
				if a, ok := in.Tuple.(*ssa.TypeAssert); ok && value[a.X] {
					value[in] = in.Index == 0
					if _, ok := a.AssertedType.Underlying().(*types.Interface); !ok && in.Index == 1 {
						yes[in] = false
					}
				}
			case *ssa.BinOp:
				if (in.Op == token.EQL || in.Op == token.NEQ) && (value[in.X] || value[in.Y]) {
					yes[in] = in.Op == token.NEQ // nil, or something of the library's own
				}
			case *ssa.If:
				if is, ok := yes[in.Cond]; ok {
					return visit(b.Succs[map[bool]int{true: 0, false: 1}[is]])
				}
				return visit(b.Succs[0]) || visit(b.Succs[1])
			case *ssa.Jump:
				return visit(b.Succs[0])
			case *ssa.Panic:
				return false
			case *ssa.Return:
				return recovers
			}
		}
		return false
	}
	return len(f.Blocks) > 0 && visit(f.Blocks[0])
}

// callsBefore lists the methods of interfaces, and function values, that f may call before it comes to d.
func callsBefore(f *ssa.Function, d *ssa.Defer) []string {
	var names []string
	for _, b := range f.Blocks {
		if b != d.Block() && d.Block().Dominates(b) {
			continue
		}
		for _, in := range b.Instrs {
			if in == ssa.Instruction(d) {
				break
			}
			c, ok := in.(*ssa.Call)
			if !ok || b != d.Block() && !reaches(b, d.Block()) {
				continue
			}
			if c.Call.IsInvoke() {
				if types.TypeString(c.Call.Value.Type(), nil) == "reflect.Type" {
					continue // the library's own
				}
				names = append(names, c.Call.Method.Name())
			} else if _, ok := c.Call.Value.(*ssa.Builtin); !ok && c.Call.StaticCallee() == nil {
				names = append(names, c.Call.Value.Name())
			}
		}
	}
	return names
}

func reaches(from, to *ssa.BasicBlock) bool {
	seen := map[*ssa.BasicBlock]bool{}
	var visit func(b *ssa.BasicBlock) bool
	visit = func(b *ssa.BasicBlock) bool {
		if b == to {
			return true
		}
		if seen[b] {
			return false
		}
		seen[b] = true
		return slices.ContainsFunc(b.Succs, visit)
	}
	return visit(from)
}

// frameName is the name of a function's frames: net/http.(*conn).serve.func1 for go/ssa's (*net/http.conn).serve$1.
func frameName(f *ssa.Function) string {
	if p := f.Parent(); p != nil {
		i := slices.Index(p.AnonFuncs, f) + 1
		if p.Parent() != nil {
			return fmt.Sprintf("%s.%d", frameName(p), i)
		}
		return fmt.Sprintf("%s.func%d", frameName(p), i)
	}
	name := f.Pkg.Pkg.Path() + "."
	if r := f.Signature.Recv(); r != nil {
		if p, ok := r.Type().(*types.Pointer); ok {
			name += "(*" + p.Elem().(*types.Named).Obj().Name() + ")."
		} else {
			name += r.Type().(*types.Named).Obj().Name() + "."
		}
	}
	name += f.Name()
	if f.TypeParams().Len() > 0 {
		name += "[...]"
	}
	return name
}

// quietGoroutines are functions of the library with go statements that no cell tries, and why.
var quietGoroutines = map[string]string{
	"(*net.Dialer).dialCtx":                              "calls its own context",
	"(*net.Resolver).lookupIPAddr":                       "calls its own context",
	"(*net/http.Transport).roundTrip":                    "calls its own context",
	"(net/http.http1ClientConn).RoundTrip":               "calls its own context",
	"(*net/http/httputil.ReverseProxy).ServeHTTP":        "calls its own context",
	"net/http.setRequestCancel":                          "calls its own functions",
	"os/signal.NotifyContext":                            "calls its own context",
	"net.doBlockingWithCtx":                              "calls C, which the program is built without",
	"(*net/http.socksDialer).connect":                    "calls SetDeadline of a connection, whose dialling Transport does not cancel",
	http2SSA("(*", "ClientConn).Ping"):                   "writes to a connection, as in the cases for http2",
	http2SSA("(*", "clientConnPool).addConnIfNeeded"):    "makes a connection of one that exists, as in the cases for http2",
	http2SSA("(*", "clientConnPool).getStartDialLocked"): "dials for a Transport that cells cannot make",
	http2SSA("(*", "serverConn).startPush$1"):            "calls a handler, as in the cases for http2",
	http2SSA("(*", "serverConn).upgradeRequest"):         "calls a handler, as in the cases for http2",
	"(*testing.F).Fuzz$1":                                "an F is had from a test binary's main function only",
	"testing.runFuzzTests":                               "an F is had from a test binary's main function only",
	"testing.runFuzzing":                                 "an F is had from a test binary's main function only",
	"testing.testingSynctestTest":                        "TestSynctest has it",
}

// What only one release has of these.
func init() {
	switch goabi.Version {
	case "1.26":
		unheard["net/http.http2registerHTTPSProtocol"] = "calls nothing of others"
		quietGoroutines["net/http.http2configureTransports$1"] = "closes a connection that is there already"
		quietGoroutines["os/signal.Notify$1$1"] = "calls its own functions"
	case "1.27":
		quietGoroutines["(*net/http/internal/http2.ClientConn).goAwayAndClose"] = "writes to a connection, as in the cases for http2"
		quietGoroutines["(*net/http/internal/http2.Transport).AddConn"] = "closes a connection that is there already"
		quietGoroutines["(*net/http.Server).ListenAndServeTLS"] = "serves HTTP/3 for a package that is not the library's"
		quietGoroutines["os/signal.Notify$2$1"] = "calls its own functions"
	}
}

// http2SSA is the name that go/ssa has for something of the code for HTTP/2.
func http2SSA(before, name string) string {
	return before + goabi.HTTP2Package + "." + goabi.HTTP2Prefix + name
}

// TestLibraryGoroutines looks in the library's source for go statements whose goroutines call methods of interfaces or function values:
// each has a cell in the cases of TestCallbacks, or a reason why not.
func TestLibraryGoroutines(t *testing.T) {
	fns := mustLibrary(t)
	text, err := os.ReadFile("../../testdata/callbacks.cases")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, "// go: "); ok {
			for _, name := range strings.Fields(list) {
				tried[strings.ReplaceAll(name, "(*net/http.http2", http2SSA("(*", ""))] = true
			}
		}
	}
	found := map[string]bool{}
	for _, f := range fns {
		path := f.Pkg.Pkg.Path()
		if path == "runtime" || strings.HasPrefix(path, "internal/") {
			continue
		}
		for _, b := range f.Blocks {
			for _, in := range b.Instrs {
				g, ok := in.(*ssa.Go)
				if !ok {
					continue
				}
				name := f.String()
				found[name] = true
				_, quiet := quietGoroutines[name]
				calls := dynamicCalls(g)
				if len(calls) > 0 && !tried[name] && !quiet {
					t.Errorf("no cell tries what %s calls in a goroutine: %s", name, strings.Join(calls, ", "))
				}
			}
		}
	}
	for name := range maps.Keys(tried) {
		if !found[name] {
			t.Errorf("%s has no go statement", name)
		}
	}
	for name := range maps.Keys(quietGoroutines) {
		if !found[name] || tried[name] {
			t.Errorf("%s need not be explained", name)
		}
	}
}

// dynamicCalls lists the methods of interfaces, and function values, that the goroutine of a go statement calls in its package.
func dynamicCalls(g *ssa.Go) []string {
	calls := map[string]bool{}
	seen := map[*ssa.Function]bool{}
	var look func(c *ssa.CallCommon)
	look = func(c *ssa.CallCommon) {
		f := c.StaticCallee()
		if c.IsInvoke() {
			calls[types.TypeString(c.Value.Type(), (*types.Package).Name)+"."+c.Method.Name()] = true
		} else if _, ok := c.Value.(*ssa.Builtin); !ok && f == nil {
			calls[types.TypeString(c.Value.Type(), (*types.Package).Name)] = true
		}
		if f == nil || seen[f] || f.Pkg != g.Parent().Pkg {
			return
		}
		seen[f] = true
		for _, b := range f.Blocks {
			for _, in := range b.Instrs {
				if c, ok := in.(ssa.CallInstruction); ok {
					look(c.Common())
				}
			}
		}
	}
	look(&g.Call)
	return slices.Sorted(maps.Keys(calls))
}
