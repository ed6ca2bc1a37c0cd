package service

import (
	"context"
	"slices"
	"strconv"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Schema returns the vocabulary, with what this person may write.
func (s *Service) Schema(ctx context.Context) (Schema, error) {
	b, err := s.book()
	if err != nil {
		return Schema{}, err
	}
	var out Schema
	for _, c := range ledger.All() {
		one := SchemaCollection{
			Key: c.Key, Label: c.Label, Class: c.Class.String(), Companion: c.Companion, Write: b.Identity().mayWriteSome(c.Number),
		}
		if len(c.Parents) > 0 {
			one.Parent = c.Parents[0]
		}
		for _, f := range formOrder(c) {
			one.Fields = append(one.Fields, SchemaField{
				Key: f.Key, Label: f.Label, Type: f.Type.String(), Table: f.Table, Ref: f.Ref,
				Required: f.Required, Privacy: f.Privacy.String(), Max: f.Limit(),
			})
		}
		out.Collections = append(out.Collections, one)
	}
	return out, nil
}

// CodeTable returns the rows of a code table, with those that the township
// added.
func (s *Service) CodeTable(ctx context.Context, name string) ([]Code, error) {
	table, ok := ledger.TableOf(name)
	if !ok {
		return nil, notFound("没有“" + clip(name, 30) + "”这张代码表")
	}
	out := make([]Code, 0, len(table.Rows))
	for _, row := range table.Rows {
		out = append(out, Code{row.Code, row.Label})
	}
	err := s.read(ctx, func(r reader) error {
		for rec, err := range r.tx.Scan(ledger.CodeRow) {
			if err != nil {
				return err
			}
			if f := fieldsOf(rec); !ledger.Deleted(rec) && f.text("table") == name && !f.value("hidden").Bool() {
				out = append(out, Code{f.text("code"), f.text("label")})
			}
		}
		return nil
	})
	return out, err
}

// Checklists returns the points to look at in a household, by hazard kind.
func (s *Service) Checklists(ctx context.Context) ([]Checklist, error) {
	var out []Checklist
	for _, list := range ledger.Checklists() {
		one := Checklist{Kind: list.ID, Name: list.Name, When: list.When}
		for _, item := range list.Items {
			one.Items = append(one.Items, CheckItem{item.ID, item.Text, item.Action})
		}
		out = append(out, one)
	}
	return out, nil
}

// keyFor reads the name of a record that came from a screen.
func keyFor(collection, id string) (*ledger.Collection, syncproto.Key, error) {
	c, ok := ledger.ByKey(collection)
	if !ok {
		return nil, syncproto.Key{}, noCollection(collection)
	}
	if id == "" {
		return c, syncproto.Key{Collection: c.Number}, nil
	}
	parsed, err := parseID(id)
	return c, syncproto.Key{Collection: c.Number, ID: parsed}, err
}

// Record returns a record for a form; with id "" an empty one.
func (s *Service) Record(ctx context.Context, collection, id string) (RecordView, error) {
	c, k, err := keyFor(collection, id)
	if err != nil {
		return RecordView{}, err
	}
	return ask(ctx, s, func(r reader) (RecordView, error) {
		if k.ID.IsZero() {
			out := RecordView{Collection: c.Key, Sync: StateSent, CanWrite: r.me.mayWriteSome(c.Number)}
			empty := syncproto.NewRecord(c.Number, k.ID)
			for _, f := range formOrder(c) {
				out.Fields = append(out.Fields, r.field(empty, c, f))
			}
			return out, nil
		}
		rec, err := r.get(k)
		if err != nil {
			return RecordView{}, err
		}
		return r.record(rec), nil
	})
}

// SaveRecord writes fields of a record, or a new record with id "". Only the
// given fields are touched; null empties one. A resident's id_no may be given
// with the resident: it goes to the private part.
func (s *Service) SaveRecord(ctx context.Context, collection, id string, fields map[string]any) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	c, k, err := keyFor(collection, id)
	if err != nil {
		return Saved{}, err
	}
	edits, err := saveEdits(c, k.ID, fields)
	if err != nil {
		return Saved{}, err
	}
	return s.write(b, edits)
}

