package kernel

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"poolbook/kernel/protocol"
)

// echo is a Session whose cells are commands, one a line: "print TEXT", "lines N", … (see run).
type echo struct {
	running chan string   // gets the code of cells that say "signal"
	release chan struct{} // what "later" and "stuck" wait for
	comms   *Comms

	mu     sync.Mutex
	closed bool
	late   sync.WaitGroup
}

func newEcho() *echo {
	return &echo{running: make(chan string, 16), release: make(chan struct{})}
}

func (e *echo) Info() Info {
	return Info{
		Implementation: "echo", ImplementationVersion: "1", Banner: "an echo", Subshells: true,
		Language: protocol.LanguageInfo{Name: "echo", Version: "1", MIMEType: "text/plain", FileExtension: ".echo"},
	}
}

func (e *echo) UseComms(c *Comms) {
	e.comms = c
	c.Register("echo", func(_ context.Context, comm *Comm, open CommMessage, out Output) {
		out.Stream(protocol.Stdout, []byte("opened with "+string(open.Data)+"\n"))
		comm.OnMessage(func(_ context.Context, comm *Comm, m CommMessage, out Output) {
			out.Stream(protocol.Stdout, []byte("got "+string(m.Data)+"\n"))
			comm.Send(out, m)
		})
		comm.OnClose(func(context.Context, *Comm, CommMessage, Output) { e.running <- "comm closed" })
	})
}

func (e *echo) Execute(ctx context.Context, c Cell, out Output) Outcome {
	var result *Bundle
	var payload []map[string]any
	for line := range strings.Lines(c.Code) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if word == "page" {
			payload = append(payload, map[string]any{"source": "page", "start": 0, "data": map[string]string{"text/plain": rest}})
		}
		b, err := e.run(ctx, c, out, word, rest)
		if ctx.Err() != nil {
			return Outcome{Err: &Error{Name: "Interrupted", Value: line, Traceback: []string{line}}, Interrupted: true}
		}
		if err != nil {
			return Outcome{Err: &Error{Name: "EchoError", Value: err.Error(), Traceback: []string{line, err.Error()}}}
		}
		result = b
	}
	return Outcome{Result: result, Payload: payload}
}

func (e *echo) run(ctx context.Context, c Cell, out Output, word, rest string) (*Bundle, error) {
	n, _ := strconv.Atoi(rest)
	switch word {
	case "print":
		out.Stream(protocol.Stdout, []byte(rest+"\n"))
	case "stderr":
		out.Stream(protocol.Stderr, []byte(rest+"\n"))
	case "bytes": // one write for each byte
		for i := range len(rest) {
			out.Stream(protocol.Stdout, []byte{rest[i]})
		}
	case "lines":
		for i := range n {
			out.Stream(protocol.Stdout, []byte("line "+strconv.Itoa(i)+"\n"))
		}
	case "endless":
		chunk := bytes.Repeat([]byte("endless\n"), 1000)
		for ctx.Err() == nil {
			out.Stream(protocol.Stdout, chunk)
		}
	case "value":
		return &Bundle{Data: map[string]any{"text/plain": rest}}, nil
	case "display":
		out.Display(Bundle{Data: map[string]any{"text/html": "<b>" + rest + "</b>", "image/png": []byte{1, 2}, "bad": func() {}}}, "id", false)
	case "update":
		out.Display(Bundle{Data: map[string]any{"text/html": rest}}, "id", true)
	case "clear":
		out.Clear(rest == "wait")
	case "error":
		return nil, fmt.Errorf("%s", rest)
	case "panic":
		panic(rest)
	case "signal":
		e.running <- c.Code
	case "wait":
		e.running <- c.Code
		<-ctx.Done()
	case "stuck":
		e.running <- c.Code
		<-e.release
	case "later":
		e.late.Go(func() {
			<-e.release
			out.Stream(protocol.Stdout, []byte(rest+"\n"))
		})
	case "input", "password":
		e.running <- c.Code
		text, err := out.Input(ctx, rest, word == "password")
		if err != nil {
			return nil, err
		}
		out.Stream(protocol.Stdout, []byte("you said "+text+"\n"))
	case "id":
		return &Bundle{Data: map[string]any{"text/plain": c.ID}}, nil
	case "comm":
		e.comms.Open(out, "front", CommMessage{Data: []byte(`{"n":1}`)})
	}
	return nil, nil
}

func (e *echo) IsComplete(code string) (status, indent string) {
	switch {
	case strings.HasSuffix(code, "{"):
		return protocol.Incomplete, "\t"
	case code == "bad":
		return protocol.Invalid, ""
	}
	return protocol.Complete, ""
}

func (e *echo) Complete(_ context.Context, code string, cursor int) Completion {
	if code == "panic" {
		panic("completion")
	}
	start := strings.LastIndexAny(code[:cursor], " π") + 1
	for start < cursor && code[start]&0xc0 == 0x80 {
		start++
	}
	return Completion{Matches: []string{code[start:cursor] + "!"}, Start: start, End: cursor,
		Items: []CompletionItem{{Type: "function", Signature: "()"}}}
}

func (e *echo) Inspect(_ context.Context, code string, cursor, detail int) (Bundle, bool) {
	if code == "" {
		return Bundle{}, false
	}
	return Bundle{Data: map[string]any{"text/plain": fmt.Sprint(code[:cursor], "|", code[cursor:], " ", detail)}}, true
}

func (e *echo) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		panic("closed twice")
	}
	e.closed = true
	return nil
}

// soon is how long what should come at once is waited for: machines are busy.
const soon = 2 * time.Minute
