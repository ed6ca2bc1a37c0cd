package ledger

import (
	"errors"
	"slices"

	"gridbook/syncproto"
)

// Policy is what a hub must know of the ledger.
type Policy struct{}

var _ syncproto.Policy = Policy{}

// Subscriptions are the feeds that a device reads: a township's office all
// that is not private, a village's secretary the village with its private
// part, everyone else the village without; and each what is only its own.
//
// A role that has ended reads nothing else.
func (Policy) Subscriptions(township string, d *syncproto.Device) []syncproto.Scope {
	own := syncproto.DeviceScope(d.ID)
	if Role(d.Role) == RoleEnded {
		return []syncproto.Scope{own}
	}
	area := Area(d.Scope)
	if len(area) < 12 {
		return []syncproto.Scope{syncproto.AllScope(township), own}
	}
	scopes := []syncproto.Scope{syncproto.SharedScope(township), syncproto.VillageScope(area), own}
	switch {
	case Role(d.Role) == RoleVillage:
		scopes = append(scopes, syncproto.PrivateScope(area))
	case len(d.Scope) == gridCodeLen:
		scopes = append(scopes, syncproto.GridScope(d.Scope))
	}
	return scopes
}

// Parent names the record whose home r follows.
func (Policy) Parent(r *syncproto.Record) syncproto.Key {
	switch r.Collection {
	case Inbox, Deposit, Erased:
		return about(r)
	}
	k, _ := Parent(r)
	return k
}

// Home is r's own village.
func (Policy) Home(r *syncproto.Record) string { return r.Value(TagVillage).Text() }

// Scopes are the feeds in which a record stands. What belongs to no village
// is the township's own and goes to its office only, unless it is shared.
func (Policy) Scopes(township string, c syncproto.Collection, home string) []syncproto.Scope {
	switch c {
	case Inbox:
		return []syncproto.Scope{syncproto.AllScope(township)}
	case Deposit:
		return syncproto.HolderScopes(home)
	}
	switch ClassOf(c) {
	case Shared:
		return []syncproto.Scope{syncproto.SharedScope(township), syncproto.AllScope(township)}
	case Private:
		return []syncproto.Scope{syncproto.PrivateScope(Area(home))}
	}
	if len(home) < 12 {
		if c == Erased { // of what everyone held
			return []syncproto.Scope{syncproto.SharedScope(township), syncproto.AllScope(township)}
		}
		return []syncproto.Scope{syncproto.AllScope(township)}
	}
	return []syncproto.Scope{syncproto.VillageScope(Area(home)), syncproto.AllScope(township)}
}

// Allow decides by role and place, and checks the record. Who may write where
// a record is may also give it away; nobody can take from another village.
func (Policy) Allow(township string, d *syncproto.Device, change syncproto.Change) *syncproto.Rejection {
	before, after, home := change.Before, change.After, change.Home
	c := after.Collection
	if c == Device {
		return reject(after, syncproto.CodeNotAllowed, "电脑的名单由服务器维护,不能修改")
	}
	if ClassOf(c) == Shared {
		home = township
	}
	if before != nil {
		if own := before.Value(TagVillage).Text(); own != "" {
			if _, follows := Parent(before); !follows && ClassOf(c) != Shared {
				home = own
			}
		}
	}
	if !MayWrite(Role(d.Role), d.Scope, c, home) {
		return reject(after, syncproto.CodeScope, "这条记录属于“"+placeName(home)+"”,这台电脑无权修改")
	}
	if code, ok := otherGrid(d, change); ok {
		return reject(after, syncproto.CodeScope, "这条记录属于网格“"+code+"”,这台电脑无权修改")
	}
	if err := Check(after); err != nil {
		return rejectBy(after, err)
	}
	return nil
}

func reject(r *syncproto.Record, code syncproto.Code, message string) *syncproto.Rejection {
	return &syncproto.Rejection{Key: r.Key, Code: code, Message: message}
}

func rejectBy(r *syncproto.Record, err error) *syncproto.Rejection {
	message := err.Error()
	var e *syncproto.Error
	if errors.As(err, &e) && e.Message != "" {
		message = e.Message
	}
	return reject(r, syncproto.CodeOf(err), message)
}

// DeviceRecord tells everyone who writes under d's replica number.
func (Policy) DeviceRecord(at syncproto.Stamp, d *syncproto.Device) *syncproto.Record {
	c := Must(Device)
	r := syncproto.NewRecord(Device, at)
	r.Write(c.Tag("replica"), at, syncproto.IntOf(int64(d.Replica)))
	role, state := d.Role, ""
	switch {
	case d.Revoked != 0:
		state = StateRevoked
	case Role(d.Role) == RoleEnded:
		state = StateEnded
	}
	if Role(role) == RoleEnded && len(d.Former) > 0 {
		role = d.Former[len(d.Former)-1].Role
	}
	for key, v := range map[string]string{"person": d.Person, "name": d.Name, "role": role, "scope": d.Scope, "state": state} {
		r.Write(c.Tag(key), at, textOrNull(v))
	}
	return r
}

// textOrNull is null for what is not known: every version of a record that the
// hub writes has all fields, so that none of an older one shines through.
func textOrNull(s string) syncproto.Value {
	if s == "" {
		return syncproto.Value{}
	}
	return syncproto.TextOf(s)
}

// FirstCopy lists the collections for a new laptop: what all share, the
// rosters, the private parts, and then the logs, newest first.
func (Policy) FirstCopy() []syncproto.CopyOrder {
	var out []syncproto.CopyOrder
	for _, class := range []Class{Shared, Roster, Private, Log} {
		for _, c := range All() {
			if c.Class == class {
				out = append(out, syncproto.CopyOrder{Collection: c.Number, Newest: class == Log})
			}
		}
	}
	return slices.Clip(out)
}

func placeName(code string) string {
	if p, ok := PlaceOf(code); ok {
		return p.Short()
	}
	return code
}
