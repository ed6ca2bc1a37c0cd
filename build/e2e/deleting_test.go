package e2e

import (
	"path/filepath"
	"testing"
)

// TestDeletedAfterEditing: who edits a record and then deletes it offline is
// not in conflict with themselves, though a restored server gives their laptop
// another number, under which both are written anew.
func TestDeletedAfterEditing(t *testing.T) {
	w := settle(t, plain)
	first := w.join("village", shaxi, "周书记")
	person := w.apply(first, family(1)...)["p1"]
	w.sync(first)
	backup := filepath.Join(t.TempDir(), "copy.db")
	w.must(w.office.Run("backup", backup).Failed())
	w.apply(first, op{Op: "set", Collection: "resident", ID: person, Fields: map[string]any{"phone": "13905790002"}})
	w.apply(first, op{Op: "delete", Collection: "resident", ID: person})
	w.restore(backup)
	w.sync(first)
	if c := w.conflicts(first); len(c) != 0 {
		t.Errorf("one laptop alone is in conflict with itself: %+v", c)
	}
	if n := w.shown(first, person); n != 0 {
		t.Errorf("what was deleted is back: %d", n)
	}
}

// TestDeletionsCounted: a sync counts what people have to decide, and nothing
// else: a deletion against an edit, but not two deletions.
func TestDeletionsCounted(t *testing.T) {
	for name, c := range map[string]struct {
		first, second []string // what is done to the person
		want          int
	}{
		"deleted against edited": {[]string{"delete"}, []string{"set"}, 1},
		"deleted by both":        {[]string{"set", "delete"}, []string{"delete"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := settle(t, plain)
			first, second := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
			person := w.apply(first, family(1)...)["p1"]
			w.sync(first, second)
			do := func(what string) op {
				o := op{Op: what, Collection: "resident", ID: person}
				if what == "set" {
					o.Fields = map[string]any{"phone": "13905790002"}
				}
				return o
			}
			for _, what := range c.first {
				w.apply(first, do(what))
			}
			for _, what := range c.second {
				w.apply(second, do(what))
			}
			w.sync(first)
			s := w.sync(second)
			if status, listed := w.status(second).Conflicts, len(w.conflicts(second)); s.Conflicts != c.want || status != c.want || listed != c.want {
				t.Errorf("the sync counts %d, the status %d, listed are %d; want %d", s.Conflicts, status, listed, c.want)
			}
		})
	}
}
