package syncsim

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"

	"gridbook/syncproto"
)

// action is one step of a simulation. R decides everything about it that Kind
// and Who do not, so that leaving out one step changes no other.
type action struct {
	Kind string
	Who  int    `json:",omitempty"`
	R    uint64 `json:",omitempty"`
}

// kinds lists the actions with their weights. Those that destroy something or
// break a promise that the others rely on come only in rough worlds.
var kinds = []kind{
	{"edit", 420, false, "", (*world).doEdit},
	{"sync", 300, false, "", (*world).doSync},
	{"wait", 80, false, "", (*world).doWait},
	{"move", 50, false, "", (*world).doMove},
	{"clock", 25, false, "", (*world).doClock},
	{"purge", 15, false, "", (*world).doPurge},
	{"retry", 15, false, "", func(w *world, l *laptop, _ *rand.Rand) { w.retry(l) }},
	{"new", 8, false, "", (*world).doNew},
	{"late", 25, true, "", (*world).doLate},
	{"save", 20, true, "", func(_ *world, l *laptop, _ *rand.Rand) { l.saved = append(l.saved, l.store.Copy()) }},
	{"rollback", 15, true, "", (*world).doRollback},
	{"clone", 8, true, "", (*world).doClone},
	{"backup", 20, true, "", func(w *world, _ *laptop, _ *rand.Rand) { w.backups = append(w.backups, w.store.Copy()) }},
	{"restore", 15, true, "", (*world).doRestore},
	{"rescope", 8, true, "", (*world).doRescope},
	{"enrol", 5, true, "", func(w *world, l *laptop, _ *rand.Rand) { w.enrol(l, l.role, l.scope); w.oracle.restored = true }},
}

// allKinds is where other files add theirs, at the end, so that the worlds
// that do without them stay as they are.
var allKinds = slices.Concat(kinds, stickKinds, versionKinds, disputeKinds, roleKinds)

type kind struct {
	name   string
	weight int
	rough  bool
	with   feature // only in worlds that have it; "": in all
	do     func(*world, *laptop, *rand.Rand)
}

// do carries out one action; a kind that is not known any more does nothing.
func (w *world) do(a action) {
	l := w.laptops[a.Who%len(w.laptops)]
	r := rand.New(rand.NewPCG(a.R, 1))
	w.tracef("%s %s, its clock at %d", a.Kind, l.name, l.store.meta.Clock.Last)
	w.now += 1 + r.Int64N(2000)
	for _, k := range allKinds {
		if k.name == a.Kind {
			k.do(w, l, r)
		}
	}
}

// script draws the actions of a run.
func script(r *rand.Rand, rough bool, with []feature) []action {
	total := 0
	happens := func(k kind) bool { return (rough || !k.rough) && (k.with == "" || slices.Contains(with, k.with)) }
	for _, k := range allKinds {
		if happens(k) {
			total += k.weight
		}
	}
	out := make([]action, 20+r.IntN(140))
	for i := range out {
		n := r.IntN(total)
		for _, k := range allKinds {
			if !happens(k) {
				continue
			}
			if n -= k.weight; n < 0 {
				out[i] = action{k.name, r.IntN(60), r.Uint64()}
				break
			}
		}
	}
	return out
}

