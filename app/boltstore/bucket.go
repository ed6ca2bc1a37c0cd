package boltstore

import (
	"encoding/binary"
	"hash/fnv"

	"gridbook/syncproto"
)

// bucket is one of the file's top-level buckets.
type bucket uint8

const (
	metaBucket bucket = iota
	keysBucket
	agreedBucket
	deltasBucket
	sumsBucket
	childrenBucket
	datesBucket
	settingsBucket
	buckets
)

func (b bucket) String() string {
	return [buckets]string{"meta", "keys", "agreed", "deltas", "sums", "children", "dates", "settings"}[b]
}

func bucketNamed(name string) (bucket, bool) {
	for b := range buckets {
		if b.String() == name {
			return b, true
		}
	}
	return 0, false
}

// digested reports whether the state's digest covers b. The state is in meta
// itself; keys are guarded by checksums of their own, since they are read
// before anything can be opened.
func (b bucket) digested() bool { return b != metaBucket && b != keysBucket }

// sealed reports whether b's values are sealed under the data key.
func (b bucket) sealed() bool {
	switch b {
	case agreedBucket, deltasBucket, sumsBucket, settingsBucket:
		return true
	}
	return false
}

// digest is a sum over the entries of a store: it changes with every key and
// with every sealing of a value. It is against accidents, not adversaries.
type digest struct {
	Entries uint64
	Sum     uint64
}

func (d *digest) add(b bucket, key, value []byte) {
	d.Entries++
	d.Sum += mark(b, key, value)
}

func (d *digest) remove(b bucket, key, value []byte) {
	d.Entries--
	d.Sum -= mark(b, key, value)
}

// mark hashes an entry: its place, and its value or, if that is sealed, the
// tag at its end, which is another at every sealing.
func mark(b bucket, key, value []byte) uint64 {
	if b.sealed() {
		value = value[max(0, len(value)-tagSize):]
	}
	h := fnv.New64a()
	h.Write([]byte{byte(b), byte(len(key))})
	h.Write(key)
	h.Write(value)
	return h.Sum64()
}

func dayKey(day uint32) []byte { return binary.BigEndian.AppendUint32(nil, day) }

// orderedDay makes days, which may lie before 1970, sort as bytes.
func orderedDay(dst []byte, day int64) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(clampDay(day)-minDay))
}

func clampDay(day int64) int64 { return min(max(day, minDay), maxDay) }

const (
	minDay = -1 << 31
	maxDay = 1<<31 - 1
)

func dayOf(b []byte) int64 { return int64(binary.BigEndian.Uint32(b)) + minDay }

// Lengths and offsets of the keys of the indexes.
const (
	placeSize   = 4 + syncproto.StampSize // day ‖ id
	childPrefix = syncproto.KeySize + 2   // parent ‖ collection
	childSize   = childPrefix + placeSize // children
	dateSize    = 2 + placeSize           // dates
	sumSize     = 24                      // a fingerprint
)

func childKey(parent syncproto.Key, k syncproto.Key, day int64) []byte {
	out := parent.Append(make([]byte, 0, childSize))
	out = binary.BigEndian.AppendUint16(out, uint16(k.Collection))
	return k.ID.Append(orderedDay(out, day))
}

func dateKey(k syncproto.Key, day int64) []byte {
	out := binary.BigEndian.AppendUint16(make([]byte, 0, dateSize), uint16(k.Collection))
	return k.ID.Append(orderedDay(out, day))
}
