package syncsim

import (
	"math"
	"slices"
	"testing"

	"gridbook/syncproto"
)

// plantedSticks are mistakes that concern sticks and versions.
var plantedSticks = []*bug{
	{name: "an overtaken upload gets the lease", from: 100, onReply: overtaken((*world).giveLease)},
	{name: "an overtaken upload gets news", from: 45, onReply: overtaken((*world).giveNews)},
	{name: "news that are older than what is known are joined", onRead: currentBase},
	{name: "an answer forgets later uploads too", replicaTx: keepSticks(func([]*syncproto.Upload) []*syncproto.Upload { return nil })},
	{name: "the nonce of an upload that was given up is forgotten", from: 3315, replicaTx: keepSticks(withContent)},
	{name: "the request for the rest does not name its upload", onRest: func(q *syncproto.Request) { q.Sent = nil }},
	{name: "the hub forgets what it refused for its clock", from: 1048, hubTx: changeDevice(func(d *syncproto.Device) { d.Void = nil })},
	{name: "the hub forgets what it was told of", from: 426, hubTx: changeDevice(func(d *syncproto.Device) { d.Told = nil })},
	{name: "the hub remembers one turn of the lease", hubTx: changeDevice(func(d *syncproto.Device) { d.Turns = d.Turns[max(len(d.Turns)-1, 0):] })},
	{name: "a probe by stick looks at its own days only", onAsk: func(q *syncproto.Request) { q.Stick = q.Stick && q.Probe == nil }},
	{name: "what was read on a stick is taken for the time of reading", onRead: madeNever},
	{name: "a new hub refuses the version before", onReply: refuseOld},
}

func TestPlantedSticks(t *testing.T) {
	for _, b := range plantedSticks {
		b.with = []feature{sticks}
		if b.name == "a new hub refuses the version before" {
			b.with = []feature{sticks, versions}
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			find(t, b)
		})
	}
}

// overtaken changes the replies to uploads that brought no lease.
func overtaken(change func(*world, *syncproto.Request, *syncproto.Reply, *syncproto.Device)) func(*world, *syncproto.Request, *syncproto.Reply) {
	return func(w *world, q *syncproto.Request, p *syncproto.Reply) {
		if d := w.deviceOf(q.Token); d != nil && q.Stick && len(q.Nonce) > 0 && len(p.Lease) == 0 && p.Error == nil {
			change(w, q, p, d)
		}
	}
}

func (w *world) giveLease(_ *syncproto.Request, p *syncproto.Reply, d *syncproto.Device) {
	p.Lease = d.Lease
}

func (w *world) giveNews(q *syncproto.Request, p *syncproto.Reply, d *syncproto.Device) {
	ask := *q
	ask.Nonce, ask.Batch, ask.Lease, ask.Budget = nil, nil, d.Lease, syncproto.DefaultDown
	must(w.store.View(func(tx syncproto.HubTx) error {
		served, err := w.hub.Serve(tx, &ask, w.now)
		if err == nil && served.Reply.Error == nil {
			rejections := p.Rejections
			*p = *served.Reply
			p.Rejections = rejections
		}
		return err
	}))
}

// currentBase makes every answer look as if nothing had been read since.
func currentBase(l *laptop, answers []syncproto.Answer) {
	for i := range answers {
		if !answers[i].Probe {
			answers[i].Base = l.store.meta.Cursor
		}
	}
}

// madeNever makes the offset of the clock as wrong as the file is old.
func madeNever(_ *laptop, answers []syncproto.Answer) {
	for i := range answers {
		answers[i].Made = math.MaxInt64
	}
}

func withContent(list []*syncproto.Upload) []*syncproto.Upload {
	return slices.DeleteFunc(list, func(up *syncproto.Upload) bool { return up.Made == 0 })
}

// forgetful is a laptop's transaction that keeps other unanswered uploads.
type forgetful struct {
	syncproto.ReplicaTx
	keep func([]*syncproto.Upload) []*syncproto.Upload
}

func keepSticks(keep func([]*syncproto.Upload) []*syncproto.Upload) func(syncproto.ReplicaTx, *syncproto.Reply) syncproto.ReplicaTx {
	return func(tx syncproto.ReplicaTx, p *syncproto.Reply) syncproto.ReplicaTx {
		if p == nil {
			return tx
		}
		return &forgetful{tx, keep}
	}
}

func (f *forgetful) SetMeta(m syncproto.ReplicaMeta) error {
	m.Sticks = f.keep(slices.Clone(m.Sticks))
	return f.ReplicaTx.SetMeta(m)
}

// otherDevice is a hub's transaction that stores devices otherwise.
type otherDevice struct {
	syncproto.HubTx
	change func(*syncproto.Device)
}

func changeDevice(change func(*syncproto.Device)) func(syncproto.HubTx, *syncproto.Request) syncproto.HubTx {
	return func(tx syncproto.HubTx, _ *syncproto.Request) syncproto.HubTx { return &otherDevice{tx, change} }
}

func (o *otherDevice) PutDevice(d *syncproto.Device) error {
	other := *d
	o.change(&other)
	return o.HubTx.PutDevice(&other)
}

func refuseOld(w *world, q *syncproto.Request, p *syncproto.Reply) {
	if q.Version < p.Version {
		*p = syncproto.Reply{Version: p.Version, Now: p.Now, Error: &syncproto.Error{Code: syncproto.CodeVersion}}
	}
}
