package storetest

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"

	"gridbook/syncproto"
)

// model is the simplest thing that could be a hub's store: maps, and a scan
// of everything for every list. Stores are compared with it.
type model struct {
	state   syncproto.HubState
	devices map[uint32]syncproto.Device
	records map[syncproto.Key]*syncproto.Stored
	sums    map[modelSum]syncproto.Sum
}

type modelSum struct {
	scope syncproto.Scope
	day   uint32
}

func newModel() *model {
	return &model{
		devices: map[uint32]syncproto.Device{},
		records: map[syncproto.Key]*syncproto.Stored{},
		sums:    map[modelSum]syncproto.Sum{},
	}
}

func (m *model) clone() *model {
	return &model{m.state, maps.Clone(m.devices), maps.Clone(m.records), maps.Clone(m.sums)}
}

func (m *model) stored(k syncproto.Key) *syncproto.Stored {
	if st := m.records[k]; st != nil {
		return cloneStored(st)
	}
	return nil
}

func cloneStored(st *syncproto.Stored) *syncproto.Stored {
	out := *st
	out.Record = st.Clone()
	out.Changed = slices.Clone(st.Changed)
	out.Places = slices.Clone(st.Places)
	return &out
}

func (m *model) feed(s syncproto.Scope, after syncproto.Seq) []syncproto.FeedEntry {
	var out []syncproto.FeedEntry
	for _, st := range m.records {
		for _, p := range st.Places {
			if p.Scope == s && p.Seq > after {
				out = append(out, syncproto.FeedEntry{Seq: p.Seq, Key: st.Key, Gone: p.Gone})
			}
		}
	}
	slices.SortFunc(out, func(a, b syncproto.FeedEntry) int { return cmp.Compare(a.Seq, b.Seq) })
	return out
}

// members lists what stands in a scope, by key.
func (m *model) members(s syncproto.Scope) []*syncproto.Stored {
	var out []*syncproto.Stored
	for _, st := range m.records {
		if !st.Purged && slices.ContainsFunc(st.Places, func(p syncproto.Place) bool { return p.Scope == s && !p.Gone }) {
			out = append(out, st)
		}
	}
	slices.SortFunc(out, func(a, b *syncproto.Stored) int { return a.Key.Compare(b.Key) })
	return out
}

func (m *model) scan(s syncproto.Scope, c syncproto.Collection, from syncproto.ID, backwards bool) []syncproto.ID {
	var out []syncproto.ID
	for _, st := range m.members(s) {
		if st.Collection != c || backwards && !from.IsZero() && st.ID.Compare(from) >= 0 || !backwards && st.ID.Compare(from) <= 0 {
			continue
		}
		out = append(out, st.ID)
	}
	if backwards {
		slices.Reverse(out)
	}
	return out
}

func (m *model) ofDay(s syncproto.Scope, day uint32) []syncproto.RecordHash {
	var out []syncproto.RecordHash
	for _, st := range m.members(s) {
		if st.ID.Time.Day() == day {
			out = append(out, syncproto.RecordHash{Key: st.Key, Hash: st.Hash().Short()})
		}
	}
	return out
}

func (m *model) days(s syncproto.Scope) []syncproto.DaySum {
	var out []syncproto.DaySum
	for k, sum := range m.sums {
		if k.scope == s && k.day != syncproto.AllDays && sum != (syncproto.Sum{}) {
			out = append(out, syncproto.DaySum{Day: k.day, Sum: sum})
		}
	}
	slices.SortFunc(out, func(a, b syncproto.DaySum) int { return cmp.Compare(a.Day, b.Day) })
	return out
}

func (m *model) dependants(k syncproto.Key) []syncproto.Key {
	var out []syncproto.Key
	for _, st := range m.records {
		if st.Parent == k {
			out = append(out, st.Key)
		}
	}
	slices.SortFunc(out, syncproto.Key.Compare)
	return out
}

