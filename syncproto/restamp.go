package syncproto

import (
	"math"
	"slices"
)

// aheadTolerance is how far ahead of the hub's clock unsent stamps may be
// before they are made anew: 10 minutes.
const aheadTolerance = Time(10 * 60 * 1000 << 16)

// restamper gives unsent work new stamps: all of it under a new replica
// number, or what a wrong clock has stamped in the future. The hub has never
// acknowledged these stamps, so that nothing but other unsent work is known to
// refer to them.
type restamper struct {
	tx      ReplicaTx
	meta    *ReplicaMeta
	now     int64
	replica ReplicaID // old number
	all     bool      // make all stamps anew, not only the wrong ones
	limit   Time      // stamps and ids after this are wrong
	refused Time      // the same for what the hub may have joined already
	jump    Time      // moves the clock on, by chance: a copy that does the same must not make the same stamps
	floor   Time      // no stamp of ours that stays is later, no new one earlier
	stamps  map[Stamp]Stamp
	ids     map[ID]ID
	taken   map[ID]bool // ids of the deltas as they were
}

// Renamed tells that an unsent record has a new id.
type Renamed struct {
	Collection Collection
	Old, New   ID
}

// renumber moves all unsent work from the replica number old to meta's. Ids
// stay, unless the hub would never take them: a copy of the store may have
// sent the same records. The offset must be fresh.
func renumber(tx ReplicaTx, meta *ReplicaMeta, old ReplicaID, now int64, jump Time) ([]Renamed, error) {
	r := newRestamper(tx, meta, now, plausible(meta, now)+aheadTolerance)
	r.jump = jump
	r.replica, r.all = old, true
	return r.run()
}

// newRestamper puts the clock right if it is past limit.
func newRestamper(tx ReplicaTx, meta *ReplicaMeta, now int64, limit Time) *restamper {
	if meta.Clock.Last > limit {
		meta.Clock.Last = plausible(meta, now)
	}
	return &restamper{tx: tx, meta: meta, now: now, replica: meta.Replica, limit: limit,
		refused: TimeAt(now + meta.Offset + MaxAheadMillis), stamps: map[Stamp]Stamp{}, ids: map[ID]ID{}, taken: map[ID]bool{}}
}

// plausible returns the time after which no stamp of ours should be: what the
// hub has shown or taken may be later than its own clock.
func plausible(meta *ReplicaMeta, now int64) Time {
	return max(TimeAt(now+meta.Offset), meta.Observed)
}

// clockAhead reports whether our clock has run ahead of the hub's.
func clockAhead(meta *ReplicaMeta, now int64) bool {
	return meta.Clock.Last > plausible(meta, now)+aheadTolerance
}

// healClock makes unsent stamps anew that lie further ahead of the hub's clock
// than the tolerance. The
// offset must be fresh: with an old one and a clock that was set back since,
// it would rename what the hub may have joined.
//
// What has left by stick is let alone unless the hub has refused it: it may
// get there when it is not ahead any more, and would be there twice.
func healClock(tx ReplicaTx, meta *ReplicaMeta, now int64, tolerance, jump Time, refused bool) ([]Renamed, error) {
	limit := plausible(meta, now) + tolerance
	if meta.Clock.Last <= limit {
		return nil, nil
	}
	r := newRestamper(tx, meta, now, limit)
	r.jump = jump
	if !refused && slices.ContainsFunc(meta.Sticks, func(up *Upload) bool { return up.Batch != nil }) {
		r.refused = math.MaxUint64
	}
	return r.run()
}

func (r *restamper) run() ([]Renamed, error) {
	var deltas []*Delta
	for d, err := range r.tx.Deltas() {
		if err != nil {
			return nil, err
		}
		deltas = append(deltas, d)
	}
	// What was sent and may have been joined keeps its stamps though they lie
	// ahead. The rest need not lie before it.
	r.keepSent()
	r.keep(slices.DeleteFunc(slices.Clone(deltas), func(d *Delta) bool { return d.Order > r.meta.Offered }))
	r.limit = max(r.limit, r.meta.Clock.Last)
	kept := r.keep(deltas)
	r.meta.Clock.Last = max(r.meta.Clock.Last, TimeAt(r.now+r.meta.Offset)) + r.jump
	r.floor = r.meta.Clock.Last
	for _, d := range deltas {
		r.taken[d.ID] = true
	}
	if err := r.refresh(deltas, kept); err != nil {
		return nil, err
	}
	var renamed []Renamed
	for _, d := range deltas {
		if err := r.rename(d, kept, &renamed); err != nil {
			return nil, err
		}
	}
	for _, d := range deltas {
		old := d.Key
		changed, err := r.rewrite(d)
		if err != nil {
			return nil, err
		}
		if !changed {
			continue
		}
		if old != d.Key {
			if err := r.tx.PutDelta(old, nil); err != nil {
				return nil, err
			}
		}
		d.Gen = r.meta.next()
		if err := r.tx.PutDelta(d.Key, d); err != nil {
			return nil, err
		}
	}
	return renamed, nil
}

// keepSent moves the clock past every stamp that the hub may have joined, though
// a later edit may have taken its place in the deltas: a new stamp before it
// would be one that the hub believes to have been replaced.
func (r *restamper) keepSent() {
	if r.all {
		return // the new number has signed nothing yet
	}
	for _, up := range r.meta.uploads() {
		if up.Newest <= max(r.limit, r.refused) {
			r.meta.Clock.Observe(up.Newest)
		}
	}
}

