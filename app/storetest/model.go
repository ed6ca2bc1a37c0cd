package storetest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gridbook/syncproto"
)

// world is the small set of names that the suite plays with, so that things
// meet: neighbours in order, ends of days, prefixes of one another.
type world struct {
	keys []syncproto.Key
	days []uint32
}

func newWorld() world {
	const day = 86_400_000
	var w world
	ids := []syncproto.ID{
		{Time: 0, Replica: 1},
		{Time: syncproto.TimeAt(100*day-1) + 65535, Replica: 2},
		{Time: syncproto.TimeAt(100 * day), Replica: 1},
		{Time: syncproto.TimeAt(100 * day), Replica: 2},
		{Time: syncproto.TimeAt(101*day-1) + 65535, Replica: 3},
		{Time: syncproto.TimeAt(101 * day), Replica: 3},
		{Time: ^syncproto.Time(0), Replica: ^syncproto.ReplicaID(0)},
	}
	for _, c := range []syncproto.Collection{1, 2, 255, 256, 65535} {
		for _, id := range ids {
			w.keys = append(w.keys, syncproto.Key{Collection: c, ID: id})
		}
	}
	seen := make(map[uint32]bool)
	for _, id := range ids {
		seen[id.Time.Day()] = true
	}
	seen[50], seen[^uint32(0)] = true, true // days without records
	w.days = slices.Sorted(maps.Keys(seen))
	return w
}

// model is the store as plain maps.
type model struct {
	meta   syncproto.ReplicaMeta
	agreed map[syncproto.Key]*syncproto.Record
	deltas map[syncproto.Key]*syncproto.Delta
}

func newModel() *model {
	return &model{agreed: make(map[syncproto.Key]*syncproto.Record), deltas: make(map[syncproto.Key]*syncproto.Delta)}
}

func (m *model) clone() *model {
	return &model{meta: m.meta, agreed: maps.Clone(m.agreed), deltas: maps.Clone(m.deltas)}
}

// differ returns the first difference between what tx reads and the model.
func (m *model) differ(tx syncproto.ReplicaTx, w world) error {
	meta, err := tx.Meta()
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(meta, m.meta) {
		return fmt.Errorf("meta %+v, want %+v", meta, m.meta)
	}
	for _, k := range w.keys {
		if err := m.differAt(tx, k); err != nil {
			return err
		}
	}
	if err := m.differDeltas(tx); err != nil {
		return err
	}
	return m.differSums(tx, w)
}

func (m *model) differAt(tx syncproto.ReplicaTx, k syncproto.Key) error {
	r, err := tx.Agreed(k)
	if err != nil {
		return err
	}
	if want := m.agreed[k]; (r == nil) != (want == nil) || r != nil && !r.Equal(want) {
		return fmt.Errorf("agreed %v is %v, want %v", k, r, want)
	}
	d, err := tx.Delta(k)
	if err != nil {
		return err
	}
	want := m.deltas[k]
	if !sameDelta(d, want) {
		return fmt.Errorf("delta %v is %+v, want %+v", k, d, want)
	}
	gen, err := tx.Gen(k)
	if err == nil && (want == nil && gen != 0 || want != nil && gen != want.Gen) {
		err = fmt.Errorf("delta %v is of gen %d, want %+v", k, gen, want)
	}
	return err
}

func sameDelta(a, b *syncproto.Delta) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Record.Equal(b.Record) && a.Gen == b.Gen && a.Order == b.Order && reflect.DeepEqual(a.Rejected, b.Rejected)
}

func (m *model) differDeltas(tx syncproto.ReplicaTx) error {
	n, last := 0, uint64(0)
	for d, err := range tx.Deltas() {
		if err != nil {
			return err
		}
		if !sameDelta(d, m.deltas[d.Key]) {
			return fmt.Errorf("listed delta %+v, want %+v", d, m.deltas[d.Key])
		}
		if d.Order < last {
			return fmt.Errorf("delta of order %d after %d", d.Order, last)
		}
		n, last = n+1, d.Order
	}
	if n != len(m.deltas) {
		return fmt.Errorf("%d deltas listed, want %d", n, len(m.deltas))
	}
	return nil
}

