package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"poolbook/notebooks/export"
	"poolbook/notebooks/nbformat"
)

// exportType is a form that a notebook can be downloaded in.
type exportType struct{ mime, ext string }

// charset is what the type of the content says besides, of texts.
func (t exportType) charset() string {
	if strings.HasPrefix(t.mime, "text/") {
		return "; charset=utf-8"
	}
	return ""
}

// exportTypes are named as nbconvert names them where it has the same: JupyterLab knows these names.
var exportTypes = map[string]exportType{
	"html": {"text/html", ".html"},
	"pdf":  {"application/pdf", ".pdf"},
	"code": {"text/x-go", ".go"}, // not nbconvert's "script", which JupyterLab calls executable: cells are no program
}

// maxExport is the largest notebook that is exported, in bytes.
const maxExport = 256 << 20

// nbconvert serves GET /api/nbconvert: the forms that /nbconvert makes.
func (s *Server) nbconvert(w http.ResponseWriter, _ *http.Request) error {
	all := map[string]map[string]string{}
	for name, t := range exportTypes {
		if _, err := export.Browser(); err != nil && name == "pdf" {
			continue
		}
		all[name] = map[string]string{"output_mimetype": t.mime}
	}
	return writeJSON(w, http.StatusOK, all)
}

// export serves GET /nbconvert/{format}/{path}: the notebook as it is on disk, in another form, always as a download.
func (s *Server) export(w http.ResponseWriter, r *http.Request) error {
	format, ok := exportTypes[r.PathValue("format")]
	if !ok {
		return statusErr(http.StatusNotFound, "a notebook can be exported as html, pdf or code, not as %q", r.PathValue("format"))
	}
	p := r.PathValue("path")
	f, info, err := s.contents.OpenFile(p)
	if err != nil {
		return err
	}
	defer f.Close()
	if info.Size() > maxExport {
		return statusErr(http.StatusRequestEntityTooLarge, "%q is larger than %d bytes", p, maxExport)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxExport))
	if err != nil {
		return err
	}
	nb, err := nbformat.Parse(data)
	if err != nil {
		return &httpError{Status: http.StatusBadRequest, Message: "it cannot be exported: " + err.Error(), Err: err}
	}
	name := strings.TrimSuffix(path.Base(p), ".ipynb")
	var out []byte
	switch format.ext {
	case ".go":
		out = export.Code(nb, path.Base(p))
	default:
		if out, err = export.HTML(nb, name, Formulas()); err == nil && format.ext == ".pdf" {
			out, err = export.PDF(r.Context(), out)
		}
	}
	if errors.Is(err, export.ErrNoBrowser) {
		return &httpError{Status: http.StatusNotImplemented, Message: err.Error(), Err: err}
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", format.mime+format.charset())
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'") // should something show it all the same
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + format.ext}))
	_, _ = w.Write(out)
	return nil
}
