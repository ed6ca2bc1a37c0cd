package syncproto

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Adopt makes a replica's store the copy that a hub has just enrolled. A
// store that was enrolled before, because its device was lost in a restore or
// revoked, keeps its work: what is unsent goes up under the new number, and
// the rest is compared.
//
// Unsent records that a wrong clock has named in the future get other ids.
func Adopt(tx ReplicaTx, rep *JoinReply, now int64) ([]Renamed, error) {
	meta, err := tx.Meta()
	if err != nil {
		return nil, err
	}
	old := meta.Replica
	meta.Device, meta.Replica, meta.Token, meta.Lease = rep.Device, rep.Replica, rep.Token, rep.Lease
	meta.Township, meta.Pending, meta.Sticks, meta.Offset = rep.Township, nil, nil, rep.Now-now
	if old == 0 {
		return nil, tx.SetMeta(meta)
	}
	// A revision of the subscription that no hub gives makes it compare.
	meta.Cursor = Cursor{Epoch: rep.Epoch, Subs: 0, Seq: 0}
	meta.Verified = Verified{At: rep.Now, Records: meta.Verified.Records}
	renamed, err := renumber(tx, &meta, old, now, 0)
	if err != nil {
		return nil, err
	}
	return renamed, tx.SetMeta(meta)
}

// Carry lets a replica's store show the hub a record that another store of the
// same laptop held, and that the hub may have lost since. What the store has
// already is left as it is.
func Carry(tx ReplicaTx, r *Record) error {
	has, err := Current(tx, r.Key)
	if err != nil || has != nil {
		return err
	}
	meta, err := tx.Meta()
	if err != nil {
		return err
	}
	if err := tx.PutDelta(r.Key, &Delta{Record: r, Gen: meta.next(), Order: meta.next()}); err != nil {
		return err
	}
	return tx.SetMeta(meta)
}

// maxJump is how far the clock is moved at most by chance: 64 ms.
const maxJump = 1 << 22

func clockJump(rand io.Reader) (Time, error) {
	var b [4]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return 0, fmt.Errorf("random bytes: %w", err)
	}
	return Time(binary.LittleEndian.Uint32(b[:]) % maxJump), nil
}

// Opened moves the clock of a replica's store a little, by chance. Call it
// once whenever a store is opened. Two copies of one store go on from the
// same clock; with the chance they give their new records different ids.
func Opened(tx ReplicaTx, rand io.Reader) error {
	meta, err := tx.Meta()
	if err != nil || meta.Clock.Last == 0 {
		return err
	}
	jump, err := clockJump(rand)
	if err != nil {
		return err
	}
	meta.Clock.Last += jump
	return tx.SetMeta(meta)
}
