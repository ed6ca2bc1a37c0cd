package syncproto_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/syncsim"
)

// slowWay is a link on which an upload is worth a prime, in bytes/s.
const slowWay = 8 << 10

// primed is a session of which every step is looked at.
type primed struct {
	*recorder
	session *syncproto.Session
	store   *syncsim.ReplicaStore
	sizes   []int // of the uploads that were sent
	refused int   // for their prime
}

func (r *recorder) over(name string, link int) *primed {
	s := syncproto.NewSession(syncproto.SessionOptions{Rand: r.rand, Codec: r.codec, Link: link})
	return &primed{recorder: r, session: s, store: r.laptops[name]}
}

func (p *primed) next() (q *syncproto.Request) {
	must(p.T, p.store.Update(func(tx syncproto.ReplicaTx) (err error) {
		q, err = p.session.Next(tx, p.now)
		return err
	}))
	if q != nil && len(q.Batch) > 0 {
		p.sizes = append(p.sizes, len(q.Batch))
	}
	return q
}

func (p *primed) exchange(q *syncproto.Request) {
	reply, err := syncproto.DecodeReply(p.serve(syncproto.AppendRequest(nil, q)))
	must(p.T, err)
	if reply.Error != nil && reply.Error.Code == syncproto.CodePrime {
		p.refused++
	}
	must(p.T, p.store.Update(func(tx syncproto.ReplicaTx) error {
		_, err := p.session.Receive(tx, reply, p.now)
		return err
	}))
}

// run goes on to the end and returns what came of it.
func (p *primed) run() syncproto.Progress {
	for range 20 {
		q := p.next()
		if q == nil {
			return p.session.Progress()
		}
		p.exchange(q)
	}
	p.Fatal("not quiet")
	return syncproto.Progress{}
}

// visits writes n notes that are like each other.
func (r *recorder) visits(name string, from, n int) (keys []syncproto.Key) {
	words := strings.Fields("老人身体尚好 血压偏高提醒按时服药 门前路灯不亮已登记 灶间电线老旧当场更换 儿子在外务工春节返乡 反映屋后水沟堵塞 讲解医保缴费 屋面漏雨请村里查看")
	for i := from; i < from+n; i++ {
		r.now += 61_000
		text := fmt.Sprintf("%s，%s；%s。第%d次走访。", words[i*7%8], words[i*i%8], words[(i/3+5)%8], i)
		id := r.create(name, visitKind, syncproto.FieldValue{Tag: 2, Value: syncproto.TextOf(text)})
		keys = append(keys, syncproto.Key{Collection: visitKind, ID: id})
	}
	return keys
}

// twoLaptops hold the same 120 visits.
func twoLaptops(t *testing.T) (*recorder, []syncproto.Key) {
	r := newRecorder(t)
	r.enrol("li")
	keys := r.visits("li", 0, 120)
	r.sync("li", "", 0)
	r.enrol("wang")
	r.sync("wang", "", 0)
	r.sync("li", "", 0)
	return r, keys
}

func equal(t *testing.T, r *recorder) {
	t.Helper()
	r.sync("li", "", 0)
	r.sync("wang", "", 0)
	li, wang := holds(t, r.laptops["li"]), holds(t, r.laptops["wang"])
	if li.Sum != wang.Sum || li.Count != wang.Count {
		t.Errorf("li holds %d records, wang %d, not the same", li.Count, wang.Count)
	}
}

func TestPrimedUpload(t *testing.T) {
	size := func(link int) int {
		r, _ := twoLaptops(t)
		r.visits("li", 120, 10)
		p := r.over("li", link)
		done := p.run()
		if done.Sent != 10 || len(p.sizes) != 1 || p.refused != 0 {
			t.Errorf("link %d: %d sent in uploads of %v bytes, %d refused", link, done.Sent, p.sizes, p.refused)
		}
		equal(t, r)
		return p.sizes[0]
	}
	with, without := size(slowWay), size(1<<20)
	t.Logf("%d bytes with a prime, %d without", with, without)
	if with*10 > without*8 {
		t.Errorf("%d bytes with a prime, %d without", with, without)
	}
}

