package kernel

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"poolbook/kernel/protocol"
)

// ask sends a history_request and returns the entries, one a line.
func (f *front) ask(req protocol.HistoryRequest) []string {
	f.t.Helper()
	r := decode[protocol.HistoryReply](f.t, f.reply(f.shell, f.send(f.shell, "history_request", req)))
	lines := []string{}
	for _, e := range r.History {
		raw, err := json.Marshal(e)
		if err != nil {
			f.t.Fatal(err)
		}
		lines = append(lines, string(raw))
	}
	return lines
}

func number(n int) *int { return &n }

func TestHistory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "history")
	t.Run("first session", func(t *testing.T) {
		f := newFront(t, Config{HistoryDir: dir})
		want(t, f.ask(protocol.HistoryRequest{AccessType: "tail", N: number(3)}))
		f.run(execute("value 1"))
		f.run(execute("value 2"))
		req := execute("value 3")
		req.StoreHistory = false
		f.run(req)
	})
	if err := os.WriteFile(filepath.Join(dir, "000009.jsonl"), []byte("broken\n{\"line\":1,\"input\":\"nine\"}\n{\"cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFront(t, Config{HistoryDir: dir})
	want(t, f.ask(protocol.HistoryRequest{AccessType: "range", Session: 0}))
	want(t, f.ask(protocol.HistoryRequest{AccessType: "range", Session: -1}), `[9,1,"nine"]`)
	f.run(execute("print a\nvalue 5"))
	f.run(execute("value 1"))
	tests := []struct {
		req  protocol.HistoryRequest
		want []string
	}{
		{protocol.HistoryRequest{AccessType: "tail", N: number(3)}, []string{`[9,1,"nine"]`, `[10,1,"print a\nvalue 5"]`, `[10,2,"value 1"]`}},
		{protocol.HistoryRequest{AccessType: "tail", N: number(1), Output: true}, []string{`[10,2,["value 1","1"]]`}},
		{protocol.HistoryRequest{AccessType: "tail", N: number(0)}, nil},
		{protocol.HistoryRequest{AccessType: "range", Session: 1, Start: 1, Stop: number(2)}, []string{`[1,1,"value 1"]`}},
		{protocol.HistoryRequest{AccessType: "range", Session: -2, Start: 0}, []string{`[1,1,"value 1"]`, `[1,2,"value 2"]`}},
		{protocol.HistoryRequest{AccessType: "range", Session: 0, Start: 2}, []string{`[10,2,"value 1"]`}},
		{protocol.HistoryRequest{AccessType: "range", Session: -7}, nil},
		{protocol.HistoryRequest{AccessType: "range", Session: 5}, nil},
		{protocol.HistoryRequest{AccessType: "search", Pattern: "value*"}, []string{`[1,1,"value 1"]`, `[1,2,"value 2"]`, `[10,2,"value 1"]`}},
		{protocol.HistoryRequest{AccessType: "search", Pattern: "value*", Unique: true}, []string{`[1,2,"value 2"]`, `[10,2,"value 1"]`}},
		{protocol.HistoryRequest{AccessType: "search", Pattern: "*value ?", N: number(2)}, []string{`[10,1,"print a\nvalue 5"]`, `[10,2,"value 1"]`}},
		{protocol.HistoryRequest{AccessType: "search", Pattern: "no*"}, nil},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %s %d", tt.req.AccessType, tt.req.Pattern, tt.req.Session), func(t *testing.T) {
			want(t, f.ask(tt.req), tt.want...)
		})
	}
}

// Two kernels that run at once have two sessions.
func TestHistorySideBySide(t *testing.T) {
	dir := t.TempDir()
	a := newFront(t, Config{HistoryDir: dir})
	a.run(execute("value a"))
	b := newFront(t, Config{HistoryDir: dir})
	b.run(execute("value b"))
	a.run(execute("value c"))
	want(t, a.ask(protocol.HistoryRequest{AccessType: "range"}), `[1,1,"value a"]`, `[1,2,"value c"]`)
	want(t, b.ask(protocol.HistoryRequest{AccessType: "range"}), `[2,1,"value b"]`)
}

func TestHistoryForgetsTheOldest(t *testing.T) {
	dir := t.TempDir()
	for i := 1; i <= maxSessions+5; i++ {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d.jsonl", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := newFront(t, Config{HistoryDir: dir})
	f.run(execute("value 1"))
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != maxSessions || files[0].Name() != "000007.jsonl" {
		t.Errorf("%d files, the first is %s, %v", len(files), files[0].Name(), err)
	}
}

// A directory that cannot be written costs the history on disk, and nothing else.
func TestHistoryWithoutDisk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFront(t, Config{HistoryDir: file})
	f.run(execute("value 1"))
	want(t, f.ask(protocol.HistoryRequest{AccessType: "tail", N: number(5)}), `[1,1,"value 1"]`)
	if !strings.Contains(f.log.String(), "history is not kept on disk") {
		t.Error("the log has nothing of it")
	}
}

// A session of any length holds no memory while the disk takes it; when that ends, what was run is there from both places.
func TestHistoryIsOnDisk(t *testing.T) {
	h := newHistory(t.TempDir(), slog.New(slog.DiscardHandler))
	for i := range 100 {
		h.add(i+1, "cell", "")
	}
	if len(h.entries) > 0 {
		t.Errorf("%d entries are in memory", len(h.entries))
	}
	_ = h.file.Close() // as when the disk is full
	h.add(101, "cell", "")
	h.add(102, "cell", "")
	if found := h.latest(-1, func(entry) bool { return true }); len(found) != 102 || found[101].Line != 102 {
		t.Errorf("%d entries are found", len(found))
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"*", "", true}, {"", "", true}, {"", "a", false}, {"a*c", "abbc", true}, {"a*c", "abbd", false}, {"?", "π", true},
		{"*b*", "a\nb/c", true}, {"**a", "ba", true}, {"a?", "a", false}, {"[a]", "a", false}, {"[a]", "[a]", true},
	} {
		if got := glob(tt.pattern, tt.text); got != tt.want {
			t.Errorf("glob(%q, %q) = %v", tt.pattern, tt.text, got)
		}
	}
}
