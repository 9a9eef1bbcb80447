package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"poolbook/web/internal/contents"
)

// tutorial is a notebook that ships with the program.
type tutorial struct {
	Name        string  `json:"name"` // file name without extension; tutorials are listed in its order
	Title       string  `json:"title"`
	Description string  `json:"description"`
	Copy        *string `json:"copy"` // path of the user's copy in the served folder, nil when there is none

	data []byte
}

// readTutorials reads all tutorials once; they are part of the program and do not change. Title and description are the first
// heading and the first paragraph of the first Markdown cell.
func readTutorials(from fs.FS) ([]tutorial, error) {
	if from == nil {
		return nil, nil
	}
	files, err := fs.Glob(from, "*.ipynb")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	list := make([]tutorial, 0, len(files))
	for _, f := range files {
		data, err := fs.ReadFile(from, f)
		if err != nil {
			return nil, err
		}
		t := tutorial{Name: strings.TrimSuffix(f, ".ipynb"), data: data}
		t.Title, t.Description = describe(data)
		if t.Title == "" {
			t.Title = t.Name
		}
		list = append(list, t)
	}
	return list, nil
}

// describe finds a notebook's title and first paragraph.
func describe(data []byte) (title, description string) {
	var nb struct {
		Cells []struct {
			Type   string          `json:"cell_type"`
			Source json.RawMessage `json:"source"`
		} `json:"cells"`
	}
	if json.Unmarshal(data, &nb) != nil {
		return "", ""
	}
	for _, c := range nb.Cells {
		if c.Type != "markdown" {
			continue
		}
		var text string
		var lines []string
		if json.Unmarshal(c.Source, &text) != nil && json.Unmarshal(c.Source, &lines) == nil {
			text = strings.Join(lines, "")
		}
		var paragraph []string
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			switch {
			case title == "" && strings.HasPrefix(line, "#"):
				title = strings.TrimSpace(strings.TrimLeft(line, "#"))
			case line == "" && len(paragraph) > 0:
				return title, strings.Join(paragraph, " ")
			case line != "" && !strings.HasPrefix(line, "#"):
				paragraph = append(paragraph, line)
			}
		}
		return title, strings.Join(paragraph, " ")
	}
	return "", ""
}

// listTutorials serves GET /poolbook/api/tutorials.
func (s *Server) listTutorials(w http.ResponseWriter, _ *http.Request) error {
	list := make([]tutorial, 0, len(s.tutorials))
	for _, t := range s.tutorials {
		if p := t.Name + ".ipynb"; s.isThere(p) {
			t.Copy = &p
		}
		list = append(list, t)
	}
	return writeJSON(w, http.StatusOK, list)
}

func (s *Server) isThere(p string) bool {
	exists, _ := s.contents.Exists(p)
	return exists
}

func (s *Server) tutorial(r *http.Request) (tutorial, error) {
	name := strings.TrimSuffix(r.PathValue("name"), ".ipynb")
	for _, t := range s.tutorials {
		if t.Name == name {
			return t, nil
		}
	}
	return tutorial{}, statusErr(http.StatusNotFound, "no tutorial %q", name)
}

// openTutorial serves POST /poolbook/api/tutorials/{name}/open: it copies the tutorial into the served folder when there is no copy yet.
func (s *Server) openTutorial(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tutorial(r)
	if err != nil {
		return err
	}
	p := t.Name + ".ipynb"
	status := http.StatusOK
	if !s.isThere(p) {
		err := s.copyTutorial(t, p)
		var taken *contents.Error
		if err != nil && !(errors.As(err, &taken) && taken.Kind == contents.Exists) {
			return err
		}
		status = http.StatusCreated
	}
	return writeJSON(w, status, map[string]string{"path": p})
}

// resetTutorial serves POST /poolbook/api/tutorials/{name}/reset: a fresh copy; the old one stays under another name.
func (s *Server) resetTutorial(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tutorial(r)
	if err != nil {
		return err
	}
	p := t.Name + ".ipynb"
	kept := ""
	if s.isThere(p) {
		if kept, err = s.keepOld(p); err != nil {
			return err
		}
	}
	if err := s.copyTutorial(t, p); err != nil {
		return err
	}
	body := map[string]string{"path": p}
	if kept != "" {
		body["kept"] = kept
	}
	return writeJSON(w, http.StatusCreated, body)
}

// keepOld renames a user's copy to the next free "name-old.ipynb".
func (s *Server) keepOld(p string) (string, error) {
	stem := strings.TrimSuffix(p, path.Ext(p)) + "-old"
	for i := 1; ; i++ {
		to := stem + ".ipynb"
		if i > 1 {
			to = stem + strconv.Itoa(i) + ".ipynb"
		}
		_, err := s.contents.Rename(p, to)
		var taken *contents.Error
		if errors.As(err, &taken) && taken.Kind == contents.Exists && i < 1000 {
			continue
		}
		if err == nil {
			s.emitContents("rename", to, p)
		}
		return to, err
	}
}

func (s *Server) copyTutorial(t tutorial, p string) error {
	_, _, err := s.contents.Save(p, contents.SaveRequest{Type: contents.TypeNotebook, Content: bytes.Clone(t.data), IfAbsent: true})
	if err != nil {
		return err
	}
	s.emitContents("create", p, "")
	// Its outputs were made by the program's own authors.
	return s.contents.Trust(p)
}
