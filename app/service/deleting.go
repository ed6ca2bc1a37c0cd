package service

import (
	"slices"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// A record and its private part, which has the same id, are deleted together,
// kept together, and decided about together.

// marking is where sets writes the mark of deletion, -1 if it does not.
func marking(sets []syncproto.FieldValue) int {
	return slices.IndexFunc(sets, func(s syncproto.FieldValue) bool { return s.Tag == ledger.TagDeleted })
}

// undoes reports whether an edit takes a mark back to where it stood: an undo
// names every part itself.
func (w *writing) undoes(e edit.Edit) bool {
	return !w.force && slices.ContainsFunc(e.Set, func(s edit.Set) bool { return s.Tag == ledger.TagDeleted && s.Still != nil })
}

// deletion is what to write to delete a record as it stands.
func (w *writing) deletion(rec *syncproto.Record) ([]syncproto.FieldValue, error) {
	agreed, err := w.tx.Agreed(rec.Key)
	if err != nil {
		return nil, err
	}
	meta, err := w.tx.Meta()
	return ledger.Deletion(rec, agreed, meta.Replica), err
}

// markWith marks what goes with a record that was just marked or unmarked, as
// far as this person may write it. To delete a private part alone leaves the
// record; who decides to keep it keeps the record too.
func (w *writing) markWith(k syncproto.Key, deleted bool) error {
	with := companionsOf(k.Collection)
	if main, ok := ledger.ByKey(ledger.Must(k.Collection).Companion); ok && w.force && !deleted {
		with = append(with, main)
	}
	for _, c := range with {
		rec, err := w.tx.Get(syncproto.Key{Collection: c.Number, ID: k.ID})
		if err != nil {
			return err
		}
		mark := syncproto.Register{}
		if rec != nil {
			mark = ledger.Mark(rec)
		}
		settled := !mark.Conflicted() && mark.Shown().Value.Bool() == deleted
		if rec == nil || settled || w.allowed(rec) != nil {
			continue
		}
		sets := []syncproto.FieldValue{{Tag: ledger.TagDeleted, Value: syncproto.BoolOf(false)}}
		if deleted {
			if sets, err = w.deletion(rec); err != nil {
				return err
			}
		}
		if _, err := w.put(rec.Key, rec, sets); err != nil {
			return err
		}
	}
	return nil
}

// companionsOf lists the collections whose records complete those of c.
func companionsOf(c syncproto.Collection) []*ledger.Collection {
	var out []*ledger.Collection
	for _, one := range ledger.All() {
		if one.Companion == ledger.Must(c).Key {
			out = append(out, one)
		}
	}
	return out
}
