package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"poolbook/kernel/protocol"
	"poolbook/kernel/transport"
)

// process is one process of a kernel with its connections.
type process struct {
	cmd     *exec.Cmd
	tail    *tailBuffer
	conns   map[protocol.Channel]*transport.Conn // made by connect, entries replaced by readers; guarded by Kernel.mu
	readers sync.WaitGroup
	waitErr error         // set before exited is closed
	exited  chan struct{} // the process has ended
	drained chan struct{} // … and all its messages are with the subscriptions
	gone    chan struct{} // the same, but not closed while restarting; closed by leave
	left    sync.Once     // of leave
	replace bool          // Restart is replacing it, guarded by Kernel.mu
}

// startProcess starts the command. Its goroutine waits for it.
func (k *Kernel) startProcess() (*process, error) {
	argv := k.spec.command(k.file)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = k.opts.Dir
	cmd.Env = append(os.Environ(), k.spec.environ()...)
	cmd.Env = append(cmd.Env, k.opts.Env...)
	cmd.Env = append(cmd.Env, "JPY_PARENT_PID="+strconv.Itoa(os.Getpid()))
	cmd.SysProcAttr = processAttributes()
	cmd.WaitDelay = time.Second // a grandchild may hold stderr open
	p := &process{
		cmd:     cmd,
		tail:    &tailBuffer{next: k.opts.Stderr},
		conns:   make(map[protocol.Channel]*transport.Conn),
		exited:  make(chan struct{}),
		drained: make(chan struct{}),
		gone:    make(chan struct{}),
	}
	cmd.Stdout, cmd.Stderr = k.opts.Stdout, p.tail
	started := make(chan error, 1)
	go k.runProcess(p, started) // ends with the process; Done is closed by it
	if err := <-started; err != nil {
		return nil, fmt.Errorf("client: start kernel %q: %w", k.spec.Name, err)
	}
	return p, nil
}

// runProcess is the process goroutine. It keeps its thread, since Linux sends the signal for a parent's death when the
// thread ends that started the child.
func (k *Kernel) runProcess(p *process, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.waitErr = p.cmd.Wait()
	killGroup(p.cmd.Process.Pid) // what the kernel started and left
	k.mu.Lock()
	close(p.exited) // from here on no reader connects again
	conns := slices.Collect(maps.Values(p.conns))
	k.mu.Unlock()
	for _, c := range conns {
		// The readers still take what has arrived, to its end; then this ends those that do not see an end.
		time.AfterFunc(time.Second, func() { _ = c.Close(0) })
	}
	p.readers.Wait()
	for _, c := range conns {
		_ = c.Close(0)
	}
	close(p.drained)
	k.mu.Lock()
	replace, closed, current := p.replace, k.closed, k.proc == p
	k.mu.Unlock()
	if !replace {
		if current && !closed {
			k.log.Warn("kernel died", "state", p.state())
			k.broadcast(Incoming{Event: EventDied})
		}
		p.leave()
	}
}

// leave closes gone. The process's own end and a Restart that fails may come to it together.
func (p *process) leave() { p.left.Do(func() { close(p.gone) }) }

// connect dials the channels that carry messages, again and again until the kernel listens, and starts the readers.
func (k *Kernel) connect(ctx context.Context, p *process) error {
	kinds := []struct {
		ch   protocol.Channel
		kind transport.Kind
	}{{protocol.IOPub, transport.Sub}, {protocol.Shell, transport.Dealer}, {protocol.Control, transport.Dealer},
		{protocol.Stdin, transport.Dealer}}
	conns := make(map[protocol.Channel]*transport.Conn)
	for _, c := range kinds {
		conn, err := k.dialUntil(ctx, p, c.ch, c.kind)
		if err != nil {
			for _, open := range conns {
				_ = open.Close(0)
			}
			return err
		}
		conns[c.ch] = conn
	}
	k.mu.Lock()
	select {
	case <-p.exited: // its goroutine has looked for connections already
		k.mu.Unlock()
		for _, open := range conns {
			_ = open.Close(0)
		}
		return p.died()
	default:
	}
	p.conns = conns
	for _, ch := range []protocol.Channel{protocol.IOPub, protocol.Shell, protocol.Control, protocol.Stdin} {
		c := conns[ch]
		p.readers.Go(func() { k.read(p, ch, c) })
	}
	k.mu.Unlock()
	return nil
}

