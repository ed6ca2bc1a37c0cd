package syncproto

import (
	"slices"
	"strconv"
	"strings"
)

// A deposit is what its author's laptop keeps of work that waits in the inbox:
// the whole item, closed so that only the hub can read it, beside what its
// author may know of it. The laptop has let go of the work itself; should the
// hub be restored from a backup that lacks the item, the deposit comes back by
// comparison, as any record, and the item with it.
//
// A deposit stands in the feeds of the devices that hold it and in no other.
// Its home is the list of their numbers, the newest last.

// DeviceScope is what only one device holds.
func DeviceScope(device uint32) Scope {
	return Scope("d" + strconv.FormatUint(uint64(device), 10))
}

// HolderScopes are the feeds in which a deposit of that home stands.
func HolderScopes(home string) []Scope {
	var out []Scope
	for id := range strings.SplitSeq(home, ",") {
		if id != "" {
			out = append(out, Scope("d"+id))
		}
	}
	return out
}

// maxHolders bounds the devices that hold a deposit: copies of one laptop, and
// what its author enrols anew.
const maxHolders = 16

// withHolder adds a device to the home of a deposit.
func withHolder(home string, d *Device) string {
	if d == nil || slices.Contains(HolderScopes(home), DeviceScope(d.ID)) {
		return home
	}
	return joinHolders(home, strconv.FormatUint(uint64(d.ID), 10))
}

// joinHolders adds the holders of one deposit to those of another.
func joinHolders(home, more string) string {
	for id := range strings.SplitSeq(more, ",") {
		if id != "" && !slices.Contains(HolderScopes(home), Scope("d"+id)) {
			home = strings.TrimPrefix(home+","+id, ",")
		}
	}
	ids := strings.Split(home, ",")
	return strings.Join(ids[max(len(ids)-maxHolders, 0):], ",")
}

// deposit brings the deposit of an item up to date and gives it to its author
// with this reply; without an author, or other holders, it changes only one
// that is there.
func (x *exchange) deposit(item *Record, holders string, author *Device) error {
	old, err := x.tx.Record(Key{x.Clerk.Deposits(), item.ID})
	if err != nil || old == nil && author == nil && holders == "" || old != nil && old.Purged {
		return err
	}
	closed, err := x.closeItem(item)
	if err != nil || closed == nil {
		return err
	}
	at := Stamp{x.state.Clock.Next(x.now), x.state.Own()}
	fresh := x.Clerk.Deposit(at, item, closed)
	holders = joinHolders(homeOf(old), holders)
	rec, home, changed := fresh, withHolder(holders, author), tagsOf(fresh)
	if old != nil {
		rec, changed = old.Record, nil
		if was, err := x.Deposited(old.Record); err != nil || !was.Equal(item) {
			rec = x.rewrite(old.Record, fresh, at)
			changed = tagsOf(rec)
		}
	}
	if len(changed) > 0 {
		x.seal(rec, at)
		changed = tagsOf(rec)
	}
	if old == nil || len(changed) > 0 || home != old.Home {
		if err := x.putIn(old, rec, changed, home); err != nil {
			return err
		}
	}
	if author != nil && !x.overtaken {
		x.add(rec, x.now)
	}
	return nil
}

// acceptDeposit takes a deposit that a laptop shows.
func (x *exchange) acceptDeposit(w *work) (bool, error) {
	items, err := x.depositedItems(w.after)
	if err != nil || len(items) == 0 {
		return x.reject(w, &Rejection{Code: CodeNotAllowed, Message: "这是服务器写的记录,不能修改"})
	}
	if err := x.redeposit(w, items); err != nil {
		return false, err
	}
	x.taken[w.sent.Key] = w.old
	x.gaveBack(w)
	return true, nil
}

// redeposit takes a deposit that came back: its item goes into the inbox
// again, with what people had decided, and the device that has brought it
// goes on holding it.
func (x *exchange) redeposit(w *work, closed []*Record) error {
	home := withHolder(homeOf(w.old), x.device)
	if err := x.putIn(w.old, w.after, w.changed, home); err != nil {
		return err
	}
	old, err := x.tx.Record(closed[0].Key)
	if err != nil || old != nil && old.Purged {
		return err
	}
	back := NewRecord(closed[0].Collection, closed[0].ID)
	if old != nil {
		back = old.Record.Clone()
	}
	changed := false
	for _, c := range closed {
		changed = len(back.Join(c)) > 0 || changed
	}
	if !changed {
		return x.deposit(back, home, nil)
	}
	item, apart, err := x.unite(back)
	if err != nil {
		return err
	}
	if err := x.put(old, item, tagsOf(item)); err != nil {
		return err
	}
	if i, ok := x.Clerk.ReadInbox(item); ok && i.Taken {
		if err := x.take(i); err != nil {
			return err
		}
	}
	if err := x.deposit(item, home, nil); err != nil {
		return err
	}
	return x.fileApart(item, apart)
}

// depositedItems returns the items that the versions of a deposit hold, that
// of the one that it shows first.
func (x *exchange) depositedItems(r *Record) (out []*Record, err error) {
	for _, v := range x.versions(r) {
		item, err := x.Deposited(v)
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

func homeOf(st *Stored) string {
	if st == nil {
		return ""
	}
	return st.Home
}

// fields returns the record that is stored, nil for none.
func (st *Stored) fields() *Record {
	if st == nil {
		return nil
	}
	return st.Record
}

// holdOn lets a device go on holding a deposit that it has shown.
func (x *exchange) holdOn(st *Stored) error {
	if home := withHolder(st.Home, x.device); home != st.Home {
		return x.putIn(st, st.Record, nil, home)
	}
	return nil
}

// bequeath lets a laptop that gets another number hold under that, too, what is
// deposited with the one that it had: it may not have heard of all of it.
func (x *exchange) bequeath(d *Device) error {
	if !x.clerk() {
		return nil
	}
	var ids []ID
	for id, err := range x.tx.Scan(DeviceScope(d.Before), x.Clerk.Deposits(), ID{}, false) {
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		st, err := x.tx.Record(Key{x.Clerk.Deposits(), id})
		if err != nil {
			return err
		}
		if err := x.putIn(st, st.Record, nil, withHolder(st.Home, d)); err != nil {
			return err
		}
	}
	return x.tx.SetState(x.state)
}

// deposited reports whether a record is a deposit.
func (x *exchange) deposited(c Collection) bool {
	return x.clerk() && c == x.Clerk.Deposits()
}

// closeItem encrypts an item for its deposit: as it stands, or without what
// people have written on it where that is too much; nil if it is too much even
// so.
func (x *exchange) closeItem(item *Record) ([]byte, error) {
	plain := AppendRecord(nil, item)
	if len(plain) > maxClosed {
		_, open, _ := x.Clerk.Seal(item.Collection)
		plain = AppendRecord(nil, item.Only(slices.DeleteFunc(tagsOf(item), func(t Tag) bool { return slices.Contains(open, t) })))
	}
	if len(plain) > maxClosed {
		return nil, nil
	}
	return x.close(plain, item.ID)
}

// maxClosed bounds what is closed, with room for nonce and tag.
const maxClosed = MaxText - 64

// Deposited returns the item that a deposit holds.
func (h *Hub) Deposited(r *Record) (*Record, error) {
	plain, err := h.open(h.Clerk.ReadDeposit(r), r.ID)
	if err != nil {
		return nil, err
	}
	return DecodeRecord(plain)
}
