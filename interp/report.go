package interp

import (
	"fmt"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"

	"poolbook/interp/internal/check"
	"poolbook/interp/internal/pattern"
	"poolbook/interp/internal/rtype"
	"poolbook/interp/internal/split"
	"poolbook/interp/internal/vm"
)

// at fills in the place of a diagnostic.
func (s *Session) at(pos, end token.Pos) Diagnostic {
	var d Diagnostic
	if !pos.IsValid() {
		return d
	}
	p := s.fset.Position(pos)
	d.Line, d.Column = p.Line, p.Column
	src := s.sources[p.Filename]
	if src == nil {
		if n, err := fmt.Sscanf(p.Filename, "cell [%d]", &d.Cell); n != 1 || err != nil { // otherwise a cell of the session that a unit came from
			d.Cell, d.File = 0, p.Filename
		}
		return d
	}
	d.Cell, d.File = src.cell, src.file
	d.SourceLine = line(src.code, p.Line)
	if end > pos {
		if e := s.fset.Position(end); e.Line == p.Line && e.Column > p.Column {
			d.EndColumn = e.Column
		}
	}
	d.Column = min(d.Column, len(d.SourceLine)+1)
	return d
}

func line(code string, n int) string {
	lines := strings.Split(code, "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimRight(lines[n-1], "\r")
}

func (s *Session) diagnostic(d check.Diag) Diagnostic {
	r := s.at(d.Pos, d.End)
	r.Message, r.Hint, r.Warning = d.Msg, d.Hint, d.Warning
	return r
}

func (s *Session) compileError(diags []check.Diag) *CompileError {
	e := &CompileError{}
	seen := map[string]bool{}
	for _, d := range diags {
		r := s.diagnostic(d)
		if key := fmt.Sprint(r.Cell, r.Line, r.Message); !seen[key] {
			seen[key] = true
			e.Diagnostics = append(e.Diagnostics, r)
		}
	}
	return e
}

func (s *Session) syntaxError(c Cell, errs []*split.Error) *CompileError {
	e := &CompileError{}
	for _, err := range errs {
		before := c.Code[:min(err.Offset, len(c.Code))]
		err.Msg = written(err.Msg, c.Code[len(before):])
		d := Diagnostic{Cell: c.Number, Message: "syntax error: " + unexpected().ReplaceAllString(err.Msg, "unexpected $1 at end of statement"), Hint: syntaxHint(err.Msg, c.Code, err.Offset)}
		d.Line = 1 + strings.Count(before, "\n")
		start := strings.LastIndex(before, "\n") + 1
		d.Column = len(before) - start + 1
		d.SourceLine = line(c.Code, d.Line)
		if err.End > err.Offset && err.End-start <= len(d.SourceLine) {
			d.EndColumn = err.End - start + 1
		}
		e.Diagnostics = append(e.Diagnostics, d)
	}
	return e
}

// written takes from a parser's message what is not in the text there, rest: pieces of a cell are parsed with braces around them.
func written(msg, rest string) string {
	for _, end := range []string{"found '}'", "found 'EOF'", "found newline"} {
		if !strings.HasSuffix(msg, end) {
			continue
		}
		switch rest := strings.TrimLeft(rest, " \t\r\n"); {
		case rest == "":
			return expectedMore(msg, end) + "found the end of the cell"
		case rest[0] != '}' && end != "found newline":
			return expectedMore(msg, end) + "found the end of the statement"
		}
	}
	return msg
}

// expectedMore is a message up to what was found: what comes after a statement is not what is missing.
func expectedMore(msg, found string) string {
	return strings.Replace(strings.TrimSuffix(msg, found), "expected ';'", "expected more", 1)
}

var unexpected = pattern.New(`^expected ';', found (.+)$`)

// syntaxHint has advice for what people who come from Python, JavaScript or C write.
func syntaxHint(msg, code string, offset int) string {
	from := strings.LastIndex(code[:min(offset, len(code))], "\n") + 1
	to := strings.IndexByte(code[from:], '\n')
	if to < 0 {
		to = len(code)
	} else {
		to += from
	}
	text := strings.TrimSpace(code[from:to])
	first, rest, _ := strings.Cut(text, " ")
	switch {
	case first == "import" && !strings.Contains(text, `"`), first == "from" && strings.Contains(text, " import "):
		return `a package is imported by its path in double quotes: import "strings"; those of Go's own library are there without it`
	case strings.Contains(msg, "U+0023"):
		return "a comment begins with //, or stands between /* and */"
	case strings.HasPrefix(text, "%") || strings.HasPrefix(text, "!"):
		return "lines that begin with % or ! come first in a cell, before its Go code"
	case first == "def":
		return "functions are declared with func: func name(x int) int { … }"
	case first == "while":
		return "Go's only loop is for: for condition { … }"
	case first == "for" && strings.Contains(text, " in "):
		return "loops go over numbers with for i := range 10 { … }, over elements with for i, x := range xs { … }"
	case strings.Contains(msg, "unexpected comma; expecting ]"):
		return "a slice is written with its type: []int{1, 2, 3}"
	case strings.Contains(msg, "expected operand, found '{'"):
		return `a composite value is written with its type: map[string]int{"a": 1}, []int{1, 2}`
	case strings.HasPrefix(msg, "expected ';', found ','") && !strings.Contains(text, "="):
		return "the fields of a struct stand on lines of their own, without commas"
	case first == "func" && strings.HasPrefix(msg, "expected '(', found"):
		return "inside a function, give a variable a function: name := func(x int) int { … }"
	case msg == "method must have no type parameters":
		return check.MethodHint
	case first == "elif", strings.HasPrefix(rest, "elif "):
		return "write } else if condition {"
	case first == "class":
		return "declare a type: type Name struct { … }"
	case first == "let" || first == "const" && strings.Contains(text, "[") || first == "int" || first == "float" || first == "auto":
		return "variables are declared with name := value, or var name type"
	case (first == "if" || first == "for" || first == "else:" || first == "func") && strings.HasSuffix(text, ":"):
		return "a block is written in braces: { … }"
	case first == "else" || first == "else{":
		return "else must stand on the line of the closing brace: } else {"
	case (first == "if" || first == "for" || first == "switch") && !strings.Contains(text, "{"):
		return "the opening brace must stand on the same line"
	case strings.HasPrefix(msg, "rune literal") || strings.Contains(msg, "illegal rune literal") || strings.Contains(msg, "more than one character in rune literal"):
		return `strings are written with double quotes: "…"`
	case strings.Contains(msg, "missing ',' before newline"):
		return "the last element needs a comma too when the closing bracket is on a line of its own"
	}
	return ""
}

// stack keeps the frames of cells and files, innermost first.
func (s *Session) stack(frames []vm.Frame) []Frame {
	var list []Frame
	for _, f := range frames {
		d := s.at(f.Pos, token.NoPos)
		if !f.Pos.IsValid() && f.Func != nil && f.Func.Pos().IsValid() { // an empty loop has no position of its own
			d = s.at(f.Func.Pos(), token.NoPos)
			d.Column = 0
			if funcName(f.Func) == "" {
				d.Line, d.SourceLine = 0, ""
			}
		}
		if d.Cell == 0 && d.SourceLine == "" && !s.ofProgram(f.Func, d.File) {
			continue // of a package
		}
		list = append(list, Frame{Cell: d.Cell, File: d.File, Line: d.Line, Column: d.Column, Func: funcName(f.Func), text: d.SourceLine})
	}
	return list
}

// ofProgram tells whether a position without known text is in a program's file: a unit was made of it.
func (s *Session) ofProgram(fn *ssa.Function, file string) bool {
	return file != "" && file != unitFile && unitSession{s}.InfoOf(fn) != nil
}

// funcName names a function as its cell does; "" for a cell's own statements.
func funcName(f *ssa.Function) string {
	if f == nil {
		return ""
	}
	if p := f.Parent(); p != nil {
		if f.Synthetic == "range-over-func yield" { // the body of a loop
			return funcName(p)
		}
		switch outer := funcName(p); {
		case strings.HasPrefix(outer, "function literal"):
			return outer
		case outer != "" && p.Prog.Fset.Position(p.Pos()).Filename != unitFile: // a unit makes its functions in one of its own
			return "function literal in " + outer
		}
		return "function literal"
	}
	name := f.Name()
	if name == check.Entry || name == check.VarsFunc {
		return ""
	}
	if i := strings.IndexByte(name, '#'); i > 0 {
		name = name[:i]
	}
	if recv := f.Signature.Recv(); recv != nil && f.Object() != nil {
		of := types.TypeString(recv.Type(), func(p *types.Package) string {
			if p.Path() == "main" {
				return ""
			}
			return p.Name()
		})
		if _, pointer := recv.Type().(*types.Pointer); pointer {
			of = "(" + of + ")"
		}
		return rtype.ShownText(of + "." + f.Object().Name())
	}
	return rtype.ShownText(strings.ReplaceAll(name, "main.", ""))
}

// articled is a function's name within a sentence.
func articled(name string) string {
	if strings.HasPrefix(name, "function literal") {
		return "a " + name
	}
	return name
}

// lineOf is the line of the innermost call whose text is known.
func lineOf(stack []Frame) string {
	for _, f := range stack {
		if f.text != "" {
			return f.text
		}
	}
	return ""
}

func (s *Session) runtimeError(p *vm.Panic) *RuntimeError {
	e := &RuntimeError{Kind: "panic", Message: p.Text, Value: p.Value, Goroutine: p.Goroutine, Stack: s.stack(p.Stack), crash: p.Crash}
	switch v := p.Value.(type) {
	case *vm.StackOverflow:
		e.Kind = "runtime error"
		if !v.Circle && !v.Within && len(p.Stack) > 0 && p.Stack[0].Func != nil {
			e.Message = (&vm.StackOverflow{Name: articled(funcName(p.Stack[0].Func))}).Error()
		}
	case interface {
		error
		RuntimeError()
	}:
		e.Kind = "runtime error"
		text, prefixed := strings.CutPrefix(p.Text, "runtime error: ")
		e.Message, e.plain = text, !prefixed
	case error:
		e.Kind = "error"
	}
	if text, ok := strings.CutPrefix(e.Message, "fatal error: "); ok && e.Kind == "runtime error" { // it would have ended a compiled program
		e.Kind, e.Message = "fatal error", text
	}
	e.Message = strings.TrimPrefix(s.env.CleanTypes(cutText(e.Message)), check.Entry+": ") // what does not compile any more names its function
	e.Hint = runtimeHint(e.Message)
	e.sourceLine = lineOf(e.Stack)
	return e
}

// cutText shortens the text of an error of no use to anybody in full: an Error method that calls itself makes megabytes.
func cutText(s string) string {
	const most = 4000
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most/2], "") + fmt.Sprintf(" … %d more bytes … ", len(s)-most) + strings.ToValidUTF8(s[len(s)-most/2:], "")
}

