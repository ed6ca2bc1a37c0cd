package syncproto

import (
	"maps"
	"slices"
)

// probe answers a comparison: which days differ, or, for the days whose
// records it lists, what either side lacks.
func (x *exchange) probe() error {
	p := x.req.Probe
	if len(p.Of) == 0 && !x.req.Stick {
		days, err := x.days()
		if err != nil {
			return err
		}
		for _, d := range p.Days {
			if days[d.Day] == d.Sum {
				delete(days, d.Day)
			} else if _, ok := days[d.Day]; !ok {
				days[d.Day] = Sum{}
			}
		}
		for d := range days {
			x.reply.DifferDays = append(x.reply.DifferDays, d)
		}
		slices.Sort(x.reply.DifferDays)
		if n := len(x.reply.DifferDays); n > MaxDays {
			x.reply.DifferDays = x.reply.DifferDays[:MaxDays]
		}
		return nil
	}
	theirs := make(map[Key]uint64, len(p.Records))
	for _, h := range p.Records {
		theirs[h.Key] = h.Hash
	}
	of, err := x.daysOf(p)
	if err != nil {
		return err
	}
	for _, d := range of {
		if err := x.probeDay(d, theirs); err != nil {
			return err
		}
	}
	for k, hash := range theirs {
		if err := x.stray(k, hash); err != nil {
			return err
		}
	}
	slices.SortFunc(x.reply.Want, Key.Compare)
	slices.SortFunc(x.reply.Gone, Key.Compare)
	slices.SortFunc(x.reply.Purged, Key.Compare)
	return nil
}

// daysOf returns the days whose records are to be compared. A stick lists all
// that its replica has; there is no asking again for days of which it has none.
func (x *exchange) daysOf(p *Probe) ([]uint32, error) {
	if !x.req.Stick {
		return p.Of, nil
	}
	days, err := x.days()
	if err != nil {
		return nil, err
	}
	for _, d := range p.Of {
		days[d] = Sum{}
	}
	return slices.Sorted(maps.Keys(days)), nil
}

func (x *exchange) days() (map[uint32]Sum, error) {
	out := map[uint32]Sum{}
	for _, s := range x.scopes {
		for d, err := range x.tx.Days(s) {
			if err != nil {
				return nil, err
			}
			if d.Count > 0 || d.Lo != 0 || d.Hi != 0 {
				out[d.Day] = out[d.Day].Plus(d.Sum)
			}
		}
	}
	return out, nil
}

// probeDay sends the records of a day that the replica lacks or has
// otherwise, and takes what agrees out of theirs.
func (x *exchange) probeDay(day uint32, theirs map[Key]uint64) error {
	for _, s := range x.scopes {
		for h, err := range x.tx.OfDay(s, day) {
			if err != nil {
				return err
			}
			if !x.req.Probe.within(h.Key) {
				continue
			}
			hash, has := theirs[h.Key]
			delete(theirs, h.Key)
			if has && hash == h.Hash {
				continue
			}
			if x.size >= x.req.Budget {
				x.reply.More = true
				continue
			}
			if has {
				x.reply.Want = append(x.reply.Want, h.Key)
			}
			st, err := x.tx.Record(h.Key)
			if err != nil {
				return err
			}
			x.add(st.Record, st.Received)
		}
	}
	return nil
}

// stray decides about a record that the replica has and its scopes lack. What
// may hold work that we lack is asked for first; its echo tells it to go.
func (x *exchange) stray(k Key, hash uint64) error {
	st, err := x.tx.Record(k)
	switch {
	case err != nil:
		return err
	case st == nil:
		x.reply.Want = append(x.reply.Want, k)
	case st.Purged:
		x.reply.Purged = append(x.reply.Purged, k)
	case st.Hash().Short() != hash, x.deposited(k.Collection): // who shows a deposit goes on holding it
		x.reply.Want = append(x.reply.Want, k)
	default:
		x.reply.Gone = append(x.reply.Gone, k)
	}
	return nil
}
