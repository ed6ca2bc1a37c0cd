package syncsim

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"gridbook/syncproto"
)

// start is the true time at which every world begins: 2026-09-01 00:00 UTC.
const start = 1_788_220_800_000

const (
	minute = 60_000
	hour   = 60 * minute
	day    = 24 * hour
	year   = 365 * day
)

// world is a township: one hub, its laptops, and what lies between them.
type world struct {
	now      int64 // true time, which is the hub's too
	rand     io.Reader
	codec    *syncproto.Codec
	hub      *syncproto.Hub
	store    *HubStore
	laptops  []*laptop
	oracle   *oracle
	bug      *bug // planted; nil: none
	down     int  // budget of replies, 0: the default
	up       int
	late     []lateRequest
	backups  []*HubStore
	rough    bool // clones, restores and the like happen
	few      bool // few records and fields, so that edits meet
	long     bool // texts are long, batches small
	villages int
	stats    stats
	with     []feature
	stage    stage
	link     int                   // bytes/s that the way carries, 0: not known
	trace    io.Writer             // nil: silent
	files    []parcel              // bundles on sticks, which the hub may take
	answers  []parcel              // answers on sticks
	forged   bool                  // someone forges; else no number is foreign
	foreign  []syncproto.ReplicaID // what the hub has found
}

// laptop is one copy of the data.
type laptop struct {
	name        string
	store       *ReplicaStore
	skew        int64 // its wall clock minus true time, ms
	saved       []*ReplicaStore
	role, scope string
	version     int  // of the protocol that its program speaks
	sticksOnly  bool // it has no network
	family      int  // copies of one laptop have the same keys
}

// lateRequest is a copy of a request that is still on its way.
type lateRequest struct {
	bytes []byte
	sent  int64
}

// stats counts what happened, to show that a simulation does anything.
type stats struct {
	Exchanges, Syncs, Edits, Conflicts, Rejected, Renumbered, Healed, Lost, Crashed, Dropped, Renamed, False, Bundles, Taken, Read int
}

// noise is a seeded source of bytes.
type noise struct{ *rand.Rand }

func (n noise) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(n.Uint32())
	}
	return len(p), nil
}

func newNoise(seed uint64) noise { return noise{rand.New(rand.NewPCG(seed, 0x67726964))} }

func newWorld(seed uint64, on stage) *world {
	w := &world{now: start, rand: newNoise(seed), codec: sharedCodec, oracle: newOracle(), stage: on, trace: on.trace, bug: on.bug}
	w.hub = &syncproto.Hub{Policy: policy{}, Rand: w.rand, Codec: w.codec, Clerk: policy{}, Key: []byte(hubKey)}
	w.store = on.hub(syncproto.HubState{Township: township, Name: "望道街道", Epoch: syncproto.Epoch(start / 1000)})
	return w
}

// sharedCodec does not compress: that is not what is simulated.
var sharedCodec = &syncproto.Codec{Plain: true}

// village is the code of the n-th village.
func village(n int) string { return fmt.Sprintf("%s%03d", township, 200+n) }

// join enrols a new, empty laptop.
func (w *world) join(role, scope string) *laptop {
	l := &laptop{name: fmt.Sprintf("%s-%d", role, len(w.laptops)), store: w.stage.replica(), role: role, scope: scope, family: len(w.laptops)}
	w.laptops = append(w.laptops, l)
	w.enrol(l, role, scope)
	return l
}

func (w *world) enrol(l *laptop, role, scope string) {
	var rep *syncproto.JoinReply
	must(w.store.Update(func(tx syncproto.HubTx) (err error) {
		rep, err = w.hub.Enrol(tx, role, scope, "someone", l.name, w.now)
		return err
	}))
	must(l.store.Update(func(tx syncproto.ReplicaTx) error {
		renamed, err := syncproto.Adopt(tx, rep, l.wall(w))
		w.oracle.renamed(renamed)
		return err
	}))
}

// wall is what the laptop's clock shows.
func (l *laptop) wall(w *world) int64 { return max(w.now+l.skew, 0) }

// must stops on errors that no fault explains.
func must(err error) {
	if err != nil {
		panic(fmt.Errorf("simulation: %w", err))
	}
}

// fate is what becomes of one exchange.
type fate struct {
	loseRequest, loseReply bool
	tearRequest, tearReply int    // cut after that many bytes (modulo), 0: whole
	repeat                 bool   // the request arrives twice
	straggle               bool   // a copy of the request arrives much later
	during                 func() // while the reply is on its way
	between                func() // while the request is on its way
	hubFault, laptopFault  int    // the n-th store operation fails, 0: none
	laptopCrash            bool   // after the commit of the received reply
}

var (
	errLost  = errors.New("lost")
	errCrash = errors.New("crash")
)

// serve lets the hub answer a request as bytes.
func (w *world) serve(b []byte, fault int) ([]byte, error) {
	q, err := syncproto.DecodeRequest(b)
	if err != nil {
		return nil, errLost // the transport answers: malformed
	}
	reply, err := w.answer(q, fault)
	if err != nil {
		return nil, err
	}
	return syncproto.AppendReply(nil, reply), nil
}

