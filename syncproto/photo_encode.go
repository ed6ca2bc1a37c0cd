package syncproto

// AppendPhotoRequest appends the encoded form of q.
func AppendPhotoRequest(dst []byte, q *PhotoRequest) []byte {
	m := newMapWriter()
	m.putInt(0, int64(q.Version))
	m.putBin(1, q.Token)
	if len(q.Ask) > 0 {
		m.key(2)
		m.array(len(q.Ask))
		for _, n := range q.Ask {
			m.array(3)
			m.photoName(n)
		}
	}
	m.photoParts(3, q.Up)
	if len(q.Want) > 0 {
		m.key(4)
		m.array(len(q.Want))
		for _, w := range q.Want {
			m.array(4)
			m.photoName(w.PhotoName)
			m.uint(uint64(w.Missing))
		}
	}
	m.putInt(5, int64(q.Budget))
	return m.message(dst)
}

// DecodePhotoRequest reads an encoded photo request.
func DecodePhotoRequest(b []byte) (*PhotoRequest, error) {
	if len(b) > MaxPhotoMessage {
		return nil, tooLarge("photo request of %d bytes", len(b))
	}
	q, r := &PhotoRequest{}, newReader(b)
	err := r.message(func(key int) bool {
		switch key {
		case 0:
			q.Version = int(r.uintMax(1 << 16))
		case 1:
			q.Token = r.bin(TokenSize)
		case 2:
			q.Ask = listOf(r, func() PhotoName { r.arrayOf(3); return r.photoName() })
		case 3:
			q.Up = listOf(r, r.photoPart)
		case 4:
			q.Want = listOf(r, func() PhotoWish {
				r.arrayOf(4)
				n := r.photoName()
				return PhotoWish{n, r.chunkSet(n.Size)}
			})
		case 5:
			q.Budget = int(r.uintMax(MaxPhotoMessage))
		default:
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return q, nil
}

// AppendPhotoReply appends the encoded form of p.
func AppendPhotoReply(dst []byte, p *PhotoReply) []byte {
	m := newMapWriter()
	m.putInt(0, int64(p.Version))
	m.putInt(1, p.Now)
	if p.Error != nil {
		m.key(2)
		m.error(p.Error)
	}
	m.putInt(3, int64(p.Retry))
	if len(p.States) > 0 {
		m.key(4)
		m.array(len(p.States))
		for _, s := range p.States {
			m.photoStatus(s)
		}
	}
	m.photoParts(5, p.Down)
	return m.message(dst)
}

// DecodePhotoReply reads an encoded photo reply.
func DecodePhotoReply(b []byte) (*PhotoReply, error) {
	if len(b) > MaxPhotoMessage {
		return nil, tooLarge("photo reply of %d bytes", len(b))
	}
	p, r := &PhotoReply{}, newReader(b)
	err := r.message(func(key int) bool {
		switch key {
		case 0:
			p.Version = int(r.uintMax(1 << 16))
		case 1:
			p.Now = r.int()
		case 2:
			p.Error = r.error()
		case 3:
			p.Retry = int(r.uintMax(1 << 24))
		case 4:
			for range r.array(3 * MaxPhotoNames) {
				if r.err == nil {
					p.States = append(p.States, r.photoStatus())
				}
			}
		case 5:
			p.Down = listOf(r, r.photoPart)
		default:
			return false
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// listOf reads an array of at most MaxPhotoNames.
func listOf[T any](r *reader, one func() T) (out []T) {
	for range r.array(MaxPhotoNames) {
		if r.err != nil {
			return nil
		}
		out = append(out, one())
	}
	return out
}

func (w *writer) photoName(n PhotoName) {
	w.bin(n.Record.Bytes())
	w.bin(n.Hash[:])
	w.uint(uint64(n.Size))
}

func (r *reader) photoName() (n PhotoName) {
	n.Record = r.stamp()
	if h := r.bin(len(n.Hash)); r.err == nil {
		if copy(n.Hash[:], h) != len(n.Hash) {
			r.fail("photo's hash of %d bytes", len(h))
		}
	}
	if n.Size = int(r.uintMax(MaxPhoto)); r.err == nil && n.Size == 0 {
		r.fail("photo of no bytes")
	}
	return n
}

func (r *reader) chunkSet(size int) ChunkSet {
	s := ChunkSet(r.uintMax(1<<MaxPhotoChunks - 1))
	if r.err == nil && s.Without(AllChunks(size)) != 0 {
		r.fail("chunks beyond the end of a photo of %d bytes", size)
	}
	return s
}

func (m *mapWriter) photoParts(key int, parts []PhotoPart) {
	if len(parts) == 0 {
		return
	}
	m.key(key)
	m.array(len(parts))
	for _, p := range parts {
		m.array(4)
		m.photoName(p.PhotoName)
		m.array(len(p.Chunks))
		for _, c := range p.Chunks {
			m.array(3)
			m.uint(uint64(c.Index))
			m.bin(c.Sum[:])
			m.bin(c.Data)
		}
	}
}

func (r *reader) photoPart() (p PhotoPart) {
	r.arrayOf(4)
	p.PhotoName = r.photoName()
	for range r.array(MaxPhotoChunks) {
		if r.err != nil {
			return p
		}
		r.arrayOf(3)
		c := PhotoChunk{Index: int(r.uintMax(MaxPhotoChunks - 1))}
		if sum := r.bin(PhotoSumSize); r.err == nil && copy(c.Sum[:], sum) != PhotoSumSize {
			r.fail("chunk's sum of %d bytes", len(sum))
		}
		c.Data = r.bin(PhotoChunkSize)
		p.Chunks = append(p.Chunks, c)
	}
	return p
}

func (w *writer) photoStatus(s PhotoStatus) {
	n := 3
	if s.Error != nil {
		n = 4
	}
	w.array(n)
	w.bin(s.Record.Bytes())
	w.uint(uint64(s.State))
	w.uint(uint64(s.Missing))
	if s.Error != nil {
		w.error(s.Error)
	}
}

// photoStatus reads a status; the error is there or not, and a state that is
// not known here says as little as PhotoUnknown.
func (r *reader) photoStatus() (s PhotoStatus) {
	n := r.array(4)
	if r.err == nil && n < 3 {
		r.fail("status of %d parts", n)
	}
	s.Record = r.stamp()
	if state := r.uintMax(255); state <= uint64(PhotoRefused) {
		s.State = PhotoState(state)
	}
	s.Missing = ChunkSet(r.uintMax(1<<MaxPhotoChunks - 1))
	if n == 4 {
		s.Error = r.error()
	}
	return s
}
