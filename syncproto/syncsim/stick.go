package syncsim

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"gridbook/syncproto"
)

// parcel is a file on a stick, or a copy of it: it may be read at any time,
// by any program, as often as one likes.
type parcel struct {
	bytes  []byte
	family int     // of the laptop that it is from or for
	skew   int64   // of the clock by which it was made
	shown  picture // what the last sum in it is of
}

// picture is what a device should hold at one moment.
type picture map[syncproto.Key]*syncproto.Record

// drawer is how many files of a kind lie about at most.
const drawer = 30

var stickKinds = []kind{
	{"out", 80, false, sticks, func(w *world, l *laptop, r *rand.Rand) { w.settle(l, w.doOut(l, r)) }},
	{"take", 100, false, sticks, (*world).doTake},
	{"in", 100, false, sticks, func(w *world, l *laptop, r *rand.Rand) { w.settle(l, w.doIn(l, r)) }},
	{"journey", 40, false, sticks, (*world).doJourney},
	{"twin", 25, true, sticks, (*world).doTwin},
	{"first", 10, false, sticks, (*world).doFirst},
}

func (w *world) beginSticks(r *rand.Rand) {
	for _, l := range w.laptops {
		if r.IntN(3) == 0 {
			l.sticksOnly, l.version = true, 0
		}
	}
}

// anyStick does something with a stick on the side. What the laptop reads
// then it reads while an exchange is under way.
func (w *world) anyStick(l *laptop, r *rand.Rand) {
	var err error
	switch r.IntN(4) {
	case 0:
		err = w.doOut(l, r)
	case 1:
		w.doTake(l, r)
	case 2:
		err = w.doIn(l, r)
	default:
		_, err = w.journey(l, r)
	}
	w.settle(l, err)
}

// catchUp lets a laptop sync in the way that it has, without faults.
func (w *world) catchUp(l *laptop) error {
	if l.sticksOnly {
		_, err := w.journey(l, nil)
		return err
	}
	_, err := w.sync(l, nil)
	return err
}

// doOut makes a bundle, which may get lost with its stick.
func (w *world) doOut(l *laptop, r *rand.Rand) error {
	p, err := w.out(l, sometimes(r, 60), r.IntN(20) == 0)
	if err != nil || p.bytes == nil {
		return err
	}
	if r.IntN(10) > 0 {
		w.files = keepSome(append(w.files, p))
	}
	return nil
}

// sometimes draws the operation at which a store fails, mostly none.
func sometimes(r *rand.Rand, most int) int {
	if r.IntN(12) > 0 {
		return 0
	}
	return 1 + r.IntN(most)
}

func keepSome(list []parcel) []parcel { return list[max(len(list)-drawer, 0):] }

// doTake lets the hub take any of the files that lie about.
func (w *world) doTake(_ *laptop, r *rand.Rand) {
	p, ok := pick(r, w.files)
	if !ok {
		return
	}
	if r.IntN(8) == 0 {
		if _, err := syncproto.DecodeBundle(p.bytes[:r.IntN(len(p.bytes))]); err == nil {
			panic("a torn bundle was read")
		}
	}
	if answer, ok := w.take(p, r); ok && r.IntN(10) > 0 {
		w.answers = keepSome(append(w.answers, answer))
	}
}

// doIn lets a laptop read any answer that it has the keys for.
func (w *world) doIn(l *laptop, r *rand.Rand) error {
	var own []parcel
	for _, p := range w.answers {
		if p.family == l.family {
			own = append(own, p)
		}
	}
	p, ok := pick(r, own)
	if !ok {
		return nil
	}
	_, err := w.in(l, p, sometimes(r, 80), r.IntN(20) == 0)
	return err
}

func (w *world) doJourney(l *laptop, r *rand.Rand) {
	_, err := w.journey(l, r)
	w.settle(l, err)
}

// doTwin lets a laptop be copied after it has made a bundle. Both go on, and
// the copy reads the answer to what both have made.
func (w *world) doTwin(l *laptop, r *rand.Rand) {
	p, err := w.out(l, 0, false)
	must(err)
	if p.bytes == nil || len(w.laptops) >= 8 {
		return
	}
	copied := w.clone(l)
	for range 3 {
		w.now += 1 + r.Int64N(2000) // no two people write in the same millisecond
		w.doEdit([]*laptop{l, copied}[r.IntN(2)], r)
	}
	w.settle(l, w.catchUp(l))
	if answer, ok := w.take(p, nil); ok {
		_, err = w.in(copied, answer, 0, false)
		w.settle(copied, err)
	}
	w.now += 1 + r.Int64N(2000)
	w.doEdit(copied, r)
}

