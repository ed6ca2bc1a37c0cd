package syncsim

import (
	"fmt"

	"gridbook/syncproto"
)

// create makes a record on a laptop, as a person would. parent may be zero.
func (w *world) create(l *laptop, c syncproto.Collection, parent syncproto.Key, place, text string) syncproto.Key {
	o := w.oracle
	o.records++
	marker := fmt.Sprintf("r%d", o.records)
	var before *syncproto.Record
	if c == privateKind { // two laptops may each make it
		marker = "p-" + o.markers[parent]
		before = l.read(syncproto.Key{Collection: c, ID: parent.ID})
	}
	sets := []syncproto.FieldValue{{Tag: tagMarker, Value: syncproto.TextOf(marker)}}
	if place != "" {
		sets = append(sets, w.value(l, place, marker, tagVillage, nil))
	}
	sets = append(sets, w.value(l, text, marker, tagFirst, before))
	if parent != (syncproto.Key{}) {
		sets = append(sets, syncproto.FieldValue{Tag: tagOwner, Value: syncproto.TextOf(o.markers[parent])})
		if c != privateKind {
			sets = append(sets, syncproto.FieldValue{Tag: tagParent, Value: syncproto.RefOf(parent.ID)})
		}
	}
	k := syncproto.Key{Collection: c}
	must(l.store.Update(func(tx syncproto.ReplicaTx) (err error) {
		if c == privateKind {
			k.ID = parent.ID
			return syncproto.CreateAs(tx, l.wall(w), k, sets)
		}
		k.ID, err = syncproto.Create(tx, l.wall(w), c, sets)
		return err
	}))
	o.markers[k] = marker
	w.stats.Edits++
	return k
}

func (w *world) value(l *laptop, text, marker string, tag syncproto.Tag, before *syncproto.Record) syncproto.FieldValue {
	w.tracef("    edit %d by %s: %s of %s field %d", len(w.oracle.edits), l.name, text, marker, tag)
	return syncproto.FieldValue{Tag: tag, Value: w.oracle.begin(l, text, marker, tag, before)}
}

// set changes a field on a laptop, as a person who sees what is there would.
func (w *world) set(l *laptop, k syncproto.Key, tag syncproto.Tag, text string) {
	must(l.store.Update(func(tx syncproto.ReplicaTx) error {
		before, err := syncproto.Current(tx, k)
		if err != nil {
			return err
		}
		v := w.value(l, text, w.oracle.markers[k], tag, before)
		return syncproto.Put(tx, l.wall(w), k, []syncproto.FieldValue{v})
	}))
	w.stats.Edits++
}

// read returns what a person on the laptop sees.
func (l *laptop) read(k syncproto.Key) (r *syncproto.Record) {
	must(l.store.View(func(tx syncproto.ReplicaTx) (err error) {
		r, err = syncproto.Current(tx, k)
		return err
	}))
	return r
}

// shown returns the text that a person sees, "" if there is no record.
func (l *laptop) shown(k syncproto.Key, tag syncproto.Tag) string {
	if r := l.read(k); r != nil {
		return plain(r.Value(tag))
	}
	return ""
}

// retry puts the rejected work of a laptop back into the queue.
func (w *world) retry(l *laptop) {
	must(l.store.Update(func(tx syncproto.ReplicaTx) error {
		var list []*syncproto.Delta
		for d, err := range tx.Deltas() {
			if err != nil {
				return err
			}
			list = append(list, d)
		}
		for _, d := range list {
			if d.Rejected != nil {
				d.Rejected = nil
				if err := tx.PutDelta(d.Key, d); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// clone copies a laptop's store to another machine.
func (w *world) clone(l *laptop) *laptop {
	c := &laptop{name: fmt.Sprintf("%s-copy-%d", l.name, len(w.laptops)), store: l.store.Copy(), skew: l.skew, role: l.role, scope: l.scope,
		version: l.version, sticksOnly: l.sticksOnly, family: l.family}
	w.laptops = append(w.laptops, c)
	w.oracle.copied = true
	w.open(c)
	return c
}

// rollBack puts an earlier copy of a laptop's store back.
func (w *world) rollBack(l *laptop, s *ReplicaStore) {
	l.store = s.Copy()
	w.oracle.copied = true
	for _, e := range w.oracle.edits[1:] {
		if e.by == l {
			e.by = nil // another copy may have them unsent
		}
	}
	w.open(l)
	w.oracle.disaster(w)
}

// open is what a program does when it starts.
func (w *world) open(l *laptop) {
	if l.store.disk != nil {
		l.store.disk.Reopen()
	}
	must(l.store.Update(func(tx syncproto.ReplicaTx) error { return syncproto.Opened(tx, w.rand) }))
}

// restore puts a backup of the hub back.
func (w *world) restore(s *HubStore) {
	w.store = s.Copy()
	if w.bug == nil || !w.bug.epoch {
		must(w.store.Update(func(tx syncproto.HubTx) error {
			state, err := tx.State()
			if err != nil {
				return err
			}
			return tx.SetState(syncproto.NewEpoch(state, w.now))
		}))
	}
	w.oracle.restored = true
	w.oracle.disaster(w)
}

// purge erases a record at the hub.
func (w *world) purge(k syncproto.Key) {
	err := w.store.Update(func(tx syncproto.HubTx) error { return w.hub.Purge(w.bug.hub(tx, nil), k, "依法", w.now) })
	if syncproto.CodeOf(err) == syncproto.CodeNotFound {
		return
	}
	must(err)
	w.oracle.purged(k)
}

// rescope gives a laptop's device another village.
func (w *world) rescope(l *laptop, scope string) {
	d := w.device(l)
	if d == nil {
		return
	}
	must(w.store.Update(func(tx syncproto.HubTx) error {
		d = cloneDevice(d)
		d.Scope, d.Subs, l.scope = scope, d.Subs+1, scope
		return tx.PutDevice(d)
	}))
	w.oracle.restored = true
}
