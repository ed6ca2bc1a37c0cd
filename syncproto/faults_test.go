package syncproto_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"gridbook/syncproto"
)

// town is a recorder whose laptops have a hub beside them that tests reach into.
func town(t *testing.T, names ...string) *recorder {
	r := newRecorder(t)
	for _, n := range names {
		r.enrol(n)
	}
	return r
}

// ask puts one request to the hub, as the network would.
func (r *recorder) ask(q *syncproto.Request) *syncproto.Reply {
	r.Helper()
	p, err := syncproto.DecodeReply(r.serve(syncproto.AppendRequest(nil, q)))
	must(r.T, err)
	return p
}

func (r *recorder) meta(name string) (m syncproto.ReplicaMeta) {
	r.Helper()
	must(r.T, r.laptops[name].View(func(tx syncproto.ReplicaTx) (err error) {
		m, err = tx.Meta()
		return err
	}))
	return m
}

// A day of very many records is compared in parts, and heals.
func TestProbeInParts(t *testing.T) {
	r := town(t, "li")
	const many = 10_000
	must(t, r.laptops["li"].Update(func(tx syncproto.ReplicaTx) error {
		w, err := syncproto.NewWriter(tx, r.now)
		if err != nil {
			return err
		}
		for i := range many {
			if _, err := w.Create(homeKind, []syncproto.FieldValue{{Tag: 2, Value: syncproto.TextOf(fmt.Sprint(i))}}); err != nil {
				return err
			}
		}
		return w.Close()
	}))
	r.sync("li", "up", 0)
	lost := 0
	must(t, r.laptops["li"].Update(func(tx syncproto.ReplicaTx) error {
		var gone []syncproto.Key
		for d, err := range tx.Days() {
			if err != nil {
				return err
			}
			for h, err := range tx.OfDay(d.Day) {
				if err != nil {
					return err
				}
				if h.Hash%1000 == 0 {
					gone = append(gone, h.Key)
				}
			}
		}
		lost = len(gone)
		for _, k := range gone {
			if err := tx.PutAgreed(k, nil, 0); err != nil {
				return err
			}
		}
		return nil
	}))
	before := len(r.out.Steps)
	r.sync("li", "healed", 0)
	parts := 0
	for _, s := range r.out.Steps[before:] {
		up, err := hex.DecodeString(s.Request)
		must(t, err)
		q, err := syncproto.DecodeRequest(up)
		must(t, err)
		if q.Probe == nil || len(q.Probe.Of) == 0 {
			continue
		}
		parts++
		if len(q.Probe.Records) > 4096 {
			t.Errorf("a request with %d hashes", len(q.Probe.Records))
		}
	}
	if m := r.meta("li"); !m.Verified.Equal || lost == 0 || parts != 3 {
		t.Errorf("lost %d of %d, asked in %d parts, then %+v", lost, many, parts, m.Verified)
	}
}

// A reply that renumbers may get lost: asked again, the hub makes no second
// laptop, and the lease that it gives is still the first.
func TestRenumberOnce(t *testing.T) {
	r := town(t, "li")
	nonce := bytes.Repeat([]byte{7}, syncproto.NonceSize)
	q := &syncproto.Request{Version: syncproto.Version, Token: r.meta("li").Token, Lease: bytes.Repeat([]byte{9}, syncproto.LeaseSize), Nonce: nonce, Now: r.now}
	first, again := r.ask(q), r.ask(q)
	if first.Renumber == 0 || first.Renumber != again.Renumber || !bytes.Equal(first.Token, again.Token) || !bytes.Equal(first.Lease, again.Lease) {
		t.Errorf("first %+v\nthen %+v", first, again)
	}
	q.Nonce = bytes.Repeat([]byte{8}, syncproto.NonceSize)
	if other := r.ask(q); other.Renumber == first.Renumber || bytes.Equal(other.Token, first.Token) {
		t.Errorf("two copies were given the same number %d", other.Renumber)
	}
}

// Stamps that the hub took while its own clock was ahead bar nobody once it
// is right; new ones are refused as ever.
func TestClockOfHubWasAhead(t *testing.T) {
	r := town(t, "li", "wang")
	right := r.now
	r.now += 3 * 365 * 86_400_000
	id := r.create("li", homeKind, syncproto.FieldValue{Tag: 2, Value: syncproto.TextOf("早了三年")})
	r.sync("li", "from the future", 0)
	r.sync("wang", "reads it", 0)
	r.now = right
	r.put("wang", syncproto.Key{Collection: homeKind, ID: id}, 3, syncproto.TextOf("后来的话"))
	r.sync("wang", "answers it", 0)
	r.sync("li", "reads the answer", 0)
	if a, b := holds(t, r.laptops["li"]), holds(t, r.laptops["wang"]); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("li holds %v\nwang %v", a, b)
	}
	if m := r.meta("wang"); !m.Verified.Equal {
		t.Errorf("wang: %+v", m.Verified)
	}
}

// A hub that takes uploads and never says so does not hold a laptop for ever.
func TestHubWithoutReceipts(t *testing.T) {
	r := town(t, "li")
	r.create("li", homeKind, syncproto.FieldValue{Tag: 2, Value: syncproto.TextOf("没有回执")})
	s := syncproto.NewSession(syncproto.SessionOptions{Rand: r.rand, Codec: r.codec})
	for range 20 {
		var q *syncproto.Request
		must(t, r.laptops["li"].Update(func(tx syncproto.ReplicaTx) (err error) {
			q, err = s.Next(tx, r.now)
			return err
		}))
		if q == nil {
			t.Fatal("the sync ended well")
		}
		err := r.laptops["li"].Update(func(tx syncproto.ReplicaTx) error {
			_, err := s.Receive(tx, &syncproto.Reply{Version: syncproto.Version, Now: r.now}, r.now)
			return err
		})
		if err != nil {
			return
		}
	}
	t.Error("20 exchanges, and no end")
}
