package syncproto

import (
	"cmp"
	"encoding/base32"
	"encoding/binary"
	"fmt"
)

// Time is a hybrid logical time: 48 bits of milliseconds since 1970-01-01 UTC
// above a 16-bit counter (Kulkarni et al., "Logical Physical Clocks", 2014).
type Time uint64

// TimeAt returns the hybrid time of ms milliseconds since 1970 with counter 0.
func TimeAt(ms int64) Time {
	if ms < 0 {
		ms = 0
	}
	return Time(uint64(ms) << 16)
}

// Milli returns the milliseconds since 1970-01-01 UTC.
func (t Time) Milli() int64 { return int64(t >> 16) }

// Counter returns the logical part.
func (t Time) Counter() uint16 { return uint16(t) }

// Day returns the number of whole days since 1970-01-01 UTC: the bucket of a
// record created at t.
func (t Time) Day() uint32 { return uint32(t.Milli() / 86_400_000) }

// ReplicaID is the number a hub gives to one copy of the data. It is never
// used again, not even for the same laptop after a restore. 0 is nobody.
type ReplicaID uint32

// Stamp names one write: when and by which replica. Stamps are totally
// ordered, by time and then by replica. The stamp of a record's creation is
// its id.
type Stamp struct {
	Time    Time
	Replica ReplicaID
}

// ID names a record within its collection: the stamp of its creation.
type ID = Stamp

// StampSize is the length in bytes of a stamp's binary form.
const StampSize = 12

// StampTextSize is the length of a stamp's text form.
const StampTextSize = 20

var stampText = base32.HexEncoding.WithPadding(base32.NoPadding)

// IsZero reports whether s names nothing.
func (s Stamp) IsZero() bool { return s == Stamp{} }

// Compare orders stamps by time, then by replica.
func (s Stamp) Compare(o Stamp) int {
	if c := cmp.Compare(s.Time, o.Time); c != 0 {
		return c
	}
	return cmp.Compare(s.Replica, o.Replica)
}

// Append adds the 12 bytes of s, most significant first, so that the order of
// the bytes is the order of the stamps.
func (s Stamp) Append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.Time))
	return binary.BigEndian.AppendUint32(dst, uint32(s.Replica))
}

// Bytes returns the 12-byte form.
func (s Stamp) Bytes() []byte { return s.Append(make([]byte, 0, StampSize)) }

// StampOf reads a 12-byte form.
func StampOf(b []byte) (Stamp, error) {
	if len(b) != StampSize {
		return Stamp{}, malformed("stamp of %d bytes, want %d", len(b), StampSize)
	}
	return Stamp{Time(binary.BigEndian.Uint64(b)), ReplicaID(binary.BigEndian.Uint32(b[8:]))}, nil
}

// String returns the text form: lower-case base32hex (RFC 4648 section 7)
// without padding, 20 characters, in the same order as the stamps.
func (s Stamp) String() string {
	var out [StampTextSize]byte
	stampText.Encode(out[:], s.Bytes())
	for i, c := range out {
		if 'A' <= c && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return string(out[:])
}

// ParseStamp reads the text form in either case.
func ParseStamp(text string) (Stamp, error) {
	if len(text) != StampTextSize {
		return Stamp{}, malformed("id %q: want %d characters", clip(text), StampTextSize)
	}
	upper := make([]byte, StampTextSize)
	for i := range upper {
		c := text[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	b := make([]byte, StampSize+1)
	n, err := stampText.Decode(b, upper)
	if err != nil || n != StampSize {
		return Stamp{}, malformed("id %q is not base32hex", clip(text))
	}
	s, err := StampOf(b[:n])
	if err == nil && s.String() != string(lower(upper)) {
		return Stamp{}, malformed("id %q has stray bits at its end", clip(text))
	}
	return s, err
}

func lower(b []byte) []byte {
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (s Stamp) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Stamp) UnmarshalText(b []byte) error {
	v, err := ParseStamp(string(b))
	if err != nil {
		return err
	}
	*s = v
	return nil
}

// Clock makes the stamps of one replica. It never runs backwards: if the
// wall clock does, the counter goes on from the newest time seen. The zero
// Clock is ready. It holds state and no lock; a store keeps it in the same
// transaction as the record that it stamps.
type Clock struct {
	Last Time
}

// Next returns a time that is later than all that the clock has made or
// observed; ms is the wall clock in milliseconds since 1970.
func (c *Clock) Next(ms int64) Time {
	now := TimeAt(ms)
	if now <= c.Last {
		now = c.Last + 1
	}
	c.Last = now
	return now
}

// Observe moves the clock past a time that came from elsewhere.
func (c *Clock) Observe(t Time) {
	if t > c.Last {
		c.Last = t
	}
}

// Key names a record across collections.
type Key struct {
	Collection Collection
	ID         ID
}

// KeySize is the length of a key's binary form.
const KeySize = 2 + StampSize

// Append adds the 14 bytes of k: collection, then id, both big-endian.
func (k Key) Append(dst []byte) []byte {
	return k.ID.Append(binary.BigEndian.AppendUint16(dst, uint16(k.Collection)))
}

// Bytes returns the 14-byte form.
func (k Key) Bytes() []byte { return k.Append(make([]byte, 0, KeySize)) }

// KeyOf reads a 14-byte form.
func KeyOf(b []byte) (Key, error) {
	if len(b) != KeySize {
		return Key{}, malformed("key of %d bytes, want %d", len(b), KeySize)
	}
	id, err := StampOf(b[2:])
	return Key{Collection(binary.BigEndian.Uint16(b)), id}, err
}

// Compare orders keys by collection, then by id.
func (k Key) Compare(o Key) int {
	if c := cmp.Compare(k.Collection, o.Collection); c != 0 {
		return c
	}
	return k.ID.Compare(o.ID)
}

func (k Key) String() string { return fmt.Sprintf("%d/%s", k.Collection, k.ID) }

// Collection is the stable number of a kind of record; package ledger names
// them.
type Collection uint16

// Tag is the stable number of a field within its collection.
type Tag uint16
