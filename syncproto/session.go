package syncproto

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
)

// Session is the replica's step machine for one sync: Next builds a request,
// Receive joins the reply, until Next returns nil. It does no I/O; each step
// runs in one write transaction of the replica's store. After a failed
// exchange call Lost, and Next again when the way may be open.
type Session struct {
	opts    SessionOptions
	req     *Request
	sent    *Upload
	made    *Upload // the newest that this session has cut, and what is in it
	content *Batch
	lost    int
	heals   int    // how often the hub has refused our clock or epoch
	timed   bool   // the offset was learnt in this sync
	claim   bool   // the next request only settles who we are
	asking  []byte // its nonce, the same until it is answered
	found   Progress
	asked   bool // at least one exchange has completed
	more    bool // the hub has more for us
	probe   probeState
	// primed is the upload under way as it goes over the wire, nil if as it is;
	// unprimed says that the hub could not read such a one.
	primed   *Upload
	unprimed bool
	// passed are the records whose leaving counts as Handed no more.
	passed map[Key]bool
}

// SessionOptions sizes the exchanges of a sync.
type SessionOptions struct {
	UpBudget   int // bytes of batch per request, before compression; 0: DefaultUp
	DownBudget int // bytes of batch per reply, before compression; 0: DefaultDown
	Link       int // bytes/s that the way carries, 0: unknown (fast)
	Rand       io.Reader
	Codec      *Codec
	Version    int // the newest protocol version to speak; 0: Version
	// Conflicts returns the fields of a record that people have to decide; nil:
	// Record.Conflicts.
	Conflicts func(*Record) []Tag
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
	Changed    []Key      // records that changed in the last step, for the screen
	Arrived    []Arrived  // those of Changed that need not be read again
	Renamed    []Renamed  // unsent records that got another id in the last step
	Replaced   []Replaced // values that others' writes replaced in the last step
	// Handed counts the records whose work the hub took in the last step and
	// that are not this device's any more: it moved them, or its role changed.
	Handed int
}

// Arrived is a record that the hub did not have or we did not, as it is
// now shown, so that nobody need read it again. It must not be changed.
type Arrived struct {
	*Record
	Received int64 // by the hub, ms since 1970
}

