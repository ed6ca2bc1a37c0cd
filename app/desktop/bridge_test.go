package desktop

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"gridbook/app/bridge"
	"gridbook/syncproto"
)

// The screens must see one method; anything else that Wails found exported
// would become a second way in.
func TestBridgeHasOneMethod(t *testing.T) {
	bound := reflect.TypeFor[*Bridge]()
	if bound.NumMethod() != 1 || bound.Method(0).Name != "Call" {
		t.Errorf("%s has %d exported methods, want only Call", bound, bound.NumMethod())
	}
	// What Wails wrote for the screens still fits; "make generate" renews it.
	written, err := os.ReadFile("../../frontend/wailsjs/go/desktop/Bridge.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	call := bound.Method(0).Type
	if !strings.Contains(string(written), "Call(arg1:string,arg2:string):Promise<string>") ||
		call.String() != "func(*desktop.Bridge, string, string) (string, error)" {
		t.Errorf("Call is %s, the screens have\n%s", call, written)
	}
}

type echo struct{}

func (echo) Say(word string) string { return word }

func TestCallNeverFailsWithoutWords(t *testing.T) {
	works := func(string, *bridge.Events, *bridge.Files) ([]any, func() error, error) {
		return []any{echo{}}, func() error { return nil }, nil
	}
	locked := func(string, *bridge.Events, *bridge.Files) ([]any, func() error, error) {
		return nil, nil, &syncproto.Error{Code: syncproto.CodeLocked}
	}
	clash := func(string, *bridge.Events, *bridge.Files) ([]any, func() error, error) {
		return []any{echo{}, echo{}}, func() error { return nil }, nil
	}
	for _, c := range []struct {
		name string
		open bridge.Open
		code syncproto.Code // while it runs; "" works
	}{
		{"works", works, ""},
		{"another copy holds the data", locked, syncproto.CodeLocked},
		{"put together wrongly", clash, syncproto.CodeInternal},
	} {
		b := NewBridge(rand.Reader, func(error) {})
		check := func(when string, want syncproto.Code) {
			t.Helper()
			reply, err := b.Call("Say", `["好"]`)
			if want == "" && (err != nil || reply != `"好"`) {
				t.Errorf("%s, %s: %q, %v", c.name, when, reply, err)
			}
			if f := bridge.FaultOf(err); want != "" && (err == nil || f.Code != string(want) || f.Message == "" || f.Hint == "") {
				t.Errorf("%s, %s: %v, fault %+v, want code %s", c.name, when, err, f, want)
			}
		}
		check("before start", syncproto.CodeInternal)
		b.start(t.Context(), t.TempDir(), c.open)
		check("running", c.code)
		b.stop()
		check("after stop", syncproto.CodeInternal)
	}
}

func TestStopClosesTheServices(t *testing.T) {
	closed, reported := 0, 0
	b := NewBridge(rand.Reader, func(error) { reported++ })
	b.start(context.Background(), t.TempDir(), func(string, *bridge.Events, *bridge.Files) ([]any, func() error, error) {
		return nil, func() error { closed++; return errors.New("disk gone") }, nil
	})
	b.stop()
	b.stop()
	if closed != 1 || reported != 1 {
		t.Errorf("closed %d times, %d failures reported, want 1 of each", closed, reported)
	}
}

func TestWindowOnly(t *testing.T) {
	for _, c := range []struct {
		args []string
		data string
		ok   bool
	}{
		{nil, "", true},
		{[]string{"--data", "x"}, "x", true},
		{[]string{"--data=x"}, "x", true},
		{[]string{"sync"}, "", false},
		{[]string{"--data", "x", "sync"}, "", false},
		{[]string{"--help"}, "", false},
	} {
		if data, ok := windowOnly(c.args); data != c.data || ok != c.ok {
			t.Errorf("windowOnly(%q) = %q, %v; want %q, %v", c.args, data, ok, c.data, c.ok)
		}
	}
}
