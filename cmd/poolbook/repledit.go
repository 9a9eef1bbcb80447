package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/reeflective/readline"
	"golang.org/x/term"

	"poolbook/interp"
)

// editor reads cells from a terminal. It has the whole cell in hand, however
// many lines, and the terminal in raw mode only while it does.
type editor struct {
	session *interp.Session
	screen  *screen
	shell   *readline.Shell
	number  int
	asks    bool        // the library asks where the cursor is
	usual   *term.State // the terminal as it was

	// raw is held while the library begins to read a cell, which makes the terminal raw, and for good by restore.
	raw    sync.Mutex
	begins bool // the reader of cells holds raw; only it looks
}

// newEditor makes an editor that keeps its history in a file; "" keeps none.
func newEditor(session *interp.Session, s *screen, history string) *editor {
	e := &editor{session: session, screen: s, shell: readline.NewShell()}
	s.redraw = e.shell.Keys.RequestRefresh
	if state, err := term.GetState(int(os.Stdin.Fd())); err == nil {
		e.usual = state
	}
	sh := e.shell
	// Text is UTF-8, not keys with Meta; a paste comes as a whole.
	for name, value := range map[string]any{
		"input-meta": true, "output-meta": true, "convert-meta": false, "enable-bracketed-paste": true,
		"cursor-position-probe": false, "multiline-column": false, "history-autosuggest": false, "autopairs": false, "menu-complete-display-prefix": true,
	} {
		if err := sh.Config.Set(name, value); err != nil {
			panic(err) // there is no such option
		}
	}
	sh.Prompt.Primary(e.prompt)
	sh.Completer = e.complete
	sh.SyntaxHighlighter = e.observe
	commands := sh.Keymap.Commands()
	accept, complete := commands["accept-line"], commands["menu-complete"] // whose list stays
	sh.Keymap.Register(map[string]func(){
		"accept-line":   func() { e.enter(accept) },
		"complete":      func() { e.tab(complete) },
		"menu-complete": func() { e.tab(complete) },
		"self-insert":   e.insert,
		"poolbook-line": e.newLine,
		// Up and Down go through the lines of a cell before they leave it.
		"previous-history": commands["up-line-or-history"],
		"next-history":     commands["down-line-or-history"],
	})
	for _, name := range []string{"delete-char", "end-of-file"} { // which delete the last character behind it
		sh.Keymap.Register(map[string]func(){name: e.within(commands[name])})
	}
	erase := commands["backward-delete-char"]
	sh.Keymap.Register(map[string]func(){"backward-delete-char": func() { e.erase(erase) }})
	for _, name := range []string{"menu-complete-backward", "possible-completions", "reverse-search-history", "forward-search-history"} {
		sh.Keymap.Register(map[string]func(){name: e.asking(commands[name])})
	}
	for _, keymap := range []string{"emacs", "emacs-standard", "vi-insert"} {
		if err := sh.Config.Bind(keymap, "\x1b\r", "poolbook-line", false); err != nil {
			panic(err)
		}
	}
	sh.History.Add("cells", openHistory(history))
	return e
}

func (e *editor) interactive() bool { return true }

func (e *editor) prompt() string { return fmt.Sprintf("[%d] ", e.number) }

// cell reads a cell.
func (e *editor) cell(number int) (string, error) {
	e.number = number
	e.ask(false)
	e.screen.edit()
	defer e.screen.edited()
	e.raw.Lock()
	e.begins = true
	code, err := e.shell.Readline()
	e.entered()
	if errors.Is(err, readline.ErrInterrupt) {
		return "", errAgain
	}
	return code, err
}

// entered tells that the terminal is raw, or will not become so.
func (e *editor) entered() {
	if e.begins {
		e.begins = false
		e.raw.Unlock()
	}
}

// restore gives the terminal back as it was, for good: the next cell is not read.
func (e *editor) restore() {
	for end := time.Now().Add(time.Second); !e.raw.TryLock() && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // the library has begun: it takes less than that
	}
	if e.usual != nil {
		term.Restore(int(os.Stdin.Fd()), e.usual)
	}
}

// ask lets the library ask the terminal where the cursor is, to draw a list that fits below it, unless keys are there.
// It does not ask for anything else: of keys that come together with the answer, as those typed fast over a network do,
// it loses some.
func (e *editor) ask(yes bool) {
	e.asks = yes && e.shell.Keys.Empty() && !inputWaits(int(os.Stdin.Fd()))
	e.shell.Config.Set("cursor-position-probe", e.asks)
}

// asking makes a command of one that shows a list.
func (e *editor) asking(command func()) func() {
	return func() {
		e.ask(true)
		command()
	}
}

// within makes a command of one that does nothing at the end of a text.
func (e *editor) within(command func()) func() {
	return func() {
		if n := e.shell.Line().Len(); n == 0 || e.shell.Cursor().Pos() < n {
			command()
		}
	}
}

// searching tells that keys go to a search and not to the cell.
func (e *editor) searching() bool { return e.shell.Keymap.Local() == "isearch" }

// before returns the cell's text up to the cursor, and the last line of it.
func (e *editor) before() (text, line string) {
	text = string((*e.shell.Line())[:e.shell.Cursor().Pos()])
	return text, text[strings.LastIndexByte(text, '\n')+1:]
}

// enter runs the cell when it is complete and the cursor is in its last line;
// otherwise it begins a line.
func (e *editor) enter(accept func()) {
	if e.searching() {
		accept()
		return
	}
	text, _ := e.before()
	all := string(*e.shell.Line())
	state, _ := e.session.IsComplete(all)
	if state == interp.Incomplete || strings.Contains(all[len(text):], "\n") {
		e.newLine()
		return
	}
	accept()
}

