package syncer

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"gridbook/syncproto"
)

// Tx is a transaction of the store that a Syncer works on: the replica and
// small sealed values of the laptop's own.
type Tx interface {
	syncproto.ReplicaTx
	Setting(name string) ([]byte, error)
	PutSetting(name string, v []byte) error
	// Revision numbers the state that the transaction sees or, if it is
	// saved, leaves: the same number, the same state.
	Revision() uint64
}

// Store runs transactions. A failed one changes nothing.
type Store interface {
	Update(func(Tx) error) error
}

// Options are what a Syncer needs from outside. Now and Rand are required.
type Options struct {
	Now  func() int64 // wall clock, ms since 1970
	Rand io.Reader
	// Jitter returns numbers in [0, 1) that spread the tries of many laptops.
	Jitter func() float64
	// Received is called after each commit that changed records here, with
	// what the sync has done so far: Changed, Arrived and Renamed are of that
	// commit, which left the store at revision. It must not call the Syncer.
	Received func(p syncproto.Progress, revision uint64)
	// Keep, which may be nil, is called within the transaction of each answer
	// that is joined, with what Receive has returned: what it fails with undoes
	// the step.
	Keep func(tx Tx, p syncproto.Progress) error
	// Changed is called when the Status has; it must be quick.
	Changed func(Status)
	// Networks returns something that differs when the laptop has come to
	// another network; nil: nobody looks.
	Networks func() string
	Photos   Photos // nil: none are moved
	Pace     Pace
	// Conflicts is as in syncproto.SessionOptions.
	Conflicts func(*syncproto.Record) []syncproto.Tag
}

// Pace says when to try. The zero Pace stands for DefaultPace.
type Pace struct {
	Interval time.Duration // between syncs when nothing happens
	Quiet    time.Duration // after an edit, until no other has come
	Patience time.Duration // after the first edit, however many come
	First    time.Duration // after the first failure
	Longest  time.Duration // after many failures
	Look     time.Duration // how often to look for another network while offline
}

// DefaultPace suits a village: what was typed goes up within half a minute,
// and a server that was away is found within five.
func DefaultPace() Pace {
	return Pace{Interval: 10 * time.Minute, Quiet: 5 * time.Second, Patience: 30 * time.Second,
		First: 5 * time.Second, Longest: 5 * time.Minute, Look: 5 * time.Second}
}

// Phase says what a Syncer is doing.
type Phase string

// The phases.
const (
	Idle    Phase = "idle"    // all done; the next sync comes by itself
	Running Phase = "running" // exchanging
	Offline Phase = "offline" // no way to the hub; tried again by itself
	Waiting Phase = "waiting" // the last try failed otherwise; tried again by itself
	Stopped Phase = "stopped" // a person has to do something first
)

// Status is what a Syncer is doing. Whether something is sent or verified is
// for the store to say.
type Status struct {
	Phase    Phase
	Done     int    // records of the sync under way
	Left     uint64 // about how many are still to come
	NextTry  int64  // ms since 1970 by the laptop's clock; 0: none is set
	LastSync int64  // when a sync last completed; 0: not since the start
	Problem  *syncproto.Error
	Last     *Report // of the newest completed sync
	Photos   bool    // the text is through, and photos are being moved
}

// Report is what one sync did.
type Report struct {
	syncproto.Progress
	Traffic
	Epoch  syncproto.Epoch
	Offset int64 // how far the hub's clock is ahead of ours, in ms
	Took   time.Duration
	Photos PhotoReport
}

// Syncer syncs one laptop with its hub. Its methods may be called at the same
// time.
type Syncer struct {
	store     Store
	transport Transport
	codec     *syncproto.Codec
	o         Options

	turn   chan struct{} // held by the sync under way
	wake   chan struct{} // edits
	poked  chan struct{} // a sync ended that Run did not start
	budget budget        // guarded by turn
	queued atomic.Int32  // syncs that wait for their turn
	// noPhotos says that the hub did not know of photos; guarded by turn.
	noPhotos bool

	mu     sync.Mutex
	status Status
	last   error // of the newest sync
}

// New returns a Syncer of an enrolled store. Close closes the transport too.
func New(store Store, t Transport, o Options) *Syncer {
	if o.Pace == (Pace{}) {
		o.Pace = DefaultPace()
	}
	if o.Jitter == nil {
		o.Jitter = func() float64 { return 0.5 }
	}
	return &Syncer{
		store: store, transport: t, codec: syncproto.NewCodec(), o: o,
		turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), poked: make(chan struct{}, 1),
		status: Status{Phase: Idle},
	}
}

// Status returns what the Syncer is doing.
func (s *Syncer) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *Syncer) set(change func(*Status)) {
	s.mu.Lock()
	change(&s.status)
	now := s.status
	s.mu.Unlock()
	if s.o.Changed != nil {
		s.o.Changed(now)
	}
}

// Wake says that there is something new to send.
func (s *Syncer) Wake() { notify(s.wake) }

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Close closes the connections. What is under way ends by its context.
func (s *Syncer) Close() error { return s.transport.Close() }

// SyncNow exchanges until both sides are empty, after the sync under way if
// there is one. Its errors have codes; those of Retryable may be tried again.
func (s *Syncer) SyncNow(ctx context.Context) (Report, error) {
	rep, err := s.sync(ctx)
	notify(s.poked)
	return rep, textOnly(err)
}

func (s *Syncer) sync(ctx context.Context) (Report, error) {
	s.queued.Add(1)
	select {
	case s.turn <- struct{}{}:
		s.queued.Add(-1)
		defer func() { <-s.turn }()
	case <-ctx.Done():
		s.queued.Add(-1)
		return Report{}, ctx.Err()
	}
	select {
	case <-s.wake: // what was written until now goes in this sync
	default:
	}
	s.set(func(st *Status) { st.Phase, st.NextTry, st.Done, st.Left = Running, 0, 0, 0 })
	began, before := time.Now(), s.transport.Traffic()
	r := &run{Syncer: s}
	err := r.exchangeAll(ctx)
	r.report.Took = time.Since(began)
	r.report.Traffic = s.transport.Traffic().Minus(before)
	s.ended(r.report, err)
	if err == nil {
		err = s.afterwards(ctx, r, began, before)
	}
	return r.report, err
}

// ended notes how a sync ended.
func (s *Syncer) ended(rep Report, err error) {
	s.set(func(st *Status) {
		s.last = err
		st.Phase, st.Problem = phaseAfter(err), nil
		if err == nil {
			st.LastSync, st.Last = s.o.Now(), &rep
			return
		}
		var problem *syncproto.Error
		if errors.As(err, &problem) {
			st.Problem = problem
		}
	})
}

// lastError is how the newest sync ended, whoever started it.
func (s *Syncer) lastError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func phaseAfter(err error) Phase {
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return Idle
	case syncproto.CodeOf(err) == syncproto.CodeUnreachable:
		return Offline
	case !Retryable(err):
		return Stopped
	}
	return Waiting
}