func (m *model) differSums(tx syncproto.ReplicaTx, w world) error {
	var all syncproto.Sum
	byDay := make(map[uint32]syncproto.Sum)
	hashes := make(map[uint32]map[syncproto.Key]uint64)
	for k, r := range m.agreed {
		day := k.ID.Time.Day()
		all, byDay[day] = all.Add(r.Hash()), byDay[day].Add(r.Hash())
		if hashes[day] == nil {
			hashes[day] = make(map[syncproto.Key]uint64)
		}
		hashes[day][k] = r.Hash().Short()
	}
	sum, err := tx.Sum()
	if err != nil {
		return err
	}
	if sum != all {
		return fmt.Errorf("sum %v, want %v", sum, all)
	}
	var days []uint32
	for d, err := range tx.Days() {
		if err != nil {
			return err
		}
		if d.Sum != byDay[d.Day] {
			return fmt.Errorf("sum of day %d is %v, want %v", d.Day, d.Sum, byDay[d.Day])
		}
		days = append(days, d.Day)
	}
	if want := slices.Sorted(maps.Keys(byDay)); !slices.Equal(days, want) {
		return fmt.Errorf("days %v, want %v", days, want)
	}
	if err := m.newestDiffer(tx); err != nil {
		return err
	}
	for _, day := range w.days {
		got := make(map[syncproto.Key]uint64)
		for h, err := range tx.OfDay(day) {
			if err != nil {
				return err
			}
			got[h.Key] = h.Hash
		}
		if !maps.Equal(got, hashes[day]) {
			return fmt.Errorf("day %d has %v, want %v", day, got, hashes[day])
		}
	}
	return nil
}

// newestDiffer compares the agreed records of every collection, and of one
// that has none, in falling order.
func (m *model) newestDiffer(tx syncproto.ReplicaTx) error {
	want := map[syncproto.Collection][]syncproto.Key{4711: nil}
	for _, k := range slices.SortedFunc(maps.Keys(m.agreed), func(a, b syncproto.Key) int { return b.Compare(a) }) {
		want[k.Collection] = append(want[k.Collection], k)
	}
	for c, keys := range want {
		var got []syncproto.Key
		for r, err := range tx.Newest(c) {
			if err != nil {
				return err
			}
			if !r.Equal(m.agreed[r.Key]) {
				return fmt.Errorf("newest of %d: %v, want %v", c, r, m.agreed[r.Key])
			}
			got = append(got, r.Key)
		}
		if !slices.Equal(got, keys) {
			return fmt.Errorf("newest of %d are %v, want %v", c, got, keys)
		}
		for range tx.Newest(c) {
			break // a list may be left early
		}
	}
	return nil
}

// modelTest runs random transactions on a store and on the model.
func modelTest(t *testing.T, open func(t testing.TB) Store) {
	w := newWorld()
	rapid.Check(t, func(rt *rapid.T) {
		s, m := open(t), newModel()
		for range rapid.IntRange(1, 12).Draw(rt, "transactions") {
			draft, fail := m.clone(), rapid.IntRange(0, 5).Draw(rt, "fail") == 0
			err := s.Update(func(tx syncproto.ReplicaTx) error {
				for range rapid.IntRange(0, 12).Draw(rt, "steps") {
					if err := draft.step(rt, tx, w); err != nil {
						return err
					}
				}
				if err := draft.differ(tx, w); err != nil {
					rt.Fatalf("inside the transaction: %v", err)
				}
				if fail {
					return errWanted
				}
				return nil
			})
			switch {
			case fail && err != errWanted, !fail && err != nil:
				rt.Fatalf("Update: %v", err)
			case !fail:
				m = draft
			}
			if r, ok := s.(Reopener); ok && rapid.IntRange(0, 7).Draw(rt, "reopen") == 0 {
				if err := r.Reopen(); err != nil {
					rt.Fatalf("Reopen: %v", err)
				}
			}
			if err := s.View(func(tx syncproto.ReplicaTx) error { return m.differ(tx, w) }); err != nil {
				rt.Fatalf("after the transaction: %v", err)
			}
		}
	})
}

