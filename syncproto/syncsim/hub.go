package syncsim

import (
	"bytes"
	"fmt"
	"iter"
	"maps"
	"slices"

	"gridbook/syncproto"
)

// HubStore is a hub's store in memory. Its transactions are undone whole if
// their function fails. It is not for use by several goroutines.
type HubStore struct {
	disk    HubDisk // nil: only memory; else this is what is on it
	state   syncproto.HubState
	devices map[uint32]*syncproto.Device
	records map[syncproto.Key]*stored
	sums    map[scopeDay]syncproto.Sum
}

// stored is a record with its hash, which is dear to compute, and a copy of the
// rest, to see that nobody changes it.
type stored struct {
	*syncproto.Stored
	hash uint64
	rest syncproto.Stored
}

func newStored(st *syncproto.Stored) *stored {
	rest := *st
	rest.Places, rest.Changed = slices.Clone(st.Places), slices.Clone(st.Changed)
	return &stored{st, st.Record.Hash().Short(), rest}
}

// asPut reports whether it still is what was put.
func (st *stored) asPut() bool {
	a, b := st.Stored, &st.rest
	return a.Record.Hash().Short() == st.hash && a.Seq == b.Seq && a.Home == b.Home && a.Parent == b.Parent && a.Received == b.Received &&
		a.Purged == b.Purged && slices.Equal(a.Places, b.Places) && slices.Equal(a.Changed, b.Changed)
}

type scopeDay struct {
	scope syncproto.Scope
	day   uint32
}

// NewHubStore returns a store of a hub that knows only itself.
func NewHubStore(state syncproto.HubState) *HubStore {
	return &HubStore{
		state:   state,
		devices: map[uint32]*syncproto.Device{},
		records: map[syncproto.Key]*stored{},
		sums:    map[scopeDay]syncproto.Sum{},
	}
}

// Copy returns an independent copy: a backup.
func (s *HubStore) Copy() *HubStore {
	out := &HubStore{state: s.state, devices: maps.Clone(s.devices), records: maps.Clone(s.records), sums: maps.Clone(s.sums)}
	if s.disk != nil {
		out.disk = s.disk.Copy()
	}
	return out
}

// View runs f in a transaction that changes nothing.
func (s *HubStore) View(f func(syncproto.HubTx) error) error {
	if s.disk != nil {
		return s.disk.View(f)
	}
	return f(&hubTx{HubStore: s, view: true})
}

// Update runs f in a transaction; an error or panic of f undoes all that it did.
func (s *HubStore) Update(f func(syncproto.HubTx) error) (err error) {
	if s.disk != nil {
		defer s.mirror()
		return s.disk.Update(f)
	}
	tx, done := &hubTx{HubStore: s}, false
	defer func() {
		if err != nil || !done { // f may panic
			tx.undo.run()
		}
	}()
	err = f(tx)
	done = true
	return err
}

type hubTx struct {
	*HubStore
	undo journal
	view bool
}

func (tx *hubTx) State() (syncproto.HubState, error) { return tx.state, nil }

func (tx *hubTx) SetState(state syncproto.HubState) error {
	if tx.view {
		return errView
	}
	old := tx.state
	tx.undo = append(tx.undo, func() { tx.state = old })
	tx.state = state
	return nil
}

func (tx *hubTx) DeviceByToken(hash [32]byte) (*syncproto.Device, error) {
	for _, d := range tx.devices {
		if d.TokenHash == hash {
			return cloneDevice(d), nil
		}
	}
	return nil, nil
}

func (tx *hubTx) PutDevice(d *syncproto.Device) error {
	if tx.view {
		return errView
	}
	put(&tx.undo, tx.devices, d.ID, cloneDevice(d), true)
	return nil
}

func (tx *hubTx) Devices() iter.Seq2[*syncproto.Device, error] {
	ids := slices.Sorted(maps.Keys(tx.devices))
	return func(yield func(*syncproto.Device, error) bool) {
		for _, id := range ids {
			if !yield(cloneDevice(tx.devices[id]), nil) {
				return
			}
		}
	}
}

func (tx *hubTx) Record(k syncproto.Key) (*syncproto.Stored, error) {
	st, ok := tx.records[k]
	if !ok {
		return nil, nil
	}
	if !st.asPut() {
		return nil, fmt.Errorf("record %s was changed where it is stored", k)
	}
	return st.Stored, nil
}

