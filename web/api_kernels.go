package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"poolbook/kernel/client"
	"poolbook/web/internal/kernels"
)

// kernelErr gives an error of the kernels' side its status.
func kernelErr(err error) error {
	status := http.StatusInternalServerError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kernels.ErrNoSuch), errors.Is(err, kernels.ErrNoSession), errors.Is(err, kernels.ErrNotKept):
		status = http.StatusNotFound
	case errors.Is(err, kernels.ErrNoSpec), errors.Is(err, kernels.ErrIncomplete):
		status = http.StatusBadRequest
	case errors.Is(err, kernels.ErrTooMany), errors.Is(err, kernels.ErrStopped):
		status = http.StatusServiceUnavailable
	}
	return &httpError{Status: status, Message: err.Error(), Err: err}
}

// kernelSpec is a kernelspec in Jupyter's form.
type kernelSpec struct {
	Name      string            `json:"name"`
	Spec      kernelSpecBody    `json:"spec"`
	Resources map[string]string `json:"resources"`
}

type kernelSpecBody struct {
	Argv          []string          `json:"argv"`
	Env           map[string]string `json:"env"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"`
	Metadata      map[string]any    `json:"metadata"`
}

func specModel(name string, s client.Spec) kernelSpec {
	out := kernelSpec{Name: name, Resources: map[string]string{}, Spec: kernelSpecBody{
		Argv: s.Argv, Env: map[string]string{}, DisplayName: s.DisplayName, Language: s.Language, InterruptMode: s.InterruptMode, Metadata: s.Metadata,
	}}
	if out.Spec.InterruptMode == "" {
		out.Spec.InterruptMode = client.InterruptSignal
	}
	if out.Spec.Metadata == nil {
		out.Spec.Metadata = map[string]any{}
	}
	if out.Spec.DisplayName == "" {
		out.Spec.DisplayName = name
	}
	for _, e := range s.Env {
		k, v, _ := strings.Cut(e, "=")
		out.Spec.Env[k] = v
	}
	for _, file := range kernels.Resources(s) {
		key := file
		if strings.HasPrefix(file, "logo-") {
			key = strings.TrimSuffix(file, path.Ext(file))
		}
		out.Resources[key] = "/kernelspecs/" + escapePath(name) + "/" + escapePath(file)
	}
	return out
}

// kernelSpecs serves GET /api/kernelspecs.
func (s *Server) kernelSpecs(w http.ResponseWriter, _ *http.Request) error {
	all := map[string]kernelSpec{}
	for name, spec := range s.kernels.Specs() {
		all[name] = specModel(name, spec)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"default": s.defaultKernel(), "kernelspecs": all})
}

// kernelSpec serves GET /api/kernelspecs/{name}.
func (s *Server) kernelSpec(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	spec, ok := s.kernels.Specs()[name]
	if !ok {
		return statusErr(http.StatusNotFound, "no kernel %q is installed", name)
	}
	return writeJSON(w, http.StatusOK, specModel(name, spec))
}

// kernelSpecFile serves GET /kernelspecs/{name}/{file}: logos.
func (s *Server) kernelSpecFile(w http.ResponseWriter, r *http.Request) error {
	spec, ok := s.kernels.Specs()[r.PathValue("name")]
	file := r.PathValue("file")
	if !ok {
		return statusErr(http.StatusNotFound, "no such kernelspec")
	}
	data, err := kernels.Resource(spec, file)
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			s.log.Debug("logo not read", "error", err)
		}
		return statusErr(http.StatusNotFound, "no such file")
	}
	h := w.Header()
	h.Set("Content-Type", assetType(file))
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("Cache-Control", "max-age=3600, private")
	if r.Method != http.MethodHead {
		_, _ = w.Write(data)
	}
	return nil
}

func (s *Server) defaultKernel() string { return s.kernels.DefaultName() }

func (s *Server) listKernels(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, s.kernels.List())
}

