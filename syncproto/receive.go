package syncproto

import (
	"bytes"
	"slices"
)

// Receive joins a reply. An error of the hub comes back as *Error; what the
// machine can heal by itself does not.
func (s *Session) Receive(tx ReplicaTx, p *Reply, now int64) (Progress, error) {
	s.found.Changed, s.found.Arrived, s.found.Renamed, s.found.Replaced = nil, nil, nil, nil
	s.found.Handed = 0
	meta, err := tx.Meta()
	if err != nil {
		return s.found, err
	}
	s.found.Exchanges++
	s.lost = 0
	if s.req != nil && s.overtaken(&meta) {
		return s.found, nil
	}
	r := &receiver{Session: s, tx: tx, meta: &meta, reply: p, now: now, acked: map[Key]*Record{}}
	r.current = s.req == nil || s.req.Cursor.Equal(meta.Cursor)
	run := r.run
	if p.Error != nil {
		run = r.refused
	}
	meta.Offset = r.offset(meta.Offset)
	if err := run(); err != nil {
		return s.found, err
	}
	if p.Version > 0 {
		meta.HubVersion = p.Version
	}
	s.timed = true
	return s.found, tx.SetMeta(meta)
}

// overtaken reports whether the store has had, on another way, an answer to
// the upload whose reply this is, or another number: nothing of it counts.
func (s *Session) overtaken(meta *ReplicaMeta) bool {
	return !bytes.Equal(s.req.Token, meta.Token) || s.sent != nil && meta.awaits(s.sent.Nonce) == nil
}

// offset returns how far the hub's clock is before ours. A file is long under
// way: its answer tells only between what the offset must be.
func (r *receiver) offset(known int64) int64 {
	least := r.reply.Now - r.now
	if r.req == nil || !r.req.Stick {
		return least
	}
	return max(min(known, r.reply.Now-r.req.Now), least)
}

// maxHeals bounds how often one sync goes on after being refused.
const maxHeals = 4

// refused heals what can be healed and returns everything else.
func (r *receiver) refused() error {
	r.heals++
	switch code := r.reply.Error.Code; {
	case r.heals > maxHeals:
		return r.reply.Error
	case code == CodeClockAhead:
		r.void()
		if r.later() {
			return nil
		}
		return r.heal(0)
	case code == CodeVersion && r.other():
		r.meta.HubVersion, r.claim = r.reply.Version, true // what is pending may be packed in the newer way
		return nil
	case code == CodePrime && r.primed != nil:
		r.primed, r.unprimed = nil, true // the same upload goes again as it is
		return nil
	case code == CodeEpoch, code == CodeLease:
		r.claim = true
		return nil
	default:
		return r.reply.Error
	}
}

// later reports whether a later upload than the one that was refused is under
// way: it may yet be joined, so its stamps must stay. Not so the rest of the
// same bundle, which the hub never takes without this one.
func (r *receiver) later() bool {
	return r.sent != nil && slices.ContainsFunc(r.meta.uploads(), func(up *Upload) bool {
		return up.Order > r.sent.Order && up.Made != r.sent.Made
	})
}

// void forgets the content of an upload, but not its nonce and stamps.
func (r *receiver) void() {
	m := r.meta
	if r.sent == nil || m.Pending != nil && bytes.Equal(m.Pending.Nonce, r.sent.Nonce) {
		m.withdraw()
		return
	}
	m.Sticks = slices.Clone(m.Sticks)
	for i, up := range m.Sticks {
		if bytes.Equal(up.Nonce, r.sent.Nonce) {
			m.Sticks[i] = &Upload{Nonce: up.Nonce, Order: up.Order, Made: up.Made, Newest: up.Newest}
		}
	}
}

// other reports whether the hub speaks another version that we speak too.
func (r *receiver) other() bool {
	v := min(r.reply.Version, r.opts.Version)
	return r.req != nil && v >= MinVersion && v != r.req.Version
}

// observe moves the clock past what came from the hub, and then a little by
// chance: see Opened.
func (r *receiver) observe() error {
	m := r.meta
	if m.Observed <= m.Clock.Last {
		return nil
	}
	jump, err := clockJump(r.opts.Rand)
	m.Clock.Last = m.Observed + jump
	return err
}

// heal makes stamps of a clock that ran ahead anew.
func (r *receiver) heal(tolerance Time) error {
	jump, err := clockJump(r.opts.Rand)
	if err != nil {
		return err
	}
	renamed, err := healClock(r.tx, r.meta, r.now, tolerance, jump, r.reply.Error != nil)
	r.found.Renamed = append(r.found.Renamed, renamed...)
	return err
}

// receiver is one Receive.
type receiver struct {
	*Session
	tx    ReplicaTx
	meta  *ReplicaMeta
	reply *Reply
	now   int64
	acked map[Key]*Record // of the upload: what the hub has joined
	// current says that our cursor still is the request's. Else only what the
	// upload comes to is of use: the news are older than what we know.
	current bool
}

