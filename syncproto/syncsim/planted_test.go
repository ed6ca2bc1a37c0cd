package syncsim

import (
	"slices"
	"testing"

	"gridbook/syncproto"
)

// planted are mistakes that others have made, or that one could make here.
// The simulation must find each.
var planted = []*bug{
	{name: "a lost reply is taken for an acknowledgement", onLost: ackUnheard},
	{name: "the cursor is moved though the batch was not stored", from: 125, onReceive: moveCursor},
	{name: "an acknowledgement removes a later edit", replicaTx: wrapReplica(func(r *wrongReplica) { r.sameGen = true })},
	{name: "a rejection is taken for an acknowledgement", onReply: func(_ *world, _ *syncproto.Request, p *syncproto.Reply) { p.Rejections = nil }},
	{name: "what a write replaced is forgotten on the way up", onRequest: rewriteUpload(func(g *syncproto.Register) { g.Seen = nil })},
	{name: "the newest head wins", onRequest: rewriteUpload(func(g *syncproto.Register) { g.Heads = g.Heads[len(g.Heads)-1:] }), hubTx: wrapHub(func(h *wrongHub) { h.lastWins = true })},
	{name: "the hub forgets what a write replaced", hubTx: wrapHub(func(h *wrongHub) { h.dropSeen = true })},
	{name: "leases are not checked", from: 72, hubTx: wrapHub(func(h *wrongHub) { h.anyLease = true })},
	{name: "nothing is echoed", onReply: dropEcho},
	{name: "the feed says which fields changed too early", hubTx: wrapHub(func(h *wrongHub) { h.earlyTags = true })},
	{name: "a page of the feed passes for all up to there", onReply: forgetPage},
	{name: "who loses a record is not told", onReply: func(_ *world, _ *syncproto.Request, p *syncproto.Reply) { p.Gone = nil }},
	{name: "dependants do not follow", hubTx: wrapHub(func(h *wrongHub) { h.noDependants = true })},
	{name: "sums are not kept for what follows", hubTx: wrapHub(func(h *wrongHub) { h.sumsOnce = true })},
	{name: "a snapshot ends where the feed ends now", onReply: snapshotAtEnd},
	{name: "a purged id is forgotten", hubTx: wrapHub(func(h *wrongHub) { h.forgetPurged = true })},
	{name: "a restored hub keeps its epoch and its numbers", epoch: true},
	{name: "a renumbered copy claims to have seen the other's writes", from: 57, replicaTx: wrapReplica(func(r *wrongReplica) { r.keepClaims = true })},
	{name: "the clock is not stored", replicaTx: wrapReplica(func(r *wrongReplica) { r.noClock = true })},
	{name: "the lease is not stored", replicaTx: wrapReplica(func(r *wrongReplica) { r.noLease = true })},
	{name: "private records go to everyone", policy: openPolicy{}},
	{name: "authors get no deposit of what is held", with: []feature{roles}, policy: depositless{}},
	{name: "work for the inbox is acknowledged and dropped", with: []feature{roles}, hubTx: wrapHub(func(h *wrongHub) { h.drops = inboxKind })},
	{name: "a restored hub takes old numbers for its own", hubTx: wrapHub(func(h *wrongHub) { h.allNumbers = true })},
	{name: "an erasure leaves no trace", with: []feature{roles}, hubTx: wrapHub(func(h *wrongHub) { h.drops = erasedKind })},
}

// TestPlanted shows that the simulation finds each planted bug.
func TestPlanted(t *testing.T) {
	for _, b := range planted {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			find(t, b)
		})
	}
}

// find plays seeds until something is wrong.
func find(t *testing.T, b *bug) {
	const enough = 3000

	for n := range uint64(enough) {
		if w := play(historyOf(b.from+n, b.with...), stage{bug: b}); len(w.oracle.complain) > 0 {
			t.Logf("found by run %d: %s", n+1, w.oracle.complain[0][:min(len(w.oracle.complain[0]), 160)])
			return
		}
	}
	t.Errorf("not found in %d runs", enough)
}

// ackUnheard takes what was sent for joined when no answer came.
func ackUnheard(_ *world, l *laptop) {
	must(l.store.Update(func(tx syncproto.ReplicaTx) error {
		meta, err := tx.Meta()
		if err != nil || meta.Pending == nil {
			return err
		}
		batch, err := sharedCodec.Decode(meta.Pending.Batch)
		if err != nil {
			return err
		}
		for _, r := range batch.Records {
			if err := tx.PutAgreed(r.Key, r, 0); err != nil {
				return err
			}
			if err := tx.PutDelta(r.Key, nil); err != nil {
				return err
			}
		}
		return nil
	}))
}