// SaveForm is SaveRecord for a form: seen says, by field, what it showed: one
// value, or those between which nobody had decided, null for an empty one.
// Where another laptop's value has come since, both stand until somebody
// decides.
func (s *Service) SaveForm(ctx context.Context, collection, id string, fields map[string]any, seen map[string][]any) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	c, k, err := keyFor(collection, id)
	if err != nil {
		return Saved{}, err
	}
	edits, err := saveEdits(c, k.ID, fields)
	if err != nil {
		return Saved{}, err
	}
	for _, e := range edits {
		shownSets(ledger.Must(e.Collection), e.Set, seen)
	}
	return s.write(b, edits)
}

func (s *Service) write(b *Book, edits []edit.Edit) (Saved, error) {
	w, err := b.Write(edits)
	if err != nil {
		return Saved{}, err
	}
	return s.saved(w), nil
}

// Delete deletes a record; Undo brings it back.
func (s *Service) Delete(ctx context.Context, collection, id string) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	_, k, err := keyFor(collection, id)
	if err != nil {
		return Saved{}, err
	}
	edits := []edit.Edit{{Collection: k.Collection, ID: k.ID, Delete: true}}
	b.mu.RLock()
	for _, id := range b.roster.Group(k.ID) {
		if id != k.ID && !b.roster.Folded(k.ID) { // what was merged into it goes with it
			edits = append(edits, edit.Edit{Collection: k.Collection, ID: id, Delete: true})
		}
	}
	b.mu.RUnlock()
	return s.write(b, edits)
}

// AddStep adds a step to a matter, dispute or mobile member's record and, in
// the same transaction, carries what it says over to that record: its state,
// handler, deadline, level, and the date of closing. collection and id name
// the matter; fields are those of the step's own collection without the
// reference back.
func (s *Service) AddStep(ctx context.Context, collection, id string, fields map[string]any) (Saved, error) {
	c, k, err := keyFor(collection, id)
	if err != nil {
		return Saved{}, err
	}
	edits, err := ask(ctx, s, func(r reader) ([]edit.Edit, error) { return r.stepEdits(c, k.ID, fields) })
	if err != nil {
		return Saved{}, err
	}
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	return s.write(b, edits)
}

// Reveal returns a masked field in full and notes the reason in the access log.
func (s *Service) Reveal(ctx context.Context, collection, id, field, reason string) (string, error) {
	if reason == "" {
		return "", &syncproto.Error{Code: syncproto.CodeField, Message: "还没有写查看的事由", Hint: "请简单写一下为什么要看，例如“办理低保申请”。"}
	}
	b, err := s.book()
	if err != nil {
		return "", err
	}
	_, k, err := keyFor(collection, id)
	if err != nil {
		return "", err
	}
	return b.Reveal(k, field, reason)
}

// Reveal returns a field in full after it has noted who looked and why.
func (b *Book) Reveal(k syncproto.Key, field, reason string) (string, error) {
	in, f, ok := findField(ledger.Must(k.Collection), field)
	if !ok {
		return "", notFound("没有“" + clip(field, 30) + "”这一项")
	}
	var text, home string
	err := b.read(func(r reader) error {
		rec, err := r.get(syncproto.Key{Collection: in.Number, ID: k.ID})
		if err != nil {
			return err
		}
		text, home = f.Text(rec.Value(f.Tag)), r.home(rec)
		return nil
	})
	if err != nil {
		return "", err
	}
	set := func(key string, v syncproto.Value) edit.Set {
		return edit.Set{Tag: tagOf(ledger.AccessLog, key), Value: v}
	}
	_, err = b.Write([]edit.Edit{{Collection: ledger.AccessLog, New: 1, Set: []edit.Set{
		{Tag: ledger.TagVillage, Value: syncproto.TextOf(firstOf(home, ledger.Area(b.Identity().Scope)))},
		set("at", syncproto.IntOf(b.millis())), set("who", syncproto.TextOf(b.Identity().Person)),
		set("action", syncproto.TextOf("view")), set("collection", syncproto.TextOf(in.Key)),
		set("record", syncproto.RefOf(k.ID)), set("reason", syncproto.TextOf(clip(reason, 190))),
	}}})
	if err != nil {
		return "", err
	}
	return text, nil
}

