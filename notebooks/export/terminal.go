package export

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/rivo/uniseg"
)

// terminal shows a text as a terminal would: colours and styles (SGR of ECMA-48, section 8.3.117, with 256 and true colours), a carriage
// return and a backspace after which later characters take the place of what stands there, a line erased (EL). What moves the cursor
// to other lines, and every other sequence, is left out, as the notebook's page does.
func terminal(text string) template.HTML {
	var s screen
	last := 0
	for _, at := range sequences().FindAllStringIndex(text, -1) {
		s.write(text[last:at[0]])
		if seq := text[at[0]:at[1]]; strings.HasPrefix(seq, "\x1b[") {
			s.control(seq[2:len(seq)-1], seq[len(seq)-1])
		}
		last = at[1]
	}
	s.write(text[last:])
	s.flush()
	return template.HTML(s.html.String()) // #nosec G203: escaped
}

// sequences are what ECMA-48 has: control sequences, strings (titles, links) up to their end, other escapes, and what is cut off.
// charmbracelet's x/ansi would tell them apart too, for tables that it makes at each start of the program, also of a worker.
var sequences = pattern("\x1b(?:\\[[0-?]*[ -/]*[@-~]|[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)|[ -/]*[0-Z\\\\`-~]|\\[[0-?]*[ -/]*|)")

// screen is the line that is being written, and what stands above it as HTML.
type screen struct {
	html  strings.Builder
	line  []glyph
	at    int // where the next character goes
	style style
}

// glyph is a character with its combining ones.
type glyph struct {
	text  string
	style style
}

// style is what SGR sets; comparable, since neighbours of one style share an element.
type style struct {
	bold, faint, italic, underlined, struck, inverse bool
	text, back                                       colour
}

// colour is one of the terminal's own 8 (class, "red"), one that the text gives (value, "#0a141e"), or neither.
type colour struct{ class, value string }

// write puts text without sequences.
func (s *screen) write(text string) {
	for state := -1; text != ""; {
		var c string
		c, text, _, state = uniseg.StepString(text, state)
		switch {
		case c == "\n", c == "\r\n":
			s.flush()
			s.html.WriteByte('\n')
		case c == "\r":
			s.at = 0
		case c == "\b":
			s.at = max(0, s.at-1)
		case c[0] < ' ' && c != "\t" || c == "\x7f":
		case s.at < len(s.line):
			s.line[s.at] = glyph{c, s.style}
			s.at++
		default:
			s.line = append(s.line, glyph{c, s.style})
			s.at++
		}
	}
}

func (s *screen) control(parameters string, final byte) {
	switch final {
	case 'm':
		s.style.set(strings.FieldsFunc(parameters+";", func(r rune) bool { return r == ';' || r == ':' }))
	case 'K':
		switch parameters {
		case "", "0":
			s.line = s.line[:s.at]
		case "1":
			for i := range s.line[:s.at] {
				s.line[i] = glyph{text: " "}
			}
		case "2":
			s.line, s.at = nil, 0
		}
	}
}

// flush ends the line.
func (s *screen) flush() {
	for i := 0; i < len(s.line); {
		end := i
		var text strings.Builder
		for ; end < len(s.line) && s.line[end].style == s.line[i].style; end++ {
			text.WriteString(s.line[end].text)
		}
		s.html.WriteString(s.line[i].style.open())
		s.html.WriteString(template.HTMLEscapeString(text.String()))
		if s.line[i].style != (style{}) {
			s.html.WriteString("</span>")
		}
		i = end
	}
	s.line, s.at = s.line[:0], 0
}

// set follows the parameters of one SGR sequence.
func (s *style) set(parameters []string) {
	if len(parameters) == 0 {
		*s = style{}
	}
	for len(parameters) > 0 {
		n, err := strconv.Atoi(parameters[0])
		parameters = parameters[1:]
		switch {
		case err != nil:
		case n == 0:
			*s = style{}
		case n == 1:
			s.bold = true
		case n == 2:
			s.faint = true
		case n == 3:
			s.italic = true
		case n == 4, n == 21:
			s.underlined = true
		case n == 7:
			s.inverse = true
		case n == 9:
			s.struck = true
		case n == 22:
			s.bold, s.faint = false, false
		case n == 23:
			s.italic = false
		case n == 24:
			s.underlined = false
		case n == 27:
			s.inverse = false
		case n == 29:
			s.struck = false
		case n >= 30 && n <= 37, n >= 90 && n <= 97:
			s.text = colour{class: colours[n%10]}
		case n >= 40 && n <= 47, n >= 100 && n <= 107:
			s.back = colour{class: colours[n%10]}
		case n == 39:
			s.text = colour{}
		case n == 49:
			s.back = colour{}
		case n == 38:
			s.text, parameters = extended(parameters)
		case n == 48:
			s.back, parameters = extended(parameters)
		}
	}
}

// colours are the classes of the terminal's colours 0 to 7; 8 to 15 are the same, brighter, which is no difference on paper.
var colours = []string{"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"}

// extended reads what follows 38 and 48 (ITU-T T.416, section 13.1.8): 5 and a number of xterm's table, or 2 and red, green and blue.
// It returns the parameters behind the colour.
func extended(parameters []string) (colour, []string) {
	var n [4]int
	for i := range min(len(n), len(parameters)) {
		n[i], _ = strconv.Atoi(parameters[i])
		n[i] = min(max(n[i], 0), 255)
	}
	switch {
	case n[0] == 5 && len(parameters) >= 2:
		if n[1] < 16 {
			return colour{class: colours[n[1]%8]}, parameters[2:]
		}
		return colour{value: indexed(n[1])}, parameters[2:]
	case n[0] == 2 && len(parameters) >= 4:
		return colour{value: fmt.Sprintf("#%02x%02x%02x", n[1], n[2], n[3])}, parameters[4:]
	}
	return colour{}, nil
}

// indexed is a colour of xterm's table from 16 on: a cube of six levels, then greys.
func indexed(n int) string {
	if n >= 232 {
		grey := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
	}
	levels := [6]int{0, 95, 135, 175, 215, 255}
	n -= 16
	return fmt.Sprintf("#%02x%02x%02x", levels[n/36], levels[n/6%6], levels[n%6])
}

// open is the tag that begins the style, nothing for plain text.
func (s style) open() string {
	if s == (style{}) {
		return ""
	}
	text, back := s.text, s.back
	var classes, rules []string
	if s.inverse {
		text, back = back, text
		classes = append(classes, "inverse")
	}
	for _, is := range []struct {
		set  bool
		name string
	}{{s.bold, "bold"}, {s.faint, "faint"}, {s.italic, "italic"}, {s.underlined, "underlined"}, {s.struck, "struck"}, {text.class != "", text.class}, {back.class != "", "on-" + back.class}} {
		if is.set {
			classes = append(classes, is.name)
		}
	}
	if text.value != "" {
		rules = append(rules, "color:"+text.value)
	}
	if back.value != "" {
		rules = append(rules, "background:"+back.value)
	}
	tag := "<span"
	if len(classes) > 0 {
		tag += ` class="` + strings.Join(classes, " ") + `"`
	}
	if len(rules) > 0 {
		tag += ` style="` + strings.Join(rules, ";") + `"`
	}
	return tag + ">"
}
