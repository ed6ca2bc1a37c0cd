package e2e

import (
	"bytes"
	"encoding/json"
	"testing"

	"gridbook/build/stage"
)

// listed returns the ids that "list" prints.
func (w *town) listed(l *stage.Laptop, args ...string) []string {
	w.Helper()
	r := l.Run(append([]string{"list"}, args...)...)
	w.must(r.Failed())
	var out []string
	for text := range bytes.Lines(r.Out) {
		var line struct{ ID string }
		if err := json.Unmarshal(text, &line); err != nil {
			w.Fatalf("list printed %q: %v", text, err)
		}
		out = append(out, line.ID)
	}
	return out
}

// Two laptops merge the same households in opposite directions while offline,
// and a third adds a visit to the one that goes: everyone agrees afterwards,
// nothing is lost, and it can be taken back.
func TestOppositeMerges(t *testing.T) {
	w := settle(t, plain)
	office := w.join("township", xinshi, "街道办")
	first, second := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
	made := w.apply(first,
		op{Op: "put", Collection: "household", Ref: "a", Fields: map[string]any{"head_name": "张三", "address": "沙溪村12号"}},
		op{Op: "put", Collection: "household", Ref: "b", Fields: map[string]any{"head_name": "张三", "address": "12号"}})
	a, b := made["a"], made["b"]
	w.sync(first, second, office)
	w.must(first.Run("merge", a, b).Failed())
	w.must(second.Run("merge", b, a).Failed())
	w.apply(office, op{Op: "put", Collection: "visit", Fields: map[string]any{
		"household": b, "date": "2024-03-05", "mode": "door", "visitor_name": "周敏"}})
	w.sync(first, second, office, first, second)
	all := map[string]*stage.Laptop{"first": first, "second": second, "township": office}
	kept := ""
	for name, l := range all {
		got := w.listed(l, "household")
		if len(got) != 1 || kept != "" && got[0] != kept {
			t.Fatalf("%s shows %v, another %s", name, got, kept)
		}
		kept = got[0]
		if n := len(w.listed(l, "visit", "--household", kept)); n != 1 {
			t.Errorf("%s finds %d visits with the kept household", name, n)
		}
	}
	if x, y := w.dump(first), w.dump(second); !bytes.Equal(x, y) {
		t.Error("the two laptops hold different things")
	}
	// Each takes back its own decision; the other's then holds no more.
	dropped := map[bool]string{true: b, false: a}[kept == a]
	w.must(first.Run("unmerge", dropped).Failed())
	w.sync(first, second, office)
	if r := second.Run("unmerge", map[bool]string{true: a, false: b}[kept == a]); r.Failed() != nil {
		t.Fatal(r.Failed())
	}
	w.sync(second, first, office)
	for name, l := range all {
		if got := w.listed(l, "household"); len(got) != 2 {
			t.Errorf("%s shows %v, want both again", name, got)
		}
	}
}
