package export

import (
	"html"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

func TestTerminal(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "a <b> & c\n", "a &lt;b&gt; &amp; c\n"},
		{"progress", "10%\r20%\r100%\ndone", "100%\ndone"},
		{"a shorter text leaves the rest, as on a terminal", "downloading\rdone", "doneloading"},
		{"a line erased", "downloading\r\x1b[Kdone", "done"},
		{"Windows' ends of lines", "a\r\nb", "a\nb"},
		{"backspaces", "ab\b\bx", "xb"},
		{"one of 256 colours is no style", "\x1b[38;5;31mx\x1b[0m", `<span style="color:#0087af">x</span>`},
		{"one of the first 16", "\x1b[38;5;9mx", `<span class="red">x</span>`},
		{"true colour", "\x1b[38;2;10;20;30;1mx", `<span class="bold" style="color:#0a141e">x</span>`},
		{"colons", "\x1b[48:2:10:20:30mx", `<span style="background:#0a141e">x</span>`},
		{"bold stays when the colour changes", "\x1b[1;31ma\x1b[39mb\x1b[22mc", `<span class="bold red">a</span><span class="bold">b</span>c`},
		{"an empty sequence ends all", "\x1b[1ma\x1b[mb", `<span class="bold">a</span>b`},
		{"inverse", "\x1b[7;31mx", `<span class="inverse on-red">x</span>`},
		{"a style over lines", "\x1b[32ma\nb\x1b[0m", "<span class=\"green\">a</span>\n<span class=\"green\">b</span>"},
		{"other sequences", "a\x1b[2Ab\x1b]0;title\ac\x1b(Bd\x07", "abcd"},
		{"combining characters are one", "e\u0301x\r\u4e16", "\u4e16x"},
		{"cut off", "a\x1b[3", "a"},
		{"a colour cut off", "\x1b[38;5mx", "x"},
	} {
		if got := string(terminal(c.text)); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

// TestTerminalKeepsText writes random texts with sequences between: what is shown without its tags is the text.
func TestTerminalKeepsText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"plain ", "<i>", "é", "\n", "\t", "&amp;", "世界", "👩‍🔬"}
	sequences := []string{"\x1b[31m", "\x1b[0m", "\x1b[1;4;48;5;200m", "\x1b[m", "\x1b[?25l", "\x1b]8;;https://go.dev\x1b\\", "\x1b[;;;m", "\x1b[38;2;1;2;3m", "\x1b[99999m"}
	tags := regexp.MustCompile(`<[^>]*>`)
	for range 2000 {
		var text, plain strings.Builder
		for range r.IntN(30) {
			if r.IntN(2) == 0 {
				text.WriteString(sequences[r.IntN(len(sequences))])
				continue
			}
			p := pieces[r.IntN(len(pieces))]
			text.WriteString(p)
			plain.WriteString(p)
		}
		got := string(terminal(text.String()))
		if shown := html.UnescapeString(tags.ReplaceAllString(got, "")); shown != plain.String() {
			t.Fatalf("%q shows %q, not %q", text.String(), shown, plain.String())
		}
		if strings.Count(got, "<span") != strings.Count(got, "</span>") {
			t.Fatalf("%q: unbalanced %q", text.String(), got)
		}
	}
}
