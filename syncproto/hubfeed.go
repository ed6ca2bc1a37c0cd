package syncproto

import (
	"encoding/binary"
	"iter"
	"slices"
)

// download fills the reply from the snapshot or the feed, up to the budget,
// and says at the end what the replica should hold.
func (x *exchange) download() error {
	cur := x.req.Cursor
	if x.req.Budget == 0 {
		return nil
	}
	switch {
	case cur.Epoch == 0: // a new copy
		cur = Cursor{x.state.Epoch, x.device.Subs, x.base, x.page(page{})}
	case cur.Subs != x.device.Subs, cur.Seq > x.state.Seq:
		// The device now reads other scopes, or the store was replaced by an
		// older one without a word.
		cur = x.compared()
	}
	var err error
	if len(cur.Page) > 0 && cur.Page[0] == snapshotPage {
		cur, err = x.snapshot(cur)
	}
	if err == nil && !x.reply.More {
		cur, err = x.feed(cur)
	}
	if err != nil {
		return err
	}
	x.reply.Moved = cur.Seq != x.req.Cursor.Seq || cur.Epoch != x.req.Cursor.Epoch ||
		cur.Subs != x.req.Cursor.Subs || !slices.Equal(cur.Page, x.req.Cursor.Page)
	x.reply.Cursor = cur
	if x.reply.More {
		return nil
	}
	return x.total()
}

// compared is the cursor of a replica that finds by comparison what it lacks,
// not by getting everything again.
func (x *exchange) compared() Cursor {
	return Cursor{Epoch: x.state.Epoch, Subs: x.device.Subs, Seq: x.state.Seq}
}

func (x *exchange) total() error {
	var total Sum
	for _, s := range x.scopes {
		sum, err := x.tx.Sum(s, AllDays)
		if err != nil {
			return err
		}
		total = total.Plus(sum)
	}
	x.reply.Sum = &total
	return nil
}

// The forms of a cursor's Page, by its first byte.
const (
	snapshotPage = 1 // see page
	feedPage     = 2 // the Seq up to which the replica knew all when this feed began
)

// page is a place in a snapshot.
type page struct {
	step, scope uint64
	sent        uint64 // records so far
	last        ID
}

func (x *exchange) page(p page) []byte {
	b := binary.AppendUvarint([]byte{snapshotPage}, p.step)
	b = binary.AppendUvarint(b, p.scope)
	b = binary.AppendUvarint(b, p.sent)
	return p.last.Append(b)
}

func parsePage(b []byte) (page, error) {
	u := &unstream{b: b}
	if u.byte() != snapshotPage {
		u.fail("page of unknown form")
	}
	p := page{step: u.uvarint(), scope: u.uvarint(), sent: u.uvarint()}
	id, err := StampOf(u.take(StampSize))
	if u.err != nil {
		return p, u.err
	}
	p.last = id
	return p, err
}

// snapshot goes on with a first copy: collection by collection, rosters
// before logs, so that the laptop is of use before the rest has come.
func (x *exchange) snapshot(cur Cursor) (Cursor, error) {
	p, err := parsePage(cur.Page)
	if err != nil {
		return cur, refuse(CodeMalformed, "下载位置无法识别", "请重新同步")
	}
	order := x.Policy.FirstCopy()
	for ; p.step < uint64(len(order)); p.step, p.scope = p.step+1, 0 {
		for ; p.scope < uint64(len(x.scopes)); p.scope, p.last = p.scope+1, (ID{}) {
			full, err := x.copyScope(&p, order[p.step])
			if err != nil {
				return cur, err
			}
			if full {
				cur.Page = x.page(p)
				return cur, x.remaining(p.sent)
			}
		}
	}
	cur.Page = nil
	return cur, nil
}

// copyScope adds records of one collection in one scope and reports whether
// the budget ran out.
func (x *exchange) copyScope(p *page, o CopyOrder) (full bool, err error) {
	for id, err := range x.tx.Scan(x.scopes[p.scope], o.Collection, p.last, o.Newest) {
		if err != nil {
			return false, err
		}
		if x.size >= x.req.Budget {
			return true, nil
		}
		st, err := x.tx.Record(Key{o.Collection, id})
		if err != nil {
			return false, err
		}
		x.carry(st, 0)
		p.last = id
		p.sent++
	}
	return false, nil
}

func (x *exchange) remaining(sent uint64) error {
	if err := x.total(); err != nil {
		return err
	}
	x.reply.More = true
	if n := x.reply.Sum.Count; n > sent {
		x.reply.Left = n - sent
	}
	x.reply.Sum = nil
	return nil
}

