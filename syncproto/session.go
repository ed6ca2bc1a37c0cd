package syncproto

import (
	"fmt"
	"io"
	"slices"
)

// Session is the replica's step machine for one sync: Next builds a request,
// Receive joins the reply, until Next returns nil. It does no I/O; each step
// runs in one write transaction of the replica's store. After a failed
// exchange call Lost, and Next again when the way may be open.
type Session struct {
	opts  SessionOptions
	req   *Request
	sent  *Upload
	lost  int
	heals int // how often the hub has refused our clock
	found Progress
	asked bool // at least one exchange has completed
	more  bool // the hub has more for us
	probe probeState
}

// SessionOptions sizes the exchanges of a sync.
type SessionOptions struct {
	UpBudget   int // bytes of batch per request, before compression; 0: DefaultUp
	DownBudget int // bytes of batch per reply, before compression; 0: DefaultDown
	Link       int // bytes/s that the way carries, 0: unknown (fast)
	Rand       io.Reader
	Codec      *Codec
}

// Sizes of batches before compression, in bytes. Budgets never fall under
// MinBudget, so that every exchange makes headway.
const (
	DefaultUp   = 512 << 10
	DefaultDown = 4 << 20
	MinBudget   = 2 << 10
)

// Progress is what a sync has done so far.
type Progress struct {
	Exchanges  int
	Sent       int
	Received   int
	Rejected   int
	Dropped    int    // left our scopes or were purged
	Conflicts  int    // fields that became conflicts
	Left       uint64 // records still to fetch, about
	Healed     int    // records repaired after an unequal verdict
	Renumbered bool
	Complete   bool // both sides are empty
	Verified   Verified
	Changed    []Key     // records that changed in the last exchange, for the screen
	Renamed    []Renamed // unsent records that got another id in the last step
}

// NewSession begins a sync.
func NewSession(o SessionOptions) *Session {
	if o.UpBudget == 0 {
		o.UpBudget = DefaultUp
	}
	if o.DownBudget == 0 {
		o.DownBudget = DefaultDown
	}
	return &Session{opts: o, more: true}
}

// Progress returns what has been done so far.
func (s *Session) Progress() Progress { return s.found }

// Lost says that the exchange begun by the last Next failed: whether the hub
// has got the request is unknown. Budgets are halved.
func (s *Session) Lost() {
	s.lost++
	s.opts.UpBudget = max(s.opts.UpBudget/2, MinBudget)
	s.opts.DownBudget = max(s.opts.DownBudget/2, MinBudget)
	s.req = nil
}

// Resize sets the budgets and the speed of the way for the next exchanges.
func (s *Session) Resize(up, down, link int) {
	s.opts.UpBudget, s.opts.DownBudget = max(up, MinBudget), max(down, MinBudget)
	s.opts.Link = link
}

// giveUpPending is after how many failures an unanswered upload is not
// repeated as it was, but cut into smaller ones.
const giveUpPending = 2

// Next returns the next request, nil when both sides are empty.
func (s *Session) Next(tx ReplicaTx, now int64) (*Request, error) {
	meta, err := tx.Meta()
	if err != nil {
		return nil, err
	}
	if meta.Replica == 0 {
		return nil, &Error{Code: CodeNotJoined, Message: "这台电脑还没有加入乡镇(街道)", Hint: "请先用邀请加入"}
	}
	s.found.Renamed = nil
	if meta.Verified.At != 0 || meta.Offset != 0 {
		if s.found.Renamed, err = healClock(tx, &meta, now); err != nil {
			return nil, err
		}
	}
	if s.sent, err = s.upload(tx, &meta); err != nil {
		return nil, err
	}
	if s.asked && s.sent == nil && !s.more && !s.probe.active() {
		s.found.Complete = true
		return nil, tx.SetMeta(meta)
	}
	q := &Request{Version: Version, Token: meta.Token, Cursor: meta.Cursor, Now: now, Link: s.opts.Link, Budget: s.opts.DownBudget}
	if s.sent != nil {
		q.Lease, q.Nonce, q.Batch = meta.Lease, s.sent.Nonce, s.sent.Batch
	}
	if s.probe.active() && s.sent == nil {
		if q.Probe, err = s.probe.next(tx); err != nil {
			return nil, err
		}
	}
	if !s.asked && meta.Verified.At != 0 {
		q.Verdict = Verdict{VerdictDiffers, meta.Verified.Records}
		if meta.Verified.Equal {
			q.Verdict.State = VerdictEqual
		}
	}
	s.req = q
	return q, tx.SetMeta(meta)
}

// upload returns the unanswered batch, or makes one of the oldest unsent work.
func (s *Session) upload(tx ReplicaTx, meta *ReplicaMeta) (*Upload, error) {
	if meta.Pending != nil && s.lost < giveUpPending {
		return meta.Pending, nil
	}
	meta.Pending = nil
	var batch Batch
	up, size := &Upload{}, 0
	for d, err := range tx.Deltas() {
		if err != nil {
			return nil, err
		}
		if d.Rejected != nil {
			continue
		}
		n := sizeOf(d.Record)
		if len(batch.Records) > 0 && size+n > s.opts.UpBudget || len(batch.Records) == MaxRows {
			break
		}
		size += n
		batch.Records = append(batch.Records, d.Record)
		up.Gens = append(up.Gens, KeyGen{d.Key, d.Gen})
		meta.Offered = max(meta.Offered, d.Order)
	}
	if len(batch.Records) == 0 {
		return nil, nil
	}
	up.Nonce = make([]byte, NonceSize)
	if _, err := io.ReadFull(s.opts.Rand, up.Nonce); err != nil {
		return nil, fmt.Errorf("random bytes: %w", err)
	}
	effort := EffortFor(s.opts.Link)
	if effort == Fast {
		effort = Spare
	}
	up.Batch = s.opts.Codec.Encode(&batch, effort)
	meta.Pending = up
	return up, nil
}

