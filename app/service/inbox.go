package service

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// What the township can decide about a piece of late work: codes of table
// inbox_decision.
const (
	decisionTake    = "take"
	decisionDismiss = "dismiss"
)

// Inbox lists what came too late or from who may no longer write it, at most
// limit (0: 50).
func (b *Book) Inbox(limit int) (Inbox, error) {
	b.Loaded()
	var out Inbox
	err := b.read(func(r reader) error {
		var all []*syncproto.Record
		for rec, err := range r.tx.Scan(ledger.Inbox) {
			if err != nil {
				return err
			}
			if !ledger.Deleted(rec) {
				all = append(all, rec)
			}
		}
		slices.SortFunc(all, func(a, b *syncproto.Record) int {
			x, y := fieldsOf(a), fieldsOf(b)
			return cmp.Or(cmp.Compare(inboxRank(x), inboxRank(y)), cmp.Compare(y.int("received"), x.int("received")), a.ID.Compare(b.ID))
		})
		out.Total, out.Open = len(all), len(r.derived.inbox)
		for _, rec := range all[:min(len(all), bounded(limit))] {
			item, err := r.inboxItem(rec, all)
			if err != nil {
				return err
			}
			out.Rows = append(out.Rows, item)
		}
		return nil
	})
	return out, err
}

// inboxRank puts first what waits, then what is to be known, then what is
// done.
func inboxRank(f fields) int {
	switch {
	case f.text("decision") != "":
		return 2
	case f.text("kind") == syncproto.ItemHeld:
		return 0
	}
	return 1
}

func (r reader) inboxItem(rec *syncproto.Record, all []*syncproto.Record) (InboxItem, error) {
	f := fieldsOf(rec)
	out := InboxItem{
		ID: rec.ID.String(), Held: f.text("kind") == syncproto.ItemHeld, Collection: f.text("collection"), Record: idText(f.ref("record")),
		Person: f.text("person"), Device: r.deviceOf(f.text("person")), Reason: fullWidth(f.text("reason")), Received: f.int("received"),
		Closed: f.value("closed").Bool(), Decision: f.text("decision"), By: f.text("by"), At: f.int("at"),
		Village: r.placeName(f.text("village")), Sync: r.state(rec.Key),
		Version: inboxVersion(rec),
	}
	out.CanWrite = ledger.MayWrite(r.me.Role, r.me.Scope, ledger.Inbox, r.home(rec))
	c, known := ledger.ByKey(out.Collection)
	if !known {
		return out, nil
	}
	out.Label, out.Title = c.Label, c.Label
	k := syncproto.Key{Collection: c.Number, ID: f.ref("record")}
	now, err := r.tx.Get(k)
	if err != nil {
		return out, err
	}
	if out.Here = now != nil; out.Here {
		out.Title, out.Household = r.title(now), idText(r.householdOfKey(k))
	}
	if out.Closed {
		return out, nil
	}
	came, err := syncproto.DecodeRecord(f.value("content").Bytes())
	if err != nil {
		return out, nil // of a newer server: what else is known is shown
	}
	if !out.Here {
		now = syncproto.NewRecord(k.Collection, k.ID)
		out.Title = r.title(came)
	}
	for _, field := range formOrder(c) {
		if _, sent := came.Field(field.Tag); !sent {
			continue
		}
		v, w := came.Value(field.Tag), now.Value(field.Tag)
		out.Fields = append(out.Fields, InboxField{
			Key: field.Key, Label: field.Label, Came: firstOf(r.words(c, field, v), missing(r, all, field, v)), Now: r.words(c, field, w), Differs: r.resolved(v) != r.resolved(w),
		})
	}
	if reg, sent := came.Field(ledger.TagDeleted); sent && reg.Shown().Value.Bool() {
		gone := InboxField{Key: "deleted", Label: "删除", Came: "是", Differs: !ledger.Deleted(now)}
		out.Fields = append(out.Fields, gone)
	}
	return out, nil
}

