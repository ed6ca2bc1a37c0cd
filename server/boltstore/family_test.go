package boltstore

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"gridbook/server/office"
	"gridbook/syncproto"
)

var parent = syncproto.Key{Collection: 100, ID: syncproto.ID{Time: 1 << 16, Replica: 2}}

func child(i int) syncproto.Key {
	return syncproto.Key{Collection: 110, ID: syncproto.ID{Time: syncproto.Time(i+1) << 16, Replica: 3}}
}

func addChildren(tx *tx, from, to int) (err error) {
	for i := from; i < to && err == nil; i++ {
		err = tx.addChild(parent, child(i))
	}
	return err
}

func dropChildren(tx *tx, from, to int) (err error) {
	for i := from; i < to && err == nil; i++ {
		err = tx.dropChild(parent, child(i))
	}
	return err
}

// TestFullFamily: where the last row of a family is full, no child takes the
// place of others.
func TestFullFamily(t *testing.T) {
	s := create(t, filepath.Join(t.TempDir(), "gridbookd.db"), Options{NoSync: true})
	defer s.Close()
	var list []syncproto.Key
	var refused error
	if err := s.Update(func(x office.Tx) error {
		tx, n := x.(*tx), 0
		for _, row := range []uint16{0, 65534, 65535} {
			var full []byte
			for range maxFamily {
				full, n = child(n).Append(full), n+1
			}
			if err := tx.swap(bucketFamily, familyKey(parent, row), nil, full); err != nil {
				return err
			}
		}
		refused = tx.addChild(parent, child(n))
		var err error
		list, err = tx.children(parent)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if refused == nil || len(list) != 3*maxFamily {
		t.Errorf("%d children, %v", len(list), refused)
	}
}

// TestFirstRowGone: a family whose first row went takes children, and an undo
// takes them out again.
func TestFirstRowGone(t *testing.T) {
	s := create(t, filepath.Join(t.TempDir(), "gridbookd.db"), Options{NoSync: true})
	defer s.Close()
	var want, undone []syncproto.Key
	err := s.Update(func(x office.Tx) (err error) {
		tx := x.(*tx)
		return errors.Join(addChildren(tx, 0, 200), dropChildren(tx, 0, maxFamily), addChildren(tx, 300, 500))
	})
	if err == nil {
		err = s.Update(func(x office.Tx) (err error) {
			tx := x.(*tx)
			if want, err = tx.children(parent); err != nil {
				return err
			}
			if err := errors.Join(addChildren(tx, 500, 700), dropChildren(tx, 64, 150), tx.rollback()); err != nil {
				return err
			}
			undone, err = tx.children(parent)
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != 336 || !slices.Equal(want, undone) {
		t.Errorf("%d children, after the undo %d", len(want), len(undone))
	}
}
