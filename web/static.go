package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// hashed matches names with a content hash, which never change: "main.3f9a1c02.js", "chunk-B7xY_0aQ.css".
var hashed = regexp.MustCompile(`[.-][0-9A-Za-z_-]{8,}\.[0-9a-z]+$`)

// types of what a page is made of, so that they do not depend on the machine's own table.
var assetTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8", ".json": "application/json", ".map": "application/json", ".svg": "image/svg+xml",
	".png": "image/png", ".ico": "image/x-icon", ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".eot": "application/vnd.ms-fontobject",
	".txt": "text/plain; charset=utf-8", ".md": "text/plain; charset=utf-8", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
}

// staticFiles serves /static/{path}: the page's own files, which are no secret and need no sign-in.
func (s *Server) staticFiles(w http.ResponseWriter, r *http.Request) error {
	return s.serveAsset(w, r, r.PathValue("path"))
}

// serveAsset serves a file of the page in the best encoding that the client takes. With encodings there are no ranges.
func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request, name string) error {
	if !fs.ValidPath(name) || name == "." {
		return statusErr(http.StatusNotFound, "no such file")
	}
	h := w.Header()
	h.Set("Content-Type", assetType(name))
	h.Add("Vary", "Accept-Encoding")
	if hashed.MatchString(name) || strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	data, encoding, err := s.asset(name, r.Header.Get("Accept-Encoding"))
	if err != nil {
		h.Del("Cache-Control")
		return statusErr(http.StatusNotFound, "no such file")
	}
	sum := sha256.Sum256(data)
	etag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h.Set("ETag", etag)
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, etag) {
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
	return nil
}

func assetType(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if t := assetTypes[ext]; t != "" {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}

// asset reads a file of the page: compressed, when the client takes it and that form is there. A file that is there only
// as .gz is inflated for a client that takes none.
func (s *Server) asset(name, accept string) (data []byte, encoding string, err error) {
	for _, form := range []struct{ suffix, encoding string }{{".br", "br"}, {".gz", "gzip"}} {
		if !accepts(accept, form.encoding) {
			continue
		}
		data, err := fs.ReadFile(s.static, name+form.suffix)
		if err == nil {
			return data, form.encoding, nil
		}
	}
	data, err = fs.ReadFile(s.static, name)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, "", err
	}
	packed, gzErr := fs.ReadFile(s.static, name+".gz")
	if gzErr != nil {
		return nil, "", err
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, "", err
	}
	data, err = io.ReadAll(z)
	return data, "", errors.Join(err, z.Close())
}

// accepts reads Accept-Encoding: whether the encoding is named and not refused with q=0.
func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		_, q, found := strings.Cut(params, "q=")
		if !found {
			return true
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err == nil && v > 0
	}
	return false
}
