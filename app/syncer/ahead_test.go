package syncer

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"net/http"
	"testing"
	"time"

	"gridbook/syncproto"
)

// In a long download the next page is asked for before the one before it is
// joined, unless there is something to send.
func TestAhead(t *testing.T) {
	o := newOffice(t)
	address, pin := listen(t, o, true)
	a, b := newLaptop(t), newLaptop(t)
	a.join(address, pin)
	a.write(400)
	_, err := a.open(HTTPOptions{}).SyncNow(context.Background())
	check(t, err)

	b.join(address, pin)
	check(t, b.Update(func(tx Tx) error { // a slow way: small pages
		return tx.PutSetting(linkSetting, binary.AppendUvarint(nil, 100))
	}))
	asked := make(chan struct{}, 1000)
	o.before = func(http.ResponseWriter, *http.Request) bool {
		asked <- struct{}{}
		return false
	}
	var s *Syncer
	joined, wrote := 0, false
	s, err = Open(b, HTTPOptions{}, Options{Now: wallClock, Rand: rand.Reader, Received: func(p syncproto.Progress, _ uint64) {
		joined++
		if joined > 2 {
			return
		}
		for range 3 - joined { // for the first page its own request too
			select {
			case <-asked:
			case <-time.After(10 * time.Second):
				t.Error("the next page is not asked for")
			}
		}
		if joined == 2 {
			b.write(1)
			wrote = true
			s.Wake()
		}
	}})
	check(t, err)
	rep, err := s.SyncNow(context.Background())
	check(t, err)
	check(t, s.Close())
	if rep.Received < 400 || rep.Exchanges < 5 || !rep.Verified.Equal {
		t.Errorf("report %+v", rep)
	}
	if n, _ := b.unsent(); !wrote || n != 0 {
		t.Errorf("%d unsent", n)
	}
}
