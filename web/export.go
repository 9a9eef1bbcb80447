package web

import (
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

// exportTypes are named as nbconvert names them where it has the same: JupyterLab knows these names.
var exportTypes = map[string]exportType{
	"html": {"text/html", ".html"},
	"code": {"text/x-go", ".go"}, // not nbconvert's "script", which JupyterLab calls executable: cells are no program
}

// maxExport is the largest notebook that is exported, in bytes.
const maxExport = 256 << 20

// nbconvert serves GET /api/nbconvert: the forms that /nbconvert makes.
func (s *Server) nbconvert(w http.ResponseWriter, _ *http.Request) error {
	all := map[string]map[string]string{}
	for name, t := range exportTypes {
		all[name] = map[string]string{"output_mimetype": t.mime}
	}
	return writeJSON(w, http.StatusOK, all)
}

// export serves GET /nbconvert/{format}/{path}: the notebook as it is on disk, in another form, always as a download.
func (s *Server) export(w http.ResponseWriter, r *http.Request) error {
	format, ok := exportTypes[r.PathValue("format")]
	if !ok {
		return statusErr(http.StatusNotFound, "a notebook can be exported as html or code, not as %q", r.PathValue("format"))
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
	if format.ext == ".html" {
		if out, err = export.HTML(nb, name, Formulas()); err != nil {
			return err
		}
	} else {
		out = export.Code(nb, path.Base(p))
	}
	h := w.Header()
	h.Set("Content-Type", format.mime+"; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'") // should something show it all the same
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + format.ext}))
	_, _ = w.Write(out)
	return nil
}
