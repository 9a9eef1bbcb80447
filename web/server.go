package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"poolbook/kernel/client"
	"poolbook/web/internal/auth"
	"poolbook/web/internal/contents"
	"poolbook/web/internal/kernels"
	"poolbook/web/internal/terminals"
)

// Config of a Server. Only Dir is required.
type Config struct {
	Dir         string      // the served folder
	Tutorials   fs.FS       // *.ipynb at its top; nil: no tutorials
	Static      fs.FS       // the built page; nil: the one in the program
	BuiltinSpec client.Spec // the program's own kernel, the default; without Argv there is none

	// Format returns a cell or a file of Go as gofmt writes it; its error is for the user. nil: the page cannot format.
	Format func(code string) (string, error)

	Addr        string // address to listen on; default "127.0.0.1:8888"
	PortRetries int    // how many next ports are tried when Addr's is taken; default 0
	Token       string // secret that lets in; default: a random one, see Server.Token
	CertFile    string // PEM certificates for HTTPS, with KeyFile; default: plain HTTP
	KeyFile     string // PEM private key of CertFile's first certificate

	Hosts   []string // names that the server may be called by in addresses, besides localhost and address literals
	Origins []string // origins ("https://host:port") whose pages may use the server, besides its own

	DataDir     string // where settings and trust are kept; default: "poolbook" in the user's configuration folder, or, for a user without one, nowhere
	AllowHidden bool   // show and serve files whose names start with a dot
	NoTrash     bool   // delete for good; default: to the desktop's trash
	NoTerminals bool   // no shells in the browser; they are not there without pseudo-terminals (Windows) either

	MaxBody        int64 // bytes of a request that saves; default 768 MiB
	MaxConnections int   // at a time, besides websockets; default 512
	MaxSockets     int   // websockets at a time; default 1024
	MaxKernels     int   // at a time; default 128

	WriteTimeout time.Duration // a client that takes nothing of its answer or messages for so long is given up; default 30 s

	Kernel client.Options // for every kernel; Dir, Env and Logger are set by the server

	Logger *slog.Logger // nil discards; tokens and cookies are never logged
}

// Server serves one folder to one user. Make it with New, run it with Start, and end it with Stop.
type Server struct {
	cfg        Config
	log        *slog.Logger
	static     fs.FS
	contents   *contents.Manager
	kernels    *kernels.Manager
	terminals  *terminals.Manager
	tutorials  []tutorial
	settings   store
	workspaces store
	configs    store
	events     events
	startedAt  time.Time

	tls      *tls.Config  // nil: plain HTTP
	guard    *auth.Guard  // set by Start
	listener net.Listener // set by Start
	conns    *connLimit   // set by Start
	http     *http.Server // set by Start

	ctx      context.Context // ends when the server is to stop
	cancel   context.CancelFunc
	stopping chan struct{} // closed when Stop begins
	started  chan struct{} // closed when requests are taken
	done     chan struct{} // closed when everything has ended
	err      error         // set before done is closed

	mu      sync.Mutex
	running bool           // Start was called, guarded by mu
	ending  bool           // Stop was called, guarded by mu
	work    sync.WaitGroup // goroutines and websockets; Add under mu while not ending

	sockets atomic.Int64
	lastUse atomic.Int64 // Unix nanoseconds
}

