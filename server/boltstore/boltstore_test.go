package boltstore

import (
	"path/filepath"
	"testing"

	"gridbook/server/office"
	"gridbook/server/storetest"
	"gridbook/syncproto"
)

// hubStore shows a Store to the hub's part of the suite.
type hubStore struct{ *Store }

func (s hubStore) View(f func(syncproto.HubTx) error) error {
	return s.Store.View(func(tx office.Tx) error { return f(tx) })
}

func (s hubStore) Update(f func(syncproto.HubTx) error) error {
	return s.Store.Update(func(tx office.Tx) error { return f(tx) })
}

func create(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Create(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestHub(t *testing.T) {
	storetest.Hub(t, func(t testing.TB) storetest.HubStore {
		s := create(t, filepath.Join(t.TempDir(), "gridbookd.db"), Options{NoSync: true})
		t.Cleanup(func() {
			if err := s.Check(); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return hubStore{s}
	})
}
