package syncproto

import "bytes"

// Version is the protocol version that this code speaks; MinVersion the
// oldest that it still understands. PROTOCOL.md has their dated history.
const (
	Version    = 2
	MinVersion = 1
)

// ContentType of the bodies of both directions over HTTP.
const ContentType = "application/vnd.gridbook"

// Paths of the hub's HTTP endpoints, under the address of the invitation.
const (
	PathExchange = "/s"
	PathJoin     = "/j"
)

// TokenSize is the length of a device token, LeaseSize that of a lease,
// NonceSize that of an upload's nonce, in bytes.
const (
	TokenSize = 16
	LeaseSize = 8
	NonceSize = 8
)

// Epoch says which life of the hub's store a cursor belongs to: the second
// (since 1970) in which a store was made or restored.
type Epoch uint32

// Seq is a place in a township's feed. The first is 1; commits take them
// without gaps, in their order.
type Seq uint64

// Cursor says how far a replica has read the feed of all of its scopes.
type Cursor struct {
	Epoch Epoch
	Subs  uint32 // revision of the device's subscription
	Seq   Seq
	// Page is set while a snapshot or a long feed is being fetched: what the
	// hub needs to go on, opaque, at most MaxPage bytes. Seq is then where the feed goes on afterwards.
	Page []byte
}

// Equal reports whether c and o are the same place.
func (c Cursor) Equal(o Cursor) bool {
	return c.Epoch == o.Epoch && c.Subs == o.Subs && c.Seq == o.Seq && bytes.Equal(c.Page, o.Page)
}

// Request is what a replica sends in one exchange. The zero value of every
// field but Token is not sent.
type Request struct {
	Version int
	Token   []byte
	Cursor  Cursor
	Now     int64 // the replica's wall clock, ms since 1970
	// Lease tells a replica from its copies; it comes with every request.
	Lease []byte
	// An upload: Nonce comes with every Batch that is not empty. Without a
	// Batch it asks the hub to settle who the replica is.
	Nonce []byte
	Batch []byte // encoded Batch
	// Budget is how many bytes of batch the reply may carry; 0: none now.
	Budget int
	// Link is what the replica knows of the way to the hub, in bytes/s; 0: unknown.
	Link int
	// Verdict is how the last comparison ended at the replica.
	Verdict Verdict
	// Probe asks for the comparison behind an unequal verdict.
	Probe *Probe
	// Sent are the nonces of uploads that this one's replica has sent before
	// and has no answer to: if the lease has turned since, by these it did.
	Sent [][]byte
	// Stick says that the request travels in a file: Now is when it was made.
	Stick bool

	// What Hub.Unpack has made of Batch: its content, or why there is none.
	batch  *Batch
	unread *refusal
}

// Verdict is the outcome of a comparison of fingerprints.
type Verdict struct {
	State   VerdictState
	Records uint64 // how many the replica holds
}

// VerdictState says what a replica knows of being the same as the hub.
type VerdictState uint8

// The states of a verdict.
const (
	VerdictUnknown VerdictState = 0
	VerdictEqual   VerdictState = 1
	VerdictDiffers VerdictState = 2
)

// Probe compares by day of creation, then by record.
type Probe struct {
	// Days are the replica's sums of every day that has records. Without
	// Records it asks which days differ.
	Days []DaySum
	// Records are all records of the days in Of, as the replica has them.
	Of      []uint32
	Records []RecordHash
	// From and To, not zero, bound the keys of the one day in Of that is asked
	// about: from From, before To.
	From, To Key
}

// within reports whether a probe asks about a key of its days.
func (p *Probe) within(k Key) bool {
	return p.From.Compare(k) <= 0 && (p.To == Key{} || k.Compare(p.To) < 0)
}

// DaySum is the fingerprint of the records created on one day.
type DaySum struct {
	Day uint32 // days since 1970-01-01 UTC
	Sum
}

// RecordHash is a record's name and the first 8 bytes of its hash.
type RecordHash struct {
	Key
	Hash uint64
}

// Reply is the hub's answer.
type Reply struct {
	Version int
	Now     int64 // the hub's wall clock, ms since 1970
	// Error ends the exchange; nothing of the request was joined.
	Error *Error
	Retry int // seconds to wait before the next try, with Error
	// Cursor replaces the replica's if Moved.
	Moved  bool
	Cursor Cursor
	Lease  []byte // after an upload: the next lease
	// Renumber, if not 0: the lease was stale, so this is a copy of another
	// laptop or an older state of it. The replica takes this number, Token
	// and Lease, stamps its unsent work anew and sends again.
	Renumber   ReplicaID
	Token      []byte
	Rejections []Rejection // what of the batch was not joined; all else was
	Batch      []byte      // encoded Batch for the replica
	Gone       []Key       // left the replica's scopes: to be dropped
	Purged     []Key       // erased for good: to be dropped, with local edits
	More       bool        // there is more to fetch
	Left       uint64      // about how many records remain to be fetched
	// Sum is the hub's fingerprint of all that the replica should hold at
	// Cursor; only without More.
	Sum *Sum
	// The answer to a Probe.
	DifferDays []uint32
	Want       []Key // the hub lacks these or has others: send them whole
}

// Rejection says why a record of the upload was not joined.
type Rejection struct {
	Key
	Code    Code
	Message string
}

// JoinRequest enrols a device with a one-time invitation.
type JoinRequest struct {
	Version int
	Secret  []byte
	Device  string // what people call the laptop
	Now     int64
	// Nonce is made by the laptop, NonceSize bytes, and kept until a reply
	// has come: a request repeated with the same Secret and Nonce gets the
	// same reply, so that a lost reply does not use up the invitation.
	Nonce []byte
	// What the device's bundles are signed with (Ed25519 public key), and the
	// age recipient that bundles for it are encrypted to.
	SignKey   []byte
	Recipient string
}

// JoinReply is the hub's answer to an enrolment.
type JoinReply struct {
	Version      int
	Now          int64
	Error        *Error
	Device       uint32
	Replica      ReplicaID
	Token        []byte
	Lease        []byte
	Epoch        Epoch
	Township     string // 9-digit code
	TownshipName string
	Role         string
	Scope        string // place code: what the role is about
	Person       string
	RecoveryKey  string // the township's age recipient, wraps the data key
	BundleKey    string // the hub's age recipient for bundles
	SignKey      []byte // Ed25519 public key that the hub's bundles are signed with
}
