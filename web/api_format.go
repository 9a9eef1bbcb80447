package web

import "net/http"

// maxCode is the largest cell or file that is formatted, in bytes.
const maxCode = 4 << 20

// format serves POST /poolbook/api/format: {"code": …} is answered with the same as gofmt writes it.
func (s *Server) format(w http.ResponseWriter, r *http.Request) error {
	if s.cfg.Format == nil {
		return statusErr(http.StatusNotFound, "this server cannot format")
	}
	var body struct {
		Code string `json:"code"`
	}
	if err := readJSON(w, r, maxCode, &body); err != nil {
		return err
	}
	code, err := s.cfg.Format(body.Code)
	if err != nil {
		return &httpError{Status: http.StatusUnprocessableEntity, Message: "not formatted: " + err.Error(), Err: err}
	}
	body.Code = code
	return writeJSON(w, http.StatusOK, body)
}
