package stddoc

import (
	"strings"
	"testing"
)

func TestComment(t *testing.T) {
	for _, tt := range []struct{ path, name, want string }{
		{"fmt", "", "Package fmt implements formatted I/O"},
		{"fmt", "Println", "Println formats using the default formats"},
		{"bytes", "Buffer.Write", "Write appends the contents of p"},
		{"net/http", "Server.Addr", "Addr optionally specifies the TCP address"},
		{"io", "Reader", "Reader is the interface that wraps the basic Read method"},
		{"os", "O_APPEND", "The remaining values may be or'ed in to control behavior.\n\nappend data to the file when writing."},
		{"builtin", "append", "func append(slice []Type, elems ...Type) []Type\n\nThe append built-in"},
		{"fmt", "Nothing", ""}, {"no/such/package", "Name", ""},
	} {
		got := Comment(tt.path, tt.name)
		if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s.%s: got %q, want %q at its beginning", tt.path, tt.name, got, tt.want)
		}
	}
}

func TestEveryEntry(t *testing.T) {
	if n := len(entries()); n < 150 {
		t.Errorf("%d packages", n)
	}
	for path := range entries() {
		if len(read(path)) == 0 {
			t.Errorf("%s has no comments", path)
		}
	}
}