// doFirst enrols a laptop with a first copy on a stick, which takes its time.
func (w *world) doFirst(_ *laptop, r *rand.Rand) {
	if len(w.laptops) >= 8 || w.hub.Version == 1 {
		return
	}
	l := &laptop{name: fmt.Sprintf("first-%d", len(w.laptops)), store: w.stage.replica(), role: roleVillage, scope: village(r.IntN(w.villages)),
		family: len(w.laptops), sticksOnly: r.IntN(2) == 0}
	var rep *syncproto.JoinReply
	must(w.store.Update(func(tx syncproto.HubTx) (err error) {
		rep, err = w.hub.Enrol(tx, l.role, l.scope, "someone", l.name, w.now)
		return err
	}))
	budget := w.down
	if budget == 0 {
		budget = syncproto.DefaultDown
	}
	all := &syncproto.Request{Version: syncproto.Version, Token: rep.Token, Lease: rep.Lease, Now: w.now, Budget: budget, Stick: true}
	p, ok := w.take(parcel{bytes: syncproto.AppendBundle(nil, &syncproto.Bundle{Requests: []*syncproto.Request{all}}), family: l.family}, r)
	w.now += []int64{minute, hour, 9 * day}[r.IntN(3)]
	for range r.IntN(4) {
		w.meanwhile(r)
	}
	l.skew = []int64{0, 12 * hour, 3 * year, -3 * year}[r.IntN(4)]
	w.laptops = append(w.laptops, l)
	must(l.store.Update(func(tx syncproto.ReplicaTx) error {
		if _, err := syncproto.Adopt(tx, rep, l.wall(w)); err != nil {
			return err
		}
		meta, err := tx.Meta()
		meta.Offset = 0 // the reply is old
		return errors.Join(err, tx.SetMeta(meta))
	}))
	if ok {
		_, err := w.in(l, p, sometimes(r, 80), r.IntN(20) == 0)
		w.settle(l, err)
	}
}

// clockKnown reports whether the laptop knows by how much its clock is wrong.
func (l *laptop) clockKnown() bool {
	d := l.store.meta.Offset + l.skew
	return -minute < d && d < minute
}

// journey carries a bundle to the hub and the answer back; r, if not nil,
// leaves copies of both behind.
func (w *world) journey(l *laptop, r *rand.Rand) (done syncproto.Progress, err error) {
	p, err := w.out(l, 0, false)
	if err != nil || p.bytes == nil {
		return done, err
	}
	w.now += hour
	answer, ok := w.take(p, nil)
	if !ok {
		return done, nil
	}
	if r != nil && r.IntN(3) == 0 {
		w.files, w.answers = keepSome(append(w.files, p)), keepSome(append(w.answers, answer))
	}
	w.now += hour
	return w.in(l, answer, 0, false)
}

func (w *world) session(l *laptop) *syncproto.Session {
	return syncproto.NewSession(syncproto.SessionOptions{UpBudget: w.up, DownBudget: w.down, Rand: w.rand, Codec: w.codec, Version: l.version, Link: w.link})
}

// out makes a bundle; none if the program is too old.
func (w *world) out(l *laptop, fault int, crash bool) (p parcel, err error) {
	if l.version == 1 {
		return p, nil
	}
	w.tracef("  out %s, at %d", l.name, l.wall(w))
	var requests []*syncproto.Request
	err = l.store.Update(func(tx syncproto.ReplicaTx) (err error) {
		if fault > 0 {
			tx = &failingReplica{ReplicaTx: tx, left: fault}
		}
		requests, err = w.session(l).BundleOut(w.bug.replica(tx, nil), l.wall(w))
		return err
	})
	switch {
	case err != nil:
		return p, err
	case crash: // between the store and the file
		return p, errCrash
	}
	w.stats.Bundles++
	w.oracle.afterOut(w, l, requests)
	return parcel{bytes: syncproto.AppendBundle(nil, &syncproto.Bundle{Version: syncproto.Version, Requests: requests}), family: l.family, skew: l.skew}, nil
}

