package webhost_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"gridbook/app/bridge"
	"gridbook/app/webhost"
	"gridbook/syncproto"
)

func TestRun(t *testing.T) {
	closed := 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	broken := errors.New("disk gone")
	err := webhost.Run(ctx, webhost.Options{
		Addr:   "127.0.0.1:0",
		Data:   t.TempDir(),
		Random: rand.Reader,
		Open: func(string, *bridge.Events, *bridge.Files) ([]any, func() error, error) {
			return []any{greeter{}}, func() error { closed++; return broken }, nil
		},
		Ready: func(url string) {
			go func() {
				defer cancel()
				reply, err := browser(t).Get(url)
				if err != nil {
					t.Error(err)
					return
				}
				defer reply.Body.Close()
				// In a fresh clone the screens are not built: anything but a refusal is right.
				if text, _ := io.ReadAll(reply.Body); reply.StatusCode == http.StatusUnauthorized || strings.Contains(string(text), "启动时") {
					t.Errorf("the address that was told does not open: %d %s", reply.StatusCode, text)
				}
			}()
		},
	})
	if closed != 1 || !errors.Is(err, broken) {
		t.Errorf("closed %d times, error %v; want once, and its failure told", closed, err)
	}
}

func TestRunWhenTheDataIsHeld(t *testing.T) {
	err := webhost.Run(t.Context(), webhost.Options{
		Addr: "127.0.0.1:0", Data: t.TempDir(), Random: rand.Reader,
		Open: func(string, *bridge.Events, *bridge.Files) ([]any, func() error, error) {
			return nil, nil, &syncproto.Error{Code: syncproto.CodeLocked}
		},
		Ready: func(string) { t.Error("an address was told") },
	})
	if syncproto.CodeOf(err) != syncproto.CodeLocked {
		t.Errorf("error %v, want code %s", err, syncproto.CodeLocked)
	}
}
