package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"

	"gridbook/syncproto"
)

// How the record in a value is written: the first byte of its plaintext.
const (
	packWhole = 0 // canonical bytes
	packBody  = 1 // canonical bytes without the start that the key implies
	packRuns  = 2 // the same with its texts rewritten, see packText
)

// appendRecord packs canonical bytes. Their start, collection and id, stands
// in the key already and is left out.
func appendRecord(dst []byte, k syncproto.Key, canonical []byte) []byte {
	if body, ok := bytes.CutPrefix(canonical, implied(k)); ok {
		if runs := packText(body); len(runs) < len(body) {
			return append(append(dst, packRuns), runs...)
		}
		return append(append(dst, packBody), body...)
	}
	return append(append(dst, packWhole), canonical...)
}

// implied is how the canonical bytes of every record named k begin: what an
// empty record has before its list of fields.
func implied(k syncproto.Key) []byte {
	empty := syncproto.AppendRecord(nil, &syncproto.Record{Key: k})
	return empty[:len(empty)-1]
}

// canonicalOf unpacks to canonical bytes.
func canonicalOf(k syncproto.Key, packed []byte) ([]byte, error) {
	if len(packed) == 0 {
		return nil, damaged(fmt.Errorf("record %v is empty", k))
	}
	switch packed[0] {
	case packWhole:
		return packed[1:], nil
	case packBody:
		return append(implied(k), packed[1:]...), nil
	case packRuns:
		body, err := unpackText(packed[1:])
		if err != nil {
			return nil, damaged(fmt.Errorf("record %v: %w", k, err))
		}
		return append(implied(k), body...), nil
	}
	return nil, damaged(fmt.Errorf("record %v is packed in way %d", k, packed[0]))
}

func recordOf(k syncproto.Key, packed []byte) (*syncproto.Record, error) {
	canonical, err := canonicalOf(k, packed)
	if err != nil {
		return nil, err
	}
	r, err := syncproto.DecodeStored(canonical)
	if err != nil {
		return nil, damaged(fmt.Errorf("record %v: %w", k, err))
	}
	return r, nil
}

// agreedValue is received ‖ packed record. The time of receipt is written as
// its distance from the creation, since most records arrive soon after it.
func agreedValue(k syncproto.Key, canonical []byte, received int64) []byte {
	dst := make([]byte, 0, len(canonical)+binary.MaxVarintLen64)
	if received == 0 {
		dst = append(dst, 0)
	} else {
		dst = append(dst, 1)
		dst = binary.AppendVarint(dst, received-k.ID.Time.Milli())
	}
	return appendRecord(dst, k, canonical)
}

func splitAgreed(k syncproto.Key, plain []byte) (received int64, packed []byte, err error) {
	switch {
	case len(plain) > 0 && plain[0] == 0:
		return 0, plain[1:], nil
	case len(plain) > 1 && plain[0] == 1:
		distance, n := binary.Varint(plain[1:])
		if n > 0 {
			return distance + k.ID.Time.Milli(), plain[1+n:], nil
		}
	}
	return 0, nil, damaged(fmt.Errorf("time of receipt of %v", k))
}

// deltaRow is a Delta in the store.
type deltaRow struct {
	_msgpack struct{} `msgpack:",as_array"`

	Gen, Order uint64
	Rejected   bool
	Code       string
	Message    string
	Record     []byte // packed
}

func deltaValue(k syncproto.Key, d *syncproto.Delta) ([]byte, error) {
	row := &deltaRow{Gen: d.Gen, Order: d.Order}
	row.Record = appendRecord(nil, k, syncproto.AppendRecord(nil, d.Record))
	if d.Rejected != nil {
		row.Rejected, row.Code, row.Message = true, string(d.Rejected.Code), d.Rejected.Message
	}
	b, err := msgpack.Marshal(row)
	if err != nil {
		return nil, fmt.Errorf("boltstore: encode a delta: %w", err)
	}
	return b, nil
}

// DecodeMsgpack implements msgpack.CustomDecoder. A sync reads thousands of
// rows, and by reflection that takes twice as long.
func (row *deltaRow) DecodeMsgpack(d *msgpack.Decoder) error {
	n, err := d.DecodeArrayLen()
	if err != nil {
		return err
	}
	if n != 6 {
		return fmt.Errorf("a delta of %d parts", n)
	}
	return d.DecodeMulti(&row.Gen, &row.Order, &row.Rejected, &row.Code, &row.Message, &row.Record)
}

// rowOf reads all of a delta but the record.
func rowOf(k syncproto.Key, plain []byte) (*deltaRow, error) {
	row := new(deltaRow)
	if err := msgpack.Unmarshal(plain, row); err != nil {
		return nil, damaged(fmt.Errorf("delta %v: %w", k, err))
	}
	return row, nil
}

func (row *deltaRow) delta(k syncproto.Key) (*syncproto.Delta, error) {
	r, err := recordOf(k, row.Record)
	if err != nil {
		return nil, err
	}
	d := &syncproto.Delta{Record: r, Gen: row.Gen, Order: row.Order}
	if row.Rejected {
		d.Rejected = &syncproto.Rejection{Key: k, Code: syncproto.Code(row.Code), Message: row.Message}
	}
	return d, nil
}
