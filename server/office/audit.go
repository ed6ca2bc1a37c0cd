package office

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"gridbook/syncproto"
)

// What the audit log records. The words are read by programs; new ones are
// added at the end.
const (
	ActInit    = "init"
	ActInvite  = "invite"
	ActJoin    = "join"
	ActRevoke  = "revoke"
	ActBackup  = "backup"
	ActRestore = "restore"
	ActDump    = "dump"
	ActPurge   = "purge"
	ActServe   = "serve"
	ActVerify  = "verify"
	ActRole    = "role"
	ActBundle  = "bundle"     // taken from a stick
	ActFirst   = "first_copy" // a laptop enrolled by stick
	ActForeign = "foreign"    // refused: sent under the number of another laptop
)

// Link returns the Chain of e when the entry before it has the chain prev.
func (e Entry) Link(prev [32]byte) [32]byte {
	h := sha256.New()
	h.Write(prev[:])
	b := binary.BigEndian.AppendUint64(nil, e.Number)
	b = binary.BigEndian.AppendUint64(b, uint64(e.At))
	for _, s := range []string{e.Who, e.Act, e.On, e.Note} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
		b = append(b, s...)
	}
	h.Write(b)
	return [32]byte(h.Sum(nil))
}

func (o *Office) audit(tx Tx, who, act, on, note string) error {
	return tx.AppendAudit(Entry{At: o.now(), Who: who, Act: act, On: on, Note: note})
}

// foreign notes under whose numbers a laptop sent what those never wrote.
func (o *Office) foreign(tx Tx, s *syncproto.Served) error {
	for _, r := range s.Foreign {
		if err := o.audit(tx, deviceName(s.Device.ID), ActForeign, fmt.Sprintf("replica %d", r), s.Device.Person); err != nil {
			return err
		}
	}
	return nil
}

// Record adds a line to the audit log.
func (o *Office) Record(who, act, on, note string) error {
	return o.store.Update(func(tx Tx) error { return o.audit(tx, who, act, on, note) })
}

// Audit returns the lines of the audit log since a time in ms since 1970.
// All lines are kept; the law asks for six months (Cybersecurity Law
// art. 21(3)).
func (o *Office) Audit(since int64) (out []Entry, err error) {
	err = o.store.View(func(tx Tx) error {
		for e, err := range tx.Audit(0) {
			if err != nil {
				return err
			}
			if e.At >= since {
				out = append(out, e)
			}
		}
		return nil
	})
	return out, err
}