// dialUntil dials until it succeeds, the process has exited or ctx is done.
func (k *Kernel) dialUntil(ctx context.Context, p *process, ch protocol.Channel, kind transport.Kind) (*transport.Conn, error) {
	identity := ""
	if kind == transport.Dealer {
		identity = k.session // the same for shell and stdin: so the kernel finds the asker of input
	}
	network, address := k.conn.Address(ch)
	o := transport.Options{Logger: k.log, QueueBytes: 64 << 20, Curve: k.curve}
	pause := time.Millisecond
	for {
		conn, err := transport.Dial(ctx, network, address, kind, identity, o)
		if err == nil {
			return conn, nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-p.exited:
			timer.Stop()
			return nil, p.died()
		case <-ctx.Done():
			timer.Stop()
			return nil, errors.Join(context.Cause(ctx), err)
		}
		pause = min(pause*2, 50*time.Millisecond)
	}
}

// read is a reader's goroutine. When the connection breaks while the process lives, it connects again, as sockets of
// ZeroMQ do: what the kernel sent meanwhile is lost, and the log says so.
func (k *Kernel) read(p *process, ch protocol.Channel, c *transport.Conn) {
	for {
		frames, err := c.Recv()
		if err != nil {
			if c, err = k.reconnect(p, ch, c, err); err != nil {
				return
			}
			continue
		}
		m, err := k.codec.Decode(frames)
		if err != nil {
			k.log.Warn("message from the kernel refused", "channel", ch, "error", err)
			continue
		}
		if ch != protocol.IOPub {
			k.mu.Lock()
			w := k.waiters[m.Parent.ID]
			if w != nil && ch != protocol.Stdin {
				delete(k.waiters, m.Parent.ID)
				w <- m
			}
			k.mu.Unlock()
		}
		k.broadcast(Incoming{Channel: ch, Message: m})
	}
}

// reconnect replaces a broken connection, unless the process ends within a moment: then it is the end of the kernel.
func (k *Kernel) reconnect(p *process, ch protocol.Channel, broken *transport.Conn, why error) (*transport.Conn, error) {
	_ = broken.Close(0)
	timer := time.NewTimer(100 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-p.exited:
		return nil, why
	case <-timer.C:
	}
	kind := transport.Dealer
	if ch == protocol.IOPub {
		kind = transport.Sub
	}
	c, err := k.dialUntil(context.Background(), p, ch, kind)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	select {
	case <-p.exited:
		_ = c.Close(0)
		return nil, why
	default:
	}
	k.log.Warn("connection to the kernel broke and was made again; messages may be lost", "channel", ch, "error", why)
	p.conns[ch] = c
	return c, nil
}

// Interrupt asks the kernel to stop what it runs, by message or by signal as its spec says.
// It does not wait until the cell has ended; with a message it waits for the kernel's reply.
func (k *Kernel) Interrupt(ctx context.Context) error {
	if k.spec.InterruptMode != InterruptMessage {
		p, err := k.current()
		if err != nil {
			return err
		}
		if err := interruptProcess(p.cmd.Process); err != nil {
			return fmt.Errorf("client: interrupt: %w", err)
		}
		return nil
	}
	m, err := k.New(protocol.TypeInterruptRequest, nil)
	if err != nil {
		return err
	}
	_, err = k.Request(ctx, protocol.Control, m)
	return err
}

// Restart ends the process, killing it if need be, and starts a new one on the same ports; subscriptions stay. It also
// brings back a kernel that has died. After an error the kernel is dead, and may be restarted again.
func (k *Kernel) Restart(ctx context.Context) error {
	k.lifecycle.Lock()
	defer k.lifecycle.Unlock()
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return ErrClosed
	}
	old := k.proc
	alreadyGone := false
	select {
	case <-old.gone:
		alreadyGone = true
	default:
		old.replace = true
	}
	k.mu.Unlock()
	k.broadcast(Incoming{Event: EventRestarting})
	if !alreadyGone {
		k.stop(ctx, old, true)
		old.awaitDrained()
	}
	if err := k.start(ctx); err != nil {
		k.broadcast(Incoming{Event: EventDied})
		if !alreadyGone {
			old.leave()
		}
		return fmt.Errorf("client: restart: %w", err)
	}
	k.broadcast(Incoming{Event: EventRestarted})
	return nil
}

// Shutdown ends the kernel, killing it when it does not end in time or ctx is done, and all subscriptions.
// It may be called again, and on a kernel that has died.
func (k *Kernel) Shutdown(ctx context.Context) error {
	k.lifecycle.Lock()
	defer k.lifecycle.Unlock()
	k.mu.Lock()
	p, closed := k.proc, k.closed
	k.closed = true
	k.mu.Unlock()
	if closed {
		return nil
	}
	k.stop(ctx, p, false)
	p.awaitDrained()
	k.end()
	return nil
}

