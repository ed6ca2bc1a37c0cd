package syncproto

// On a stick the messages about photos lie beside those of the text, and their
// replies come days later, when the laptop no longer has the requests: a reply
// names all that it is about.

// PhotoBudget bounds the photos of a bundle, in bytes each way.
type PhotoBudget struct{ Up, Down int }

// PhotoLoad is what a bundle carries of photos.
type PhotoLoad struct {
	Messages [][]byte // encoded requests
	Photos   int      // that are in them
	Left     int      // that found no room: they go with the next bundle
	Wanted   int      // that are asked for
}

// LoadPhotos makes the messages of a bundle. Each photo that is to go is in it
// whole, whatever the hub is thought to have: a stick has room, and a hint of
// before the hub was restored would cost a journey.
func LoadPhotos(store PhotoStore, w PhotoWork, token []byte, budget PhotoBudget) (PhotoLoad, error) {
	l := &photoLoader{store: store, token: token, budget: budget, in: map[PhotoHash]bool{}}
	for _, n := range w.Send {
		if err := l.send(n); err != nil {
			return PhotoLoad{}, err
		}
	}
	l.flush()
	for _, n := range w.Fetch {
		if err := l.wish(n); err != nil {
			return PhotoLoad{}, err
		}
	}
	l.flush()
	return l.out, nil
}

type photoLoader struct {
	store  PhotoStore
	token  []byte
	budget PhotoBudget
	in     map[PhotoHash]bool // named already
	out    PhotoLoad
	q      PhotoRequest // the message that is being filled
	bytes  int          // of chunks that it carries, or asks for
}

// flush ends a message.
func (l *photoLoader) flush() {
	if len(l.q.Ask)+len(l.q.Up)+len(l.q.Want) > 0 {
		l.q.Version, l.q.Token = Version, l.token
		l.out.Messages = append(l.out.Messages, AppendPhotoRequest(nil, &l.q))
	}
	l.q, l.bytes = PhotoRequest{}, 0
}

// room makes sure that a message takes size bytes more.
func (l *photoLoader) room(size int) {
	if l.bytes+size > MaxPhoto || len(l.q.Ask)+len(l.q.Up)+len(l.q.Want) >= maxParts {
		l.flush()
	}
	l.bytes += size
}

func (l *photoLoader) send(n PhotoName) error {
	held, err := l.store.Photo(n.Hash)
	if err != nil || !held.Whole() || held.Size != n.Size {
		return err
	}
	if l.in[n.Hash] { // another record names it too
		l.room(0)
		l.q.Ask = append(l.q.Ask, n)
		l.out.Photos++
		return nil
	}
	if n.Size > l.budget.Up {
		l.out.Left++
		return nil
	}
	part := PhotoPart{PhotoName: n}
	n.All().Each(func(i int) bool {
		var data []byte
		if data, err = l.store.Chunk(n.Hash, i); data != nil {
			part.Chunks = append(part.Chunks, NewPhotoChunk(i, data))
		}
		return err == nil && data != nil
	})
	if err != nil || len(part.Chunks) < n.All().Count() {
		return err // damaged here: it is not whole any more
	}
	l.room(n.Size)
	l.q.Up, l.in[n.Hash] = append(l.q.Up, part), true
	l.budget.Up -= n.Size
	l.out.Photos++
	return nil
}

func (l *photoLoader) wish(n PhotoName) error {
	held, err := l.store.Photo(n.Hash)
	if err != nil || held.Whole() || l.in[n.Hash] {
		return err
	}
	missing := held.Lacks(n.Size)
	size := min(missing.Count()*PhotoChunkSize, n.Size)
	if size > l.budget.Down {
		return nil
	}
	l.room(size)
	l.q.Want, l.in[n.Hash] = append(l.q.Want, PhotoWish{n, missing}), true
	l.q.Budget = MaxPhoto
	l.budget.Down -= size
	l.out.Wanted++
	return nil
}

// ReceiveStick takes a reply out of an answer, whenever it comes and however
// often. What it says counts for the photos of w alone: those of Send that are
// still to arrive, and those of Fetch that are still to come.
func (s *PhotoSession) ReceiveStick(p *PhotoReply, w PhotoWork) (PhotoMoved, error) {
	q := &PhotoRequest{}
	for _, n := range w.Send {
		if !s.through[n.Record] && p.names(n.Record) {
			q.Ask = append(q.Ask, n)
		}
	}
	for _, n := range w.Fetch {
		if !p.carries(n) {
			continue
		}
		held, err := s.store.Photo(n.Hash)
		if err != nil {
			return s.moved, err
		}
		if !held.Whole() {
			q.Want = append(q.Want, PhotoWish{n, held.Lacks(n.Size)})
		}
	}
	s.req = q
	return s.Receive(p)
}

// names reports whether a reply says something of a record.
func (p *PhotoReply) names(id ID) bool {
	for _, s := range p.States {
		if s.Record == id {
			return true
		}
	}
	return false
}

// carries reports whether a reply has chunks of a photo.
func (p *PhotoReply) carries(n PhotoName) bool {
	for _, part := range p.Down {
		if part.PhotoName == n {
			return true
		}
	}
	return false
}
