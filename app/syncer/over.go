package syncer

import (
	"net"
	"slices"
	"strings"

	"gridbook/app/boltstore"
)

// Over lets a Syncer work on the laptop's sealed store.
func Over(s *boltstore.Store) Store { return sealed{s} }

type sealed struct{ store *boltstore.Store }

func (s sealed) Update(f func(Tx) error) error {
	return s.store.Update(func(tx *boltstore.Tx) error { return f(tx) })
}

// Open returns the Syncer of an enrolled laptop; CodeNotJoined if it is not.
func Open(store Store, h HTTPOptions, o Options) (*Syncer, error) {
	var t Transport
	err := store.Update(func(tx Tx) error {
		hub, err := HubOf(tx)
		if err != nil {
			return err
		}
		if hub.Address == "" {
			t = nowhere{}
			return nil
		}
		way, err := NewHTTP(hub, h)
		if err != nil {
			return err
		}
		t = way
		return way.Load(tx)
	})
	if err != nil {
		return nil, err
	}
	return New(store, t, o), nil
}

// Addresses returns the addresses of this machine as one text, for
// Options.Networks.
func Addresses() string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return ""
	}
	var out []string
	for _, a := range all {
		out = append(out, a.String())
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
