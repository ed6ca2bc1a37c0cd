package syncproto

import "slices"

// work is one record of an upload on its way into the hub.
type work struct {
	sent    *Record
	old     *Stored // as it stands, nil: not here
	before  *Record // its fields
	after   *Record // the join
	changed []Tag
	parent  *Stored    // the head of the record that it follows, if it is here
	home    string     // "": not known
	late    bool       // it came after the record had moved away
	noRoom  *Rejection // the inbox cannot take it now
}

// fate is what becomes of work that its author may not write.
type fate uint8

const (
	toAuthor fate = iota // stays with its author
	toRecord             // goes in all the same: it is from before a move
	toInbox              // goes to the inbox, for the township to decide
)

// judge asks whether a device may do this. An unknown home is the device's
// own place, unless it had another before: then it cannot be told.
func (x *exchange) judge(d *Device, w *work) *Rejection {
	c := Change{Before: w.before, After: w.after, Home: w.home, Record: x.lookup}
	if c.Home == "" {
		c.Home = d.Scope
	}
	rej := x.Policy.Allow(x.state.Township, d, c)
	if rej == nil && w.home == "" && d == x.device && len(d.Former) > 0 {
		rej = &Rejection{Code: CodeScope, Message: "不清楚这条记录属于哪里"}
	}
	return rej
}

// lookup returns the fields of a stored record. An error ends the exchange
// later: see failed.
func (x *exchange) lookup(k Key) *Record {
	st, err := x.tx.Record(k)
	if err != nil {
		x.failed = err
	}
	if err != nil || st == nil || st.Purged {
		return nil
	}
	return st.Record
}

// fate decides about work that was refused for its place. What the device
// could write before the record moved away is joined, and the township told.
// What it could write before its own role changed is held; so is what it
// writes to a record that, as it could see, is no longer its own.
func (x *exchange) fate(w *work, rej *Rejection) (fate, error) {
	if rej.Code != CodeScope {
		return toAuthor, nil
	}
	left, err := x.left(w, x.scopes)
	if err != nil {
		return toAuthor, err
	}
	if left != nil && x.able(w.sent.Collection) {
		if x.since < left.Seq || !x.sees(w) || !x.clerk() {
			w.late = left.Seq <= x.base // not if the same upload has moved it
			return toRecord, nil
		}
		return x.hold(w, x.device.Scope, "写的时候,这条记录已转到别的网格")
	}
	for _, span := range slices.Backward(x.device.Former) {
		d := *x.device
		d.Role, d.Scope = span.Role, span.Scope
		may := x.judge(&d, w)
		if may != nil && may.Code == CodeScope {
			if left, err = x.left(w, x.Policy.Subscriptions(x.state.Township, &d)); err != nil {
				return toAuthor, err
			}
		}
		if may == nil || left != nil {
			return x.hold(w, span.Scope, "写的人已不再负责这里")
		}
	}
	return toAuthor, nil
}

// able reports whether the device's role writes records of that kind at all,
// in its own place: work that was never its own is not late.
func (x *exchange) able(c Collection) bool {
	rej := x.Policy.Allow(x.state.Township, x.device, Change{After: NewRecord(c, ID{}), Home: x.device.Scope, Record: x.lookup})
	return rej == nil || rej.Code != CodeScope
}

// sees reports whether the device still reads the record, or for a new one the
// one that it follows.
func (x *exchange) sees(w *work) bool {
	st := w.old
	if st == nil {
		st = w.parent
	}
	if st == nil {
		return false
	}
	_, ok := x.visible(st)
	return ok
}

// maxParents bounds the way up from a record to the ones that it follows.
const maxParents = 8

// left returns the newest mark that the record, or one that it follows, has
// left one of the scopes; nil if none has.
func (x *exchange) left(w *work, scopes []Scope) (newest *Place, err error) {
	s := w.old
	for range maxParents {
		if s != nil {
			for i, p := range s.Places {
				if p.Gone && slices.Contains(scopes, p.Scope) && (newest == nil || p.Seq > newest.Seq) {
					newest = &s.Places[i]
				}
			}
		}
		switch {
		case s == w.old && w.parent != nil:
			s = w.parent
		case s == nil || s.Parent == (Key{}):
			return newest, nil
		default:
			if s, err = x.tx.Head(s.Parent); err != nil {
				return nil, err
			}
		}
	}
	return newest, nil
}

// hold keeps work for the township to decide, and says that its author's
// laptop may let go of it.
func (x *exchange) hold(w *work, home, reason string) (fate, error) {
	if !x.clerk() {
		return toAuthor, nil
	}
	if w.home != "" {
		home = w.home
	}
	ok, err := x.file(ItemHeld, w, home, reason)
	if err != nil {
		return toAuthor, err
	}
	if !ok {
		w.noRoom = &Rejection{Code: CodeTooLarge, Message: "这条要送街道决定，但一次送得太多，这次放不下。内容还在本机，请点“再报一次”"}
		return toAuthor, nil
	}
	if x.held == nil {
		x.held = map[Key]bool{}
	}
	x.held[w.sent.Key] = true
	return toInbox, nil
}

