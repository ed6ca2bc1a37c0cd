package service

import (
	"strings"
	"unicode/utf8"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// reader reads records for people: with names in place of references.
type reader struct {
	*Book
	tx *boltstore.Tx
}

// read runs f with the rosters and a read transaction that agree.
func (b *Book) read(f func(r reader) error) error {
	return b.view(func(tx *boltstore.Tx) error { return f(reader{b, tx}) })
}

// get returns a record that must be there and not deleted.
func (r reader) get(k syncproto.Key) (*syncproto.Record, error) {
	rec, err := r.tx.Get(k)
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return nil, notFound("找不到这条" + labelOf(k.Collection))
	}
	return rec, nil
}

func labelOf(c syncproto.Collection) string {
	if known, ok := ledger.Lookup(c); ok {
		return known.Label
	}
	return "资料"
}

func keyOf(c syncproto.Collection) string {
	if known, ok := ledger.Lookup(c); ok {
		return known.Key
	}
	return ""
}

// nameOf names the record behind a reference, "" if it is not here.
func (r reader) nameOf(collection string, id syncproto.ID) string {
	if id.IsZero() {
		return ""
	}
	if name, ok := r.rosterName(collection, id); ok {
		return name
	}
	c, ok := ledger.ByKey(collection)
	if !ok {
		return ""
	}
	rec, err := r.tx.Get(syncproto.Key{Collection: c.Number, ID: id})
	if err != nil || rec == nil {
		return ""
	}
	return r.title(rec)
}

func (r reader) rosterName(collection string, id syncproto.ID) (string, bool) {
	id = r.roster.Resolve(id)
	switch collection {
	case "household":
		if h, ok := r.roster.Households[id]; ok {
			return h.Head, true
		}
	case "resident":
		if p, ok := r.roster.Residents[id]; ok {
			return p.Name, true
		}
	case "member":
		if m, ok := r.roster.Members[id]; ok {
			return m.Name, true
		}
	case "grid":
		if g, ok := r.roster.Grids[id]; ok {
			return g.Name, true
		}
	case "branch":
		if b, ok := r.roster.Branches[id]; ok {
			return b.Name, true
		}
	case "microgrid":
		if m, ok := r.roster.Micros[id]; ok {
			return m.Name, true
		}
	}
	return "", false
}

// words returns a field's value as people read it, masked if this person is
// not to see it.
func (r reader) words(c *ledger.Collection, f *ledger.Field, v syncproto.Value) string {
	switch {
	case r.me.masks(c, f):
		return f.Mask(v)
	case f.Type == ledger.Ref:
		return r.nameOf(f.Ref, v.Ref())
	case f.Type == ledger.Place:
		return r.placeName(v.Text())
	}
	return f.Text(v)
}

// placeName prefers the township's own list of villages.
func (r reader) placeName(code string) string {
	for _, v := range r.roster.Villages {
		if v.Code == code {
			return v.Name
		}
	}
	return placeName(code)
}

// titleKeys are the fields that name a record, the best first.
var titleKeys = [...]string{"name", "head_name", "grid_name", "title", "place", "party_a", "owner", "head", "host", "person", "caption", "label", "content", "no"}

// title names a record in a list.
func (r reader) title(rec *syncproto.Record) string {
	f := fieldsOf(rec)
	switch rec.Collection {
	case ledger.Visit:
		return joined(" ", r.nameOf("household", f.ref("household")), f.words("date"))
	case ledger.Matter:
		return clip(joined(" ", f.text("content")), 40)
	case ledger.Dispute:
		return joined("与", f.text("party_a"), f.text("party_b"))
	case ledger.Hazard:
		return joined("：", f.text("place"), clip(f.text("content"), 30))
	case ledger.Link:
		return joined(" → ", r.nameOf("member", f.ref("member")), r.nameOf("household", f.ref("household")))
	case ledger.RoleHeld:
		return joined(" ", f.words("role"), firstOf(r.nameOf("member", f.ref("member")), f.text("name")))
	case ledger.BranchGrid:
		return joined(" → ", r.nameOf("branch", f.ref("branch")), r.nameOf("grid", f.ref("grid")))
	case ledger.ResidentPrivate:
		return r.nameOf("resident", rec.ID)
	case ledger.Care:
		return firstOf(f.text("name"), r.nameOf("resident", f.ref("resident")), r.nameOf("household", f.ref("household")))
	case ledger.MatterStep, ledger.DisputeStep:
		return joined(" ", f.words("date"), f.words("state"))
	case ledger.Inbox:
		if c, ok := ledger.ByKey(f.text("collection")); ok {
			return joined(" ", f.text("person"), c.Label)
		}
	}
	for _, key := range titleKeys {
		if s := f.words(key); s != "" {
			return clip(s, 40)
		}
	}
	return labelOf(rec.Collection)
}

// subtitle says more about a record in a list.
func (r reader) subtitle(rec *syncproto.Record) string {
	f := fieldsOf(rec)
	switch rec.Collection {
	case ledger.Visit:
		return joined(" ", f.words("mode"), firstOf(r.nameOf("member", f.ref("visitor")), f.text("visitor_name")), clip(f.text("situation"), 30))
	case ledger.Matter:
		return joined(" · ", f.text("no"), firstOf(f.text("person"), r.nameOf("household", f.ref("household"))), f.words("category"))
	case ledger.Dispute:
		return joined(" · ", f.words("kind"), clip(f.text("facts"), 30))
	case ledger.Hazard:
		return joined(" · ", f.words("kind"), f.words("grade"))
	case ledger.Household:
		return f.text("address")
	case ledger.Resident:
		if h, ok := r.roster.Households[r.roster.Resolve(f.ref("household"))]; ok {
			return joined(" · ", f.words("relation"), h.Address)
		}
	case ledger.Member:
		return r.nameOf("grid", f.ref("grid"))
	case ledger.MatterStep, ledger.DisputeStep, ledger.MobileContact:
		return clip(f.text("content"), 60)
	}
	return joined(" · ", f.words("date"), f.words("kind"), clip(firstOf(f.text("address"), f.text("content"), f.text("offer")), 40))
}

// joined joins the texts that are not empty.
func joined(between string, texts ...string) string {
	var out []string
	for _, s := range texts {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, between)
}

// firstOf returns the first text that is not empty.
func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}
