package syncsim

import "gridbook/syncproto"

// bug is a mistake planted between the machines and what is around them.
type bug struct {
	name      string
	hubTx     func(syncproto.HubTx, *syncproto.Request) syncproto.HubTx
	replicaTx func(syncproto.ReplicaTx, *syncproto.Reply) syncproto.ReplicaTx
	onRequest func(*syncproto.Request)
	onAsk     func(*syncproto.Request) // of uploads or not
	onRest    func(*syncproto.Request)
	onRead    func(*laptop, []syncproto.Answer)
	policy    syncproto.Policy
	onReply   func(*world, *syncproto.Request, *syncproto.Reply)
	onReceive func(*world, *laptop, *syncproto.Reply, error)
	onLost    func(*world, *laptop)
	epoch     bool // a restored hub keeps its epoch
	with      []feature
	from      uint64 // the first seed that finds it, so that the test is quick; 0: it is soon found
}

func (b *bug) hub(tx syncproto.HubTx, q *syncproto.Request) syncproto.HubTx {
	if b == nil || b.hubTx == nil {
		return tx
	}
	return b.hubTx(tx, q)
}

func (b *bug) replica(tx syncproto.ReplicaTx, p *syncproto.Reply) syncproto.ReplicaTx {
	if b == nil || b.replicaTx == nil {
		return tx
	}
	return b.replicaTx(tx, p)
}

func (b *bug) request(q *syncproto.Request) {
	if b != nil && b.onRequest != nil && len(q.Batch) > 0 {
		b.onRequest(q)
	}
	if b != nil && b.onAsk != nil {
		b.onAsk(q)
	}
}

func (b *bug) rest(q *syncproto.Request) {
	if b != nil && b.onRest != nil && q != nil {
		b.onRest(q)
	}
}

func (b *bug) read(l *laptop, answers []syncproto.Answer) {
	if b != nil && b.onRead != nil {
		b.onRead(l, answers)
	}
}

func (b *bug) reply(w *world, q *syncproto.Request, p *syncproto.Reply) {
	if b != nil && b.onReply != nil {
		b.onReply(w, q, p)
	}
}

func (b *bug) received(w *world, l *laptop, p *syncproto.Reply, err error) {
	if b != nil && b.onReceive != nil {
		b.onReceive(w, l, p, err)
	}
}

func (b *bug) lost(w *world, l *laptop) {
	if b != nil && b.onLost != nil {
		b.onLost(w, l)
	}
}
