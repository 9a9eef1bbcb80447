package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"poolbook/kernel/protocol"
	"poolbook/kernel/tempdir"
	"poolbook/kernel/transport/curve"
	"poolbook/kernel/wire"
)

// Options of [Start]. The zero value has the defaults.
type Options struct {
	// Dir is the working directory of the kernel; empty means the caller's.
	Dir string
	// Env has KEY=VALUE entries on top of the caller's environment and the spec's.
	Env []string
	// ConnectionDir is where the connection file goes; empty means Jupyter's runtime directory, where other front ends
	// ("jupyter console --existing") look for it.
	ConnectionDir string
	// StartTimeout is how long the kernel may take to answer; one minute by default.
	StartTimeout time.Duration
	// ShutdownTimeout is how long it may take to end by itself before it is killed; 5 s by default.
	ShutdownTimeout time.Duration
	// Stdout and Stderr get what the process itself writes (what cells print comes as messages); nil discards,
	// but the end of stderr is kept for errors.
	Stdout, Stderr io.Writer
	// Encryption says whether the connection is encrypted by CurveZMQ, with new keys for each kernel.
	Encryption Encryption
	// QueueBytes is how much of iopub is queued for a subscription before reading from the kernel waits; 32 MiB by default.
	QueueBytes int
	// Logger hears of messages that cannot be read; nil discards.
	Logger *slog.Logger
}

// Encryption is a policy for the connections to kernels, by the names that Jupyter's clients have for it since jupyter_client 8.9.
type Encryption string

// The policies. A kernel can be encrypted if metadata.supported_encryption of its spec says "curve", as text or in a list.
const (
	EncryptionDisabled Encryption = "disabled" // as the empty one
	EncryptionAuto     Encryption = "auto"     // where the kernel can
	EncryptionRequired Encryption = "required" // kernels that cannot are not started
)

// ErrEncryption is wrapped by errors of [Start] about a policy that a kernel cannot follow, or that is none.
var ErrEncryption = errors.New("client: no encryption")

// curveKeys makes the keys of a kernel as the policy asks for, nil for none.
func (k *Kernel) curveKeys() (*curve.Keys, error) {
	can := k.spec.encryptsBy("curve")
	switch e := k.opts.Encryption; {
	case e == "" || e == EncryptionDisabled || e == EncryptionAuto && !can:
		return nil, nil
	case e != EncryptionAuto && e != EncryptionRequired:
		return nil, fmt.Errorf("%w: the policy is %q, not disabled, auto or required", ErrEncryption, e)
	case !can:
		return nil, fmt.Errorf("%w: the kernel %q cannot, or its kernelspec does not say that it can (supported_encryption), and encryption is required", ErrEncryption, k.spec.Name)
	}
	keys, err := curve.NewKeys(nil)
	return &keys, err
}

// Errors of this package.
var (
	// ErrClosed: the kernel was shut down or killed by its owner.
	ErrClosed = errors.New("client: kernel is shut down")
	// ErrChannel: no such channel, or one that carries no messages.
	ErrChannel = errors.New("client: no such channel")
)

// DiedError tells that a kernel process ended by itself.
type DiedError struct {
	// State is how it ended, for example "exit status 1" or "signal: killed".
	State string
	// Stderr is the end of what the process wrote there, at most 8 KiB.
	Stderr string
	// Crash is why Go's runtime ended the process, "fatal error: …" or "panic: …", of which Stderr may have only the end; "" if it did not.
	Crash string
}

func (e *DiedError) Error() string { return "client: kernel died " + e.How() }

// How is how the process ended, in brackets, and what is known of why.
func (e *DiedError) How() string {
	s := "(" + e.State + ")"
	if e.Crash != "" {
		return s + ": " + e.Crash
	}
	if tail := strings.TrimSpace(e.Stderr); tail != "" {
		s += ": " + tail
	}
	return s
}

