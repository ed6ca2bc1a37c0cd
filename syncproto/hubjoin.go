package syncproto

import (
	"cmp"
	"errors"
	"slices"
)

// upload joins the request's batch, record by record: one that is refused is
// named in the reply and the rest goes on.
func (x *exchange) upload() error {
	batch, err := x.content()
	if err != nil {
		return err
	}
	newest, latest := Time(0), x.latest()
	for _, r := range batch.Records {
		newest = max(newest, r.Newest())
		if newest > latest {
			if err := x.void(); err != nil {
				return err
			}
			return ahead()
		}
	}
	if err := x.observe(newest); err != nil {
		return err
	}
	x.taken = make(map[Key]*Stored, len(batch.Records))
	rejected := 0
	for _, r := range batch.Records {
		ok, err := x.accept(r)
		if err != nil {
			return err
		}
		if !ok {
			rejected++
		}
	}
	// Only now: a record may have followed another of the same batch.
	for _, r := range batch.Records {
		if old, ok := x.taken[r.Key]; ok {
			if err := x.echo(r, old); err != nil {
				return err
			}
		}
		if x.held[r.Key] {
			x.reply.Gone = append(x.reply.Gone, r.Key)
		}
	}
	d := x.device
	d.Uploaded, d.Sent, d.Rejected = x.now, d.Sent+uint64(len(batch.Records)-rejected), d.Rejected+uint64(rejected)
	if err := x.tx.PutDevice(d); err != nil {
		return err
	}
	return x.tx.SetState(x.state)
}

// observe moves the hub's clock past what it takes, and if that leads its wall
// clock, then a little by chance: after a restore the same upload may come
// again, and what the hub writes next must not bear the stamps of what it wrote
// after it in the time that was lost.
func (x *exchange) observe(newest Time) error {
	if newest <= x.state.Clock.Last || newest <= TimeAt(x.now) {
		x.state.Clock.Observe(newest)
		return nil
	}
	jump, err := clockJump(x.Rand)
	x.state.Clock.Last = newest + jump
	return err
}

// content returns what the upload carries. Its records become the store's.
func (x *exchange) content() (*Batch, error) {
	batch, unread := x.req.batch, x.req.unread
	x.req.batch, x.req.unread = nil, nil
	switch {
	case batch != nil:
		return batch, nil
	case unread != nil:
		return nil, unread
	}
	return x.decode(x.req.Batch, x.primeText)
}

// decode reads a batch, with the text of its prime if it has one. What is wrong
// with it is a refusal; other errors are of the store.
func (h *Hub) decode(b []byte, primeText func(*prime) ([]byte, error)) (*Batch, error) {
	var failed error // of the store
	batch, err := h.Codec.decode(b, func(p *prime) (text []byte, err error) {
		if text, err = primeText(p); err != nil && !errors.Is(err, errPrime) {
			failed = err
		}
		return text, err
	})
	switch {
	case failed != nil:
		return nil, failed
	case errors.Is(err, errPrime):
		return nil, &refusal{cause: otherPrime()}
	case err != nil:
		return nil, &refusal{cause: &Error{Code: CodeOf(err), Message: "上报的数据无法读取", Hint: "请重试;若仍不行,请更新程序", Err: err}}
	}
	return batch, nil
}

// latest returns the time after which stamps are refused. What we took while
// our own clock was ahead is in everyone's records: writes that follow it
// bear such stamps too, by no fault of theirs.
func (x *exchange) latest() Time {
	return max(TimeAt(x.now+MaxAheadMillis), x.state.Clock.Last+aheadTolerance)
}

