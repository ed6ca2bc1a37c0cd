package syncproto

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
)

// Clerk makes and reads the records that a hub writes by itself: what came
// too late or from someone who may no longer write it, and what was erased.
// The ledger says how they look.
type Clerk interface {
	// Seal names the field of a collection that holds the hub's seal, and the
	// fields that people write, which it does not cover; false for
	// collections that the hub does not write.
	Seal(c Collection) (seal Tag, open []Tag, ok bool)
	// Inbox makes an item of the township's inbox.
	Inbox(at Stamp, i Item) *Record
	// ReadInbox is the reverse of Inbox, false for other records.
	ReadInbox(r *Record) (Item, bool)
	// Decision names the fields of an item in which people decide, the
	// decision first, and the one with the seal of the version that they saw.
	Decision() (fields []Tag, saw Tag)
	// Deposits is the collection of what authors keep of held work; Deposit
	// makes one, with the id of its item and what the author may know of it,
	// and ReadDeposit returns what is closed in it.
	Deposits() Collection
	Deposit(at Stamp, item *Record, closed []byte) *Record
	ReadDeposit(r *Record) (closed []byte)
	// Erased makes the trace of an erasure.
	Erased(at Stamp, e Erasure) *Record
	// ReadErased is the reverse of Erased, false for other records.
	ReadErased(r *Record) (Erasure, bool)
}

// The kinds of items in the inbox.
const (
	ItemJoined = "joined" // late work, joined and shown for information
	ItemHeld   = "held"   // work that waits for the township's decision
)

// Item is work of a laptop that the township should look at.
type Item struct {
	Of     Key // the record that it is about
	Kind   string
	Home   string // place code of the record, as far as known
	Device uint32
	Person string
	Reason string
	// Content is the canonical encoding of the fields that were sent.
	// Closed: it is private, and only the hub can read it.
	Content  []byte
	Closed   bool
	Received int64 // ms since 1970
	Decided  bool  // someone has decided
	Taken    bool  // someone has decided that it shall be joined
}

// Erasure is that a record was erased for good.
type Erasure struct {
	Of     Key
	Home   string // place code of the record
	At     int64  // ms since 1970
	Reason string
}

// GridScope marks that a record has left a grid (15-digit code): its feed has
// nothing but such marks.
func GridScope(code15 string) Scope { return Scope("g" + code15) }

// Change is what a device wants to do to a record.
type Change struct {
	Before *Record // nil: the record is new
	After  *Record // the join
	Home   string  // the place code that decides
	// Record returns what the hub has of another record, nil if nothing.
	Record func(Key) *Record
}

// clerk reports whether the hub can write records of its own.
func (h *Hub) clerk() bool { return h.Clerk != nil && len(h.Key) > 0 }

// own reports whether records of a collection are the hub's own.
func (h *Hub) own(c Collection) bool {
	if !h.clerk() {
		return false
	}
	_, _, ok := h.Clerk.Seal(c)
	return ok
}

// seal signs a record of the hub's own, if its collection asks for it.
func (h *Hub) seal(r *Record, at Stamp) {
	if !h.own(r.Collection) {
		return
	}
	tag, _, _ := h.Clerk.Seal(r.Collection)
	r.Write(tag, at, BytesOf(h.sealOf(r, at)))
}

// genuine reports whether what a record shows is what the hub once wrote.
func (h *Hub) genuine(r *Record) bool {
	tag, _, ok := h.Clerk.Seal(r.Collection)
	g, sealed := r.Field(tag)
	if !ok || !sealed {
		return false
	}
	want := h.sealOf(r, g.Shown().Stamp)
	return len(want) > 0 && hmac.Equal(g.Shown().Value.Bytes(), want)
}

// sealOf computes the seal over the values that a record shows, but for those
// that people write. They bear the stamp of the seal: an older version under
// newer stamps, as a laptop might make it up to get back what it was, has none.
func (h *Hub) sealOf(r *Record, at Stamp) []byte {
	seal, open, _ := h.Clerk.Seal(r.Collection)
	plain := NewRecord(r.Collection, r.ID)
	plain.Write(seal, at, Value{})
	for _, f := range r.Fields {
		head := f.Shown()
		if f.Tag == seal || head.Value.IsNull() || slices.Contains(open, f.Tag) {
			continue
		}
		if head.Stamp != at {
			return nil
		}
		plain.Write(f.Tag, at, head.Value)
	}
	mac := hmac.New(sha256.New, h.Key)
	mac.Write([]byte("gridbook record\x00"))
	mac.Write(AppendRecord(nil, plain))
	return mac.Sum(nil)
}

// rewrite writes what a record should say over what it says: every field
// anew, so that of two versions that never met the newer one is shown whole.
// Other fields go, but for those to keep. The seal comes later, and once: two
// writes under one stamp count as having seen all before it, and would take the
// seal from a version that they never met.
func (h *Hub) rewrite(old, fresh *Record, at Stamp, keep ...Tag) *Record {
	seal, _, _ := h.Clerk.Seal(old.Collection)
	out := old.Clone()
	for _, f := range old.Fields {
		if _, ok := fresh.Field(f.Tag); !ok && f.Tag != seal && !slices.Contains(keep, f.Tag) {
			out.Write(f.Tag, at, Value{})
		}
	}
	for _, f := range fresh.Fields {
		out.Write(f.Tag, at, f.Shown().Value)
	}
	return out
}

// Versions returns the versions of a record of the hub's own that stand beside
// each other, as they do after a restore, the one that it shows first: those
// that bear a genuine seal.
func (h *Hub) Versions(r *Record) []*Record {
	if !h.own(r.Collection) {
		return nil
	}
	return h.versions(r)
}