// NoMemory reports whether the process ended because it got no more memory, as far as that can be told: the system may have killed it,
// or refused it more.
func (e *DiedError) NoMemory() bool {
	return e.State == "signal: killed" || strings.Contains(e.Crash, "out of memory") || strings.Contains(e.Crash, "cannot allocate")
}

// Kernel is a kernel process and the connection to it. Its methods may be called by many goroutines.
type Kernel struct {
	spec       Spec
	opts       Options
	log        *slog.Logger
	session    string // of the messages that this side makes, and the identity of its sockets
	conn       protocol.Connection
	file       string       // of the connection
	removeTemp func() error // removes the folder made for it, nil when it is in Jupyter's
	codec      *wire.Codec
	curve      *curve.Keys // of the connection, nil for none

	lifecycle sync.Mutex // held by Restart, Shutdown and Start, one at a time

	mu      sync.Mutex
	proc    *process                          // current, guarded by mu
	info    protocol.KernelInfoReply          // guarded by mu
	subs    map[*Subscription]struct{}        // guarded by mu
	waiters map[string]chan *protocol.Message // replies by request id, guarded by mu
	closed  bool                              // guarded by mu
}

// Start starts a kernel and waits until it has answered a kernel_info_request and its outputs arrive. When it does not
// come up the error has what the process wrote on stderr ([*DiedError] when it has exited), and no process is left.
func Start(ctx context.Context, spec Spec, o Options) (*Kernel, error) {
	if len(spec.Argv) == 0 {
		return nil, fmt.Errorf("client: start: kernelspec %q has no command", spec.Name)
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = time.Minute
	}
	if o.ShutdownTimeout == 0 {
		o.ShutdownTimeout = 5 * time.Second
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 32 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	k := &Kernel{
		spec:    spec,
		opts:    o,
		log:     o.Logger.With("kernel", spec.Name),
		session: uuid.NewString(),
		subs:    make(map[*Subscription]struct{}),
		waiters: make(map[string]chan *protocol.Message),
	}
	k.lifecycle.Lock()
	defer k.lifecycle.Unlock()
	for attempt := 1; ; attempt++ {
		if err := k.prepare(); err != nil {
			return nil, err
		}
		err := k.start(ctx)
		if err == nil {
			return k, nil
		}
		k.removeConnection()
		if attempt == maxAttempts || !lostPort(err) {
			return nil, err
		}
		k.log.Info("kernel starts again: another process took one of its ports", "error", err)
	}
}

// maxAttempts is how often a kernel is started when others take its ports before it does.
const maxAttempts = 4

// lostPort reports whether a kernel died since a port was in use that had been free just before.
func lostPort(err error) bool {
	var died *DiedError
	return errors.As(err, &died) && strings.Contains(strings.ToLower(died.Stderr), "address already in use")
}

// prepare chooses ports and a key and writes the connection file.
func (k *Kernel) prepare() error {
	key := uuid.NewString() + uuid.NewString()
	c := protocol.Connection{Transport: "tcp", IP: "127.0.0.1", Key: key, SignatureScheme: "hmac-sha256", KernelName: k.spec.Name}
	if err := choosePorts(&c); err != nil {
		return err
	}
	keys, err := k.curveKeys()
	if err != nil {
		return err
	}
	if k.curve = keys; keys != nil {
		c.CurvePublicKey, c.CurveSecretKey = keys.Public.String(), keys.Secret.String()
	}
	if err := k.writeConnection(c); err != nil {
		return fmt.Errorf("client: start: %w", err)
	}
	k.conn = c
	if k.codec, err = wire.NewCodec(c.Key, c.SignatureScheme); err != nil {
		return fmt.Errorf("client: start: %w", err)
	}
	return nil
}

// writeConnection writes the connection file. Where Jupyter's directory for it cannot be written, as without a home or on a full disk, it goes
// into a temporary one: the kernel works, only other front ends do not find it by themselves.
func (k *Kernel) writeConnection(c protocol.Connection) error {
	write := func(dir string) error {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		file, err := filepath.Abs(filepath.Join(dir, "kernel-"+uuid.NewString()+".json"))
		if err != nil {
			return err
		}
		k.file = file
		return c.Write(file)
	}
	if k.opts.ConnectionDir != "" {
		return write(k.opts.ConnectionDir)
	}
	err := errors.New("there is no home folder")
	if dir := RuntimeDir(); dir != "" {
		if err = write(dir); err == nil {
			return nil
		}
	}
	dir, remove, tempErr := tempdir.Make("poolbook-runtime-")
	if tempErr != nil {
		return errors.Join(err, tempErr)
	}
	if tempErr = write(dir); tempErr != nil {
		_ = remove()
		return errors.Join(err, tempErr)
	}
	k.removeTemp = remove
	k.log.Warn("the connection file is in a temporary folder", "file", k.file, "error", err)
	return nil
}

// removeConnection removes the connection file. It may be called again.
func (k *Kernel) removeConnection() {
	_ = os.Remove(k.file)
	if k.removeTemp != nil {
		_ = k.removeTemp()
	}
}

// choosePorts finds five free ports: all are taken at once, so that they differ, and given back for the kernel to take.
func choosePorts(c *protocol.Connection) error {
	for _, ch := range []protocol.Channel{protocol.Shell, protocol.IOPub, protocol.Stdin, protocol.Control, protocol.Heartbeat} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("client: start: no free port: %w", err)
		}
		defer l.Close()
		c.SetPort(ch, l.Addr().(*net.TCPAddr).Port)
	}
	return nil
}

