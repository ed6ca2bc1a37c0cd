// Package office is a township's server without its transports: the store's
// contract, the hub that joins what laptops send, and what the people who run
// the server do with it: invite, revoke, look, back up, restore, check.
//
// It does no network and opens no files; clock, randomness and the store are
// handed in.
package office

import (
	"io"
	"iter"

	"gridbook/syncproto"
)

// Store keeps one township. Package storetest has the contract as tests.
//
// Errors carry syncproto codes where a person can act on them: CodeDiskFull
// (nothing was changed), CodeDamaged.
type Store interface {
	// View runs f in a transaction that sees one state and may not write.
	View(f func(Tx) error) error
	// Update runs f exactly once, in a transaction of its own: all of it is
	// kept if f returns nil, none if it returns an error or panics. When
	// Update returns nil, it is on the disk. Concurrent updates run one
	// after the other, may share a commit, and never see each other's error.
	Update(f func(Tx) error) error
	// Check tests the store's own structure, all of it. It returns
	// CodeDamaged with what it found.
	Check() error
	// Snapshot writes a copy of one state, while the store is in use.
	Snapshot(w io.Writer) (int64, error)
	// Close waits for running transactions.
	Close() error
}

// Tx is a transaction on a Store. The zero-result rules of HubTx hold: what
// is not there is nil. In a View, all Put, Set and Append methods fail.
type Tx interface {
	syncproto.HubTx
	Registry
	Book
}

// Registry is the part of a Tx about who may enrol.
type Registry interface {
	// Invite returns the invitation whose secret has the SHA-256 hash.
	Invite(hash [32]byte) (*Invite, error)
	PutInvite(*Invite) error
	// Invites lists the invitations, in no particular order.
	Invites() iter.Seq2[*Invite, error]
}

// Book is the part of a Tx about the store as a whole.
type Book interface {
	// Records lists all records by id, then by collection. Nothing may be
	// written while it does.
	Records() iter.Seq2[*syncproto.Stored, error]
	// Scopes lists the scopes that have a fingerprint, in order.
	Scopes() iter.Seq2[syncproto.Scope, error]
	// Setting returns nil if nothing was set.
	Setting(name string) ([]byte, error)
	PutSetting(name string, value []byte) error
	// AppendAudit adds e at the end and gives it its number and chain.
	AppendAudit(e Entry) error
	// Audit lists the entries after a number, in order.
	Audit(after uint64) iter.Seq2[Entry, error]
}

// Invite is an invitation as the server keeps it: without its secret.
type Invite struct {
	Hash    [32]byte // SHA-256 of the secret
	Role    string
	Scope   string // place code
	Person  string
	Made    int64 // ms since 1970
	Expires int64
	Used    int64  // 0: not yet
	Device  uint32 // that used it
	// Reply is the answer to the device, sealed under its secret and nonce,
	// for a request repeated because the answer was lost.
	Reply []byte
}

// Entry is one line of the audit log. Entries are never changed or removed.
type Entry struct {
	Number uint64 // 1 is the first
	At     int64  // ms since 1970
	Who    string // the person at the server, or the device
	Act    string // one of the Act constants
	On     string // what it was done to
	Note   string
	// Chain is the SHA-256 of the entry and the Chain before it, so that a
	// changed or missing line shows.
	Chain [32]byte
}
