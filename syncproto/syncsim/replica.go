// Package syncsim proves syncproto: stores in memory, a simulated network and
// clock, and an oracle that knows every edit that was ever accepted.
package syncsim

import (
	"errors"
	"iter"
	"maps"
	"slices"

	"gridbook/syncproto"
)

// ReplicaStore is a laptop's store in memory. Its transactions are undone
// whole if their function fails. It is not for use by several goroutines.
type ReplicaStore struct {
	disk   ReplicaDisk // nil: only memory; else this is what is on it
	meta   syncproto.ReplicaMeta
	agreed map[syncproto.Key]agreement
	deltas map[syncproto.Key]*syncproto.Delta
	days   map[uint32]syncproto.Sum
}

type agreement struct {
	record   *syncproto.Record
	received int64
	hash     syncproto.Hash
}

// NewReplicaStore returns an empty store.
func NewReplicaStore() *ReplicaStore {
	return &ReplicaStore{
		agreed: map[syncproto.Key]agreement{},
		deltas: map[syncproto.Key]*syncproto.Delta{},
		days:   map[uint32]syncproto.Sum{},
	}
}

// Copy returns an independent copy, as copying the file of a closed store would.
func (s *ReplicaStore) Copy() *ReplicaStore {
	// What the maps hold is never changed, only replaced.
	out := &ReplicaStore{meta: cloneMeta(s.meta), agreed: maps.Clone(s.agreed), deltas: maps.Clone(s.deltas), days: maps.Clone(s.days)}
	if s.disk != nil {
		out.disk = s.disk.Copy()
	}
	return out
}

// View runs f in a transaction that changes nothing.
func (s *ReplicaStore) View(f func(syncproto.ReplicaTx) error) error {
	if s.disk != nil {
		return s.disk.View(f)
	}
	return f(&replicaTx{ReplicaStore: s, view: true})
}

// Update runs f in a transaction; an error or panic of f undoes all that it did.
func (s *ReplicaStore) Update(f func(syncproto.ReplicaTx) error) (err error) {
	if s.disk != nil {
		defer s.mirror()
		return s.disk.Update(f)
	}
	tx, done := &replicaTx{ReplicaStore: s}, false
	defer func() {
		if err != nil || !done { // f may panic
			tx.undo.run()
		}
	}()
	err = f(tx)
	done = true
	return err
}

// journal holds what takes a transaction back.
type journal []func()

func (j *journal) run() {
	for _, undo := range slices.Backward(*j) {
		undo()
	}
	*j = nil
}

// put sets m[k], or removes it if keep is false, and notes how it was.
func put[K comparable, V any](j *journal, m map[K]V, k K, v V, keep bool) {
	old, had := m[k]
	*j = append(*j, func() {
		if had {
			m[k] = old
		} else {
			delete(m, k)
		}
	})
	if keep {
		m[k] = v
	} else {
		delete(m, k)
	}
}

// errView is the answer to a write in a View.
var errView = errors.New("write in a view")

type replicaTx struct {
	*ReplicaStore
	undo journal
	view bool
}

func (tx *replicaTx) Meta() (syncproto.ReplicaMeta, error) { return cloneMeta(tx.meta), nil }

func (tx *replicaTx) SetMeta(m syncproto.ReplicaMeta) error {
	if tx.view {
		return errView
	}
	old := tx.meta
	tx.undo = append(tx.undo, func() { tx.meta = old })
	tx.meta = cloneMeta(m)
	return nil
}

func (tx *replicaTx) Agreed(k syncproto.Key) (*syncproto.Record, error) {
	a, ok := tx.agreed[k]
	if !ok {
		return nil, nil
	}
	return cloneRecord(a.record), nil
}

func (tx *replicaTx) PutAgreed(k syncproto.Key, r *syncproto.Record, received int64) error {
	if tx.view {
		return errView
	}
	day := k.ID.Time.Day()
	sum := tx.days[day]
	if old, ok := tx.agreed[k]; ok {
		sum = sum.Remove(old.hash)
	}
	var a agreement
	if r != nil {
		a = agreement{cloneRecord(r), received, r.Hash()}
		sum = sum.Add(a.hash)
	}
	put(&tx.undo, tx.agreed, k, a, r != nil)
	put(&tx.undo, tx.days, day, sum, sum != syncproto.Sum{})
	return nil
}

func (tx *replicaTx) Delta(k syncproto.Key) (*syncproto.Delta, error) {
	return cloneDelta(tx.deltas[k]), nil
}

