package e2e

import (
	"bytes"
	"encoding/json"
	"testing"

	"gridbook/build/stage"
)

// printed returns the JSON object that a command prints.
func (w *town) printed(l *stage.Laptop, args ...string) map[string]any {
	w.Helper()
	r := l.Run(args...)
	w.must(r.Failed())
	var out map[string]any
	if err := json.Unmarshal(r.Out, &out); err != nil {
		w.Fatalf("%v printed %q: %v", args, r.Out, err)
	}
	return out
}

// holds counts the records of a laptop that mention a household, itself among
// them; without the traces of access, which stay where they were made.
func (w *town) holds(l *stage.Laptop, household string) int {
	w.Helper()
	n := 0
	for text := range bytes.Lines(w.dump(l)) {
		if bytes.Contains(text, []byte(household)) && !bytes.Contains(text, []byte(`"access_log"`)) {
			n++
		}
	}
	return n
}

// A household goes to another village with all that belongs to it. The old
// village lets go of it and says where it is; an edit from there that was not
// sent yet goes up too, and the township sees it.
func TestHouseholdMoves(t *testing.T) {
	w := settle(t, plain)
	office := w.join("township", xinshi, "街道办")
	from, mate, to := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员"), w.join("village", xiapei, "裴书记")
	made := w.apply(from,
		op{Op: "put", Collection: "grid", Ref: "g", Fields: map[string]any{"grid_name": "沙溪第一网格"}},
		op{Op: "put", Collection: "member", Ref: "m", Fields: map[string]any{"name": "吕建国", "grid": "g"}},
		op{Op: "put", Collection: "household", Ref: "h", Fields: map[string]any{"head_name": "苏凤龙", "address": "沙溪村12号", "grid": "g"}},
		op{Op: "put", Collection: "resident", Ref: "r", Fields: map[string]any{"household": "h", "name": "苏凤龙", "id_no": "330702196208150011"}},
		op{Op: "put", Collection: "link", Ref: "l", Fields: map[string]any{"household": "h", "member": "m", "from": "2024-01-01"}},
		op{Op: "put", Collection: "visit", Ref: "v", Fields: map[string]any{"household": "h", "date": "2024-03-05", "mode": "door", "visitor": "m"}},
		op{Op: "put", Collection: "matter", Ref: "x", Fields: map[string]any{"household": "h", "no": "1", "date": "2024-03-05", "content": "路灯不亮", "category": "L9", "grid": "g"}})
	h := made["h"]
	w.sync(from, mate, office, to)
	w.apply(mate, op{Op: "put", Collection: "visit", Fields: map[string]any{
		"household": h, "date": "2024-03-06", "mode": "door", "visitor_name": "陈委员"}}) // not sent before the move

	if plan := w.printed(from, "move", h, "--village", xiapei, "--dry-run"); plan["text"] != "苏凤龙户 1 人、走访 1 条、诉求 1 件将随户转到下裴村。" {
		t.Errorf("plan %v", plan)
	}
	w.printed(from, "move", h, "--village", xiapei)
	w.printed(from, "move", h, "--back")
	w.printed(from, "move", h, "--village", xiapei)
	w.sync(from, to, office)
	if n := w.holds(from, h); n != 0 {
		t.Errorf("the old village still holds %d records", n)
	}
	if r := from.Run("get", h); !bytes.Contains(r.Err, []byte("苏凤龙户转到下裴村")) {
		t.Errorf("who looks for it is told %s", r.Err)
	}
	if n := w.holds(to, h); n != 5 { // household, resident, link, visit, matter
		t.Errorf("the new village holds %d records", n)
	}
	number := []byte("330702196208150011")
	if bytes.Contains(w.dump(from), number) || !bytes.Contains(w.dump(to), number) || bytes.Contains(w.dump(office), number) {
		t.Error("the ID number did not go along, or went elsewhere too")
	}
	w.sync(mate, office, to)
	if n := w.holds(mate, h); n != 0 {
		t.Errorf("the second laptop still holds %d records", n)
	}
	if n := len(w.listed(to, "visit", "--household", h)); n != 2 {
		t.Errorf("the new village sees %d visits, want the late one too", n)
	}
	late := w.printed(office, "inbox") // one line: the move itself is no late work
	if late["held"] != false || late["collection"] != "visit" || late["person"] != "陈委员" {
		t.Errorf("the inbox has %v", late)
	}
	w.printed(office, "inbox", "--take", late["id"].(string))
	w.sync(office)

	w.printed(office, "move", h, "--village", shaxi, "--grid", made["g"])
	w.sync(office, to, from, mate)
	if n := w.holds(to, h); n != 0 {
		t.Errorf("given back, and the other village still holds %d records", n)
	}
	if x, y := w.dump(from), w.dump(mate); !bytes.Equal(x, y) || w.holds(from, h) < 6 {
		t.Error("given back, and the village does not have it all")
	}
}

// One laptop merges a grid away while another, offline, splits it: what they
// disagree about is in the review, everything else is done.
func TestGridsDisagree(t *testing.T) {
	w := settle(t, plain)
	first, second := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
	made := w.apply(first,
		op{Op: "put", Collection: "grid", Ref: "g", Fields: map[string]any{"grid_name": "一格"}},
		op{Op: "put", Collection: "grid", Ref: "k", Fields: map[string]any{"grid_name": "二格"}},
		op{Op: "put", Collection: "household", Ref: "a", Fields: map[string]any{"head_name": "张三", "grid": "g"}},
		op{Op: "put", Collection: "household", Ref: "b", Fields: map[string]any{"head_name": "李四", "grid": "g"}})
	w.sync(first, second)
	w.printed(first, "grid", "merge", "一格", "--into", "二格")
	w.printed(second, "grid", "split", "一格", "--name", "三格", "--households", made["a"])
	w.sync(first, second, first)
	for name, l := range map[string]*stage.Laptop{"first": first, "second": second} {
		if s := w.status(l); s.Conflicts != 1 || s.Rejected != 0 {
			t.Errorf("%s: %d to be decided, %d refused", name, s.Conflicts, s.Rejected)
		}
		if got := w.listed(l, "household", "--grid", made["k"]); len(got) < 1 {
			t.Errorf("%s: the undisputed household is not in the grid that stays", name)
		}
	}
	if x, y := w.dump(first), w.dump(second); !bytes.Equal(x, y) {
		t.Error("the two laptops hold different things")
	}
}
