package syncproto

import (
	"errors"
	"fmt"
	"slices"
)

// PhotoHub is the step machine of the server's side for photos. A message is
// served in three steps, because records and bytes are in different stores:
// Admit looks at the records, Move moves the bytes, and Settle, where it is
// needed, writes into the records what has arrived.
type PhotoHub struct {
	Hub  *Hub
	Tags PhotoTags
	// Quota is how many bytes of photos a village may have at the hub.
	Quota int64
}

// PhotoServing is a message on its way through the steps.
type PhotoServing struct {
	Reply  *PhotoReply
	Device *Device // nil if it is not known

	hub    *PhotoHub
	req    *PhotoRequest
	rights map[ID]*photoRight
	order  []ID // in which they were named
}

// photoRight is what a device may do with a photo.
type photoRight struct {
	PhotoName
	home    string
	sees    bool   // it may have the bytes
	refused *Error // why the bytes are not taken from anybody
	arrived bool   // says the record
	unclear bool   // people would have to decide about arrived
	held    PhotoHeld
}

// Admit checks who asks and what of it they may have, in a transaction that
// may be read-only. The error is the store's.
func (h *PhotoHub) Admit(tx HubTx, q *PhotoRequest, now int64) (*PhotoServing, error) {
	s := &PhotoServing{
		Reply: &PhotoReply{Version: Version, Now: now}, hub: h, req: q, rights: map[ID]*photoRight{},
	}
	x := &exchange{Hub: h.Hub, tx: tx, now: now, req: &Request{Version: q.Version, Token: q.Token, Now: now}, reply: &Reply{}}
	err := x.admit()
	var refused *refusal
	if errors.As(err, &refused) {
		s.Reply.Error, s.Reply.Retry = refused.cause, refused.retry
		s.req = &PhotoRequest{}
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	s.Device = x.device
	x.scopes = x.Policy.Subscriptions(x.state.Township, x.device)
	names := slices.Clone(q.Ask)
	for _, p := range q.Up {
		names = append(names, p.PhotoName)
	}
	for _, w := range q.Want {
		names = append(names, w.PhotoName)
	}
	for _, n := range names {
		if _, twice := s.rights[n.Record]; twice {
			continue
		}
		right, err := h.right(x, n)
		if err != nil {
			return nil, err
		}
		s.rights[n.Record], s.order = right, append(s.order, n.Record)
	}
	return s, nil
}

// right looks up what a device may do with a photo, nil if nothing.
func (h *PhotoHub) right(x *exchange, n PhotoName) (*photoRight, error) {
	st, err := x.tx.Record(Key{h.Tags.Collection, n.Record})
	if err != nil || st == nil || st.Purged {
		return nil, err
	}
	// Whoever wrote a record that has moved away since may still hand in its
	// photo: nobody else has it.
	_, sees := x.visible(st)
	if !sees && st.ID.Replica != x.device.Replica {
		return nil, nil
	}
	if named, ok := h.Tags.Of(st.Record); !ok || named != n {
		return nil, nil
	}
	arrived, _ := st.Field(h.Tags.Arrived)
	r := &photoRight{PhotoName: n, home: st.Home, sees: sees, arrived: arrived.Shown().Value.Bool(), unclear: arrived.Conflicted()}
	may := x.Policy.Allow(x.state.Township, x.device, Change{Before: st.Record, After: st.Record, Home: st.Home, Record: x.lookup}) == nil
	if x.failed != nil {
		return nil, x.failed
	}
	if sees && !may {
		r.refused = &Error{Code: CodeScope, Message: "这张照片不归这台电脑上传", Hint: "由添加照片的那台电脑上传，不用做什么。"}
		return r, nil
	}
	earlier, err := h.earlier(x.tx, st)
	if err == nil && earlier >= MaxPhotosPerRecord {
		r.refused = TooManyPhotos()
	}
	return r, err
}

// TooManyPhotos is the error of one photo too many.
func TooManyPhotos() *Error {
	return &Error{Code: CodePhotoCount, Message: fmt.Sprintf("这条记录已经有 %d 张照片", MaxPhotosPerRecord),
		Hint: "请删掉几张用不着的；这一张还在添加它的电脑上。"}
}

// earlier counts the photos of the same record that were added before this
// one and still stand, so that all hubs refuse the same ones.
func (h *PhotoHub) earlier(tx HubTx, st *Stored) (n int, err error) {
	if st.Parent == (Key{}) {
		return 0, nil
	}
	for k, err := range tx.Dependants(st.Parent) {
		if err != nil {
			return 0, err
		}
		if k.Collection != h.Tags.Collection || k.ID.Compare(st.ID) >= 0 {
			continue
		}
		other, err := tx.Record(k)
		if err != nil {
			return 0, err
		}
		if other != nil && !other.Purged && !other.Value(h.Tags.Deleted).Bool() {
			n++
		}
	}
	return n, nil
}

// Move takes the chunks that came and puts those that are wanted into the
// reply. The error is the photo store's.
func (s *PhotoServing) Move(store PhotoStore) error {
	for _, right := range s.rights {
		if err := right.look(store); err != nil {
			return err
		}
	}
	for _, part := range s.req.Up {
		right := s.rights[part.Record]
		if right == nil || right.PhotoName != part.PhotoName || right.held.Whole() {
			continue
		}
		if err := s.take(store, right, part); err != nil {
			return err
		}
	}
	if err := s.give(store); err != nil {
		return err
	}
	for _, id := range s.order {
		status := PhotoStatus{Record: id}
		if right := s.rights[id]; right != nil {
			if err := right.look(store); err != nil { // others name the same photo
				return err
			}
			status = right.status()
		}
		s.Reply.States = append(s.Reply.States, status)
	}
	return nil
}

func (r *photoRight) look(store PhotoStore) (err error) {
	if r != nil {
		r.held, err = store.Photo(r.Hash)
	}
	return err
}

func (r *photoRight) status() PhotoStatus {
	s := PhotoStatus{Record: r.Record, Missing: r.held.Lacks(r.Size)}
	switch {
	case s.Missing == 0:
		s.State = PhotoWhole
	case r.refused != nil && r.refused.Code != CodeScope:
		s.State, s.Error = PhotoRefused, r.refused
	default:
		s.State = PhotoParts
	}
	return s
}

// take keeps the chunks that came undamaged.
func (s *PhotoServing) take(store PhotoStore, r *photoRight, part PhotoPart) error {
	if r.refused == nil && r.held.Size == 0 {
		used, err := store.Used(r.home)
		if err != nil {
			return err
		}
		if used+int64(r.Size) > s.hub.Quota {
			r.refused = &Error{Code: CodePhotoQuota, Message: "本村在服务器上放照片的空间用完了",
				Hint: "照片还在本机。请告诉乡镇(街道)扩大空间，之后会自动上传。"}
		}
	}
	good := part.GoodChunks()
	if r.refused != nil || len(good) == 0 {
		return nil
	}
	// A spoilt one is asked for from the beginning.
	if _, err := store.Put(r.PhotoName, r.home, good); err != nil && CodeOf(err) != CodePhotoSpoilt {
		return err
	}
	return r.look(store)
}

// give fills the reply, at least one chunk where there is one.
func (s *PhotoServing) give(store PhotoStore) error {
	left := min(s.req.Budget, MaxPhoto)
	for _, w := range s.req.Want {
		right := s.rights[w.Record]
		if right == nil || !right.sees || right.PhotoName != w.PhotoName {
			continue
		}
		part := PhotoPart{PhotoName: w.PhotoName}
		var err error
		(w.Missing & right.held.Has).Each(func(i int) bool {
			if left <= 0 {
				return false
			}
			var data []byte
			if data, err = store.Chunk(w.Hash, i); data != nil {
				part.Chunks = append(part.Chunks, NewPhotoChunk(i, data))
				left -= len(data)
			}
			return err == nil
		})
		if err != nil {
			return err
		}
		if len(part.Chunks) > 0 {
			s.Reply.Down = append(s.Reply.Down, part)
		}
	}
	return nil
}

// Unsettled lists the records that say something else than what has arrived.
func (s *PhotoServing) Unsettled() []ID {
	var out []ID
	for _, id := range s.order {
		if r := s.rights[id]; r != nil && (r.arrived != r.held.Whole() || r.unclear) {
			out = append(out, id)
		}
	}
	return out
}

// Settle brings a record up to date with what is in the photo store, in a
// transaction that may write. It is needed after Move, after uploads of text
// that bring such records, and after a restore. A record that is right is not
// written.
func (h *PhotoHub) Settle(tx HubTx, id ID, store PhotoStore, now int64) (changed bool, err error) {
	k := Key{h.Tags.Collection, id}
	st, err := tx.Record(k)
	if err != nil || st == nil || st.Purged {
		return false, err
	}
	whole := false
	if n, ok := h.Tags.Of(st.Record); ok {
		held, err := store.Photo(n.Hash)
		if err != nil {
			return false, err
		}
		whole = held.Whole() && held.Size == n.Size
	}
	reg, _ := st.Field(h.Tags.Arrived)
	if reg.Shown().Value.Bool() == whole && !reg.Conflicted() {
		return false, nil
	}
	_, err = h.Hub.Write(tx, func(at Stamp) *Record {
		for _, known := range slices.Concat(reg.Seen, headStamps(reg)) {
			// A restored hub may have a clock behind its own writes.
			at.Time = max(at.Time, known.Time+1)
		}
		r := NewRecord(k.Collection, k.ID)
		r.set(h.Tags.Arrived, reg.Write(at, BoolOf(whole)))
		return r
	}, now)
	return err == nil, err
}

func headStamps(r Register) []Stamp {
	out := make([]Stamp, len(r.Heads))
	for i, h := range r.Heads {
		out[i] = h.Stamp
	}
	return out
}
