// Package storetest is the contract of a hub's store as tests. Every store
// runs all of it: the hub's part on any HubStore, the office's on any
// office.Store.
package storetest

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"gridbook/syncproto"
)

// HubStore is what the hub's part of the suite needs of a store.
type HubStore interface {
	View(func(syncproto.HubTx) error) error
	Update(func(syncproto.HubTx) error) error
}

// world is the small set of names that the suite plays with, so that things
// meet: neighbours in order, ends of days, prefixes of one another.
type world struct {
	scopes      []syncproto.Scope
	collections []syncproto.Collection
	ids         []syncproto.ID
	keys        []syncproto.Key
	days        []uint32
}

func newWorld() world {
	const day = 86_400_000
	w := world{
		scopes: []syncproto.Scope{"t330702009", "a330702009", "v330702009201", "v330702009202", "p330702009201", "v3307"},
		// The least and greatest numbers, and such as share a first byte.
		collections: []syncproto.Collection{1, 2, 255, 256, 65535},
		ids: []syncproto.ID{
			{},
			{Time: syncproto.TimeAt(1), Replica: 1},
			{Time: syncproto.TimeAt(100*day - 1), Replica: 2},
			{Time: syncproto.TimeAt(100 * day), Replica: 1},
			{Time: syncproto.TimeAt(100 * day), Replica: 2},
			{Time: syncproto.TimeAt(101*day-1) + 65535, Replica: 3},
			{Time: syncproto.TimeAt(101 * day), Replica: 3},
			{Time: ^syncproto.Time(0), Replica: ^syncproto.ReplicaID(0)},
		},
	}
	for _, c := range w.collections {
		for _, id := range w.ids[1:] {
			w.keys = append(w.keys, syncproto.Key{Collection: c, ID: id})
		}
	}
	for _, id := range w.ids[1:] {
		w.days = append(w.days, id.Time.Day())
	}
	return w
}

// Hub runs the hub's part. Each call of open makes an empty store, which
// lives until the test or draw ends.
func Hub(t *testing.T, open func(t testing.TB) HubStore) {
	t.Run("Empty", func(t *testing.T) { empty(t, open(t)) })
	t.Run("Rollback", func(t *testing.T) { rollback(t, open(t)) })
	t.Run("ReadOnly", func(t *testing.T) { readOnly(t, open(t)) })
	t.Run("ReadYourWrites", func(t *testing.T) { readYourWrites(t, open(t)) })
	t.Run("WriteWhileListing", func(t *testing.T) { writeWhileListing(t, open(t)) })
	t.Run("Model", func(t *testing.T) { modelTest(t, open) })
}

var errWanted = errors.New("wanted")

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sample(k syncproto.Key, seq syncproto.Seq, scopes ...syncproto.Scope) *syncproto.Stored {
	r := syncproto.NewRecord(k.Collection, k.ID)
	r.Write(1, k.ID, syncproto.TextOf("330702009201"))
	r.Write(7, k.ID, syncproto.IntOf(int64(seq)))
	st := &syncproto.Stored{Record: r, Seq: seq, Home: "330702009201", Received: 1_700_000_000_000 + int64(seq)}
	for _, s := range scopes {
		st.Places = append(st.Places, syncproto.Place{Scope: s, Seq: seq, Since: seq})
	}
	return st
}

func empty(t *testing.T, s HubStore) {
	w := newWorld()
	check(t, s.View(func(tx syncproto.HubTx) error {
		if d := newModel().differ(tx, w); d != "" {
			t.Error(d)
		}
		if d, err := tx.DeviceByToken([32]byte{1}); d != nil || err != nil {
			t.Errorf("device %v, %v", d, err)
		}
		return nil
	}))
}

func rollback(t *testing.T, s HubStore) {
	w := newWorld()
	m := newModel()
	write := func(tx syncproto.HubTx, seq syncproto.Seq) error {
		old, err := tx.Record(w.keys[0])
		if err != nil {
			return err
		}
		st := sample(w.keys[0], seq, w.scopes[0], w.scopes[2])
		d := syncproto.Device{ID: 1, TokenHash: [32]byte{byte(seq)}, Person: "甲", Seen: int64(seq)}
		return errors.Join(tx.PutRecord(old, st), tx.PutSum(w.scopes[0], 5, syncproto.Sum{Count: uint64(seq)}),
			tx.SetState(syncproto.HubState{Seq: seq}), tx.PutDevice(&d))
	}
	check(t, s.Update(func(tx syncproto.HubTx) error { return write(tx, 1) }))
	m.records[w.keys[0]] = sample(w.keys[0], 1, w.scopes[0], w.scopes[2])
	m.sums[modelSum{w.scopes[0], 5}] = syncproto.Sum{Count: 1}
	m.state.Seq = 1
	m.devices[1] = syncproto.Device{ID: 1, TokenHash: [32]byte{1}, Person: "甲", Seen: 1}

	for name, fail := range map[string]func(tx syncproto.HubTx) error{
		"error": func(tx syncproto.HubTx) error { return errors.Join(write(tx, 2), errWanted) },
		"panic": func(tx syncproto.HubTx) error { check(t, write(tx, 3)); panic(errWanted) },
	} {
		if err := caught(func() error { return s.Update(fail) }); !errors.Is(err, errWanted) {
			t.Errorf("%s: Update returned %v", name, err)
		}
		check(t, s.View(func(tx syncproto.HubTx) error {
			if d := m.differ(tx, w); d != "" {
				t.Errorf("after an %s: %s", name, d)
			}
			if d, err := tx.DeviceByToken([32]byte{2}); d != nil || err != nil {
				t.Errorf("after an %s: the new token leads to %v, %v", name, d, err)
			}
			return nil
		}))
	}
	if err := s.View(func(syncproto.HubTx) error { return errWanted }); !errors.Is(err, errWanted) {
		t.Errorf("View returned %v", err)
	}
}

