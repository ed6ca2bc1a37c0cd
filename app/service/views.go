package service

import (
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// state says whether the server holds a record as it is here.
func (r reader) state(k syncproto.Key) SyncState {
	d, err := r.tx.Delta(k)
	switch {
	case err != nil || d == nil:
		return StateSent
	case d.Rejected != nil:
		return StateRefused
	}
	return StateToSend
}

// worst returns the less advanced of two states.
func worst(a, b SyncState) SyncState {
	for _, s := range [...]SyncState{StateRefused, StateToSend} {
		if a == s || b == s {
			return s
		}
	}
	return StateSent
}

// record shows a record with all of its fields.
func (r reader) record(rec *syncproto.Record) RecordView {
	c, ok := ledger.Lookup(rec.Collection)
	if !ok {
		return RecordView{ID: rec.ID.String()}
	}
	v := RecordView{
		Collection: c.Key, ID: rec.ID.String(), Title: r.title(rec), Village: r.home(rec),
		Deleted: ledger.Deleted(rec), Sync: r.state(rec.Key), Conflicts: len(ledger.Conflicts(rec)),
		Created: rec.ID.Time.Milli(),
	}
	v.CanWrite = ledger.MayWrite(r.me.Role, r.me.Scope, c.Number, v.Village)
	v.Changed, v.By = r.newest(rec)
	if d, err := r.tx.Delta(rec.Key); err == nil && d != nil && d.Rejected != nil {
		rejection := r.rejection(d)
		v.Rejection = &rejection
	}
	for _, f := range formOrder(c) {
		v.Fields = append(v.Fields, r.field(rec, c, f))
	}
	if mark, ok := c.Field(ledger.TagDeleted); ok && ledger.Mark(rec).Conflicted() {
		v.Fields = append(v.Fields, r.field(rec, c, mark)) // only to be decided
	}
	return v
}

// formOrder lists a collection's fields as a form has them: the note and the
// place last, the mark of deletion not at all.
func formOrder(c *ledger.Collection) []*ledger.Field {
	var first, last []*ledger.Field
	for i := range c.Fields {
		switch f := &c.Fields[i]; f.Tag {
		case ledger.TagDeleted:
		case ledger.TagVillage:
			last = append(last, f)
		case ledger.TagNote:
			last = slices.Insert(last, 0, f)
		default:
			first = append(first, f)
		}
	}
	return append(first, last...)
}

func (r reader) field(rec *syncproto.Record, c *ledger.Collection, f *ledger.Field) FieldView {
	v := rec.Value(f.Tag)
	out := FieldView{Key: f.Key, Label: f.Label, Text: r.words(c, f, v)}
	if r.me.masks(c, f) && !v.IsNull() {
		out.Masked = true
	} else if !v.IsNull() {
		out.Value = f.JSON(v)
	}
	if reg := ledger.Register(rec, f.Tag); reg.Conflicted() {
		conflict := r.conflict(rec.Key, c, f, reg)
		out.Conflict = &conflict
	}
	return out
}

// newest says when and by whom a record was last changed.
func (r reader) newest(rec *syncproto.Record) (at int64, by string) {
	stamp := newestStamp(rec)
	return stamp.Time.Milli(), r.authorOf(stamp.Replica).Person
}

// newestStamp is that of the newest value that stands.
func newestStamp(rec *syncproto.Record) syncproto.Stamp {
	stamp := rec.ID
	for _, f := range rec.Fields {
		for _, h := range f.Heads {
			if h.Stamp.Compare(stamp) > 0 {
				stamp = h.Stamp
			}
		}
	}
	return stamp
}

// conflict shows the values of a field between which nobody has decided.
func (r reader) conflict(k syncproto.Key, c *ledger.Collection, f *ledger.Field, reg syncproto.Register) Conflict {
	out := Conflict{Key: f.Key, Label: f.Label, Heads: r.heads(k, c, f, reg)}
	for _, h := range out.Heads {
		if h.Own && !h.Shown && h.Text != out.Heads[len(out.Heads)-1].Text {
			out.LostOwn = true
		}
	}
	return out
}

// notHere stands for a record that is not here: the grid of a village that
// a household has left.
const notHere = "（不在这台电脑上）"

// heads shows the values of a field, the oldest first.
func (r reader) heads(k syncproto.Key, c *ledger.Collection, f *ledger.Field, reg syncproto.Register) []HeadView {
	received, _ := r.tx.Received(k)
	agreed, _ := r.tx.Agreed(k)
	out := make([]HeadView, 0, len(reg.Heads))
	for i, h := range reg.Heads {
		at := r.written(h.Stamp)
		who := r.authorOf(at.Replica)
		view := HeadView{
			N: i + 1, Text: r.words(c, f, h.Value), Stamp: h.Stamp.String(), At: at.Time.Milli(), Replica: int(at.Replica),
			By: who.Person, Device: who.Device, Own: r.derived.own[at.Replica], Shown: i == len(reg.Heads)-1,
		}
		if !r.me.masks(c, f) && !h.Value.IsNull() {
			view.Value = f.JSON(h.Value)
		}
		if view.Text == "" && h.Value.Kind() == syncproto.Ref {
			view.Text = notHere
		}
		if agreed != nil && slices.ContainsFunc(agreed.Fields, func(g syncproto.Field) bool {
			// Against a deletion stands an edit of any other field.
			return (g.Tag == f.Tag || f.Tag == ledger.TagDeleted) && g.Has(h.Stamp)
		}) {
			view.Received = received
		}
		out = append(out, view)
	}
	return out
}

// conflicts shows all undecided fields of a record.
func (r reader) conflicts(rec *syncproto.Record) []Conflict {
	c, ok := ledger.Lookup(rec.Collection)
	if !ok {
		return nil
	}
	var out []Conflict
	for _, t := range ledger.Conflicts(rec) {
		if f, ok := c.Field(t); ok {
			out = append(out, r.conflict(rec.Key, c, f, ledger.Register(rec, t)))
		}
	}
	return out
}

// rejection shows what the server refused.
func (r reader) rejection(d *syncproto.Delta) Rejection {
	out := Rejection{
		Collection: keyOf(d.Collection), Label: labelOf(d.Collection), ID: d.ID.String(),
		Code: string(d.Rejected.Code), Message: d.Rejected.Message, Hint: hintFor(d.Rejected.Code),
	}
	rec, err := r.tx.Get(d.Key)
	if err == nil && rec != nil {
		out.Title = r.title(rec)
	}
	c, ok := ledger.Lookup(d.Collection)
	for _, f := range d.Fields {
		if !ok {
			break
		}
		if field, known := c.Field(f.Tag); known {
			out.Fields = joined("、", out.Fields, field.Label)
		}
	}
	return out
}

// hintFor says what to do about a refused change.
func hintFor(code syncproto.Code) string {
	switch code {
	case syncproto.CodeScope:
		return "这条资料可能已经归别的村管。请联系乡镇(街道)，或导出后交给他们。"
	case syncproto.CodePurged:
		return "这条资料已按规定彻底删除，不能再改。需要的话请先导出留存。"
	case syncproto.CodeField:
		return "请改正所填的内容，再点“重新上传”。"
	case syncproto.CodeClockAhead:
		return "请校准电脑的日期和时间，再点“重新上传”。"
	}
	return "请点“重新上传”；还不行就导出后交给乡镇(街道)。"
}

// home is the place of a record, found through what it belongs to.
func (r reader) home(rec *syncproto.Record) string {
	return ledger.Home(rec, func(k syncproto.Key) (*syncproto.Record, bool) {
		if h, ok := r.roster.Households[k.ID]; ok && k.Collection == ledger.Household {
			return placeRecord(k, h.Village), true
		}
		up, err := r.tx.Get(k)
		return up, err == nil && up != nil
	})
}

// placeRecord stands for a record of which only the place counts.
func placeRecord(k syncproto.Key, village string) *syncproto.Record {
	rec := syncproto.NewRecord(k.Collection, k.ID)
	rec.Write(ledger.TagVillage, k.ID, syncproto.TextOf(village))
	return rec
}

// row shows a record in a list.
func (r reader) row(rec *syncproto.Record) RecordRow {
	f := fieldsOf(rec)
	out := RecordRow{
		Collection: keyOf(rec.Collection), ID: rec.ID.String(), Title: r.title(rec), Subtitle: r.subtitle(rec),
		Date: dateText(f.int("date")), Village: r.home(rec), Household: idText(r.roster.Resolve(f.ref("household"))),
		Grid: r.nameOf("grid", f.ref("grid")), State: f.words("state"),
		Sync: r.state(rec.Key), Conflicts: len(ledger.Conflicts(rec)),
	}
	switch rec.Collection {
	case ledger.Matter, ledger.Dispute, ledger.Hazard:
		out.Deadline = dateText(f.int("deadline"))
		out.Closed = noteOf(rec).closed
		out.Overdue = !out.Closed && f.int("deadline") != 0 && f.int("deadline") < r.today()
	}
	return out
}

// idText returns an id as text, "" for none.
func idText(id syncproto.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}
