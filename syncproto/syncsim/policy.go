package syncsim

import (
	"strings"

	"gridbook/syncproto"
)

// The collections of the simulation: one of each kind that the ledger has.
const (
	deviceKind    syncproto.Collection = 1 // shared: who writes under a number
	householdKind syncproto.Collection = 2 // roster: has a village of its own
	visitKind     syncproto.Collection = 3 // log: follows its household
	privateKind   syncproto.Collection = 4 // companion of a household
	photoKind     syncproto.Collection = 5 // follows its visit
	erasedKind    syncproto.Collection = 6 // the hub's: what was erased
	inboxKind     syncproto.Collection = 7 // the hub's: for the township
	depositKind   syncproto.Collection = 8 // the hub's: for who wrote what is held
)

// The fields. Every text carries the number of the edit that wrote it.
const (
	tagVillage syncproto.Tag = 1
	tagMarker  syncproto.Tag = 2 // names the record whatever its id; never changed
	tagParent  syncproto.Tag = 3 // a reference
	tagOwner   syncproto.Tag = 4 // the marker of the parent
	tagDeleted syncproto.Tag = 5
	tagFirst   syncproto.Tag = 6 // fields to play with: 6 … 9
	tagLast    syncproto.Tag = 9

	// Of the hub's own records.
	tagOf       syncproto.Tag = 20 // the collection of the record that it is about
	tagRecord   syncproto.Tag = 21 // and its id
	tagKind     syncproto.Tag = 22
	tagPerson   syncproto.Tag = 23
	tagContent  syncproto.Tag = 24
	tagClosed   syncproto.Tag = 25
	tagDecision syncproto.Tag = 26
	tagSeal     syncproto.Tag = 27
	tagSaw      syncproto.Tag = 28
)

// The roles.
const (
	roleTownship = "township"
	roleVillage  = "village"
	roleGrid     = "grid"
	roleEnded    = "ended"
)

const township = "330784001"

// badText begins a value that the policy refuses.
const badText = "bad"

// policy is a small ledger.
type policy struct{}

// plain returns a text without the number of its edit.
func plain(v syncproto.Value) string {
	text, _, _ := strings.Cut(v.Text(), "#")
	return text
}

func (policy) Subscriptions(_ string, d *syncproto.Device) []syncproto.Scope {
	own, shared := syncproto.DeviceScope(d.ID), syncproto.SharedScope(township)
	switch d.Role {
	case roleEnded:
		return []syncproto.Scope{own}
	case roleTownship:
		return []syncproto.Scope{own, shared, syncproto.AllScope(township)}
	case roleVillage:
		return []syncproto.Scope{own, shared, syncproto.VillageScope(d.Scope), syncproto.PrivateScope(d.Scope)}
	}
	return []syncproto.Scope{own, shared, syncproto.VillageScope(d.Scope)}
}

func (policy) Parent(r *syncproto.Record) syncproto.Key {
	switch r.Collection {
	case erasedKind, inboxKind, depositKind:
		return about(r)
	case privateKind:
		return syncproto.Key{Collection: householdKind, ID: r.ID}
	case visitKind, photoKind:
		kind := householdKind
		if r.Collection == photoKind {
			kind = visitKind
		}
		if id := r.Value(tagParent).Ref(); !id.IsZero() {
			return syncproto.Key{Collection: kind, ID: id}
		}
	}
	return syncproto.Key{}
}

func (policy) Home(r *syncproto.Record) string { return plain(r.Value(tagVillage)) }

func (policy) Scopes(_ string, c syncproto.Collection, home string) []syncproto.Scope {
	switch c {
	case deviceKind:
		return []syncproto.Scope{syncproto.SharedScope(township)}
	case privateKind:
		return []syncproto.Scope{syncproto.PrivateScope(home)}
	case inboxKind:
		return []syncproto.Scope{syncproto.AllScope(township)}
	case depositKind:
		return syncproto.HolderScopes(home)
	}
	if home == township || home == "" {
		return []syncproto.Scope{syncproto.AllScope(township)}
	}
	return []syncproto.Scope{syncproto.VillageScope(home), syncproto.AllScope(township)}
}

func (policy) Left(syncproto.Change) []syncproto.Scope { return nil }

func (p policy) Allow(_ string, d *syncproto.Device, c syncproto.Change) *syncproto.Rejection {
	before, after, home := c.Before, c.After, c.Home
	for tag := tagFirst; tag <= tagLast; tag++ {
		if strings.HasPrefix(after.Value(tag).Text(), badText) {
			return &syncproto.Rejection{Code: syncproto.CodeField, Message: "bad"}
		}
	}
	switch {
	case after.Collection == deviceKind:
		return nil // only ever given back
	case d.Role == roleEnded, after.Collection == inboxKind && d.Role != roleTownship:
		return &syncproto.Rejection{Code: syncproto.CodeScope, Message: "not yours"}
	case d.Role == roleTownship && after.Collection != privateKind:
		return nil
	case d.Role == roleGrid && after.Collection == privateKind:
		return &syncproto.Rejection{Code: syncproto.CodeScope, Message: "private"}
	case home == d.Scope, before != nil && p.Home(before) == d.Scope:
		return nil
	}
	return &syncproto.Rejection{Code: syncproto.CodeScope, Message: "another village's"}
}

func (policy) DeviceRecord(at syncproto.Stamp, d *syncproto.Device) *syncproto.Record {
	r := syncproto.NewRecord(deviceKind, at)
	r.Write(tagFirst, at, syncproto.IntOf(int64(d.Replica)))
	return r
}

func (policy) FirstCopy() []syncproto.CopyOrder {
	return []syncproto.CopyOrder{
		{Collection: deviceKind},
		{Collection: householdKind},
		{Collection: erasedKind},
		{Collection: privateKind},
		{Collection: visitKind, Newest: true},
		{Collection: photoKind, Newest: true},
		{Collection: inboxKind, Newest: true},
		{Collection: depositKind, Newest: true},
	}
}
