package syncproto

import (
	"bytes"
	"slices"
)

// acknowledge moves what the hub has joined from the deltas to the agreed
// records. An edit made during the upload stays to be sent.
func (r *receiver) acknowledge() error {
	batch, err := r.uploaded()
	if err != nil {
		return err
	}
	rejected := make(map[Key]*Rejection, len(r.reply.Rejections))
	for i := range r.reply.Rejections {
		rejected[r.reply.Rejections[i].Key] = &r.reply.Rejections[i]
	}
	gens := make(map[Key]uint64, len(r.sent.Gens))
	for _, g := range r.sent.Gens {
		gens[g.Key] = g.Gen
	}
	for _, rec := range batch.Records {
		gen, err := r.tx.Gen(rec.Key)
		if err != nil {
			return err
		}
		same := gen != 0 && gen == gens[rec.Key]
		if rej := rejected[rec.Key]; rej != nil {
			if err := r.turnedDown(rec.Key, rej, same); err != nil {
				return err
			}
			continue
		}
		if !same && !r.current {
			continue // what became of it since, a later answer has told
		}
		if r.newsless() && slices.Contains(r.reply.Gone, rec.Key) {
			continue // it may have been the only copy: a reply with what to keep of it will come
		}
		if err := r.keep(rec, same); err != nil {
			return err
		}
		r.acked[rec.Key] = rec
		r.meta.Observed = max(r.meta.Observed, rec.Newest())
		if same {
			if err := r.tx.PutDelta(rec.Key, nil); err != nil {
				return err
			}
		}
		r.found.Sent++
	}
	return nil
}

// turnedDown notes that the hub did not join a record; same: it is still as it
// was sent.
func (r *receiver) turnedDown(k Key, rej *Rejection, same bool) error {
	r.found.Rejected++
	r.found.Changed = append(r.found.Changed, k)
	if !same {
		return nil
	}
	d, err := r.tx.Delta(k)
	if err != nil {
		return err
	}
	d.Rejected = rej
	return r.tx.PutDelta(k, d)
}

// keep joins what the hub has joined into what it is known to hold. A new
// record that is still as it was sent looks as it did.
func (r *receiver) keep(rec *Record, same bool) error {
	agreed, err := r.tx.Agreed(rec.Key)
	if err != nil {
		return err
	}
	if agreed == nil && same {
		r.found.Arrived = append(r.found.Arrived, Arrived{rec, r.reply.Now})
	}
	return r.agreeWith(agreed, rec, r.reply.Now)
}

// newsless reports whether the reply tells what became of the upload and
// nothing else that counts.
func (r *receiver) newsless() bool { return !r.current || len(r.reply.Lease) == 0 }

// uploaded returns what is in the upload that was answered.
func (r *receiver) uploaded() (*Batch, error) {
	if r.made != nil && bytes.Equal(r.made.Nonce, r.sent.Nonce) {
		return r.content, nil
	}
	return r.opts.Codec.Decode(r.sent.Batch)
}

// agree joins rec into what the hub is known to hold.
func (r *receiver) agree(rec *Record, received int64) error {
	agreed, err := r.tx.Agreed(rec.Key)
	if err != nil {
		return err
	}
	return r.agreeWith(agreed, rec, received)
}

func (r *receiver) agreeWith(agreed, rec *Record, received int64) error {
	if agreed == nil {
		agreed = rec
	} else if len(agreed.Join(rec)) == 0 {
		return nil
	}
	r.found.Changed = append(r.found.Changed, rec.Key)
	return r.tx.PutAgreed(rec.Key, agreed, received)
}
