// Command gen writes exec_gen.go, the machine's loop: one switch with a case
// for every operation and every kind of operand that is worth its own; and the
// functions of shapes_gen.go and natives_go1.N_gen.go, through which compiled code
// calls interpreted functions and the reverse. "make generate" runs it; a test
// compares the files with what it writes.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"os"
	"strings"
)

// op is an operation; its template, where it has one of many alike, is form,
// with the operation (a Go operator) and the type it is for.
type op struct{ name, code, form, sub, typ string }

var ops []op

// def adds an operation. In its code, in is the instruction, fp the frame's
// memory, and $a:T, $b:T, $c:T are the operands as variables of type T.
func def(name, code string) { ops = append(ops, op{name: name, code: expand(code)}) }

// form says by which template machine code is made for the last operation.
func form(form, sub, typ string) {
	o := &ops[len(ops)-1]
	o.form, o.sub, o.typ = form, sub, typ
}

// loop is what a jump back does: it sees the end of the run, and counts.
const loopBack = "ip = unsafe.Add(ip, int32(in.c))\nif atomic.LoadUint32(stop) != 0 { goto stopped }\nif g.heat--; g.heat < 0 { goto hot }"

// calls adds an operation that calls functions. The loop's variables are saved
// before and loaded again after it, so that they live in registers: were they
// needed after a call, the compiler would store them in every round.
func calls(name, code string) { def(name, save+code+"\ngoto reload") }

const save = "{\nfr := g.top\nfr.pc = int(uintptr(ip) - uintptr(fr.body.start))\n}\n"

func expand(s string) string {
	for _, r := range "abc" {
		mark := "$" + string(r) + ":"
		for {
			i := strings.Index(s, mark)
			if i < 0 {
				break
			}
			j := i + len(mark)
			k := j
			for k < len(s) && (s[k] >= 'a' && s[k] <= 'z' || s[k] >= '0' && s[k] <= '9' || s[k] == '[' || s[k] == ']' || s[k] >= 'A' && s[k] <= 'Z') {
				k++
			}
			s = s[:i] + "*(*" + s[j:k] + ")(unsafe.Add(fp, in." + string(r) + "))" + s[k:]
		}
	}
	return s
}

