package syncproto

import "errors"

// PhotoWork is what there is for a laptop to move, in the order in which it
// should be.
type PhotoWork struct {
	// Send are photos that are whole here, whose records the hub has, and of
	// which no record says that they have arrived.
	Send []PhotoName
	// Fetch are photos that are wanted here.
	Fetch []PhotoName
}

// Empty reports whether there is nothing to move.
func (w PhotoWork) Empty() bool { return len(w.Send) == 0 && len(w.Fetch) == 0 }

// PhotoMoved is what a PhotoSession has done so far.
type PhotoMoved struct {
	Messages int
	Up, Down int                  // photos that arrived whole
	Refused  map[PhotoHash]*Error // and why
	Fetched  []PhotoHash          // by the last message
	Spoilt   int                  // photos and chunks that came damaged
}

// PhotoSession is the laptop's step machine for photos: Next makes a request,
// Receive takes the reply, until Next returns nil. After a failed message call
// Lost. It does no I/O but on its store.
type PhotoSession struct {
	store   PhotoStore
	moved   PhotoMoved
	asked   map[ID]bool        // answered in this session
	through map[ID]bool        // the hub has it, or does not want it now
	absent  map[PhotoHash]bool // the hub has nothing more of it
	spoilt  map[PhotoHash]int
	req     *PhotoRequest
	still   int // messages without headway
}

// NewPhotoSession begins to move photos.
func NewPhotoSession(s PhotoStore) *PhotoSession {
	return &PhotoSession{
		store: s, asked: map[ID]bool{}, through: map[ID]bool{}, absent: map[PhotoHash]bool{}, spoilt: map[PhotoHash]int{},
		moved: PhotoMoved{Refused: map[PhotoHash]*Error{}},
	}
}

// Moved returns what has been done so far.
func (s *PhotoSession) Moved() PhotoMoved { return s.moved }

// Lost says that the message failed: whether the hub has got it is unknown.
func (s *PhotoSession) Lost() { s.req = nil }

// maxStill is after how many messages without headway a session ends: some way
// may spoil every large message.
const maxStill = 4

// maxSpoilt is how often a photo that comes out as something else is tried.
const maxSpoilt = 2

// maxParts bounds the photos of which one message carries something.
const maxParts = 32

// Next returns the next request, nil when there is nothing more to do. up and
// down are about how many bytes of chunks it may carry each way; with up 0 it
// only asks. Where there is something to move, at least one chunk goes.
func (s *PhotoSession) Next(w PhotoWork, token []byte, up, down int) (*PhotoRequest, error) {
	q := &PhotoRequest{Version: Version, Token: token}
	if s.still >= maxStill {
		return nil, nil
	}
	if err := s.sending(q, w.Send, up); err != nil {
		return nil, err
	}
	if err := s.wishing(q, w.Fetch, down); err != nil {
		return nil, err
	}
	if len(q.Ask) == 0 && len(q.Up) == 0 && len(q.Want) == 0 {
		return nil, nil
	}
	s.req = q
	return q, nil
}

// sending puts in chunks that the hub is not known to have, and asks about
// the photos that have to wait.
func (s *PhotoSession) sending(q *PhotoRequest, names []PhotoName, budget int) error {
	left := min(budget, MaxPhoto)
	for _, n := range names {
		if s.through[n.Record] {
			continue
		}
		held, err := s.store.Photo(n.Hash)
		if err != nil {
			return err
		}
		if !held.Whole() || held.Size != n.Size {
			continue
		}
		if missing := n.All().Without(held.There); left > 0 && missing != 0 && len(q.Up) < maxParts {
			part := PhotoPart{PhotoName: n}
			if part.Chunks, err = s.cut(n, missing, &left); err != nil {
				return err
			}
			if len(part.Chunks) > 0 {
				q.Up = append(q.Up, part)
				continue
			}
		}
		if !s.asked[n.Record] && len(q.Ask) < MaxPhotoNames {
			q.Ask = append(q.Ask, n)
		}
	}
	return nil
}

// cut takes chunks until budget is used up.
func (s *PhotoSession) cut(n PhotoName, missing ChunkSet, budget *int) (out []PhotoChunk, err error) {
	missing.Each(func(i int) bool {
		var data []byte
		data, err = s.store.Chunk(n.Hash, i)
		if err != nil || data == nil {
			return false // damaged here: it is not whole any more
		}
		out = append(out, NewPhotoChunk(i, data))
		*budget -= len(data)
		return *budget > 0
	})
	return out, err
}