// newLine begins a line as far in as the text before it asks for.
func (e *editor) newLine() {
	e.shell.History.Save()
	text, line := e.before()
	state, indent := e.session.IsComplete(text)
	if state != interp.Incomplete {
		indent = line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	}
	e.shell.Cursor().InsertAt([]rune("\n" + indent)...)
}

// tab completes a name; where there is none it indents.
func (e *editor) tab(complete func()) {
	text, line := e.before()
	switch {
	case e.searching():
		complete()
	case strings.TrimSpace(line) == "":
		e.shell.Cursor().InsertAt('\t')
	case !e.replace(text):
		complete()
	}
}

// replace completes what the library cannot: names with letters beyond ASCII, of which it counts the bytes, and those
// that have what is typed but do not begin with it.
func (e *editor) replace(text string) bool {
	c := e.session.Complete(string(*e.shell.Line()), len(text))
	word := text[c.Start:]
	list := beginning(c.Matches, word)
	name := ""
	switch {
	case len(list) == 0 && len(c.Matches) == 1:
		name = c.Matches[0].Text
	case len(list) > 0 && strings.ContainsFunc(word, func(r rune) bool { return r >= utf8.RuneSelf }):
		name = list[0].Text
		for _, m := range list[1:] {
			name = name[:commonPrefix(name, m.Text)]
		}
	default:
		return false
	}
	e.shell.History.Save()
	for range utf8.RuneCountInString(word) {
		e.shell.Cursor().Dec()
		e.shell.Line().CutRune(e.shell.Cursor().Pos())
	}
	e.shell.Cursor().InsertAt([]rune(name)...)
	return true
}

// beginning returns the matches that begin with word.
func beginning(matches []interp.Match, word string) []interp.Match {
	return slices.DeleteFunc(slices.Clone(matches), func(m interp.Match) bool { return !strings.HasPrefix(m.Text, word) })
}

// commonPrefix is how many bytes of whole characters a and b begin with alike.
func commonPrefix(a, b string) int {
	n := 0
	for _, r := range a {
		size := utf8.RuneLen(r)
		if !strings.HasPrefix(b[n:], a[n:n+size]) {
			break
		}
		n += size
	}
	return n
}

// insert writes the character typed. A closing bracket that begins a line goes
// out by one.
func (e *editor) insert() {
	e.shell.History.SkipSave()
	keys := e.shell.Keys.Caller()
	if len(keys) == 0 {
		return
	}
	if _, line := e.before(); strings.ContainsRune(")]}", keys[0]) && line != "" && strings.Trim(line, "\t") == "" && !e.searching() {
		e.shell.Cursor().Dec()
		e.shell.Line().CutRune(e.shell.Cursor().Pos())
	}
	if e.searching() && strings.ContainsRune(searchSigns, keys[0]) {
		keys = append([]rune{'\\'}, keys...)
	}
	e.shell.Cursor().InsertAt(keys...)
}

// searchSigns are what a search would not take for itself: the library makes a regular expression of what is typed, and of one
// that is none, as "f(" is, it makes nothing. The dot is left to it, which stands for a dot, too.
const searchSigns = `()[]{}*+?|^$\`

// erase takes the character before the cursor, in a search with the backslash before it that insert wrote.
func (e *editor) erase(command func()) {
	command()
	if text, _ := e.before(); e.searching() && (len(text)-len(strings.TrimRight(text, `\`)))%2 == 1 {
		command()
	}
}

// narrowList is how many names are proposed on a narrow terminal.
const narrowList = 6

// complete proposes names for the cursor's place.
func (e *editor) complete(line []rune, cursor int) readline.Completions {
	code, at := string(line), len(string(line[:cursor]))
	c := e.session.Complete(code, at)
	word := code[c.Start:at]
	// Without a word, the library takes what stands before the cursor for one: a bracket, an operand with its dot.
	before := ""
	if word == "" {
		before = code[strings.LastIndexAny(code[:at], " \t\n")+1 : at]
	}
	var values []readline.Completion
	for _, m := range beginning(c.Matches, word) {
		if word == "" && m.Kind == "keyword" {
			continue
		}
		values = append(values, readline.Completion{Value: before + m.Text, Display: m.Text, Description: describe(m)})
	}
	// The library takes its line below a list that is cut for one row.
	if columns() < 50 && len(values) > narrowList {
		values = values[:narrowList]
	}
	list := readline.CompleteRaw(values).NoSpace()
	list.PREFIX = before + word
	return list
}

// describe tells in a short line what a name is. The name is in it: the library puts names with one description
// together.
func describe(m interp.Match) string {
	text := strings.ReplaceAll(m.Detail, "\n", " ")
	switch {
	case text == "":
	case m.Kind == "package":
		text = "import " + strconv.Quote(text)
	case strings.HasPrefix(text, "func("):
		text = "func " + m.Text + text[len("func"):]
	default:
		text = m.Text + " " + text
	}
	if r := []rune(text); len(r) > 60 {
		text = string(r[:59]) + "…"
	}
	return text
}

// observe is called before a line is drawn. It leaves the text as it is.
func (e *editor) observe(line []rune) string {
	e.entered()
	text := string(line)
	before := text
	if !e.searching() {
		before, _ = e.before()
	}
	e.screen.draws(e.prompt(), text, before, !e.asks)
	e.ask(e.searching() || e.shell.Keymap.Local() == "menu-select")
	return text
}

// historyFile is where the cells of the terminal are kept; "" without a place
// for the user's files.
func historyFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	dir = filepath.Join(dir, "poolbook")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ""
	}
	return filepath.Join(dir, "repl_history.jsonl")
}