// answer lets the hub answer a request.
func (w *world) answer(q *syncproto.Request, fault int) (reply *syncproto.Reply, err error) {
	w.bug.request(q)
	run := w.store.View
	if syncproto.NeedsWrite(q) {
		run = w.store.Update
	}
	err = run(func(tx syncproto.HubTx) error {
		if fault > 0 {
			tx = &failingHub{HubTx: tx, left: fault}
		}
		served, err := w.hub.Serve(w.bug.hub(tx, q), q, w.now)
		if err != nil {
			return err
		}
		for _, r := range served.Foreign {
			if w.foreign = append(w.foreign, r); w.forged {
				continue
			}
			w.oracle.wrong("the hub takes work under number %d for a forgery", r)
		}
		w.bug.reply(w, q, served.Reply)
		w.traceExchange(q, served.Reply)
		reply = served.Reply
		return nil
	})
	return reply, err
}

// exchange carries one request and its reply.
func (w *world) exchange(l *laptop, s *syncproto.Session, q *syncproto.Request, f fate) error {
	b := syncproto.AppendRequest(nil, q)
	w.now += 200
	if f.straggle {
		w.late = append(w.late, lateRequest{b, w.now})
	}
	if f.loseRequest {
		return errLost
	}
	if f.tearRequest > 0 {
		if _, err := syncproto.DecodeRequest(b[:f.tearRequest%len(b)]); err == nil {
			panic("a torn request was read")
		}
		return errLost
	}
	if f.between != nil {
		f.between()
	}
	if f.repeat {
		if _, err := w.serve(b, 0); err != nil {
			return err
		}
	}
	out, err := w.serve(b, f.hubFault)
	if errors.Is(err, errCrash) {
		return errLost // the hub starts again; the laptop sees a cut line
	}
	if err != nil {
		return err
	}
	var shown picture // of the moment of the reply
	if d := w.deviceOf(q.Token); d != nil {
		shown = w.picture(d)
	}
	if f.during != nil {
		f.during()
	}
	w.now += 200
	if f.loseReply {
		return errLost
	}
	if f.tearReply > 0 {
		if _, err := syncproto.DecodeReply(out[:f.tearReply%len(out)]); err == nil {
			panic("a torn reply was read")
		}
		return errLost
	}
	rep, err := syncproto.DecodeReply(out)
	if err != nil {
		return err
	}
	return w.receive(l, s, rep, shown, f)
}

func (w *world) receive(l *laptop, s *syncproto.Session, rep *syncproto.Reply, shown picture, f fate) error {
	var p syncproto.Progress
	err := l.store.Update(func(tx syncproto.ReplicaTx) (err error) {
		if f.laptopFault > 0 {
			tx = &failingReplica{ReplicaTx: tx, left: f.laptopFault}
		}
		p, err = s.Receive(w.bug.replica(tx, rep), rep, l.wall(w))
		return err
	})
	w.stats.Exchanges++
	w.bug.received(w, l, rep, err)
	if err != nil {
		return err
	}
	w.oracle.renamed(p.Renamed)
	w.stats.Renamed += len(p.Renamed)
	w.oracle.afterReceive(w, l, rep, shown, p)
	if f.laptopCrash {
		return errCrash
	}
	return nil
}

// maxExchanges bounds one sync without faults.
const maxExchanges = 200

// sync runs a session; next says what becomes of each exchange, nil: nothing
// bad. It ends when both sides are empty, after a crash, or after more than
// four losses.
func (w *world) sync(l *laptop, next func(n int) fate) (syncproto.Progress, error) {
	s := w.session(l)
	w.stats.Syncs++
	w.tracef("  sync %s, at %d", l.name, l.wall(w))
	lost := 0
	for n := range maxExchanges {
		var q *syncproto.Request
		var f fate
		if next != nil {
			f = next(n)
		}
		err := l.store.Update(func(tx syncproto.ReplicaTx) (err error) {
			if f.laptopFault < 0 {
				tx = &failingReplica{ReplicaTx: tx, left: -f.laptopFault}
			}
			q, err = s.Next(w.bug.replica(tx, nil), l.wall(w))
			return err
		})
		if err != nil {
			return s.Progress(), err
		}
		w.oracle.renamed(s.Progress().Renamed)
		w.tracef("    its clock at %d, seen %d", l.store.meta.Clock.Last, l.store.meta.Observed)
		if q == nil {
			w.count(s.Progress())
			w.oracle.afterSync(w, l)
			return s.Progress(), nil
		}
		switch err = w.exchange(l, s, q, f); {
		case err == nil:
		case errors.Is(err, errLost):
			w.stats.Lost++
			w.bug.lost(w, l)
			if lost++; lost > 4 {
				return s.Progress(), err
			}
			s.Lost()
		default:
			return s.Progress(), err
		}
	}
	return s.Progress(), fmt.Errorf("%s: not quiet after %d exchanges", l.name, maxExchanges)
}

func (w *world) count(p syncproto.Progress) {
	w.stats.Conflicts += p.Conflicts
	w.stats.Rejected += p.Rejected
	w.stats.Healed += p.Healed
	w.stats.Dropped += p.Dropped
	if p.Renumbered {
		w.stats.Renumbered++
	}
}
