package syncproto_test

import (
	"iter"
	"testing"

	"gridbook/syncproto"
)

// noScan is a transaction in which nobody may look for a prime.
type noScan struct {
	syncproto.HubTx
	t *testing.T
}

func (n noScan) Scan(s syncproto.Scope, c syncproto.Collection, from syncproto.ID, backwards bool) iter.Seq2[syncproto.ID, error] {
	n.t.Error("the prime was made while writing")
	return n.HubTx.Scan(s, c, from, backwards)
}

// unpacked serves a request as a server does: decoded ahead, then joined.
// Between the two, others may write.
func (p *primed) unpacked(q *syncproto.Request, between func()) *syncproto.Reply {
	p.Helper()
	must(p.T, p.hub.Unpack(q, p.recorder.store.View))
	between()
	var reply *syncproto.Reply
	must(p.T, p.recorder.store.Update(func(tx syncproto.HubTx) error {
		served, err := p.hub.Serve(noScan{tx, p.T}, q, p.now)
		if err == nil {
			reply = served.Reply
		}
		return err
	}))
	return reply
}

// A primed upload is decoded before the hub writes, with the records of then;
// what others write meanwhile does not harm it.
func TestUnpackAhead(t *testing.T) {
	r, keys := twoLaptops(t)
	r.visits("li", 120, 10)
	p := r.over("li", slowWay)
	q := p.next()
	reply := p.unpacked(q, func() {
		r.put("wang", keys[110], 2, syncproto.TextOf("这一条在服务器拆包之后、并入之前由老王改写，与原来不同了。"))
		r.visits("wang", 300, 3)
		r.sync("wang", "", 0)
	})
	if reply.Error != nil || len(reply.Rejections) != 0 || reply.Lease == nil {
		t.Fatalf("%+v", reply)
	}
	must(t, p.store.Update(func(tx syncproto.ReplicaTx) error {
		_, err := p.session.Receive(tx, reply, p.now)
		return err
	}))
	if done := p.run(); done.Sent != 10 || done.Renumbered || done.Conflicts != 0 {
		t.Errorf("%+v", done)
	}
	equal(t, r)
}

// A prime that differs is found out ahead too, and the hub answers so without
// looking again.
func TestUnpackOtherPrime(t *testing.T) {
	r, keys := twoLaptops(t)
	r.put("wang", keys[110], 2, syncproto.TextOf("这一条后来由村里老王改写，与原来不同了。"))
	r.sync("wang", "", 0)
	r.visits("li", 120, 10)
	p := r.over("li", slowWay)
	reply := p.unpacked(p.next(), func() {})
	if reply.Error == nil || reply.Error.Code != syncproto.CodePrime {
		t.Fatalf("%+v", reply)
	}
	must(t, p.store.Update(func(tx syncproto.ReplicaTx) error {
		_, err := p.session.Receive(tx, reply, p.now)
		return err
	}))
	if done := p.run(); done.Sent != 10 || done.Renumbered {
		t.Errorf("%+v", done)
	}
	equal(t, r)
}

// Nothing is decoded for a stranger, and what is no batch Join refuses.
func TestUnpackRefuses(t *testing.T) {
	r, _ := twoLaptops(t)
	for name, c := range map[string]struct {
		change func(*syncproto.Request)
		code   syncproto.Code
	}{
		"stranger":   {func(q *syncproto.Request) { q.Token = make([]byte, syncproto.TokenSize) }, syncproto.CodeToken},
		"no version": {func(q *syncproto.Request) { q.Version = 99 }, syncproto.CodeVersion},
		"no batch":   {func(q *syncproto.Request) { q.Batch = []byte("no batch") }, syncproto.CodeMalformed},
	} {
		r.visits("li", 120, 1)
		p := r.over("li", 0)
		q := *p.next()
		c.change(&q)
		if reply := p.unpacked(&q, func() {}); reply.Error == nil || reply.Error.Code != c.code {
			t.Errorf("%s: %+v", name, reply.Error)
		}
	}
}
