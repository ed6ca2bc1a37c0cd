package boltstore

import (
	"bytes"
	"encoding/binary"
	"iter"

	"gridbook/server/office"
)

// Invite returns the invitation whose secret has the hash, nil if none.
func (t *tx) Invite(hash [32]byte) (*office.Invite, error) {
	v, err := t.get(bucketInvite, hash[:])
	if err != nil || v == nil {
		return nil, err
	}
	return unpackInvite(hash[:], v)
}

// PutInvite writes an invitation under its hash.
func (t *tx) PutInvite(i *office.Invite) error {
	v, err := packRow(i.Role, i.Scope, i.Person, i.Made, i.Expires, i.Used, i.Device, i.Reply)
	if err != nil {
		return err
	}
	hash := i.Hash
	return t.put(bucketInvite, hash[:], v)
}

// Invites lists the invitations.
func (t *tx) Invites() iter.Seq2[*office.Invite, error] {
	return func(yield func(*office.Invite, error) bool) {
		for p, err := range t.walk(bucketInvite, nil, nil) {
			var i *office.Invite
			if err == nil {
				i, err = unpackInvite(p.key, p.value)
			}
			if !yield(i, err) || err != nil {
				return
			}
		}
	}
}

func unpackInvite(hash, b []byte) (*office.Invite, error) {
	i := new(office.Invite)
	if copy(i.Hash[:], hash) != len(i.Hash) {
		return nil, damaged("an invitation's key of %d bytes", len(hash))
	}
	err := unpackRow(b, &i.Role, &i.Scope, &i.Person, &i.Made, &i.Expires, &i.Used, &i.Device, &i.Reply)
	if err != nil {
		return nil, err
	}
	return i, nil
}

// Setting returns nil if nothing was set.
func (t *tx) Setting(name string) ([]byte, error) {
	v, err := t.get(bucketSetting, []byte(name))
	return bytes.Clone(v), err
}

// PutSetting sets a value; nil removes it.
func (t *tx) PutSetting(name string, value []byte) error {
	return t.put(bucketSetting, []byte(name), bytes.Clone(value))
}

// AppendAudit adds e at the end with its number and chain.
func (t *tx) AppendAudit(e office.Entry) error {
	last, err := t.lastEntry()
	if err != nil {
		return err
	}
	e.Number = last.Number + 1
	e.Chain = e.Link(last.Chain)
	v, err := packRow(e.At, e.Who, e.Act, e.On, e.Note, e.Chain[:])
	if err != nil {
		return err
	}
	return t.put(bucketAudit, entryKey(e.Number), v)
}

func (t *tx) lastEntry() (office.Entry, error) {
	for p, err := range t.walkBack(bucketAudit, nil, bytes.Repeat([]byte{0xff}, 9)) {
		if err != nil {
			return office.Entry{}, err
		}
		return unpackEntry(p.key, p.value)
	}
	return office.Entry{}, nil
}

// Audit lists the entries after a number, in order.
func (t *tx) Audit(after uint64) iter.Seq2[office.Entry, error] {
	return func(yield func(office.Entry, error) bool) {
		if after == ^uint64(0) {
			return
		}
		for p, err := range t.walk(bucketAudit, nil, entryKey(after+1)) {
			var e office.Entry
			if err == nil {
				e, err = unpackEntry(p.key, p.value)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func entryKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func unpackEntry(key, b []byte) (e office.Entry, err error) {
	if len(key) != 8 {
		return e, damaged("an audit key of %d bytes", len(key))
	}
	e.Number = binary.BigEndian.Uint64(key)
	var chain []byte
	if err := unpackRow(b, &e.At, &e.Who, &e.Act, &e.On, &e.Note, &chain); err != nil {
		return e, err
	}
	if copy(e.Chain[:], chain) != len(e.Chain) {
		return e, damaged("audit entry %d: chain of %d bytes", e.Number, len(chain))
	}
	return e, nil
}