// since returns the place of the feed up to which the replica knows every
// change. In the midst of a feed that is not its Seq: a record that changed
// before Seq and again after it stands only at the later place.
func since(cur Cursor) (Seq, error) {
	if len(cur.Page) == 0 || cur.Page[0] != feedPage {
		if len(cur.Page) > 0 {
			if _, err := parsePage(cur.Page); err != nil { // before anything is joined
				return 0, refuse(CodeMalformed, "下载位置无法识别", "请重新同步")
			}
		}
		return cur.Seq, nil
	}
	n, used := binary.Uvarint(cur.Page[1:])
	if used <= 0 || Seq(n) > cur.Seq {
		return 0, refuse(CodeMalformed, "下载位置无法识别", "请重新同步")
	}
	return Seq(n), nil
}

// feed goes on from the cursor through all of the device's scopes at once, in
// the order of the feed.
func (x *exchange) feed(cur Cursor) (Cursor, error) {
	entries := merge(x.tx, x.scopes, cur.Seq)
	since, err := since(cur)
	if err != nil {
		return cur, err
	}
	own := x.onlyOwn()
	for e, err := range entries {
		if err != nil {
			return cur, err
		}
		if own && e.Seq > x.base {
			break
		}
		if _, echoed := x.taken[e.Key]; echoed && e.Seq > x.base {
			cur.Seq = e.Seq
			continue
		}
		if x.size >= x.req.Budget {
			x.reply.More, x.reply.Left = true, uint64(x.state.Seq-cur.Seq)
			cur.Page = binary.AppendUvarint([]byte{feedPage}, uint64(since))
			return cur, nil
		}
		if err := x.deliver(e, since); err != nil {
			return cur, err
		}
		cur.Seq = e.Seq
	}
	cur.Seq, cur.Page = x.state.Seq, nil
	return cur, nil
}

// onlyOwn reports whether this exchange changed nothing but what was sent, of
// which the device gets an echo.
func (x *exchange) onlyOwn() bool {
	// What is erased has a place and is not joined.
	return x.state.Seq-x.base == Seq(len(x.joined)) && !slices.ContainsFunc(x.joined, func(k Key) bool {
		_, echoed := x.taken[k]
		return !echoed
	})
}

func (x *exchange) deliver(e FeedEntry, since Seq) error {
	st, err := x.tx.Record(e.Key)
	if err != nil {
		return err
	}
	switch {
	case st == nil:
		return &Error{Code: CodeDamaged, Message: "服务器数据不完整", Hint: "请运行 gridbookd verify"}
	case st.Purged:
		x.reply.Purged = append(x.reply.Purged, e.Key)
	case e.Gone:
		if _, ok := x.visible(st); !ok {
			x.reply.Gone = append(x.reply.Gone, e.Key)
		}
	default:
		x.carry(st, since)
		return nil
	}
	x.size += StampSize
	return nil
}

// carry adds what changed in a record since a place of the feed, or all of it
// if it entered the device's scopes later than that.
func (x *exchange) carry(st *Stored, since Seq) {
	if p, ok := x.visible(st); !ok || p.Since > since {
		x.add(st.Record, st.Received)
		return
	}
	x.add(st.Only(fieldsSince(st, since)), st.Received)
}

func (x *exchange) add(r *Record, received int64) {
	if i, ok := x.index[r.Key]; ok {
		both := x.down.Records[i].Clone() // it may be the store's
		both.Join(r)
		x.down.Records[i] = both
		return
	}
	x.index[r.Key] = len(x.down.Records)
	x.down.Records = append(x.down.Records, r)
	x.down.Received = append(x.down.Received, received)
	x.size += sizeOf(r)
}

// sizeOf estimates a record's bytes before compression.
func sizeOf(r *Record) int {
	n := 8
	for _, f := range r.Fields {
		for _, h := range f.Heads {
			n += h.Value.Size()
		}
	}
	return n
}

// merge lists the entries of several feeds in the order of their sequence,
// each record once.
func merge(tx HubTx, scopes []Scope, after Seq) iter.Seq2[FeedEntry, error] {
	return func(yield func(FeedEntry, error) bool) {
		type source struct {
			next func() (FeedEntry, error, bool)
			head FeedEntry
		}
		var sources []*source
		for _, s := range scopes {
			next, stop := iter.Pull2(tx.Feed(s, after))
			defer stop()
			e, err, ok := next()
			if err != nil {
				yield(e, err)
				return
			}
			if ok {
				sources = append(sources, &source{next, e})
			}
		}
		for len(sources) > 0 {
			least := sources[0]
			for _, s := range sources[1:] {
				if s.head.Seq < least.head.Seq || s.head.Seq == least.head.Seq && !s.head.Gone {
					least = s
				}
			}
			if !yield(least.head, nil) {
				return
			}
			e, err, ok := least.next()
			if err != nil {
				yield(e, err)
				return
			}
			least.head = e
			if !ok {
				sources = slices.DeleteFunc(sources, func(s *source) bool { return s == least })
			}
		}
	}
}
