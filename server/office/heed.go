package office

import (
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// heed does again what an older backup does not know: the shared record of a
// device that came back, under the server's own seal, may say that it was
// stopped or given another role in the time that was lost. A stolen laptop
// must not be let in again by a restore, under whichever number.
func (o *Office) heed(tx Tx, hub *syncproto.Hub, joined []syncproto.Key) error {
	if !slices.ContainsFunc(joined, func(k syncproto.Key) bool { return k.Collection == ledger.Device }) {
		return nil
	}
	for _, k := range joined {
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
		if err := o.follow(tx, hub, d, st.Record); err != nil {
			return err
		}
	}
	return nil
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
