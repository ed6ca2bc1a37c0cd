package ledger

import (
	"fmt"
	"slices"
	"strconv"

	"gridbook/syncproto"
)

var _ syncproto.Clerk = Policy{}

// The decisions about an item of the inbox.
const (
	DecisionTake    = "take"    // join it
	DecisionDismiss = "dismiss" // do not; it stays, and may still be taken
)

// The states of a device in the shared list; "" is in use.
const (
	StateEnded   = "ended"   // its person has left
	StateRevoked = "revoked" // it may no longer sync
)

// Seal names the field with the hub's seal of the collections that the hub
// writes.
func (Policy) Seal(n syncproto.Collection) (seal syncproto.Tag, open []syncproto.Tag, ok bool) {
	switch n {
	case Device, Erased, Deposit:
		return Must(n).Tag("seal"), nil, true
	case Inbox:
		c := Must(n)
		return c.Tag("seal"), []syncproto.Tag{TagNote, c.Tag("decision"), c.Tag("by"), c.Tag("at"), c.Tag("saw")}, true
	}
	return 0, nil, false
}

// Decision names the fields in which the township decides about an item.
func (Policy) Decision() (fields []syncproto.Tag, saw syncproto.Tag) {
	c := Must(Inbox)
	return []syncproto.Tag{c.Tag("decision"), c.Tag("by"), c.Tag("at")}, c.Tag("saw")
}

// Inbox makes an item of the township's inbox.
func (Policy) Inbox(at syncproto.Stamp, i syncproto.Item) *syncproto.Record {
	return hubRecord(Inbox, at, i.Home, i.Of, map[string]syncproto.Value{
		"kind":     syncproto.TextOf(i.Kind),
		"device":   syncproto.IntOf(int64(i.Device)),
		"person":   syncproto.TextOf(i.Person),
		"reason":   syncproto.TextOf(i.Reason),
		"content":  syncproto.BytesOf(i.Content),
		"closed":   syncproto.BoolOf(i.Closed),
		"received": syncproto.IntOf(i.Received),
	})
}

// ReadInbox reads an item of the inbox, false for other records.
func (Policy) ReadInbox(r *syncproto.Record) (syncproto.Item, bool) {
	if r.Collection != Inbox {
		return syncproto.Item{}, false
	}
	c := Must(Inbox)
	value := func(key string) syncproto.Value { return r.Value(c.Tag(key)) }
	decision, _ := r.Field(c.Tag("decision"))
	return syncproto.Item{
		Of: about(r), Kind: value("kind").Text(), Home: r.Value(TagVillage).Text(),
		Device: uint32(value("device").Int()), Person: value("person").Text(), Reason: value("reason").Text(),
		Content: value("content").Bytes(), Closed: value("closed").Bool(), Received: value("received").Int(),
		Decided: slices.ContainsFunc(decision.Heads, func(h syncproto.Head) bool { return h.Value.Text() != "" }),
		Taken:   slices.ContainsFunc(decision.Heads, func(h syncproto.Head) bool { return h.Value.Text() == DecisionTake }),
	}, true
}

// Deposits is the collection of what authors keep of held work.
func (Policy) Deposits() syncproto.Collection { return Deposit }

// Deposit makes what the author of an item keeps of it. Which fields it has
// the author's screens can show; the rest of the item is closed.
func (Policy) Deposit(at syncproto.Stamp, item *syncproto.Record, closed []byte) *syncproto.Record {
	c, from, r := Must(Deposit), Must(Inbox), syncproto.NewRecord(Deposit, item.ID)
	for _, key := range []string{"collection", "record", "reason", "received", "decision", "by", "at"} {
		if v := item.Value(from.Tag(key)); !v.IsNull() {
			r.Write(c.Tag(key), at, v)
		}
	}
	r.Write(c.Tag("content"), at, syncproto.BytesOf(closed))
	return r
}

// ReadDeposit returns what is closed in a deposit.
func (Policy) ReadDeposit(r *syncproto.Record) []byte {
	return r.Value(Must(Deposit).Tag("content")).Bytes()
}

// Erased makes the trace of an erasure.
func (Policy) Erased(at syncproto.Stamp, e syncproto.Erasure) *syncproto.Record {
	return hubRecord(Erased, at, e.Home, e.Of, map[string]syncproto.Value{
		"at":     syncproto.IntOf(e.At),
		"reason": syncproto.TextOf(e.Reason),
	})
}

// ReadErased reads the trace of an erasure, false for other records.
func (Policy) ReadErased(r *syncproto.Record) (syncproto.Erasure, bool) {
	if r.Collection != Erased {
		return syncproto.Erasure{}, false
	}
	c := Must(Erased)
	return syncproto.Erasure{
		Of: about(r), Home: r.Value(TagVillage).Text(), At: r.Value(c.Tag("at")).Int(), Reason: r.Value(c.Tag("reason")).Text(),
	}, true
}

// hubRecord makes a record of the hub's about another one.
func hubRecord(n syncproto.Collection, at syncproto.Stamp, home string, of syncproto.Key, values map[string]syncproto.Value) *syncproto.Record {
	c, r := Must(n), syncproto.NewRecord(n, at)
	values["collection"], values["record"] = syncproto.TextOf(collectionName(of.Collection)), syncproto.RefOf(of.ID)
	if home = Area(home); home != "" {
		values["village"] = syncproto.TextOf(home)
	}
	for key, v := range values {
		if v != syncproto.TextOf("") && v != syncproto.BoolOf(false) {
			r.Write(c.Tag(key), at, v)
		}
	}
	return r
}

// about is the record that one of the hub's is about.
func about(r *syncproto.Record) syncproto.Key {
	c := Must(r.Collection)
	k := syncproto.Key{ID: r.Value(c.Tag("record")).Ref()}
	name := r.Value(c.Tag("collection")).Text()
	if known, ok := ByKey(name); ok {
		k.Collection = known.Number
	} else if n, err := strconv.ParseUint(name, 10, 16); err == nil {
		k.Collection = syncproto.Collection(n)
	}
	return k
}

// collectionName is a collection's key, or the number of one that a newer
// peer knows.
func collectionName(n syncproto.Collection) string {
	if c, ok := Lookup(n); ok {
		return c.Key
	}
	return fmt.Sprint(n)
}
