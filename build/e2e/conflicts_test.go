package e2e

import (
	"bytes"
	"encoding/json"
	"testing"

	"gridbook/build/stage"
)

// conflict is a line of what "conflicts" prints.
type conflict struct {
	ID, Field string
}

func (w *town) conflicts(l *stage.Laptop) []conflict {
	w.Helper()
	r := l.Run("conflicts")
	w.must(r.Failed())
	var all []conflict
	for text := range bytes.Lines(r.Out) {
		var c conflict
		if err := json.Unmarshal(text, &c); err != nil {
			w.Fatalf("conflicts printed %q: %v", text, err)
		}
		all = append(all, c)
	}
	return all
}

// field reads one field of a record from a dump.
func (w *town) field(dump []byte, id, collection, name string) any {
	w.Helper()
	for _, l := range w.lines(dump) {
		if l.ID == id && l.Collection == collection {
			return l.Fields[name]
		}
	}
	w.Fatalf("no %s %s in the dump", collection, id)
	return nil
}

func heads(v any) int {
	m, ok := v.(map[string]any)
	if !ok {
		return 1
	}
	list, _ := m["heads"].([]any)
	return len(list)
}

func TestTwoLaptopsEditOneResident(t *testing.T) {
	w := settle(t, overTLS)
	office := w.join("township", xinshi, "街道办")
	first, second := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
	person := w.apply(first, family(1)...)["p1"]
	w.sync(first, second, office)
	everywhere := map[string]func() []byte{
		"first":    func() []byte { return w.dump(first) },
		"second":   func() []byte { return w.dump(second) },
		"township": func() []byte { return w.dump(office) },
		"server":   func() []byte { return w.held("") },
	}
	set := func(l *stage.Laptop, name, value string) {
		t.Helper()
		w.apply(l, op{Op: "set", Collection: "resident", ID: person, Fields: map[string]any{name: value}})
	}

	// Different fields: both stand, nobody is asked.
	set(first, "phone", "13905790002")
	set(second, "note", "行动不便")
	w.sync(first, second, office, first)
	for name, dump := range everywhere {
		d := dump()
		if p, n := w.field(d, person, "resident", "phone"), w.field(d, person, "resident", "note"); p != "13905790002" || n != "行动不便" {
			t.Errorf("%s: phone %v, note %v", name, p, n)
		}
	}
	if c := w.conflicts(first); len(c) != 0 {
		t.Errorf("different fields are no conflict: %+v", c)
	}

	// The same field: one is shown, both are kept, both authors see it.
	set(first, "phone", "13905790003")
	set(second, "phone", "13905790004")
	w.sync(first, second, first, office)
	for name, dump := range everywhere {
		if v := w.field(dump(), person, "resident", "phone"); heads(v) != 2 {
			t.Errorf("%s has %v", name, v)
		}
	}
	for name, l := range map[string]*stage.Laptop{"first": first, "second": second, "township": office} {
		if c := w.conflicts(l); len(c) != 1 || c[0].ID != person || c[0].Field != "phone" {
			t.Errorf("%s lists %+v", name, c)
		}
		if s := w.status(l); s.Conflicts != 1 {
			t.Errorf("%s counts %+v", name, s)
		}
	}

	// Resolved on one, it is gone everywhere.
	w.must(second.Run("resolve", person, "phone", "--take", "1").Failed())
	w.sync(second, first, office)
	shown := w.field(w.held(""), person, "resident", "phone")
	if shown != "13905790003" && shown != "13905790004" {
		t.Errorf("the server has %v", shown)
	}
	for name, dump := range everywhere {
		if v := w.field(dump(), person, "resident", "phone"); v != shown {
			t.Errorf("%s has %v, the server %v", name, v, shown)
		}
	}
	for name, l := range map[string]*stage.Laptop{"first": first, "second": second, "township": office} {
		if c := w.conflicts(l); len(c) != 0 {
			t.Errorf("%s still lists %+v", name, c)
		}
	}
}

// One deletes whom another edits, neither knowing: both see it, the record stays
// until someone decides, and then it is the same everywhere.
func TestDeletedAgainstEdited(t *testing.T) {
	w := settle(t, overTLS)
	first, second := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
	for name, c := range map[string]struct {
		take string
		left int
	}{"kept": {"false", 1}, "deleted": {"true", 0}} {
		t.Run(name, func(t *testing.T) {
			person := w.apply(first, family(1)...)["p1"]
			w.sync(first, second)
			w.apply(first, op{Op: "delete", Collection: "resident", ID: person})
			w.apply(second, op{Op: "set", Collection: "resident", ID: person, Fields: map[string]any{"phone": "13905790002"}})
			w.sync(first, second, first)
			for _, l := range []*stage.Laptop{first, second} {
				if c := w.conflicts(l); len(c) != 1 || c[0].ID != person || c[0].Field != "deleted" {
					t.Fatalf("listed: %+v", c)
				}
				if s := w.status(l); s.Conflicts != 1 {
					t.Errorf("counted: %+v", s)
				}
				if n := w.shown(l, person); n != 1 {
					t.Errorf("the list has it %d times while nobody has decided", n)
				}
			}
			w.must(first.Run("resolve", person, "deleted", "--value", c.take).Failed())
			w.sync(first, second)
			for _, l := range []*stage.Laptop{first, second} {
				if c := w.conflicts(l); len(c) != 0 {
					t.Errorf("still listed: %+v", c)
				}
				if n := w.shown(l, person); n != c.left {
					t.Errorf("the list has it %d times, want %d", n, c.left)
				}
			}
		})
	}
}

// shown counts how often a list of residents has a person.
func (w *town) shown(l *stage.Laptop, id string) int {
	w.Helper()
	r := l.Run("list", "resident")
	w.must(r.Failed())
	return bytes.Count(r.Out, []byte(id))
}

// Whoever was away while two values stood beside each other and one was taken
// hears of it, with the value that was not; an edit after an edit says nothing.
func TestAuthorWhoWasAwayIsTold(t *testing.T) {
	w := settle(t, plain)
	office := w.join("township", xinshi, "街道办")
	first, second := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
	person := w.apply(first, family(1)...)["p1"]
	w.sync(first, second, office)
	set := func(l *stage.Laptop, name, value string) {
		t.Helper()
		w.apply(l, op{Op: "set", Collection: "resident", ID: person, Fields: map[string]any{name: value}})
	}
	set(first, "phone", "13905790003")
	set(first, "note", "行动不便")
	w.sync(first)
	set(second, "phone", "13905790004") // without having seen the other
	w.sync(second, office)
	w.must(office.Run("resolve", person, "phone", "--take", "2").Failed())
	set(office, "note", "已经好转")
	w.sync(office, first)
	r := first.Run("conflicts", "--mine")
	w.must(r.Failed())
	if n := bytes.Count(r.Out, []byte("\n")); n != 1 || !bytes.Contains(r.Out, []byte("13905790003")) || !bytes.Contains(r.Out, []byte("街道办")) {
		t.Errorf("the author is told\n%s", r.Out)
	}
	w.sync(second)
	r = second.Run("conflicts", "--mine")
	w.must(r.Failed())
	if bytes.Contains(r.Out, []byte("13905790003")) {
		t.Errorf("the other is told\n%s", r.Out)
	}
}
