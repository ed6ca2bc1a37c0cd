package syncproto

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// Hash is the first 16 bytes of the SHA-256 of a record's canonical bytes.
// It covers every stamp as well as every value, so that two records which
// look alike but know different writes differ.
type Hash [16]byte

// HashOf returns the hash of canonical bytes.
func HashOf(canonical []byte) Hash {
	h := sha256.Sum256(canonical)
	return Hash(h[:16])
}

// Hash returns the record's hash.
func (r *Record) Hash() Hash { return HashOf(AppendRecord(nil, r)) }

// Short returns the first 8 bytes as a number, for probes.
func (h Hash) Short() uint64 { return binary.BigEndian.Uint64(h[:8]) }

// Sum is the fingerprint of a set of records: how many, and the sum of their
// hashes as little-endian 128-bit numbers modulo 2^128. Adding and removing
// cost the same whatever the set holds. It notices accidents, not an
// adversary who can choose records; peers are authenticated.
type Sum struct {
	Count  uint64
	Lo, Hi uint64
}

// Add returns s with a record of hash h.
func (s Sum) Add(h Hash) Sum {
	return s.Plus(Sum{1, binary.LittleEndian.Uint64(h[:8]), binary.LittleEndian.Uint64(h[8:])})
}

// Remove returns s without a record of hash h.
func (s Sum) Remove(h Hash) Sum {
	lo, borrow := bits.Sub64(s.Lo, binary.LittleEndian.Uint64(h[:8]), 0)
	hi, _ := bits.Sub64(s.Hi, binary.LittleEndian.Uint64(h[8:]), borrow)
	return Sum{s.Count - 1, lo, hi}
}

// Plus returns the fingerprint of both sets together; they must be disjoint.
func (s Sum) Plus(o Sum) Sum {
	lo, carry := bits.Add64(s.Lo, o.Lo, 0)
	hi, _ := bits.Add64(s.Hi, o.Hi, carry)
	return Sum{s.Count + o.Count, lo, hi}
}
