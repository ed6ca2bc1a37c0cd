package syncproto

import "slices"

// After a restore two versions of an item may meet that grew apart: the one
// that the backup had, with what came since, and one of the time that was lost.
// Each holds work that the other lacks, and an item shows only one.

// versions returns the versions of a record of the hub's own, the one that it
// shows first: every one is whole, under the stamp of its seal.
func (h *Hub) versions(r *Record) (out []*Record) {
	seal, open, _ := h.Clerk.Seal(r.Collection)
	seals, _ := r.Field(seal)
	for _, s := range seals.Heads {
		v := NewRecord(r.Collection, r.ID)
		for _, f := range r.Fields {
			if slices.Contains(open, f.Tag) {
				continue
			}
			for _, head := range f.Heads {
				if head.Stamp == s.Stamp {
					v.Write(f.Tag, s.Stamp, head.Value)
				}
			}
		}
		switch {
		case !h.genuine(v):
		case s.Stamp == seals.Shown().Stamp:
			out = slices.Insert(out, 0, v)
		default:
			out = append(out, v)
		}
	}
	return out
}

// unite makes one version of an item of the inbox out of several, with the
// content of all. What must not be joined is returned for items of its own:
// people have decided about what they saw, and an item never loses a value.
func (x *exchange) unite(r *Record) (united *Record, apart []*Record, err error) {
	versions := x.versions(r)
	if len(versions) < 2 {
		return r, nil, nil
	}
	item, _ := x.Clerk.ReadInbox(r)
	all, err := x.Content(item)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range versions[1:] {
		other, _ := x.Clerk.ReadInbox(v)
		content, err := x.Content(other)
		if err != nil {
			return nil, nil, err
		}
		both := all.Clone()
		switch {
		case len(both.Join(content)) == 0:
		case item.Decided || !both.keeps(all) || !both.keeps(content) || len(AppendRecord(nil, both)) > maxContent:
			apart = append(apart, content)
		default:
			all = both
		}
	}
	united, err = x.itemOf(item, all, r)
	return united, apart, err
}

// fileApart brings contents that unite has set apart into the inbox, beside
// the item from which they come, with the same holders.
func (x *exchange) fileApart(from *Record, apart []*Record) error {
	item, _ := x.Clerk.ReadInbox(from)
	for _, content := range apart {
		of, err := x.tx.Record(item.Of)
		if err != nil || of != nil && of.Purged {
			return err
		}
		if of != nil && len(of.Record.Clone().Join(content)) == 0 {
			continue // it was taken, and joined
		}
		rec, err := x.enter(item, content)
		if err != nil || rec == nil {
			return err
		}
		holders, err := x.tx.Record(Key{x.Clerk.Deposits(), from.ID})
		if err != nil {
			return err
		}
		if err := x.deposit(rec, homeOf(holders), nil); err != nil {
			return err
		}
	}
	return nil
}
