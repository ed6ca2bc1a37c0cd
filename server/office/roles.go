package office

import (
	"fmt"
	"slices"
	"strings"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// RoleChange gives a device another role and place, or ends its person's work.
type RoleChange struct {
	Device uint32
	Role   string // ignored if End
	Scope  string // place code
	End    bool
	Reason string
	Who    string // for the audit
	// Unlisted lets pass a village that the table of places does not have.
	Unlisted bool
}

// SetRole changes what a laptop may read and write, under all numbers that it
// has had: a copy that was renumbered is the same laptop. What it has not sent yet
// still goes up: what it may no longer write waits in the township's inbox.
// Then it lets go of all that is not its own any more. Unlike a revoked
// device, one whose person has left goes on syncing until then. Errors:
// CodeNotFound, CodeUsage, CodePlace, CodeTownship.
func (o *Office) SetRole(q RoleChange) (DeviceLine, error) {
	var line DeviceLine
	err := o.update(func(tx Tx, hub *syncproto.Hub) error {
		s, err := tx.State()
		if err != nil {
			return err
		}
		d, err := deviceOf(tx, q.Device)
		if err != nil {
			return err
		}
		if q.End {
			q.Role, q.Scope = string(ledger.RoleEnded), d.Scope
		} else if err := checkInvite(tx, s, InviteRequest{Role: q.Role, Scope: q.Scope, Person: d.Person, Unlisted: q.Unlisted}); err != nil {
			return err
		}
		if d.Revoked != 0 {
			return usage(fmt.Sprintf("%d 号电脑已停用，不能再改身份。", d.ID), "要继续使用，请重新邀请。")
		}
		changed, err := hub.Reassign(tx, d, q.Role, q.Scope, o.now())
		if err != nil {
			return err
		}
		note := strings.TrimSpace(q.Role + " " + q.Scope + " " + q.Reason)
		if err := o.announce(tx, hub, changed, d, q.Who, ActRole, note); err != nil {
			return err
		}
		line, err = o.lineOf(tx, d)
		return err
	})
	return line, err
}

// deviceOf returns a device by its number.
func deviceOf(tx Tx, id uint32) (*syncproto.Device, error) {
	for d, err := range tx.Devices() {
		if err != nil {
			return nil, err
		}
		if d.ID == id {
			return d, nil
		}
	}
	return nil, &syncproto.Error{
		Code:    syncproto.CodeNotFound,
		Message: fmt.Sprintf("没有编号为 %d 的电脑。", id),
		Hint:    "请用 gridbookd devices 查看编号。",
	}
}

// announce tells everyone, and the audit log, what was decided about a laptop:
// a line for each of its numbers that changed.
func (o *Office) announce(tx Tx, hub *syncproto.Hub, changed []*syncproto.Device, named *syncproto.Device, who, act, note string) error {
	s, err := tx.State()
	if err != nil {
		return err
	}
	for _, d := range changed {
		if err := o.tell(tx, hub, s.Township, d); err != nil {
			return err
		}
		about := note
		if d.ID != named.ID {
			about = strings.TrimSpace(note + " (same laptop as " + deviceName(named.ID) + ")")
		}
		if err := o.audit(tx, who, act, deviceName(d.ID), about); err != nil {
			return err
		}
	}
	return nil
}

// tell brings the shared record of a device up to date, so that everyone sees
// who it is. One that says so already stays: written anew, it would stand
// before what laptops have yet to give back after a restore.
func (o *Office) tell(tx Tx, hub *syncproto.Hub, township string, d *syncproto.Device) error {
	replica := ledger.Must(ledger.Device).Tag("replica")
	for rec, err := range o.deviceRecords(tx, township) {
		if err != nil {
			return err
		}
		if rec.Value(replica).Int() == int64(d.Replica) {
			if says(rec, hub.Policy.DeviceRecord(rec.ID, d)) {
				return nil
			}
			return hub.Rewrite(tx, rec.Key, func(at syncproto.Stamp) *syncproto.Record { return hub.Policy.DeviceRecord(at, d) }, o.now())
		}
	}
	return nil
}

// says reports whether a record shows all that another does.
func says(rec, what *syncproto.Record) bool {
	return !slices.ContainsFunc(what.Fields, func(f syncproto.Field) bool { return rec.Value(f.Tag) != f.Shown().Value })
}
