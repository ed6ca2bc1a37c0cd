package service

import (
	"fmt"

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

// loadOwn notes this laptop's own numbers: a cloned or restored laptop gets
// a new one, and what it wrote under the old stays its own.
func (b *Book) loadOwn(tx *boltstore.Tx) error {
	meta, err := tx.Meta()
	if err != nil {
		return err
	}
	b.own[meta.Replica] = true
	return nil
}

// authorOf says in words who wrote under a number.
func (b *Book) authorOf(r syncproto.ReplicaID) author {
	if a, ok := b.authors[r]; ok && a.Person != "" {
		return a
	}
	if b.own[r] {
		return author{b.me.Person, b.me.Device, b.me.Scope}
	}
	return author{Person: fmt.Sprintf("%d 号电脑", r)}
}
