package kernel

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"poolbook/kernel/protocol"
	"poolbook/kernel/transport"
	"poolbook/kernel/wire"
)

const testKey = "0123456789"

// pipe is a ROUTER socket in memory, and the front end's side of it.
type pipe struct {
	toKernel chan [][]byte
	toFront  chan [][]byte
}

func newPipe() *pipe {
	return &pipe{toKernel: make(chan [][]byte, 64), toFront: make(chan [][]byte, 1024)}
}

func (p *pipe) Recv(ctx context.Context) ([][]byte, error) {
	select {
	case frames := <-p.toKernel:
		return frames, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipe) Send(frames [][]byte) error {
	if string(frames[0]) != "front" {
		return transport.ErrNoPeer
	}
	p.toFront <- frames
	return nil
}

// publication is iopub in memory. While it is held, Publish waits as for a slow reader.
type publication struct {
	mu     sync.Mutex
	frames [][][]byte
	news   chan struct{}
	hold   chan struct{} // nil, or closed when the reader goes on
}

func (p *publication) Publish(ctx context.Context, frames [][]byte) error {
	p.mu.Lock()
	hold := p.hold
	p.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames = append(p.frames, frames)
	select {
	case p.news <- struct{}{}:
	default:
	}
	return nil
}

// front is a front end of a kernel in memory.
type front struct {
	t       *testing.T
	session *echo
	codec   *wire.Codec
	server  *server
	shell   *pipe
	control *pipe
	stdin   *pipe
	iopub   *publication
	log     *lockedBuffer
	read    int // of iopub
	ended   chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newFront starts a kernel in memory. It ends with the test, which fails if goroutines are left.
func newFront(t *testing.T, cfg Config) *front {
	t.Helper()
	ignore := goleak.IgnoreCurrent()
	codec, err := wire.NewCodec(testKey, "")
	if err != nil {
		t.Fatal(err)
	}
	kernelCodec, err := wire.NewCodec(testKey, "")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{t: t, session: newEcho(), codec: codec, shell: newPipe(), control: newPipe(), stdin: newPipe(),
		iopub: &publication{news: make(chan struct{}, 1)}, log: &lockedBuffer{}, ended: make(chan error, 1)}
	cfg.Session = f.session
	cfg.Logger = slog.New(slog.NewTextHandler(f.log, nil))
	f.server = newServer(cfg.withDefaults(), kernelCodec, f.shell, f.control, f.stdin)
	f.server.iopub = f.iopub
	ctx, cancel := context.WithCancel(context.Background())
	go func() { f.ended <- f.server.serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err, ok := <-f.ended:
			if ok && err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(soon):
			t.Error("the kernel does not end")
		}
		f.session.late.Wait()
		f.server.history.close()
		if err := f.server.spool.remove(); err != nil {
			t.Error(err)
		}
		if !f.session.closed {
			t.Error("the session was not closed")
		}
		goleak.VerifyNone(t, ignore)
		if t.Failed() {
			t.Log(f.log.String())
		}
	})
	return f
}

// send sends a request and returns it.
func (f *front) send(p *pipe, msgType string, content any, change ...func(*protocol.Message)) *protocol.Message {
	f.t.Helper()
	m, err := protocol.New(msgType, "session", "tester", protocol.Header{}, content)
	if err != nil {
		f.t.Fatal(err)
	}
	m.Identities = [][]byte{[]byte("front")}
	for _, c := range change {
		c(m)
	}
	frames, err := f.codec.Encode(m)
	if err != nil {
		f.t.Fatal(err)
	}
	p.toKernel <- frames
	return m
}

// next is the next message to the front end on a ROUTER socket.
func (f *front) next(p *pipe) *protocol.Message {
	f.t.Helper()
	select {
	case frames := <-p.toFront:
		m, err := f.codec.Decode(frames)
		if err != nil {
			f.t.Fatal(err)
		}
		return m
	case <-time.After(soon):
		f.t.Fatalf("no message; log:\n%s", f.log)
		return nil
	}
}

// reply is the next reply, which must answer the request.
func (f *front) reply(p *pipe, request *protocol.Message) *protocol.Message {
	f.t.Helper()
	m := f.next(p)
	want := strings.TrimSuffix(request.Header.Type, "_request") + "_reply"
	if m.Parent.ID != request.Header.ID || m.Header.Type != want {
		f.t.Fatalf("got %s to %s, want %s", m.Header.Type, m.Parent.ID, want)
	}
	return m
}

// published is the next message on iopub.
func (f *front) published() *protocol.Message {
	f.t.Helper()
	deadline := time.After(soon)
	for {
		f.iopub.mu.Lock()
		if f.read < len(f.iopub.frames) {
			m, err := f.codec.Decode(f.iopub.frames[f.read])
			f.read++
			f.iopub.mu.Unlock()
			if err != nil {
				f.t.Fatal(err)
			}
			return m
		}
		f.iopub.mu.Unlock()
		select {
		case <-f.iopub.news:
		case <-deadline:
			f.t.Fatalf("nothing more on iopub; log:\n%s", f.log)
		}
	}
}

// outputs are the messages on iopub with this parent, to idle. Each is one line: type and what matters of the content.
func (f *front) outputs(parent *protocol.Message) []string {
	f.t.Helper()
	var lines []string
	for {
		m := f.published()
		if m.Parent.ID != parent.Header.ID {
			continue
		}
		line := describe(f.t, m)
		lines = append(lines, line)
		if line == "status idle" {
			return lines
		}
	}
}

func describe(t *testing.T, m *protocol.Message) string {
	t.Helper()
	var c map[string]any
	if err := json.Unmarshal(m.Content, &c); err != nil {
		t.Fatal(err)
	}
	switch m.Header.Type {
	case "status":
		return fmt.Sprint("status ", c["execution_state"])
	case "stream":
		return fmt.Sprintf("%s %q", c["name"], c["text"])
	case "execute_input":
		return fmt.Sprintf("input %v %q", c["execution_count"], c["code"])
	case "execute_result":
		return fmt.Sprintf("result %v %v", c["execution_count"], c["data"])
	case "error":
		return fmt.Sprintf("error %v: %v %q", c["ename"], c["evalue"], c["traceback"])
	}
	return m.Header.Type + " " + string(m.Content)
}

func want(t *testing.T, got []string, lines ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(lines, "\n") {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

func execute(code string) protocol.ExecuteRequest {
	return protocol.ExecuteRequest{Code: code, StoreHistory: true, AllowStdin: true, StopOnError: true}
}

// run runs a cell and returns its outputs and reply.
func (f *front) run(req protocol.ExecuteRequest) ([]string, protocol.ExecuteReply) {
	f.t.Helper()
	m := f.send(f.shell, "execute_request", req)
	out := f.outputs(m)
	return out, decode[protocol.ExecuteReply](f.t, f.reply(f.shell, m))
}

func decode[T any](t *testing.T, m *protocol.Message) T {
	t.Helper()
	v, err := protocol.Decode[T](m)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