func (s *Server) startKernel(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Name string `json:"name"`
		Path string `json:"path"`
	}
	if err := readJSON(w, r, maxSmallBody, &body); err != nil {
		return err
	}
	k, err := s.kernels.Start(context.WithoutCancel(r.Context()), body.Name, body.Path)
	if err != nil {
		return kernelErr(err)
	}
	w.Header().Set("Location", "/api/kernels/"+k.ID())
	return writeJSON(w, http.StatusCreated, k.Model())
}

func (s *Server) getKernel(w http.ResponseWriter, r *http.Request) error {
	k, err := s.kernels.Get(r.PathValue("id"))
	if err != nil {
		return kernelErr(err)
	}
	return writeJSON(w, http.StatusOK, k.Model())
}

func (s *Server) deleteKernel(w http.ResponseWriter, r *http.Request) error {
	if err := s.kernels.Shutdown(context.WithoutCancel(r.Context()), r.PathValue("id")); err != nil {
		return kernelErr(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) interruptKernel(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), interruptTimeout)
	defer cancel()
	if err := s.kernels.Interrupt(ctx, r.PathValue("id")); err != nil {
		return kernelErr(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// interruptTimeout is how long a kernel may take to confirm an interrupt.
const interruptTimeout = 10 * time.Second

func (s *Server) restartKernel(w http.ResponseWriter, r *http.Request) error {
	k, err := s.kernels.Restart(context.WithoutCancel(r.Context()), r.PathValue("id"))
	if err != nil {
		return kernelErr(err)
	}
	return writeJSON(w, http.StatusOK, k.Model())
}

// journal serves GET /poolbook/api/kernels/{id}/journal: what the latest executions have put out, by cell.
func (s *Server) journal(w http.ResponseWriter, r *http.Request) error {
	k, err := s.kernels.Get(r.PathValue("id"))
	if err != nil {
		return kernelErr(err)
	}
	return writeJSON(w, http.StatusOK, map[string]any{"entries": k.Journal()})
}

// heldOutputs serves GET /poolbook/api/kernels/{id}/outputs/{request}: what a cell put out beyond what the page shows, as text.
func (s *Server) heldOutputs(w http.ResponseWriter, r *http.Request) error {
	k, err := s.kernels.Get(r.PathValue("id"))
	if errors.Is(err, kernels.ErrNoSuch) {
		err = kernels.ErrNotKept
	}
	var held io.Reader
	if err == nil {
		held, err = k.Held(r.PathValue("request"))
	}
	if err != nil {
		return kernelErr(err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if r.URL.Query().Has("download") {
		h.Set("Content-Disposition", `attachment; filename="output.txt"`)
	}
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, held); err != nil {
		s.log.Debug("held outputs not sent", "error", err)
	}
	return nil
}

func (s *Server) listSessions(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, s.kernels.Sessions())
}

func (s *Server) openSession(w http.ResponseWriter, r *http.Request) error {
	var body kernels.SessionRequest
	if err := readJSON(w, r, maxSmallBody, &body); err != nil {
		return err
	}
	session, err := s.kernels.OpenSession(context.WithoutCancel(r.Context()), body)
	if err != nil {
		return kernelErr(err)
	}
	w.Header().Set("Location", "/api/sessions/"+session.ID)
	return writeJSON(w, http.StatusCreated, session)
}

func (s *Server) getSession(w http.ResponseWriter, r *http.Request) error {
	session, err := s.kernels.Session(r.PathValue("id"))
	if err != nil {
		return kernelErr(err)
	}
	return writeJSON(w, http.StatusOK, session)
}

func (s *Server) changeSession(w http.ResponseWriter, r *http.Request) error {
	var body kernels.SessionRequest
	if err := readJSON(w, r, maxSmallBody, &body); err != nil {
		return err
	}
	session, err := s.kernels.ChangeSession(context.WithoutCancel(r.Context()), r.PathValue("id"), body)
	if err != nil {
		return kernelErr(err)
	}
	return writeJSON(w, http.StatusOK, session)
}

func (s *Server) closeSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.kernels.CloseSession(context.WithoutCancel(r.Context()), r.PathValue("id")); err != nil {
		return kernelErr(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
