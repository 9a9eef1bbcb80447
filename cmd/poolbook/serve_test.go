//go:build unix

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// TestTokenIsNotInTheProcessList holds that the token is on no command line unless the user puts it there.
func TestTokenIsNotInTheProcessList(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the browser's command is Linux's here")
	}
	p := newPlace(t)
	bin := p.file("bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	// Stands in for the browser: keeps what it is started with, and a copy of the file.
	script := "#!/bin/sh\nls -l \"$1\" > " + p.file("mode") + "\ncp \"$1\" " + p.file("copy") + "\nprintf %s \"$*\" > " + p.file("args.new") + "\nmv " + p.file("args.new") + " " + p.file("args") + "\n"
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	p.write("secret", "from-a-file\n")
	for name, tt := range map[string]struct {
		args  []string
		env   string
		token string // "": random
	}{
		"random":   {},
		"file":     {args: []string{"--token-file", "secret"}, token: "from-a-file"},
		"variable": {env: tokenVariable + "=from-the-environment", token: "from-the-environment"},
	} {
		t.Run(name, func(t *testing.T) {
			_ = os.Remove(p.file("args"))
			cmd := exec.Command(program(t), append([]string{"serve", "--port", "0"}, tt.args...)...)
			cmd.Dir, cmd.Env = p.dir, append(p.env(), "DISPLAY=:none", "PATH="+bin+":"+os.Getenv("PATH"), tt.env)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitUntil(t, time.Minute, "the browser is started", func() bool { _, err := os.Stat(p.file("args")); return err == nil })
			args, err := os.ReadFile(p.file("args"))
			if err != nil {
				t.Fatal(err)
			}
			page, err := os.ReadFile(p.file("copy"))
			if err != nil {
				t.Fatal(err)
			}
			_, address, _ := strings.Cut(string(page), "url=")
			address, _, _ = strings.Cut(address, `"`)
			_, token, _ := strings.Cut(address, "token=")
			if token == "" || tt.token != "" && token != tt.token {
				t.Errorf("the page that leads there: %s", page)
			}
			for pid, line := range p.processes() {
				if strings.Contains(line, token) {
					t.Errorf("process %d: %s", pid, line)
				}
			}
			if strings.Contains(string(args), token) || !strings.HasPrefix(string(args), "/") {
				t.Errorf("the browser's arguments: %s", args)
			}
			if mode, _ := os.ReadFile(p.file("mode")); !strings.HasPrefix(string(mode), "-rw-------") {
				t.Errorf("the file: %s", mode)
			}
			resp, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 {
				t.Errorf("%s: %s", address, resp.Status)
			}
			_ = cmd.Process.Signal(syscall.SIGINT)
			printed, _ := io.ReadAll(out)
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			if !strings.Contains(string(printed), address) {
				t.Errorf("printed: %s", printed)
			}
			if _, err := os.Stat(string(args)); !os.IsNotExist(err) {
				t.Errorf("the file is left (%v)", err)
			}
		})
	}
	for args, want := range map[string]string{
		"--token-file none":                  "no such file",
		"--token-file /dev/null":             "is empty",
		"--token-file secret --token x":      "choose one",
		"--certfile secret":                  "give both",
		"--keyfile secret":                   "give both",
		"--certfile secret --keyfile secret": "certificate and key",
	} {
		if out := p.poolbook(append([]string{"serve", "--no-browser"}, strings.Fields(args)...)...); out.code == 0 || !strings.Contains(out.stderr, want) {
			t.Errorf("%s: %+v", args, out)
		}
	}
}

// TestTokenOfTheEnvironmentStaysThere holds that programs of cells do not inherit the variable.
func TestTokenOfTheEnvironmentStaysThere(t *testing.T) {
	p := newPlace(t)
	t.Setenv(tokenVariable, "from-the-environment")
	s := p.serve("--port", "0")
	if s.token != "from-the-environment" {
		t.Errorf("the token is %q", s.token)
	}
	conn := s.kernelSocket("a.ipynb")
	runCell(t, conn, `fmt.Printf("token %q", os.Getenv("`+tokenVariable+`"))`, `token \"\"`)
}