// Receive joins a reply. An error of the hub comes back as *Error; what the
// machine can heal by itself does not.
func (s *Session) Receive(tx ReplicaTx, p *Reply, now int64) (Progress, error) {
	s.found.Changed, s.found.Renamed = nil, nil
	meta, err := tx.Meta()
	if err != nil {
		return s.found, err
	}
	s.found.Exchanges++
	s.lost = 0
	if p.Error != nil {
		return s.found, s.refused(tx, &meta, p, now)
	}
	meta.Offset = p.Now - now
	r := &receiver{Session: s, tx: tx, meta: &meta, reply: p, now: now}
	if err := r.run(); err != nil {
		return s.found, err
	}
	return s.found, tx.SetMeta(meta)
}

// refused heals what can be healed and returns everything else.
func (s *Session) refused(tx ReplicaTx, meta *ReplicaMeta, p *Reply, now int64) error {
	if s.heals++; p.Error.Code != CodeClockAhead || s.heals > 2 {
		return p.Error
	}
	meta.Offset = p.Now - now
	meta.Pending = nil
	renamed, err := healClock(tx, meta, now)
	if err != nil {
		return err
	}
	s.found.Renamed = renamed
	return tx.SetMeta(*meta)
}

// receiver is one Receive.
type receiver struct {
	*Session
	tx    ReplicaTx
	meta  *ReplicaMeta
	reply *Reply
	now   int64
}

func (r *receiver) run() error {
	p, m := r.reply, r.meta
	if p.Renumber != 0 {
		old := m.Replica
		m.Replica, m.Lease, m.Token, m.Pending = p.Renumber, p.Lease, p.Token, nil
		r.found.Renumbered = true
		return renumber(r.tx, m, old, r.now)
	}
	if r.sent != nil {
		if err := r.acknowledge(); err != nil {
			return err
		}
		m.Pending, r.sent = nil, nil
	}
	if len(p.Lease) > 0 {
		m.Lease = p.Lease
	}
	if err := r.join(); err != nil {
		return err
	}
	if err := r.drop(); err != nil {
		return err
	}
	if p.Moved {
		m.Cursor = p.Cursor
	}
	m.Clock.Observe(m.Observed)
	r.asked = true
	if r.req != nil && r.req.Probe != nil {
		return r.probe.answered(r)
	}
	r.more = p.More
	r.found.Left = p.Left
	if p.Sum != nil {
		return r.compare(*p.Sum)
	}
	return nil
}

// acknowledge moves what the hub has joined from the deltas to the agreed
// records. An edit made during the upload stays to be sent.
func (r *receiver) acknowledge() error {
	batch, err := r.opts.Codec.Decode(r.sent.Batch)
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
		d, err := r.tx.Delta(rec.Key)
		if err != nil {
			return err
		}
		same := d != nil && d.Gen == gens[rec.Key]
		if rej := rejected[rec.Key]; rej != nil {
			r.found.Rejected++
			if same {
				d.Rejected = rej
				if err := r.tx.PutDelta(rec.Key, d); err != nil {
					return err
				}
			}
			r.found.Changed = append(r.found.Changed, rec.Key)
			continue
		}
		if err := r.agree(rec, r.reply.Now); err != nil {
			return err
		}
		if same {
			if err := r.tx.PutDelta(rec.Key, nil); err != nil {
				return err
			}
		}
		r.found.Sent++
	}
	return nil
}

// agree joins rec into what the hub is known to hold.
func (r *receiver) agree(rec *Record, received int64) error {
	agreed, err := r.tx.Agreed(rec.Key)
	if err != nil {
		return err
	}
	if agreed == nil {
		agreed = rec
	} else if len(agreed.Join(rec)) == 0 {
		return nil
	}
	r.found.Changed = append(r.found.Changed, rec.Key)
	return r.tx.PutAgreed(rec.Key, agreed, received)
}

// join takes the hub's batch.
func (r *receiver) join() error {
	batch, err := r.opts.Codec.Decode(r.reply.Batch)
	if err != nil {
		return err
	}
	latest := TimeAt(r.reply.Now + MaxAheadMillis)
	for i, rec := range batch.Records {
		before, err := Current(r.tx, rec.Key)
		if err != nil {
			return err
		}
		had := 0
		if before != nil {
			had = len(before.Conflicts())
		}
		if err := r.agree(rec, batch.Received[i]); err != nil {
			return err
		}
		if before != nil {
			after, err := Current(r.tx, rec.Key)
			if err != nil {
				return err
			}
			r.found.Conflicts += max(len(after.Conflicts())-had, 0)
		} else {
			r.found.Conflicts += len(rec.Conflicts())
		}
		if t := rec.Newest(); t <= latest {
			r.meta.Observed = max(r.meta.Observed, t)
		}
	}
	r.found.Received += len(batch.Records)
	return nil
}

// drop removes what left our scopes and what was purged. Unsent edits of a
// record that left stay until they are sent or taken back; those of a purged
// one go with it.
func (r *receiver) drop() error {
	for _, k := range slices.Concat(r.reply.Gone, r.reply.Purged) {
		if err := r.tx.PutAgreed(k, nil, 0); err != nil {
			return err
		}
		r.found.Dropped++
		r.found.Changed = append(r.found.Changed, k)
	}
	for _, k := range r.reply.Purged {
		if err := r.tx.PutDelta(k, nil); err != nil {
			return err
		}
	}
	return nil
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
