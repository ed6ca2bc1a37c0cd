package bridge

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"gridbook/syncproto"
)

// Backend is what a host serves: the window and the browser host offer the
// same one.
type Backend struct {
	Calls  *Dispatcher
	Events *Events
	Files  *Files
}

// FileHandler answers the two addresses for bytes, which would be slow and
// large as JSON: POST /api/upload?name= keeps the body and answers
// {"handle":…}; GET /api/file/HANDLE gives a file back. Any other address goes
// to next.
func FileHandler(files *Files, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/api/upload" && r.Method == http.MethodPost:
			upload(files, w, r)
		case strings.HasPrefix(r.URL.Path, "/api/file/") && r.Method == http.MethodGet:
			download(files, w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func upload(files *Files, w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxFile))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		WriteFault(w, tooLarge())
		return
	}
	if err != nil {
		WriteFault(w, &syncproto.Error{Code: syncproto.CodeInput, Err: err})
		return
	}
	handle, err := files.Put(path.Base(r.URL.Query().Get("name")), data)
	if err != nil {
		WriteFault(w, err)
		return
	}
	WriteJSON(w, http.StatusOK, map[string]string{"handle": handle})
}

func download(files *Files, w http.ResponseWriter, r *http.Request) {
	file, err := files.Get(strings.TrimPrefix(r.URL.Path, "/api/file/"))
	if err != nil {
		WriteFault(w, err)
		return
	}
	h := w.Header()
	// Only pictures are shown in place; anything else could run as a page of
	// ours with all that a page of ours may do.
	switch kind := mime.TypeByExtension(path.Ext(file.Name)); kind {
	case "image/jpeg", "image/png", "image/webp":
		h.Set("Content-Type", kind)
	default:
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.Write(file.Data)
}

// Guard sets what keeps a page from loading, running or talking to anything
// but this program, on every answer of next.
func Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: blob:; "+
			"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// WriteFault answers with what a screen shows for err and a fitting status.
func WriteFault(w http.ResponseWriter, err error) {
	status := http.StatusUnprocessableEntity
	switch syncproto.CodeOf(err) {
	case syncproto.CodeInternal:
		status = http.StatusInternalServerError
	case syncproto.CodeUsage:
		status = http.StatusBadRequest
	case syncproto.CodeNotFound:
		status = http.StatusNotFound
	case syncproto.CodeNotAllowed:
		status = http.StatusForbidden
	case syncproto.CodeTooLarge:
		status = http.StatusRequestEntityTooLarge
	}
	WriteJSON(w, status, FaultOf(err))
}

// WriteJSON answers with v, which must be a value that encoding/json takes.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte("null")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(data)
}
