package syncproto

import (
	"slices"
	"strings"
)

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

// overclaims reports whether a laptop says that the hub has superseded more of
// its own than it can know of: what the hub has seen when it wrote something is
// older than that. Else a version that others hold would go when it comes back.
func (x *exchange) overclaims(w *work) bool {
	_, open, _ := x.Clerk.Seal(w.sent.Collection)
	var newest Time
	for _, v := range x.versions(w.sent) {
		newest = max(newest, v.Newest())
	}
	for _, f := range w.sent.Fields {
		if slices.Contains(open, f.Tag) {
			continue
		}
		known := Register{}
		if w.before != nil {
			known, _ = w.before.Field(f.Tag)
		}
		for _, s := range f.Seen {
			if s.Time > newest && !known.Supersedes(s) {
				return true
			}
		}
	}
	return false
}

// unite makes one version of an item of the inbox out of several, with the
// content of all. What must not be joined is returned for items of its own: an
// item never loses a value, and holds no more than people have seen who have
// decided about it. A decision about what is not there any more, because the
// item has grown since, is void: the item waits again.
func (x *exchange) unite(r *Record) (united *Record, apart []*Record, err error) {
	versions := x.versions(r)
	item, _ := x.Clerk.ReadInbox(r)
	base := item
	if item.Decided {
		v := x.decidedOn(r, versions)
		switch {
		case v == nil:
			item.Decided, item.Reason = false, again(item.Reason)
		case len(versions) > 1:
			base, _ = x.Clerk.ReadInbox(v)
		}
	}
	if len(versions) < 2 && item.Decided == base.Decided {
		return r, nil, nil
	}
	all, err := x.Content(base)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range versions {
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
	if err != nil {
		return nil, nil, err
	}
	x.redecide(united, item.Decided)
	return united, apart, nil
}

// decidedOn returns the version of an item about which people have decided,
// the oldest of several; nil if it is none of these.
func (x *exchange) decidedOn(r *Record, versions []*Record) (on *Record) {
	seal, _, _ := x.Clerk.Seal(r.Collection)
	decision, saw := x.Clerk.Decision()
	seen, _ := r.Field(saw)
	decided, _ := r.Field(decision[0])
	for _, v := range versions {
		s, _ := v.Field(seal)
		named := slices.ContainsFunc(seen.Heads, func(h Head) bool { return h.Value == s.Shown().Value })
		if len(r.Value(saw).Bytes()) == 0 { // of a peer that does not say it
			named = s.Shown().Stamp.Time <= decided.Shown().Stamp.Time
		}
		if named && (on == nil || v.Newest() < on.Newest()) {
			on = v
		}
	}
	return on
}

// redecide lets the decision about an item stand for the version that the hub
// has just made of it, or takes it back.
func (x *exchange) redecide(r *Record, stands bool) {
	seal, _, _ := x.Clerk.Seal(r.Collection)
	decision, saw := x.Clerk.Decision()
	s, _ := r.Field(seal)
	at := s.Shown().Stamp
	if stands {
		r.Write(saw, at, s.Shown().Value)
		return
	}
	for _, t := range append(decision, saw) {
		if _, ok := r.Field(t); ok {
			r.Write(t, at, Value{})
		}
	}
}

// again says once that an item waits for the second time.
func again(reason string) string {
	const grown = "决定之后又来了新内容，请再看一遍"
	switch {
	case strings.Contains(reason, grown):
		return reason
	case reason == "":
		return grown
	}
	return reason + "；" + grown
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
		if err != nil {
			return err
		}
		if rec == nil { // it was in an item: there must be room
			return &Error{Code: CodeInternal, Message: "收件的内容放不下", Hint: "请联系维护人员"}
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
