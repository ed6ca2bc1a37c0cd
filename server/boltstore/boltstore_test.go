package boltstore

import (
	"path/filepath"
	"testing"

	"gridbook/server/office"
	"gridbook/server/storetest"
)

func create(t testing.TB, path string, o Options) *Store {
	t.Helper()
	s, err := Create(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestContract(t *testing.T) {
	storetest.Office(t, func(t testing.TB, dir string) office.Store {
		path := filepath.Join(dir, "gridbookd.db")
		if !Exists(path) {
			return create(t, path, Options{NoSync: true})
		}
		s, err := Open(path, Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