// differ returns how tx differs from the model in all that can be read about
// the world's names; "" if it does not.
func (m *model) differ(tx syncproto.HubTx, w world) string {
	if d := m.differState(tx); d != "" {
		return d
	}
	for _, k := range w.keys {
		got, err := tx.Record(k)
		if d := differStored(m.records[k], got, err); d != "" {
			return fmt.Sprintf("record %s: %s", k, d)
		}
		head, err := tx.Head(k)
		if d := differHead(m.records[k], head, err); d != "" {
			return fmt.Sprintf("head of %s: %s", k, d)
		}
		if d := differList(m.dependants(k), tx.Dependants(k)); d != "" {
			return fmt.Sprintf("dependants of %s: %s", k, d)
		}
	}
	for _, s := range w.scopes {
		if d := m.differScope(tx, w, s); d != "" {
			return fmt.Sprintf("scope %s: %s", s, d)
		}
	}
	return ""
}

func (m *model) differState(tx syncproto.HubTx) string {
	if got, err := tx.State(); err != nil || got != m.state {
		return fmt.Sprintf("state %+v, %v, want %+v", got, err, m.state)
	}
	for _, d := range m.devices {
		got, err := tx.DeviceByToken(d.TokenHash)
		if err != nil || got == nil || fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", d) {
			return fmt.Sprintf("device %+v, %v, want %+v", got, err, d)
		}
	}
	return ""
}

func (m *model) differScope(tx syncproto.HubTx, w world, s syncproto.Scope) string {
	for _, after := range []syncproto.Seq{0, m.state.Seq / 2, m.state.Seq, ^syncproto.Seq(0)} {
		if d := differList(m.feed(s, after), tx.Feed(s, after)); d != "" {
			return fmt.Sprintf("feed after %d: %s", after, d)
		}
	}
	for _, c := range w.collections {
		for _, from := range w.ids {
			for _, backwards := range []bool{false, true} {
				if d := differList(m.scan(s, c, from, backwards), tx.Scan(s, c, from, backwards)); d != "" {
					return fmt.Sprintf("scan %d from %s, backwards %v: %s", c, from, backwards, d)
				}
			}
		}
	}
	for _, day := range append(w.days, syncproto.AllDays) {
		if got, err := tx.Sum(s, day); err != nil || got != m.sums[modelSum{s, day}] {
			return fmt.Sprintf("sum of day %d: %v, %v, want %v", day, got, err, m.sums[modelSum{s, day}])
		}
		if d := differList(m.ofDay(s, day), tx.OfDay(s, day)); d != "" {
			return fmt.Sprintf("of day %d: %s", day, d)
		}
	}
	if d := differList(m.days(s), tx.Days(s)); d != "" {
		return "days: " + d
	}
	return ""
}

// differHead compares all but the fields, which a head may have or not.
func differHead(want, got *syncproto.Stored, err error) string {
	if want == nil || got == nil {
		return differStored(want, got, err)
	}
	whole := *got
	whole.Record = want.Record
	if got.Key != want.Key {
		return fmt.Sprintf("it is of %s", got.Key)
	}
	return differStored(want, &whole, err)
}

func differStored(want, got *syncproto.Stored, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case want == nil && got == nil:
		return ""
	case want == nil || got == nil:
		return fmt.Sprintf("%+v, want %+v", got, want)
	case !got.Record.Equal(want.Record):
		return fmt.Sprintf("fields %+v, want %+v", got.Record, want.Record)
	}
	a, b := *got, *want
	a.Record, b.Record = nil, nil
	if x, y := fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b); x != y {
		return fmt.Sprintf("%s, want %s", x, y)
	}
	return ""
}

func differList[T comparable](want []T, list iter.Seq2[T, error]) string {
	var got []T
	for v, err := range list {
		if err != nil {
			return err.Error()
		}
		got = append(got, v)
	}
	if !slices.Equal(got, want) {
		return fmt.Sprintf("%v, want %v", got, want)
	}
	// A reader may stop at any place.
	for range list {
		break
	}
	return ""
}