func (s *Session) fatalError(f *vm.Fatal) *RuntimeError {
	e := &RuntimeError{Kind: "fatal error", Message: s.env.CleanTypes(f.Message), Stack: s.stack(f.Stack)}
	if other := s.stack(f.Other); len(other) > 0 {
		e.Message += " (the other one: " + other[0].String() + ")"
	}
	e.Hint = runtimeHint(e.Message)
	e.sourceLine = lineOf(e.Stack)
	return e
}

func runtimeHint(msg string) string {
	switch {
	case strings.HasPrefix(msg, "concurrent map"):
		return "let one goroutine at a time use the map: lock a sync.Mutex around it, or use a sync.Map"
	case strings.HasPrefix(msg, "out of memory") && strings.Contains(msg, " goroutines, each"):
		return "let fewer goroutines be there at a time: some that take their work from a channel do as much"
	case strings.HasPrefix(msg, "out of memory"):
		return "variables of earlier cells keep their data too: give back what is not needed (x = nil), or set POOLBOOK_MEMORY to a higher limit"
	case strings.Contains(msg, "nil map"):
		return "make the map first: m := make(map[K]V), or map[K]V{}"
	case strings.Contains(msg, "nil pointer dereference"):
		return "a pointer, an interface or a function is nil here: give it a value first, or compare it with nil"
	case strings.HasSuffix(msg, "with length 0"):
		return "it is empty: append to it, or make it with a length first: make([]T, n)"
	case strings.Contains(msg, "index out of range"):
		return "indexes go from 0 to len-1"
	case strings.Contains(msg, "interface conversion"):
		return "ask first whether the value has the type: v, ok := x.(T)"
	case strings.Contains(msg, "stack overflow") && strings.HasSuffix(msg, "contains itself"):
		return "somewhere in it is a slice or map that it is part of, and what follows it comes to no end: print the parts of it instead"
	case strings.Contains(msg, "stack overflow"):
		return "the function calls itself without end: is there a case that stops it?"
	case strings.Contains(msg, "WaitGroup"):
		return "Done was called more often than Add counted: wg.Go(f) does both"
	case strings.HasPrefix(msg, "sync: "):
		return "Unlock and RUnlock come once after each Lock and RLock: is one of these missing, or was it undone twice?"
	case strings.HasSuffix(msg, "len out of range"):
		return "a length must not be negative, nor larger than memory"
	case msg == "close of nil channel":
		return "make the channel first: c := make(chan T)"
	case strings.HasSuffix(msg, "closed channel"):
		return "a channel is closed once, by the goroutine that sends, after its last value"
	case strings.HasSuffix(msg, "negative WaitGroup counter"):
		return "Done was called more often than Add counted: wg.Go(f) does both"
	}
	return ""
}

// deadlockHint says what could have ended a wait.
func deadlockHint(what string) string {
	switch what {
	case "chan receive":
		return "no goroutine is left that could send a value or close the channel: start the sender with go before, and let it close the channel"
	case "chan send":
		return "no goroutine is left that could receive: start the receiver with go before, or give the channel room: make(chan T, n)"
	case "select":
		return "no goroutine is left that could make one of the cases ready"
	case "sync.WaitGroup.Wait":
		return "fewer calls of Done than Add counted, and no goroutine is left to call it: wg.Go(f) does both"
	case "sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock":
		return "it is locked, and no goroutine is left to unlock it: did this one lock it already? defer mu.Unlock() is not forgotten"
	case "sync.Once.Do":
		return "its function is still running and waits for this one: a sync.Once must not be used by the function that it runs"
	case "sync.Cond.Wait":
		return "no goroutine is left to call Signal or Broadcast"
	}
	return ""
}
