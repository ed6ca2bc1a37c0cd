package httpapi

import (
	"testing"
	"testing/synctest"

	"gridbook/syncproto"
)

func TestBundles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, stop := running(t, &fakeOffice{exchange: echo}, DefaultLimits())
		c := l.dial()
		// Larger than any other message may be.
		q := &syncproto.BundleRequest{Version: syncproto.Version, Token: []byte("0123456789abcdef"), File: make([]byte, syncproto.MaxMessage+1)}
		status, _, body := post(t, c, syncproto.PathBundles, syncproto.AppendBundleRequest(nil, q))
		rep, err := syncproto.DecodeBundleReply(body)
		if status != 200 || err != nil || len(rep.File) != len(q.File) || rep.Person != string(q.Token) {
			t.Errorf("status %d, %v", status, err)
		}
		_, _, body = post(t, c, syncproto.PathBundles, []byte("no message"))
		if got := code(t, body); got != syncproto.CodeMalformed {
			t.Errorf("no message: %q", got)
		}
		c.Close()
		stop()
	})
}

// Sticks take no room from the text.
func TestBundlesHaveTheirOwnRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := DefaultLimits()
		limits.Sticks = 1000
		l, stop := running(t, &fakeOffice{exchange: echo}, limits)
		c := l.dial()
		q := &syncproto.BundleRequest{Version: syncproto.Version, Token: []byte("0123456789abcdef"), File: make([]byte, 2000)}
		status, h, body := post(t, c, syncproto.PathBundles, syncproto.AppendBundleRequest(nil, q))
		if got := code(t, body); status != 503 || got != syncproto.CodeBusy || h.Get("Retry-After") == "" {
			t.Errorf("beyond the room: %d, %q", status, got)
		}
		c.Close()
		c = l.dial()
		if status, _, body := post(t, c, syncproto.PathExchange, request(7)); status != 200 || code(t, body) != "" {
			t.Errorf("text: %d", status)
		}
		c.Close()
		stop()
	})
}
