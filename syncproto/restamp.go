package syncproto

import "slices"

// aheadTolerance is how far ahead of the hub's clock unsent stamps may be
// before they are made anew: 10 minutes.
const aheadTolerance = 10 * 60 * 1000

// restamper gives unsent work new stamps: all of it under a new replica
// number, or what a wrong clock has stamped in the future. No one has seen
// these stamps yet, so nothing can refer to them but other unsent work.
type restamper struct {
	tx      ReplicaTx
	meta    *ReplicaMeta
	now     int64
	replica ReplicaID // old number
	all     bool      // make all anew, keep ids
	limit   Time      // else: stamps after this are wrong
	refused Time      // the same for what the hub may have joined already
	stamps  map[Stamp]Stamp
	ids     map[ID]ID
}

// Renamed tells that an unsent record has a new id.
type Renamed struct {
	Collection Collection
	Old, New   ID
}

// renumber moves all unsent work from the replica number old to meta's.
func renumber(tx ReplicaTx, meta *ReplicaMeta, old ReplicaID, now int64) error {
	r := &restamper{tx: tx, meta: meta, now: now, replica: old, all: true, stamps: map[Stamp]Stamp{}, ids: map[ID]ID{}}
	_, err := r.run()
	return err
}

// healClock makes unsent stamps anew that lie ahead of the corrected clock.
func healClock(tx ReplicaTx, meta *ReplicaMeta, now int64) ([]Renamed, error) {
	limit := TimeAt(now + meta.Offset + aheadTolerance)
	if meta.Clock.Last <= limit {
		return nil, nil
	}
	meta.Clock.Last = max(meta.Observed, TimeAt(now+meta.Offset))
	refused := TimeAt(now + meta.Offset + MaxAheadMillis)
	r := &restamper{tx: tx, meta: meta, now: now, replica: meta.Replica, limit: limit, refused: refused, stamps: map[Stamp]Stamp{}, ids: map[ID]ID{}}
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
	var renamed []Renamed
	for _, d := range deltas {
		if err := r.rename(d, &renamed); err != nil {
			return nil, err
		}
	}
	for _, d := range deltas {
		old := d.Key
		if r.rewrite(d) {
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
	}
	return renamed, nil
}

// rename finds a new id for an unsent record whose own is in the future.
func (r *restamper) rename(d *Delta, renamed *[]Renamed) error {
	if r.all || d.ID.Time <= r.limitOf(d) || d.ID.Replica != r.replica {
		return nil
	}
	agreed, err := r.tx.Agreed(d.Key)
	if err != nil || agreed != nil {
		return err
	}
	fresh := r.stamp(d.ID, d)
	*renamed = append(*renamed, Renamed{d.Collection, d.ID, fresh})
	r.ids[d.ID] = fresh
	return nil
}

// limitOf returns the time after which d's stamps are wrong. What has been
// sent may have been joined, reply lost, unless the hub refuses such stamps:
// a second form of it would double the record.
func (r *restamper) limitOf(d *Delta) Time {
	if d.Order <= r.meta.Offered {
		return r.refused
	}
	return r.limit
}

// stamp returns the new form of a stamp in d, the same for every use of it.
func (r *restamper) stamp(s Stamp, d *Delta) Stamp {
	if s.Replica != r.replica || !r.all && s.Time <= r.limitOf(d) {
		return s
	}
	n, ok := r.stamps[s]
	if !ok {
		n = Stamp{r.meta.Clock.Next(r.now + r.meta.Offset), r.meta.Replica}
		r.stamps[s] = n
	}
	return n
}

func (r *restamper) rewrite(d *Delta) (changed bool) {
	if id, ok := r.ids[d.ID]; ok {
		d.ID, changed = id, true
	}
	for i := range d.Fields {
		g := &d.Fields[i].Register
		fresh := Register{Seen: g.Seen}
		if !r.all {
			fresh.Seen = slices.DeleteFunc(slices.Clone(g.Seen), func(s Stamp) bool {
				return s.Replica == r.replica && s.Time > r.limitOf(d)
			})
		}
		for _, h := range g.Heads {
			if r.unsent(d, h.Stamp) {
				h.Stamp = r.stamp(h.Stamp, d)
			}
			if id, ok := r.ids[h.Value.Ref()]; ok && h.Value.Kind() == Ref {
				h.Value = RefOf(id)
			}
			fresh.Heads = append(fresh.Heads, h)
		}
		slices.SortFunc(fresh.Heads, func(a, b Head) int { return a.Stamp.Compare(b.Stamp) })
		if len(fresh.Seen) == 0 {
			fresh.Seen = nil
		}
		if !fresh.Equal(*g) {
			*g, changed = fresh, true
		}
	}
	return changed
}

// unsent reports whether a head of a delta is not one that the hub gave us.
func (r *restamper) unsent(d *Delta, s Stamp) bool {
	agreed, err := r.tx.Agreed(d.Key)
	if err != nil || agreed == nil {
		return true
	}
	for _, f := range agreed.Fields {
		if f.Has(s) {
			return false
		}
	}
	return true
}