// missing says what a reference of late work leads to that is not here: it has
// often come with it.
func missing(r reader, all []*syncproto.Record, f *ledger.Field, v syncproto.Value) string {
	if f.Type != ledger.Ref || v.IsNull() {
		return ""
	}
	for _, item := range all {
		of := fieldsOf(item)
		if of.ref("record") != v.Ref() || of.text("collection") != f.Ref || of.value("closed").Bool() {
			continue
		}
		if came, err := syncproto.DecodeRecord(of.value("content").Bytes()); err == nil {
			return "“" + r.title(came) + "”，也在收件里"
		}
	}
	return "这台电脑上没有的一条"
}

// deviceOf names the laptop of a person, "" if there is none or several.
func (r reader) deviceOf(person string) string {
	name := ""
	for _, a := range r.authors {
		if a.Person == person && a.Device != name {
			if name != "" {
				return ""
			}
			name = a.Device
		}
	}
	return name
}

// inboxVersion names what a person sees of an item: what came, by the seal
// of the server, and what was decided about it.
func inboxVersion(rec *syncproto.Record) string {
	version := hex.EncodeToString(fieldsOf(rec).value("seal").Bytes())
	reg, _ := rec.Field(tagOf(ledger.Inbox, "decision"))
	for _, h := range standing(reg) {
		version += "." + h.Value.Text()
	}
	return version
}

// DecideInbox takes a piece of late work or does not; it may be decided anew.
// The server joins what is taken. shown is the version that the person saw;
// "": the one that is here. It fails with CodeNotFound, also if the item is
// another by now, CodeNotAllowed, and CodeUsage for another decision.
func (b *Book) DecideInbox(id syncproto.ID, decision, shown string) (Written, error) {
	if decision != decisionTake && decision != decisionDismiss {
		return Written{}, &syncproto.Error{Code: syncproto.CodeUsage, Message: "只能收下或不收", Hint: "请选其中一个。"}
	}
	return b.write(func(w *writing) error {
		rec, err := w.tx.Get(syncproto.Key{Collection: ledger.Inbox, ID: id})
		switch {
		case err != nil:
			return err
		case rec == nil:
			return notFound("找不到这一件")
		case shown != "" && shown != inboxVersion(rec):
			return &syncproto.Error{Code: syncproto.CodeNotFound, Message: "这一件在您看的时候又有了变化，刚才点的没有算",
				Hint: "现在显示的是新的内容，请再看一遍再决定。"}
		}
		var c changes
		c.set(ledger.Inbox, id, val(ledger.Inbox, "decision", syncproto.TextOf(decision)), val(ledger.Inbox, "by", textValue(w.me.Person)),
			val(ledger.Inbox, "at", syncproto.IntOf(b.millis())), val(ledger.Inbox, "saw", fieldsOf(rec).value("seal")))
		return w.edits(c.edits)
	})
}

// Inbox lists what came too late or from who may no longer write it.
func (s *Service) Inbox(ctx context.Context, limit int) (Inbox, error) {
	b, err := s.book()
	if err != nil {
		return Inbox{}, err
	}
	return b.Inbox(limit)
}

// DecideInbox takes a piece of late work ("take") or does not ("dismiss"), as
// the person saw it: version is that of the InboxItem on the screen. If the
// item is another by now, nothing is decided.
func (s *Service) DecideInbox(ctx context.Context, id, decision, version string) (Saved, error) {
	parsed, err := parseID(id)
	if err != nil {
		return Saved{}, err
	}
	if version == "" {
		return Saved{}, &syncproto.Error{Code: syncproto.CodeUsage, Err: errors.New("service: no version of the item")}
	}
	return s.act(func(b *Book) (Written, error) { return b.DecideInbox(parsed, decision, version) })
}

// TownVillages lists the villages of the township: to move a household there.
func (s *Service) TownVillages(ctx context.Context) ([]Code, error) {
	return ask(ctx, s, func(r reader) ([]Code, error) {
		names := map[string]string{}
		for _, d := range ledger.Below(r.me.Township) {
			names[d.Code] = d.Short()
		}
		for _, v := range r.roster.Villages {
			if ledger.IsVillage(v.Code) {
				names[v.Code] = v.Name
			}
		}
		out := make([]Code, 0, len(names))
		for code, name := range names {
			out = append(out, Code{code, name})
		}
		slices.SortFunc(out, func(a, b Code) int { return cmp.Compare(a.Code, b.Code) })
		return out, nil
	})
}