// What others wrote since the laptop's cursor is no part of its prime.
func TestPrimeBesideNewRecords(t *testing.T) {
	r, _ := twoLaptops(t)
	r.visits("wang", 200, 20)
	r.sync("wang", "", 0)
	r.visits("li", 120, 10)
	p := r.over("li", slowWay)
	if done := p.run(); done.Sent != 10 || done.Received != 20 || p.refused != 0 {
		t.Errorf("%+v, %d refused", done, p.refused)
	}
	equal(t, r)
}

// A record of the prime that was changed since makes the hub's differ: the
// same upload goes again without, and nothing is doubled.
func TestPrimeThatDiffers(t *testing.T) {
	r, keys := twoLaptops(t)
	r.put("wang", keys[110], 2, syncproto.TextOf("这一条后来由村里老王改写，与原来不同了。"))
	r.sync("wang", "", 0)
	r.visits("li", 120, 10)
	p := r.over("li", slowWay)
	first := p.next()
	p.exchange(first)
	second := p.next()
	if p.refused != 1 || !bytes.Equal(first.Nonce, second.Nonce) || len(second.Batch) <= len(first.Batch) {
		t.Errorf("%d refused, then %d bytes after %d under nonce %x after %x", p.refused, len(second.Batch), len(first.Batch), second.Nonce, first.Nonce)
	}
	p.exchange(second)
	r.visits("li", 130, 3)
	if done := p.run(); done.Sent != 13 || p.refused != 1 || done.Renumbered {
		t.Errorf("%+v, %d refused", done, p.refused)
	}
	equal(t, r)
}

// An upload whose answer was lost is known again: with the same prime, with
// one that it has changed itself, and without one after a restart.
func TestPrimedUploadAgain(t *testing.T) {
	for _, restart := range []bool{false, true} {
		for _, edit := range []bool{false, true} {
			t.Run(fmt.Sprintf("restart %v, edit %v", restart, edit), func(t *testing.T) {
				r, keys := twoLaptops(t)
				r.visits("li", 120, 10)
				if edit {
					r.put("li", keys[115], 2, syncproto.TextOf("补充说明：这一条由本人后来更正，情况有变化。"))
				}
				p := r.over("li", slowWay)
				p.serve(syncproto.AppendRequest(nil, p.next())) // and the answer is lost
				p.session.Lost()
				if restart {
					p = r.over("li", slowWay)
				}
				done := p.run()
				if want := map[bool]int{false: 10, true: 11}[edit]; done.Sent != want || done.Renumbered || done.Conflicts != 0 {
					t.Errorf("%+v", done)
				}
				equal(t, r)
			})
		}
	}
}

// textStream returns where the second stream of a batch begins.
func textStream(batch []byte) int {
	at := 1
	_, n := binary.Uvarint(batch[at:])
	at += n
	packed, n := binary.Uvarint(batch[at:])
	return at + n + int(packed)
}

// What names a prime comes from outside: the hub takes none that it cannot
// make, whatever it says.
func TestForgedPrimes(t *testing.T) {
	r, _ := twoLaptops(t)
	r.visits("li", 120, 10)
	p := r.over("li", slowWay)
	q := p.next()
	for at := textStream(q.Batch); at < len(q.Batch); at++ {
		forged := *q
		forged.Batch = bytes.Clone(q.Batch)
		forged.Batch[at] ^= 0x55
		reply, err := syncproto.DecodeReply(p.serve(syncproto.AppendRequest(nil, &forged)))
		must(t, err)
		if reply.Error == nil {
			t.Fatalf("byte %d: taken", at)
		}
		if c := reply.Error.Code; c != syncproto.CodePrime && c != syncproto.CodeMalformed && c != syncproto.CodeTooLarge {
			t.Errorf("byte %d: %v", at, reply.Error)
		}
	}
	p.exchange(q)
	if done := p.run(); done.Sent != 10 {
		t.Errorf("%+v", done)
	}
	equal(t, r)
}
