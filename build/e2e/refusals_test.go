package e2e

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gridbook/syncproto"
)

func host(s *httptest.Server) string { return s.Listener.Addr().String() }

// A portal answers everything with its own page.
func portal() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html><body>欢迎使用无线网络，请登录</body></html>"))
	})
}

func TestNotOurServer(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	o.write(l, 1)
	wall := httptest.NewServer(portal())
	defer wall.Close()
	w.way.Target(host(wall))
	w.refused(l.Run("sync"), "not_ours", 4)
	o.truthful(l)

	// A server of a later version refuses with its own number.
	later := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", syncproto.ContentType)
		_, _ = w.Write(syncproto.AppendReply(nil, &syncproto.Reply{Version: 99, Now: time.Now().UnixMilli(),
			Error: &syncproto.Error{Code: syncproto.CodeVersion, Message: "服务器使用第 99 版协议", Hint: "请更新网格簿程序"}}))
	}))
	defer later.Close()
	w.way.Target(host(later))
	w.refused(l.Run("sync"), "version", 1)
	o.truthful(l)

	// Another township's server does not know this laptop.
	other := settle(t, plain)
	w.way.Target(other.office.Addr)
	w.refused(l.Run("sync"), "token", 3)
	o.truthful(l)

	w.way.Target(w.office.Addr)
	o.settled(l)
}

func TestWrongCertificate(t *testing.T) {
	w := settle(t, overTLS)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	o.write(l, 1)
	wall := httptest.NewTLSServer(portal())
	defer wall.Close()
	w.way.Target(host(wall))
	w.refused(l.Run("sync"), "certificate", 4)
	o.truthful(l)
	w.way.Target(w.office.Addr)
	o.settled(l)
}

func TestRevoked(t *testing.T) {
	w := settle(t, plain)
	l, stays := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
	o := w.expecting(l, stays)
	o.write(l, 2)
	r := w.office.Run("devices")
	w.must(r.Failed())
	w.must(w.office.Run("revoke", device(t, r.Out, "周书记")).Failed())
	w.refused(l.Run("sync"), "revoked", 3)
	if s := w.status(l); s.ToSend != 2 {
		t.Errorf("unsent work of a revoked laptop: %+v", s)
	}
	w.sync(stays)
}

// device finds a person's device in what "devices" prints.
func device(t *testing.T, out []byte, person string) string {
	t.Helper()
	var all struct {
		Devices []struct {
			Device json.Number
			Person string
		}
	}
	if err := json.Unmarshal(out, &all); err != nil {
		t.Fatalf("devices printed %q: %v", out, err)
	}
	for _, d := range all.Devices {
		if d.Person == person {
			return d.Device.String()
		}
	}
	t.Fatalf("no device of %s in %s", person, out)
	return ""
}

func TestInvitationsAreGoodOnce(t *testing.T) {
	w := settle(t, overTLS)
	invitation, err := w.office.Invite("village", shaxi, "周书记")
	w.must(err)
	w.must(w.empty().Join(invitation))
	w.refused(w.empty().Run("join", invitation), "invitation", 3)
	w.refused(w.empty().Run("join", invitation[:len(invitation)-9]), "invitation", 3)
	// A village of another township is not invited.
	if _, err := w.office.Invite("village", "330109001001", "谁"); err == nil {
		t.Error("the township invites a village that is not its own")
	}
	w.way.Target("")
	fresh, err := w.office.Invite("village", shaxi, "陈委员")
	w.must(err)
	l := w.empty()
	w.refused(l.Run("join", fresh), "unreachable", 4)
	w.way.Target(w.office.Addr)
	w.must(l.Join(fresh))
}

func TestPasswordAndSecondCopy(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	wrong := *l
	wrong.Password = "沙溪-2025"
	w.refused(wrong.Run("status"), "password", 3)
	w.refused(w.empty().Run("status"), "not_joined", 1)

	// A server that never answers keeps one copy busy; another may not open
	// the same data.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	defer silent.Close()
	w.way.Target(silent.Addr().String())
	before := w.way.Traffic()
	p, err := l.Start(nil, "sync")
	w.must(err)
	for p.Running() && w.way.Traffic().Minus(before).Up == 0 {
		time.Sleep(time.Millisecond)
	}
	w.refused(l.Run("status"), "already_open", 1)
	p.Kill()
	w.status(l)
	w.refused(w.office.Run("serve", "--listen", "127.0.0.1:0"), "already_open", 1)
}

func TestDamagedFile(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	o.write(l, 5)
	w.sync(l)
	for _, name := range files(t, l.Dir) {
		if strings.HasSuffix(name, ".db") {
			spoil(t, name)
		}
	}
	r := l.Run("status")
	if r.Exit != 0 && r.Exit != 5 {
		t.Errorf("a damaged store: exit %d, %s", r.Exit, r.Err)
	}
	if r.Exit == 0 {
		w.sync(l)
		o.settled(l)
	}
}

// spoil overwrites the middle of a file.
func spoil(t *testing.T, name string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	copy(b[len(b)/3:], bytes.Repeat([]byte{0xa5}, len(b)/3))
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
