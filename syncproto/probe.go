package syncproto

import "slices"

// maxProbes bounds how often one sync looks for a difference; what it has not
// healed by then is tried at the next.
const maxProbes = 3

// probeRecords is how many hashes one request lists, about.
const probeRecords = 4096

// probeState is the replica's part of a comparison: first the days, then the
// records of the days that differ, a few days at a time.
type probeState struct {
	rounds int
	step   int // 0: none, 1: days, 2: records
	days   []uint32
	now    []uint32 // asked about in the request under way
}

func (p *probeState) active() bool { return p.step != 0 }

func (p *probeState) begin() {
	if p.rounds < maxProbes {
		p.rounds++
		p.step = 1
	}
}

func (p *probeState) next(tx ReplicaTx) (*Probe, error) {
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
	p.now = nil
	for _, day := range p.days {
		for h, err := range tx.OfDay(day) {
			if err != nil {
				return nil, err
			}
			q.Records = append(q.Records, h)
		}
		p.now = append(p.now, day)
		if len(q.Records) >= probeRecords {
			break
		}
	}
	q.Of = p.now
	return q, nil
}

// answered takes the hub's answer to the last probe.
func (p *probeState) answered(r *receiver) error {
	if p.step == 1 {
		p.days, p.step = r.reply.DifferDays, 2
	} else {
		if err := p.give(r); err != nil {
			return err
		}
		if !r.reply.More {
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
		d = &Delta{Record: NewRecord(ours.Collection, ours.ID), Order: r.meta.next()}
	}
	d.Join(ours)
	d.Gen = r.meta.next()
	if err := r.tx.PutAgreed(ours.Key, theirs, r.reply.Now); err != nil {
		return err
	}
	return r.tx.PutDelta(ours.Key, d)
}
