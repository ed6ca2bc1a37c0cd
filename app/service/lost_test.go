package service

import (
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
)

// decides writes a value over a field as another laptop, as an exchange would
// bring it.
func decides(t testing.TB, l *Laptop, collection, id, field string, value any, by syncproto.ReplicaID) {
	t.Helper()
	c, k, err := keyFor(collection, id)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := c.FieldByKey(field)
	v, err := f.Parse(value)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Store.Update(func(tx *boltstore.Tx) error {
		rec, err := tx.Get(k)
		if err != nil {
			return err
		}
		rec.Write(f.Tag, syncproto.Stamp{Time: rec.Newest() + 1<<20, Replica: by}, v)
		if err := tx.PutAgreed(k, rec, 1_709_700_000_000); err != nil {
			return err
		}
		return tx.PutDelta(k, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{k}})
}

// A record may come twice in one exchange, and two exchanges may be noted at
// the same time.
func TestAuthorIsToldOnce(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	disputeField(t, s.laptop, "resident", v.head, "phone", "13900002222", 9)
	if err := s.laptop.Book.PutSetting(lostSetting, nil); err != nil {
		t.Fatal(err)
	}
	_, k, err := keyFor("resident", v.head)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.laptop.Book.noteLost([]syncproto.Key{k, k}); err != nil {
		t.Fatal(err)
	}
	if list, err := s.LostValues(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("told %+v (%v)", list, err)
	}
}

func TestAuthorIsToldAndSeesTheOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		decision string
		taken    bool
	}{"taken": {"13800001234", true}, "not taken": {"13900002222", false}} {
		t.Run(name, func(t *testing.T) {
			s, _, _, _ := unlockedService(t, secretary())
			v := settle(t, s.laptop.Book)
			disputeField(t, s.laptop, "resident", v.head, "phone", "13900002222", 9)
			list, err := s.LostValues(t.Context())
			if err != nil || len(list) != 1 {
				t.Fatalf("told %+v (%v)", list, err)
			}
			if got := list[0]; got.Decided || got.Mine != "13800001234" || got.Shown != "13900002222" || got.Household != v.first || got.By == "" {
				t.Errorf("told %+v", got)
			}
			if err := s.SeenOutcomes(t.Context()); err != nil {
				t.Fatal(err)
			}
			decides(t, s.laptop, "resident", v.head, "phone", c.decision, 9)
			home, err := s.Home(t.Context())
			if err != nil || len(home.Lost) != 1 {
				t.Fatalf("the first screen tells %+v (%v)", home.Lost, err)
			}
			if got := home.Lost[0]; !got.Decided || got.Taken != c.taken || got.Shown != c.decision {
				t.Errorf("outcome %+v", got)
			}
			if err := s.SeenOutcomes(t.Context()); err != nil {
				t.Fatal(err)
			}
			if list, err := s.LostValues(t.Context()); err != nil || len(list) != 0 {
				t.Errorf("after it was seen %+v (%v)", list, err)
			}
		})
	}
}

// Whose value was the one shown hears nothing of the dispute, and the outcome
// only if it went against them.
func TestAuthorOfTheShownValueIsTold(t *testing.T) {
	for decision, told := range map[string]int{"13900002222": 1, "13700003333": 1, "13800009999": 0} {
		s, _, _, _ := unlockedService(t, secretary())
		v := settle(t, s.laptop.Book)
		disputeField(t, s.laptop, "resident", v.head, "phone", "13900002222", 9)
		if _, err := s.ResolveValue(t.Context(), "resident", v.head, "phone", "13800009999", stampsOf(t, s, "resident", v.head)); err != nil {
			t.Fatal(err)
		}
		older(t, s.laptop, "resident", v.head, "phone", "13900002222", 9)
		if list, err := s.LostValues(t.Context()); err != nil || len(list) != 0 {
			t.Fatalf("told before anybody decided: %+v (%v)", list, err)
		}
		decides(t, s.laptop, "resident", v.head, "phone", decision, 9)
		list, err := s.LostValues(t.Context())
		if err != nil || len(list) != told {
			t.Fatalf("%s: told %+v (%v)", decision, list, err)
		}
		if told == 1 && (!list[0].Decided || list[0].Taken || list[0].Mine != "13800009999" || list[0].Shown != decision) {
			t.Errorf("told %+v", list[0])
		}
	}
}

