package boltstore

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"iter"
	"slices"

	"gridbook/syncproto"
)

const sumSize = 24

type sumKey struct {
	scope syncproto.Scope
	day   uint32
}

type cachedSum struct {
	sum   syncproto.Sum
	dirty bool
}

func (k sumKey) bytes() []byte { return binary.BigEndian.AppendUint32(scopeKey(k.scope, 4), k.day) }

// Sum reads the fingerprint of a day or, with AllDays, of the whole scope.
// A write transaction keeps sums in memory until its end, because joining a
// batch changes the same few over and over.
func (t *tx) Sum(s syncproto.Scope, day uint32) (syncproto.Sum, error) {
	c, err := t.sum(sumKey{s, day})
	if err != nil {
		return syncproto.Sum{}, err
	}
	return c.sum, nil
}

func (t *tx) sum(k sumKey) (*cachedSum, error) {
	if c, ok := t.sums[k]; ok {
		return c, nil
	}
	v, err := t.get(bucketSum, k.bytes())
	if err != nil {
		return nil, err
	}
	c := &cachedSum{}
	if v != nil {
		if c.sum, err = sumOf(v); err != nil {
			return nil, err
		}
	}
	if t.bolt.Writable() {
		if t.sums == nil {
			t.sums = make(map[sumKey]*cachedSum)
		}
		t.sums[k] = c
	}
	return c, nil
}

// PutSum writes a fingerprint.
func (t *tx) PutSum(s syncproto.Scope, day uint32, sum syncproto.Sum) error {
	if err := checkScope(s); err != nil {
		return err
	}
	if err := t.writable(); err != nil {
		return err
	}
	c, err := t.sum(sumKey{s, day})
	if err != nil {
		return err
	}
	c.sum, c.dirty = sum, true
	return nil
}

// flushSums writes the sums that changed; one of nothing is removed, but for
// a whole scope's, which says that the scope is known.
func (t *tx) flushSums() error {
	var changed []sumKey
	for k, c := range t.sums {
		if c.dirty {
			changed = append(changed, k)
		}
	}
	slices.SortFunc(changed, func(a, b sumKey) int {
		return cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.day, b.day))
	})
	for _, k := range changed {
		c := t.sums[k]
		var value []byte
		if c.sum != (syncproto.Sum{}) || k.day == syncproto.AllDays {
			value = appendSum(nil, c.sum)
		}
		if err := t.put(bucketSum, k.bytes(), value); err != nil {
			return err
		}
		c.dirty = false
	}
	return nil
}

// Days lists the fingerprints by day, in order.
func (t *tx) Days(s syncproto.Scope) iter.Seq2[syncproto.DaySum, error] {
	return func(yield func(syncproto.DaySum, error) bool) {
		if err := t.flushSums(); err != nil {
			yield(syncproto.DaySum{}, err)
			return
		}
		prefix := scopeKey(s, 0)
		for p, err := range t.walk(bucketSum, prefix, prefix) {
			var d syncproto.DaySum
			if err == nil && len(p.key) != len(prefix)+4 {
				err = damaged("a sum's key of %d bytes", len(p.key))
			}
			if err == nil {
				d.Day = binary.BigEndian.Uint32(p.key[len(prefix):])
				d.Sum, err = sumOf(p.value)
			}
			if err == nil && d.Day == syncproto.AllDays {
				return
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// Scopes lists the scopes that have a fingerprint.
func (t *tx) Scopes() iter.Seq2[syncproto.Scope, error] {
	return func(yield func(syncproto.Scope, error) bool) {
		if err := t.flushSums(); err != nil {
			yield("", err)
			return
		}
		var names []string
		next := []byte{}
		for next != nil {
			var prefix []byte
			for p, err := range t.walk(bucketSum, nil, next) {
				if err == nil && (len(p.key) < 5 || len(p.key) != 1+int(p.key[0])+4) {
					err = damaged("a sum's key of %d bytes", len(p.key))
				}
				if err != nil {
					yield("", err)
					return
				}
				prefix = bytes.Clone(p.key[:1+int(p.key[0])])
				break
			}
			if prefix == nil {
				break
			}
			names = append(names, string(prefix[1:]))
			next = successor(prefix)
		}
		// By name: in the store, shorter ones come first.
		slices.Sort(names)
		for _, n := range names {
			if !yield(syncproto.Scope(n), nil) {
				return
			}
		}
	}
}

func appendSum(b []byte, s syncproto.Sum) []byte {
	b = binary.BigEndian.AppendUint64(b, s.Count)
	b = binary.BigEndian.AppendUint64(b, s.Hi)
	return binary.BigEndian.AppendUint64(b, s.Lo)
}

func sumOf(b []byte) (s syncproto.Sum, err error) {
	if len(b) != sumSize {
		return s, damaged("a sum of %d bytes", len(b))
	}
	s.Count = binary.BigEndian.Uint64(b)
	s.Hi = binary.BigEndian.Uint64(b[8:])
	s.Lo = binary.BigEndian.Uint64(b[16:])
	return s, nil
}
