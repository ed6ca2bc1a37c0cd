package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gridbook/syncproto"
)

// run is one sync.
type run struct {
	*Syncer
	session *syncproto.Session
	report  Report
}

// exchangeAll runs exchanges until both sides are empty. One that is cut in
// the middle is tried again at once, in smaller parts: what the hub has joined
// already it knows again.
func (r *run) exchangeAll(ctx context.Context) error {
	if err := r.begin(); err != nil {
		return err
	}
	const tries = 3
	cuts, moved := 0, 0
	for {
		req, err := r.next()
		if err != nil || req == nil {
			return err
		}
		err = r.exchange(ctx, req)
		// Not every answer is headway: on a way that is always cut at the
		// same byte, small exchanges pass for ever and large ones never.
		if n := r.report.moved(); n > moved {
			cuts, moved = 0, n
		}
		if err != nil {
			if cuts++; cuts < tries && errors.Is(err, errCut) && ctx.Err() == nil {
				continue
			}
			return err
		}
	}
}

// exchange sends a request and joins the reply. In a long download the next
// request is under way while a reply is joined, and so on to its end.
func (r *run) exchange(ctx context.Context, req *syncproto.Request) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for coming := r.ask(ctx, req); ; {
		got := <-coming
		if got.err != nil {
			r.lost()
			return got.err
		}
		r.budget.learn(got.up, got.Answer)
		r.resize()
		next := r.ahead(got.reply)
		if next != nil {
			coming = r.ask(ctx, next)
		}
		if err := r.receive(got.reply); err != nil {
			stop()
			if next != nil {
				<-coming
			}
			return err
		}
		if next == nil {
			return nil
		}
		r.session.Follow(next)
	}
}

// ahead returns the request to send before a reply is joined, nil if it is
// better to look first: at what a person has written meanwhile.
func (r *run) ahead(reply *syncproto.Reply) *syncproto.Request {
	if len(r.wake) > 0 {
		return nil
	}
	return r.session.Ahead(reply, r.o.Now())
}

// heard is what came of a request.
type heard struct {
	Answer
	up    int // bytes of batch that the request carried
	reply *syncproto.Reply
	err   error
}

// ask sends a request. Exactly one answer comes.
func (r *run) ask(ctx context.Context, req *syncproto.Request) <-chan heard {
	coming := make(chan heard, 1)
	go func() {
		out := heard{up: len(req.Batch)}
		defer func() { coming <- out }()
		out.Answer, out.err = r.transport.Exchange(ctx, syncproto.PathExchange, syncproto.AppendRequest(nil, req))
		if out.err != nil {
			return
		}
		if out.reply, out.err = syncproto.DecodeReply(out.Body); out.err != nil {
			out.err = notOurs(fmt.Errorf("decode the reply: %w", out.err))
		}
	}()
	return coming
}

// moved counts the records that have found their place so far.
func (p *Report) moved() int { return p.Sent + p.Received + p.Rejected + p.Dropped + p.Healed }

// begin starts the session with what is known of the way.
func (r *run) begin() error {
	if !r.budget.known {
		if err := r.store.Update(r.budget.load); err != nil {
			return fmt.Errorf("syncer: begin: %w", err)
		}
	}
	r.session = syncproto.NewSession(syncproto.SessionOptions{
		UpBudget: r.budget.up, DownBudget: r.budget.down, Link: r.budget.link, Rand: r.o.Rand, Codec: r.codec, Conflicts: r.o.Conflicts,
	})
	return nil
}

func (r *run) resize() {
	if r.budget.up > 0 {
		r.session.Resize(r.budget.up, r.budget.down, r.budget.link)
	}
}

// next makes the next request. At the end it also keeps what was learnt of the
// way, in the transaction that is needed anyway.
func (r *run) next() (req *syncproto.Request, err error) {
	var revision uint64
	err = r.store.Update(func(tx Tx) (err error) {
		revision = tx.Revision()
		req, err = r.session.Next(tx, r.o.Now())
		if err != nil || req != nil {
			return err
		}
		return errors.Join(r.budget.save(tx), r.transport.Save(tx), r.note(tx))
	})
	if err != nil {
		return nil, fmt.Errorf("syncer: next exchange: %w", err)
	}
	r.tell(r.session.Progress(), revision)
	return req, nil
}

func (r *run) note(tx Tx) error {
	meta, err := tx.Meta()
	r.report.Epoch, r.report.Offset = meta.Cursor.Epoch, meta.Offset
	return err
}

func (r *run) receive(reply *syncproto.Reply) error {
	var p syncproto.Progress
	var revision uint64
	err := r.store.Update(func(tx Tx) (err error) {
		revision = tx.Revision()
		if p, err = r.session.Receive(tx, reply, r.o.Now()); err != nil {
			return err
		}
		return r.keep(tx, p)
	})
	var said *syncproto.Error
	if errors.As(err, &said) && said == reply.Error {
		if reply.Retry > 0 {
			return &Later{said, time.Duration(reply.Retry) * time.Second}
		}
		return said
	}
	if err != nil {
		return fmt.Errorf("syncer: join the reply: %w", err)
	}
	r.tell(p, revision)
	return nil
}

// keep lets what a step took away be kept elsewhere.
func (s *Syncer) keep(tx Tx, p syncproto.Progress) error {
	if s.o.Keep == nil || len(p.Replaced)+p.Handed == 0 {
		return nil
	}
	return s.o.Keep(tx, p)
}

// tell passes on what a commit has changed.
func (r *run) tell(p syncproto.Progress, revision uint64) {
	r.report.Progress = p
	r.report.Arrived = nil // it is large
	r.set(func(st *Status) { st.Done, st.Left = p.Sent+p.Received+p.Rejected, p.Left })
	if r.o.Received != nil && len(p.Changed)+len(p.Renamed) > 0 {
		r.o.Received(p, revision)
	}
}

func (r *run) lost() {
	r.session.Lost()
	r.budget.halve()
}
