package service

import (
	"errors"
	"fmt"
	"slices"

	"gridbook/app/boltstore"
	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Written is the outcome of Book.Write.
type Written struct {
	IDs  []syncproto.ID  // per edit, the record that it created or changed
	Keys []syncproto.Key // the records that changed, once each
	// Undo, written as edits, puts back what was replaced.
	Undo []edit.Edit
}

// EditError is why a list of edits was refused, and by which of them. Nothing
// of the list was written.
type EditError struct {
	Index int // of the edit in its list
	Err   error
}

func (e *EditError) Error() string { return fmt.Sprintf("edit %d: %v", e.Index+1, e.Err) }

// Unwrap returns the reason.
func (e *EditError) Unwrap() error { return e.Err }

// Write validates a list of edits and writes all of them in one transaction,
// or none. It fails with an *EditError around CodeField, CodeReference,
// CodeNotFound, CodeNotAllowed or CodePlace, and with the store's errors.
func (b *Book) Write(edits []edit.Edit) (Written, error) {
	return b.write(func(w *writing) error { return w.edits(edits) })
}

// write runs f in one transaction and takes its changes into memory.
func (b *Book) write(f func(*writing) error) (Written, error) {
	var w *writing
	me := b.Identity()
	err := b.store.Update(func(tx *boltstore.Tx) error {
		writer, err := syncproto.NewWriter(tx, b.millis())
		if err != nil {
			return err
		}
		w = &writing{
			b: b, tx: tx, w: writer, made: map[edit.Handle]syncproto.ID{},
			homes: map[syncproto.Key]string{}, seen: map[syncproto.Key]bool{}, me: me,
		}
		if err := f(w); err != nil {
			return err
		}
		if err := w.tellRulings(); err != nil {
			return err
		}
		if err := noteOwn(tx); err != nil {
			return err
		}
		if err := noteReopened(tx, w.authors); err != nil {
			return err
		}
		return writer.Close()
	})
	if err != nil {
		var refused *EditError
		if errors.As(err, &refused) {
			return Written{}, refused
		}
		return Written{}, fmt.Errorf("service: write: %w", err)
	}
	slices.Reverse(w.out.Undo)
	return w.out, b.Absorb(slices.Concat(w.out.Keys, w.traces), false)
}

// writing is one list of edits on its way into the store.
type writing struct {
	b     *Book
	tx    *boltstore.Tx
	w     *syncproto.Writer
	made  map[edit.Handle]syncproto.ID
	homes map[syncproto.Key]string // places of records that others follow
	seen  map[syncproto.Key]bool   // changed, in out.Keys
	force bool                     // write values that are shown already: to resolve
	late  []lateSet
	out   Written
	// authors are those of values that a decision taken back has brought up.
	authors []reopened
	me      Identity
	rulings []ruling
	traces  []syncproto.Key // of the rulings: written beside what was asked for
}

// lateSet refers to a record that a later edit creates.
type lateSet struct {
	index int
	key   syncproto.Key
	set   edit.Set
}

func (w *writing) edits(edits []edit.Edit) error {
	w.out.IDs = make([]syncproto.ID, len(edits))
	var after []checked
	for i, e := range edits {
		one, err := w.one(i, e)
		if err != nil {
			return &EditError{i, err}
		}
		w.out.IDs[i] = one.key.ID
		after = append(after, one)
	}
	for _, l := range w.late {
		if err := w.setLate(l); err != nil {
			return &EditError{l.index, err}
		}
	}
	for i, one := range after {
		if err := w.check(one); err != nil {
			return &EditError{i, err}
		}
	}
	return nil
}

// checked is a record that has to be right when all edits are in.
type checked struct {
	key     syncproto.Key
	changed bool
	fresh   bool // it was not there before
}

// one writes an edit.
func (w *writing) one(i int, e edit.Edit) (checked, error) {
	c, ok := ledger.Lookup(e.Collection)
	if !ok {
		return checked{}, notFound("没有这一类资料")
	}
	k, before, err := w.target(e)
	if err != nil {
		return checked{}, err
	}
	if e.Set, err = w.unseen(c, before, e.Set); err != nil {
		return checked{}, err
	}
	sets, err := w.values(i, k, c, before, e)
	if err != nil {
		return checked{}, err
	}
	if before != nil {
		if err := w.allowed(before); err != nil {
			return checked{}, err
		}
		if err := w.ownGrid(before); err != nil {
			return checked{}, err
		}
		again, err := w.again(k, before, e.Set)
		if err != nil || len(sets) == 0 {
			return checked{key: k, changed: again}, err
		}
	}
	if k, err = w.put(k, before, sets); err != nil {
		return checked{}, err
	}
	if e.New != 0 {
		w.made[e.New] = k.ID
	}
	for j := range w.late { // of this edit, before its id was known
		if w.late[j].index == i {
			w.late[j].key = k
		}
	}
	if i := marking(sets); i >= 0 && before != nil && !w.undoes(e) {
		err = w.markWith(k, sets[i].Value.Bool())
	}
	return checked{k, true, before == nil}, err
}

// target finds the record of an edit and what it is now; a zero id is one to
// be made.
func (w *writing) target(e edit.Edit) (syncproto.Key, *syncproto.Record, error) {
	k := syncproto.Key{Collection: e.Collection, ID: e.ID}
	companion := e.Companion != 0 || !e.CompanionOf.IsZero()
	switch {
	case e.Companion != 0:
		k.ID = w.made[e.Companion]
	case companion:
		k.ID = e.CompanionOf
	case e.New != 0:
		return k, nil, nil
	}
	if k.ID.IsZero() {
		return k, nil, notFound("没有写明是哪一条")
	}
	rec, err := w.tx.Get(k)
	if err == nil && rec == nil && !companion {
		err = notFound("找不到这条记录")
	}
	return k, rec, err
}

// values works out what an edit really changes.
func (w *writing) values(i int, k syncproto.Key, c *ledger.Collection, before *syncproto.Record, e edit.Edit) ([]syncproto.FieldValue, error) {
	var out []syncproto.FieldValue
	for _, s := range e.Set {
		v := s.Value
		if err := stillStands(c, before, s); err != nil {
			return nil, err
		}
		if s.Again != nil {
			continue
		}
		if s.To != 0 {
			id, ok := w.made[s.To]
			if !ok {
				w.late = append(w.late, lateSet{i, k, s})
				continue
			}
			v = syncproto.RefOf(id)
		} else if err := w.refers(c, s); err != nil {
			return nil, err
		}
		if w.sets(before, s.Tag, v) {
			out = append(out, syncproto.FieldValue{Tag: s.Tag, Value: v})
		}
	}
	if e.Delete && before != nil && !ledger.Deleted(before) {
		out = append(out, syncproto.FieldValue{Tag: ledger.TagDeleted, Value: syncproto.BoolOf(true)})
	}
	if i := marking(out); i >= 0 && out[i].Value.Bool() && before != nil {
		deletion, err := w.deletion(before)
		return append(slices.Delete(out, i, i+1), deletion...), err
	}
	return out, nil
}

// sets reports whether writing v changes what is shown. A disputed field is
// decided in the review only, not by a form that happens to hold its value.
func (w *writing) sets(before *syncproto.Record, t syncproto.Tag, v syncproto.Value) bool {
	if before == nil {
		return !v.IsNull()
	}
	return w.force || before.Value(t) != v
}

// refers checks that a reference leads to a record that is there.
func (w *writing) refers(c *ledger.Collection, s edit.Set) error {
	f, ok := c.Field(s.Tag)
	id := s.Value.Ref()
	if !ok || f.Ref == "" || id.IsZero() {
		return nil
	}
	to, ok := ledger.ByKey(f.Ref)
	if !ok {
		return nil
	}
	k := syncproto.Key{Collection: to.Number, ID: id}
	if _, known := w.homes[k]; known {
		return nil
	}
	rec, err := w.tx.Get(k)
	if err != nil {
		return err
	}
	if rec == nil {
		return &syncproto.Error{Code: syncproto.CodeReference, Message: "“" + f.Label + "”指向的" + to.Label + "不存在",
			Hint: "请先录入它，或用 gridbook list " + to.Key + " 查到它的编号。"}
	}
	return nil
}

// put writes a record's values, makes it if it is new, and notes how to undo
// that.
func (w *writing) put(k syncproto.Key, before *syncproto.Record, sets []syncproto.FieldValue) (syncproto.Key, error) {
	var err error
	undo := edit.Edit{Collection: k.Collection}
	if before == nil {
		if sets, err = w.placed(k, sets); err != nil {
			return k, err
		}
		undo.Delete = true
	}
	switch {
	case k.ID.IsZero():
		k.ID, err = w.w.Create(k.Collection, sets)
	case before == nil:
		err = w.w.CreateAs(k, sets)
	default:
		err = w.w.Put(k, sets)
	}
	if err != nil {
		return k, err
	}
	if before != nil {
		if err := w.decides(k, before, sets); err != nil {
			return k, err
		}
	}
	undo.ID = k.ID
	for _, s := range sets {
		if before == nil {
			break
		}
		if s.Tag == ledger.TagKnew {
			continue // of no account without the deletion
		}
		undo.Set = append(undo.Set, replaced(s.Tag, ledger.Register(before, s.Tag), s.Value))
		if s.Tag == ledger.TagVillage || before.Value(s.Tag).Kind() == syncproto.Ref {
			clear(w.homes) // something may follow this record to another place
		}
	}
	w.out.Undo = append(w.out.Undo, undo)
	w.changed(k)
	return k, nil
}

func (w *writing) changed(k syncproto.Key) {
	if !w.seen[k] {
		w.seen[k] = true
		w.out.Keys = append(w.out.Keys, k)
	}
}

func (w *writing) setLate(l lateSet) error {
	id, ok := w.made[l.set.To]
	if !ok {
		return &syncproto.Error{Code: syncproto.CodeReference, Message: "引用的记录没有建成", Hint: "请检查引用的名称。"}
	}
	before, err := w.tx.Get(l.key)
	if err != nil {
		return err
	}
	if _, err := w.put(l.key, before, []syncproto.FieldValue{{Tag: l.set.Tag, Value: syncproto.RefOf(id)}}); err != nil {
		return err
	}
	return nil
}

// check looks at a changed record as it is when all edits are in.
func (w *writing) check(one checked) error {
	if !one.changed {
		return nil
	}
	rec, err := w.tx.Get(one.key)
	if err != nil {
		return err
	}
	if err := ledger.Check(rec); err != nil {
		return err
	}
	if one.fresh {
		if err := w.ownGrid(rec); err != nil {
			return err
		}
	}
	return w.allowed(rec)
}