// wishing asks for photos that are not here.
func (s *PhotoSession) wishing(q *PhotoRequest, names []PhotoName, budget int) error {
	left := min(budget, MaxPhoto)
	wanted := map[PhotoHash]bool{}
	for _, n := range names {
		if left <= 0 || len(q.Want) == maxParts {
			break
		}
		if s.absent[n.Hash] || wanted[n.Hash] || s.spoilt[n.Hash] >= maxSpoilt {
			continue
		}
		held, err := s.store.Photo(n.Hash)
		if err != nil {
			return err
		}
		if held.Whole() {
			continue
		}
		missing := held.Lacks(n.Size)
		q.Want, wanted[n.Hash] = append(q.Want, PhotoWish{n, missing}), true
		left -= missing.Count() * PhotoChunkSize
	}
	if len(q.Want) > 0 {
		q.Budget = max(min(budget, MaxPhoto), 1)
	}
	return nil
}

// Receive takes a reply.
func (s *PhotoSession) Receive(p *PhotoReply) (PhotoMoved, error) {
	q := s.req
	if s.req = nil; q == nil {
		return s.moved, &Error{Code: CodeUsage, Err: errors.New("photo reply without a request")}
	}
	if p.Error != nil {
		return s.moved, p.Error
	}
	s.moved.Messages++
	s.moved.Fetched = nil
	s.still++
	for _, part := range q.Up {
		if err := s.sent(part.PhotoName, p); err != nil {
			return s.moved, err
		}
	}
	for _, n := range q.Ask {
		if err := s.sent(n, p); err != nil {
			return s.moved, err
		}
	}
	for _, w := range q.Want {
		if err := s.got(w, p); err != nil {
			return s.moved, err
		}
	}
	return s.moved, nil
}

func (p *PhotoReply) status(id ID) PhotoStatus {
	for _, s := range p.States {
		if s.Record == id {
			return s
		}
	}
	return PhotoStatus{}
}

// sent notes what the hub has of a photo that is to go there.
func (s *PhotoSession) sent(n PhotoName, p *PhotoReply) error {
	held, err := s.store.Photo(n.Hash)
	if err != nil {
		return err
	}
	status := p.status(n.Record)
	there := held.There
	if !s.asked[n.Record] {
		s.asked[n.Record], s.still = true, 0
	}
	switch status.State {
	case PhotoWhole:
		s.through[n.Record], there = true, n.All()
		s.moved.Up++
	case PhotoParts:
		there = n.All().Without(status.Missing)
		if held.There.Without(there) != 0 { // it came out as something else
			if s.spoilt[n.Hash]++; s.spoilt[n.Hash] > maxSpoilt {
				s.through[n.Record] = true
			}
		}
	case PhotoRefused:
		s.through[n.Record] = true
		s.moved.Refused[n.Hash] = status.Error
	default: // its text has to come first
		s.through[n.Record] = true
	}
	if there == held.There || !held.Whole() {
		return nil
	}
	if there.Without(held.There) != 0 {
		s.still = 0
	}
	return s.store.Note(n.Hash, there)
}

// got keeps what came of a photo that is wanted.
func (s *PhotoSession) got(w PhotoWish, p *PhotoReply) error {
	status := p.status(w.Record)
	var came ChunkSet
	for _, part := range p.Down {
		if part.Hash != w.Hash || part.Size != w.Size {
			continue
		}
		good := part.GoodChunks()
		s.moved.Spoilt += len(part.Chunks) - len(good)
		if len(good) == 0 {
			came = came.With(0) // it is there, and to be sent again
			continue
		}
		before, err := s.store.Photo(w.Hash)
		if err != nil {
			return err
		}
		held, err := s.store.Put(w.PhotoName, "", good)
		if CodeOf(err) == CodePhotoSpoilt {
			s.spoilt[w.Hash]++
			s.moved.Spoilt++
			continue
		}
		if err != nil {
			return err
		}
		for _, c := range good {
			came = came.With(c.Index)
		}
		if held.Has != before.Has {
			s.still = 0
		}
		if held.Whole() {
			s.moved.Down++
			s.moved.Fetched = append(s.moved.Fetched, w.Hash)
			if err := s.store.Note(w.Hash, w.All()); err != nil {
				return err
			}
		}
	}
	// What the hub has not got is not asked for again now.
	has := status.State == PhotoWhole || status.State == PhotoParts && w.Missing.Without(status.Missing) != 0
	if came == 0 && !has {
		s.absent[w.Hash] = true
	}
	return nil
}
