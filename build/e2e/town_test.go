package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gridbook/app/boltstore"
	"gridbook/app/service"
	"gridbook/build/link"
	"gridbook/build/stage"
)

// 新狮街道 and its villages.
const (
	xinshi = "330702009"
	shaxi  = "330702009204"
)

// town is a township with its server, its laptops, and the network between.
type town struct {
	*testing.T
	office *stage.Office
	way    *link.Proxy
}

// scheme says how the laptops talk to the server.
type scheme bool

const (
	overTLS scheme = false
	plain   scheme = true
)

func settle(t *testing.T, s scheme) *town {
	t.Helper()
	w := &town{T: t, office: &stage.Office{Programs: programs, Dir: filepath.Join(t.TempDir(), "office"), Plain: s == plain}}
	w.must(w.office.Init(xinshi, "新狮街道"))
	w.must(w.office.Serve())
	t.Cleanup(w.office.Kill)
	var err error
	w.way, err = link.Listen(w.office.Addr, link.Way{})
	w.must(err)
	t.Cleanup(func() { w.way.Close() })
	w.office.Through = w.way.Addr()
	return w
}

func (w *town) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// empty is a laptop that has not joined.
func (w *town) empty() *stage.Laptop {
	return &stage.Laptop{Programs: programs, Dir: filepath.Join(w.TempDir(), "laptop"), Password: "沙溪-2024"}
}

// enrol makes a laptop for a person by the real command.
func (w *town) enrol(role, scope, person string) *stage.Laptop {
	w.Helper()
	invitation, err := w.office.Invite(role, scope, person)
	w.must(err)
	l := w.empty()
	w.must(l.Join(invitation))
	return l
}

// join is enrol with a password that costs next to nothing to check. What a
// store's password costs is written in the store, so that all commands on it
// are the real ones and only faster.
func (w *town) join(role, scope, person string) *stage.Laptop {
	w.Helper()
	invitation, err := w.office.Invite(role, scope, person)
	w.must(err)
	l := w.empty()
	o := service.Options{
		Dir: l.Dir, Version: "e2e", Now: time.Now, Rand: rand.Reader, Network: service.HTTP{Now: time.Now, Rand: rand.Reader},
		KDF: boltstore.KDF{Time: 1, Memory: 64, Threads: 1},
	}
	w.must(o.Folder())
	joined, err := service.Join(w.Context(), o, invitation, "电脑", l.Password)
	w.must(err)
	w.must(joined.Close())
	return l
}

func (w *town) sync(laptops ...*stage.Laptop) stage.Synced {
	w.Helper()
	var last stage.Synced
	for _, l := range laptops {
		s, err := l.Sync()
		w.must(err)
		if !s.Verified.Equal {
			w.Fatalf("synced, and not the same as the server: %+v", s)
		}
		last = s
	}
	return last
}

func (w *town) status(l *stage.Laptop) stage.Status {
	w.Helper()
	s, err := l.Status()
	w.must(err)
	return s
}

// line is one line of a dump.
type line struct {
	ID, Collection, Village string
	Fields                  map[string]any
}

func (w *town) dump(l *stage.Laptop) []byte {
	w.Helper()
	r := l.Run("dump")
	w.must(r.Failed())
	return r.Out
}

// held is what the server has of a village; of everything if village is "".
func (w *town) held(village string) []byte {
	w.Helper()
	args := []string{"dump"}
	if village != "" {
		args = append(args, "--village", village)
	}
	r := w.office.Run(args...)
	w.must(r.Failed())
	return r.Out
}

func (w *town) lines(dump []byte) []line {
	w.Helper()
	var out []line
	for text := range bytes.Lines(dump) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			w.Fatalf("dump line %q: %v", text, err)
		}
		out = append(out, l)
	}
	return out
}

// only are the lines of a dump that keep wants, as they stand.
func (w *town) only(dump []byte, keep func(line) bool) []byte {
	var out []byte
	for i, text := range bytes.SplitAfter(dump, []byte("\n")) {
		if len(text) == 0 {
			continue
		}
		parsed := w.lines(text)
		if len(parsed) != 1 {
			w.Fatalf("dump line %d: %q", i+1, text)
		}
		if keep(parsed[0]) {
			out = append(out, text...)
		}
	}
	return out
}

// same fails with the first line that differs.
func (w *town) same(what string, a, b []byte) {
	w.Helper()
	if bytes.Equal(a, b) {
		return
	}
	left, right := strings.SplitAfter(string(a), "\n"), strings.SplitAfter(string(b), "\n")
	for i := range max(len(left), len(right)) {
		l, r := at(left, i), at(right, i)
		if l != r {
			w.Fatalf("%s differ: %d and %d lines; line %d:\n%s\n%s", what, len(left)-1, len(right)-1, i+1, l, r)
		}
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(none)"
}

func private(l line) bool { return strings.HasSuffix(l.Collection, "_private") }

// refused runs a command that must fail with a code and an exit, and must
// tell a person what to do.
func (w *town) refused(r stage.Result, code string, exit int) {
	w.Helper()
	f, err := r.Failure()
	if err != nil {
		w.Error(err)
		return
	}
	if f.Code != code || r.Exit != exit {
		w.Errorf("%s: exit %d, code %s (%s); want exit %d, code %s", strings.Join(r.Args[:1], " "), r.Exit, f.Code, f.Message, exit, code)
	}
	if f.Message == "" || f.Hint == "" {
		w.Errorf("%s: %+v does not tell a person what to do", r.Args[0], f)
	}
}

// op is a line for "apply".
type op struct {
	Op         string         `json:"op"`
	Collection string         `json:"collection,omitempty"`
	Ref        string         `json:"ref,omitempty"`
	ID         string         `json:"id,omitempty"`
	Fields     map[string]any `json:"fields,omitempty"`
}

func ndjson(ops ...op) []byte {
	var out []byte
	for _, o := range ops {
		b, err := json.Marshal(o)
		if err != nil {
			panic(err) // maps of strings and numbers
		}
		out = append(append(out, b...), '\n')
	}
	return out
}

// apply writes ops offline and returns the ids by ref.
func (w *town) apply(l *stage.Laptop, ops ...op) map[string]string {
	w.Helper()
	r := l.Apply(ndjson(ops...))
	w.must(r.Failed())
	ids := map[string]string{}
	for text := range bytes.Lines(r.Out) {
		var made struct{ Ref, ID string }
		w.must(json.Unmarshal(text, &made))
		if made.Ref != "" {
			ids[made.Ref] = made.ID
		}
	}
	return ids
}

// family are the ops of a household with its people.
func family(n int) []op {
	home := fmt.Sprintf("h%d", n)
	return []op{
		{Op: "put", Collection: "household", Ref: home, Fields: map[string]any{"village": shaxi, "head_name": "周大明", "address": fmt.Sprintf("沙溪村南街%d号", n)}},
		{Op: "put", Collection: "resident", Ref: fmt.Sprintf("p%d", n), Fields: map[string]any{"household": home, "name": "周大明", "phone": "13905790001", "job": "务农"}},
	}
}

func visit(ref, home, text string) op {
	return op{Op: "put", Collection: "visit", Ref: ref, Fields: map[string]any{
		"household": home, "date": "2024-06-07", "mode": "door", "visitor_name": "周大明", "situation": text}}
}