// caught calls f and returns its error, or the error it panicked with.
func caught(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err, _ = r.(error)
		}
	}()
	return f()
}

func readOnly(t *testing.T, s HubStore) {
	w := newWorld()
	check(t, s.View(func(tx syncproto.HubTx) error {
		for name, err := range map[string]error{
			"PutRecord": tx.PutRecord(nil, sample(w.keys[0], 1, w.scopes[0])),
			"PutSum":    tx.PutSum(w.scopes[0], 1, syncproto.Sum{Count: 1}),
			"SetState":  tx.SetState(syncproto.HubState{Seq: 1}),
			"PutDevice": tx.PutDevice(&syncproto.Device{ID: 1}),
		} {
			if err == nil {
				t.Errorf("%s worked in a View", name)
			}
		}
		return nil
	}))
	check(t, s.View(func(tx syncproto.HubTx) error {
		if d := newModel().differ(tx, w); d != "" {
			t.Error(d)
		}
		return nil
	}))
}

func readYourWrites(t *testing.T, s HubStore) {
	w := newWorld()
	m := newModel()
	check(t, s.Update(func(tx syncproto.HubTx) error {
		for i, k := range w.keys {
			st := sample(k, syncproto.Seq(i+1), w.scopes[i%3], w.scopes[3])
			m.records[k] = cloneStored(st)
			m.sums[modelSum{w.scopes[0], k.ID.Time.Day()}] = syncproto.Sum{Count: uint64(i)}
			m.state = syncproto.HubState{Seq: st.Seq, Township: "330702009", FirstReplica: 9}
			check(t, errors.Join(tx.PutRecord(nil, st), tx.SetState(m.state),
				tx.PutSum(w.scopes[0], k.ID.Time.Day(), syncproto.Sum{Count: uint64(i)})))
		}
		if d := m.differ(tx, w); d != "" {
			t.Errorf("before the commit: %s", d)
		}
		return nil
	}))
	check(t, s.View(func(tx syncproto.HubTx) error {
		if d := m.differ(tx, w); d != "" {
			t.Errorf("after the commit: %s", d)
		}
		return nil
	}))
}

// writeWhileListing: a hub may put records while it lists, and still gets
// every record that was there when it began.
func writeWhileListing(t *testing.T, s HubStore) {
	scope, c := syncproto.Scope("v330702009201"), syncproto.Collection(3)
	const n = 300
	key := func(i int) syncproto.Key {
		return syncproto.Key{Collection: c, ID: syncproto.ID{Time: syncproto.TimeAt(int64(i + 1)), Replica: 1}}
	}
	check(t, s.Update(func(tx syncproto.HubTx) error {
		for i := range n {
			check(t, tx.PutRecord(nil, sample(key(i), syncproto.Seq(i+1), scope)))
		}
		return nil
	}))
	seq := syncproto.Seq(n)
	move := func(tx syncproto.HubTx, k syncproto.Key) {
		old, err := tx.Record(k)
		check(t, err)
		seq++
		check(t, tx.PutRecord(old, sample(k, seq, scope)))
	}
	check(t, s.Update(func(tx syncproto.HubTx) error {
		for _, backwards := range []bool{false, true} {
			var seen int
			for id, err := range tx.Scan(scope, c, syncproto.ID{}, backwards) {
				check(t, err)
				move(tx, syncproto.Key{Collection: c, ID: id})
				seen++
			}
			if seen != n {
				t.Errorf("scan, backwards %v: %d of %d", backwards, seen, n)
			}
		}
		end, seen := seq, 0
		for e, err := range tx.Feed(scope, 0) {
			check(t, err)
			if e.Seq > end {
				break
			}
			move(tx, e.Key)
			seen++
		}
		if seen != n {
			t.Errorf("feed: %d of %d", seen, n)
		}
		return nil
	}))
}

