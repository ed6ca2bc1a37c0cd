package boltstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"

	"gridbook/syncproto"
)

// Format is the number of the layout that this code writes. It opens older
// ones too, and refuses newer ones. Format 1 had a key for every place of a
// list.
const Format = 2

var (
	formatKey = []byte("format")
	stateKey  = []byte("state")
	// pendingKey names Meta.Pending.
	pendingKey = []byte("pending")
	// sticksKey names Meta.Sticks.
	sticksKey = []byte("sticks")
)

// state is what changes with every transaction, as one sealed value. It is
// encoded with its field names, so that fields can be added.
type state struct {
	Meta     syncproto.ReplicaMeta // without Pending and Sticks
	Pending  bool                  // there is one
	Sticks   int                   // how many
	Sum      syncproto.Sum         // of all agreed records
	Deltas   int
	Rejected int // of the deltas
	Digest   digest
	Index    int // version of the index function that made the indexes
	// What the copies depend on: local edits and transactions so far, and
	// how many of them the newest copy has.
	Edits, Changes             uint64
	CopiedEdits, CopiedChanges uint64
	CopiedAt                   int64 // ms since 1970
}

func (st *state) encode() ([]byte, error) {
	bare := *st
	bare.Meta.Pending, bare.Meta.Sticks = nil, nil
	b, err := msgpack.Marshal(&bare)
	if err != nil {
		return nil, fmt.Errorf("boltstore: encode the state: %w", err)
	}
	return b, nil
}

func decodeState(b []byte) (*state, error) {
	dec := msgpack.NewDecoder(bytes.NewReader(b))
	st := new(state)
	if err := dec.Decode(st); err != nil {
		return nil, fmt.Errorf("decode the state: %w", err)
	}
	return st, nil
}

// encodeUploads encodes what was sent and not answered: one upload or a list.
func encodeUploads(up any) ([]byte, error) {
	b, err := msgpack.Marshal(up)
	if err != nil {
		return nil, fmt.Errorf("boltstore: encode unanswered uploads: %w", err)
	}
	return b, nil
}

func decodeUploads(b []byte, up any) error {
	if err := msgpack.Unmarshal(b, up); err != nil {
		return fmt.Errorf("decode unanswered uploads: %w", err)
	}
	return nil
}

// encodeFormat guards the number by a checksum, so that damage does not look
// like a newer program's file.
func encodeFormat(n uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, n)
	sum := sha256.Sum256(b)
	return append(b, sum[:4]...)
}

// decodeFormat refuses formats that this code does not know.
func decodeFormat(b []byte) (uint32, error) {
	if len(b) != 8 {
		return 0, damaged(fmt.Errorf("format of %d bytes", len(b)))
	}
	n := binary.BigEndian.Uint32(b)
	if !bytes.Equal(encodeFormat(n), b) || n == 0 {
		return 0, damaged(fmt.Errorf("format number does not match its checksum"))
	}
	if n > Format {
		return 0, &syncproto.Error{Code: syncproto.CodeVersion,
			Message: "这份数据是新版网格簿写的，本机的网格簿太旧，打不开",
			Hint:    "请安装新版网格簿后再打开；数据没有改动。",
			Err:     fmt.Errorf("format %d, this program knows up to %d", n, Format)}
	}
	return n, nil
}

func encodeSum(s syncproto.Sum) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, sumSize), s.Count)
	b = binary.BigEndian.AppendUint64(b, s.Lo)
	return binary.BigEndian.AppendUint64(b, s.Hi)
}

func decodeSum(b []byte) (syncproto.Sum, error) {
	if len(b) != sumSize {
		return syncproto.Sum{}, fmt.Errorf("fingerprint of %d bytes", len(b))
	}
	return syncproto.Sum{
		Count: binary.BigEndian.Uint64(b),
		Lo:    binary.BigEndian.Uint64(b[8:]),
		Hi:    binary.BigEndian.Uint64(b[16:]),
	}, nil
}