// accept joins one record and reports whether it was allowed.
func (x *exchange) accept(r *Record) (bool, error) {
	old, err := x.tx.Record(r.Key)
	if err != nil {
		return false, err
	}
	if old != nil && old.Purged {
		x.reply.Purged = append(x.reply.Purged, r.Key)
		return true, nil
	}
	w := &work{sent: r, old: old, after: r, changed: tagsOf(r)}
	if old != nil {
		w.before, w.after = old.Record, old.Record.Clone()
		if w.changed = w.after.Join(r); len(w.changed) == 0 {
			x.taken[r.Key] = old
			if x.deposited(r.Collection) {
				return true, x.holdOn(old)
			}
			return true, nil // we have it, so nobody need ask whether it may be
		}
	}
	if rej, err := x.foreign(w); err != nil {
		return false, err
	} else if rej != nil {
		return x.reject(w, rej)
	}
	if !w.after.fits() { // else no one could read it any more
		return x.reject(w, &Rejection{Code: CodeTooLarge, Message: "这条记录的内容太多,服务器放不下"})
	}
	if x.own(r.Collection) {
		return x.acceptOwn(w)
	}
	if w.parent, w.home, err = x.home(w.after, old); err != nil {
		return false, err
	}
	if rej := x.judge(x.device, w); rej != nil {
		f, err := x.fate(w, rej)
		switch {
		case err != nil || x.failed != nil:
			return false, errors.Join(err, x.failed)
		case f == toAuthor:
			return x.reject(w, cmp.Or(w.noRoom, rej))
		case f == toInbox:
			return true, nil
		}
	}
	if x.failed != nil {
		return false, x.failed
	}
	if err := x.putIn(old, w.after, w.changed, cmp.Or(w.home, x.device.Scope)); err != nil {
		return false, err
	}
	x.taken[r.Key] = old
	x.gaveBack(w)
	if w.late && x.clerk() {
		st, err := x.tx.Record(r.Key)
		if err != nil {
			return false, err
		}
		_, err = x.file(ItemJoined, w, st.Home, "记录已转到别处后才收到,已并入")
		return true, err
	}
	return true, nil
}

func tagsOf(r *Record) []Tag {
	out := make([]Tag, len(r.Fields))
	for i, f := range r.Fields {
		out[i] = f.Tag
	}
	return out
}

// home returns the record that r follows, if it is here, and r's place.
func (x *exchange) home(r *Record, old *Stored) (*Stored, string, error) {
	if k := x.Policy.Parent(r); k != (Key{}) && !x.own(r.Collection) {
		p, err := x.tx.Head(k)
		if err != nil {
			return nil, "", err
		}
		if p != nil && !p.Purged && p.Home != "" {
			return p, p.Home, nil
		}
	}
	if own := x.Policy.Home(r); own != "" {
		return nil, own, nil
	}
	if old != nil {
		return nil, old.Home, nil
	}
	return nil, "", nil
}

// echo sends back what the device does not know of a record that it has just
// written: what others changed since its cursor, and joins that differ from
// what it sent.
func (x *exchange) echo(sent *Record, old *Stored) error {
	st, err := x.tx.Record(sent.Key)
	if err != nil {
		return err
	}
	place, ok := x.visible(st)
	if !ok {
		x.reply.Gone = append(x.reply.Gone, sent.Key)
		return nil
	}
	if old == nil || x.overtaken { // it may not have the news, see lease
		return nil
	}
	if x.req.Cursor.Epoch != x.state.Epoch || place.Since > x.since {
		x.carry(st, 0)
		return nil
	}
	unknown := fieldsSince(old, x.since)
	for _, f := range sent.Fields {
		if now, _ := st.Field(f.Tag); !now.Equal(f.Register) && !slices.Contains(unknown, f.Tag) {
			unknown = append(unknown, f.Tag)
		}
	}
	if len(unknown) > 0 {
		x.add(st.Only(unknown), st.Received)
	}
	return nil
}

// visible returns the record's place in the first of the device's scopes in
// which it stands.
func (x *exchange) visible(st *Stored) (Place, bool) {
	for _, p := range st.Places {
		if !p.Gone && slices.Contains(x.scopes, p.Scope) {
			return p, true
		}
	}
	return Place{}, false
}

func fieldsSince(st *Stored, cursor Seq) []Tag {
	var out []Tag
	for _, f := range st.Record.Fields {
		if seqOf(st, f.Tag) > cursor {
			out = append(out, f.Tag)
		}
	}
	return out
}

func seqOf(st *Stored, t Tag) Seq {
	for _, c := range st.Changed {
		if c.Tag == t {
			return c.Seq
		}
	}
	return st.Seq
}

// put stores a record at the end of the feed, moves it between scopes, keeps
// the sums, and lets its dependants follow a change of home.
func (x *exchange) put(old *Stored, r *Record, changed []Tag) error {
	elsewhere := ""
	if x.device != nil {
		elsewhere = x.device.Scope
	}
	return x.putAt(old, r, changed, elsewhere)
}

