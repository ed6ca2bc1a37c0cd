package webhost

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"

	"gridbook/app/bridge"
	"gridbook/syncproto"
)

// maxCall bounds the JSON of one call; files go by /api/upload.
const maxCall = 8 << 20

// ServeHTTP checks who asks before anything else, then answers.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bridge.Guard(http.HandlerFunc(h.check)).ServeHTTP(w, r)
}

func (h *Host) check(w http.ResponseWriter, r *http.Request) {
	if r.Host != h.name {
		refuse(w, r, http.StatusMisdirectedRequest, "这个网址不对", "请用程序启动时显示的网址打开。")
		return
	}
	if !h.ownOrigin(r) {
		refuse(w, r, http.StatusForbidden, "别的网页不能使用网格簿", "请关掉那个网页。")
		return
	}
	if token := r.URL.Query().Get("token"); token != "" && r.URL.Path == "/" && r.Method == http.MethodGet {
		h.enter(w, r, token)
		return
	}
	if !h.known(r) {
		refuse(w, r, http.StatusUnauthorized, "请用启动时显示的网址打开",
			"那个网址只能用一次。如果已经用过，请重新启动网格簿，再打开新的网址。")
		return
	}
	bridge.FileHandler(h.backend.Files, http.HandlerFunc(h.route)).ServeHTTP(w, r)
}

// ownOrigin reports whether our own page, or nobody's, started the request.
// A request that changes something must name its origin.
func (h *Host) ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return false
		}
	} else if origin != "http://"+h.name {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return true
	}
	return false
}

func (h *Host) enter(w http.ResponseWriter, r *http.Request, token string) {
	session, ok := h.admit(token)
	if !ok {
		if h.known(r) { // the same browser, opening its bookmark again
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		refuse(w, r, http.StatusUnauthorized, "这个网址已经用过或不对",
			"请重新启动网格簿，再打开新显示的网址。")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: h.cookieName(), Value: session, Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (h *Host) route(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/api/call" && r.Method == http.MethodPost:
		h.call(w, r)
	case r.URL.Path == "/api/events" && r.Method == http.MethodGet:
		h.events(w, r)
	case strings.HasPrefix(r.URL.Path, "/api/"):
		bridge.WriteFault(w, &syncproto.Error{Code: syncproto.CodeNotFound})
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		h.screen(w, r)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (h *Host) call(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Method string          `json:"method"`
		Args   json.RawMessage `json:"args"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCall))
	if err == nil {
		err = json.Unmarshal(body, &request)
	}
	if err != nil {
		code := syncproto.CodeUsage
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			code = syncproto.CodeTooLarge
		}
		bridge.WriteFault(w, &syncproto.Error{Code: code, Err: err})
		return
	}
	reply, err := h.backend.Calls.Call(r.Context(), request.Method, request.Args)
	if err != nil {
		bridge.WriteFault(w, err)
		return
	}
	bridge.WriteJSON(w, http.StatusOK, json.RawMessage(reply))
}

// events streams as Server-Sent Events until the browser goes away.
func (h *Host) events(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	send := func(text string) error {
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return out.Flush()
	}
	ready := func() { _ = send("retry: 1000\n\n") } // who has gone gets no events either
	tell := func(e bridge.Event) error {
		data, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("webhost: encode event %s: %w", e.Topic, err)
		}
		return send("data: " + string(data) + "\n\n")
	}
	// It ends with the request; there is nobody left to tell why.
	_ = h.backend.Events.Listen(r.Context(), ready, tell)
}

func (h *Host) screen(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/assets/") {
		// Vite names these files for their content.
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	} else {
		w.Header().Set("Cache-Control", "no-store")
	}
	http.FileServerFS(h.screens).ServeHTTP(w, r)
}

// refuse answers whoever may not come in: a screen with what it can show, a
// person's browser with a page.
func refuse(w http.ResponseWriter, r *http.Request, status int, title, hint string) {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		bridge.WriteJSON(w, status, bridge.Fault{
			Code: string(syncproto.CodeNotAllowed), Message: title, Hint: hint})
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>网格簿</title><h1>%s</h1><p>%s</p>\n",
		html.EscapeString(title), html.EscapeString(hint))
}
