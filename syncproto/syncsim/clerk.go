package syncsim

import (
	"slices"

	"gridbook/syncproto"
)

// take is the decision that lets the hub join an item.
const take = "take"

func (policy) Seal(c syncproto.Collection) (seal syncproto.Tag, open []syncproto.Tag, ok bool) {
	if c != inboxKind {
		return tagSeal, nil, c == erasedKind || c == depositKind
	}
	return tagSeal, []syncproto.Tag{tagDecision, tagSaw}, true
}

func (policy) Decision() ([]syncproto.Tag, syncproto.Tag) {
	return []syncproto.Tag{tagDecision}, tagSaw
}

func (policy) Inbox(at syncproto.Stamp, i syncproto.Item) *syncproto.Record {
	r := ofHub(inboxKind, at, i.Home, i.Of)
	r.Write(tagKind, at, syncproto.TextOf(i.Kind))
	r.Write(tagPerson, at, syncproto.TextOf(i.Person))
	r.Write(tagContent, at, syncproto.BytesOf(i.Content))
	r.Write(tagClosed, at, syncproto.BoolOf(i.Closed))
	return r
}

func (policy) ReadInbox(r *syncproto.Record) (syncproto.Item, bool) {
	decision, _ := r.Field(tagDecision)
	decided := func(says func(string) bool) bool {
		return slices.ContainsFunc(decision.Heads, func(h syncproto.Head) bool { return says(plain(h.Value)) })
	}
	return syncproto.Item{
		Of: about(r), Home: r.Value(tagVillage).Text(), Kind: r.Value(tagKind).Text(), Person: r.Value(tagPerson).Text(),
		Content: r.Value(tagContent).Bytes(), Closed: r.Value(tagClosed).Bool(),
		Decided: decided(func(s string) bool { return s != "" }), Taken: decided(func(s string) bool { return s == take }),
	}, r.Collection == inboxKind
}

func (policy) Deposits() syncproto.Collection { return depositKind }

func (p policy) Deposit(at syncproto.Stamp, item *syncproto.Record, closed []byte) *syncproto.Record {
	r := syncproto.NewRecord(depositKind, item.ID)
	of := about(item)
	r.Write(tagOf, at, syncproto.IntOf(int64(of.Collection)))
	r.Write(tagRecord, at, syncproto.RefOf(of.ID))
	r.Write(tagContent, at, syncproto.BytesOf(closed))
	r.Write(tagDecision, at, syncproto.TextOf(plain(item.Value(tagDecision))))
	return r
}

func (policy) ReadDeposit(r *syncproto.Record) []byte { return r.Value(tagContent).Bytes() }

func (policy) Erased(at syncproto.Stamp, e syncproto.Erasure) *syncproto.Record {
	return ofHub(erasedKind, at, e.Home, e.Of)
}

func (policy) ReadErased(r *syncproto.Record) (syncproto.Erasure, bool) {
	return syncproto.Erasure{Of: about(r), Home: r.Value(tagVillage).Text()}, r.Collection == erasedKind
}

func ofHub(c syncproto.Collection, at syncproto.Stamp, home string, of syncproto.Key) *syncproto.Record {
	r := syncproto.NewRecord(c, at)
	if home != "" {
		r.Write(tagVillage, at, syncproto.TextOf(home))
	}
	r.Write(tagOf, at, syncproto.IntOf(int64(of.Collection)))
	r.Write(tagRecord, at, syncproto.RefOf(of.ID))
	return r
}

func about(r *syncproto.Record) syncproto.Key {
	return syncproto.Key{Collection: syncproto.Collection(r.Value(tagOf).Int()), ID: r.Value(tagRecord).Ref()}
}
