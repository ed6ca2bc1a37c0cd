package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gridbook/syncproto"
)

// Photos is what a Syncer moves once the text is through.
type Photos interface {
	// Work says what there is to move now; quick: the way is fast, so that
	// photos may be fetched that nobody has asked for.
	Work(quick bool) (syncproto.PhotoWork, error)
	// Stick says what there is to move with a bundle, which takes the unsent
	// text along: photos of records that the hub has not seen yet go too.
	Stick() (syncproto.PhotoWork, error)
	// Store is where the bytes are; nil while there is none, and no Work then.
	Store() syncproto.PhotoStore
	// Moved is told after every message.
	Moved(syncproto.PhotoMoved)
}

// PhotoReport is what a sync did about photos.
type PhotoReport struct {
	Up, Down int // photos that arrived whole
	// Problem is why it ended early; the text is not touched by it.
	Problem *syncproto.Error
}

// Sizes of messages, in bytes of chunks each way.
const (
	firstPhotos = 256 << 10 // on a way that is not slow
	mostPhotos  = 1 << 20
	// quickLink is a way, in bytes/s, on which photos may come unasked.
	quickLink = 128 << 10
)

// photosLeft is the error of a sync whose text is through and whose photos are
// not. It is tried again like others, and edits do not wait for it.
type photosLeft struct{ err error }

func (p *photosLeft) Error() string { return "photos: " + p.err.Error() }

func (p *photosLeft) Unwrap() error { return p.err }

// textOnly leaves out what is only about photos: the report has it.
func textOnly(err error) error {
	var left *photosLeft
	if errors.As(err, &left) {
		return nil
	}
	return err
}

// afterwards moves photos after a sync that went well, adds to its report, and
// fetches what the hub then writes: that they have arrived.
func (s *Syncer) afterwards(ctx context.Context, r *run, began time.Time, before Traffic) error {
	if s.o.Photos == nil {
		return nil
	}
	moved, err := r.photos(ctx)
	if moved.Messages == 0 && err == nil {
		if s.Status().Photos {
			s.set(func(st *Status) { st.Photos = false })
		}
		return nil
	}
	if moved.Up > 0 && err == nil {
		after := &run{Syncer: s}
		if err = after.exchangeAll(ctx); err == nil {
			r.report.Exchanges += after.report.Exchanges
			r.report.Received += after.report.Received
			r.report.Verified = after.report.Verified
		}
	}
	rep := &r.report
	rep.Photos.Up, rep.Photos.Down = moved.Up, moved.Down
	rep.Took, rep.Traffic = time.Since(began), s.transport.Traffic().Minus(before)
	if err != nil {
		err = &photosLeft{err}
		errors.As(err, &rep.Photos.Problem)
	}
	s.set(func(st *Status) { st.Photos, st.Phase, st.Last, s.last = false, Idle, rep, err })
	return err
}

// interrupted reports whether text wants to go, or somebody else to sync.
func (r *run) interrupted() bool { return len(r.wake) > 0 || r.queued.Load() > 0 }

// photos moves photos, message by message, until there are no more or
// something more urgent comes.
func (r *run) photos(ctx context.Context) (moved syncproto.PhotoMoved, err error) {
	const tries = 3
	var session *syncproto.PhotoSession
	var token []byte
	cuts, most := 0, mostPhotos
	for ctx.Err() == nil && !r.interrupted() {
		work, err := r.o.Photos.Work(r.budget.link == 0 || r.budget.link >= quickLink)
		if err != nil {
			return moved, fmt.Errorf("syncer: photos: %w", err)
		}
		if session == nil {
			if work.Empty() {
				break
			}
			if token, err = r.token(); err != nil {
				return moved, err
			}
			session = syncproto.NewPhotoSession(r.o.Photos.Store())
		}
		up, down := r.photoBudget(most), r.photoBudget(most)
		if r.noPhotos {
			up, down = 0, syncproto.PhotoChunkSize
		}
		req, err := session.Next(work, token, up, down)
		if err != nil || req == nil {
			return moved, err
		}
		if moved.Messages == 0 {
			r.set(func(st *Status) { st.Photos = true })
		}
		moved, err = r.movePhotos(ctx, session, req)
		switch {
		case err == nil:
			cuts = 0
		case syncproto.CodeOf(err) == syncproto.CodeNotOurs:
			// A hub that knows no photos. They stay here; next time only a
			// small question is asked.
			r.noPhotos = true
			return moved, nil
		case errors.Is(err, errCut) && ctx.Err() == nil && cuts < tries-1:
			cuts++
			most = max(r.photoBudget(most)/2, syncproto.PhotoChunkSize)
		default:
			return moved, err
		}
	}
	return moved, nil
}

func (r *run) token() (token []byte, err error) {
	err = r.store.Update(func(tx Tx) error {
		meta, err := tx.Meta()
		token = meta.Token
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("syncer: photos: %w", err)
	}
	return token, nil
}

// photoBudget is how many bytes of chunks a message may carry each way, so
// that it takes about as long as an exchange should.
func (r *run) photoBudget(most int) int {
	size := firstPhotos
	if r.budget.link > 0 {
		size = int(min(float64(r.budget.link)*aim.Seconds(), mostPhotos))
	}
	return max(min(size, most), syncproto.PhotoChunkSize)
}

// movePhotos sends one message and takes its reply.
func (r *run) movePhotos(ctx context.Context, session *syncproto.PhotoSession, req *syncproto.PhotoRequest) (syncproto.PhotoMoved, error) {
	body := syncproto.AppendPhotoRequest(nil, req)
	answer, err := r.transport.Exchange(ctx, syncproto.PathPhotos, body)
	if err != nil {
		session.Lost()
		return session.Moved(), err
	}
	reply, err := syncproto.DecodePhotoReply(answer.Body)
	if err != nil {
		session.Lost()
		return session.Moved(), notOurs(fmt.Errorf("decode the reply about photos: %w", err))
	}
	moved, err := session.Receive(reply)
	if err != nil {
		var said *syncproto.Error
		if errors.As(err, &said) && said == reply.Error && reply.Retry > 0 {
			err = &Later{said, time.Duration(reply.Retry) * time.Second}
		}
		return moved, err
	}
	r.noPhotos = false
	r.budget.learn(len(body), answer)
	r.o.Photos.Moved(moved)
	return moved, nil
}
