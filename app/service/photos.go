package service

import (
	"errors"
	"fmt"

	"gridbook/app/edit"
	"gridbook/app/photos"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// photoParent is the field of an attachment that leads to records of a
// collection.
func photoParent(c *ledger.Collection) (syncproto.Tag, error) {
	for _, up := range ledger.PhotoParents() {
		if up.Number == c.Number {
			return tagOf(ledger.Attachment, c.Key), nil
		}
	}
	return 0, &syncproto.Error{Code: syncproto.CodeUsage, Message: c.Label + "不能加照片", Hint: "照片可以加在走访、事项、纠纷、隐患、房屋排查和活动上。"}
}

// AddPhoto adds a picture file to a record: shrunk, upright, and without the
// place and time that a phone writes into it. The written record is an
// attachment; deleting it removes the photo. A picture that the record names
// and that is not whole on this laptop is put back, without another record.
// Errors: CodePhotoKind, CodePhotoSize, CodePhotoCount, CodeExists (it is there
// already), and those of Write.
func (b *Book) AddPhoto(collection, id string, file []byte, caption string) (Written, error) {
	c, k, err := keyFor(collection, id)
	if err != nil {
		return Written{}, err
	}
	parent, err := photoParent(c)
	if err != nil {
		return Written{}, err
	}
	picture, err := photos.Shrink(file)
	if err != nil {
		return Written{}, err
	}
	part := syncproto.CutPhoto(syncproto.ID{}, picture.JPEG)
	a := b.album
	a.adding.Lock()
	defer a.adding.Unlock()
	named, err := a.takes(k, part.Hash)
	if err != nil {
		return Written{}, err
	}
	store := a.kept()
	if !named.IsZero() {
		_, err := store.Put(part.PhotoName, named.String(), part.Chunks)
		return Written{IDs: []syncproto.ID{named}}, err
	}
	had := a.held(part.Hash)
	if _, err := store.Put(part.PhotoName, "", part.Chunks); err != nil {
		return Written{}, err
	}
	w, err := b.Write([]edit.Edit{{Collection: ledger.Attachment, New: 1, Set: photoSets(part.PhotoName, picture, parent, k.ID, caption, b.today())}})
	if err != nil {
		if had.Size == 0 {
			err = errors.Join(err, store.Drop(part.Hash))
		}
		return Written{}, err
	}
	return w, store.Own(part.Hash, w.IDs[0].String())
}

// takes checks that one photo more may be added to a record. It returns the
// note that names this one already, but whose bytes are not here: lost, or not
// yet fetched.
func (a *album) takes(k syncproto.Key, h syncproto.PhotoHash) (named syncproto.ID, err error) {
	if a.kept() == nil {
		return named, photosShut()
	}
	standing := a.under(k)
	for _, n := range standing {
		if n.Hash != h {
			continue
		}
		if !a.held(h).Whole() {
			return n.Record, nil
		}
		return named, &syncproto.Error{Code: syncproto.CodeExists, Message: "这张照片已经加过了", Hint: "同一张不用再加。"}
	}
	if len(standing) >= syncproto.MaxPhotosPerRecord {
		return named, &syncproto.Error{Code: syncproto.CodePhotoCount, Message: fmt.Sprintf("一条记录最多 %d 张照片", syncproto.MaxPhotosPerRecord),
			Hint: "请先去掉一张用不着的，再加。"}
	}
	return named, nil
}

func photoSets(n syncproto.PhotoName, p photos.Picture, parent syncproto.Tag, of syncproto.ID, caption string, day int64) []edit.Set {
	set := func(key string, v syncproto.Value) edit.Set {
		return edit.Set{Tag: tagOf(ledger.Attachment, key), Value: v}
	}
	out := []edit.Set{
		set("sha256", syncproto.BytesOf(n.Hash[:])), set("size", syncproto.IntOf(int64(n.Size))),
		set("media_type", syncproto.TextOf(photos.MediaType)), set("width", syncproto.IntOf(int64(p.Width))),
		set("height", syncproto.IntOf(int64(p.Height))), set("date", syncproto.IntOf(day)),
		{Tag: parent, Value: syncproto.RefOf(of)},
	}
	if caption != "" {
		out = append(out, set("caption", syncproto.TextOf(caption)))
	}
	return out
}

// Photos lists the photos of a record.
func (b *Book) Photos(collection, id string) (PhotoList, error) {
	c, k, err := keyFor(collection, id)
	if err != nil {
		return PhotoList{}, err
	}
	if _, err := photoParent(c); err != nil {
		return PhotoList{}, err
	}
	out := PhotoList{Most: syncproto.MaxPhotosPerRecord, Rows: []PhotoRow{}}
	err = b.read(func(r reader) error {
		rec, err := r.get(k)
		if err != nil {
			return err
		}
		notes := b.album.under(k)
		for _, n := range notes {
			row, err := r.photo(n)
			if err != nil {
				return err
			}
			out.Total++
			out.Arrived += order(row.Arrived)
			out.Here += order(row.Here)
			out.Rows = append(out.Rows, row)
		}
		if b.album.kept() == nil {
			out.Problem = problemOf(photosShut())
		}
		out.CanAdd = out.Problem == nil && len(notes) < out.Most && ledger.MayWrite(r.me.Role, r.me.Scope, ledger.Attachment, r.home(rec))
		return nil
	})
	return out, err
}

func (r reader) photo(n photoNote) (PhotoRow, error) {
	k := syncproto.Key{Collection: ledger.Attachment, ID: n.Record}
	rec, err := r.get(k)
	if err != nil {
		return PhotoRow{}, err
	}
	f, held := fieldsOf(rec), r.album.held(n.Hash)
	_, by := r.newest(rec)
	if author := r.authorOf(rec.ID.Replica).Person; author != "" {
		by = author
	}
	out := PhotoRow{
		ID: n.Record.String(), SHA256: n.Hash.String(), Caption: f.text("caption"), Date: f.words("date"), By: by,
		Width: int(f.int("width")), Height: int(f.int("height")), Size: n.Size,
		Here: held.Whole(), Arrived: n.arrived, Parts: n.All().Count(), Sync: r.state(k),
		Lost: r.lost(n),
	}
	switch {
	case !out.Here:
		out.Done = held.Has.Count()
	case !out.Arrived:
		out.Done = held.There.Count()
	default:
		out.Done = out.Parts
	}
	r.album.mu.Lock()
	defer r.album.mu.Unlock()
	out.Wanted = !out.Here && r.album.wanted[n.Hash]
	if no, ok := r.album.refused[n.Hash]; ok && !n.arrived {
		out.Problem = problemOf(no.err)
	}
	return out, nil
}

// Photo returns a picture, nil if it is not on this laptop; then it is fetched
// at the next sync, before others.
func (b *Book) Photo(h syncproto.PhotoHash) ([]byte, error) {
	a := b.album
	store := a.kept()
	if store == nil {
		return nil, photosShut()
	}
	picture, err := syncproto.ReadPhoto(store, h)
	if err == nil && picture == nil {
		a.want(h)
	}
	return picture, err
}

// LostPhotos counts the photos that were added here, are not whole on this
// laptop any more, and have not arrived at the server: nobody has them, unless
// they are added again.
func (b *Book) LostPhotos() (n int, err error) {
	err = b.read(func(r reader) error {
		for _, note := range r.album.standing() {
			n += order(r.lost(note))
		}
		return nil
	})
	return n, err
}

func (r reader) lost(n photoNote) bool {
	return r.album.kept() != nil && !n.arrived && r.derived.own[n.Record.Replica] && !r.album.held(n.Hash).Whole()
}

// NamesPhoto reports whether a record here names a photo.
func (b *Book) NamesPhoto(h syncproto.PhotoHash) bool {
	b.album.mu.Lock()
	defer b.album.mu.Unlock()
	for _, n := range b.album.notes {
		if n.Hash == h {
			return true
		}
	}
	return false
}
