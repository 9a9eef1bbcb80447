package kernel

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLogLimit(t *testing.T) {
	var b bytes.Buffer
	h := limitLog(slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelWarn}))).With("channel", "shell").Handler()
	start := time.Now()
	log := func(after time.Duration, n int) {
		for range n {
			if err := h.Handle(context.Background(), slog.NewRecord(start.Add(after), slog.LevelWarn, "refused", 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	log(0, 100_000)
	if n := strings.Count(b.String(), "refused"); n != logBurst {
		t.Errorf("%d records", n)
	}
	b.Reset()
	log(logWindow, 1)
	if want := "records=99800"; strings.Count(b.String(), "\n") != 2 || !strings.Contains(b.String(), want) {
		t.Errorf("%q, want %s in it", b.String(), want)
	}
	if h.Enabled(context.Background(), slog.LevelInfo) {
		t.Error("the level is forgotten")
	}
}