// moveCursor stores the cursor of a reply that could not be stored.
func moveCursor(_ *world, l *laptop, p *syncproto.Reply, err error) {
	if err == nil || !p.Moved {
		return
	}
	must(l.store.Update(func(tx syncproto.ReplicaTx) error {
		meta, err := tx.Meta()
		if err != nil {
			return err
		}
		meta.Cursor = p.Cursor
		return tx.SetMeta(meta)
	}))
}

// rewriteUpload changes the registers of what goes up.
func rewriteUpload(change func(*syncproto.Register)) func(*syncproto.Request) {
	return func(q *syncproto.Request) {
		batch, err := sharedCodec.Decode(q.Batch)
		must(err)
		for _, r := range batch.Records {
			for i := range r.Fields {
				change(&r.Fields[i].Register)
			}
		}
		q.Batch = sharedCodec.Encode(batch, syncproto.Fast, syncproto.Version)
	}
}

// dropEcho takes from a reply what was in the upload.
func dropEcho(_ *world, q *syncproto.Request, p *syncproto.Reply) {
	up, err := sharedCodec.Decode(q.Batch)
	must(err)
	down, err := sharedCodec.Decode(p.Batch)
	must(err)
	var out syncproto.Batch
	for i, r := range down.Records {
		if !slices.ContainsFunc(up.Records, func(u *syncproto.Record) bool { return u.Key == r.Key }) {
			out.Records, out.Received = append(out.Records, r), append(out.Received, down.Received[i])
		}
	}
	p.Batch = sharedCodec.Encode(&out, syncproto.Fast, syncproto.Version)
}

// forgetPage is the mistake that the simulation found first.
func forgetPage(_ *world, _ *syncproto.Request, p *syncproto.Reply) {
	if len(p.Cursor.Page) > 0 && p.Cursor.Page[0] == 2 {
		p.Cursor.Page = nil
	}
}

func snapshotAtEnd(w *world, _ *syncproto.Request, p *syncproto.Reply) {
	if len(p.Cursor.Page) > 0 && p.Cursor.Page[0] == 1 {
		p.Cursor.Seq = w.store.state.Seq
	}
}

// wrongReplica is a laptop's transaction with mistakes.
type wrongReplica struct {
	syncproto.ReplicaTx
	reply                                 *syncproto.Reply
	sameGen, keepClaims, noClock, noLease bool
}

func wrapReplica(set func(*wrongReplica)) func(syncproto.ReplicaTx, *syncproto.Reply) syncproto.ReplicaTx {
	return func(tx syncproto.ReplicaTx, p *syncproto.Reply) syncproto.ReplicaTx {
		r := &wrongReplica{ReplicaTx: tx, reply: p}
		set(r)
		return r
	}
}

func (r *wrongReplica) Gen(k syncproto.Key) (uint64, error) {
	gen, err := r.ReplicaTx.Gen(k)
	if err != nil || gen == 0 || !r.sameGen || r.reply == nil {
		return gen, err
	}
	meta, err := r.ReplicaTx.Meta()
	if err == nil && meta.Pending != nil {
		for _, g := range meta.Pending.Gens {
			if g.Key == k {
				gen = g.Gen
			}
		}
	}
	return gen, err
}

func (r *wrongReplica) PutDelta(k syncproto.Key, d *syncproto.Delta) error {
	if d != nil && r.keepClaims && r.reply != nil && r.reply.Renumber != 0 {
		old, err := r.ReplicaTx.Delta(k)
		if err != nil || old == nil {
			return err
		}
		for i := range d.Fields {
			if g, ok := old.Field(d.Fields[i].Tag); ok {
				d.Fields[i].Seen = g.Seen
			}
		}
	}
	return r.ReplicaTx.PutDelta(k, d)
}

func (r *wrongReplica) SetMeta(m syncproto.ReplicaMeta) error {
	if r.noClock {
		m.Clock = syncproto.Clock{}
	}
	if r.noLease && r.reply != nil && r.reply.Renumber == 0 {
		old, err := r.ReplicaTx.Meta()
		if err != nil {
			return err
		}
		m.Lease = old.Lease
	}
	return r.ReplicaTx.SetMeta(m)
}

// wrongHub is a hub's transaction with mistakes.
type wrongHub struct {
	syncproto.HubTx
	req                                     *syncproto.Request
	lastWins, dropSeen, anyLease, earlyTags bool
	noDependants, sumsOnce, forgetPurged    bool
	allNumbers                              bool
	puts                                    int
	drops                                   syncproto.Collection // records of it are not stored
}

func wrapHub(set func(*wrongHub)) func(syncproto.HubTx, *syncproto.Request) syncproto.HubTx {
	return func(tx syncproto.HubTx, q *syncproto.Request) syncproto.HubTx {
		h := &wrongHub{HubTx: tx, req: q}
		set(h)
		return h
	}
}
