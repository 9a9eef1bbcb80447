package auth

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ended are the sessions that were signed out before they ended by themselves. Like the key that makes sessions, they outlive the server, in a file
// with a line for each: when it would have ended (Unix seconds), and its hash.
type ended struct {
	file string // "": in memory only

	mu    sync.Mutex
	until map[string]time.Time // by hash; guarded by mu
}

func endedHash(session string) string {
	sum := sha256.Sum256([]byte(session))
	return hex.EncodeToString(sum[:])
}

// load reads the file, and writes it anew without those that have ended by themselves. What cannot be read of it is left out.
func (e *ended) load() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.until = map[string]time.Time{}
	if e.file == "" {
		return
	}
	data, err := os.ReadFile(e.file)
	if err != nil {
		return
	}
	over := false
	for in := bufio.NewScanner(bytes.NewReader(data)); in.Scan(); {
		seconds, hash, _ := strings.Cut(in.Text(), " ")
		n, err := strconv.ParseInt(seconds, 10, 64)
		if until := time.Unix(n, 0); err == nil && len(hash) == 2*sha256.Size && time.Now().Before(until) {
			e.until[hash] = until
		} else {
			over = true
		}
	}
	if !over {
		return
	}
	var b bytes.Buffer
	for hash, until := range e.until {
		fmt.Fprintf(&b, "%d %s\n", until.Unix(), hash)
	}
	if tmp := e.file + ".new"; os.WriteFile(tmp, b.Bytes(), 0o600) != nil || os.Rename(tmp, e.file) != nil {
		_ = os.Remove(tmp)
	}
}

// add ends a session. The error is that of the file: until the server ends, the session is out all the same.
func (e *ended) add(session string) error {
	hash, until := endedHash(session), time.Now().Add(Lifetime)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.until[hash] = until
	if e.file == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(e.file), 0o700); err != nil {
		return fmt.Errorf("keep that a session was signed out: %w", err)
	}
	f, err := os.OpenFile(e.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep that a session was signed out: %w", err)
	}
	_, err = fmt.Fprintf(f, "\n%d %s\n", until.Unix(), hash) // after what a full disk may have cut short
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep that a session was signed out: %w", err)
	}
	return nil
}

func (e *ended) has(session string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, found := e.until[endedHash(session)]
	return found
}
