package office

import (
	"cmp"
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// heed does again what an older backup does not know: the shared record of a
// device that came back, under the server's own seal, may say that it was
// stopped or given another role in the time that was lost. A stolen laptop
// must not be let in again by a restore, under whichever number.
func (o *Office) heed(tx Tx, hub *syncproto.Hub, served *syncproto.Served) error {
	if served.Reply.Renumber != 0 {
		return nil // nothing came back: the record is of the new number, and our own
	}
	for _, k := range served.Joined {
		if k.Collection != ledger.Device {
			continue
		}
		st, err := tx.Record(k)
		if err != nil {
			return err
		}
		d, err := writerOf(tx, st.Record)
		if err != nil {
			return err
		}
		if d == nil {
			continue // enrolled in the time that was lost
		}
		if err := o.follow(tx, hub, d, decisive(hub, st.Record)); err != nil {
			return err
		}
	}
	return nil
}

// decisive returns the version of a device's record that counts. Laptops bring
// what they saw of the lost time in any order, and the server may have written
// since: whoever was stopped stays so, and then whoever has left, also if
// another version is newer. Who should not have been can be invited again.
func decisive(hub *syncproto.Hub, rec *syncproto.Record) *syncproto.Record {
	versions := hub.Versions(rec)
	if len(versions) == 0 {
		return rec
	}
	state := ledger.Must(ledger.Device).Tag("state")
	weight := func(v *syncproto.Record) int {
		return slices.Index([]string{ledger.StateEnded, ledger.StateRevoked}, v.Value(state).Text())
	}
	return slices.MaxFunc(versions, func(a, b *syncproto.Record) int { return cmp.Compare(weight(a), weight(b)) })
}

// writerOf returns the device that a shared record is about, nil if it is not
// here.
func writerOf(tx Tx, rec *syncproto.Record) (*syncproto.Device, error) {
	replica := rec.Value(ledger.Must(ledger.Device).Tag("replica")).Int()
	for d, err := range tx.Devices() {
		if err != nil || int64(d.Replica) == replica {
			return d, err
		}
	}
	return nil, nil
}

// follow makes a laptop what the shared record of one of its numbers says:
// those that it got since, too.
func (o *Office) follow(tx Tx, hub *syncproto.Hub, d *syncproto.Device, rec *syncproto.Record) (err error) {
	c := ledger.Must(ledger.Device)
	text := func(key string) string { return rec.Value(c.Tag(key)).Text() }
	role, scope, act := text("role"), text("scope"), ActRole
	var changed []*syncproto.Device
	switch state := text("state"); {
	case state == ledger.StateRevoked:
		act = ActRevoke
		changed, err = hub.Revoke(tx, d, o.now())
	case d.Revoked != 0:
		return nil
	case state == ledger.StateEnded:
		role = string(ledger.RoleEnded)
		fallthrough
	default:
		changed, err = hub.Reassign(tx, d, role, scope, o.now())
	}
	if err != nil {
		return err
	}
	return o.announce(tx, hub, changed, d, "restore", act, role+" "+scope)
}
