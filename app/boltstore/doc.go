// Package boltstore keeps a laptop's copy of the ledger: one bbolt file whose
// values are sealed under a random key, which each person's password and the
// township's recovery key unwrap.
//
// # Files
//
// The data folder holds
//
//	gridbook.db             the store
//	gridbook-1.db … -3.db   verified copies of it, newest first
//	gridbook-damaged-T.db   a store that could not be read at time T
//	gridbook.lock           held while a program has the store open
//	gridbook.open           there while the store is open: at the next start
//	                        it means that the last one did not end well
//
// # Buckets
//
// Keys are big-endian and give away ids, collections and dates only; values
// are nonce ‖ AES-256-GCM with "bucket \0 key" as additional data, so that no
// value can stand in for another.
//
//	meta       "format": number and checksum, plain; "state": see state
//	keys       how passwords and the recovery key unwrap the data key
//	agreed     collection ‖ id → what the hub is known to hold
//	deltas     collection ‖ id → what it has not acknowledged
//	sums       day → fingerprint of the agreed records created on it
//	children   parent ‖ collection ‖ day ‖ id → day ‖ id, …: a span of a list
//	dates      collection ‖ day ‖ id → day ‖ id, …: a span of a list
//	settings   keyed hash of a name → name and value
//
// The lists are of agreed records. A span is up to 32 neighbouring places of
// one, the first in the key and those that follow it in the value, which is not
// sealed: it has no more than keys have.
//
// The state carries a digest over all keys, value tags and spans. Opening reads
// the structure of every page and compares it, so that a page that went missing
// or came back from an earlier time is noticed at once; a changed value is
// noticed when it is opened.
package boltstore
