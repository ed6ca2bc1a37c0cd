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
		for _, r := range now.news(known) {
			forged, err := x.stranger(r)
			if err != nil {
				return nil, err
			}
			if forged {
				if !slices.Contains(x.foreigners, r) {
					x.foreigners = append(x.foreigners, r)
				}
				return &Rejection{Code: CodeAuthor, Message: "这条记录署的是另一台电脑的编号，服务器不收"}, nil
			}
		}
	}
	return nil, nil
}

// news lists the numbers of which r has more than known: a head, another value
// of one, or a write that it says is superseded.
func (r Register) news(known Register) (numbers []ReplicaID) {
	for _, h := range r.Heads {
		if !slices.Contains(known.Heads, h) {
			numbers = append(numbers, h.Stamp.Replica)
		}
	}
	for _, s := range r.Seen {
		if s.Time > known.newest(s.Replica) {
			numbers = append(numbers, s.Replica)
		}
	}
	return numbers
}

// stranger reports whether a number was given out in this epoch, to another
// laptop than the one that is sending.
func (x *exchange) stranger(r ReplicaID) (bool, error) {
	first := x.state.FirstReplica
	if r == x.device.Replica || first == 0 || r < first || r >= x.state.NextReplica {
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
