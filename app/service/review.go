package service

import (
	"cmp"
	"maps"
	"slices"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Conflicts lists the records that have fields to be decided, by collection
// and id. It waits until all logs have been read.
func (b *Book) Conflicts() ([]ConflictRow, error) {
	b.Loaded()
	var out []ConflictRow
	err := b.read(func(r reader) error {
		keys := make([]syncproto.Key, 0, len(r.derived.conflicts))
		for k := range r.derived.conflicts {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, syncproto.Key.Compare)
		for _, k := range keys {
			rec, err := r.get(k)
			if err != nil {
				return err
			}
			out = append(out, ConflictRow{
				Collection: keyOf(k.Collection), ID: k.ID.String(), Title: r.title(rec), Subtitle: r.subtitle(rec),
				Village: r.home(rec), Household: idText(r.householdOfKey(k)), Fields: r.conflicts(rec),
			})
		}
		return nil
	})
	return out, err
}

// ConflictCount counts the records with fields to be decided.
func (b *Book) ConflictCount() int {
	b.Loaded()
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.derived.conflicts)
}

// Find returns the record with an id, whatever its collection: of those that
// share an id the one that the others complete.
func (b *Book) Find(id syncproto.ID) (*syncproto.Record, error) {
	var found *syncproto.Record
	err := b.read(func(r reader) error {
		for _, c := range ledger.All() {
			rec, err := r.tx.Get(syncproto.Key{Collection: c.Number, ID: id})
			if err != nil {
				return err
			}
			if rec != nil {
				found = rec
				return nil
			}
		}
		return notFound("找不到编号为 " + id.String() + " 的记录")
	})
	if syncproto.CodeOf(err) == syncproto.CodeNotFound {
		return nil, b.wentAway(id, err)
	}
	return found, err
}

// wentAway says of a household that is not here where it went, if that is why.
func (b *Book) wentAway(id syncproto.ID, otherwise error) error {
	b.Loaded()
	_ = b.read(func(r reader) error {
		if n, left := r.derived.whereTo(id); left {
			otherwise = n.problem()
		}
		return nil
	})
	return otherwise
}

// disputed finds the record under an id in which a field is in conflict: the
// field may be of a companion, or of both. Without a conflict it returns the
// first that has the field.
func (b *Book) disputed(id syncproto.ID, field string) (in *ledger.Collection, f *ledger.Field, reg syncproto.Register, err error) {
	main, err := b.Find(id)
	if err != nil {
		return nil, nil, reg, err
	}
	err = b.read(func(r reader) error {
		for _, c := range append([]*ledger.Collection{ledger.Must(main.Collection)}, companionsOf(main.Collection)...) {
			found, ok := c.FieldByKey(field)
			if !ok {
				continue
			}
			rec, err := r.tx.Get(syncproto.Key{Collection: c.Number, ID: id})
			if err != nil {
				return err
			}
			var here syncproto.Register
			if rec != nil {
				here = ledger.Register(rec, found.Tag)
			}
			if f == nil || here.Conflicted() {
				in, f, reg = c, found, here
			}
			if reg.Conflicted() {
				return nil
			}
		}
		if f == nil {
			return notFound(labelOf(main.Collection) + "没有“" + clip(field, 30) + "”这一项")
		}
		return nil
	})
	return in, f, reg, err
}

// ResolveTake decides a field by writing the value of head n (1 is the oldest)
// over all heads. It fails with CodeNotFound if there is no such head or
// nothing to decide.
func (b *Book) ResolveTake(id syncproto.ID, field string, n int) (Written, error) {
	c, f, reg, err := b.disputed(id, field)
	if err != nil {
		return Written{}, err
	}
	if !reg.Conflicted() {
		return Written{}, nothingToDecide(f)
	}
	if n < 1 || n > len(reg.Heads) {
		return Written{}, &syncproto.Error{Code: syncproto.CodeNotFound, Message: "“" + f.Label + "”没有这个选项",
			Hint: "请先用 gridbook conflicts 查看有哪几个值，再选其中一个。"}
	}
	return b.decide(c, id, f, reg, reg.Heads[n-1].Value)
}

// ResolveValue decides a field with a value of its own.
func (b *Book) ResolveValue(id syncproto.ID, field string, value any) (Written, error) {
	c, f, reg, err := b.disputed(id, field)
	if err != nil {
		return Written{}, err
	}
	if !reg.Conflicted() {
		return Written{}, nothingToDecide(f)
	}
	v, err := f.Parse(value)
	if err != nil {
		return Written{}, err
	}
	return b.decide(c, id, f, reg, v)
}

func nothingToDecide(f *ledger.Field) error {
	return &syncproto.Error{Code: syncproto.CodeNotFound, Message: "“" + f.Label + "”没有需要核对的不同值",
		Hint: "可能已经有人核对过了，请刷新后再看。"}
}

