package kernel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"poolbook/kernel/protocol"
	"poolbook/kernel/transport"
	"poolbook/kernel/wire"
)

// How long the parts of an orderly end may take.
const (
	stopTimeout  = time.Second     // for cells, after the interrupt
	closeTimeout = 3 * time.Second // for Session.Close
	linger       = time.Second     // for what is queued on the sockets
)

// Run serves a kernel until a front end shuts it down, ctx ends, its parent process ends or SIGTERM comes, and closes the
// session. It returns nil after that; an error if it cannot listen; [ErrStuck] (joined with others) if a cell does not stop,
// when goroutines are left behind and the process should exit.
func Run(ctx context.Context, cfg Config) error {
	cfg = cfg.withDefaults()
	if cfg.Session == nil || cfg.ConnectionFile == "" {
		return fmt.Errorf("%w: connection file %q, session %T", ErrNoConfig, cfg.ConnectionFile, cfg.Session)
	}
	conn, err := protocol.ReadConnection(cfg.ConnectionFile)
	if err != nil {
		return err
	}
	codec, err := wire.NewCodec(conn.Key, conn.SignatureScheme)
	if err != nil {
		return err
	}
	if conn.Key == "" {
		cfg.Logger.Warn("the connection file has no key: whoever can connect can run code")
	}
	keys, err := transport.CurveKeys(conn.CurvePublicKey, conn.CurveSecretKey)
	if err != nil {
		return fmt.Errorf("kernel: %s: %w: %w", cfg.ConnectionFile, protocol.ErrConnectionFile, err)
	}
	listeners, err := listen(ctx, cfg.ConnectionFile, conn)
	if err != nil {
		return err
	}
	options := transport.Options{Logger: cfg.Logger, StallTimeout: cfg.StallTimeout, Curve: keys}
	heartbeat := transport.NewEcho(listeners[protocol.Heartbeat], options)
	iopub := transport.NewPublisher(listeners[protocol.IOPub], options, func(topic string) [][]byte { return welcome(codec, topic) })
	stdin := transport.NewRouter(listeners[protocol.Stdin], options)
	control := transport.NewRouter(listeners[protocol.Control], options)
	shell := transport.NewRouter(listeners[protocol.Shell], options)

	s := newServer(cfg, codec, shell, control, stdin)
	s.iopub = iopub
	var watchers sync.WaitGroup
	s.watch(&watchers)
	err = s.serve(ctx)

	_ = heartbeat.Close(0) // nothing of worth is queued there
	var closers sync.WaitGroup
	for _, socket := range []interface{ Close(time.Duration) error }{shell, control, stdin, iopub} {
		closers.Go(func() { _ = socket.Close(linger) })
	}
	closers.Wait()
	watchers.Wait()
	s.history.close()
	if rerr := s.spool.remove(); rerr != nil {
		cfg.Logger.Warn("output files are left", "error", rerr)
	}
	return err
}

// listen opens the five sockets. Ports that are 0 are chosen and written to the connection file.
func listen(ctx context.Context, file string, conn protocol.Connection) (map[protocol.Channel]net.Listener, error) {
	listeners := make(map[protocol.Channel]net.Listener)
	fail := func(err error) (map[protocol.Channel]net.Listener, error) {
		for _, l := range listeners {
			_ = l.Close()
		}
		return nil, err
	}
	chosen := false
	for _, ch := range []protocol.Channel{protocol.Heartbeat, protocol.IOPub, protocol.Stdin, protocol.Control, protocol.Shell} {
		network, address := conn.Address(ch)
		if network == "unix" && conn.Port(ch) == 0 {
			conn.SetPort(ch, len(listeners)+1)
			chosen = true
			network, address = conn.Address(ch)
		}
		l, err := transport.Listen(ctx, network, address)
		if err != nil {
			return fail(fmt.Errorf("kernel: cannot listen for %s: %w", ch, err))
		}
		listeners[ch] = l
		if tcp, ok := l.Addr().(*net.TCPAddr); ok && conn.Port(ch) == 0 {
			conn.SetPort(ch, tcp.Port)
			chosen = true
		}
	}
	if chosen {
		if err := conn.Write(file); err != nil {
			return fail(err)
		}
	}
	return listeners, nil
}

// watch starts the goroutines that look after signals and the parent process. They end with the kernel.
func (s *server) watch(wg *sync.WaitGroup) {
	if pid := s.cfg.ParentPID; pid > 0 {
		wg.Go(func() {
			if awaitParent(s.life, pid) {
				s.log.Warn("the process that started the kernel has ended; so does the kernel", "pid", pid)
				s.stop()
			}
		})
	}
	if s.cfg.IgnoreSignals {
		return
	}
	signals := make(chan os.Signal, 4)
	// SIGPIPE would end the process when whoever reads its stderr has gone. It is taken, not ignored, since children inherit that.
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	wg.Go(func() {
		defer signal.Stop(signals)
		for {
			select {
			case sig := <-signals:
				switch sig {
				case os.Interrupt:
					s.interrupt(nil)
				case syscall.SIGTERM:
					s.stop()
				}
			case <-s.life.Done():
				return
			}
		}
	})
}

// finish ends cells, subshells and session, each within its time.
func (s *server) finish() error {
	s.mu.Lock()
	for _, sh := range s.shells {
		sh.mu.Lock()
		sh.ended = true
		sh.mu.Unlock()
	}
	s.mu.Unlock()
	s.explorer.mu.Lock()
	s.explorer.ended = true
	s.explorer.mu.Unlock()
	s.interrupt(nil)
	var errs []error
	if !within(stopTimeout, s.runners.Wait) {
		errs = append(errs, ErrStuck)
	}
	var err error
	if !within(closeTimeout, func() { err = s.cfg.Session.Close() }) {
		errs = append(errs, fmt.Errorf("kernel: the session does not close: %w", ErrStuck))
	} else if err != nil {
		errs = append(errs, fmt.Errorf("kernel: close session: %w", err))
	}
	return errors.Join(errs...)
}

// within calls f and reports whether it returned in time. If not, its goroutine is left: f is stuck in code of the user.
func within(limit time.Duration, f func()) bool {
	returned := make(chan struct{})
	go func() { // ends with f
		defer close(returned)
		f()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-returned:
		return true
	case <-timer.C:
		return false
	}
}
