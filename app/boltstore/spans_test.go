package boltstore

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gridbook/syncproto"
)

// undo ends a transaction of which nothing is to stay.
var undo = errors.New("undo")

// listed is what a listing gives from start on, at most limit keys. between,
// which may be nil, is called with each.
func listed(t rapid.TB, tx *Tx, b bucket, start []byte, between func(key []byte)) (keys []string) {
	l, err := tx.listing(b, start[:b.listPrefix()], start)
	for ; err == nil && l.key != nil; err = l.next() {
		keys = append(keys, string(l.key))
		if between != nil {
			between(l.key)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestSpansAgainstModel enters and leaves places of neighbouring lists, in
// order and not, and compares with a sorted set.
func TestSpansAgainstModel(t *testing.T) {
	s := newStore(t, t.TempDir(), options(nil))
	rapid.Check(t, func(rt *rapid.T) {
		b := rapid.SampledFrom([]bucket{childrenBucket, datesBucket}).Draw(rt, "bucket")
		key := func(list, place int) []byte {
			k := syncproto.Key{Collection: syncproto.Collection(7 + list), ID: at(place * 7)}
			if b == childrenBucket {
				return childKey(syncproto.Key{Collection: 1, ID: at(list)}, k, int64(place/40))
			}
			return dateKey(k, int64(place/40))
		}
		model := map[string]bool{}
		below := func(start []byte) (keys []string) {
			for k := range model {
				if k[:b.listPrefix()] == string(start[:b.listPrefix()]) && k < string(start) {
					keys = append(keys, k)
				}
			}
			slices.Sort(keys)
			slices.Reverse(keys)
			return keys
		}
		for range rapid.IntRange(1, 3).Draw(rt, "transactions") {
			check(t, s.Update(func(tx *Tx) error {
				for range rapid.IntRange(1, 8).Draw(rt, "runs") {
					list, from := rapid.IntRange(0, 2).Draw(rt, "list"), rapid.IntRange(0, 600).Draw(rt, "from")
					step := rapid.SampledFrom([]int{-3, -1, 1, 2, 37}).Draw(rt, "step")
					in := rapid.IntRange(0, 2).Draw(rt, "in") > 0
					for i := range rapid.IntRange(1, 300).Draw(rt, "length") {
						k := key(list, ((from+i*step)%600+600)%600)
						change := tx.enter
						if model[string(k)] = true; !in {
							change = tx.leave
							delete(model, string(k))
						}
						if err := change(b, k); err != nil {
							rt.Fatal(err)
						}
					}
				}
				for list := range 4 {
					for _, start := range [][]byte{key(list, 600), key(list, 290), append(key(list, 0), 0)} {
						if got, want := listed(rt, tx, b, start, nil), below(start); !slices.Equal(got, want) {
							rt.Fatalf("list %d: %x, want %x", list, got, want)
						}
					}
				}
				if n, err := tx.countPlaces(b); n != len(model) || err != nil {
					rt.Fatalf("%d places, %v, want %d", n, err, len(model))
				}
				return nil
			}))
		}
		check(t, s.Update(func(tx *Tx) error {
			for list := range 3 {
				end := key(list, 600)
				want := below(end)
				got := listed(rt, tx, b, end, func(k []byte) { // what was passed goes
					if err := tx.leave(b, k); err != nil {
						rt.Fatal(err)
					}
				})
				if !slices.Equal(got, want) || len(listed(rt, tx, b, end, nil)) > 0 {
					rt.Fatalf("emptied %x, want %x", got, want)
				}
			}
			return nil
		}))
	})
}

// TestSpansStaySmall: the visits of a first copy and of the years after it do
// not leave a key for each, nor a value that grows for ever.
func TestSpansStaySmall(t *testing.T) {
	for name, order := range map[string]func(i int) int{
		"oldest first":                func(i int) int { return i },
		"newest first":                func(i int) int { return 999 - i },
		"newest first, by the reply":  func(i int) int { return (9-i/100)*100 + i%100 },
		"mixed":                       func(i int) int { return i * 387 % 1000 },
		"two laptops, one hour apart": func(i int) int { return i/2 + i%2*30 },
	} {
		s := newStore(t, t.TempDir(), options(nil))
		err := s.Update(func(tx *Tx) error {
			for i := range 1000 {
				check(t, tx.enter(datesBucket, dateKey(syncproto.Key{Collection: 7, ID: at(order(i))}, 5)))
			}
			spans := 0
			w, err := tx.up(datesBucket, nil)
			for check(t, err); w.key != nil; w.next() {
				if spans++; len(w.value) >= spanPlaces*placeSize {
					t.Errorf("%s: a span of %d places", name, 1+len(w.value)/placeSize)
				}
			}
			if spans > 1000/12 {
				t.Errorf("%s: %d spans", name, spans)
			}
			return undo
		})
		if err != undo {
			t.Error(err)
		}
	}
}

// TestDamagedSpans: what is no span is damage to whoever reads it, and order
// that is broken is found by Verify.
func TestDamagedSpans(t *testing.T) {
	key := func(n int) []byte { return dateKey(syncproto.Key{Collection: 7, ID: at(n)}, 5) }
	place := func(n int) []byte { return key(n)[datesBucket.listPrefix():] }
	for name, c := range map[string]struct {
		key, value []byte
		listed     bool // a listing does not notice
	}{
		"half a place":     {key(3), place(4)[:9], false},
		"short key":        {key(3)[:12], nil, false},
		"places that fall": {key(3), slices.Concat(place(5), place(4)), true},
		"a place twice":    {key(3), place(3), true},
		"into the next":    {key(3), place(8), true},
	} {
		s := newStore(t, t.TempDir(), options(nil))
		err := s.Update(func(tx *Tx) error {
			check(t, tx.enter(datesBucket, key(8)))
			check(t, tx.write(datesBucket, c.key, append([]byte{}, c.value...)))
			if _, err := tx.countPlaces(datesBucket); syncproto.CodeOf(err) != syncproto.CodeDamaged {
				t.Errorf("%s: counted: %v", name, err)
			}
			l, err := tx.listing(datesBucket, key(0)[:2], bytes.Repeat([]byte{0, 7, 0xff}, 20))
			for ; err == nil && l.key != nil; err = l.next() {
			}
			if c.listed != (err == nil) {
				t.Errorf("%s: listed: %v", name, err)
			}
			return undo
		})
		if err != undo {
			t.Error(err)
		}
	}
}