// History returns the values of a record's fields with their authors and times.
func (s *Service) History(ctx context.Context, collection, id string) ([]FieldHistory, error) {
	_, k, err := keyFor(collection, id)
	if err != nil {
		return nil, err
	}
	return ask(ctx, s, func(r reader) ([]FieldHistory, error) {
		rec, err := r.get(k)
		if err != nil {
			return nil, err
		}
		return r.history(rec), nil
	})
}

// Records lists records of a collection from a cursor; "" is the beginning.
func (s *Service) Records(ctx context.Context, query RecordQuery, cursor string, limit int) (RecordPage, error) {
	return ask(ctx, s, func(r reader) (RecordPage, error) { return r.records(query, cursor, limit) })
}

// Conflicts lists the records that have fields to be decided.
func (s *Service) Conflicts(ctx context.Context) ([]ConflictRow, error) {
	b, err := s.book()
	if err != nil {
		return nil, err
	}
	return b.Conflicts()
}

// ConflictsOf returns the fields of one record that are to be decided.
func (s *Service) ConflictsOf(ctx context.Context, collection, id string) ([]Conflict, error) {
	_, k, err := keyFor(collection, id)
	if err != nil {
		return nil, err
	}
	return ask(ctx, s, func(r reader) ([]Conflict, error) {
		rec, err := r.get(k)
		if err != nil {
			return nil, err
		}
		return r.conflicts(rec), nil
	})
}

// ResolveTake decides a field by taking head n of its conflict. seen are the
// stamps of the heads that the person saw: if others stand by now, nothing is
// decided.
func (s *Service) ResolveTake(ctx context.Context, collection, id, field string, n int, seen []string) (Saved, error) {
	return s.resolve(collection, id, func(b *Book, id syncproto.ID) (Written, error) {
		if err := b.stillShown(id, field, seen); err != nil {
			return Written{}, err
		}
		return b.ResolveTake(id, field, n)
	})
}

// ResolveValue decides a field with a value of its own; seen as in
// ResolveTake.
func (s *Service) ResolveValue(ctx context.Context, collection, id, field string, value any, seen []string) (Saved, error) {
	return s.resolve(collection, id, func(b *Book, id syncproto.ID) (Written, error) {
		if err := b.stillShown(id, field, seen); err != nil {
			return Written{}, err
		}
		return b.ResolveValue(id, field, value)
	})
}

// stillShown fails if other heads stand in a field than a person saw.
func (b *Book) stillShown(id syncproto.ID, field string, seen []string) error {
	_, f, reg, err := b.disputed(id, field)
	if err != nil {
		return err
	}
	now := make([]string, len(reg.Heads))
	for i, h := range reg.Heads {
		now[i] = h.Stamp.String()
	}
	if !slices.Equal(now, seen) {
		return notFoundNow(f.Label)
	}
	return nil
}

// ResolveFrom decides every field in which a laptop has a value by taking
// that laptop's: see Book.ResolveFrom.
func (s *Service) ResolveFrom(ctx context.Context, replica int) (Resolved, error) {
	b, err := s.book()
	if err != nil {
		return Resolved{}, err
	}
	fields, w, err := b.ResolveFrom(syncproto.ReplicaID(replica))
	if err != nil {
		return Resolved{}, err
	}
	return Resolved{Records: len(w.Keys), Fields: fields, Undo: s.saved(w).Undo}, nil
}

// LostValues lists what was written on this laptop and is not shown, and what
// became of it.
func (s *Service) LostValues(ctx context.Context) ([]LostValue, error) {
	b, err := s.book()
	if err != nil {
		return nil, err
	}
	return b.LostValues()
}

// SeenOutcomes puts away the outcomes that LostValues tells.
func (s *Service) SeenOutcomes(ctx context.Context) error {
	b, err := s.book()
	if err != nil {
		return err
	}
	return b.SeenOutcomes()
}

func (s *Service) resolve(collection, id string, f func(*Book, syncproto.ID) (Written, error)) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	_, k, err := keyFor(collection, id)
	if err != nil {
		return Saved{}, err
	}
	w, err := f(b, k.ID)
	if err != nil {
		return Saved{}, err
	}
	return s.saved(w), nil
}