// older makes a field carry a value of another laptop that was written before
// the one here, without having been seen.
func older(t testing.TB, l *Laptop, collection, id, field string, theirs any, by syncproto.ReplicaID) {
	t.Helper()
	c, k, err := keyFor(collection, id)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := c.FieldByKey(field)
	v, err := f.Parse(theirs)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Store.Update(func(tx *boltstore.Tx) error {
		rec, err := tx.Get(k)
		if err != nil {
			return err
		}
		remote := syncproto.NewRecord(k.Collection, k.ID)
		shown, _ := rec.Field(f.Tag)
		remote.Write(f.Tag, syncproto.Stamp{Time: shown.Shown().Stamp.Time - 1, Replica: by + 1}, v)
		rec.Join(remote)
		if err := tx.PutAgreed(k, rec, 1_709_600_000_000); err != nil {
			return err
		}
		return tx.PutDelta(k, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{k}})
}

func TestOwnDecisionIsNoNews(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	disputeField(t, s.laptop, "resident", v.head, "phone", "13900002222", 9)
	if _, err := s.ResolveTake(t.Context(), "resident", v.head, "phone", 2, stampsOf(t, s, "resident", v.head)); err != nil {
		t.Fatal(err)
	}
	decides(t, s.laptop, "resident", v.head, "phone", "13700003333", 9)
	if list, err := s.LostValues(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("told %+v (%v)", list, err)
	}
}

func TestUndoOfADecisionBringsTheConflictBack(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	b := s.laptop.Book
	v := settle(t, b)
	disputeField(t, s.laptop, "resident", v.head, "phone", "13900002222", 9)
	for _, n := range []int{1, 2} {
		before, err := s.ConflictsOf(t.Context(), "resident", v.head)
		if err != nil {
			t.Fatal(err)
		}
		saved, err := s.ResolveTake(t.Context(), "resident", v.head, "phone", n, stampsOf(t, s, "resident", v.head))
		if err != nil {
			t.Fatal(err)
		}
		if list, err := b.Conflicts(); err != nil || len(list) != 0 {
			t.Fatalf("decided, but %+v (%v)", list, err)
		}
		if saved, err = s.Undo(t.Context(), saved.Undo); err != nil {
			t.Fatal(err)
		}
		after, err := s.ConflictsOf(t.Context(), "resident", v.head)
		if err != nil || len(after) != 1 || len(after[0].Heads) != 2 {
			t.Fatalf("brought back %+v (%v)", after, err)
		}
		for i, h := range after[0].Heads {
			if was := before[0].Heads[i]; h.Text != was.Text || h.By != was.By || h.At != was.At || h.Own != was.Own || h.Shown != was.Shown {
				t.Errorf("value %d is %+v, was %+v", i+1, h, was)
			}
		}
		if n == 1 { // and the undo can be taken back itself
			if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
				t.Fatal(err)
			}
			if n := b.ConflictCount(); n != 0 {
				t.Errorf("%d conflicts after the undo of the undo", n)
			}
			decideAgain(t, s, v.head)
		}
	}
}

// decideAgain makes the conflict stand once more for the next round.
func decideAgain(t *testing.T, s *Service, id string) {
	t.Helper()
	saved, err := s.SaveRecord(t.Context(), "resident", id, map[string]any{"phone": "13800001234"})
	if err != nil {
		t.Fatal(err)
	}
	if saved.Undo != "" {
		t.Fatal("the decision was not the first value")
	}
	disputeField(t, s.laptop, "resident", id, "phone", "13900002222", 9)
}

func TestResolveFromTakesAllOfALaptop(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	disputeField(t, s.laptop, "resident", v.head, "phone", "13900002222", 9)
	disputeField(t, s.laptop, "household", v.first, "hamlet", "溪西", 9)
	disputeField(t, s.laptop, "household", v.second, "hh_no", "0129", 8)
	got, err := s.ResolveFrom(t.Context(), 9)
	if err != nil || got.Fields != 2 || got.Records != 2 {
		t.Fatalf("decided %+v (%v)", got, err)
	}
	if page := mustPage(t, s.laptop.Book, v.first); page.Household.Hamlet != "溪西" {
		t.Errorf("the hamlet is %s", page.Household.Hamlet)
	}
	if n := s.laptop.Book.ConflictCount(); n != 1 {
		t.Errorf("%d conflicts are left, want that with laptop 8", n)
	}
	if _, err := s.Undo(t.Context(), got.Undo); err != nil {
		t.Fatal(err)
	}
	if n := s.laptop.Book.ConflictCount(); n != 3 {
		t.Errorf("%d conflicts after the undo", n)
	}
	if got, err = s.ResolveFrom(t.Context(), 3); err != nil || got.Fields != 3 {
		t.Errorf("own values: %+v (%v)", got, err)
	}
	_, err = s.ResolveFrom(t.Context(), 5)
	wantCode(t, "a laptop without conflicts", err, syncproto.CodeNotFound)
}