// decide writes a value even if it is the one that is shown, over what reg
// holds and nothing else.
func (b *Book) decide(c *ledger.Collection, id syncproto.ID, f *ledger.Field, reg syncproto.Register, v syncproto.Value) (Written, error) {
	return b.write(func(w *writing) error {
		w.force = true
		set := edit.Set{Tag: f.Tag, Value: v, Still: valuesOf(standing(reg))}
		return w.edits([]edit.Edit{{Collection: c.Number, ID: id, Set: []edit.Set{set}}})
	})
}

// ResolveFrom decides every field in which a laptop has a value by taking
// that laptop's newest; replica is one of its numbers. Deletions are left to
// be decided one by one, and so is what this person may not write.
func (b *Book) ResolveFrom(replica syncproto.ReplicaID) (fields int, w Written, err error) {
	b.Loaded()
	var edits []edit.Edit
	err = b.read(func(r reader) error {
		laptop := r.sameLaptop(replica)
		for _, k := range slices.SortedFunc(maps.Keys(r.derived.conflicts), syncproto.Key.Compare) {
			rec, err := r.get(k)
			if err != nil {
				return err
			}
			if !ledger.MayWrite(r.me.Role, r.me.Scope, k.Collection, r.home(rec)) {
				continue
			}
			if sets := r.headsOf(rec, laptop); len(sets) > 0 {
				fields += len(sets)
				edits = append(edits, edit.Edit{Collection: k.Collection, ID: k.ID, Set: sets})
			}
		}
		return nil
	})
	if err != nil {
		return 0, Written{}, err
	}
	if len(edits) == 0 {
		return 0, Written{}, &syncproto.Error{Code: syncproto.CodeNotFound, Message: "这台电脑没有要核对的内容", Hint: "可能已经有人核对过了，请刷新后再看。"}
	}
	w, err = b.write(func(w *writing) error {
		w.force = true
		return w.edits(edits)
	})
	return fields, w, err
}

// headsOf lists the newest values of a laptop in a record's undecided fields.
func (r reader) headsOf(rec *syncproto.Record, laptop map[syncproto.ReplicaID]bool) []edit.Set {
	c, ok := ledger.Lookup(rec.Collection)
	if !ok {
		return nil
	}
	var out []edit.Set
	for _, t := range ledger.Conflicts(rec) {
		if _, known := c.Field(t); !known || t == ledger.TagDeleted {
			continue
		}
		reg, _ := rec.Field(t)
		for i := len(reg.Heads) - 1; i >= 0; i-- {
			if laptop[r.written(reg.Heads[i].Stamp).Replica] {
				out = append(out, edit.Set{Tag: t, Value: reg.Heads[i].Value})
				break
			}
		}
	}
	return out
}

// history lists the values of a record's fields, the newest change first.
func (r reader) history(rec *syncproto.Record) []FieldHistory {
	c, ok := ledger.Lookup(rec.Collection)
	if !ok {
		return nil
	}
	var out []FieldHistory
	for _, reg := range rec.Fields {
		f, known := c.Field(reg.Tag)
		if !known {
			continue
		}
		heads := r.heads(rec.Key, c, f, reg.Register)
		slices.Reverse(heads)
		out = append(out, FieldHistory{Key: f.Key, Label: f.Label, Heads: heads})
	}
	slices.SortStableFunc(out, func(a, b FieldHistory) int { return cmp.Compare(newestHead(b), newestHead(a)) })
	return out
}

func newestHead(h FieldHistory) int64 {
	if len(h.Heads) == 0 {
		return 0
	}
	return h.Heads[0].At
}

// Rejections lists the changes that the server refused, in the order in which
// they were made.
func (b *Book) Rejections() ([]Rejection, error) {
	var out []Rejection
	err := b.read(func(r reader) error {
		for d, err := range r.tx.Deltas() {
			if err != nil {
				return err
			}
			if d.Rejected != nil {
				out = append(out, r.rejection(d))
			}
		}
		return nil
	})
	return out, err
}

// RetryRejected puts refused changes back among those to be sent: that of k,
// or all with the zero key. It returns how many.
func (b *Book) RetryRejected(k syncproto.Key) (int, error) {
	var again []*syncproto.Delta
	err := b.update(func(u updater) error {
		for d, err := range u.Deltas() {
			if err != nil {
				return err
			}
			if d.Rejected != nil && (k == (syncproto.Key{}) || d.Key == k) {
				again = append(again, d)
			}
		}
		for _, d := range again {
			d.Rejected = nil
			if err := u.PutDelta(d.Key, d); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	keys := make([]syncproto.Key, len(again))
	for i, d := range again {
		keys[i] = d.Key
	}
	return len(again), b.Absorb(keys, false)
}