// NewSession begins a sync.
func NewSession(o SessionOptions) *Session {
	if o.UpBudget == 0 {
		o.UpBudget = DefaultUp
	}
	if o.DownBudget == 0 {
		o.DownBudget = DefaultDown
	}
	if o.Version == 0 {
		o.Version = Version
	}
	if o.Conflicts == nil {
		o.Conflicts = (*Record).Conflicts
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
// repeated as it was, but cut into smaller ones. Before that the hub is asked
// whether it has got it: our lease would then be stale.
const giveUpPending = 2

// Next returns the next request, nil when both sides are empty.
func (s *Session) Next(tx ReplicaTx, now int64) (*Request, error) {
	meta, err := tx.Meta()
	if err != nil {
		return nil, err
	}
	if meta.Replica == 0 {
		return nil, notJoined()
	}
	s.found.Changed, s.found.Arrived, s.found.Renamed, s.sent = nil, nil, nil, nil
	q := s.request(&meta, now)
	if err := s.fill(tx, &meta, q, now); err != nil {
		return nil, err
	}
	if q.Version >= 2 {
		q.Sent = meta.unanswered(q.Nonce)
	}
	if s.asked && !s.claim && s.sent == nil && !s.more && q.Probe == nil {
		s.found.Complete = true
		return nil, tx.SetMeta(meta)
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

func (s *Session) request(meta *ReplicaMeta, now int64) *Request {
	return &Request{Version: s.version(meta), Token: meta.Token, Lease: meta.Lease, Cursor: meta.Cursor, Now: now, Link: s.opts.Link, Budget: s.opts.DownBudget}
}

// version returns the newest one that both ends are known to speak.
func (s *Session) version(meta *ReplicaMeta) int {
	if meta.HubVersion == 0 {
		return s.opts.Version
	}
	return min(meta.HubVersion, s.opts.Version)
}

// unanswered lists what was sent and has no answer yet, but for one.
func (m *ReplicaMeta) unanswered(but []byte) (nonces [][]byte) {
	for _, up := range m.uploads() {
		if !bytes.Equal(up.Nonce, but) {
			nonces = append(nonces, up.Nonce)
		}
	}
	return nonces
}

func (m *ReplicaMeta) uploads() []*Upload {
	if m.Pending == nil {
		return m.Sticks
	}
	return append(slices.Clone(m.Sticks), m.Pending)
}

// awaits returns the unanswered upload of that nonce, nil if there is none.
func (m *ReplicaMeta) awaits(nonce []byte) *Upload {
	for _, up := range m.uploads() {
		if bytes.Equal(up.Nonce, nonce) {
			return up
		}
	}
	return nil
}

// answered forgets an upload and those made before it, but for sticks with
// work that is still unsent as it left: if its stamps are made anew, the hub
// must hear that the stick is not to be joined any more.
func (m *ReplicaMeta) answered(tx ReplicaTx, up *Upload) error {
	if m.Pending != nil && m.Pending.Order <= up.Order {
		m.Pending = nil
	}
	var kept []*Upload
	for _, o := range m.Sticks {
		due, err := false, error(nil)
		if o.Order < up.Order {
			due, err = o.due(tx)
		}
		if err != nil {
			return err
		}
		if due {
			late := *o
			late.Passed = true
			o = &late
		}
		if due || o.Order > up.Order {
			kept = append(kept, o)
		}
	}
	m.Sticks = kept
	return nil
}

// due reports whether some of what an upload has is unsent as it was.
func (up *Upload) due(tx ReplicaTx) (bool, error) {
	for _, g := range up.Gens {
		d, err := tx.Delta(g.Key)
		if err != nil {
			return false, err
		}
		if d != nil && d.Gen == g.Gen && d.Rejected == nil {
			return true, nil
		}
	}
	return false, nil
}

// withdraw gives up the upload under way, to send its work in another form.
// Its nonce stays known: it may have turned the lease, or may yet, and the
// answer to an older stick may bring back the lease from before it. So do its
// stamps, which the hub may know.
func (m *ReplicaMeta) withdraw() {
	if up := m.Pending; up != nil {
		m.Pending = nil
		m.stick(&Upload{Nonce: up.Nonce, Order: up.Order, Newest: up.Newest})
	}
}

// stick adds to the uploads that have no answer.
func (m *ReplicaMeta) stick(up *Upload) {
	list := append(slices.Clone(m.Sticks), up)
	slices.SortStableFunc(list, func(a, b *Upload) int { return cmp.Compare(a.Order, b.Order) })
	m.Sticks = list[max(len(list)-MaxSticks, 0):]
}

// fill chooses what a request carries besides the lease: the wish to have it
// settled, work, or a comparison.
func (s *Session) fill(tx ReplicaTx, meta *ReplicaMeta, q *Request, now int64) (err error) {
	s.claim = s.claim || meta.Pending != nil && s.lost >= giveUpPending
	switch {
	case s.claim && meta.Pending != nil:
		q.Nonce = meta.Pending.Nonce
		return nil
	case s.claim:
		if s.asking == nil {
			s.asking, err = s.nonce()
		}
		q.Nonce = s.asking
		return err
	case !s.timed && clockAhead(meta, now):
		return nil // the reply puts the clock right before anyone sees its stamps
	}
	if s.sent, err = s.upload(tx, meta); err != nil {
		return err
	}
	if s.sent != nil {
		q.Nonce, q.Batch = s.sent.Nonce, s.body()
	} else if s.probe.active() {
		q.Probe, err = s.probe.next(tx, q.Version)
	}
	return err
}

func (s *Session) nonce() ([]byte, error) {
	b := make([]byte, NonceSize)
	if _, err := io.ReadFull(s.opts.Rand, b); err != nil {
		return nil, fmt.Errorf("random bytes: %w", err)
	}
	return b, nil
}

// upload returns the unanswered batch, or makes one of the oldest unsent work.
func (s *Session) upload(tx ReplicaTx, meta *ReplicaMeta) (*Upload, error) {
	if meta.Pending != nil {
		return meta.Pending, nil
	}
	var err error
	meta.Pending, _, err = s.cut(tx, meta, 0)
	return meta.Pending, err
}

// cut makes an upload of the oldest unsent work after a place in its order,
// and returns the place where it ends.
func (s *Session) cut(tx ReplicaTx, meta *ReplicaMeta, after uint64) (*Upload, uint64, error) {
	var batch Batch
	up, size, last := &Upload{}, 0, uint64(0)
	for d, err := range tx.Deltas() {
		if err != nil {
			return nil, 0, err
		}
		if d.Rejected != nil || d.Order <= after {
			continue
		}
		n := sizeOf(d.Record)
		if len(batch.Records) > 0 && size+n > s.opts.UpBudget || len(batch.Records) == MaxRows {
			break
		}
		size += n
		up.Newest = max(up.Newest, d.Record.Newest())
		batch.Records = append(batch.Records, d.Record)
		up.Gens = append(up.Gens, KeyGen{d.Key, d.Gen})
		last = d.Order
	}
	if len(batch.Records) == 0 {
		return nil, 0, nil
	}
	meta.Offered = max(meta.Offered, last)
	var err error
	if up.Nonce, err = s.nonce(); err != nil {
		return nil, 0, err
	}
	up.Batch, up.Order = s.opts.Codec.Encode(&batch, effortUp(s.opts.Link), s.version(meta)), meta.next()
	s.made, s.content = up, &batch
	s.primed, err = s.prime(tx, meta, &batch, up)
	return up, last, err
}
