package syncproto

import "iter"

// Delta is what a replica has written and the hub has not yet acknowledged:
// whole registers, to be joined with what both agreed on. What a person sees
// is always Agreed ⊔ Delta.
type Delta struct {
	*Record
	Gen      uint64 // names this state of the delta; never used again
	Order    uint64 // when its first unsent write was made; they are sent in this order
	Rejected *Rejection
}

// ReplicaMeta is a replica's own state; it changes in the same transaction as
// the records.
type ReplicaMeta struct {
	Device  uint32
	Replica ReplicaID
	Token   []byte
	Lease   []byte
	Pending *Upload // the upload under way, kept until it is answered
	// Sticks are uploads that left in bundles and are not answered, in the
	// order in which they were made, at most MaxSticks.
	Sticks []*Upload
	// HubVersion is the newest protocol version of the hub; 0: not known.
	HubVersion int
	Township   string
	Cursor     Cursor
	Clock      Clock
	Observed   Time  // newest stamp that came from the hub
	Offset     int64 // hub's clock minus ours in ms, learnt at the last exchange
	Verified   Verified
	Order      uint64 // last Delta.Order or Gen given out
	Offered    uint64 // deltas up to this Order have been sent at least once
}

// next gives out a number for a Delta's Order or Gen.
func (m *ReplicaMeta) next() uint64 {
	m.Order++
	return m.Order
}

// Upload is a batch that was sent and not answered: it is sent again byte for
// byte, so that the hub can tell a repetition from a copied laptop.
type Upload struct {
	Nonce []byte
	Batch []byte   // encoded; nil if the hub will never join it
	Gens  []KeyGen // of the deltas in it
	Order uint64   // when it was made, among Delta.Order
	Made  int64    // the same by the replica's clock, ms since 1970; only of sticks
	// Newest is the newest stamp of what was sent.
	Newest Time
	// Passed says that a later one was answered: the lease that an answer to
	// this one brings is older than ours.
	Passed bool
}

// KeyGen names a state of a delta.
type KeyGen struct {
	Key
	Gen uint64
}

// Verified is the last completed comparison with the hub.
type Verified struct {
	At      int64 // hub's time in ms since 1970; 0: never
	Equal   bool
	Records uint64
}

// ReplicaTx is a transaction on a replica's store. All methods return
// errors of the store as they are; a record that is not there is nil.
type ReplicaTx interface {
	Meta() (ReplicaMeta, error)
	SetMeta(ReplicaMeta) error
	ReplicaAgreed
	Delta(Key) (*Delta, error)
	// Gen is the Gen of a delta, 0 if there is none: for that a store need
	// not read the record.
	Gen(Key) (uint64, error)
	PutDelta(k Key, d *Delta) error // nil removes it
	// Deltas lists the unsent in Order, the rejected too.
	Deltas() iter.Seq2[*Delta, error]
}

// ReplicaAgreed is the part of a ReplicaTx about what the hub is known to hold.
type ReplicaAgreed interface {
	// Agreed returns a record that the caller may change.
	Agreed(Key) (*Record, error)
	// PutAgreed replaces the agreed record (nil removes it) and keeps the
	// sums. received is the hub's time of receipt in ms, 0 if unknown.
	PutAgreed(k Key, r *Record, received int64) error
	// Sum is the fingerprint of all agreed records, Days the same by day of
	// creation, and OfDay the hashes of one day's.
	Sum() (Sum, error)
	Days() iter.Seq2[DaySum, error]
	OfDay(day uint32) iter.Seq2[RecordHash, error]
	// Newest lists the agreed records of a collection by falling id.
	Newest(Collection) iter.Seq2[*Record, error]
}

// Scope names a feed: what a device may subscribe to.
type Scope string

// VillageScope is the roster and log of a village (12-digit code).
func VillageScope(code12 string) Scope { return Scope("v" + code12) }

// PrivateScope is a village's private collections.
func PrivateScope(code12 string) Scope { return Scope("p" + code12) }

// SharedScope is what everyone of a township holds (9-digit code).
func SharedScope(code9 string) Scope { return Scope("t" + code9) }

// AllScope is everything of a township that is not private.
func AllScope(code9 string) Scope { return Scope("a" + code9) }

// Place is a record's position in one feed.
type Place struct {
	Scope Scope
	Seq   Seq
	Since Seq  // when the record entered this scope
	Gone  bool // the record left this scope at Seq
}

// Stored is a record as a hub keeps it.
type Stored struct {
	*Record           // without fields if Purged
	Seq      Seq      // of its newest change
	Changed  []TagSeq // fields that changed before Seq; all others at Seq
	Places   []Place  // in which feeds it stands
	Home     string   // place code that decides its scope
	Parent   Key      // the record that its home follows; zero: none
	Received int64    // when its newest change arrived, ms since 1970
	Purged   bool

	canonical []byte // of Record, once it is known
}

// Canonical returns the record's canonical bytes, and keeps them: nobody
// changes what a store holds.
func (st *Stored) Canonical() []byte {
	if st.canonical == nil {
		st.canonical = AppendRecord(nil, st.Record)
	}
	return st.canonical
}

// SetCanonical tells a Stored what its store has read, to be kept.
func (st *Stored) SetCanonical(b []byte) { st.canonical = b }

// Hash is the hash of the record.
func (st *Stored) Hash() Hash { return HashOf(st.Canonical()) }

// TagSeq says at which place of the feed a field last changed.
type TagSeq struct {
	Tag Tag
	Seq Seq
}

// HubState is what a hub knows of itself.
type HubState struct {
	Township    string // 9-digit code
	Name        string
	Epoch       Epoch
	Seq         Seq // newest place given out
	NextReplica ReplicaID
	NextDevice  uint32
	Clock       Clock // for the hub's own records
	// FirstReplica is the first replica number that was given out in this
	// epoch, as far as is known; 0: none yet.
	FirstReplica ReplicaID
}