// New checks the configuration and opens the folder. It neither listens nor starts anything.
func New(c Config) (*Server, error) {
	if c.Dir == "" {
		return nil, errors.New("web: no folder to serve")
	}
	if c.Addr == "" {
		c.Addr = "127.0.0.1:8888"
	}
	if c.MaxBody <= 0 {
		c.MaxBody = 768 << 20
	}
	if c.MaxConnections <= 0 {
		c.MaxConnections = 512
	}
	if c.MaxSockets <= 0 {
		c.MaxSockets = 1024
	}
	if c.WriteTimeout <= 0 {
		c.WriteTimeout = 30 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.DataDir == "" {
		if dir, err := os.UserConfigDir(); err == nil {
			c.DataDir = filepath.Join(dir, "poolbook")
		} else {
			c.Logger.Warn("settings and trust are kept only as long as the server runs", "error", err)
		}
	}
	table := func(name string) store {
		if c.DataDir == "" {
			return store{log: c.Logger}
		}
		return store{log: c.Logger, file: filepath.Join(c.DataDir, name)}
	}
	s := &Server{
		cfg: c, log: c.Logger, static: c.Static, stopping: make(chan struct{}), started: make(chan struct{}), done: make(chan struct{}),
		settings:   table("settings.json"),
		workspaces: table("workspaces.json"),
		configs:    table("config.json"),
		startedAt:  time.Now().UTC(),
	}
	if s.static == nil {
		s.static = embeddedStatic()
	}
	var err error
	if c.CertFile != "" || c.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("web: certificate and key: %w", err)
		}
		// Websockets are HTTP/1.1's here.
		s.tls = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	}
	if s.tutorials, err = readTutorials(c.Tutorials); err != nil {
		return nil, fmt.Errorf("web: tutorials: %w", err)
	}
	var notary *contents.Notary
	if c.DataDir != "" {
		if notary, err = contents.OpenNotary(filepath.Join(c.DataDir, "trust")); err != nil {
			// A home that cannot be written is no reason not to work: outputs are then only as trusted as strangers'.
			s.log.Warn("trust of notebooks is not kept", "error", err)
			notary = nil
		}
	}
	s.contents, err = contents.Open(c.Dir, contents.Options{AllowHidden: c.AllowHidden, NoTrash: c.NoTrash, Notary: notary, Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	s.kernels = kernels.New(kernels.Options{
		Builtin: c.BuiltinSpec, Dir: s.contents.OSDir, Max: c.MaxKernels, Client: c.Kernel, Logger: c.Logger, OnKernel: s.onKernel,
	})
	s.terminals = terminals.New(terminals.Options{Logger: c.Logger})
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

func (s *Server) onKernel(action, id string) {
	s.events.emit("https://events.jupyter.org/jupyter_server/kernel_actions/v1",
		map[string]any{"action": action, "kernel_id": id, "status": "success"})
}

// Start listens and serves, and returns; the server then runs until ctx is done, Stop is called, or a client asks for it. It may be called once.
func (s *Server) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running || s.ending {
		return errors.New("web: the server was started or stopped before")
	}
	l, err := s.listen()
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	s.running = true
	s.listener = l
	addr := l.Addr().(*net.TCPAddr)
	var key []byte
	var ended string
	if s.cfg.DataDir != "" {
		ended = filepath.Join(s.cfg.DataDir, "signed-out")
		if key, err = auth.OpenKey(filepath.Join(s.cfg.DataDir, "session-key")); err != nil {
			// A home that cannot be written is no reason not to work: after the next start, browsers have to sign in again.
			s.log.Warn("sign-ins are not kept", "error", err)
		}
	}
	s.guard = auth.New(auth.Config{
		Token: s.cfg.Token, Key: key, Ended: ended, Port: addr.Port, Hosts: s.cfg.Hosts, Origins: s.cfg.Origins, AnyIP: !addr.IP.IsLoopback(),
	})
	s.touch()
	s.conns = &connLimit{max: s.cfg.MaxConnections, conns: map[net.Conn]*connState{}}
	s.http = &http.Server{
		Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ConnState: s.conns.hook, ConnContext: s.conns.context, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	if s.tls != nil {
		l = tls.NewListener(l, s.tls)
	}
	s.work.Go(func() { // serve
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("server ended", "error", err)
			s.cancel()
		}
	})
	go func() { // watch: ends the server, so it is not waited for by it, but by who waits for Done
		select {
		case <-ctx.Done():
		case <-s.ctx.Done():
		case <-s.stopping:
		}
		s.end()
	}()
	close(s.started)
	return nil
}

// listen opens the port, or one of the next ones.
func (s *Server) listen() (net.Listener, error) {
	host, port, err := net.SplitHostPort(s.cfg.Addr)
	if err != nil {
		return nil, err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("port %q is not a number", port)
	}
	for i := 0; ; i++ {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(first+i)))
		if err == nil {
			return l, nil
		}
		if first == 0 || i >= s.cfg.PortRetries || first+i >= 65535 || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
}