// take serves a bundle at the hub, each request in a transaction of its own.
// There is no answer if the hub crashes meanwhile, or is too old for bundles.
func (w *world) take(p parcel, r *rand.Rand) (answer parcel, ok bool) {
	if w.hub.Version == 1 {
		return answer, false
	}
	bundle, err := syncproto.DecodeBundle(p.bytes)
	must(err)
	w.tracef("  take a bundle of family %d", p.family)
	answer.family, answer.skew = p.family, p.skew
	var answers []syncproto.Answer
	for i, q := range bundle.Requests {
		for n := 0; q != nil; n++ {
			if n > maxExchanges {
				w.oracle.wrong("request %d of a bundle is not done after %d replies", i, n)
				return answer, false
			}
			fault := 0
			if r != nil {
				w.meanwhile(r)
				fault = sometimes(r, 60)
			}
			w.now += 200
			reply, err := w.answer(q, fault)
			if errors.Is(err, errCrash) {
				return answer, false
			}
			must(err)
			w.oracle.afterAnswer(r == nil, reply)
			a := syncproto.AnswerTo(q, reply)
			answers = append(answers, a)
			if reply.Sum != nil {
				answer.shown = w.picture(w.deviceOf(q.Token))
			}
			if q = syncproto.Rest(q, reply); a.Last() {
				q = nil
			}
			w.bug.rest(q)
		}
		if answers[len(answers)-1].Last() {
			break
		}
	}
	w.stats.Taken++
	answer.bytes = syncproto.AppendBundle(nil, &syncproto.Bundle{Version: syncproto.Version, Answers: answers})
	return answer, true
}

// meanwhile lets laptops sync between two requests of a bundle.
func (w *world) meanwhile(r *rand.Rand) {
	if r.IntN(12) == 0 {
		l := w.laptops[r.IntN(len(w.laptops))]
		w.doEdit(l, r)
		w.settle(l, w.catchUp(l))
	}
}

// in lets a laptop read an answer.
func (w *world) in(l *laptop, p parcel, fault int, crash bool) (done syncproto.Progress, err error) {
	if l.version == 1 {
		return done, nil
	}
	w.tracef("  in %s, at %d", l.name, l.wall(w))
	bundle, err := syncproto.DecodeBundle(p.bytes)
	must(err)
	w.bug.read(l, bundle.Answers)
	heeded, right := false, l.clockKnown() && l.skew == p.skew
	err = l.store.Update(func(tx syncproto.ReplicaTx) (err error) {
		if fault > 0 {
			tx = &failingReplica{ReplicaTx: tx, left: fault}
		}
		done, heeded, err = w.session(l).BundleIn(w.bug.replica(tx, bundle.Answers[0].Reply), bundle.Answers, l.wall(w))
		return err
	})
	if err != nil {
		return done, err
	}
	w.tracef("    heeded=%v %+v", heeded, done)
	if heeded {
		w.stats.Read++
	}
	if right && !l.clockKnown() {
		w.oracle.wrong("%s forgets by how much its clock is wrong: %d, knows %d", l.name, l.skew, l.store.meta.Offset)
	}
	w.oracle.renamed(done.Renamed)
	w.stats.Renamed += len(done.Renamed)
	w.count(done)
	w.oracle.afterIn(w, l, p, bundle.Answers, done)
	if crash {
		return done, errCrash
	}
	return done, nil
}

// picture is what a device should hold now.
func (w *world) picture(d *syncproto.Device) picture {
	out := picture{}
	tx := &hubTx{HubStore: w.store, view: true}
	for _, s := range (policy{}).Subscriptions(township, d) {
		for _, st := range tx.standing(s, func(*stored) bool { return true }) {
			out[st.Key] = st.Record
		}
	}
	return out
}

// afterAnswer checks that nothing keeps a bundle from being answered whole.
func (o *oracle) afterAnswer(alone bool, p *syncproto.Reply) {
	if alone && !o.copied && !o.restored && !o.puzzled && p.Error != nil && p.Error.Code == syncproto.CodeLease {
		o.wrong("the hub does not answer a whole bundle: %v", p.Error)
	}
}

// afterOut checks that a bundle has all unsent work.
func (o *oracle) afterOut(w *world, l *laptop, requests []*syncproto.Request) {
	if len(requests) >= syncproto.MaxSticks {
		return // the rest comes with the next
	}
	held := heads{}
	for _, q := range requests {
		batch, err := w.codec.Decode(q.Batch)
		must(err)
		for _, r := range batch.Records {
			held.add(r)
		}
	}
	want := heads{}
	for _, d := range l.store.deltas {
		if d.Rejected == nil {
			want.add(d.Record)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if !held[id] {
			o.wrong("%s makes a bundle without edit %d", l.name, id)
		}
	}
}

// afterIn checks what must hold whenever an answer has been read.
func (o *oracle) afterIn(w *world, l *laptop, p parcel, answers []syncproto.Answer, done syncproto.Progress) {
	o.afterSync(w, l)
	o.afterReceive(w, l, answers[len(answers)-1].Reply, p.shown, done)
}