func (r *receiver) run() error {
	p, m := r.reply, r.meta
	if p.Renumber != 0 {
		return r.renumber()
	}
	// Where the reply is not to an upload, a stick that was read meanwhile may
	// have brought a newer lease.
	if len(p.Lease) > 0 && (r.sent != nil && !r.sent.Passed || r.sent == nil && (r.req == nil || bytes.Equal(r.req.Lease, m.Lease))) {
		m.Lease = p.Lease
	}
	overtaken := false
	if r.sent != nil && m.Cursor.Epoch == 0 && !p.Moved {
		// A first copy does not tell what left or was erased since: the work
		// is sent once more when there is a cursor.
		if err := r.unheard(); err != nil {
			return err
		}
		r.void()
		r.sent = nil
	}
	if r.sent != nil {
		if err := r.acknowledge(); err != nil {
			return err
		}
		if overtaken = len(p.Lease) == 0; overtaken {
			if err := r.unheard(); err != nil {
				return err
			}
			r.void() // it may have turned the lease before: its nonce stays known
		} else {
			if err := m.answered(r.tx, r.sent); err != nil {
				return err
			}
		}
		r.sent = nil
	}
	if r.claim {
		m.withdraw()
		r.claim, r.asking = false, nil
	}
	if !r.current {
		p = r.outdated()
		r.reply = p
	}
	if err := r.join(); err != nil {
		return err
	}
	// Before anything is dropped: it looks at what the hub is known to hold.
	if r.req == nil || !r.req.Stick {
		if err := r.heal(aheadTolerance); err != nil {
			return err
		}
	}
	if err := r.drop(); err != nil {
		return err
	}
	if p.Moved {
		m.Cursor = p.Cursor
	}
	if err := r.observe(); err != nil {
		return err
	}
	r.asked = true
	if r.req != nil && r.req.Probe != nil {
		return r.probe.answered(r)
	}
	r.more = p.More || overtaken // without news
	r.found.Left = p.Left
	if p.Sum != nil {
		return r.compare(*p.Sum)
	}
	return nil
}

// outdated returns what is still of use of a reply whose news have been
// overtaken: that what was just acknowledged does not belong to us, and what
// is erased for ever.
func (r *receiver) outdated() *Reply {
	p := &Reply{Version: r.reply.Version, Now: r.reply.Now, More: true, Purged: r.reply.Purged}
	for _, k := range r.reply.Gone {
		if r.acked[k] != nil {
			p.Gone = append(p.Gone, k)
		}
	}
	return p
}

// join takes the hub's batch.
func (r *receiver) join() error {
	batch, err := r.opts.Codec.Decode(r.reply.Batch)
	if err != nil {
		return err
	}
	latest := TimeAt(r.reply.Now + MaxAheadMillis)
	known := false // some of it was just acknowledged
	for i, rec := range batch.Records {
		before, err := Current(r.tx, rec.Key)
		if err != nil {
			return err
		}
		had := 0
		if before != nil {
			had = len(r.opts.Conflicts(before))
			r.replaces(before, rec)
		}
		if err := r.agree(rec, batch.Received[i]); err != nil {
			return err
		}
		if before != nil {
			known = known || r.acked[rec.Key] != nil
			after, err := Current(r.tx, rec.Key)
			if err != nil {
				return err
			}
			r.found.Conflicts += max(len(r.opts.Conflicts(after))-had, 0)
		} else {
			r.found.Conflicts += len(r.opts.Conflicts(rec))
			r.found.Arrived = append(r.found.Arrived, Arrived{rec, batch.Received[i]})
		}
		if t := rec.Newest(); t <= latest {
			r.meta.Observed = max(r.meta.Observed, t)
		}
	}
	r.found.Received += len(batch.Records)
	if known {
		r.forget(batch)
	}
	return nil
}

// forget takes what was just acknowledged and came back otherwise out of what
// need not be read again.
func (r *receiver) forget(batch *Batch) {
	back := make(map[Key]bool, len(batch.Records))
	for _, rec := range batch.Records {
		back[rec.Key] = r.acked[rec.Key] != nil
	}
	r.found.Arrived = slices.DeleteFunc(r.found.Arrived, func(a Arrived) bool { return back[a.Key] })
}

// compare holds our fingerprint beside the hub's.
func (r *receiver) compare(theirs Sum) error {
	ours, err := r.tx.Sum()
	if err != nil {
		return err
	}
	r.meta.Verified = Verified{At: r.reply.Now, Equal: ours == theirs, Records: ours.Count}
	r.found.Verified = r.meta.Verified
	if ours != theirs {
		r.probe.begin()
	}
	return nil
}
