package service

import (
	"context"
	"io"
	"math/rand/v2"
	"time"

	"gridbook/app/boltstore"
	"gridbook/app/syncer"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// HTTP is the Network of a real laptop.
type HTTP struct {
	Now  func() time.Time
	Rand io.Reader // cryptographically strong
}

// Join implements Network.
func (n HTTP) Join(ctx context.Context, store *boltstore.Store, invitation, device string, keep func(Setter, *syncproto.JoinReply) error) error {
	_, err := syncer.Join(ctx, syncer.Over(store), invitation, device, syncer.JoinOptions{
		Now: n.millis, Rand: n.Rand,
		Keep: func(tx syncer.Tx, rep *syncproto.JoinReply) error { return keep(tx, rep) },
	})
	return err
}

func (n HTTP) millis() int64 { return n.Now().UnixMilli() }

// Syncer implements Network.
func (n HTTP) Syncer(store *boltstore.Store, heard Heard) (Syncer, error) {
	s, err := syncer.Open(syncer.Over(store), syncer.HTTPOptions{}, syncer.Options{
		Now: n.millis, Rand: n.Rand, Jitter: rand.Float64, Networks: syncer.Addresses, Photos: heard.Photos, Conflicts: ledger.Conflicts,
		Received: func(p syncproto.Progress, revision uint64) {
			heard.Received(News{changedKeys(p), p.Arrived, revision})
		},
		Keep: func(tx syncer.Tx, p syncproto.Progress) error { return heard.Keep(tx, p) },
		Changed: func(st syncer.Status) {
			if st.Phase != syncer.Running {
				heard.Rested()
			}
			heard.Status()
		},
	})
	if err != nil {
		return nil, err
	}
	return exchange{s}, nil
}

// changedKeys lists what a step of an exchange changed here; a record that got
// another id is gone under the old one.
func changedKeys(p syncproto.Progress) []syncproto.Key {
	keys := append([]syncproto.Key{}, p.Changed...)
	for _, r := range p.Renamed {
		keys = append(keys, syncproto.Key{Collection: r.Collection, ID: r.Old}, syncproto.Key{Collection: r.Collection, ID: r.New})
	}
	return keys
}

// exchange is a syncer in the words of the screens.
type exchange struct{ *syncer.Syncer }

// SyncNow implements Syncer.
func (x exchange) SyncNow(ctx context.Context) (SyncDone, error) {
	rep, err := x.Syncer.SyncNow(ctx)
	return doneOf(rep), err
}

func doneOf(rep syncer.Report) SyncDone {
	out := SyncDone{
		Exchanges: rep.Exchanges, BytesUp: rep.PayloadUp, BytesDown: rep.PayloadDown, Sent: rep.Sent, Received: rep.Received,
		Rejected: rep.Rejected, Conflicts: rep.Conflicts, Verified: verifiedOf(rep.Verified), Epoch: uint32(rep.Epoch),
		MS: rep.Took.Milliseconds(), WireUp: rep.Up, WireDown: rep.Down,
		PhotosUp: rep.Photos.Up, PhotosDown: rep.Photos.Down,
	}
	if rep.Photos.Problem != nil {
		out.PhotosProblem = problemOf(rep.Photos.Problem)
	}
	return out
}

// Status implements Syncer.
func (x exchange) Status() SyncStatus {
	st := x.Syncer.Status()
	out := SyncStatus{Phase: SyncPhase(st.Phase), NextTry: st.NextTry, LastSync: st.LastSync, PhotosMoving: st.Photos}
	if st.Phase == syncer.Running {
		out.Done, out.Total = st.Done, st.Done+int(st.Left)
	}
	if st.Problem != nil {
		out.Problem = problemOf(st.Problem)
	}
	if st.Last != nil {
		done := doneOf(*st.Last)
		out.Last = &done
	}
	return out
}
