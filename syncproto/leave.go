package syncproto

// drop removes what left our scopes and what was purged. Unsent edits of a
// record that left stay until they are sent or taken back; those of a purged
// one go with it.
func (r *receiver) drop() error {
	due := map[ID]Collection{} // work still to be sent, the least collection of an id
	if len(r.reply.Gone) > 0 {
		for d, err := range r.tx.Deltas() {
			if err != nil {
				return err
			}
			if c, ok := due[d.ID]; d.Rejected == nil && (!ok || d.Collection < c) {
				due[d.ID] = d.Collection
			}
		}
	}
	compared := r.compared()
	for _, k := range r.reply.Gone {
		if r.acked[k] != nil && !r.passed[k] {
			r.pass(k)
			r.found.Handed++
		}
		// A companion has a greater collection than the record that it
		// accompanies: with both ways they would hold each other for ever.
		c, ok := due[k.ID]
		if err := r.leave(k, ok && c < k.Collection, compared); err != nil {
			return err
		}
	}
	for _, k := range r.reply.Purged {
		if err := r.tx.PutAgreed(k, nil, 0); err != nil {
			return err
		}
		if err := r.tx.PutDelta(k, nil); err != nil {
			return err
		}
	}
	if len(r.reply.Gone)+len(r.reply.Purged) > 0 {
		r.found.Arrived = nil // it may be among them
	}
	r.found.Dropped += len(r.reply.Gone) + len(r.reply.Purged)
	r.found.Changed = append(append(r.found.Changed, r.reply.Gone...), r.reply.Purged...)
	return nil
}

// compared returns the hashes that the hub has just compared: a record that it
// lets go after that, it has as we have it.
func (r *receiver) compared() map[Key]uint64 {
	if r.req == nil || r.req.Probe == nil {
		return nil
	}
	out := make(map[Key]uint64, len(r.req.Probe.Records))
	for _, h := range r.req.Probe.Records {
		out[h.Key] = h.Hash
	}
	return out
}

// leave drops a record that left our scopes, after what the hub may lack of
// it went up. What stays to be sent stays whole, with its companions: a later
// edit of a part that we had forgotten would claim to have seen our own writes
// in it.
func (r *receiver) leave(k Key, accompanies bool, compared map[Key]uint64) error {
	agreed, err := r.tx.Agreed(k)
	if err != nil || agreed == nil {
		return err
	}
	d, err := r.tx.Delta(k)
	if err != nil {
		return err
	}
	sent := r.acked[k]
	hash, listed := compared[k]
	same := sent != nil && sent.Equal(agreed) || listed && hash == agreed.Hash().Short()
	unsure := r.meta.Verified.At != 0 && !r.meta.Verified.Equal && !same
	if d == nil && (unsure || accompanies) {
		r.pass(k) // nobody's unsent work
		d = &Delta{Record: NewRecord(k.Collection, k.ID), Order: r.meta.next()}
	}
	if d != nil {
		d.Join(agreed)
		d.Gen = r.meta.next()
		if err := r.tx.PutDelta(k, d); err != nil {
			return err
		}
	}
	return r.tx.PutAgreed(k, nil, 0)
}

// pass notes that a record's unsent work was counted, or that it has none.
func (s *Session) pass(k Key) {
	if s.passed == nil {
		s.passed = map[Key]bool{}
	}
	s.passed[k] = true
}