// keep returns the ids that stay, and moves the clock past every stamp of
// ours that does, so that no new one falls among them.
func (r *restamper) keep(deltas []*Delta) map[ID]bool {
	kept := map[ID]bool{}
	for _, d := range deltas {
		limit := r.limitOf(d)
		observe := func(s Stamp) {
			if s.Replica == r.replica && s.Time <= limit {
				r.meta.Clock.Observe(s.Time)
			}
		}
		if d.ID.Time <= limit {
			kept[d.ID] = true
		}
		observe(d.ID)
		for _, f := range d.Fields {
			for _, h := range f.Heads {
				observe(h.Stamp)
			}
			for _, s := range f.Seen {
				observe(s)
			}
		}
	}
	return kept
}

// refresh gives out the new stamps in the order of the old ones: what was
// written after something stays after it, in another field or record too.
func (r *restamper) refresh(deltas []*Delta, kept map[ID]bool) error {
	var due []Stamp
	for _, d := range deltas {
		agreed, err := r.tx.Agreed(d.Key)
		if err != nil {
			return err
		}
		if r.renames(d, agreed, kept) {
			due = append(due, d.ID)
		}
		for _, f := range d.Fields {
			for _, h := range f.Heads {
				if r.renews(h.Stamp, knownOf(agreed, f.Tag), r.limitOf(d)) {
					due = append(due, h.Stamp)
				}
			}
		}
	}
	slices.SortFunc(due, Stamp.Compare)
	for _, s := range due {
		r.fresh(s)
	}
	return nil
}

// renames reports whether an unsent record gets a new id. One under a number
// that was ours before does only where no hub would ever take it.
func (r *restamper) renames(d *Delta, agreed *Record, kept map[ID]bool) bool {
	return agreed == nil && !kept[d.ID] && d.ID.Time > r.limit && (d.ID.Replica == r.replica || d.ID.Time > r.refused)
}

// renews reports whether the stamp of a head gets a new form; known is what the
// hub is known to hold of the field.
func (r *restamper) renews(s Stamp, known Register, limit Time) bool {
	return s.Replica == r.replica && (r.all || s.Time > limit) && !known.Has(s)
}

// knownOf is the field of a record that may not be there.
func knownOf(agreed *Record, t Tag) (known Register) {
	if agreed != nil {
		known, _ = agreed.Field(t)
	}
	return known
}

// rename finds a new id for an unsent record whose own is in the future. A
// companion goes with the record whose id it shares.
func (r *restamper) rename(d *Delta, kept map[ID]bool, renamed *[]Renamed) error {
	agreed, err := r.tx.Agreed(d.Key)
	if err != nil || !r.renames(d, agreed, kept) {
		return err
	}
	fresh := r.fresh(d.ID)
	*renamed = append(*renamed, Renamed{d.Collection, d.ID, fresh})
	r.ids[d.ID] = fresh
	return nil
}

// limitOf returns the time after which d's stamps are wrong. What has been
// sent may have been joined, reply lost, unless the hub refuses such stamps:
// a second form of it would double the record.
func (r *restamper) limitOf(d *Delta) Time {
	if d.Order <= r.meta.Offered {
		return max(r.limit, r.refused)
	}
	return r.limit
}

// fresh returns the new form of a stamp, the same for every use of it.
func (r *restamper) fresh(s Stamp) Stamp {
	n, ok := r.stamps[s]
	for !ok {
		n = Stamp{r.meta.Clock.Next(r.now + r.meta.Offset), r.meta.Replica}
		// Not the id of another delta, though that may be about to get a new
		// one: the two would meet on their way.
		ok = !r.taken[n]
		r.stamps[s] = n
	}
	return n
}

// rewrite gives a delta its new id, stamps and references.
func (r *restamper) rewrite(d *Delta) (changed bool, err error) {
	agreed, err := r.tx.Agreed(d.Key)
	if err != nil {
		return false, err
	}
	if id, ok := r.ids[d.ID]; ok {
		d.ID, changed = id, true
	}
	for i := range d.Fields {
		g := &d.Fields[i].Register
		if fresh := r.register(*g, knownOf(agreed, d.Fields[i].Tag), r.limitOf(d)); !fresh.Equal(*g) {
			*g, changed = fresh, true
		}
	}
	return changed, nil
}

// register returns the new form of a delta's register; known is what the hub
// is known to hold of it.
func (r *restamper) register(g, known Register, limit Time) Register {
	var fresh Register
	for _, h := range g.Heads {
		if r.renews(h.Stamp, known, limit) {
			h.Stamp = r.fresh(h.Stamp)
		}
		if id, ok := r.ids[h.Value.Ref()]; ok && h.Value.Kind() == Ref {
			h.Value = RefOf(id)
		}
		fresh.Heads = append(fresh.Heads, h)
	}
	slices.SortFunc(fresh.Heads, func(a, b Head) int { return a.Stamp.Compare(b.Stamp) })
	for _, s := range g.Seen {
		if s.Replica == r.replica && (r.all || s.Time > limit) {
			if s.Time = min(s.Time, r.claimed(known)); s.Time == 0 {
				continue
			}
		}
		fresh.Seen = append(fresh.Seen, s)
	}
	return fresh
}

// claimed returns up to when a register may claim to have seen our own writes.
// The unsent ones after that are gone with their stamps. With the number
// still ours alone, we have seen all that stay; but if a copy of this store
// has used it too, only what the hub is known to hold.
func (r *restamper) claimed(known Register) Time {
	if r.all {
		return known.newest(r.replica)
	}
	return r.floor
}

// newest returns the newest time of a replica's writes that r knows, 0 if none.
func (r Register) newest(of ReplicaID) (t Time) {
	for _, h := range r.Heads {
		if h.Stamp.Replica == of {
			t = max(t, h.Stamp.Time)
		}
	}
	for _, s := range r.Seen {
		if s.Replica == of {
			t = max(t, s.Time)
		}
	}
	return t
}
