package interp_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"poolbook/interp"
)

func TestTimeAndBench(t *testing.T) {
	s := newSession(t)
	for _, tt := range []struct{ code, want string }{
		{"%time\nx := 1\nx", "took "},
		{"%time x + 1", "took "},
		{"%bench x * 2", "a run (the middle of "},
	} {
		if got := show(s, 1, tt.code, ""); !strings.Contains(got, tt.want) || !strings.Contains(got, "→") {
			t.Errorf("%q: %s", tt.code, got)
		}
	}
	if c, _ := s.IsComplete("%time for i := range 3 {"); c != interp.Incomplete {
		t.Errorf("%%time for … { is %s", c)
	}
	if c, _ := s.IsComplete("!ls -l"); c != interp.Complete {
		t.Errorf("!ls is %s", c)
	}
}

func TestShellInterrupt(t *testing.T) {
	s := newSession(t)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := s.Run(ctx, interp.Cell{Number: 1, Code: "!sleep 600; true"}) // longer than tests may take
	var ie *interp.InterruptError
	if !errors.As(err, &ie) {
		t.Errorf("got %v", err)
	}
}

// TestOtherMagics has the commands that other kernels have, too.
func TestOtherMagics(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("POOLBOOK_A", "")
	s := newSession(t)
	if err := os.Mkdir("sub", 0o777); err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct{ code, want string }{
		{"!echo a \\\n  b \\\n  c\nx := 1\nx + 1", "a b c\n→ 2  (int)\n"},
		{"!echo 'a\\'", "a\\\n"},
		{"%env POOLBOOK_A=one two\n!echo $POOLBOOK_A\nos.Getenv(\"POOLBOOK_A\")", "one two\n→ \"one two\"  (string)\n"},
		{"%env POOLBOOK_A \"b=c\"\n%env POOLBOOK_A", "b=c\n"},
		{"//gonb:%env POOLBOOK_A d\n//gonb:!echo $POOLBOOK_A\n// a comment\n3", "d\n→ 3  (int)\n"},
		{"%env POOLBOOK_NOT", "POOLBOOK_NOT is not set: %env POOLBOOK_NOT=VALUE sets it"},
		{"%%writefile sub/a.txt\nhello\n  %who\n\nend", "sub/a.txt: 18 bytes written\n"},
		{"\n%writefile -a $POOLBOOK_SUB/a.txt\nmore", "a.txt: 5 bytes appended\n"},
		{"!cat sub/a.txt", "hello\n  %who\n\nend\nmore\n"},
		{"%%writefile", "%%writefile FILE writes the rest"},
		{"%%writefile no/such/folder\nx", "%writefile: open no/such/folder: "},
		{"%%sh\nfor i in 1 2; do\n\techo $i\ndone\n", "1\n2\n"},
		{"%sh\necho one | tr n N", "oNe\n"},
		{"%%sh\nexit 3", "%%sh ended the cell: exit status 3"},
		{"%%script cat -n\nx", "     1\tx"},
		{"%sh ls", "%%sh alone the rest of the cell"},
		{"%capture out.txt\nfmt.Println(\"printed\")\nfmt.Fprintln(os.Stderr, \"err\")", "printed\nerr\n"},
		{"%capture -a out.txt\n!echo by the shell", "by the shell\n"},
		{"!cat out.txt", "printed\nerr\nby the shell\n"},
		{"%capture", "%capture FILE writes"},
		{"%cd sub", "sub\n"},
		{"!ls", "a.txt\n"},
		{"%cd a b", "%cd FOLDER changes the folder"},
		{"%autoget\n1", "%autoget is not needed"},
		{"%rm f", "a declaration of the same name takes the place"},
		{"%test", "tests run in a kernel"},
	} {
		t.Setenv("POOLBOOK_SUB", "sub")
		if got := show(s, i+1, tt.code, ""); !strings.Contains(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.code, got, tt.want)
		}
	}
	// Commands that read have nothing to read, unless the user is to be asked.
	for code, want := range map[string]string{"!cat": "", "%with_inputs\n!cat": "a line\n"} {
		out := &output{}
		if _, err := s.Run(context.Background(), interp.Cell{Number: 90, Code: code, Stdout: out, Stderr: out, Stdin: strings.NewReader("a line\n")}); err != nil || out.String() != want {
			t.Errorf("%q: %q, %v", code, out, err)
		}
	}
	for _, code := range []string{"%%bash\nfor i in; do", "%%writefile x\nfunc f( {", "!echo \\\n  {"} {
		if c, _ := s.IsComplete(code); c != interp.Complete {
			t.Errorf("%q is %s", code, c)
		}
		if got, err := interp.Format(code); err != nil || got != code {
			t.Errorf("%q is formatted as %q, %v", code, got, err)
		}
	}
}
