package service

import (
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Whoever decides between two values leaves a line in the access log of the
// village that names the stamps of those that were not taken. Registers do not
// tell a decision from an edit after an edit; so an author whose laptop never
// saw the two beside each other is told all the same, and of nothing else.

// ruleAction is the code of such a line.
const ruleAction = "rule"

// ruling is a decision of one write, about one record.
type ruling struct {
	key  syncproto.Key
	home string
	over []byte // stamps of what was not taken
}

// decides notes what a write takes and what it does not.
func (w *writing) decides(k syncproto.Key, before *syncproto.Record, sets []syncproto.FieldValue) error {
	var over []byte
	for _, s := range sets {
		reg := ledger.Register(before, s.Tag)
		if s.Tag == ledger.TagKnew || !reg.Conflicted() {
			continue
		}
		for _, h := range reg.Heads {
			if h.Value != s.Value {
				at, err := firstWritten(w.tx, h.Stamp)
				if err != nil {
					return err
				}
				over = at.Append(over)
			}
		}
	}
	if len(over) == 0 {
		return nil
	}
	home, err := w.home(before)
	if err == nil {
		w.rulings = append(w.rulings, ruling{k, home, over})
	}
	return err
}

// tellRulings writes the lines. They are no part of the undo: that they were
// decided stays true, and what is decided anew has a line of its own.
func (w *writing) tellRulings() error {
	for _, one := range w.rulings {
		if !ledger.MayWrite(w.me.Role, w.me.Scope, ledger.AccessLog, one.home) {
			continue
		}
		set := func(key string, v syncproto.Value) syncproto.FieldValue {
			return syncproto.FieldValue{Tag: tagOf(ledger.AccessLog, key), Value: v}
		}
		id, err := w.w.Create(ledger.AccessLog, []syncproto.FieldValue{
			{Tag: ledger.TagVillage, Value: syncproto.TextOf(one.home)},
			set("at", syncproto.IntOf(w.b.millis())), set("who", syncproto.TextOf(w.me.Person)),
			set("action", syncproto.TextOf(ruleAction)), set("collection", syncproto.TextOf(keyOf(one.key.Collection))),
			set("record", syncproto.RefOf(one.key.ID)), set("over", syncproto.BytesOf(one.over)),
		})
		if err != nil {
			return err
		}
		w.traces = append(w.traces, syncproto.Key{Collection: ledger.AccessLog, ID: id})
	}
	return nil
}

// ruledNote is who decided against a value of this laptop, and when.
type ruledNote struct {
	by string
	at int64 // ms since 1970
}

// putRuling notes what a line of the access log says of this laptop's values.
func (d *derived) putRuling(rec *syncproto.Record) {
	f := fieldsOf(rec)
	if f.text("action") != ruleAction {
		return
	}
	over := f.value("over").Bytes()
	for ; len(over) >= syncproto.StampSize; over = over[syncproto.StampSize:] {
		at, err := syncproto.StampOf(over[:syncproto.StampSize])
		if err == nil && d.own[at.Replica] {
			d.rulings[at] = ruledNote{f.text("who"), f.int("at")}
		}
	}
}

// replacedSetting keeps this laptop's values that others have replaced, in
// case a decision turns out to have been behind it: it may come later.
const replacedSetting = "replaced-values"

// maxReplaced bounds how many are kept, and maxReplacedBytes their size; the
// oldest go first.
const (
	maxReplaced      = 300
	maxReplacedBytes = 256 << 10
)

// Keeper is the part of a store's transaction that keeps small values.
type Keeper interface {
	getter
	Setter
	Meta() (syncproto.ReplicaMeta, error)
}

// keepReplaced keeps this laptop's values that have just been replaced, as
// records of one field, in the transaction that replaces them.
func keepReplaced(tx Keeper, replaced []syncproto.Replaced) error {
	if len(replaced) == 0 {
		return nil
	}
	meta, err := tx.Meta()
	if err != nil {
		return err
	}
	var own []syncproto.ReplicaID
	if _, err := setting(tx, ownSetting, &own); err != nil {
		return err
	}
	own = append(own, meta.Replica)
	replaced = slices.DeleteFunc(slices.Clone(replaced), func(r syncproto.Replaced) bool {
		return r.Tag == ledger.TagKnew || !slices.Contains(own, r.Lost.Stamp.Replica)
	})
	if len(replaced) == 0 {
		return nil
	}
	var all [][]byte
	if _, err := setting(tx, replacedSetting, &all); err != nil {
		return err
	}
	for _, r := range replaced {
		rec := syncproto.NewRecord(r.Collection, r.ID)
		rec.Write(r.Tag, r.Lost.Stamp, r.Lost.Value)
		all = append(all, syncproto.AppendRecord(nil, rec))
	}
	size := 0
	for i := len(all) - 1; i >= 0; i-- {
		if size += len(all[i]); size > maxReplacedBytes || len(all)-i > maxReplaced {
			all = all[i+1:]
			break
		}
	}
	return putSetting(tx, replacedSetting, all)
}

// noteRuled makes notes for the author of the values against which somebody
// has decided without this laptop having seen it coming.
func (b *Book) noteRuled() error {
	var fresh []lostNote
	var done [][]byte
	err := b.read(func(r reader) error {
		if len(r.derived.rulings) == 0 {
			return nil
		}
		var all [][]byte
		if _, err := setting(r.tx, replacedSetting, &all); err != nil {
			return err
		}
		for _, raw := range all {
			rec, err := syncproto.DecodeRecord(raw)
			if err != nil || len(rec.Fields) != 1 {
				continue // of no use; it goes with time
			}
			f := rec.Fields[0]
			n, ruled := r.derived.rulings[f.Shown().Stamp]
			if !ruled {
				continue
			}
			fresh = append(fresh, lostNote{Collection: rec.Collection, ID: rec.ID.String(), Tag: f.Tag, Was: raw, By: n.by, At: n.at})
			done = append(done, raw)
		}
		return nil
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	return b.update(func(tx updater) error {
		var kept [][]byte
		if _, err := setting(tx, replacedSetting, &kept); err != nil {
			return err
		}
		kept = slices.DeleteFunc(kept, func(one []byte) bool {
			return slices.ContainsFunc(done, func(d []byte) bool { return slices.Equal(d, one) })
		})
		if err := putSetting(tx, replacedSetting, kept); err != nil {
			return err
		}
		return changeLostIn(tx, func(all []lostNote) []lostNote {
			for _, n := range fresh {
				if !slices.ContainsFunc(all, n.same) {
					all = append(all, n)
				}
			}
			return all[max(0, len(all)-maxLost):]
		})
	})
}

// mine is the value of a note in words, as it would be shown on a screen.
func (r reader) mine(n lostNote, c *ledger.Collection, f *ledger.Field) string {
	if n.Was == nil {
		return n.Mine
	}
	rec, err := syncproto.DecodeRecord(n.Was)
	if err != nil {
		return ""
	}
	return r.words(c, f, rec.Value(f.Tag))
}
