package syncsim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"gridbook/syncproto"
)

// syncAhead is sync by a replica that asks for the next page before it has
// joined the one before. meanwhile runs between the two. It returns how many
// requests went ahead.
func (w *world) syncAhead(l *laptop, r *rand.Rand, meanwhile func()) (ahead int, err error) {
	s := syncproto.NewSession(syncproto.SessionOptions{UpBudget: w.up, DownBudget: w.down, Rand: w.rand, Codec: w.codec})
	for range maxExchanges {
		var q *syncproto.Request
		must(l.store.Update(func(tx syncproto.ReplicaTx) (err error) {
			q, err = s.Next(tx, l.wall(w))
			return err
		}))
		if q == nil {
			w.oracle.afterSync(w, l)
			return ahead, nil
		}
		rep, err := w.ask(q, r)
		for err == nil {
			next := s.Ahead(rep, l.wall(w))
			var coming *syncproto.Reply
			var lost error
			if next != nil {
				ahead++
				coming, lost = w.ask(next, r)
			}
			// The oracle holds a verdict beside the hub as it is.
			if rep.Sum == nil && (coming == nil || coming.Sum == nil) {
				meanwhile()
			}
			f := fate{laptopCrash: r.IntN(20) == 0}
			if r.IntN(20) == 0 {
				f.laptopFault = 1 + r.IntN(30)
			}
			if err := w.receive(l, s, rep, nil, f); err != nil {
				return ahead, err
			}
			if next == nil {
				break
			}
			s.Follow(next)
			rep, err = coming, lost
		}
		if err != nil {
			s.Lost()
		}
	}
	return ahead, fmt.Errorf("%s: not quiet after %d exchanges", l.name, maxExchanges)
}

// ask carries a request and its reply, and loses some.
func (w *world) ask(q *syncproto.Request, r *rand.Rand) (*syncproto.Reply, error) {
	w.now += 200
	if r.IntN(15) == 0 {
		return nil, errLost
	}
	out, err := w.serve(syncproto.AppendRequest(nil, q), 0)
	must(err)
	if r.IntN(15) == 0 {
		return nil, errLost
	}
	return syncproto.DecodeReply(out)
}

func TestAhead(t *testing.T) {
	ahead, crashed := 0, 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := newWorld(seed, stage{})
		w.villages, w.long, w.up, w.down = 2, true, syncproto.MinBudget, syncproto.MinBudget
		writers := []*laptop{w.join(roleVillage, village(0)), w.join(roleVillage, village(1))}
		for range 120 {
			w.do(action{Kind: "edit", Who: r.IntN(len(writers)), R: r.Uint64()})
		}
		for _, l := range writers {
			if _, err := w.sync(l, nil); err != nil {
				t.Fatal(err)
			}
		}
		fresh := w.join(roleTownship, township)
		meanwhile := func() {
			switch r.IntN(8) {
			case 0:
				w.do(action{Kind: "edit", Who: 2, R: r.Uint64()})
			case 1:
				w.do(action{Kind: "purge", R: r.Uint64()})
			case 2, 3, 4:
				who := r.IntN(len(writers))
				w.do(action{Kind: []string{"edit", "move"}[r.IntN(2)], Who: who, R: r.Uint64()})
				if _, err := w.sync(writers[who], nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 6 {
			n, err := w.syncAhead(fresh, r, meanwhile)
			ahead += n
			if errors.Is(err, errCrash) {
				crashed++
				w.open(fresh)
			} else if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		w.rest()
		for _, c := range w.oracle.complain {
			t.Errorf("seed %d: %s", seed, c)
		}
	}
	t.Logf("%d requests ahead, %d crashes", ahead, crashed)
	if ahead < 1000 || crashed < 100 {
		t.Error("nothing was tried")
	}
}