// file puts work into the inbox. What a person sends of a record is joined in
// one open item: repeats, by whichever way, add nothing. It reports whether
// there was room.
func (x *exchange) file(kind string, w *work, home, reason string) (bool, error) {
	item := Item{Of: w.sent.Key, Kind: kind, Home: home, Device: x.device.ID, Person: x.device.Person, Reason: reason, Received: x.now}
	content := w.sent.Only(w.changed)
	if kind == ItemHeld { // only that has a deposit
		size := len(AppendRecord(nil, content))
		if x.filed += size; x.filed > maxFiled || size > maxContent {
			return false, nil
		}
	} else {
		content = content.told()
	}
	rec, err := x.enter(item, content)
	if err != nil || rec == nil {
		return false, err
	}
	return true, x.depositFor(kind, rec)
}

// told is what an item tells of work that was joined: without the fields for
// which it has no room, which stand in the record itself.
func (r *Record) told() *Record {
	var tags []Tag
	size := 0
	for _, f := range r.Fields {
		n := len(AppendRecord(nil, r.Only([]Tag{f.Tag})))
		if size+n <= maxContent {
			tags, size = append(tags, f.Tag), size+n
		}
	}
	return r.Only(tags)
}

// enter brings content into the inbox, as an item like i or into one that
// stands open for the same person and record, and returns the item; nil if
// there is no room.
func (x *exchange) enter(i Item, content *Record) (*Record, error) {
	stood, all, err := x.openItem(i, content)
	switch {
	case err != nil:
		return nil, err
	case stood != nil && all == nil: // it has all of it
		return stood.Record, nil
	case stood != nil:
		content = all
	}
	if len(AppendRecord(nil, content)) > maxClosed {
		return nil, nil
	}
	rec, err := x.itemOf(i, content, stood.fields())
	if err != nil {
		return nil, err
	}
	return rec, x.put(stood, rec, tagsOf(rec))
}

// itemOf writes an item with a content, over the one that stood.
func (x *exchange) itemOf(i Item, content, stood *Record) (*Record, error) {
	i.Content, i.Closed = AppendRecord(nil, content), false
	if all := AllScope(x.state.Township); !slices.Contains(x.Policy.Scopes(x.state.Township, i.Of.Collection, i.Home), all) {
		var err error
		if i.Content, err = x.close(i.Content, i.Of.ID); err != nil {
			return nil, err
		}
		i.Closed = true
	}
	at := Stamp{x.state.Clock.Next(x.now), x.state.Own()}
	rec := x.Clerk.Inbox(at, i)
	if stood != nil {
		_, open, _ := x.Clerk.Seal(rec.Collection)
		rec = x.rewrite(stood, rec, at, open...)
	}
	x.seal(rec, at)
	return rec, nil
}

// depositFor leaves a deposit with the author of work that is held. What was
// joined the author's laptop need not keep.
func (x *exchange) depositFor(kind string, item *Record) error {
	if kind != ItemHeld {
		return nil
	}
	return x.deposit(item, "", x.device)
}

// maxFiled bounds what one exchange may bring into the inbox: its reply has to
// carry the deposits. What is beyond stays with its author, as refused.
const maxFiled = 4 << 20

// maxContent bounds the content of an item, with room for closing it, and the
// item once more for its deposit.
const maxContent = MaxText - 4096

// openItem returns the undecided item of the same person that takes more
// content, and the join; without a join, an item that has the content already;
// and nothing if a new one is needed. An item never loses a value: a laptop
// that has let go of what it sent may write again as if it had seen that.
func (x *exchange) openItem(like Item, content *Record) (open *Stored, all *Record, err error) {
	items, err := x.items(like.Of)
	if err != nil {
		return nil, nil, err
	}
	for _, st := range items {
		i, _ := x.Clerk.ReadInbox(st.Record)
		if i.Kind != like.Kind || i.Person != like.Person {
			continue
		}
		has, err := x.Content(i)
		if err != nil {
			return nil, nil, err
		}
		both := has.Clone()
		if len(both.Join(content)) == 0 {
			return st, nil, nil
		}
		if open == nil && !i.Decided && both.keeps(has) && len(AppendRecord(nil, both)) <= maxContent {
			open, all = st, both
		}
	}
	return open, all, nil
}

// keeps reports whether r has all heads of before.
func (r *Record) keeps(before *Record) bool {
	for _, f := range before.Fields {
		now, _ := r.Field(f.Tag)
		for _, h := range f.Heads {
			if !slices.Contains(now.Heads, h) {
				return false
			}
		}
	}
	return true
}

// items lists what the inbox has about a record.
func (x *exchange) items(of Key) ([]*Stored, error) {
	if !x.clerk() {
		return nil, nil
	}
	all, err := x.office(of)
	return slices.DeleteFunc(all, func(st *Stored) bool { return x.deposited(st.Collection) }), err
}

// office lists the items of the inbox about a record, and their deposits.
func (x *exchange) office(of Key) (out []*Stored, err error) {
	for k, err := range x.tx.Dependants(of) {
		if err != nil {
			return nil, err
		}
		if !x.own(k.Collection) {
			continue
		}
		st, err := x.tx.Record(k)
		if err != nil {
			return nil, err
		}
		if st == nil || st.Purged {
			continue
		}
		if _, ok := x.Clerk.ReadInbox(st.Record); ok || x.deposited(k.Collection) {
			out = append(out, st)
		}
	}
	return out, nil
}

func (x *exchange) reject(w *work, rej *Rejection) (bool, error) {
	rej.Key = w.sent.Key
	x.reply.Rejections = append(x.reply.Rejections, *rej)
	return false, nil
}
