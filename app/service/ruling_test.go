package service

import (
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// brings joins a field's register from elsewhere into what the server is known
// to hold, as an exchange does, with what an exchange would keep.
func brings(t testing.TB, l *Laptop, k syncproto.Key, tag syncproto.Tag, reg syncproto.Register) {
	t.Helper()
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		rec, err := tx.Get(k)
		if err != nil {
			return err
		}
		here, _ := rec.Field(tag)
		var p syncproto.Progress
		for _, h := range here.Heads {
			if !here.Conflicted() && !reg.Has(h.Stamp) && reg.Supersedes(h.Stamp) {
				p.Replaced = append(p.Replaced, syncproto.Replaced{Key: k, Tag: tag, Lost: h})
			}
		}
		came := syncproto.NewRecord(k.Collection, k.ID)
		came.Fields = []syncproto.Field{{Tag: tag, Register: reg}}
		rec.Join(came)
		if err := tx.PutAgreed(k, rec, 1_709_600_000_000); err != nil {
			return err
		}
		if err := tx.PutDelta(k, nil); err != nil {
			return err
		}
		return l.Book.keep(tx, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{k}})
}

// traces lists the rulings that a laptop has written.
func traces(t testing.TB, l *Laptop) (out []*syncproto.Record) {
	t.Helper()
	err := l.Store.View(func(tx *boltstore.Tx) error {
		for rec, err := range tx.Scan(tagged("access_log")) {
			if err != nil {
				return err
			}
			if fieldsOf(rec).text("action") == ruleAction {
				out = append(out, rec)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tagged(collection string) syncproto.Collection {
	c, _, err := keyFor(collection, "")
	if err != nil {
		panic(err)
	}
	return c.Number
}

// takesIn puts a record of another laptop into this one, as an exchange does.
func takesIn(t testing.TB, l *Laptop, rec *syncproto.Record) {
	t.Helper()
	if err := l.Store.Update(func(tx *boltstore.Tx) error { return tx.PutAgreed(rec.Key, rec, 1_709_600_000_000) }); err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{rec.Key}})
}

// away is a laptop whose phone number for a resident was replaced while it was
// away, and the laptop of whoever replaced it.
type away struct {
	author, other *Laptop
	s             *Service
	k             syncproto.Key
	tag           syncproto.Tag
}

// newAway settles the same village on both. theirs is what a third laptop has
// written beside the author's; nil: nothing.
func newAway(t *testing.T, theirs any) away {
	t.Helper()
	s, _, _, _ := unlockedService(t, secretary())
	a := away{author: s.laptop, s: s}
	v := settle(t, a.author.Book)
	c, k, err := keyFor("resident", v.head)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := c.FieldByKey("phone")
	a.k, a.tag = k, f.Tag
	a.other, _ = joinedLaptop(t, &office{role: "village", scope: shaxi, replica: 8})
	sent(t, a.author)
	err = a.author.Store.View(func(tx *boltstore.Tx) error {
		for _, key := range []string{"household", "resident"} {
			for rec, err := range tx.Scan(tagged(key)) {
				if err != nil {
					return err
				}
				takesIn(t, a.other, rec.Clone())
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if theirs != nil {
		older(t, a.other, "resident", v.head, "phone", theirs, 9)
	}
	return a
}

// home brings the author what the other laptop has, the trace first or last.
func (a away) home(t *testing.T, traceFirst bool) {
	t.Helper()
	var reg syncproto.Register
	err := a.other.Store.View(func(tx *boltstore.Tx) error {
		rec, err := tx.Get(a.k)
		if err == nil {
			reg, _ = rec.Field(a.tag)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	bring := func() { brings(t, a.author, a.k, a.tag, reg) }
	if !traceFirst {
		bring()
	}
	for _, rec := range traces(t, a.other) {
		takesIn(t, a.author, rec)
	}
	if traceFirst {
		bring()
	}
}

// An author whose laptop never saw the two values is told who decided against
// his, whatever comes first, and his value is still there to be read.
func TestAuthorIsToldOfADecisionHeNeverSawComing(t *testing.T) {
	for _, traceFirst := range []bool{true, false} {
		a := newAway(t, "13900002222")
		if _, err := a.other.Book.ResolveTake(a.k.ID, "phone", 1); err != nil {
			t.Fatal(err)
		}
		if n := len(traces(t, a.other)); n != 1 {
			t.Fatalf("%d traces", n)
		}
		a.home(t, traceFirst)
		list, err := a.s.LostValues(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("trace first %v: told %+v (%v)", traceFirst, list, err)
		}
		got := list[0]
		if !got.Decided || got.Taken || got.Mine != "13800001234" || got.Shown != "13900002222" || got.By != "王书记" || got.At == 0 {
			t.Errorf("told %+v", got)
		}
		if err := a.s.SeenOutcomes(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list, err := a.s.LostValues(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("after it was seen %+v (%v)", list, err)
		}
		a.author.received(News{Keys: []syncproto.Key{a.k}})
		if list, err := a.s.LostValues(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("told again %+v (%v)", list, err)
		}
	}
}

// Nobody is told of an ordinary edit, however many there were, nor of a
// decision for his value, nor of one about values that he did not write.
func TestNoFalseAlarms(t *testing.T) {
	write := func(t *testing.T, l *Laptop, id, phone string) {
		t.Helper()
		edits, err := saveEdits(mustCollection(t, "resident"), mustID(t, id), map[string]any{"phone": phone})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Book.Write(edits); err != nil {
			t.Fatal(err)
		}
	}
	alarms, rounds := 0, 0
	for name, c := range map[string]struct {
		beside any
		do     func(t *testing.T, a away)
	}{
		"an edit": {nil, func(t *testing.T, a away) { write(t, a.other, a.k.ID.String(), "13700000001") }},
		"an edit, corrected": {nil, func(t *testing.T, a away) {
			write(t, a.other, a.k.ID.String(), "13700000001")
			write(t, a.other, a.k.ID.String(), "13700000002")
		}},
		"emptied":                    {nil, func(t *testing.T, a away) { write(t, a.other, a.k.ID.String(), "") }},
		"equal values, then an edit": {"13800001234", func(t *testing.T, a away) { write(t, a.other, a.k.ID.String(), "13700000001") }},
		"decided for his": {"13900002222", func(t *testing.T, a away) {
			if _, err := a.other.Book.ResolveTake(a.k.ID, "phone", 2); err != nil {
				t.Fatal(err)
			}
		}},
		"an edit, then a decision about that": {nil, func(t *testing.T, a away) {
			write(t, a.other, a.k.ID.String(), "13700000001")
			older(t, a.other, "resident", a.k.ID.String(), "phone", "13900002222", 9)
			if _, err := a.other.Book.ResolveValue(a.k.ID, "phone", "13600000001"); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		for _, traceFirst := range []bool{true, false} {
			a := newAway(t, c.beside)
			c.do(t, a)
			a.home(t, traceFirst)
			list, err := a.s.LostValues(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if rounds++; len(list) > 0 {
				alarms++
				t.Errorf("%s: told %+v", name, list)
			}
		}
	}
	t.Logf("%d false alarms in %d rounds", alarms, rounds)
}

// What a decision replaces is kept before anybody knows of the decision, the
// newest first to stay.
func TestReplacedValuesAreBounded(t *testing.T) {
	a := newAway(t, nil)
	err := a.author.Store.Update(func(tx *boltstore.Tx) error {
		for i := range maxReplaced + 5 {
			at := syncproto.Stamp{Time: syncproto.Time(i + 1), Replica: 3}
			lost := syncproto.Head{Stamp: at, Value: syncproto.TextOf(itoa(i))}
			other := syncproto.Head{Stamp: syncproto.Stamp{Time: at.Time, Replica: 77}, Value: syncproto.TextOf("别人的")}
			if err := keepReplaced(tx, []syncproto.Replaced{{Key: a.k, Tag: a.tag, Lost: lost}, {Key: a.k, Tag: a.tag, Lost: other}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	if _, err := a.author.Book.Setting(replacedSetting, &all); err != nil || len(all) != maxReplaced {
		t.Fatalf("%d kept (%v)", len(all), err)
	}
	first, err := syncproto.DecodeRecord(all[0])
	if err != nil || first.Value(a.tag) != syncproto.TextOf("5") {
		t.Errorf("the oldest is %v (%v)", first, err)
	}
}

func mustCollection(t *testing.T, key string) *ledger.Collection {
	t.Helper()
	c, ok := ledger.ByKey(key)
	if !ok {
		t.Fatal(key)
	}
	return c
}
