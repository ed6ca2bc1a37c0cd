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