// Started is closed once the server takes requests; URL and Token are valid from then on.
func (s *Server) Started() <-chan struct{} { return s.started }

// Done is closed when the server has ended, with all its kernels and connections. Err tells then what went wrong.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err is what went wrong while the server ended; nil before Done.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Stop ends the server: no new requests, all kernels and terminals are shut down, connections closed. It waits until all is done, may be called again,
// and also on a server that was never started.
func (s *Server) Stop() error {
	s.mu.Lock()
	first := !s.ending
	s.ending = true
	running := s.running
	if first {
		close(s.stopping)
	}
	s.mu.Unlock()
	if !running {
		if first {
			s.cancel()
			s.err = errors.Join(s.kernels.Stop(context.Background()), s.contents.Close())
			close(s.done)
		}
	}
	<-s.done
	return s.err
}

// stopTimeout is how long kernels and requests may take to end by themselves.
const stopTimeout = 10 * time.Second

// end is the watch goroutine's work: it runs once.
func (s *Server) end() {
	s.mu.Lock()
	if !s.ending {
		s.ending = true
		close(s.stopping)
	}
	s.mu.Unlock()
	s.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	var wg sync.WaitGroup
	var kernelErr, httpErr error
	wg.Go(func() { kernelErr = s.kernels.Stop(ctx) })
	wg.Go(func() { s.terminals.Stop(ctx) })
	wg.Go(func() {
		if httpErr = s.http.Shutdown(ctx); httpErr != nil {
			httpErr = s.http.Close()
		}
	})
	wg.Wait()
	s.work.Wait()
	s.err = errors.Join(kernelErr, httpErr, s.contents.Close())
	close(s.done)
}

// enter registers a websocket with the server; false when it is stopping.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return false
	}
	s.work.Add(1)
	return true
}

// Token is the secret that lets in. Valid once started.
func (s *Server) Token() string { return s.guard.Token() }

// URL is the address of the start page with its token, for the user's browser. Valid once started.
func (s *Server) URL() string {
	return s.address(s.localIP())
}

// address is the address of the start page with its token, by way of an IP address.
func (s *Server) address(ip netip.Addr) string {
	scheme := "http"
	if s.tls != nil {
		scheme = "https"
	}
	host := net.JoinHostPort(ip.String(), strconv.Itoa(s.listener.Addr().(*net.TCPAddr).Port))
	u := url.URL{Scheme: scheme, Host: host, Path: "/", RawQuery: url.Values{"token": {s.Token()}}.Encode()}
	return u.String()
}

// localIP is where this machine's browser reaches the server.
func (s *Server) localIP() netip.Addr {
	ip, _ := netip.AddrFromSlice(s.listener.Addr().(*net.TCPAddr).IP)
	if ip = ip.Unmap(); ip.IsUnspecified() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return ip
}

// OtherURLs are the addresses of the start page, with its token, for the browsers of other machines; none when the server listens on the loopback
// address. Valid once started.
func (s *Server) OtherURLs() []string {
	listening, _ := netip.AddrFromSlice(s.listener.Addr().(*net.TCPAddr).IP)
	listening = listening.Unmap()
	switch {
	case listening.IsLoopback():
		return nil
	case !listening.IsUnspecified():
		return []string{s.address(listening)}
	}
	var urls []string
	own, _ := net.InterfaceAddrs() // without them there is nothing to tell
	for _, a := range own {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		if ip, _ := netip.AddrFromSlice(n.IP); ip.Unmap().IsGlobalUnicast() {
			urls = append(urls, s.address(ip.Unmap()))
		}
	}
	return urls
}

// Secure reports whether the server speaks HTTPS.
func (s *Server) Secure() bool { return s.tls != nil }

// Addr is what the server listens on. Valid once started.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// appVersion is the program's version, as the Go tool stamped it.
func appVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
