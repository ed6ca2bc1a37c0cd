package service

import (
	"gridbook/app/boltstore"
	"gridbook/syncproto"
)

// refusedPhoto is why the server did not take a photo, and when it said so.
type refusedPhoto struct {
	err *syncproto.Error
	at  int64 // ms since 1970
}

// refusedFor is how long a photo that was refused is not offered again, in ms:
// somebody has to make room first.
const refusedFor = 60 * minuteMillis

const minuteMillis = 60_000

func (a *album) isRefused(h syncproto.PhotoHash) bool {
	_, no := a.refused[h]
	return no
}

// refusedSetting keeps the refusals: by stick the server says them once a
// journey, and a person may look days later.
const refusedSetting = "photos-refused"

// refusedEntry is one of them.
type refusedEntry struct {
	Photo               string
	Code, Message, Hint string
	At                  int64
}

// noteRefused notes what the server does not take, and keeps it.
func (b *Book) noteRefused(refused map[syncproto.PhotoHash]*syncproto.Error) error {
	a := b.album
	a.mu.Lock()
	now := b.millis()
	for h, err := range refused {
		if err != nil {
			a.refused[h] = refusedPhoto{err, now}
		}
	}
	a.forgetRefused()
	list := make([]refusedEntry, 0, len(a.refused))
	for h, no := range a.refused {
		list = append(list, refusedEntry{h.String(), string(no.err.Code), no.err.Message, no.err.Hint, no.at})
	}
	a.mu.Unlock()
	return b.update(func(tx updater) error { return putSetting(tx, refusedSetting, list) })
}

// forgetRefused drops the refusals of photos that are not to go any more. The
// caller holds a.mu.
func (a *album) forgetRefused() {
	named, waits := map[syncproto.PhotoHash]bool{}, map[syncproto.PhotoHash]bool{}
	for _, n := range a.notes {
		named[n.Hash] = true
		if !n.arrived && !n.deleted {
			waits[n.Hash] = true
		}
	}
	for h := range a.refused {
		if named[h] && !waits[h] {
			delete(a.refused, h)
		}
	}
}

// loadRefused reads what was kept.
func (a *album) loadRefused(tx *boltstore.Tx) error {
	var list []refusedEntry
	if _, err := setting(tx, refusedSetting, &list); err != nil {
		return err
	}
	for _, e := range list {
		h, err := syncproto.ParsePhotoHash(e.Photo)
		if err != nil {
			return err
		}
		a.refused[h] = refusedPhoto{&syncproto.Error{Code: syncproto.Code(e.Code), Message: e.Message, Hint: e.Hint}, e.At}
	}
	return nil
}