// step makes one random change in both.
func (m *model) step(rt *rapid.T, tx syncproto.ReplicaTx, w world) error {
	k := rapid.SampledFrom(w.keys).Draw(rt, "key")
	n := rapid.IntRange(0, 9).Draw(rt, "n")
	switch rapid.IntRange(0, 5).Draw(rt, "step") {
	case 0, 1:
		m.agreed[k] = Sample(k, n)
		return tx.PutAgreed(k, Sample(k, n), int64(n))
	case 2:
		delete(m.agreed, k)
		return tx.PutAgreed(k, nil, 0)
	case 3:
		delete(m.deltas, k)
		return tx.PutDelta(k, nil)
	case 4:
		m.meta.Lease, m.meta.Order = []byte{byte(n)}, uint64(n)
		if m.meta.Pending = nil; n%2 == 0 {
			m.meta.Pending = &syncproto.Upload{Nonce: []byte{1}, Batch: []byte{byte(n)}, Newest: syncproto.Time(n), Gens: []syncproto.KeyGen{{Key: k, Gen: 3}}}
		}
		if m.meta.Sticks = m.meta.Sticks[:len(m.meta.Sticks):len(m.meta.Sticks)]; n%3 == 0 {
			m.meta.Sticks = append(m.meta.Sticks, &syncproto.Upload{Nonce: []byte{2, byte(n)}, Batch: []byte{3}, Order: uint64(n), Newest: syncproto.Time(n)})
		} else if n%3 == 1 {
			m.meta.Sticks = nil
		}
		return tx.SetMeta(m.meta)
	}
	d := sampleDelta(k, n)
	if n%4 == 0 {
		d.Rejected = &syncproto.Rejection{Key: k, Code: syncproto.CodeScope, Message: "不在范围内"}
	}
	m.deltas[k] = d
	return tx.PutDelta(k, d)
}

// anyRecord proves that records of every shape come back as they were.
func anyRecord(t *testing.T, open func(t testing.TB) Store) {
	w := newWorld()
	s := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		k := rapid.SampledFrom(w.keys).Draw(rt, "key")
		r := record(rt, k)
		check(t, s.Update(func(tx syncproto.ReplicaTx) error { return tx.PutAgreed(k, r, 1) }))
		check(t, s.View(func(tx syncproto.ReplicaTx) error {
			got, err := tx.Agreed(k)
			if err == nil && !got.Equal(r) {
				rt.Fatalf("got %v, want %v", got, r)
			}
			return err
		}))
	})
}

// record draws a record with fields of every kind, some of them in conflict.
func record(rt *rapid.T, k syncproto.Key) *syncproto.Record {
	stamp := func() syncproto.Stamp {
		return syncproto.Stamp{
			Time:    syncproto.Time(rapid.Uint64().Draw(rt, "time")),
			Replica: syncproto.ReplicaID(rapid.Uint32().Draw(rt, "replica")),
		}
	}
	r := syncproto.NewRecord(k.Collection, k.ID)
	for range rapid.IntRange(0, 6).Draw(rt, "writes") {
		tag := syncproto.Tag(rapid.Uint16().Draw(rt, "tag"))
		v := rapid.SampledFrom([]syncproto.Value{
			{}, syncproto.BoolOf(true), syncproto.BoolOf(false), syncproto.IntOf(-1), syncproto.IntOf(1 << 62),
			syncproto.TextOf(""), syncproto.TextOf("网格簿"), syncproto.BytesOf([]byte{0, 255}),
			syncproto.RefOf(stamp()), syncproto.ListOf(), syncproto.ListOf("甲", ""),
		}).Draw(rt, "value")
		at := k.ID
		if rapid.Bool().Draw(rt, "later") {
			at = stamp()
		}
		if rapid.Bool().Draw(rt, "concurrent") {
			other := syncproto.NewRecord(k.Collection, k.ID)
			other.Write(tag, at, v)
			r.Join(other)
			continue
		}
		r.Write(tag, at, v)
	}
	return r
}
