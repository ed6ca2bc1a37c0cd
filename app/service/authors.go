package service

import (
	"fmt"
	"slices"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// deviceKey is the collection in which the township lists who writes under
// which replica number.
const deviceKey = "device"

// readAuthor notes what a device record says; others are passed over.
func (b *Book) readAuthor(rec *syncproto.Record) {
	c, ok := ledger.Lookup(rec.Collection)
	if !ok || c.Key != deviceKey {
		return
	}
	value := func(key string) syncproto.Value {
		f, ok := c.FieldByKey(key)
		if !ok {
			return syncproto.Value{}
		}
		return rec.Value(f.Tag)
	}
	if n := value("replica").Int(); n != 0 {
		b.authors[syncproto.ReplicaID(n)] = author{value("person").Text(), value("name").Text(), value("scope").Text()}
	}
}

// ownSetting keeps the numbers under which this laptop has written: a cloned
// or restored laptop gets a new one, and what it wrote before stays its own.
const ownSetting = "own-replicas"

// loadOwn notes this laptop's numbers.
func (b *Book) loadOwn(tx *boltstore.Tx) error {
	meta, err := tx.Meta()
	if err != nil {
		return err
	}
	var before []syncproto.ReplicaID
	if _, err := setting(tx, ownSetting, &before); err != nil {
		return err
	}
	for _, n := range append(before, meta.Replica) {
		b.derived.own[n] = true
	}
	return nil
}

// noteOwn remembers the number that a write was stamped with.
func noteOwn(tx *boltstore.Tx) error {
	meta, err := tx.Meta()
	if err != nil {
		return err
	}
	var before []syncproto.ReplicaID
	if _, err := setting(tx, ownSetting, &before); err != nil || slices.Contains(before, meta.Replica) {
		return err
	}
	return putSetting(tx, ownSetting, append(before, meta.Replica))
}

// authorOf says in words who wrote under a number.
func (b *Book) authorOf(r syncproto.ReplicaID) author {
	if a, ok := b.authors[r]; ok && a.Person != "" {
		return a
	}
	if b.derived.own[r] {
		return author{b.me.Person, b.me.Device, b.me.Scope}
	}
	return author{Person: fmt.Sprintf("%d 号电脑", r)}
}
