package service

import (
	"testing"

	"gridbook/app/boltstore"
)

func TestDraftsStandBesideEachOther(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	l, ctx := s.laptop, t.Context()
	v := settle(t, l.Book)
	want := func(what, situation string) {
		t.Helper()
		got, err := s.Draft(ctx)
		switch {
		case err != nil:
			t.Fatal(err)
		case situation == "" && got != nil, situation != "" && (got == nil || got.Situation != situation):
			t.Errorf("%s: the draft is %+v, want %q", what, got, situation)
		}
	}
	// One of an older version, which knew no keys.
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		return putSetting(tx, draftSetting, VisitDraft{Household: v.first, Situation: "很早以前的"})
	})
	if err != nil {
		t.Fatal(err)
	}
	want("an older version's", "很早以前的")
	first := VisitDraft{Key: "a", Household: v.first, Situation: "写到一半，有人来了"}
	second := VisitDraft{Key: "b", Date: "2024-03-05", Mode: "入户", Visitor: v.member, Household: v.second, Situation: "急事"}
	for _, d := range []VisitDraft{first, second, second} {
		if err := s.SaveDraft(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	want("the newest", "急事")
	if _, err := s.SaveVisit(ctx, second); err != nil {
		t.Fatal(err)
	}
	want("after another visit was saved", "写到一半，有人来了")
	first.Situation = "写完了大半"
	if err := s.SaveDraft(ctx, first); err != nil {
		t.Fatal(err)
	}
	want("going on", "写完了大半")
	if err := s.DiscardDraft(ctx, "nonsense"); err != nil {
		t.Fatal(err)
	}
	want("after another was dropped", "写完了大半")
	for i, key := range []string{"a", ""} {
		state, err := s.State(ctx)
		if err != nil || !state.Draft {
			t.Errorf("%d: state says draft %v (%v)", i, state.Draft, err)
		}
		if err := s.DiscardDraft(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
	want("after all were dropped", "")
}
