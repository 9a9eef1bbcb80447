package terminals

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// MaxPast is how many bytes of what was written before a new client is given at most.
	MaxPast = 64 << 10
	// MaxBehind is how many bytes the slowest client may be behind the shell before that has to wait.
	MaxBehind = 512 << 10
	// maxPiece is the most that Next returns.
	maxPiece = 64 << 10
	// patience is how long a program may leave input untaken, and how long a shell may take to end once it was asked to.
	patience = 2 * time.Second
)

// Terminal is a shell behind a pseudo-terminal. Its methods may be called concurrently.
type Terminal struct {
	name string
	cmd  *exec.Cmd
	pty  *os.File

	ended   chan struct{} // closed when the shell has ended and all was read
	gone    chan struct{} // closed when the shell's process has ended
	closing sync.Once

	mu      sync.Mutex
	change  chan struct{} // closed and replaced when out, clients or how far they are change
	out     []byte        // whole runes; the last that was written
	base    int64         // how many bytes were written before out
	clients map[*Client]struct{}
	done    bool // nothing more comes
	last    time.Time
}

// open starts a shell; start must follow.
func open(name, dir string, shell []string) (*Terminal, error) {
	cmd := exec.Command(shell[0], shell[1:]...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "TERM=xterm-256color", "COLORTERM=truecolor")
	f, err := startPty(cmd)
	if err != nil {
		return nil, err
	}
	return &Terminal{
		name: name, cmd: cmd, pty: f, ended: make(chan struct{}), gone: make(chan struct{}),
		change: make(chan struct{}), clients: map[*Client]struct{}{}, last: time.Now(),
	}, nil
}

// Name is what the terminal is called in addresses.
func (t *Terminal) Name() string { return t.name }

// LastActivity is when the shell last wrote or was written to.
func (t *Terminal) LastActivity() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// start begins the goroutines of the terminal; onEnd is called once, when the shell has ended.
func (t *Terminal) start(onEnd func(error)) {
	read := make(chan struct{})
	go func() { // reader
		defer close(read)
		t.read()
	}()
	go func() { // waiter
		err := t.cmd.Wait()
		close(t.gone)
		// What the shell wrote last is still to be read. Its children may have the terminal open for as long as they like.
		_ = t.pty.SetReadDeadline(time.Now().Add(patience / 10))
		t.mu.Lock()
		t.done = true // nobody makes the reader wait any more
		t.changed()
		t.mu.Unlock()
		<-read
		_ = t.pty.Close()
		onEnd(err)
		close(t.ended)
		t.mu.Lock()
		t.changed()
		t.mu.Unlock()
	}()
}

// changed wakes those that wait. mu is held.
func (t *Terminal) changed() {
	close(t.change)
	t.change = make(chan struct{})
}

// read takes what the shell writes until nobody can write any more.
func (t *Terminal) read() {
	buf := make([]byte, 32<<10)
	rest := 0 // bytes of a rune that is not whole, at the beginning of buf
	for {
		n, err := t.pty.Read(buf[rest:])
		n += rest
		whole := n
		if err == nil {
			whole = wholeRunes(buf[:n])
		}
		t.append(buf[:whole])
		rest = copy(buf, buf[whole:n])
		if err != nil {
			return
		}
	}
}

// wholeRunes is how long the beginning of p is that does not end within a rune.
func wholeRunes(p []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if c := p[len(p)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(p[len(p)-i:]) {
				return len(p) - i
			}
			break
		}
	}
	return len(p)
}

// append adds what was read, and waits for the slowest client.
func (t *Terminal) append(p []byte) {
	if len(p) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out = append(t.out, p...)
	t.last = time.Now()
	t.changed()
	for {
		end := t.base + int64(len(t.out))
		behind := end
		for c := range t.clients {
			behind = min(behind, c.at)
		}
		if t.done || end-behind <= MaxBehind {
			// The past is cut seldom, so that it costs little.
			if keep := max(end-behind, MaxPast); int64(len(t.out)) > 2*keep {
				cut := int64(len(t.out)) - keep
				for cut < int64(len(t.out)) && !utf8.RuneStart(t.out[cut]) {
					cut++
				}
				t.out = append(t.out[:0:0], t.out[cut:]...)
				t.base += cut
			}
			return
		}
		ch := t.change
		t.mu.Unlock()
		<-ch
		t.mu.Lock()
	}
}

// Connect makes a client, which is first given the end of what was written before.
func (t *Terminal) Connect() *Client {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := max(len(t.out)-MaxPast, 0)
	for at < len(t.out) && !utf8.RuneStart(t.out[at]) {
		at++
	}
	c := &Client{t: t, at: t.base + int64(at)}
	t.clients[c] = struct{}{}
	return c
}

// Close ends the shell: it is told that its terminal hangs up, as when a window is closed, and killed when it does not take that in time
// or ctx ends. It returns when the shell has ended.
func (t *Terminal) Close(ctx context.Context) {
	t.closing.Do(func() { t.hangUp(false) })
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-t.ended:
		return
	case <-timer.C:
	case <-ctx.Done():
	}
	t.hangUp(true)
	<-t.ended
}

// Client is somebody who sees the terminal. Close must be called. Next is called by one goroutine.
type Client struct {
	t          *Terminal
	at         int64 // how far it has read; guarded by t.mu
	rows, cols int   // zero: no matter; guarded by t.mu
}

// Next returns what was written since, whole characters, and waits for it. It returns false when the shell has ended and everything was
// read, or ctx ends.
func (c *Client) Next(ctx context.Context) (string, bool) {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		from := int(c.at - t.base)
		if p := t.out[max(from, 0):]; len(p) > 0 {
			if len(p) > maxPiece {
				p = p[:maxPiece]
				p = p[:wholeRunes(p)]
			}
			c.at = t.base + int64(max(from, 0)+len(p))
			t.changed()
			return string(p), true
		}
		select {
		case <-t.ended:
			return "", false
		default:
		}
		ch := t.change
		t.mu.Unlock()
		select {
		case <-ch:
			t.mu.Lock()
		case <-ctx.Done():
			t.mu.Lock()
			return "", false
		}
	}
}

// Write sends what was typed. What the program does not take in time is dropped.
func (c *Client) Write(p string) {
	c.t.mu.Lock()
	c.t.last = time.Now()
	c.t.mu.Unlock()
	_ = c.t.pty.SetWriteDeadline(time.Now().Add(patience))
	_, _ = c.t.pty.WriteString(p) // a shell that has ended takes nothing
}

// Resize says how many rows and columns the client shows.
func (c *Client) Resize(rows, cols int) {
	if rows < 1 || cols < 1 || rows > 10_000 || cols > 10_000 {
		return
	}
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	c.rows, c.cols = rows, cols
	c.t.fit()
}

// Close takes the client from its terminal, which goes on.
func (c *Client) Close() {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	delete(c.t.clients, c)
	c.t.changed()
	c.t.fit()
}

// fit gives the pseudo-terminal the size of the smallest client. mu is held.
func (t *Terminal) fit() {
	rows, cols := 0, 0
	for c := range t.clients {
		if c.rows > 0 && (rows == 0 || c.rows < rows) {
			rows = c.rows
		}
		if c.cols > 0 && (cols == 0 || c.cols < cols) {
			cols = c.cols
		}
	}
	if rows > 0 && cols > 0 {
		setSize(t.pty, rows, cols)
	}
}
