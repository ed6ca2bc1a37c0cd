package office

import (
	"fmt"
	"strings"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Purged is what a legal erasure did.
type Purged struct {
	ID          string   `json:"id"`
	Collections []string `json:"collections"` // of the records that were erased
	// Dependants is how many records still point to the erased ones. They
	// have ids of their own, and are erased by them if the law asks for it.
	Dependants int `json:"dependants"`
}

// Purge erases the record with an id for good, together with its companions
// in other collections: a resident with their identifiers. The id stays, so
// that no late laptop brings it back; all laptops drop the content at their
// next sync. Errors: CodeUsage, CodeNotFound.
func (o *Office) Purge(id syncproto.ID, reason, who string) (Purged, error) {
	out := Purged{ID: id.String(), Collections: []string{}}
	if strings.TrimSpace(reason) == "" {
		return out, usage("没有填清除的理由。", "请加上 --reason，写明依据，例如“本人依法要求删除”。")
	}
	o.album.turn.Lock()
	defer o.album.turn.Unlock()
	err := o.update(func(tx Tx, hub *syncproto.Hub) error {
		found := false
		var photos []syncproto.PhotoHash
		for _, c := range ledger.All() {
			if hubWrites(c.Number) {
				continue
			}
			k := syncproto.Key{Collection: c.Number, ID: id}
			st, err := tx.Record(k)
			if err != nil {
				return err
			}
			if st != nil && st.Purged {
				found = true
				continue
			}
			if photo, ok := o.album.photoOf(st); ok {
				photos = append(photos, photo)
			}
			// What is only in the inbox is erased there.
			switch err := hub.Purge(tx, k, reason, o.now()); {
			case syncproto.CodeOf(err) == syncproto.CodeNotFound:
				continue
			case err != nil:
				return err
			}
			found = true
			out.Collections = append(out.Collections, c.Key)
		}
		if !found {
			return &syncproto.Error{
				Code:    syncproto.CodeNotFound,
				Message: fmt.Sprintf("没有编号为 %s 的记录。", id),
				Hint:    "请核对编号；编号可以从 gridbookd dump 或电脑上的记录详情里找到。",
			}
		}
		if err := o.album.erase(tx, photos); err != nil {
			return err
		}
		var err error
		if out.Dependants, err = dependants(tx, id); err != nil {
			return err
		}
		return o.audit(tx, who, ActPurge, id.String(), reason)
	})
	if err != nil {
		return Purged{}, fmt.Errorf("purge: %w", err)
	}
	return out, nil
}

// hubWrites reports whether a collection is the server's own. What the inbox
// has about a record is erased with it; the rest is not about anyone.
func hubWrites(c syncproto.Collection) bool {
	_, _, ok := ledger.Policy{}.Seal(c)
	return ok
}

// dependants counts the records that follow one of the id.
func dependants(tx Tx, id syncproto.ID) (n int, err error) {
	for _, c := range ledger.All() {
		for k, err := range tx.Dependants(syncproto.Key{Collection: c.Number, ID: id}) {
			if err != nil {
				return 0, err
			}
			if k.ID == id || hubWrites(k.Collection) {
				continue // a companion, erased with it, or the trace of that
			}
			n++
		}
	}
	return n, nil
}
