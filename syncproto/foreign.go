package syncproto

import "slices"

// foreign refuses what is signed with another laptop's number. Laptops meet
// through the hub only. So what one can know of another's writing under a
// number that was given out in this epoch, the hub has had in this epoch and
// cannot lack: nobody has it to give back. What bears a number of before may be
// new to a hub that was restored, and anyone may bring it. See
// docs/adr/0011-other-peoples-numbers.md.
func (x *exchange) foreign(w *work) (*Rejection, error) {
	for _, t := range w.changed {
		known := Register{}
		if w.before != nil {
			known, _ = w.before.Field(t)
		}
		now, _ := w.after.Field(t)
		r, err := x.forged(now, known)
		if err != nil {
			return nil, err
		}
		if r != 0 {
			if !slices.Contains(x.foreigners, r) {
				x.foreigners = append(x.foreigners, r)
			}
			return &Rejection{Code: CodeAuthor, Message: "这条记录署的是另一台电脑的编号，服务器不收"}, nil
		}
	}
	return nil, nil
}

// forged returns a stranger's number of which now has more than known: a head,
// another value of one, or a write that it says is superseded; 0 for none.
func (x *exchange) forged(now, known Register) (ReplicaID, error) {
	for _, h := range now.Heads {
		if slices.Contains(known.Heads, h) {
			continue
		}
		if strange, err := x.stranger(h.Stamp.Replica); strange || err != nil {
			return h.Stamp.Replica, err
		}
	}
	for _, w := range now.Seen {
		// Who is whose laptop is asked only of what the hub does not know itself.
		if w.Time <= known.newest(w.Replica) {
			continue
		}
		if strange, err := x.stranger(w.Replica); strange || err != nil {
			return w.Replica, err
		}
	}
	return 0, nil
}

// soon is how many numbers the hub may not have given out yet and are no one's
// to sign with: who claims to have seen the writes of a number to come would
// have them superseded before they are made.
const soon = 1 << 16

// stranger reports whether a number was given out in this epoch to another
// laptop than the one that is sending, or may be given out next.
func (x *exchange) stranger(r ReplicaID) (bool, error) {
	first := x.state.FirstReplica
	if r == x.device.Replica || first == 0 || r < first || r >= x.state.NextReplica+soon {
		return false, nil
	}
	if x.kin == nil {
		family, err := Family(x.tx, x.device)
		if err != nil {
			return false, err
		}
		x.kin = map[ReplicaID]bool{}
		for _, d := range family {
			x.kin[d.Replica] = true
		}
	}
	return !x.kin[r], nil
}
