package service

import (
	"context"
	"slices"

	"gridbook/app/boltstore"
	"gridbook/syncproto/ledger"
)

// maxDrafts is how many unfinished visits are kept; the oldest go first.
const maxDrafts = 50

// draftKey names the draft among others.
func (d VisitDraft) draftKey() string { return firstOf(d.Key, d.ID) }

// draftsIn reads the visits being written, the newest last.
func draftsIn(tx *boltstore.Tx) ([]VisitDraft, error) {
	var all []VisitDraft
	if _, err := setting(tx, draftsSetting, &all); err != nil {
		return nil, err
	}
	var old VisitDraft
	found, err := setting(tx, draftSetting, &old)
	if found {
		all = slices.Insert(all, 0, old)
	}
	return all, err
}

// changeDrafts puts a draft in the place of the one of that name; nil drops
// it. The others stay.
func changeDrafts(tx *boltstore.Tx, key string, with *VisitDraft) error {
	all, err := draftsIn(tx)
	if err != nil {
		return err
	}
	before := len(all)
	all = slices.DeleteFunc(all, func(d VisitDraft) bool { return d.draftKey() == key })
	if with == nil && len(all) == before {
		return nil
	}
	if with != nil {
		all = append(all, *with)
	}
	if err := tx.PutSetting(draftSetting, nil); err != nil {
		return err
	}
	if len(all) == 0 {
		return tx.PutSetting(draftsSetting, nil)
	}
	return putSetting(tx, draftsSetting, all[max(0, len(all)-maxDrafts):])
}

// SaveDraft keeps a visit that is being written, through a crash too, beside
// others that are not finished.
func (s *Service) SaveDraft(ctx context.Context, visit VisitDraft) error {
	b, err := s.book()
	if err != nil {
		return err
	}
	visit.SavedAt = b.millis()
	visit.Head = ""
	if id, err := parseID(visit.Household); err == nil {
		err = b.read(func(r reader) error {
			visit.Head = r.nameOf(ledger.Must(ledger.Household).Key, id)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return b.update(func(u updater) error { return changeDrafts(u, visit.draftKey(), &visit) })
}

// Draft returns the newest visit that was being written, null if there is
// none.
func (s *Service) Draft(ctx context.Context) (*VisitDraft, error) {
	return ask(ctx, s, func(r reader) (*VisitDraft, error) {
		all, err := draftsIn(r.tx)
		if err != nil || len(all) == 0 {
			return nil, err
		}
		return &all[len(all)-1], nil
	})
}

// DiscardDraft drops a visit that was being written, by its key.
func (s *Service) DiscardDraft(ctx context.Context, key string) error {
	b, err := s.book()
	if err != nil {
		return err
	}
	return b.update(func(u updater) error { return changeDrafts(u, key, nil) })
}
