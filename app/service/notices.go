package service

import (
	"slices"
	"strconv"

	"gridbook/syncproto"
)

// Kinds of notices.
const (
	noticeRole   = "role"   // the laptop's role or place has changed
	noticeEnded  = "ended"  // the laptop's person is in charge of nothing any more
	noticePhotos = "photos" // a photo file was set aside
)

// notice is what happened to this laptop without its person having done it.
// Notices are kept, the newest last, so that they can be read again.
type notice struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	At      int64  `json:"at"` // when the laptop heard of it, ms since 1970
	Message string `json:"message"`
	Hint    string `json:"hint"`
	Seen    bool   `json:"seen,omitempty"`
}

const noticesSetting = "notices"

// maxNotices is how many are kept.
const maxNotices = 100

func addNotice(tx Keeper, n notice) error {
	var all []notice
	if _, err := setting(tx, noticesSetting, &all); err != nil {
		return err
	}
	last := 0
	for _, one := range all {
		id, _ := strconv.Atoi(one.ID) // its own writing
		last = max(last, id)
	}
	n.ID = itoa(last + 1)
	all = append(all, n)
	return putSetting(tx, noticesSetting, all[max(0, len(all)-maxNotices):])
}

// Notices lists what happened to this laptop, the newest first.
func (b *Book) Notices() ([]Notice, error) {
	out := []Notice{}
	err := b.read(func(r reader) (err error) {
		var all []notice
		_, err = setting(r.tx, noticesSetting, &all)
		for _, n := range slices.Backward(all) {
			out = append(out, Notice(n))
		}
		return err
	})
	return out, err
}

// SeenNotice puts a notice away; with "" all. It stays in the list.
func (b *Book) SeenNotice(id string) error {
	return b.update(func(tx updater) error {
		var all []notice
		if _, err := setting(tx, noticesSetting, &all); err != nil {
			return err
		}
		found := id == ""
		for i := range all {
			if id == "" || all[i].ID == id {
				found, all[i].Seen = true, true
			}
		}
		if !found {
			return notFound("这条通知已经不在了")
		}
		return putSetting(tx, noticesSetting, all)
	})
}

// keep holds on to what a step of the exchange takes away.
func (b *Book) keep(tx Keeper, p syncproto.Progress) error {
	if err := keepReplaced(tx, p.Replaced); err != nil {
		return err
	}
	return countHanded(tx, p.Handed)
}
