package service

import (
	"context"
	"strings"

	"gridbook/app/boltstore"
	"gridbook/app/photos"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// The ledger opens whatever has become of the photos. What is damaged is set
// aside, and a new file begun; what merely cannot be opened now stays as it
// is, and the laptop works without photos until it can.

// photos opens the pictures of the data folder.
func (o Options) photos(store *boltstore.Store) (*photos.Store, error) {
	return photos.Open(o.Dir, store.Vault(), photos.Disk{Guard: boltstore.Guard, Saving: boltstore.Saving},
		func() int64 { return o.Now().UnixMilli() })
}

// openPhotos opens the pictures, or notes why they cannot be. Its error is of
// the ledger.
func (l *Laptop) openPhotos() error {
	store, err := l.o.photos(l.Store)
	if err != nil {
		l.problem = err
		return nil
	}
	l.Photos, l.problem = store, nil
	l.Book.KeepPhotos(store)
	if err := l.Book.sweepPhotos(); err != nil {
		return err
	}
	return l.tellPhotos()
}

// PhotosProblem says why there are no photos now; nil: there are.
func (l *Laptop) PhotosProblem() *Problem {
	l.shut.Lock()
	defer l.shut.Unlock()
	if l.problem == nil {
		return nil
	}
	return problemOf(l.problem)
}

// ReopenPhotos tries again to open the photos. With anew it sets the file
// aside that cannot be opened, under the name that the notice of it tells, and
// begins a new one. It fails with why the photos still cannot be opened.
func (l *Laptop) ReopenPhotos(anew bool) error {
	l.shut.Lock()
	defer l.shut.Unlock()
	if l.problem == nil || l.closed {
		return nil
	}
	// Meanwhile it may be well again: then nothing is set aside.
	if err := l.openPhotos(); err != nil || l.problem == nil {
		return err
	}
	if !anew || syncproto.CodeOf(l.problem) == syncproto.CodeLocked {
		return l.problem // what another program is writing is not taken from it
	}
	aside, err := photos.Renew(l.o.Dir, l.o.Now().UnixMilli())
	if err != nil {
		return err
	}
	if err := l.openPhotos(); err != nil {
		return err
	}
	if l.problem != nil {
		return l.problem
	}
	l.setAside = aside
	return l.Book.tellAside(aside)
}

// closePhotos closes the file for good.
func (l *Laptop) closePhotos() error {
	l.shut.Lock()
	defer l.shut.Unlock()
	l.closed = true
	if l.Photos == nil {
		return nil
	}
	return l.Photos.Close()
}

// tellPhotos leaves a notice of a damaged file that was set aside, once. The
// caller holds l.shut, or is alone.
func (l *Laptop) tellPhotos() error {
	if l.Photos == nil {
		return nil
	}
	aside := l.Photos.Lost()
	if aside == "" || aside == l.setAside {
		return nil
	}
	l.setAside = aside
	return l.Book.tellAside(aside)
}

// namedLost is how many of the records whose photos are lost a notice names.
const namedLost = 5

// tellAside says what is lost, what comes back, and where the old file is.
func (b *Book) tellAside(aside string) error {
	lost, fetch := 0, 0
	var names []string
	err := b.read(func(r reader) error {
		for _, n := range r.album.standing() {
			switch {
			case r.lost(n):
				if lost++; len(names) < namedLost {
					names = append(names, r.photoTitle(n))
				}
			case n.arrived && !r.album.held(n.Hash).Whole():
				fetch++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	hint := "原来的文件另存为 " + aside + "，没有删除。"
	if fetch > 0 {
		hint += "服务器上有的 " + itoa(fetch) + " 张，联网后会自动取回。"
	}
	if lost > 0 {
		more := ""
		if lost > len(names) {
			more = "等"
		}
		hint += "有 " + itoa(lost) + " 张只在这台电脑上，已经没有了，请在原来的记录里重新添加：" + strings.Join(names, "、") + more + "。"
	}
	return b.update(func(tx updater) error {
		return addNotice(tx, notice{Kind: noticePhotos, At: b.millis(), Message: "照片库换上新的了，文字资料没有影响", Hint: hint})
	})
}

// photoTitle names the record that a photo belongs to.
func (r reader) photoTitle(n photoNote) string {
	rec, err := r.tx.Get(n.parent)
	if err != nil || rec == nil {
		return labelOf(n.parent.Collection)
	}
	title := r.title(rec)
	if day := fieldsOf(rec).words("date"); day != "" && !strings.Contains(title, day) {
		title += "（" + day + "）"
	}
	return title
}

// ReopenPhotos tries again to open the photos; with anew it begins a new file
// and sets the old one aside.
func (s *Service) ReopenPhotos(ctx context.Context, anew bool) error {
	laptop, err := s.unlocked()
	if err != nil {
		return err
	}
	if err := laptop.ReopenPhotos(anew); err != nil {
		return err
	}
	s.photosMoved()
	s.tellSync()
	s.emit(TopicRecords, Changed{Collections: []string{keyOf(ledger.Attachment)}})
	laptop.Sync.Wake()
	return nil
}

// photosShut is of a photo that is added while they cannot be opened.
func photosShut() error {
	return &syncproto.Error{Code: syncproto.CodePhotosShut, Message: "照片库打不开，现在加不了照片", Hint: "文字可以照常保存；原因和办法写在首页上。"}
}