// know lists what a laptop shows of a collection, or of all if it is 0.
func (l *laptop) know(c syncproto.Collection) (out []syncproto.Key) {
	for k := range l.store.agreed {
		if k.Collection == c || c == 0 && peoples(k.Collection) {
			out = append(out, k)
		}
	}
	for k := range l.store.deltas {
		if _, ok := l.store.agreed[k]; !ok && (k.Collection == c || c == 0 && peoples(k.Collection)) {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, syncproto.Key.Compare)
	return out
}

// pick returns one of the keys, false if there are none.
func pick[T any](r *rand.Rand, list []T) (v T, ok bool) {
	if len(list) == 0 {
		return v, false
	}
	return list[r.IntN(len(list))], true
}

func (w *world) doEdit(l *laptop, r *rand.Rand) {
	text := "值"
	if w.long && r.IntN(3) == 0 {
		text = strings.Repeat("长", 200+r.IntN(300))
	}
	if w.has(slow) {
		text = prose(r)
	}
	if r.IntN(25) == 0 {
		text = badText
	}
	n := r.IntN(20)
	if w.few && l.know(householdKind) != nil {
		n = 10 + r.IntN(10)
	}
	switch {
	case n < 4:
		w.create(l, householdKind, syncproto.Key{}, w.placeFor(l, r), text)
	case n < 7:
		if h, ok := pick(r, l.know(householdKind)); ok {
			w.create(l, visitKind, h, "", text)
		}
	case n < 8:
		if v, ok := pick(r, l.know(visitKind)); ok {
			w.create(l, photoKind, v, "", text)
		}
	case n < 9 && l.role == roleVillage:
		if h, ok := pick(r, l.know(householdKind)); ok {
			w.create(l, privateKind, h, "", text)
		}
	case n < 11:
		w.resolve(l, r)
	default:
		keys := l.know(0)
		if w.few {
			keys = keys[:min(len(keys), 2)]
		}
		k, ok := pick(r, keys)
		for range 1 + r.IntN(3) {
			if ok {
				tag := tagFirst + syncproto.Tag(r.IntN(int(tagLast-tagFirst)+1))
				if w.few {
					tag = tagFirst
				}
				if r.IntN(12) == 0 {
					tag = tagDeleted
				}
				w.set(l, k, tag, text)
			}
		}
	}
}

// resolve decides a conflict, if the laptop shows any.
func (w *world) resolve(l *laptop, r *rand.Rand) {
	for _, k := range l.know(0) {
		for _, tag := range l.read(k).Conflicts() {
			if tag != tagMarker && tag != tagOwner && tag != tagParent && r.IntN(2) == 0 {
				text := "定"
				if tag == tagVillage {
					text = plain(l.read(k).Value(tag))
				}
				w.set(l, k, tag, text)
				return
			}
		}
	}
}

func (w *world) placeFor(l *laptop, r *rand.Rand) string {
	if l.role == roleTownship {
		return village(r.IntN(w.villages))
	}
	return l.scope
}

func (w *world) doWait(_ *laptop, r *rand.Rand) {
	w.now += []int64{minute, 20 * minute, 5 * hour, day, 9 * day}[r.IntN(5)]
}

func (w *world) doMove(l *laptop, r *rand.Rand) {
	if h, ok := pick(r, l.know(householdKind)); ok {
		w.set(l, h, tagVillage, village(r.IntN(w.villages)))
	}
}

func (w *world) doClock(l *laptop, r *rand.Rand) {
	l.skew = []int64{0, 0, 0, 5 * minute, 12 * hour, 30 * hour, 3 * year, -3 * year, -2 * hour, -30 * hour}[r.IntN(10)]
}

func (w *world) doPurge(_ *laptop, r *rand.Rand) {
	var keys []syncproto.Key
	for k, st := range w.store.records {
		if peoples(k.Collection) && !st.Purged {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, syncproto.Key.Compare)
	if k, ok := pick(r, keys); ok {
		w.purge(k)
	}
}

func (w *world) doNew(_ *laptop, r *rand.Rand) {
	if len(w.laptops) < 8 {
		w.joinAny(r)
		w.laptops[len(w.laptops)-1].sticksOnly = w.has(sticks) && r.IntN(3) == 0
	}
}

// joinAny enrols a laptop of any role.
func (w *world) joinAny(r *rand.Rand) {
	switch r.IntN(6) {
	case 0:
		w.join(roleTownship, township)
	case 1:
		w.join(roleGrid, village(r.IntN(w.villages)))
	default:
		w.join(roleVillage, village(r.IntN(w.villages)))
	}
}

func (w *world) doRollback(l *laptop, r *rand.Rand) {
	if s, ok := pick(r, l.saved); ok {
		w.rollBack(l, s)
	}
}

func (w *world) doClone(l *laptop, _ *rand.Rand) {
	if len(w.laptops) < 8 {
		w.clone(l)
	}
}

func (w *world) doRestore(_ *laptop, r *rand.Rand) {
	if s, ok := pick(r, w.backups); ok {
		w.now += hour
		w.restore(s)
	}
}

func (w *world) doRescope(l *laptop, r *rand.Rand) {
	if l.role != roleTownship {
		w.rescope(l, village(r.IntN(w.villages)))
	}
}

// lateness is how long a request may be on its way.
const lateness = 10 * minute

// doLate lets the copy of an old request arrive. Its reply goes nowhere.
func (w *world) doLate(_ *laptop, r *rand.Rand) {
	w.late = slices.DeleteFunc(w.late, func(q lateRequest) bool { return w.now-q.sent > lateness })
	if q, ok := pick(r, w.late); ok {
		w.oracle.copied = true
		_, err := w.serve(q.bytes, 0)
		must(err)
	}
}

// doSync syncs over a bad way.
func (w *world) doSync(l *laptop, r *rand.Rand) {
	if l.sticksOnly {
		w.doJourney(l, r)
		return
	}
	bad := []int{0, 0, 5, 20, 50}[r.IntN(5)] // per cent
	hits := func() bool { return r.IntN(100) < bad }
	_, err := w.sync(l, func(int) (f fate) {
		f.loseRequest, f.loseReply, f.repeat = hits(), hits(), hits()
		f.straggle = w.rough && hits()
		if hits() {
			f.tearRequest = 1 + r.IntN(1000)
		}
		if hits() {
			f.tearReply = 1 + r.IntN(1000)
		}
		if hits() {
			f.hubFault = 1 + r.IntN(60)
		}
		if bad == 50 && r.IntN(8) == 0 {
			f.laptopFault = r.IntN(121) - 60
			f.laptopCrash = r.IntN(2) == 0
		}
		if r.IntN(6) == 0 {
			seed := r.Uint64()
			f.during = func() { w.doEdit(l, rand.New(rand.NewPCG(seed, 2))) }
		}
		if w.has(sticks) && r.IntN(8) == 0 {
			seed := r.Uint64()
			f.during = func() { w.anyStick(l, rand.New(rand.NewPCG(seed, 4))) }
		}
		if r.IntN(15) == 0 && len(w.laptops) > 1 {
			other, edits := w.laptops[r.IntN(len(w.laptops))], r.Uint64()
			if other != l {
				f.between = func() {
					w.doEdit(other, rand.New(rand.NewPCG(edits, 3)))
					w.settle(other, w.catchUp(other))
				}
			}
		}
		return f
	})
	w.settle(l, err)
}

// settle does what a program or a person does after a sync that failed.
func (w *world) settle(l *laptop, err error) {
	switch {
	case err == nil, errors.Is(err, errLost):
	case errors.Is(err, errCrash):
		w.stats.Crashed++
		w.open(l)
	case syncproto.CodeOf(err) == syncproto.CodeToken:
		w.enrol(l, l.role, l.scope)
	default:
		w.oracle.wrong("%s: sync ends with %v", l.name, err)
	}
}
