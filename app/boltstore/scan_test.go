package boltstore

import (
	"slices"
	"testing"

	"gridbook/syncproto"
)

// TestWalkOverEmptiedPages goes down a bucket from which the transaction has
// taken whole pages.
func TestWalkOverEmptiedPages(t *testing.T) {
	const n = 2000
	s := newStore(t, t.TempDir(), options(nil))
	key := func(i int) []byte { return dateKey(syncproto.Key{Collection: 7, ID: at(i)}, 5) }
	for name, gone := range map[string]func(i int) bool{
		"none":           func(int) bool { return false },
		"the first half": func(i int) bool { return i < n/2 },
		"the last half":  func(i int) bool { return i >= n/2 },
		"the middle":     func(i int) bool { return i >= 300 && i < 1700 },
		"most":           func(i int) bool { return i%700 != 3 },
		"all":            func(int) bool { return true },
	} {
		check(t, s.Update(func(tx *Tx) error {
			for i := range n {
				check(t, tx.write(datesBucket, key(i), []byte{}))
			}
			return nil
		}))
		check(t, s.Update(func(tx *Tx) error {
			var left []string
			for i := range n {
				if gone(i) {
					check(t, tx.remove(datesBucket, key(i)))
				} else {
					left = append(left, string(key(i)))
				}
			}
			for _, start := range []int{n, n / 2, 1000, 301, 1} {
				var got, want []string
				w, err := tx.down(datesBucket, key(start))
				for check(t, err); w.key != nil; w.next() {
					got = append(got, string(w.key))
				}
				for _, k := range slices.Backward(left) {
					if k < string(key(start)) {
						want = append(want, k)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, from %d: %d keys, want %d", name, start, len(got), len(want))
				}
			}
			for _, k := range left {
				check(t, tx.remove(datesBucket, []byte(k)))
			}
			return nil
		}))
	}
}
