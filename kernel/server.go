package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"

	"github.com/google/uuid"

	"poolbook/kernel/protocol"
	"poolbook/kernel/transport"
	"poolbook/kernel/wire"
)

// router is what the kernel needs of a ROUTER socket; *transport.Router is one.
type router interface {
	Recv(context.Context) ([][]byte, error)
	Send(frames [][]byte) error
}

// publisher is what the kernel needs of the iopub socket; *transport.Publisher is one.
type publisher interface {
	Publish(ctx context.Context, frames [][]byte) error
}

// server is a running kernel: everything that its goroutines share.
type server struct {
	cfg     Config
	info    Info
	codec   *wire.Codec
	id      string // session id in the headers of the kernel's messages
	log     *slog.Logger
	shell   router
	control router
	stdin   router
	iopub   publisher

	life     context.Context // ends when the kernel stops
	end      context.CancelFunc
	stopped  chan struct{} // closed by stop
	stopOnce sync.Once

	flusher *flusher
	history *history
	comms   *Comms
	input   inputs
	usage   usage
	spool   spools

	explorer *subshell // answers debug requests; it is in no list
	listing  listing   // of variables, for front ends that follow it
	displays displays

	mu      sync.Mutex
	count   int                     // last execution count, guarded by mu
	running map[*execution]struct{} // guarded by mu
	shells  map[string]*subshell    // by id, "" is the main one, guarded by mu
	runners sync.WaitGroup          // of the subshells
}

// done is a context that has ended: publishing with it never waits.
var done = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// newServer makes a kernel around its sockets.
func newServer(cfg Config, codec *wire.Codec, shell, control, stdin router) *server {
	s := &server{
		cfg:     cfg,
		info:    cfg.Session.Info(),
		codec:   codec,
		id:      uuid.NewString(),
		log:     cfg.Logger,
		shell:   shell,
		control: control,
		stdin:   stdin,
		stopped: make(chan struct{}),
		running: make(map[*execution]struct{}),
		shells:  make(map[string]*subshell),
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.flusher = newFlusher(cfg.FlushInterval)
	s.history = newHistory(cfg.HistoryDir, s.log)
	s.comms = newComms(s)
	s.input.init()
	s.explorer = newSubshell(s, "")
	s.listing.register(s)
	if u, ok := cfg.Session.(CommUser); ok {
		u.UseComms(s.comms)
	}
	return s
}

// serve runs the kernel until stop is called or ctx ends, and returns when its goroutines have ended;
// ErrStuck when a cell does not.
func (s *server) serve(ctx context.Context) error {
	var loops sync.WaitGroup
	loops.Go(func() { s.flusher.run(s.life) })
	s.addShell("")
	s.runners.Go(s.explorer.run)
	loops.Go(func() { s.receive(protocol.Control, s.control, s.handleNow) })
	loops.Go(func() { s.receive(protocol.Shell, s.shell, s.enqueue) })
	loops.Go(func() { s.receive(protocol.Stdin, s.stdin, s.input.received) })
	s.publish(done, protocol.Header{}, protocol.TypeStatus, protocol.Status{ExecutionState: protocol.StateStarting})
	select {
	case <-ctx.Done():
		s.stop()
	case <-s.stopped:
	}
	err := s.finish()
	s.end()
	loops.Wait()
	return err
}

// stop makes serve return. It may be called by many, and again.
func (s *server) stop() { s.stopOnce.Do(func() { close(s.stopped) }) }

// receive is the goroutine of a channel: it reads, checks and passes on.
func (s *server) receive(ch protocol.Channel, r router, handle func(*request)) {
	for {
		frames, err := r.Recv(s.life)
		if err != nil {
			if s.life.Err() == nil && !errors.Is(err, transport.ErrClosed) {
				s.log.Error("channel ended", "channel", ch, "error", err)
			}
			return
		}
		m, err := s.codec.DecodeOnce(frames)
		if err != nil {
			s.log.Warn("message refused", "channel", ch, "error", err)
			continue
		}
		handle(&request{s: s, ch: ch, from: r, Message: m})
	}
}

// publish sends a message on iopub. With an ended context it never waits for front ends that do not keep up.
func (s *server) publish(ctx context.Context, parent protocol.Header, msgType string, content any) {
	s.publishWith(ctx, parent, msgType, content, nil, nil)
}

func (s *server) publishWith(ctx context.Context, parent protocol.Header, msgType string, content any,
	metadata json.RawMessage, buffers [][]byte) {
	m, err := protocol.New(msgType, s.id, "kernel", parent, content)
	if err != nil {
		s.log.Error("message cannot be made", "type", msgType, "error", err)
		return
	}
	m.Identities = [][]byte{[]byte("kernel." + s.id + "." + msgType)}
	m.Metadata, m.Buffers = metadata, buffers
	frames, err := s.codec.Encode(m)
	if err == nil {
		err = s.iopub.Publish(ctx, frames)
	}
	if err != nil && s.life.Err() == nil {
		s.log.Warn("message not published", "type", msgType, "error", err)
	}
}

// welcome is the first message of a new subscriber of iopub (JEP 65).
func welcome(codec *wire.Codec, topic string) [][]byte {
	m, err := protocol.New(protocol.TypeIOPubWelcome, uuid.NewString(), "kernel", protocol.Header{}, protocol.IOPubWelcome{Subscription: topic})
	if err != nil {
		return nil
	}
	m.Identities = [][]byte{[]byte(topic + "iopub_welcome")}
	frames, err := codec.Encode(m)
	if err != nil {
		return nil
	}
	return frames
}
