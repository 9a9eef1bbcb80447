package kernel

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"poolbook/kernel/client"
	"poolbook/kernel/protocol"
)

// maxSessions is how many sessions are kept on disk; the oldest go when a new one begins.
const maxSessions = 1000

// DefaultHistoryDir is where a kernel with this name keeps its history: in Jupyter's data directory of the user; "" when there is none.
func DefaultHistoryDir(name string) string {
	data := client.UserDataDir()
	if data == "" {
		return ""
	}
	return filepath.Join(data, "history", name)
}

// entry is one line of a session's file.
type entry struct {
	session int
	Line    int    `json:"line"`
	Input   string `json:"input"`
	Output  string `json:"output,omitempty"`
}

// history is what was run: if there is a directory, all sessions are on disk, each in a file of its own (000042.jsonl), so that kernels
// which run side by side need no lock; what cannot be kept there is kept in memory.
type history struct {
	dir string
	log *slog.Logger

	mu      sync.Mutex
	session int      // number of this session, 0 until something is stored, guarded by mu
	entries []entry  // of this session that are not on disk, guarded by mu
	file    *os.File // guarded by mu
}

func newHistory(dir string, log *slog.Logger) *history { return &history{dir: dir, log: log} }

// add stores a cell. Trouble with the disk is logged once, and the history goes on in memory.
func (h *history) add(line int, input, output string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.session == 0 {
		h.begin()
	}
	e := entry{session: h.session, Line: line, Input: input, Output: output}
	if h.file != nil {
		raw, err := protocol.Marshal(e)
		if err == nil {
			_, err = h.file.Write(append(raw, '\n'))
		}
		if err == nil {
			return
		}
		h.log.Error("history is no longer kept on disk", "error", err)
		_ = h.file.Close()
		h.file = nil
	}
	h.entries = append(h.entries, e)
}

// begin takes the next free session number. The caller holds mu.
func (h *history) begin() {
	h.session = 1
	if h.dir == "" {
		return
	}
	err := os.MkdirAll(h.dir, 0o700)
	var old []int
	if err == nil {
		old, err = h.sessions()
	}
	if err != nil {
		h.log.Error("history is not kept on disk", "error", err)
		return
	}
	if len(old) > 0 {
		h.session = old[len(old)-1] + 1
	}
	for {
		h.file, err = os.OpenFile(h.path(h.session), os.O_CREATE|os.O_EXCL|os.O_APPEND|os.O_WRONLY, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
		h.session++ // another kernel began at the same time
	}
	if err != nil {
		h.log.Error("history is not kept on disk", "error", err)
		h.file = nil
		return
	}
	for _, n := range old[:max(0, len(old)+1-maxSessions)] {
		if err := os.Remove(h.path(n)); err != nil {
			h.log.Warn("old history is not removed", "error", err)
		}
	}
}

func (h *history) path(session int) string {
	return filepath.Join(h.dir, fmt.Sprintf("%06d.jsonl", session))
}

// sessions lists the sessions on disk, in order.
func (h *history) sessions() ([]int, error) {
	if h.dir == "" {
		return nil, nil
	}
	files, err := os.ReadDir(h.dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	var numbers []int
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".jsonl")
		if n, err := strconv.Atoi(name); ok && err == nil && n > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// load reads a session: from disk, and what this one has in memory. Lines that are broken are left out.
func (h *history) load(session int) []entry {
	entries := h.stored(session)
	if session == h.session {
		entries = append(entries, h.entries...)
	}
	return entries
}

// stored reads a session from disk.
func (h *history) stored(session int) []entry {
	if h.dir == "" {
		return nil
	}
	f, err := os.Open(h.path(session))
	if err != nil {
		return nil
	}
	defer f.Close()
	var entries []entry
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return entries
		}
		e := entry{session: session}
		if json.Unmarshal(line, &e) == nil {
			entries = append(entries, e)
		}
	}
}

// all lists the sessions there are, this one last.
func (h *history) all() []int {
	numbers, err := h.sessions()
	if err != nil {
		h.log.Warn("history on disk cannot be read", "error", err)
	}
	if h.session != 0 {
		if i, found := slices.BinarySearch(numbers, h.session); !found {
			numbers = slices.Insert(numbers, i, h.session)
		}
	}
	return numbers
}

// latest collects the last n entries (all if n < 0) that keep accepts, oldest first.
func (h *history) latest(n int, keep func(entry) bool) []entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []entry
	for _, session := range slices.Backward(h.all()) {
		for _, e := range slices.Backward(h.load(session)) {
			if n >= 0 && len(found) >= n {
				break
			}
			if keep(e) {
				found = append(found, e)
			}
		}
	}
	slices.Reverse(found)
	return found
}

// span is the entries of a session with start <= line < stop; stop < 0 means to the end. Session 0 is this one, -1 the one
// before and so on.
func (h *history) span(session, start, stop int) []entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	if session <= 0 {
		numbers := h.all()
		this := len(numbers) // this session has nothing yet, and is the next
		if h.session != 0 {
			this, _ = slices.BinarySearch(numbers, h.session)
		}
		i := this + session
		if i < 0 || i >= len(numbers) {
			return nil
		}
		session = numbers[i]
	}
	var found []entry
	for _, e := range h.load(session) {
		if e.Line >= start && (stop < 0 || e.Line < stop) {
			found = append(found, e)
		}
	}
	return found
}

func (h *history) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.file != nil {
		if err := h.file.Close(); err != nil {
			h.log.Warn("history", "error", err)
		}
		h.file = nil
	}
}

func (r *request) history(*subshell) error {
	req, err := protocol.Decode[protocol.HistoryRequest](r.Message)
	if err != nil {
		return err
	}
	n := -1
	if req.N != nil {
		n = *req.N
	}
	var entries []entry
	switch req.AccessType {
	case "tail":
		entries = r.s.history.latest(n, func(entry) bool { return true })
	case "search":
		pattern := req.Pattern
		if pattern == "" {
			pattern = "*"
		}
		seen := make(map[string]bool)
		entries = r.s.history.latest(n, func(e entry) bool {
			if !glob(pattern, e.Input) || req.Unique && seen[e.Input] {
				return false
			}
			seen[e.Input] = true
			return true
		})
	case "range":
		stop := -1
		if req.Stop != nil {
			stop = *req.Stop
		}
		entries = r.s.history.span(req.Session, req.Start, stop)
	default:
		return fmt.Errorf("hist_access_type is %q, not range, tail or search", req.AccessType)
	}
	reply := protocol.HistoryReply{Status: protocol.StatusOK, History: [][3]any{}}
	for _, e := range entries {
		var text any = e.Input
		if req.Output {
			var output any
			if e.Output != "" {
				output = e.Output
			}
			text = []any{e.Input, output}
		}
		reply.History = append(reply.History, [3]any{e.session, e.Line, text})
	}
	r.reply(reply)
	return nil
}

// glob matches all of text with a pattern of *, ? and other characters that stand for themselves. Unlike path.Match, * and ?
// stand for line ends and slashes too.
func glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
