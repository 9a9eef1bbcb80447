package web

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// JupyterLab's own API for settings, workspaces, themes and translations, so that a full JupyterLab runs on this server too;
// and /poolbook/api/settings, which is all that the built-in page asks for: its schemas are part of the page.

// rawSettings are the user's own settings of all plugins, as they were written.
func (s *Server) rawSettings() (map[string]string, error) {
	all, err := s.settings.all()
	if err != nil {
		return nil, err
	}
	raw := map[string]string{}
	for id, e := range all {
		var text string
		if json.Unmarshal(e.Value, &text) == nil {
			raw[id] = text
		}
	}
	return raw, nil
}

// pageSettings serves GET /poolbook/api/settings.
func (s *Server) pageSettings(w http.ResponseWriter, _ *http.Request) error {
	raw, err := s.rawSettings()
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, map[string]any{"settings": raw})
}

// setSettings serves PUT of a plugin's settings, at both addresses: {"raw": text in JSON5}.
func (s *Server) setSettings(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Raw *string `json:"raw"`
	}
	if err := readJSON(w, r, maxStoreEntry, &body); err != nil {
		return err
	}
	id := r.PathValue("id")
	if body.Raw == nil || id == "" {
		return statusErr(http.StatusBadRequest, "settings have an id and a raw text")
	}
	text, err := json.Marshal(*body.Raw)
	if err != nil {
		return err
	}
	if strings.TrimSpace(*body.Raw) == "" {
		text = nil
	}
	err = s.settings.update(id, func(json.RawMessage) (json.RawMessage, error) { return text, nil })
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// labSetting is one plugin's settings in JupyterLab's form.
type labSetting struct {
	ID           string          `json:"id"`
	Schema       json.RawMessage `json:"schema"`
	Version      string          `json:"version"`
	Settings     map[string]any  `json:"settings"`
	Raw          string          `json:"raw"`
	Warning      *string         `json:"warning"`
	LastModified *time.Time      `json:"last_modified"`
	Created      *time.Time      `json:"created"`
}

// labSettings serves GET /lab/api/settings[/{id}]. Schemas are those of the page's folder "schemas", if it has one.
func (s *Server) labSettings(w http.ResponseWriter, r *http.Request) error {
	all, err := s.settings.all()
	if err != nil {
		return err
	}
	if id := r.PathValue("id"); id != "" {
		schema, err := s.schema(id)
		if err != nil {
			return err
		}
		return writeJSON(w, http.StatusOK, labSettingOf(id, schema, all[id]))
	}
	ids, err := s.schemaIDs()
	if err != nil {
		return err
	}
	if r.URL.Query().Get("ids_only") == "true" {
		list := []map[string]string{}
		for _, id := range ids {
			list = append(list, map[string]string{"id": id})
		}
		return writeJSON(w, http.StatusOK, map[string]any{"settings": list})
	}
	list := []labSetting{}
	for _, id := range ids {
		schema, err := s.schema(id)
		if err != nil {
			return err
		}
		list = append(list, labSettingOf(id, schema, all[id]))
	}
	return writeJSON(w, http.StatusOK, map[string]any{"settings": list})
}

func labSettingOf(id string, schema json.RawMessage, e storeEntry) labSetting {
	l := labSetting{ID: id, Schema: schema, Version: appVersion(), Settings: map[string]any{}, Raw: "{}"}
	if e.Value != nil && json.Unmarshal(e.Value, &l.Raw) == nil {
		l.LastModified, l.Created = &e.Modified, &e.Created
		if err := json.Unmarshal([]byte(l.Raw), &l.Settings); err != nil {
			// JSON5 with comments: the client reads raw itself.
			l.Settings = map[string]any{}
		}
	}
	return l
}

// schema reads the schema of "@scope/package:plugin".
func (s *Server) schema(id string) (json.RawMessage, error) {
	pkg, plugin, ok := strings.Cut(id, ":")
	file := path.Join("schemas", pkg, plugin+".json")
	if !ok || !fs.ValidPath(file) {
		return nil, statusErr(http.StatusNotFound, "no settings %q", id)
	}
	data, err := fs.ReadFile(s.static, file)
	if err != nil || !json.Valid(data) {
		return nil, statusErr(http.StatusNotFound, "no settings %q", id)
	}
	return data, nil
}

func (s *Server) schemaIDs() ([]string, error) {
	var ids []string
	err := fs.WalkDir(s.static, "schemas", func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && p == "schemas" {
			return fs.SkipAll
		}
		if err != nil || d.IsDir() || path.Ext(p) != ".json" {
			return err
		}
		rel := strings.TrimSuffix(strings.TrimPrefix(p, "schemas/"), ".json")
		ids = append(ids, path.Dir(rel)+":"+path.Base(rel))
		return nil
	})
	return ids, err
}