// Head has no fields, so that nobody comes to rely on them.
func (tx *hubTx) Head(k syncproto.Key) (*syncproto.Stored, error) {
	st, ok := tx.records[k]
	if !ok {
		return nil, nil
	}
	head := *st.Stored
	head.Record = syncproto.NewRecord(k.Collection, k.ID)
	return &head, nil
}

func (tx *hubTx) PutRecord(_, st *syncproto.Stored) error {
	if tx.view {
		return errView
	}
	put(&tx.undo, tx.records, st.Key, newStored(st), true)
	return nil
}

func (tx *hubTx) Dependants(k syncproto.Key) iter.Seq2[syncproto.Key, error] {
	var keys []syncproto.Key
	for _, st := range tx.records {
		if st.Parent == k {
			keys = append(keys, st.Key)
		}
	}
	slices.SortFunc(keys, syncproto.Key.Compare)
	return func(yield func(syncproto.Key, error) bool) {
		for _, k := range keys {
			if !yield(k, nil) {
				return
			}
		}
	}
}

func (tx *hubTx) Feed(s syncproto.Scope, after syncproto.Seq) iter.Seq2[syncproto.FeedEntry, error] {
	var list []syncproto.FeedEntry
	for _, st := range tx.records {
		for _, p := range st.Places {
			if p.Scope == s && p.Seq > after {
				list = append(list, syncproto.FeedEntry{Seq: p.Seq, Key: st.Key, Gone: p.Gone})
			}
		}
	}
	slices.SortFunc(list, func(a, b syncproto.FeedEntry) int { return int(int64(a.Seq) - int64(b.Seq)) })
	return func(yield func(syncproto.FeedEntry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// standing lists the records in a scope.
func (tx *hubTx) standing(s syncproto.Scope, match func(*stored) bool) (out []*stored) {
	for _, st := range tx.records {
		here := func(p syncproto.Place) bool { return p.Scope == s && !p.Gone }
		if !st.Purged && match(st) && slices.ContainsFunc(st.Places, here) {
			out = append(out, st)
		}
	}
	slices.SortFunc(out, func(a, b *stored) int { return a.Key.Compare(b.Key) })
	return out
}

func (tx *hubTx) Scan(s syncproto.Scope, c syncproto.Collection, from syncproto.ID, backwards bool) iter.Seq2[syncproto.ID, error] {
	list := tx.standing(s, func(st *stored) bool {
		if st.Collection != c || from.IsZero() {
			return st.Collection == c
		}
		if backwards {
			return st.ID.Compare(from) < 0
		}
		return st.ID.Compare(from) > 0
	})
	if backwards {
		slices.Reverse(list)
	}
	return func(yield func(syncproto.ID, error) bool) {
		for _, st := range list {
			if !yield(st.ID, nil) {
				return
			}
		}
	}
}

func (tx *hubTx) Sum(s syncproto.Scope, day uint32) (syncproto.Sum, error) {
	return tx.sums[scopeDay{s, day}], nil
}

func (tx *hubTx) PutSum(s syncproto.Scope, day uint32, sum syncproto.Sum) error {
	if tx.view {
		return errView
	}
	put(&tx.undo, tx.sums, scopeDay{s, day}, sum, sum != syncproto.Sum{})
	return nil
}

func (tx *hubTx) Days(s syncproto.Scope) iter.Seq2[syncproto.DaySum, error] {
	days := map[uint32]syncproto.Sum{}
	for k, sum := range tx.sums {
		if k.scope == s && k.day != syncproto.AllDays {
			days[k.day] = sum
		}
	}
	return eachDay(days)
}

func (tx *hubTx) OfDay(s syncproto.Scope, day uint32) iter.Seq2[syncproto.RecordHash, error] {
	var list []syncproto.RecordHash
	for _, st := range tx.standing(s, func(st *stored) bool { return st.ID.Time.Day() == day }) {
		list = append(list, syncproto.RecordHash{Key: st.Key, Hash: st.hash})
	}
	return eachHash(list)
}

func cloneDevice(d *syncproto.Device) *syncproto.Device {
	out := *d
	out.Lease, out.Turns, out.Told = bytes.Clone(d.Lease), slices.Clone(d.Turns), slices.Clone(d.Told)
	out.Void, out.Former, out.Returned = slices.Clone(d.Void), slices.Clone(d.Former), slices.Clone(d.Returned)
	return &out
}