func (tx *replicaTx) Gen(k syncproto.Key) (uint64, error) {
	if d := tx.deltas[k]; d != nil {
		return d.Gen, nil
	}
	return 0, nil
}

func (tx *replicaTx) PutDelta(k syncproto.Key, d *syncproto.Delta) error {
	if tx.view {
		return errView
	}
	put(&tx.undo, tx.deltas, k, cloneDelta(d), d != nil)
	return nil
}

func (tx *replicaTx) Deltas() iter.Seq2[*syncproto.Delta, error] {
	list := slices.SortedFunc(maps.Values(tx.deltas), func(a, b *syncproto.Delta) int {
		if a.Order != b.Order {
			if a.Order < b.Order {
				return -1
			}
			return 1
		}
		return a.Key.Compare(b.Key)
	})
	return func(yield func(*syncproto.Delta, error) bool) {
		for _, d := range list {
			if !yield(cloneDelta(d), nil) {
				return
			}
		}
	}
}

func (tx *replicaTx) Sum() (syncproto.Sum, error) {
	var total syncproto.Sum
	for _, s := range tx.days {
		total = total.Plus(s)
	}
	return total, nil
}

func (tx *replicaTx) Days() iter.Seq2[syncproto.DaySum, error] { return eachDay(maps.Clone(tx.days)) }

func eachDay(days map[uint32]syncproto.Sum) iter.Seq2[syncproto.DaySum, error] {
	return func(yield func(syncproto.DaySum, error) bool) {
		for _, day := range slices.Sorted(maps.Keys(days)) {
			if !yield(syncproto.DaySum{Day: day, Sum: days[day]}, nil) {
				return
			}
		}
	}
}

func (tx *replicaTx) OfDay(day uint32) iter.Seq2[syncproto.RecordHash, error] {
	var list []syncproto.RecordHash
	for k, a := range tx.agreed {
		if k.ID.Time.Day() == day {
			list = append(list, syncproto.RecordHash{Key: k, Hash: a.hash.Short()})
		}
	}
	return eachHash(list)
}

func (tx *replicaTx) Newest(c syncproto.Collection) iter.Seq2[*syncproto.Record, error] {
	keys := slices.SortedFunc(maps.Keys(tx.agreed), func(a, b syncproto.Key) int { return b.Compare(a) })
	return func(yield func(*syncproto.Record, error) bool) {
		for _, k := range keys {
			if k.Collection == c && !yield(cloneRecord(tx.agreed[k].record), nil) {
				return
			}
		}
	}
}

func eachHash(list []syncproto.RecordHash) iter.Seq2[syncproto.RecordHash, error] {
	slices.SortFunc(list, func(a, b syncproto.RecordHash) int { return a.Key.Compare(b.Key) })
	return func(yield func(syncproto.RecordHash, error) bool) {
		for _, h := range list {
			if !yield(h, nil) {
				return
			}
		}
	}
}

func cloneMeta(m syncproto.ReplicaMeta) syncproto.ReplicaMeta {
	m.Token, m.Lease = slices.Clone(m.Token), slices.Clone(m.Lease)
	m.Cursor.Page = slices.Clone(m.Cursor.Page)
	m.Pending = cloneUpload(m.Pending)
	m.Sticks = slices.Clone(m.Sticks)
	for i := range m.Sticks {
		m.Sticks[i] = cloneUpload(m.Sticks[i])
	}
	return m
}

func cloneUpload(up *syncproto.Upload) *syncproto.Upload {
	if up == nil {
		return nil
	}
	out := *up
	out.Nonce, out.Batch, out.Gens = slices.Clone(up.Nonce), slices.Clone(up.Batch), slices.Clone(up.Gens)
	return &out
}

// cloneRecord copies down to the last slice, so that a caller who keeps what
// it was given, or changes what it gave, is found out.
func cloneRecord(r *syncproto.Record) *syncproto.Record {
	if r == nil {
		return nil
	}
	out := r.Clone()
	for i := range out.Fields {
		g := &out.Fields[i].Register
		g.Heads, g.Seen = slices.Clone(g.Heads), slices.Clone(g.Seen)
	}
	return out
}

func cloneDelta(d *syncproto.Delta) *syncproto.Delta {
	if d == nil {
		return nil
	}
	out := *d
	out.Record = cloneRecord(d.Record)
	if d.Rejected != nil {
		rejected := *d.Rejected
		out.Rejected = &rejected
	}
	return &out
}
