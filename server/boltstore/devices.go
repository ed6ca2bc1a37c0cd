package boltstore

import (
	"encoding/binary"
	"iter"
	"slices"

	berrors "go.etcd.io/bbolt/errors"

	"gridbook/syncproto"
)

var keyState = []byte("state")

func (t *tx) writable() error {
	if !t.bolt.Writable() {
		return berrors.ErrTxNotWritable
	}
	return nil
}

// State returns the zero state of a store that was just made.
func (t *tx) State() (syncproto.HubState, error) {
	if t.state != nil {
		return *t.state, nil
	}
	var s syncproto.HubState
	v, err := t.get(bucketMeta, keyState)
	if err != nil {
		return s, err
	}
	if v != nil {
		err = unpackRow(v, &s.Township, &s.Name, &s.Epoch, &s.Seq, &s.NextReplica, &s.NextDevice, &s.Clock.Last, &s.FirstReplica)
		if err != nil {
			return s, err
		}
	}
	t.state = &s
	return s, nil
}

// SetState writes the state when the transaction ends.
func (t *tx) SetState(s syncproto.HubState) error {
	if err := t.writable(); err != nil {
		return err
	}
	t.state, t.stateDirty = &s, true
	return nil
}

func (t *tx) flushState() error {
	if !t.stateDirty {
		return nil
	}
	s := t.state
	v, err := packRow(s.Township, s.Name, s.Epoch, s.Seq, s.NextReplica, s.NextDevice, s.Clock.Last, s.FirstReplica)
	if err != nil {
		return err
	}
	t.stateDirty = false
	return t.put(bucketMeta, keyState, v)
}

func deviceKey(id uint32) []byte { return binary.BigEndian.AppendUint32(nil, id) }

// DeviceByToken returns the device whose TokenHash is h, nil if none.
func (t *tx) DeviceByToken(h [32]byte) (*syncproto.Device, error) {
	id, err := t.get(bucketToken, h[:])
	if err != nil || id == nil {
		return nil, err
	}
	v, err := t.get(bucketDevice, id)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, damaged("a token of no device")
	}
	return unpackDevice(v)
}

// PutDevice writes a device and the way to it by its token.
func (t *tx) PutDevice(d *syncproto.Device) error {
	key := deviceKey(d.ID)
	before, err := t.get(bucketDevice, key)
	if err != nil {
		return err
	}
	var old *syncproto.Device
	if before != nil {
		if old, err = unpackDevice(before); err != nil {
			return err
		}
	}
	if old != nil && old.TokenHash != d.TokenHash {
		if err := t.put(bucketToken, old.TokenHash[:], nil); err != nil {
			return err
		}
	}
	if old == nil || old.TokenHash != d.TokenHash {
		hash := d.TokenHash
		if err := t.put(bucketToken, hash[:], key); err != nil {
			return err
		}
	}
	v, err := packDevice(d)
	if err != nil {
		return err
	}
	return t.put(bucketDevice, key, v)
}

// Devices lists the devices by number.
func (t *tx) Devices() iter.Seq2[*syncproto.Device, error] {
	return func(yield func(*syncproto.Device, error) bool) {
		for p, err := range t.walk(bucketDevice, nil, nil) {
			var d *syncproto.Device
			if err == nil {
				d, err = unpackDevice(p.value)
			}
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func packDevice(d *syncproto.Device) ([]byte, error) {
	var none []byte // where older stores have the one turn of the lease that they knew
	return packRow(d.ID, d.Replica, d.TokenHash[:], d.Lease, none, none, none,
		d.Role, d.Scope, d.Person, d.Name, d.Subs, d.Joined, d.Revoked, d.Seen, d.Uploaded,
		d.Verdict.State, d.Verdict.Records, d.VerdictAt, d.Offset, d.Sent, d.Rejected,
		packSpans(d.Former), d.Before, packCounts(d.Returned), d.Whole, packTurns(d.Turns), d.Told, d.Void)
}

func unpackDevice(b []byte) (*syncproto.Device, error) {
	d := new(syncproto.Device)
	var hash, digest []byte
	var last syncproto.Turn
	var turns [][]byte
	var former []roleSpan
	var returned []kindCount
	err := unpackRow(b, &d.ID, &d.Replica, &hash, &d.Lease, &last.Lease, &last.Nonce, &digest,
		&d.Role, &d.Scope, &d.Person, &d.Name, &d.Subs, &d.Joined, &d.Revoked, &d.Seen, &d.Uploaded,
		&d.Verdict.State, &d.Verdict.Records, &d.VerdictAt, &d.Offset, &d.Sent, &d.Rejected,
		&former, &d.Before, &returned, &d.Whole, &turns, &d.Told, &d.Void)
	if err != nil {
		return nil, err
	}
	if copy(d.TokenHash[:], hash) != len(d.TokenHash) {
		return nil, damaged("device %d: token hash of %d bytes", d.ID, len(hash))
	}
	for t := range slices.Chunk(turns, 2) {
		if len(t) == 2 {
			d.Turns = append(d.Turns, syncproto.Turn{Lease: t[0], Nonce: t[1]})
		}
	}
	if len(last.Lease) > 0 && len(d.Turns) == 0 {
		d.Turns = []syncproto.Turn{last}
	}
	for _, s := range former {
		d.Former = append(d.Former, syncproto.RoleSpan{Role: s.Role, Scope: s.Scope, Until: s.Until})
	}
	for _, c := range returned {
		d.Returned = append(d.Returned, syncproto.KindCount{Collection: c.Collection, Records: c.Records})
	}
	return d, nil
}

// packTurns lays turns out as leases and nonces in turn.
func packTurns(turns []syncproto.Turn) (flat [][]byte) {
	for _, t := range turns {
		flat = append(flat, t.Lease, t.Nonce)
	}
	return flat
}

// roleSpan and kindCount are how the lists of a device lie in its row.
type roleSpan struct {
	_msgpack    struct{} `msgpack:",as_array"` //nolint:unused // read by msgpack
	Role, Scope string
	Until       int64
}

type kindCount struct {
	_msgpack   struct{} `msgpack:",as_array"` //nolint:unused // read by msgpack
	Collection syncproto.Collection
	Records    uint64
}

func packSpans(list []syncproto.RoleSpan) (out []roleSpan) {
	for _, s := range list {
		out = append(out, roleSpan{Role: s.Role, Scope: s.Scope, Until: s.Until})
	}
	return out
}

func packCounts(list []syncproto.KindCount) (out []kindCount) {
	for _, c := range list {
		out = append(out, kindCount{Collection: c.Collection, Records: c.Records})
	}
	return out
}