// RuntimeDir is Jupyter's directory for connection files: JUPYTER_RUNTIME_DIR, or "runtime" in the user's data directory; "" when there is none.
func RuntimeDir() string {
	if dir := os.Getenv("JUPYTER_RUNTIME_DIR"); dir != "" {
		return dir
	}
	data := UserDataDir()
	if data == "" {
		return ""
	}
	return filepath.Join(data, "runtime")
}

// start brings up a process and makes it the current one. The caller holds lifecycle.
func (k *Kernel) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, k.opts.StartTimeout,
		fmt.Errorf("client: kernel %q did not answer within %v", k.spec.Name, k.opts.StartTimeout))
	defer cancel()
	p, err := k.startProcess()
	if err != nil {
		return err
	}
	err = k.connect(ctx, p)
	if err == nil {
		k.mu.Lock()
		k.proc = p
		if k.closed { // killed while restarting
			err = ErrClosed
		}
		k.mu.Unlock()
	}
	if err == nil {
		err = k.nudge(ctx, p)
	}
	if err == nil {
		return nil
	}
	select {
	case <-p.exited:
		err = p.died()
	default:
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		p.kill()
		<-p.exited
		if tail := strings.TrimSpace(p.tail.String()); tail != "" {
			err = fmt.Errorf("%w; its stderr: %s", err, tail)
		}
	}
	return err
}

// nudge asks for kernel_info until the answer is there and an output of one of the requests too: only then the kernel has
// seen the subscription, and no later output is lost (JEP 65).
func (k *Kernel) nudge(ctx context.Context, p *process) error {
	sub := k.Subscribe()
	defer sub.Close()
	var ids []string
	var info *protocol.KernelInfoReply
	heard := false
	for wait := 50 * time.Millisecond; info == nil || !heard; wait = min(2*wait, time.Second) {
		m, err := k.New(protocol.TypeKernelInfoRequest, nil)
		if err != nil {
			return err
		}
		if err := k.sendTo(ctx, p, protocol.Shell, m); err != nil {
			return err
		}
		ids = append(ids, m.Header.ID)
		round, cancel := context.WithTimeout(ctx, wait)
		for info == nil || !heard {
			in, err := sub.Next(round)
			if err != nil {
				break
			}
			switch {
			case in.Event != "":
			case in.Channel == protocol.IOPub:
				heard = true
			case in.Channel == protocol.Shell && contains(ids, in.Message.Parent.ID):
				r, err := protocol.Decode[protocol.KernelInfoReply](in.Message)
				if err != nil {
					cancel()
					return err
				}
				info = &r
			}
		}
		cancel()
		select {
		case <-p.exited:
			return p.died()
		case <-ctx.Done():
			return context.Cause(ctx)
		default:
		}
	}
	k.mu.Lock()
	k.info = *info
	k.mu.Unlock()
	return nil
}

