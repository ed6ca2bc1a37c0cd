package service

import (
	"slices"
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
)

// opened is a service on a laptop that has everything sent, so that values of
// others can arrive.
func opened(t *testing.T) (*Service, *Laptop, village) {
	t.Helper()
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	s, _ := New(Options{}, nil, nil)
	s.laptop = l
	return s, l, v
}

// arrives makes a field of a record what another laptop wrote over all that it
// knew, as an exchange would bring it.
func arrives(t *testing.T, l *Laptop, collection, id, field string, value any) {
	t.Helper()
	sent(t, l)
	disputeField(t, l, collection, id, field, value, 9)
	c, k, err := keyFor(collection, id)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := c.FieldByKey(field)
	decided(t, l, k, f.Tag)
}

// standingIn lists the values of a field in the order of their stamps.
func standingIn(t *testing.T, b *Book, collection, id, field string) (out []string) {
	t.Helper()
	c, k, err := keyFor(collection, id)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := c.FieldByKey(field)
	err = b.read(func(r reader) error {
		rec, err := r.get(k)
		if err != nil {
			return err
		}
		reg, _ := rec.Field(f.Tag)
		for _, h := range reg.Heads {
			out = append(out, f.Text(h.Value))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantStanding(t *testing.T, b *Book, collection, id, field string, want ...string) {
	t.Helper()
	if got := standingIn(t, b, collection, id, field); !slices.Equal(got, want) {
		t.Errorf("%s of the %s stands at %v, want %v", field, collection, got, want)
	}
}

func TestUndoLeavesWhatOthersWroteSince(t *testing.T) {
	s, l, v := opened(t)
	saved, err := s.SaveRecord(t.Context(), "household", v.first, map[string]any{"phone": "13700000001"})
	if err != nil {
		t.Fatal(err)
	}
	arrives(t, l, "household", v.first, "phone", "13700000002")
	_, err = s.Undo(t.Context(), saved.Undo)
	wantCode(t, "undo of what another has changed since", err, syncproto.CodeNotFound)
	wantStanding(t, l.Book, "household", v.first, "phone", "13700000002")
}

func TestUndoOfADeletionThatAnotherTookBack(t *testing.T) {
	s, l, v := opened(t)
	saved, err := s.Delete(t.Context(), "household", v.second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Errorf("undo of a deletion: %v", err)
	}
	wantStanding(t, l.Book, "household", v.second, "deleted", "")
}

func TestAFormSavesBesideWhatItDidNotShow(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrives any
		seen    map[string][]any
		typed   any
		want    []string
	}{
		{"nothing came", nil, map[string][]any{"phone": {nil}}, "13700000001", []string{"13700000001"}},
		{"another value came", "13700000002", map[string][]any{"phone": {nil}}, "13700000001", []string{"13700000002", "13700000001"}},
		{"the same value came", "13700000001", map[string][]any{"phone": {nil}}, "13700000001", []string{"13700000001"}},
		{"it came and was shown", "13700000002", map[string][]any{"phone": {"13700000002"}}, "13700000001", []string{"13700000001"}},
		{"emptied over another", "13700000002", map[string][]any{"phone": {"13700000003"}}, nil, []string{"13700000002", ""}},
		{"a field that the form says nothing about", "13700000002", nil, "13700000001", []string{"13700000001"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, l, v := opened(t)
			if c.arrives != nil {
				arrives(t, l, "household", v.first, "phone", c.arrives)
			}
			saved, err := s.SaveForm(t.Context(), "household", v.first, map[string]any{"phone": c.typed}, c.seen)
			if err != nil {
				t.Fatal(err)
			}
			wantStanding(t, l.Book, "household", v.first, "phone", c.want...)
			if len(c.want) < 2 {
				return
			}
			if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
				t.Fatalf("undo: %v", err)
			}
			wantStanding(t, l.Book, "household", v.first, "phone", c.want[0])
		})
	}
}

// What is stored otherwise than today's rules write it is not taken for a
// change by another.
func TestAFormShowsOldWritingAsItReadsIt(t *testing.T) {
	s, l, v := opened(t)
	arrives(t, l, "household", v.first, "people", 3)
	view, err := s.Record(t.Context(), "household", v.first)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(view.Fields, func(f FieldView) bool { return f.Key == "people" })
	seen := map[string][]any{"people": {view.Fields[i].Value}, "head_name": {"张三"}}
	if _, err := s.SaveForm(t.Context(), "household", v.first, map[string]any{"people": 4, "head_name": "张三丰"}, seen); err != nil {
		t.Fatal(err)
	}
	wantStanding(t, l.Book, "household", v.first, "people", "4")
	wantStanding(t, l.Book, "household", v.first, "head_name", "张三丰")
}

func TestAVisitFormWritesOnlyWhatWasChanged(t *testing.T) {
	s, l, v := opened(t)
	ctx := t.Context()
	saved, err := s.SaveVisit(ctx, VisitDraft{Date: "2024-03-04", Mode: "入户", Visitor: v.member, Household: v.first, Situation: "都好", Request: "修路"})
	if err != nil {
		t.Fatal(err)
	}
	form, err := s.VisitForm(ctx, saved.ID)
	if err != nil {
		t.Fatal(err)
	}
	arrives(t, l, "visit", saved.ID, "request", "修路、装灯")
	arrives(t, l, "visit", saved.ID, "situation", "老人住院")
	form.Situation = "都好，孙子回来了"
	if err := s.SaveDraft(ctx, form); err != nil { // it is finished another day
		t.Fatal(err)
	}
	kept, err := s.Draft(ctx)
	if err != nil || kept == nil {
		t.Fatalf("draft %v, %v", kept, err)
	}
	if _, err := s.SaveVisit(ctx, *kept); err != nil {
		t.Fatal(err)
	}
	wantStanding(t, l.Book, "visit", saved.ID, "request", "修路、装灯")
	wantStanding(t, l.Book, "visit", saved.ID, "situation", "老人住院", "都好，孙子回来了")
	wantStanding(t, l.Book, "visit", saved.ID, "date", "2024-03-04")
}

func TestADecisionIsAboutWhatWasShown(t *testing.T) {
	s, l, v := opened(t)
	ctx := t.Context()
	if _, err := s.SaveRecord(ctx, "household", v.first, map[string]any{"phone": "13700000001"}); err != nil {
		t.Fatal(err)
	}
	disputeField(t, l, "household", v.first, "phone", "13700000002", 9)
	shown := stampsOf(t, s, "household", v.first)
	disputeField(t, l, "household", v.first, "phone", "13700000003", 8)
	_, err := s.ResolveTake(ctx, "household", v.first, "phone", 2, shown)
	wantCode(t, "taking one of two when there are three", err, syncproto.CodeNotFound)
	_, err = s.ResolveValue(ctx, "household", v.first, "phone", "13700000004", shown)
	wantCode(t, "writing over two when there are three", err, syncproto.CodeNotFound)
	if n := len(stampsOf(t, s, "household", v.first)); n != 3 {
		t.Fatalf("%d values stand, want 3", n)
	}
	if _, err := s.ResolveTake(ctx, "household", v.first, "phone", 2, stampsOf(t, s, "household", v.first)); err != nil {
		t.Fatal(err)
	}
	wantStanding(t, l.Book, "household", v.first, "phone", "13700000002")
}

// stampsOf lists the stamps of a record's undecided values.
func stampsOf(t *testing.T, s *Service, collection, id string) (out []string) {
	t.Helper()
	list, err := s.ConflictsOf(t.Context(), collection, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		for _, h := range c.Heads {
			out = append(out, h.Stamp)
		}
	}
	return out
}

// decided makes the newest value of a field one that its writer had put over
// all others.
func decided(t *testing.T, l *Laptop, k syncproto.Key, tag syncproto.Tag) {
	t.Helper()
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		rec, err := tx.Get(k)
		if err != nil {
			return err
		}
		reg, _ := rec.Field(tag)
		last := reg.Shown()
		rec.Write(tag, syncproto.Stamp{Time: last.Stamp.Time + 1, Replica: last.Stamp.Replica}, last.Value)
		return tx.PutAgreed(k, rec, 1_709_600_000_000)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{k}})
}
