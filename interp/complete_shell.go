package interp

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Lines before a cell's Go code ask about names (?name, name?) or have commands for the shell (!command).

// commandLine is the line that the cursor is in, when there is no Go code before it, and where it begins.
func commandLine(code string, cursor int) (text string, begin int, ok bool) {
	begin = strings.LastIndexByte(code[:cursor], '\n') + 1
	if _, before := cutMagics(code[:begin]); strings.TrimSpace(before) != "" {
		return "", 0, false
	}
	text, _, _ = strings.Cut(code[begin:], "\n")
	return text, begin, true
}

// withoutQuestion is the code with nothing but the name in the cursor's line, if that asks about one: the name is completed as in code then.
func withoutQuestion(code string, cursor int) string {
	text, begin, ok := commandLine(code, cursor)
	if !ok {
		return code
	}
	name := strings.TrimSpace(text)
	if !strings.HasPrefix(name, "?") && !question().MatchString(name) {
		return code
	}
	return blanked(code[:begin]) + strings.ReplaceAll(text, "?", " ")
}

// completeShell completes the word before the cursor in a command: a program's name, a file's, or a variable's of the environment.
func completeShell(code string, cursor int) (c Completion, ok bool) {
	text, begin, ok := commandLine(code, cursor)
	if !ok {
		return c, false
	}
	if text = text[:cursor-begin]; !strings.HasPrefix(strings.TrimLeft(text, " \t"), "!") {
		return c, false
	}
	text = strings.TrimLeft(strings.TrimLeft(text, " \t")[1:], " \t")
	word := text[lastUnescaped(text, " \t;|&<>()'\"=`")+1:]
	before := strings.TrimRight(text[:len(text)-len(word)], " \t")
	var names []Match
	typed := word
	switch {
	case strings.Contains(word, "$"):
		typed = strings.TrimPrefix(word[strings.LastIndexByte(word, '$')+1:], "{")
		for _, v := range os.Environ() {
			if name, value, _ := strings.Cut(v, "="); name != "" {
				names = append(names, Match{Text: name, Kind: "variable", Detail: value})
			}
		}
	case !strings.ContainsAny(word, `/\\`) && (before == "" || strings.ContainsAny(before[len(before)-1:], ";|&(`")):
		names = programs()
	default:
		dir := word[:strings.LastIndexByte(word, '/')+1]
		typed = word[len(dir):]
		names = files(unescaped(dir), strings.HasPrefix(typed, "."))
	}
	c = Completion{Start: cursor - len(typed), End: cursor}
	for _, m := range names {
		if strings.HasPrefix(m.Text, typed) {
			c.Matches = append(c.Matches, m)
		}
	}
	slices.SortFunc(c.Matches, func(a, b Match) int { return cmp.Compare(a.Text, b.Text) })
	c.Matches = slices.CompactFunc(c.Matches, func(a, b Match) bool { return a.Text == b.Text })
	c.Matches = c.Matches[:min(len(c.Matches), maxMatches)]
	return c, true
}

// lastUnescaped is the index of the last of some characters that no backslash is before, or -1.
func lastUnescaped(s, chars string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if strings.IndexByte(chars, s[i]) >= 0 && (i == 0 || s[i-1] != '\\') {
			return i
		}
	}
	return -1
}

var shellEscapes = strings.NewReplacer(" ", `\ `, "'", `\'`, `"`, `\"`, "(", `\(`, ")", `\)`, "&", `\&`, ";", `\;`, "|", `\|`, "<", `\<`, ">", `\>`, "$", `\$`, "`", "\\`", "=", `\=`)

func unescaped(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// files are those of a folder, as a command has them; ~ is the user's.
func files(dir string, hidden bool) (list []Match) {
	if rest, ok := strings.CutPrefix(dir, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		dir = filepath.Join(home, rest)
	}
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && !hidden {
			continue
		}
		m := Match{Text: shellEscapes.Replace(e.Name()), Kind: "file"}
		is := e.IsDir()
		if e.Type()&os.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(dir, e.Name()))
			is = err == nil && info.IsDir()
		}
		if is {
			m.Text, m.Kind = m.Text+"/", "directory"
		}
		list = append(list, m)
	}
	return list
}

// programs are those that the shell finds by their names.
func programs() (list []Match) {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			if !e.IsDir() && e.Type()&(os.ModeSocket|os.ModeNamedPipe|os.ModeDevice) == 0 {
				list = append(list, Match{Text: e.Name(), Kind: "command", Detail: dir})
			}
		}
	}
	return list
}