// putAt is put with the home of a record that tells none.
func (x *exchange) putAt(old *Stored, r *Record, changed []Tag, elsewhere string) error {
	_, home, err := x.home(r, old)
	if err != nil {
		return err
	}
	if home == "" {
		home = elsewhere
	}
	return x.putIn(old, r, changed, home)
}

// putIn is put with the record's home.
func (x *exchange) putIn(old *Stored, r *Record, changed []Tag, home string) error {
	x.state.Seq++
	st := &Stored{Record: r, Seq: x.state.Seq, Home: home, Received: x.now, Parent: x.Policy.Parent(r)}
	if old != nil {
		if len(changed) == 0 { // it only follows another
			st.Received = old.Received
		}
		for _, f := range old.Record.Fields {
			if !slices.Contains(changed, f.Tag) {
				st.Changed = append(st.Changed, TagSeq{f.Tag, seqOf(old, f.Tag)})
			}
		}
	}
	st.Places = x.marks(old, st, x.places(old, st))
	if x.failed != nil {
		return x.failed
	}
	if err := x.sums(old, st); err != nil {
		return err
	}
	if err := x.tx.PutRecord(old, st); err != nil {
		return err
	}
	x.joined = append(x.joined, r.Key)
	if old != nil && old.Home == st.Home {
		return nil
	}
	return x.follow(r.Key)
}

// follow gives the dependants of a record its new home.
func (x *exchange) follow(k Key) error {
	var keys []Key
	for d, err := range x.tx.Dependants(k) {
		if err != nil {
			return err
		}
		keys = append(keys, d)
	}
	for _, d := range keys {
		st, err := x.tx.Record(d)
		if err != nil {
			return err
		}
		if st == nil || st.Purged {
			continue
		}
		_, home, err := x.home(st.Record, st)
		if err != nil {
			return err
		}
		if home != st.Home {
			if err := x.put(st, st.Record, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// places puts st at its sequence in every scope where it belongs and marks
// those that it left.
func (x *exchange) places(old, st *Stored) []Place {
	scopes := x.Policy.Scopes(x.state.Township, st.Collection, st.Home)
	var out []Place
	for _, s := range scopes {
		p := Place{Scope: s, Seq: st.Seq, Since: st.Seq}
		if was := placeIn(old, s); was != nil && !was.Gone {
			p.Since = was.Since
		}
		out = append(out, p)
	}
	if old != nil {
		for _, p := range old.Places {
			if slices.Contains(scopes, p.Scope) {
				continue
			}
			if !p.Gone {
				p = Place{Scope: p.Scope, Seq: st.Seq, Since: st.Seq, Gone: true}
			}
			out = append(out, p)
		}
	}
	return out
}

// marks adds to the places of st what it leaves besides: see Policy.Left.
func (x *exchange) marks(old, st *Stored, places []Place) []Place {
	if old == nil {
		return places
	}
	for _, s := range x.Policy.Left(Change{Before: old.Record, After: st.Record, Home: st.Home, Record: x.lookup}) {
		places = slices.DeleteFunc(places, func(p Place) bool { return p.Scope == s })
		places = append(places, Place{Scope: s, Seq: st.Seq, Since: st.Seq, Gone: true})
	}
	return places
}

func placeIn(st *Stored, s Scope) *Place {
	if st == nil {
		return nil
	}
	for i := range st.Places {
		if st.Places[i].Scope == s {
			return &st.Places[i]
		}
	}
	return nil
}

// sums takes the old record's hash out of its scopes and puts the new one in.
func (x *exchange) sums(old, st *Stored) error {
	day := st.ID.Time.Day()
	if old != nil && !old.Purged {
		h := old.Hash()
		for _, p := range old.Places {
			if p.Gone {
				continue
			}
			if err := x.sum(p.Scope, day, func(s Sum) Sum { return s.Remove(h) }); err != nil {
				return err
			}
		}
	}
	if st.Purged {
		return nil
	}
	h := st.Hash()
	for _, p := range st.Places {
		if p.Gone {
			continue
		}
		if err := x.sum(p.Scope, day, func(s Sum) Sum { return s.Add(h) }); err != nil {
			return err
		}
	}
	return nil
}

func (x *exchange) sum(scope Scope, day uint32, change func(Sum) Sum) error {
	for _, d := range []uint32{day, AllDays} {
		s, err := x.tx.Sum(scope, d)
		if err != nil {
			return err
		}
		if err := x.tx.PutSum(scope, d, change(s)); err != nil {
			return err
		}
	}
	return nil
}
