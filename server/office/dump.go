package office

import (
	"fmt"
	"io"
	"iter"
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// DumpFilter chooses what to dump. The zero filter is everything.
type DumpFilter struct {
	// Role and Scope dump what a device of that role and place code holds.
	Role, Scope string
	Who         string // for the audit
}

// Dump prints the records of one state as canonical lines (see ledger.Dump).
func (o *Office) Dump(w io.Writer, f DumpFilter) error {
	if f.Role != "" && !ledger.ValidScope(ledger.Role(f.Role), f.Scope) {
		return &syncproto.Error{
			Code:    syncproto.CodePlace,
			Message: fmt.Sprintf("区划代码“%s”不适合角色 %s。", f.Scope, f.Role),
			Hint:    "村填 12 位代码，乡镇填 9 位代码。",
		}
	}
	// A dump shows everything about everyone, so it is on record.
	if err := o.Record(f.Who, ActDump, f.Role+" "+f.Scope, ""); err != nil {
		return err
	}
	return o.store.View(func(tx Tx) error {
		s, err := tx.State()
		if err != nil {
			return err
		}
		author, err := ledger.Authors(o.deviceRecords(tx, s.Township))
		if err != nil {
			return err
		}
		d := ledger.Dump{Author: author, Parent: func(k syncproto.Key) (*syncproto.Record, bool) {
			st, err := tx.Record(k)
			if err != nil || st == nil || st.Purged {
				return nil, false
			}
			return st.Record, true
		}}
		var scopes []syncproto.Scope
		if f.Role != "" {
			scopes = o.hub.Policy.Subscriptions(s.Township, &syncproto.Device{Role: f.Role, Scope: f.Scope})
		}
		return d.Write(w, dumped(tx, scopes))
	})
}

// dumped lists the records that stand in any of the scopes; nil: all.
func dumped(tx Tx, scopes []syncproto.Scope) iter.Seq2[*syncproto.Record, error] {
	return func(yield func(*syncproto.Record, error) bool) {
		for st, err := range tx.Records() {
			if err != nil {
				yield(nil, err)
				return
			}
			if st.Purged || scopes != nil && !stands(st, scopes) {
				continue
			}
			if !yield(st.Record, nil) {
				return
			}
		}
	}
}

func stands(st *syncproto.Stored, scopes []syncproto.Scope) bool {
	return slices.ContainsFunc(st.Places, func(p syncproto.Place) bool {
		return !p.Gone && slices.Contains(scopes, p.Scope)
	})
}

// deviceRecords lists the shared records that name the writers of stamps.
func (o *Office) deviceRecords(tx Tx, township string) iter.Seq2[*syncproto.Record, error] {
	return func(yield func(*syncproto.Record, error) bool) {
		for id, err := range tx.Scan(syncproto.SharedScope(township), ledger.Device, syncproto.ID{}, false) {
			var st *syncproto.Stored
			if err == nil {
				st, err = tx.Record(syncproto.Key{Collection: ledger.Device, ID: id})
			}
			if err == nil && st == nil {
				err = fmt.Errorf("device record %s is listed and not there", id)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(st.Record, nil) {
				return
			}
		}
	}
}
