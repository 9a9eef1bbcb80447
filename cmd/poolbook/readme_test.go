package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	readmeLink = regexp.MustCompile("\\[(`?)([^\\]]+?)`?\\]\\(([^)#]+)\\)")
	lastName   = regexp.MustCompile(`[A-Za-z]+$`)
)

// TestREADME holds that the files README.md names are there, and that the
// functions it names are in them.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	links := readmeLink.FindAllStringSubmatch(string(text), -1)
	if len(links) < 10 {
		t.Fatalf("README.md has %d links", len(links))
	}
	for _, m := range links {
		code, name, file := m[1] != "", m[2], m[3]
		body, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Errorf("README.md names %s: %v", file, err)
			continue
		}
		if code && strings.HasSuffix(file, ".go") && !regexp.MustCompile(`(?m)^func (\([^)]*\) )?`+lastName.FindString(name)+`[\[(]`).Match(body) {
			t.Errorf("README.md names %s in %s: no such function", name, file)
		}
	}
	for _, command := range []string{"go run ./cmd/poolbook", "make test"} {
		if !strings.Contains(string(text), command) {
			t.Errorf("README.md does not name %q", command)
		}
	}
}