func modelTest(t *testing.T, open func(t testing.TB) HubStore) {
	w := newWorld()
	rapid.Check(t, func(r *rapid.T) {
		s, m := open(t), newModel()
		r.Repeat(map[string]func(*rapid.T){
			"update": func(r *rapid.T) {
				next := m.clone()
				fail := rapid.Bool().Draw(r, "fail")
				err := s.Update(func(tx syncproto.HubTx) error {
					for range rapid.IntRange(1, 6).Draw(r, "writes") {
						if err := next.write(r, tx, w); err != nil {
							return err
						}
					}
					if fail {
						return errWanted
					}
					return nil
				})
				switch {
				case fail && !errors.Is(err, errWanted), !fail && err != nil:
					r.Fatalf("Update: %v", err)
				case !fail:
					m = next
				}
			},
			"": func(r *rapid.T) {
				// A part at a time, or the test spends its life comparing.
				some := w
				some.scopes = []syncproto.Scope{rapid.SampledFrom(w.scopes).Draw(r, "scope to compare")}
				some.collections = []syncproto.Collection{rapid.SampledFrom(w.collections).Draw(r, "collection to compare")}
				if err := s.View(func(tx syncproto.HubTx) error {
					if d := m.differ(tx, some); d != "" {
						r.Fatal(d)
					}
					return nil
				}); err != nil {
					r.Fatal(err)
				}
			},
		})
		if err := s.View(func(tx syncproto.HubTx) error {
			if d := m.differ(tx, w); d != "" {
				r.Fatal(d)
			}
			return nil
		}); err != nil {
			r.Fatal(err)
		}
	})
}

// write makes one random write in both.
func (m *model) write(r *rapid.T, tx syncproto.HubTx, w world) error {
	scope := rapid.SampledFrom(w.scopes).Draw(r, "scope")
	switch rapid.IntRange(0, 9).Draw(r, "what") {
	case 0:
		day := rapid.SampledFrom(append(w.days, syncproto.AllDays)).Draw(r, "day")
		sum := syncproto.Sum{Count: rapid.Uint64Range(0, 2).Draw(r, "count")}
		m.sums[modelSum{scope, day}] = sum
		return tx.PutSum(scope, day, sum)
	case 1:
		d := syncproto.Device{
			ID:        rapid.Uint32Range(1, 3).Draw(r, "device"),
			Lease:     []byte{1, 2},
			Person:    rapid.SampledFrom([]string{"", "张三"}).Draw(r, "person"),
			Subs:      rapid.Uint32().Draw(r, "subs"),
			Offset:    rapid.Int64().Draw(r, "offset"),
			Verdict:   syncproto.Verdict{State: 1, Records: rapid.Uint64().Draw(r, "records")},
			TokenHash: [32]byte{rapid.Byte().Draw(r, "token")},
			Before:    rapid.Uint32().Draw(r, "before"),
			Whole:     rapid.Int64().Draw(r, "whole"),
		}
		if rapid.Bool().Draw(r, "changed") {
			d.Former = []syncproto.RoleSpan{{Role: "village", Scope: "330702009204", Until: rapid.Int64().Draw(r, "until")}}
			d.Returned = []syncproto.KindCount{{Collection: 110, Records: rapid.Uint64().Draw(r, "returned")}}
		}
		d.TokenHash[1] = byte(d.ID) // no two devices share a token
		m.devices[d.ID] = d
		return tx.PutDevice(&d)
	case 2:
		m.state.NextReplica = syncproto.ReplicaID(rapid.Uint32().Draw(r, "replica"))
		m.state.Clock.Last = syncproto.Time(rapid.Uint64().Draw(r, "clock"))
		m.state.Name = "新狮街道"
		return tx.SetState(m.state)
	}
	k := rapid.SampledFrom(w.keys).Draw(r, "key")
	m.state.Seq++
	st := sample(k, m.state.Seq)
	st.Purged = rapid.IntRange(0, 9).Draw(r, "purged") == 0
	if st.Purged {
		st.Record = syncproto.NewRecord(k.Collection, k.ID)
	}
	if rapid.Bool().Draw(r, "child") {
		st.Parent = rapid.SampledFrom(w.keys).Draw(r, "parent")
	}
	old := m.stored(k)
	for _, s := range w.scopes {
		switch rapid.IntRange(0, 4).Draw(r, "place") {
		case 0:
			st.Places = append(st.Places, syncproto.Place{Scope: s, Seq: st.Seq, Since: st.Seq})
		case 1:
			st.Places = append(st.Places, syncproto.Place{Scope: s, Seq: st.Seq, Since: st.Seq / 2, Gone: true})
		case 2: // a place that stays as it was
			if p, ok := oldPlace(old, s); ok {
				st.Places = append(st.Places, p)
			}
		}
	}
	if old != nil {
		st.Changed = []syncproto.TagSeq{{Tag: 1, Seq: old.Seq}}
	}
	m.records[k] = cloneStored(st)
	if err := tx.PutRecord(old, st); err != nil {
		return err
	}
	return tx.SetState(m.state)
}

func oldPlace(old *syncproto.Stored, s syncproto.Scope) (syncproto.Place, bool) {
	if old != nil {
		for _, p := range old.Places {
			if p.Scope == s {
				return p, true
			}
		}
	}
	return syncproto.Place{}, false
}
