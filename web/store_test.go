package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamagedSettings holds that a settings file which is none keeps nobody from using the page, and is not lost.
func TestDamagedSettings(t *testing.T) {
	for name, content := range map[string]string{
		"cut short": `{"a": {"value": 1}`, "empty": "", "of another kind": `[1, 2]`, "not text": "\x00\xff\xfe",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var log strings.Builder
			table := store{file: filepath.Join(dir, "settings.json"), log: slog.New(slog.NewTextHandler(&log, nil))}
			writeFile(t, dir, "settings.json", content)
			if all, err := table.all(); err != nil || len(all) != 0 {
				t.Fatalf("%v, %v", all, err)
			}
			if err := table.update("k", func(json.RawMessage) (json.RawMessage, error) { return []byte(`2`), nil }); err != nil {
				t.Fatal(err)
			}
			if e, ok, err := table.get("k"); !ok || string(e.Value) != "2" || err != nil {
				t.Errorf("%s %v %v", e.Value, ok, err)
			}
			aside, _ := filepath.Glob(filepath.Join(dir, "settings.json.broken-*"))
			if len(aside) != 1 || !strings.Contains(log.String(), "put aside") {
				t.Fatalf("put aside: %v; log: %s", aside, log.String())
			}
			if data, err := os.ReadFile(aside[0]); err != nil || string(data) != content {
				t.Errorf("%q, %v", data, err)
			}
		})
	}
}

// TestSettingsWithoutHome holds that the page works for a user without a home.
func TestSettingsWithoutHome(t *testing.T) {
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "AppData"} {
		t.Setenv(name, "")
	}
	s := start(t, func(c *Config) { c.DataDir = "" })
	s.want(204, request{method: "PUT", path: "/poolbook/api/settings/x", body: `{"raw": "{}"}`})
	if got := s.want(200, request{path: "/poolbook/api/settings"}); !strings.Contains(got.body, `"x":"{}"`) {
		t.Errorf("%s", got.body)
	}
}

// TestErrorsNameNoFolders holds that what a client reads of a failure has no paths of the machine.
func TestErrorsNameNoFolders(t *testing.T) {
	dir := t.TempDir()
	_, missing := os.ReadFile(filepath.Join(dir, "settings.json"))
	renamed := os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	for _, err := range []error{missing, fmt.Errorf("settings: %w", missing), renamed, errors.Join(renamed, errors.New("and more"))} {
		if e := toHTTP(err); e.Status != 500 || strings.Contains(e.Message, dir) || !strings.Contains(e.Message, "no such file") {
			t.Errorf("%v: %q", err, e.Message)
		}
	}
}
