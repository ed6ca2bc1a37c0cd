// Package webhost serves the screens and the services over loopback HTTP, for
// end-to-end tests and for a machine without a display.
//
// Every program and every user of the machine can reach a loopback port, and
// every web page that the person visits can make their browser ask it. So the
// host binds 127.0.0.1 only, answers only to its own name (a page that rebinds
// its DNS name to 127.0.0.1 still sends its own), refuses requests that another
// origin starts, and knows the one browser it talks to by a cookie that is
// given once, for the token printed at start.
package webhost

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"gridbook/app/bridge"
	"gridbook/syncproto"
)

// Host serves one backend to one browser.
type Host struct {
	backend bridge.Backend
	screens fs.FS
	random  io.Reader
	name    string // host:port, as the browser must say it

	mu      sync.Mutex
	token   string // "" once it was used
	session string // "" until then
}

// Listen opens a port for a host. addr is 127.0.0.1:PORT, 0 for any free port;
// any other address, "localhost" too, fails with CodeUsage, because names can be
// pointed elsewhere.
func Listen(addr string) (net.Listener, error) {
	ap, err := netip.ParseAddrPort(addr)
	if err != nil || ap.Addr() != netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
		return nil, &syncproto.Error{
			Code: syncproto.CodeUsage, Err: fmt.Errorf("webhost: refuse to listen on %q", addr),
			Message: "只能在本机的 127.0.0.1 上打开", Hint: "请写成 127.0.0.1:端口，或者不写。",
		}
	}
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		return nil, &syncproto.Error{
			Code: syncproto.CodeUsage, Err: fmt.Errorf("webhost: listen: %w", err),
			Message: "这个端口用不了", Hint: "可能别的程序正占着它，请换一个端口，或者不写。",
		}
	}
	return l, nil
}

// New makes a host for a listener of Listen. screens holds index.html at its
// root; random draws the token and the cookie and must be cryptographically
// strong.
func New(l net.Listener, backend bridge.Backend, screens fs.FS, random io.Reader) (*Host, error) {
	h := &Host{backend: backend, screens: screens, random: random, name: l.Addr().String()}
	var err error
	if h.token, err = h.secret(); err != nil {
		return nil, err
	}
	return h, nil
}

// URL returns the address to open, token included. It works once.
func (h *Host) URL() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return "http://" + h.name + "/?token=" + h.token
}

// Serve answers on l until ctx ends, then ends what is still running. It
// returns nil after ctx ended.
func (h *Host) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	err := server.Serve(l)
	if stop() { // it failed by itself
		return fmt.Errorf("webhost: serve: %w", err)
	}
	if err := <-stopped; err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("webhost: stop: %w", err)
	}
	return nil
}

func (h *Host) secret() (string, error) {
	var b [24]byte
	if _, err := io.ReadFull(h.random, b[:]); err != nil {
		return "", fmt.Errorf("webhost: draw a secret: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// admit trades the token for a session. It works once; every later try fails,
// with the right token too.
func (h *Host) admit(token string) (session string, ok bool) {
	fresh, err := h.secret()
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil || h.token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(h.token)) != 1 {
		return "", false
	}
	h.token, h.session = "", fresh
	return fresh, true
}

// known reports whether the request carries the session's cookie.
func (h *Host) known(r *http.Request) bool {
	cookie, err := r.Cookie(h.cookieName())
	if err != nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.session != "" && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(h.session)) == 1
}

// cookieName holds the port: cookies are shared by all ports of a host, and
// two laptops' screens may be open side by side.
func (h *Host) cookieName() string {
	_, port, _ := net.SplitHostPort(h.name)
	return "gridbook_" + port
}