var words = []string{"int64", "uint64", "int32", "uint32", "uint8", "float64"}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// moved are the classes of values that have their own loads and stores.
var moved = []struct{ name, typ string }{
	{"8", "uint8"}, {"16", "uint16"}, {"32", "uint32"}, {"64", "uint64"},
	{"Ptr", "ptr"}, {"String", "string"}, {"Iface", "any"}, {"Slice", "[]byte"},
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gen: ")
	for name, text := range generate() {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// generate returns the files by name.
func generate() map[string][]byte {
	files := map[string][]byte{}
	for name, text := range map[string]string{"exec_gen.go": loop(), "shapes_gen.go": shapes(), nativesFile: natives()} {
		src, err := format.Source([]byte(text))
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		files[name] = src
	}
	return files
}

// loop returns exec_gen.go, unformatted.
func loop() string {
	def("Nop", "")
	def("Jump", "ip = unsafe.Add(ip, int32(in.c))")
	def("Loop", loopBack)
	def("If", "if $a:bool { ip = unsafe.Add(ip, int32(in.c)) }")
	def("IfNot", "if !$a:bool { ip = unsafe.Add(ip, int32(in.c)) }")
	def("Not", "$a:bool = !$b:bool")

	// moves
	def("MoveWord", "$a:uint64 = $b:uint64")
	def("MovePtr", "$a:ptr = $b:ptr")
	def("MoveString", "$a:string = $b:string")
	def("MoveIface", "$a:any = $b:any")
	def("MoveSlice", "$a:[]byte = $b:[]byte")
	calls("MoveMem", "memmove(unsafe.Add(fp, in.a), unsafe.Add(fp, in.b), uintptr(in.d))")
	calls("MoveTyped", "typedmemmove(in.p, unsafe.Add(fp, in.a), unsafe.Add(fp, in.b))")
	calls("ClearMem", "memclr(unsafe.Add(fp, in.a), uintptr(in.d))")
	calls("ClearTyped", "typedmemclr(in.p, unsafe.Add(fp, in.a))")
	def("Lea", "$a:ptr = unsafe.Add(fp, in.b)")
	calls("New", "newAt(unsafe.Add(fp, in.a), in.p)")

	// memory
	for _, m := range moved {
		def("Load"+m.name, "p := $b:ptr\nif p == nil { goto nilptr }\n$a:"+m.typ+" = *(*"+m.typ+")(unsafe.Add(p, in.d))")
		form("Load", "", m.name)
		def("Store"+m.name, "p := $a:ptr\nif p == nil { goto nilptr }\n*(*"+m.typ+")(unsafe.Add(p, in.d)) = $b:"+m.typ)
		form("Store", "", m.name)
		def("At"+m.name, "s := (*[]"+m.typ+")(unsafe.Add(fp, in.b))\ni := $c:int\nif uint(i) >= uint(len(*s)) { idx, n = i, len(*s); goto index }\n$a:"+m.typ+" = (*s)[i]")
		form("At", "", m.name)
		def("SetAt"+m.name, "s := (*[]"+m.typ+")(unsafe.Add(fp, in.a))\ni := $c:int\nif uint(i) >= uint(len(*s)) { idx, n = i, len(*s); goto index }\n(*s)[i] = $b:"+m.typ)
		form("SetAt", "", m.name)
		size := map[string]string{"8": "1", "16": "2", "32": "4", "64": "8", "Ptr": "8", "String": "16", "Iface": "16", "Slice": "24"}[m.name]
		def("ArrayAt"+m.name, "p := $b:ptr\nif p == nil { goto nilptr }\ni := $c:int\nif uint(i) >= uint(in.d) { idx, n = i, int(in.d); goto index }\n$a:"+m.typ+" = *(*"+m.typ+")(unsafe.Add(p, i*"+size+"))")
		form("ArrayAt", "", m.name)
		def("SetArrayAt"+m.name, "p := $a:ptr\nif p == nil { goto nilptr }\ni := $c:int\nif uint(i) >= uint(in.d) { idx, n = i, int(in.d); goto index }\n*(*"+m.typ+")(unsafe.Add(p, i*"+size+")) = $b:"+m.typ)
		form("SetArrayAt", "", m.name)
	}
	def("LoadMem", "p := $b:ptr\nif p == nil { goto nilptr }\n"+save+"memmove(unsafe.Add(fp, in.a), unsafe.Add(p, in.d), uintptr(in.c))\ngoto reload")
	def("StoreMem", "p := $a:ptr\nif p == nil { goto nilptr }\n"+save+"memmove(unsafe.Add(p, in.d), unsafe.Add(fp, in.b), uintptr(in.c))\ngoto reload")
	def("LoadTyped", "p := $b:ptr\nif p == nil { goto nilptr }\n"+save+"typedmemmove(in.p, unsafe.Add(fp, in.a), unsafe.Add(p, in.d))\ngoto reload")
	def("StoreTyped", "p := $a:ptr\nif p == nil { goto nilptr }\n"+save+"typedmemmove(in.p, unsafe.Add(p, in.d), unsafe.Add(fp, in.b))\ngoto reload")
	def("NilCheck", "if $a:ptr == nil { goto nilptr }")
	def("FieldAddr", "p := $b:ptr\nif p == nil { goto nilptr }\n$a:ptr = unsafe.Add(p, in.d)")
	def("IndexAddr", "s := (*sliceHeader)(unsafe.Add(fp, in.b))\ni := $c:int\nif uint(i) >= uint(s.len) { idx, n = i, s.len; goto index }\n$a:ptr = unsafe.Add(s.data, i*int(in.d))")
	def("ArrayIndexAddr", "p := $b:ptr\nif p == nil { goto nilptr }\ni := $c:int\nif uint(i) >= uint(uint32(in.d)) { idx, n = i, int(uint32(in.d)); goto index }\n$a:ptr = unsafe.Add(p, i*int(in.d>>32))")
	def("StringAt", "s := $b:string\ni := $c:int\nif uint(i) >= uint(len(s)) { idx, n = i, len(s); goto index }\n$a:uint8 = s[i]")
	def("Len", "$a:int = (*sliceHeader)(unsafe.Add(fp, in.b)).len")
	def("Cap", "$a:int = (*sliceHeader)(unsafe.Add(fp, in.b)).cap")

	// arithmetic and comparisons
	for _, t := range words {
		T := title(t)
		for _, o := range []struct{ name, op string }{{"Add", "+"}, {"Sub", "-"}, {"Mul", "*"}} {
			def(o.name+T, fmt.Sprintf("$a:%s = $b:%s %s $c:%s", t, t, o.op, t))
			form("Arith", o.name, t)
		}
		def("Neg"+T, fmt.Sprintf("$a:%s = -$b:%s", t, t))
		form("Unary", "Neg", t)
		if t == "float64" {
			def("Div"+T, "$a:float64 = $b:float64 / $c:float64")
			form("Arith", "Div", t)
		} else {
			for _, o := range []struct{ name, op string }{{"Div", "/"}, {"Rem", "%"}} {
				def(o.name+T, fmt.Sprintf("d := $c:%s\nif d == 0 { goto divide }\n$a:%s = $b:%s %s d", t, t, t, o.op))
				form("Divide", o.name, t)
			}
			for _, o := range []struct{ name, op string }{{"And", "&"}, {"Or", "|"}, {"Xor", "^"}, {"AndNot", "&^"}} {
				def(o.name+T, fmt.Sprintf("$a:%s = $b:%s %s $c:%s", t, t, o.op, t))
				form("Arith", o.name, t)
			}
			def("Shl"+T, fmt.Sprintf("$a:%s = $b:%s << $c:uint64", t, t))
			form("Shift", "Shl", t)
			def("Shr"+T, fmt.Sprintf("$a:%s = $b:%s >> $c:uint64", t, t))
			form("Shift", "Shr", t)
			def("Com"+T, fmt.Sprintf("$a:%s = ^$b:%s", t, t))
			form("Unary", "Com", t)
		}
		for _, o := range []struct{ name, op string }{{"Eq", "=="}, {"Ne", "!="}, {"Lt", "<"}, {"Le", "<="}} {
			def(o.name+T, fmt.Sprintf("$a:bool = $b:%s %s $c:%s", t, o.op, t))
			form("Compare", o.name, t)
			def("If"+o.name+T, fmt.Sprintf("if $a:%s %s $b:%s { ip = unsafe.Add(ip, int32(in.c)) }", t, o.op, t))
			form("If", o.name, t)
			if t == "float64" && (o.name == "Lt" || o.name == "Le") {
				def("IfNot"+o.name+T, fmt.Sprintf("if !($a:%s %s $b:%s) { ip = unsafe.Add(ip, int32(in.c)) }", t, o.op, t))
				form("IfNot", o.name, t)
			}
			def("Loop"+o.name+T, fmt.Sprintf("if $a:%s %s $b:%s { %s }", t, o.op, t, loopBack))
			form("Loop", o.name, t)
		}
	}
	for _, o := range []struct{ name, op string }{{"Eq", "=="}, {"Ne", "!="}} {
		def(o.name+"Ptr", fmt.Sprintf("$a:bool = $b:ptr %s $c:ptr", o.op))
		def("If"+o.name+"Ptr", fmt.Sprintf("if $a:ptr %s $b:ptr { ip = unsafe.Add(ip, int32(in.c)) }", o.op))
		def(o.name+"Bool", fmt.Sprintf("$a:bool = $b:bool %s $c:bool", o.op))
	}
	for _, o := range []struct{ name, op string }{{"Eq", "=="}, {"Ne", "!="}, {"Lt", "<"}, {"Le", "<="}} {
		calls(o.name+"String", "string"+o.name+"(unsafe.Add(fp, in.a), unsafe.Add(fp, in.b), unsafe.Add(fp, in.c))")
	}
	calls("Concat", "g.concat(unsafe.Add(fp, in.a), unsafe.Add(fp, in.b), unsafe.Add(fp, in.c))")
	// nil tests of interfaces and slices look at their first word
	def("IsNil", "$a:bool = $b:uintptr == 0")
	def("NotNil", "$a:bool = $b:uintptr != 0")
	def("IfNil", "if $a:uintptr == 0 { ip = unsafe.Add(ip, int32(in.c)) }")
	def("IfNotNil", "if $a:uintptr != 0 { ip = unsafe.Add(ip, int32(in.c)) }")

	// conversions between numbers
	for _, w := range []string{"8", "16", "32"} {
		def("Sign"+w, "$a:int64 = int64($b:int"+w+")")
		def("Zero"+w, "$a:uint64 = uint64($b:uint"+w+")")
	}
	def("IntToFloat", "$a:float64 = float64($b:int64)")
	def("FloatToInt", "$a:int64 = int64($b:float64)")

	// interfaces
	def("MakeIfacePtr", "v := (*iface)(unsafe.Add(fp, in.a))\nv.data = $b:ptr\nv.typ = in.p")
	calls("MakeIfaceWord", "boxWord(unsafe.Add(fp, in.a), unsafe.Add(fp, in.b), in.p)")
	calls("MakeIfaceString", "boxString(unsafe.Add(fp, in.a), unsafe.Add(fp, in.b), in.p)")
	// for what only a call sees: the value is in the frame, see lend.go
	def("LendWord", "*(*uint64)(unsafe.Add(fp, in.c)) = $b:uint64\nv := (*iface)(unsafe.Add(fp, in.a))\nv.data = unsafe.Add(fp, in.c)\nv.typ = in.p")
	def("LendString", "*(*string)(unsafe.Add(fp, in.c)) = $b:string\nv := (*iface)(unsafe.Add(fp, in.a))\nv.data = unsafe.Add(fp, in.c)\nv.typ = in.p")
	def("Lend", "s := (*sliceHeader)(unsafe.Add(fp, in.a))\ns.data = unsafe.Add(fp, in.b)\ns.len, s.cap = int(in.d), int(in.d)")
	def("TypeIs", "$a:bool = $b:ptr == in.p")

	// calls
	def("Call", "g.call(in, fp, ip)\ngoto reload")
	def("CallClosure", "g.callClosure(in, fp, ip)\ngoto reload")
	def("Invoke", "g.invoke(in, fp, ip)\ngoto reload")
	calls("CallSlow", "g.slowCall((*callSite)(in.p), fp, in.a)")
	calls("CallClosureSlow", "g.slowestClosure((*callSite)(in.p), fp, in.a, in.b)")
	calls("InvokeSlow", "g.slowInvoke((*callSite)(in.p), fp, in.a, in.b)")
	calls("Cold", "(*(*coldFunc)(in.p))(g, fp)")
	def("ReturnWord", "*(*uint64)(g.top.ret) = $a:uint64\ngoto ret")
	def("ReturnPtr", "*(*ptr)(g.top.ret) = $a:ptr\ngoto ret")
	def("ReturnString", "*(*string)(g.top.ret) = $a:string\ngoto ret")
	def("Return", "goto ret")
	def("ReturnMany", `
		{
		fr := g.top
		list := *(*[]argMove)(in.p)
		for i := range list {
			a := &list[i]
			switch a.class {
			case classWord: *(*uint64)(unsafe.Add(fr.ret, a.dst)) = *(*uint64)(unsafe.Add(fp, a.src))
			case classPtr: *(*ptr)(unsafe.Add(fr.ret, a.dst)) = *(*ptr)(unsafe.Add(fp, a.src))
			case classString: *(*string)(unsafe.Add(fr.ret, a.dst)) = *(*string)(unsafe.Add(fp, a.src))
			case classIface: *(*any)(unsafe.Add(fr.ret, a.dst)) = *(*any)(unsafe.Add(fp, a.src))
			case classSlice: *(*[]byte)(unsafe.Add(fr.ret, a.dst)) = *(*[]byte)(unsafe.Add(fp, a.src))
			}
		}
		}
		goto ret
	`)
	def("ReturnSlow", "g.returnSlow(*(*[]argMove)(in.p), fp)\ngoto ret")
	calls("RunDefers", `
		fr := g.top
		d := fr.defers
		if d == nil { goto reload }
		fr.defers = d.next
		fr.pc -= instrSize
		if nf := d.frame; nf != nil {
			nf.flags = flagDefer
			nf.caller = fr
			nf.pc = 0
			g.top = nf
			goto reload
		}
		d.call(g)
	`)
	def("Panic", save+`
		g.throw(emptyOf(unsafe.Add(fp, in.a), in.d != 0))
		return statusPanic
	`)
	calls("Recover", "g.recoverAt(unsafe.Add(fp, in.a))")

	// machine code, see jit.go
	def("Native", "g.savePC(unsafe.Add(ip, -instrSize))\nif in = g.native(); in == nil { goto reload }\nif in == &doneInstr { return statusDone }\n{\nfr := g.top\nfp = fr.mem\nip = unsafe.Add(fr.body.start, fr.pc)\n}\ngoto again")

	var b bytes.Buffer
	b.WriteString("// Code generated by gen; DO NOT EDIT.\n\npackage vm\n\nimport (\n\t\"sync/atomic\"\n\t\"unsafe\"\n)\n\nconst (\n")
	for i, o := range ops {
		if i == 0 {
			fmt.Fprintf(&b, "\top%s opcode = iota\n", o.name)
		} else {
			fmt.Fprintf(&b, "\top%s\n", o.name)
		}
	}
	b.WriteString(")\n\nvar opNames = [...]string{\n")
	for _, o := range ops {
		fmt.Fprintf(&b, "\top%s: %q,\n", o.name, o.name)
	}
	b.WriteString("}\n\nvar opForms = [...]opForm{\n")
	for _, o := range ops {
		if o.form != "" {
			sub := "0"
			if o.sub != "" {
				sub = "do" + o.sub
			}
			fmt.Fprintf(&b, "\top%s: {form%s, %s, of%s},\n", o.name, o.form, sub, title(o.typ))
		}
	}
	b.WriteString("}\n")
	b.WriteString(`
// exec is the loop. It runs the frame g.top, and those it calls, until the
// frame that compiled code entered returns, or until calls are to be unwound.
//
//go:nocheckptr
func (g *goroutine) exec() status {
	var idx, n int
	var ip, fp ptr
	stop := g.stop
	if atomic.LoadUint32(stop) != 0 {
		g.stopped()
	}
reload:
	{
		fr := g.top
		fp = fr.mem
		ip = unsafe.Add(fr.body.start, fr.pc)
	}
	for {
		in := (*instr)(ip)
		ip = unsafe.Add(ip, instrSize)
	again:
		switch in.op {
`)
	for _, o := range ops {
		fmt.Fprintf(&b, "case op%s:\n%s\n", o.name, o.code)
	}
	b.WriteString(`
		}
		continue

	ret:
		{
			fr := g.top
			caller := fr.caller
			fr.caller = g.free[fr.body.index]
			g.free[fr.body.index] = fr
			g.top = caller
			if fr.flags != 0 {
				fl := fr.flags
				fr.flags = 0
				if fl == flagEntry {
					return statusDone
				}
				if fl == flagDeferPanic {
					g.pending = fr.panic
					fr.panic = nil
					return statusDeferDone
				}
				fr.panic = nil
			}
			fp = caller.mem
			ip = unsafe.Add(caller.body.start, caller.pc)
		}
		continue

	}

nilptr:
	g.savePC(ip)
	panicNil()
index:
	g.savePC(ip)
	panicIndexAt(ip, idx, n)
divide:
	g.savePC(ip)
	panicDivide()
hot:
	g.savePC(ip)
	g.hot()
	goto reload
stopped:
	g.savePC(unsafe.Add(ip, instrSize)) // traces tell the place before: where the loop goes on
	g.stopped()
	g.savePC(ip)
	goto reload
}
`)
	return b.String()
}
