package syncer

import (
	"cmp"
	"errors"
	"fmt"

	"gridbook/syncproto"
)

// stickPhotos bounds the bytes of photos in a bundle, and those that its
// answer is asked for. A bundle is made and read in memory, where a photo then
// stands about five times, and a village's laptop has 4 GB. What finds no
// room goes with the next bundle.
const stickPhotos = 32 << 20

// PhotosIn is what an answer said and brought of photos.
type PhotosIn struct {
	Up, Down int // of ours the hub has now; came here
	Refused  int
	Spoilt   int // chunks that came damaged, and are asked for again
	// Problem is why the hub did not serve a message: its photos go again.
	Problem *syncproto.Error
}

func (s *Syncer) stickWork() (w syncproto.PhotoWork, err error) {
	if s.o.Photos == nil {
		return w, nil
	}
	if w, err = s.o.Photos.Stick(); err != nil {
		return w, fmt.Errorf("syncer: photos of a bundle: %w", err)
	}
	return w, nil
}

// photosOut puts the photos that have not arrived into a bundle, and asks for
// those that are not here.
func (s *Syncer) photosOut(b *syncproto.Bundle, token []byte, out *Outgoing) error {
	work, err := s.stickWork()
	if err != nil || work.Empty() {
		return err
	}
	load, err := syncproto.LoadPhotos(s.o.Photos.Store(), work, token, syncproto.PhotoBudget{Up: stickPhotos, Down: stickPhotos})
	if err != nil {
		return fmt.Errorf("syncer: photos of a bundle: %w", err)
	}
	b.Photos, out.Photos, out.PhotosLeft = load.Messages, load.Photos, load.Left
	return nil
}

// photosIn takes the replies about photos. sent are those that had not arrived
// before the text of the answer was joined, which says so itself. A reply is
// true whether or not the text of its answer was still of use: it is of bytes,
// which are named by what they are.
func (s *Syncer) photosIn(replies [][]byte, sent []syncproto.PhotoName, in *PhotosIn) error {
	if s.o.Photos == nil || len(replies) == 0 {
		return nil
	}
	work, err := s.stickWork() // some may have been erased with the text
	if err != nil || s.o.Photos.Store() == nil {
		return err
	}
	work.Send = sent
	session := syncproto.NewPhotoSession(s.o.Photos.Store())
	for _, b := range replies {
		p, err := syncproto.DecodePhotoReply(b)
		if err != nil {
			return notOurs(fmt.Errorf("decode the reply about photos: %w", err))
		}
		moved, err := session.ReceiveStick(p, work)
		var said *syncproto.Error
		if errors.As(err, &said) && said == p.Error {
			in.Problem = cmp.Or(in.Problem, said)
			continue
		}
		in.Up, in.Down, in.Refused, in.Spoilt = moved.Up, moved.Down, len(moved.Refused), moved.Spoilt
		s.o.Photos.Moved(moved)
		if err != nil {
			return fmt.Errorf("syncer: photos of an answer: %w", err)
		}
	}
	return nil
}