func contains(ids []string, id string) bool {
	for _, x := range ids {
		if x == id {
			return true
		}
	}
	return false
}

// New makes a message from this client, without parent.
func (k *Kernel) New(msgType string, content any) (*protocol.Message, error) {
	return protocol.New(msgType, k.session, "poolbook", protocol.Header{}, content)
}

// Send sends a message to the kernel: one made by [Kernel.New], or one of a front end with its own session in the header.
// It waits while the kernel does not take what was sent before. The identities of m are ignored.
func (k *Kernel) Send(ch protocol.Channel, m *protocol.Message) error {
	p, err := k.current()
	if err != nil {
		return err
	}
	return k.sendTo(context.Background(), p, ch, m)
}

func (k *Kernel) sendTo(ctx context.Context, p *process, ch protocol.Channel, m *protocol.Message) error {
	k.mu.Lock()
	c := p.conns[ch]
	k.mu.Unlock()
	if c == nil || ch == protocol.IOPub || ch == protocol.Heartbeat {
		return fmt.Errorf("%w: %q", ErrChannel, ch)
	}
	if m.Identities != nil {
		plain := *m
		plain.Identities = nil
		m = &plain
	}
	frames, err := k.codec.Encode(m)
	if err != nil {
		return err
	}
	if err := c.Send(ctx, frames); err != nil {
		select {
		case <-p.exited:
			return p.died()
		default:
			return fmt.Errorf("client: send %s: %w", m.Header.Type, err)
		}
	}
	return nil
}

// current is the running process; the error tells why there is none.
func (k *Kernel) current() (*process, error) {
	k.mu.Lock()
	p, closed := k.proc, k.closed
	k.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	select {
	case <-p.exited:
		return nil, p.died()
	default:
		return p, nil
	}
}

// Request sends a message and waits for the reply on the same channel (the first message whose parent it is).
func (k *Kernel) Request(ctx context.Context, ch protocol.Channel, m *protocol.Message) (*protocol.Message, error) {
	p, err := k.current()
	if err != nil {
		return nil, err
	}
	reply := make(chan *protocol.Message, 1)
	k.mu.Lock()
	k.waiters[m.Header.ID] = reply
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		delete(k.waiters, m.Header.ID)
		k.mu.Unlock()
	}()
	if err := k.sendTo(ctx, p, ch, m); err != nil {
		return nil, err
	}
	select {
	case r := <-reply:
		return r, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("client: %s: %w", m.Header.Type, ctx.Err())
	case <-p.exited:
		select {
		case r := <-reply:
			return r, nil
		default:
			return nil, p.died()
		}
	}
}

// Info is the kernel's answer to the last kernel_info_request at its start.
func (k *Kernel) Info() protocol.KernelInfoReply {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.info
}

// Spec is what the kernel was started from.
func (k *Kernel) Spec() Spec { return k.spec }

// Session is the session id in messages made by [Kernel.New].
func (k *Kernel) Session() string { return k.session }

// ConnectionFile is the path of the connection file, which other front ends may use. It is removed by Shutdown and Kill.
func (k *Kernel) ConnectionFile() string { return k.file }

// PID is the process id of the current process.
func (k *Kernel) PID() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.proc.cmd.Process.Pid
}

// Done is closed when the current process has ended, other than by [Kernel.Restart], and all its messages have been given
// to the subscriptions. After a later Restart, Done returns a new channel.
func (k *Kernel) Done() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.proc.gone
}

// Err tells why the kernel is gone: ErrClosed, or a [*DiedError]; nil while it runs.
func (k *Kernel) Err() error {
	_, err := k.current()
	return err
}
