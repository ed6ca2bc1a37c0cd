package syncproto

import "slices"

// Purge erases a record for good, with what the inbox has about it: its id
// stays, so that a late copy cannot bring it back. The trace of it goes to all
// who could hold the record, and comes back from them after a restore.
func (h *Hub) Purge(tx HubTx, k Key, reason string, now int64) error {
	x := &exchange{Hub: h, tx: tx, now: now, reply: &Reply{}}
	var err error
	if x.state, err = tx.State(); err != nil {
		return err
	}
	old, err := tx.Record(k)
	if err != nil {
		return err
	}
	if old == nil {
		items, err := x.items(k) // not its deposits: they have no place
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return &Error{Code: CodeNotFound, Message: "没有这条记录", Hint: "请核对编号"}
		}
		old = &Stored{Home: items[0].Home}
	}
	if old.Purged {
		return nil
	}
	if err := x.erase(k); err != nil {
		return err
	}
	if h.clerk() {
		at := Stamp{x.state.Clock.Next(now), HubReplica}
		rec := h.Clerk.Erased(at, Erasure{Of: k, Home: old.Home, At: now, Reason: reason})
		h.seal(rec, at)
		if err := x.put(nil, rec, nil); err != nil {
			return err
		}
	}
	return tx.SetState(x.state)
}

func (x *exchange) inboxOf(k Key) ([]*Stored, error) {
	if !x.clerk() {
		return nil, nil
	}
	return x.office(k)
}

// erase buries a record, whether it is here or not, and its inbox.
func (x *exchange) erase(k Key) error {
	if x.own(k.Collection) {
		return nil // the hub's own records are no one's to erase
	}
	old, err := x.tx.Record(k)
	if err != nil {
		return err
	}
	items, err := x.inboxOf(k)
	if err != nil {
		return err
	}
	for _, st := range items {
		if err := x.bury(st.Key, st); err != nil {
			return err
		}
	}
	if old != nil && old.Purged {
		return nil
	}
	return x.bury(k, old)
}

// bury replaces a record by its id.
func (x *exchange) bury(k Key, old *Stored) error {
	x.state.Seq++
	st := &Stored{Record: NewRecord(k.Collection, k.ID), Seq: x.state.Seq, Received: x.now, Purged: true}
	if old != nil {
		st.Home = old.Home
		for _, p := range old.Places {
			st.Places = append(st.Places, Place{Scope: p.Scope, Seq: st.Seq, Since: st.Seq, Gone: true})
		}
		if err := x.sums(old, st); err != nil {
			return err
		}
	}
	return x.tx.PutRecord(old, st)
}

// Write stores a record of the hub's own making, such as a notice of the
// township office; r's stamps come from the clock in the hub's state.
func (h *Hub) Write(tx HubTx, make func(Stamp) *Record, now int64) (Key, error) {
	return h.write(tx, func(HubState) ReplicaID { return HubReplica }, make, now)
}

func (h *Hub) write(tx HubTx, as func(HubState) ReplicaID, make func(Stamp) *Record, now int64) (Key, error) {
	x := &exchange{Hub: h, tx: tx, now: now, reply: &Reply{}}
	var err error
	if x.state, err = tx.State(); err != nil {
		return Key{}, err
	}
	at := Stamp{x.state.Clock.Next(now), as(x.state)}
	r := make(at)
	old, err := tx.Record(r.Key)
	if err != nil {
		return Key{}, err
	}
	h.seal(r, at)
	changed := tagsOf(r)
	if old != nil {
		joined := old.Record.Clone()
		changed = joined.Join(r)
		r = joined
	}
	if err := x.put(old, r, changed); err != nil {
		return Key{}, err
	}
	return r.Key, tx.SetState(x.state)
}

// Rewrite makes a stored record of the hub's own say something else, under the
// number of the epoch: after a restore it must not claim to have seen what was
// written in the time that was lost.
func (h *Hub) Rewrite(tx HubTx, k Key, make func(Stamp) *Record, now int64) error {
	old, err := tx.Record(k)
	if err != nil {
		return err
	}
	if old == nil || old.Purged {
		return &Error{Code: CodeNotFound, Message: "没有这条记录", Hint: "请核对编号"}
	}
	_, err = h.write(tx, HubState.Own, func(at Stamp) *Record { return h.rewrite(old.Record, make(at), at) }, now)
	return err
}

// gaveBack counts what a laptop that was renumbered, as all are after a
// restore, brings of the time before: it is not written under its number.
func (x *exchange) gaveBack(w *work) {
	d := x.device
	if d.Before == 0 || d.Whole != 0 {
		return
	}
	for _, f := range w.sent.Only(w.changed).Fields {
		if slices.ContainsFunc(f.Heads, func(h Head) bool { return h.Stamp.Replica != d.Replica }) {
			for i := range d.Returned {
				if d.Returned[i].Collection == w.sent.Collection {
					d.Returned[i].Records++
					return
				}
			}
			d.Returned = append(d.Returned, KindCount{w.sent.Collection, 1})
			return
		}
	}
}
