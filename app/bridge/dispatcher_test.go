package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"gridbook/app/bridge"
	"gridbook/syncproto"
)

type visit struct {
	Household string   `json:"household"`
	Topics    []string `json:"topics"`
}

// book is a small service with every shape of method.
type book struct{ closed bool }

func (b *book) Add(ctx context.Context, a, c int) (int, error) { return a + c, ctx.Err() }
func (b *book) Write(v visit) (visit, error)                   { return v, nil }
func (b *book) Empty() []visit                                 { return nil }
func (b *book) Close()                                         { b.closed = true }
func (b *book) Nil() (*visit, error)                           { return nil, nil }
func (b *book) Crash() string                                  { var v *visit; return v.Household }
func (b *book) Fail(kind string) error {
	switch kind {
	case "coded":
		return fmt.Errorf("save: %w", &syncproto.Error{Code: syncproto.CodeDiskFull})
	case "worded":
		return &syncproto.Error{Code: syncproto.CodeField, Message: "电话少一位", Hint: "请补全"}
	default:
		return errors.New("open /home/zhang/secret: broken")
	}
}

func dispatcher(t *testing.T, report func(error)) *bridge.Dispatcher {
	t.Helper()
	d, err := bridge.New(report, &book{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCall(t *testing.T) {
	d := dispatcher(t, nil)
	for _, c := range []struct{ method, args, want string }{
		{"Add", `[2,3]`, `5`},
		{"Write", `[{"household":"三单元 301","topics":["救助"]}]`, `{"household":"三单元 301","topics":["救助"]}`},
		{"Write", `[{"household":"x"}]`, `{"household":"x","topics":[]}`},
		{"Empty", `[]`, `[]`},
		{"Close", `[]`, `null`},
		{"Nil", ` [ ] `, `null`},
	} {
		got, err := d.Call(t.Context(), c.method, []byte(c.args))
		if err != nil || string(got) != c.want {
			t.Errorf("%s(%s) = %s, %v; want %s", c.method, c.args, got, err, c.want)
		}
	}
}

func TestCallIsStrict(t *testing.T) {
	d := dispatcher(t, nil)
	for _, c := range []struct{ name, method, args string }{
		{"unknown method", "Drop", `[]`},
		{"unexported method", "add", `[1,2]`},
		{"too few arguments", "Add", `[1]`},
		{"too many arguments", "Add", `[1,2,3]`},
		{"no array", "Add", `{"a":1}`},
		{"nothing", "Add", ``},
		{"something after the array", "Add", `[1,2] [3]`},
		{"wrong type", "Add", `["1",2]`},
		{"fraction for a whole number", "Add", `[1.5,2]`},
		{"misspelt field", "Write", `[{"houshold":"x"}]`},
	} {
		got, err := d.Call(t.Context(), c.method, []byte(c.args))
		if syncproto.CodeOf(err) != syncproto.CodeUsage {
			t.Errorf("%s: %s(%s) = %s, %v; want code %s", c.name, c.method, c.args, got, err, syncproto.CodeUsage)
		}
	}
}

func TestCallRecoversFromPanics(t *testing.T) {
	var reported []string
	d := dispatcher(t, func(err error) { reported = append(reported, err.Error()) })
	for range 1000 {
		_, err := d.Call(t.Context(), "Crash", []byte(`[]`))
		if syncproto.CodeOf(err) != syncproto.CodeInternal {
			t.Fatalf("error %v, want code %s", err, syncproto.CodeInternal)
		}
	}
	if len(reported) != 1000 || !strings.Contains(reported[0], "Crash") {
		t.Fatalf("%d reports, want 1000 that name the method", len(reported))
	}
	if got, err := d.Call(t.Context(), "Add", []byte(`[1,1]`)); string(got) != "2" {
		t.Fatalf("after panics: %s, %v", got, err)
	}
}

func TestFaults(t *testing.T) {
	var reported int
	d := dispatcher(t, func(error) { reported++ })
	for _, c := range []struct {
		kind   string
		code   syncproto.Code
		says   string
		report int
	}{
		{"coded", syncproto.CodeDiskFull, "磁盘满了", 0},
		{"worded", syncproto.CodeField, "电话少一位", 0},
		{"plain", syncproto.CodeInternal, "这一步没有完成", 1},
	} {
		reported = 0
		_, err := d.Call(t.Context(), "Fail", []byte(`["`+c.kind+`"]`))
		f := bridge.FaultOf(err)
		if f.Code != string(c.code) || !strings.Contains(f.Message, c.says) || f.Hint == "" {
			t.Errorf("%s: fault %+v, want code %s and %q with a hint", c.kind, f, c.code, c.says)
		}
		if strings.Contains(f.Message+f.Hint, "zhang") {
			t.Errorf("%s: the fault gives away a path: %+v", c.kind, f)
		}
		if reported != c.report {
			t.Errorf("%s: reported %d times, want %d", c.kind, reported, c.report)
		}
	}
}

type (
	variadic  struct{}
	twoValues struct{}
	clash     struct{}
)

func (variadic) Sum(...int) int                { return 0 }
func (twoValues) Pair() (int, int)             { return 0, 0 }
func (clash) Add(context.Context) (int, error) { return 0, nil }

func TestNewRefusesWhatCannotBeCalled(t *testing.T) {
	for _, services := range [][]any{{variadic{}}, {twoValues{}}, {&book{}, clash{}}} {
		if _, err := bridge.New(nil, services...); err == nil {
			t.Errorf("New(%T) accepted it", services[len(services)-1])
		}
	}
}

func FuzzCall(f *testing.F) {
	f.Add("Add", []byte(`[1,2]`))
	f.Add("Write", []byte(`[{"household":"x","topics":null}]`))
	f.Add("", []byte(`[[[`))
	f.Fuzz(func(t *testing.T, method string, args []byte) {
		d, err := bridge.New(nil, &book{})
		if err != nil {
			t.Fatal(err)
		}
		if reply, err := d.Call(t.Context(), method, args); (reply == nil) == (err == nil) {
			t.Fatalf("Call(%q, %q) = %q, %v: want exactly one of the two", method, args, reply, err)
		}
	})
}