// labWorkspaces serves /lab/api/workspaces[/{id}].
func (s *Server) labWorkspaces(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		all, err := s.workspaces.all()
		if err != nil {
			return err
		}
		if id != "" {
			e, ok := all[id]
			if !ok {
				return writeJSON(w, http.StatusOK, map[string]any{"data": map[string]any{}, "metadata": map[string]any{"id": id}})
			}
			return writeJSON(w, http.StatusOK, withTimes(e))
		}
		ids, values := []string{}, []any{}
		for id, e := range all {
			ids = append(ids, id)
			values = append(values, withTimes(e))
		}
		return writeJSON(w, http.StatusOK, map[string]any{"workspaces": map[string]any{"ids": ids, "values": values}})
	case http.MethodPut:
		var body map[string]any
		if err := readJSON(w, r, maxStoreEntry, &body); err != nil {
			return err
		}
		meta, _ := body["metadata"].(map[string]any)
		if id == "" || body["data"] == nil || meta["id"] != id {
			return statusErr(http.StatusBadRequest, "a workspace has data, and metadata with its id")
		}
		value, err := json.Marshal(body)
		if err != nil {
			return err
		}
		if err := s.workspaces.update(id, func(json.RawMessage) (json.RawMessage, error) { return value, nil }); err != nil {
			return err
		}
	case http.MethodDelete:
		if _, ok, err := s.workspaces.get(id); err != nil {
			return err
		} else if !ok {
			return statusErr(http.StatusNotFound, "no workspace %q", id)
		}
		if err := s.workspaces.update(id, func(json.RawMessage) (json.RawMessage, error) { return nil, nil }); err != nil {
			return err
		}
	default:
		return statusErr(http.StatusMethodNotAllowed, "%s is not allowed here", r.Method)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// withTimes adds to a stored workspace when it was made and changed.
func withTimes(e storeEntry) map[string]any {
	var v map[string]any
	if json.Unmarshal(e.Value, &v) != nil || v == nil {
		v = map[string]any{}
	}
	meta, ok := v["metadata"].(map[string]any)
	if !ok {
		meta = map[string]any{}
		v["metadata"] = meta
	}
	meta["last_modified"], meta["created"] = e.Modified, e.Created
	return v
}

// labTranslations serves /lab/api/translations[/{locale}]: there is English only.
func (s *Server) labTranslations(w http.ResponseWriter, r *http.Request) error {
	data := map[string]any{}
	if r.PathValue("locale") == "" {
		data["en"] = map[string]string{"displayName": "English", "nativeName": "English"}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"data": data, "message": ""})
}

// labTheme serves /lab/api/themes/{path} from the page's folder "themes".
func (s *Server) labTheme(w http.ResponseWriter, r *http.Request) error {
	return s.serveAsset(w, r, path.Join("themes", r.PathValue("path")))
}

// config serves /api/config/{section}: GET, PUT (replaces), PATCH (merges; null removes a key).
func (s *Server) config(w http.ResponseWriter, r *http.Request) error {
	section := r.PathValue("section")
	if r.Method == http.MethodPut || r.Method == http.MethodPatch {
		var body map[string]any
		if err := readJSON(w, r, maxStoreEntry, &body); err != nil {
			return err
		}
		err := s.configs.update(section, func(old json.RawMessage) (json.RawMessage, error) {
			if r.Method == http.MethodPut || old == nil {
				return json.Marshal(mergeJSON(map[string]any{}, body))
			}
			var now map[string]any
			if err := json.Unmarshal(old, &now); err != nil {
				return nil, err
			}
			return json.Marshal(mergeJSON(now, body))
		})
		if err != nil {
			return err
		}
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
	}
	e, ok, err := s.configs.get(section)
	if err != nil {
		return err
	}
	if !ok {
		return writeJSON(w, http.StatusOK, map[string]any{})
	}
	return writeJSON(w, http.StatusOK, e.Value)
}

// mergeJSON merges changes into an object, deeply; null removes.
func mergeJSON(into, changes map[string]any) map[string]any {
	for k, v := range changes {
		switch v := v.(type) {
		case nil:
			delete(into, k)
		case map[string]any:
			old, ok := into[k].(map[string]any)
			if !ok {
				old = map[string]any{}
			}
			if merged := mergeJSON(old, v); len(merged) > 0 {
				into[k] = merged
			} else {
				delete(into, k)
			}
		default:
			into[k] = v
		}
	}
	return into
}