// certificate makes one for this machine's loopback address, signed by itself.
func (p *testPlace) certificate() *x509.CertPool {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		p.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	p.write("cert.pem", string(cert))
	p.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return pool
}

func TestHTTPS(t *testing.T) {
	p := newPlace(t)
	config := &tls.Config{RootCAs: p.certificate()}
	s := p.serve("--certfile", "cert.pem", "--keyfile", "key.pem", "--port", "0")
	if s.base.Scheme != "https" {
		t.Fatalf("the address is %s", s.base)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	get := func(path string) *http.Response {
		t.Helper()
		req, err := http.NewRequest("GET", s.base.JoinPath(path).String()+"?token="+s.token, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	signIn := get("/")
	for _, c := range signIn.Cookies() {
		if !c.Secure {
			t.Errorf("the cookie %s would go over plain HTTP", c.Name)
		}
	}
	if len(signIn.Cookies()) == 0 {
		t.Errorf("no cookies: %s", signIn.Status)
	}
	client.CheckRedirect = nil
	req, _ := http.NewRequest("GET", s.base.JoinPath("/lab").String(), nil)
	req.Header.Set("Authorization", "token "+s.token)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src https://"+s.base.Host+"/static/ ") || !strings.Contains(csp, " wss://"+s.base.Host) {
		t.Errorf("policy: %s", csp)
	}
	u := *s.base
	u.Scheme, u.Path = "wss", "/api/events/subscribe"
	d := websocket.Dialer{TLSClientConfig: config}
	conn, _, err := d.Dial(u.String(), http.Header{"Authorization": {"token " + s.token}})
	if err != nil {
		t.Fatalf("websocket: %v", err)
	}
	conn.Close()
	if resp, err := http.Get("http://" + s.base.Host + "/?token=" + s.token); err == nil { // what answers is Go's server
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("plain HTTP: %s", resp.Status)
		}
		resp.Body.Close()
	}
}

// TestOtherMachines holds that a server which other machines reach says so, and how dangerous it is in plain HTTP.
func TestOtherMachines(t *testing.T) {
	p := newPlace(t)
	p.certificate()
	for name, tt := range map[string]struct {
		args       []string
		warn, more bool
	}{
		"this machine":     {[]string{}, false, false},
		"localhost":        {[]string{"--ip", "localhost"}, false, false},
		"all, IPv4":        {[]string{"--ip", "0.0.0.0"}, true, true},
		"all, empty":       {[]string{"--ip", ""}, true, true},
		"all, as Jupyter":  {[]string{"--ip", "*"}, true, true},
		"all, with HTTPS":  {[]string{"--ip", "0.0.0.0", "--certfile", "cert.pem", "--keyfile", "key.pem"}, false, true},
		"all, IPv6 and v4": {[]string{"--ip", "::"}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(program(t), append([]string{"serve", "--no-browser", "--port", "0"}, tt.args...)...)
			var stdout, stderr lockedBuffer
			cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env(), &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			waitUntil(t, time.Minute, "the server is there", func() bool {
				return strings.Contains(stdout.String(), "Ctrl-C") || len(ended) > 0
			})
			_ = cmd.Process.Signal(syscall.SIGINT)
			if err := <-ended; err != nil {
				if name == "all, IPv6 and v4" {
					t.Skipf("no IPv6: %s", stderr.String())
				}
				t.Fatalf("%v: %s", err, stderr.String())
			}
			if got := strings.Contains(stderr.String(), "plain HTTP"); got != tt.warn && otherAddress() {
				t.Errorf("warns: %v, want %v: %s", got, tt.warn, stderr.String())
			}
			if got := strings.Contains(stdout.String(), "for other machines at"); got != tt.more && otherAddress() {
				t.Errorf("other addresses: %v, want %v: %s", got, tt.more, stdout.String())
			}
			if !strings.Contains(stdout.String(), "://127.0.0.1:") {
				t.Errorf("this machine's address: %s", stdout.String())
			}
		})
	}
}

// otherAddress reports whether this machine has an address besides the loopback one.
func otherAddress() bool {
	own, _ := net.InterfaceAddrs()
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			return true
		}
	}
	return false
}

// lockedBuffer is written by a process while the test looks.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
