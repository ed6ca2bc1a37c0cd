package office

import (
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// heed does again what an older backup does not know: the shared record of a
// device that came back, under the server's own seal, may say that it was
// stopped or given another role in the time that was lost. A stolen laptop
// must not be let in again by a restore.
func (o *Office) heed(tx Tx, hub *syncproto.Hub, joined []syncproto.Key) error {
	if !slices.ContainsFunc(joined, func(k syncproto.Key) bool { return k.Collection == ledger.Device }) {
		return nil
	}
	s, err := tx.State()
	if err != nil {
		return err
	}
	devices, err := collect(tx.Devices())
	if err != nil {
		return err
	}
	for _, k := range joined {
		if k.Collection != ledger.Device {
			continue
		}
		st, err := tx.Record(k)
		if err != nil {
			return err
		}
		for _, d := range sameLaptop(devices, st.Record) {
			if err := o.follow(tx, hub, s.Township, d, st.Record); err != nil {
				return err
			}
		}
	}
	return nil
}

// sameLaptop lists the device of a shared record, and what it was renumbered
// to since.
func sameLaptop(devices []*syncproto.Device, rec *syncproto.Record) (out []*syncproto.Device) {
	replica := rec.Value(ledger.Must(ledger.Device).Tag("replica")).Int()
	ids := map[uint32]bool{}
	for _, d := range devices { // by number, so that it comes before those after it
		if int64(d.Replica) == replica || d.Before != 0 && ids[d.Before] {
			ids[d.ID] = true
			out = append(out, d)
		}
	}
	return out
}

// follow makes a device what its shared record says.
func (o *Office) follow(tx Tx, hub *syncproto.Hub, township string, d *syncproto.Device, rec *syncproto.Record) error {
	c := ledger.Must(ledger.Device)
	text := func(key string) string { return rec.Value(c.Tag(key)).Text() }
	role, scope, act := text("role"), text("scope"), ActRole
	switch state := text("state"); {
	case d.Revoked != 0:
		return nil
	case state == ledger.StateRevoked:
		act, d.Revoked = ActRevoke, o.now()
		if err := tx.PutDevice(d); err != nil {
			return err
		}
	default:
		if state == ledger.StateEnded {
			role = string(ledger.RoleEnded)
		}
		if d.Role == role && d.Scope == scope {
			return nil
		}
		if err := hub.Reassign(tx, d, role, scope, o.now()); err != nil {
			return err
		}
	}
	if err := o.tell(tx, hub, township, d); err != nil {
		return err
	}
	return o.audit(tx, "restore", act, deviceName(d.ID), role+" "+scope)
}