// Kill ends the process at once, and all subscriptions. It may be called again.
func (k *Kernel) Kill() error {
	k.mu.Lock()
	p, closed := k.proc, k.closed
	k.closed = true
	k.mu.Unlock()
	if closed {
		return nil
	}
	p.kill()
	<-p.exited
	p.awaitDrained()
	k.end()
	return nil
}

// awaitDrained waits until the subscriptions have the last messages, but not long for those that nobody reads.
func (p *process) awaitDrained() {
	timer := time.NewTimer(2 * time.Second)
	defer timer.Stop()
	select {
	case <-p.drained:
	case <-timer.C:
	}
}

// end closes the subscriptions and removes the connection file.
func (k *Kernel) end() {
	k.mu.Lock()
	subs := make([]*Subscription, 0, len(k.subs))
	for s := range k.subs {
		subs = append(subs, s)
	}
	k.mu.Unlock()
	for _, s := range subs {
		s.end()
	}
	k.removeConnection()
}

// stop ends p: by asking, and by force when that takes too long.
func (k *Kernel) stop(ctx context.Context, p *process, restart bool) {
	ctx, cancel := context.WithTimeout(ctx, k.opts.ShutdownTimeout)
	defer cancel()
	if m, err := k.New(protocol.TypeShutdownRequest, protocol.ShutdownRequest{Restart: restart}); err == nil {
		if err := k.sendTo(ctx, p, protocol.Control, m); err != nil {
			k.log.Debug("cannot ask the kernel to shut down", "error", err)
		}
	}
	select {
	case <-p.exited:
		return
	case <-ctx.Done():
		k.log.Warn("kernel killed: it did not shut down in time", "after", k.opts.ShutdownTimeout)
	}
	p.kill()
	<-p.exited
}

func (p *process) kill() {
	select {
	case <-p.exited:
		return
	default:
	}
	killGroup(p.cmd.Process.Pid)
	_ = p.cmd.Process.Kill()
}

// state tells how the process ended. The process must have exited.
func (p *process) state() string {
	if p.cmd.ProcessState == nil {
		return fmt.Sprint(p.waitErr)
	}
	return p.cmd.ProcessState.String()
}

// died is the error for a process that has exited.
func (p *process) died() error {
	return &DiedError{State: p.state(), Stderr: p.tail.String(), Crash: p.tail.reason()}
}

// Ping sends a heartbeat, on a connection of its own, and waits for its echo. A kernel that is busy answers too.
func (k *Kernel) Ping(ctx context.Context) error {
	if _, err := k.current(); err != nil {
		return err
	}
	network, address := k.conn.Address(protocol.Heartbeat)
	c, err := transport.Dial(ctx, network, address, transport.Req, "", transport.Options{Logger: k.log, Curve: k.curve})
	if err != nil {
		return fmt.Errorf("client: ping: %w", err)
	}
	defer c.Close(0)
	stop := context.AfterFunc(ctx, func() { _ = c.Close(0) })
	defer stop()
	if err = c.Send(ctx, [][]byte{{}, []byte("ping")}); err == nil {
		_, err = c.Recv()
	}
	if err != nil {
		return fmt.Errorf("client: ping: %w", errors.Join(ctx.Err(), err))
	}
	return nil
}

// tailBuffer keeps the last bytes written to it, and the line that tells of a crash, and passes everything on.
type tailBuffer struct {
	next interface{ Write([]byte) (int, error) } // may be nil

	mu    sync.Mutex
	buf   []byte // guarded by mu
	line  []byte // the beginning of the line being written, guarded by mu
	crash string // guarded by mu
}

const (
	tailLen = 8 << 10
	lineLen = 1 << 10
)

// reason is the first line that Go's runtime wrote about a crash.
func (t *tailBuffer) reason() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLine() // it may have come without an end
	return t.crash
}

// endLine looks at a line. The caller holds mu.
func (t *tailBuffer) endLine() {
	if text := string(t.line); t.crash == "" && (strings.HasPrefix(text, "fatal error: ") || strings.HasPrefix(text, "panic: ")) {
		t.crash = text
	}
	t.line = t.line[:0]
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	t.mu.Lock()
	t.buf = append(t.buf, p...)
	for _, c := range p {
		if c == '\n' {
			t.endLine()
		} else if len(t.line) < lineLen {
			t.line = append(t.line, c)
		}
	}
	if len(t.buf) > 2*tailLen {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailLen:]...)
	}
	t.mu.Unlock()
	if t.next != nil {
		return t.next.Write(p)
	}
	return len(p), nil
}

func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf[max(0, len(t.buf)-tailLen):])
}
