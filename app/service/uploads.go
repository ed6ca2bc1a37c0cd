package service

import (
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// upload says when work from a village last reached the office.
type upload struct {
	at      int64
	devices int
}

// uploads tells, by village, when the newest work that came from one of its
// laptops reached the office, as far as this laptop has heard, and how many
// laptops it has.
func (r reader) uploads() map[string]upload {
	out := map[string]upload{}
	at := map[string]int64{}
	if _, err := setting(r.tx, uploadsSetting, &at); err == nil {
		for village, ms := range at {
			out[village] = upload{at: ms}
		}
	}
	seen := map[author]bool{} // a laptop that was copied or restored has several numbers
	for _, a := range r.authors {
		if seen[a] {
			continue
		}
		seen[a] = true
		if village := ledger.Area(a.Scope); ledger.IsVillage(village) {
			up := out[village]
			up.devices++
			out[village] = up
		}
	}
	return out
}

// noteUploads remembers the newest receipts of what the server sent, village
// by village. Work of the township itself does not count.
func (b *Book) noteUploads(n News) error {
	if b.Identity().Village() != "" {
		return nil
	}
	newest := map[string]int64{}
	err := b.read(func(r reader) error {
		note := func(rec *syncproto.Record, ms int64) {
			if ms == 0 || rec == nil {
				return
			}
			if village := r.villageOfAuthor(rec); village != "" {
				newest[village] = max(newest[village], ms)
			}
		}
		arrived := n.Arrived
		for _, k := range n.Keys {
			if len(arrived) > 0 && arrived[0].Key == k {
				note(arrived[0].Record, arrived[0].Received)
				arrived = arrived[1:]
				continue
			}
			ms, err := r.tx.Received(k)
			if err != nil {
				return err
			}
			rec, err := r.tx.Agreed(k)
			if err != nil {
				return err
			}
			note(rec, ms)
		}
		return nil
	})
	if err != nil || len(newest) == 0 {
		return err
	}
	return b.update(func(tx updater) error {
		at := map[string]int64{}
		if _, err := setting(tx, uploadsSetting, &at); err != nil {
			return err
		}
		for village, ms := range newest {
			at[village] = max(at[village], ms)
		}
		return putSetting(tx, uploadsSetting, at)
	})
}

// villageOfAuthor is the village of the laptop that made the newest change of
// a record, "" if it was not a village's.
func (r reader) villageOfAuthor(rec *syncproto.Record) string {
	stamp := newestStamp(rec)
	a, known := r.authors[stamp.Replica]
	if !known { // the list of devices has not come yet: its own place tells
		return r.home(rec)
	}
	if village := ledger.Area(a.Scope); ledger.IsVillage(village) {
		return village
	}
	return ""
}
