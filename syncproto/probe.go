package syncproto

import "slices"

// maxProbes bounds how often one sync looks for a difference; what it has not
// healed by then is tried at the next.
const maxProbes = 3

// probeRecords is how many hashes one request lists at most: about 64 kB.
const probeRecords = 4096

// probeState is the replica's part of a comparison: first the days, then the
// records of the days that differ, a few days at a time.
type probeState struct {
	rounds int
	step   int // 0: none, 1: days, 2: records
	days   []uint32
	from   Key      // of the first day: what comes before has been compared
	now    []uint32 // asked about in the request under way
	to     Key      // and up to where, of its last day; zero: to the end
}

func (p *probeState) active() bool { return p.step != 0 }

func (p *probeState) begin() {
	if p.rounds < maxProbes {
		p.rounds++
		p.step = 1
	}
}

func (p *probeState) next(tx ReplicaTx, version int) (*Probe, error) {
	q := &Probe{}
	if p.step == 1 {
		for d, err := range tx.Days() {
			if err != nil {
				return nil, err
			}
			q.Days = append(q.Days, d)
		}
		return q, nil
	}
	p.now, p.to = nil, Key{}
	for _, day := range p.days {
		hashes, err := hashesOf(tx, day, p.from)
		if err != nil {
			return nil, err
		}
		if len(p.now) > 0 && len(q.Records)+len(hashes) > probeRecords {
			break
		}
		p.now = append(p.now, day)
		if len(hashes) > probeRecords && version >= 2 {
			p.to = hashes[probeRecords].Key
			hashes = hashes[:probeRecords]
		}
		q.Records = append(q.Records, hashes...)
		if p.from != (Key{}) || p.to != (Key{}) {
			q.From, q.To = p.from, p.to // such a day goes alone
			break
		}
	}
	q.Of = p.now
	return q, nil
}

// hashesOf lists a day's records from a key on, in the order of their keys.
func hashesOf(tx ReplicaTx, day uint32, from Key) (list []RecordHash, err error) {
	for h, err := range tx.OfDay(day) {
		if err != nil {
			return nil, err
		}
		if from.Compare(h.Key) <= 0 {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, func(a, b RecordHash) int { return a.Key.Compare(b.Key) })
	return list, nil
}

// answered takes the hub's answer to the last probe.
func (p *probeState) answered(r *receiver) error {
	if p.step == 1 {
		p.days, p.step, p.from = r.reply.DifferDays, 2, Key{}
	} else {
		if err := p.give(r); err != nil {
			return err
		}
		switch {
		case r.reply.More:
		case p.to != (Key{}):
			p.from = p.to
		default:
			p.from = Key{}
			p.days = slices.DeleteFunc(p.days, func(d uint32) bool { return slices.Contains(p.now, d) })
		}
	}
	if len(p.days) == 0 {
		p.step = 0
		r.more = true // compare once more when all is sent
	}
	return nil
}

// give turns into unsent work what the hub lacks of our agreed records.
func (p *probeState) give(r *receiver) error {
	batch, err := r.opts.Codec.Decode(r.reply.Batch)
	if err != nil {
		return err
	}
	theirs := make(map[Key]*Record, len(batch.Records))
	for _, rec := range batch.Records {
		theirs[rec.Key] = rec
	}
	r.found.Healed += len(batch.Records) + len(r.reply.Gone) + len(r.reply.Purged)
	for _, k := range r.reply.Want {
		ours, err := r.tx.Agreed(k)
		if err != nil {
			return err
		}
		if ours == nil || theirs[k] != nil && ours.Equal(theirs[k]) {
			continue // joined already: the hub's was the newer
		}
		if theirs[k] == nil {
			r.found.Healed++
		}
		if err := p.resend(r, ours, theirs[k]); err != nil {
			return err
		}
	}
	return nil
}

// resend makes theirs the agreed record again and ours an unsent delta.
func (p *probeState) resend(r *receiver, ours, theirs *Record) error {
	d, err := r.tx.Delta(ours.Key)
	if err != nil {
		return err
	}
	if d == nil {
		r.pass(ours.Key) // it had gone up before
		d = &Delta{Record: NewRecord(ours.Collection, ours.ID), Order: r.meta.next()}
	}
	d.Join(ours)
	d.Gen, d.Rejected = r.meta.next(), nil // the hub asks for it, and refused a part without the rest
	if err := r.tx.PutAgreed(ours.Key, theirs, r.reply.Now); err != nil {
		return err
	}
	return r.tx.PutDelta(ours.Key, d)
}
