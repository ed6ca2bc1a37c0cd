package service

import (
	"context"

	"gridbook/syncproto"
)

// Photos lists the photos of a record.
func (s *Service) Photos(ctx context.Context, collection, id string) (PhotoList, error) {
	b, err := s.book()
	if err != nil {
		return PhotoList{}, err
	}
	return b.Photos(collection, id)
}

// AddPhoto adds an uploaded picture to a record. What a phone writes into it
// besides the picture does not stay. Its caption is changed with SaveRecord,
// and it is removed with Delete, as an attachment.
func (s *Service) AddPhoto(ctx context.Context, collection, id, handle, caption string) (Saved, error) {
	b, err := s.book()
	if err != nil {
		return Saved{}, err
	}
	file, err := s.files.Get(handle)
	if err != nil {
		return Saved{}, err
	}
	w, err := b.AddPhoto(collection, id, file.Data, caption)
	if err != nil {
		return Saved{}, err
	}
	s.emit(TopicPhotos, nil)
	return s.saved(w), nil
}

// Photo returns a picture to show. If it is not on this laptop, the handle is
// "" and it is fetched before others; TopicPhotos tells when it has come.
func (s *Service) Photo(ctx context.Context, sha256 string) (File, error) {
	laptop, err := s.unlocked()
	if err != nil {
		return File{}, err
	}
	h, err := syncproto.ParsePhotoHash(sha256)
	if err != nil {
		return File{}, err
	}
	picture, err := laptop.Book.Photo(h)
	if err != nil {
		return File{}, err
	}
	if picture == nil {
		laptop.Sync.Wake()
		return File{}, nil
	}
	return s.keep("照片-"+h.String()[:8]+".jpg", picture)
}

// photosMoved tells the screens that photos have moved.
func (s *Service) photosMoved() {
	s.emit(TopicPhotos, nil)
	s.tellSync()
}
