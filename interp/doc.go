// Package interp is the interpreter of Poolbook: a [Session] runs cells of plain Go and keeps what they declare.
//
// A cell goes through four packages:
//
//	internal/split   text → imports, declarations, statements, final expression (go/parser, exact positions)
//	internal/check   go/types over the whole cell, earlier cells in scope; nothing has run yet
//	go/ssa           the checked cell, lowered (generics instantiated, range-over-func, defer)
//	internal/vm      register code, run
//
// Each cell is one types.Package. All of them have the path "main", so that the unexported names of one cell are those of
// another. Variables declared at the top level of a cell, with var or with :=, are package-level variables of its package:
// later cells see them, and so do functions declared in any cell. When a later cell declares a variable of the same name
// and the same type, both share their storage.
//
// # Cells
//
// A cell mixes imports, declarations, statements and a final expression (or several, with commas), in any order that reads
// naturally. Statements run from the top; functions, types and constants are there from the start, as in a Go file; defer waits
// for the cell's end. The value of the final expression is the cell's, unless a semicolon follows. Unused variables and imports are
// no errors, and a package of the standard library is imported by using its name. A cell may be a whole program: package main is
// accepted, init functions run after the variables before the first statement, and a main that the cell declares
// and does not call is called at its end. Lines that begin with % or ! before the Go code are commands (%help); a cell whose first line is %%bash, %%sh,
// %%script or %%writefile is no Go. %test runs the tests of cells by package testing (celltests.go), in sessions that have their process to
// themselves; t.Log and its kin, in programs too, say the place in the cell or file (testlogs.go).
//
// # Declaring again
//
// A variable may change its type; with the same type it keeps its storage, so that pointers to it and functions that use it see the
// new value. A function with the same signature takes the place of the old one for all that call it or hold it, loops that
// wait (for a channel, a clock, a file) and run at the time among them. When a
// declaration means something else than before (another type, signature, constant value), the functions of earlier cells that
// mention it are checked again with it and follow; those that do not compile any more keep the old one, and
// the result carries a warning. A type declared again with the same text stays the same type; otherwise it is a new one, and values of
// the old one keep theirs: messages then say Point (cell 3). Methods may be added to a type by any later cell, and values made before have
// them too. A method declared again with the same signature takes the old one's place as a function does, for interface and method values too;
// with another signature, or a pointer instead of a value as its receiver, those keep the method of before. All of this holds for generic
// functions, and for generic types with all their instances. Compiled code sees such methods, but for what packages have found out about a
// type and keep: encoding/json and gob go on writing a type as they did first, and a warning says so.
//
// # What is kept
//
// A cell's text, syntax, types and code are kept for what it declares, and for functions and goroutines that it makes. One that has none of these
// is forgotten when it has run; others, when all that they declare has been declared again and the collector finds that no function value or
// call of theirs is left (keep.go). Those stay that declare types other than before, methods, or generic functions.
//
// # Errors
//
// A cell that has an error changes nothing: errors found by the checker come as a [*CompileError] before the cell
// starts. A cell that fails while it runs keeps what it did until then, as in every notebook.
//
// Two goroutines in one map, and data beyond [Config.MemoryLimit], are fatal errors: they end the cell and its goroutines and cannot be
// recovered. Calls of compiled functions that allocate what an argument says are looked at before, and so are values that such functions follow by
// calling themselves: one that contains itself, or is nested more than 400,000 levels deep, is a stack overflow of the cell. The same holds for keys of maps
// and comparisons, where interfaces are nested so deeply. Packages fmt, log, encoding, maps and display count as the goroutine that calls them. Code that uses a map through package reflect, or
// through other compiled code, is found by the Go runtime, which elsewhere than on Linux with an amd64 processor ends the process.
//
// [Traceback] renders each of these for a notebook.
//
// Package runtime shows a cell or program its own calls, with the names that the compiler gives them and without the library's between
// them; runtime.main and runtime.goexit end the list. Files of programs are absolute there, a cell's is "cell [3]". TestStacks compares that with compiled Go.
//
// # What ends a process
//
// What would end a compiled program ends a cell, and the session has its values. A kernel goes on; repl and run end as that program would; of
// a pool's tasks the one is lost that did it. TestEndings tries these on kernel and repl, TestProgramEndings on run beside compiled Go, TestEndingsOfTasks
// on workers, TestCallbacks the functions that goroutines of the library call, and TestCallbackStress (make stress) those at random moments.
// Callbacks of a cell that has ended by itself go on, as its goroutines do; an interrupt ends those of the cell that it ends, but no tasks of pools.
//
//	panic, also in a goroutine, a finalizer, a callback    reported; the callback returns an error where it can, a test or benchmark fails
//	os.Exit, log.Fatal, syscall.Exit                       an ExitError, also from callbacks
//	a deadlock, a stack overflow, data beyond the limit    errors that cannot be recovered
//	two goroutines in one map, a mutex unlocked twice      the same, a panic
//	runtime.SetFinalizer that does not fit                 a panic with the runtime's text
//	a function that is nil, for AfterFunc                  a panic
//	on Linux on amd64, where functions of the runtime are replaced; elsewhere the process ends:
//	os.Exit by a function value, by reflect or in the library (flag.ExitOnError, testing.Main)
//	a panic of the library's own in a goroutine of its own, such as a nil *strings.Builder as a command's Stdout
//	a channel or a timer of a testing/synctest bubble used outside of it
//
// These end the process, and why:
//
//	memory that compiled code takes without end: it cannot be stopped. The kernel ends itself, or the system ends it before other programs.
//	Functions that read all there is (io.ReadAll, os.ReadFile, bytes.Buffer.ReadFrom, io.Copy, readers with buffers, what a child prints, also into a buffer of the cell) do
//	end with the cell, or with an error of the cell when there is no more room: what they read with looks at that (TestEndlessReads)
//	a stack overflow in compiled code, and 10,000 threads in system calls: the runtime has no stack, or thread, to go on with
//	a signal to the own process, unsafe, closing files that are the kernel's (syscall.Close): the process is the cell's own as well
//
// # Output and input
//
// What a cell prints, its goroutines and callbacks included, goes to the writers of that cell, also after it has ended. os.Stdout,
// os.Stderr, os.Stdin, os.Args, the default loggers and flags are the session's own, and what cells assign to these variables, the functions
// of the standard library obey when cells call them. All other package variables of compiled packages are the packages' own. A cell that
// defines flags can be run again. What compiled code prints by package log, as a web server does when a handler panics, goes to the default
// logger of the latest session. os.Exit, log.Fatal and the flags of ExitOnError end the cell.
//
// A kernel's session has its process to itself ([CaptureProcess]): there the variables are the process's, and what compiled packages and
// the children that they start write to standard output and error goes to the cell too.
//
// # Programs
//
// [Session.RunProgram] runs files as a program, by the rules of Go alone. With the process to itself ([OwnProcess]) the program has the
// process's streams, descriptors, arguments and signals, and ends as it does when it is compiled: with the same exit code or signal, without
// deferred calls where Go runs none, at once when a goroutine panics while main waits, and with Go's text. TestProgramEndings of the command
// holds 79 programs to that. The version of Go in the go.mod of a folder that is run, and //go:build lines, decide about loop variables and about
// what a program may use; cells are of the latest version. These differences stay:
//
//	traces             are those of cells, with source lines and hints; there is no line about the signal of a nil pointer
//	panic(T{…})        shows the value where Go shows addresses
//	stack overflow     is found by the number of calls, not by bytes, and says which function it was
//	SIGQUIT            dumps the goroutines of the interpreter; the exit code is the same
//	unlock of an unlocked mutex, maps that two goroutines write    end the program as they do in Go; in cells the first can be recovered
//
// # Modules
//
// %get path@version fetches a module with the user's go command; then cells import its packages. The go.mod of the working directory (for
// a program: of its folder) or of the next folder above counts too, with the packages of its own module, and so does a go.work; they are read
// and never changed. GOWORK, vendor folders and the flags in GOFLAGS (-tags, -mod, -modfile) mean what they mean to the go command. Packages of modules are
// interpreted from source, and so are those that they import, with the Go version of their go.mod. The build tags
// purego, noasm and safe are set, cgo is off; a function without Go code fails when it is called, with a message that names
// its place. Only golang.org/x/sys's own have stand-ins: system calls on Linux, and a processor without features. //go:embed works in packages, in
// programs and, from the working directory, in cells.
// Of a module, a session uses one version until %reset: %get of another one says so when packages have been imported from the first. It is the same
// with packages that are edited, those of the go.mod's own module and those under a replace: after %reset, an import reads what has changed, and the packages
// that import it, anew; the others keep their variables. Workers have the code that the session has read, whatever the files say by then, but embedded files.
// A package whose init functions panic fails the cells that import it, each time, and no others.
//
// Tried in cells, with the text, numbers, tables or pictures that came looked at:
//
//	data        google/uuid, google/go-cmp, samber/lo, shopspring/decimal, emirpasic/gods/v2 (v2.0.0-alpha), wk8/go-ordered-map/v2,
//	            hashicorp/golang-lru/v2, jinzhu/copier, mitchellh/mapstructure, montanaflynn/stats, gonum.org/v1/gonum (stat, mat, optimize),
//	            golang.org/x/exp, cespare/xxhash/v2
//	plots       gonum.org/v1/plot (PNG, SVG), wcharczuk/go-chart/v2 (PNG), go-echarts/go-echarts/v2 (HTML), golang.org/x/image
//	formats     gopkg.in/yaml.v3, BurntSushi/toml, pelletier/go-toml/v2, yuin/goldmark, tidwall/gjson, valyala/fastjson, google.golang.org/protobuf, golang/snappy,
//	            klauspost/compress (zstd), PuerkitoBio/goquery, golang.org/x/net (html, idna), alecthomas/chroma/v2
//	text        golang.org/x/text, Masterminds/sprig/v3, dustin/go-humanize, gosimple/slug, fatih/color, jedib0t/go-pretty/v6,
//	            olekukonko/tablewriter, mattn/go-runewidth, alecthomas/participle/v2
//	programs    spf13/cobra, pflag, viper and afero, stretchr/testify (assert, mock), go-playground/validator/v10, pkg/errors,
//	            hashicorp/go-multierror, cenkalti/backoff/v4, golang.org/x/sync, panjf2000/ants/v2
//	logs        rs/zerolog, sirupsen/logrus, go.uber.org/zap, prometheus/client_golang
//	servers     gin-gonic/gin, labstack/echo/v4, gofiber/fiber/v2, go-chi/chi/v5, gorilla/mux and websocket, google.golang.org/grpc
//	clients     redis/go-redis/v9, nats-io/nats.go, jackc/pgx/v5 (without their servers: the error of a refused connection)
//	stores      modernc.org/sqlite, gorm.io/gorm with glebarez/sqlite, go.etcd.io/bbolt, Masterminds/squirrel, jmoiron/sqlx (import)
//	languages   expr-lang/expr, go.starlark.net, dop251/goja
//	ciphers     golang.org/x/crypto (bcrypt, argon2, chacha20poly1305, blake2b)
//
// Large ones take their time at the first import: gin, with all that it imports, 4 s, sqlite 10 s of processor time.
// These do not run, and say so: mattn/go-sqlite3 and whatever else is C; bytedance/sonic, which is assembly; goccy/go-json, whose
// first call is assembly; json-iterator/go (through modern-go/reflect2) and dgraph-io/ristretto/v2, which link to unexported functions
// of Go's runtime.
//
// # What it costs
//
// On a 2-core virtual machine of an AMD EPYC, shared with other work, the best of several rounds (latency_test.go, growth_test.go):
//
//	a new process to the end of its first cell, which prints        6 ms
//	the same, with JSON, regular expressions and generic packages   27 ms
//	a cell after 500 others: x + 1, x = x + 1, y := x * 2           0.025 ms
//	one with a function, a type, a loop or Println                  0.04 to 0.07 ms
//	one that instantiates generic functions                         0.1 ms
//	three declarations, a function replaced and called, in the first 500 cells    0.14 ms
//	the same in the last 500 of 5,000 cells                                       0.15 ms
//	what such a cell leaves in the heap, first and second half of 5,000           23 KB
//	what a cell leaves whose names are declared again, or that declares nothing   nothing
//	a switch of 16,000 cases, a cell of 8,000 loops and conditions                1.0 s, 0.9 s
//
// # Code units
//
// The other way round, [Session.Unit] takes a function value apart: the declarations it reaches, as Go source with
// positions that lead back to the cells, and the variables it reads. [Session.LoadUnit] makes the function again in another
// process. Types of cells have a number and a hash in their names there ([Session.TypeName]): a value of a type that was declared anew
// arrives as the type it had. A session that meets a type that no unit has brought asks for it ([UnknownTypeError],
// [Session.TypeUnit]). Functions of a program that [Session.RunProgram] runs are taken apart in the same way; their positions name its files.
package interp
