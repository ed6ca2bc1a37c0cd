package syncproto

import "slices"

// A stick carries the same requests and replies as the network, in files, days
// later and in any order. BundleOut and BundleIn are the replica's side; on the
// hub's, every request of a bundle is served like any other, and Rest goes on
// for those whose reply did not hold all.

// Answer is the hub's reply to one request of a bundle, with what tells the
// replica which one it was.
type Answer struct {
	Nonce []byte // the request's, if it had one
	Made  int64  // the request's Now
	Base  Cursor // the request's
	Probe bool   // it asked for a comparison
	Reply *Reply
}

// AnswerTo pairs a reply with its request.
func AnswerTo(q *Request, p *Reply) Answer {
	return Answer{Nonce: q.Nonce, Made: q.Now, Base: q.Cursor, Probe: q.Probe != nil, Reply: p}
}

// Last reports whether the hub can do no more for the bundle that the request
// is of: what follows in it was made in the belief that this went well.
func (a Answer) Last() bool { return a.Reply.Error != nil || a.Reply.Renumber != 0 }

// Rest returns the request for what the reply to q left out, nil if it left
// out nothing or the replica itself must ask.
func Rest(q *Request, p *Reply) *Request {
	if !p.More || p.Error != nil || q.Probe != nil || q.Budget == 0 {
		return nil
	}
	rest := *q
	rest.Nonce, rest.Batch, rest.batch, rest.unread = nil, nil, nil, nil
	if p.Moved {
		rest.Cursor = p.Cursor
	}
	if len(q.Nonce) > 0 {
		rest.Sent = append(slices.Clone(q.Sent), q.Nonce)
	}
	return &rest
}

// BundleOut makes the requests of a bundle: all unsent work, whether or not it
// has left before, then what the bundle's answer is to bring. The work stays
// unsent until an answer has come, by stick or by the network.
func (s *Session) BundleOut(tx ReplicaTx, now int64) ([]*Request, error) {
	meta, err := tx.Meta()
	if err != nil {
		return nil, err
	}
	if meta.Replica == 0 {
		return nil, notJoined()
	}
	b := &bundler{Session: s, tx: tx, meta: &meta, now: now}
	if err := b.work(); err != nil {
		return nil, err
	}
	if meta.Verified.At != 0 && !meta.Verified.Equal && meta.Verified.Records <= MaxKeys/2 {
		if err := b.comparison(); err != nil {
			return nil, err
		}
		b.ask(s.opts.DownBudget)
	}
	b.out[len(b.out)-1].Budget = s.opts.DownBudget
	return b.out, tx.SetMeta(meta)
}

// bundler is one BundleOut.
type bundler struct {
	*Session
	tx   ReplicaTx
	meta *ReplicaMeta
	now  int64
	out  []*Request
}

func (b *bundler) ask(budget int) *Request {
	q := b.request(b.meta, b.now)
	q.Version = b.opts.Version // who cannot read a bundle says so itself
	q.Budget, q.Stick, q.Sent = budget, true, b.meta.unanswered(nil)
	b.out = append(b.out, q)
	return q
}

// send adds an upload, or one of nothing, which only settles who we are.
func (b *bundler) send(up *Upload) {
	q := b.ask(0)
	q.Nonce, q.Batch, up.Made = up.Nonce, up.Batch, b.now
	b.meta.stick(up)
}

func (b *bundler) work() error {
	// What does not fit comes with the next: a replica that forgot the first
	// of these would not know the answer.
	for after := uint64(0); len(b.out) < MaxSticks; {
		up, last, err := b.cut(b.tx, b.meta, after)
		if err != nil {
			return err
		}
		if up == nil {
			break
		}
		b.send(up)
		after = last
	}
	if len(b.out) > 0 {
		return nil
	}
	nonce, err := b.nonce()
	if err != nil {
		return err
	}
	b.send(&Upload{Nonce: nonce, Order: b.meta.next()})
	return nil
}

// comparison asks what differs of all records at once: a stick has room, and
// each question would be another journey.
func (b *bundler) comparison() error {
	p := &Probe{}
	for d, err := range b.tx.Days() {
		if err != nil {
			return err
		}
		p.Of = append(p.Of, d.Day)
		for h, err := range b.tx.OfDay(d.Day) {
			if err != nil {
				return err
			}
			p.Records = append(p.Records, h)
		}
	}
	b.ask(b.opts.DownBudget).Probe = p
	return nil
}

// BundleIn joins the answers to a bundle. heeded is false if they tell nothing
// new: they were read before, or those to a later bundle were. As with Receive,
// the session is of use for nothing else after an error.
func (s *Session) BundleIn(tx ReplicaTx, answers []Answer, now int64) (done Progress, heeded bool, err error) {
	for i, a := range answers {
		meta, err := tx.Meta()
		if err != nil {
			return s.found, heeded, err
		}
		s.sent = meta.awaits(a.Nonce)
		if i == 0 && len(a.Nonce) > 0 && s.sent == nil {
			return s.found, false, nil
		}
		s.req = &Request{Token: meta.Token, Cursor: a.Base, Now: a.Made, Stick: true, Version: s.version(&meta)}
		if a.Probe {
			s.req.Probe = &Probe{}
			s.probe = probeState{rounds: maxProbes, step: 2}
		}
		changed, renamed, replaced, handed := s.found.Changed, s.found.Renamed, s.found.Replaced, s.found.Handed
		_, err = s.Receive(tx, a.Reply, now)
		if err != nil && i > 0 && err == error(a.Reply.Error) {
			// The hub stopped here; what it answered before stands.
			return s.found, heeded, nil
		}
		if err != nil {
			return s.found, heeded, err
		}
		s.found.Changed = append(changed, s.found.Changed...)
		s.found.Renamed = append(renamed, s.found.Renamed...)
		s.found.Replaced = append(replaced, s.found.Replaced...)
		s.found.Handed += handed
		heeded = true
		if a.Last() {
			break
		}
	}
	return s.found, heeded, nil
}
