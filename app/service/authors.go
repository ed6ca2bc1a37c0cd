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

// reopened says which stamp a value had before somebody decided and took the
// decision back.
type reopened struct{ New, Old string }

const reopenedSetting = "reopened"

// maxReopened is how many such stamps are remembered.
const maxReopened = 500

// noteReopened remembers, on this laptop, whose the values were.
func noteReopened(tx *boltstore.Tx, more []reopened) error {
	if len(more) == 0 {
		return nil
	}
	var all []reopened
	if _, err := setting(tx, reopenedSetting, &all); err != nil {
		return err
	}
	for i := range more { // it may have been brought up before
		for _, earlier := range all {
			if earlier.New == more[i].Old {
				more[i].Old = earlier.Old
			}
		}
	}
	all = append(all, more...)
	return putSetting(tx, reopenedSetting, all[max(0, len(all)-maxReopened):])
}

// written returns the stamp with which a value was first written: that of
// its head unless a decision about it was taken back here.
func (r reader) written(at syncproto.Stamp) syncproto.Stamp {
	if !r.derived.own[at.Replica] {
		return at
	}
	if first, err := firstWritten(r.tx, at); err == nil {
		return first
	}
	return at
}

func firstWritten(tx getter, at syncproto.Stamp) (syncproto.Stamp, error) {
	var all []reopened
	if _, err := setting(tx, reopenedSetting, &all); err != nil {
		return at, err
	}
	for _, one := range all {
		if one.New != at.String() {
			continue
		}
		if old, err := syncproto.ParseStamp(one.Old); err == nil {
			return old, nil
		}
	}
	return at, nil
}

// sameLaptop lists the numbers under which the laptop with this number writes
// or wrote: those of the same person and device.
func (b *Book) sameLaptop(n syncproto.ReplicaID) map[syncproto.ReplicaID]bool {
	out := map[syncproto.ReplicaID]bool{n: true}
	if b.derived.own[n] {
		return b.derived.own
	}
	who, known := b.authors[n]
	for other, a := range b.authors {
		if known && a == who {
			out[other] = true
		}
	}
	return out
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