// Own is the number under which the hub keeps people's work in items and
// deposits: another in every epoch. Under one number for all, what it writes
// after a restore would claim to have seen what it wrote in the time that was
// lost, and the work in that would go when it comes back.
func (s HubState) Own() ReplicaID { return max(s.FirstReplica, HubReplica+1) - 1 }

// Device is an enrolled copy of the data.
type Device struct {
	ID        uint32
	Replica   ReplicaID
	TokenHash [32]byte // SHA-256 of the token
	Lease     []byte
	Turns     []Turn   // how Lease came to be, the newest last, at most MaxTurns
	Told      [][]byte // nonces that an upload named as sent before it, at most MaxTurns
	Role      string
	Scope     string // place code
	Person    string
	Name      string
	Subs      uint32 // revision of its subscription
	Joined    int64
	Revoked   int64 // ms since 1970; 0: not
	// For people: the newest exchange, upload and verdict.
	Seen, Uploaded int64
	Verdict        Verdict
	VerdictAt      int64
	Offset         int64 // its clock minus ours in ms
	Sent, Rejected uint64
	// Former are the roles that it had before, the newest last: work from
	// those days goes to the township's inbox.
	Former []RoleSpan
	Before uint32 // the device that it was before it was renumbered; 0: none
	// What came back from it after the hub was restored: see Hub.Serve.
	Returned []KindCount // records that the hub lacked
	Whole    int64       // its first equal verdict under this number, ms since 1970; 0: none yet
	// Void are nonces of uploads that will never be joined, at most MaxTurns:
	// they were refused whole, or sent before one that was.
	Void [][]byte
}

// RoleSpan is a role that a device no longer has.
type RoleSpan struct {
	Role, Scope string
	Until       int64 // ms since 1970
}

// KindCount counts records of a collection.
type KindCount struct {
	Collection Collection
	Records    uint64
}

// Turn is one turn of a lease: the upload with the nonce replaced it.
type Turn struct {
	Lease []byte
	Nonce []byte
}

// HubTx is a transaction on a hub's store.
type HubTx interface {
	HubDevices
	HubRecords
	HubFeeds
}

// HubDevices is the part of a HubTx about the hub itself and its devices.
type HubDevices interface {
	State() (HubState, error)
	SetState(HubState) error
	// DeviceByToken returns the device whose TokenHash is h, nil if none.
	DeviceByToken(h [32]byte) (*Device, error)
	PutDevice(*Device) error
	// Devices lists all devices by number. The caller may change them.
	Devices() iter.Seq2[*Device, error]
}

// HubRecords is the part of a HubTx about records.
type HubRecords interface {
	// Record returns nil if there is none. Others may get the same one, so
	// nobody may change it.
	Record(Key) (*Stored, error)
	// Head is Record, perhaps without the fields: where the record stands is
	// read in a fraction of the time.
	Head(Key) (*Stored, error)
	// PutRecord replaces a record and its places in the feeds: it removes
	// those of old (nil: new record) and adds those of st, which are beyond
	// all places of their feeds or those of old. Nobody may change st any
	// more.
	PutRecord(old, st *Stored) error
	// Dependants lists the records whose Parent is k.
	Dependants(k Key) iter.Seq2[Key, error]
}

// HubFeeds is the part of a HubTx about what devices read.
type HubFeeds interface {
	// Feed lists a scope's places after seq, in order.
	Feed(s Scope, after Seq) iter.Seq2[FeedEntry, error]
	// Scan lists the records of a collection that stand (not gone) in a
	// scope, by id: after the given one, or backwards before it, the zero id
	// being beyond either end.
	Scan(s Scope, c Collection, from ID, backwards bool) iter.Seq2[ID, error]
	// Sum and PutSum read and write a scope's fingerprint of one day of
	// creation; AllDays stands for the whole scope. Days lists the others.
	Sum(s Scope, day uint32) (Sum, error)
	PutSum(s Scope, day uint32, sum Sum) error
	Days(s Scope) iter.Seq2[DaySum, error]
	// OfDay lists the hashes of a scope's records created on one day.
	OfDay(s Scope, day uint32) iter.Seq2[RecordHash, error]
}

// Policy is what a hub must know of the ledger: who reads and writes what.
type Policy interface {
	// Subscriptions are the scopes whose feeds a device reads.
	Subscriptions(township string, d *Device) []Scope
	// Parent names the record whose home r follows, zero if none.
	Parent(r *Record) Key
	// Home is r's own place code, used when its parent is not there.
	Home(r *Record) string
	// Scopes are the feeds in which a record of that home stands.
	Scopes(township string, c Collection, home string) []Scope
	// Allow says why d may not make the change; nil: it may.
	Allow(township string, d *Device, c Change) *Rejection
	// Left are scopes without records of their own that a change takes a
	// record out of, so that work from before can be told: see GridScope.
	Left(c Change) []Scope
	// DeviceRecord is the shared record that tells everyone who writes under
	// d's replica number.
	DeviceRecord(at Stamp, d *Device) *Record
	// FirstCopy lists all collections in the order in which a new copy gets
	// them: rosters first; Newest ones are sent backwards.
	FirstCopy() []CopyOrder
}

// CopyOrder is one step of a first copy.
type CopyOrder struct {
	Collection Collection
	Newest     bool // newest first
}

// AllDays stands for a scope as a whole in HubTx.Sum.
const AllDays = ^uint32(0)

// FeedEntry is one place of a feed.
type FeedEntry struct {
	Seq  Seq
	Key  Key
	Gone bool
}
