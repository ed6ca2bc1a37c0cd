package syncsim

import (
	"fmt"

	"gridbook/syncproto"
)

func (w *world) tracef(format string, args ...any) {
	if w.trace != nil {
		fmt.Fprintf(w.trace, format+"\n", args...)
	}
}

// traceExchange prints what went up and down.
func (w *world) traceExchange(q *syncproto.Request, p *syncproto.Reply) {
	if w.trace == nil {
		return
	}
	w.traceBatch("up", q.Batch)
	w.tracef("    request v%d cursor=%v lease=%x nonce=%x sent=%x probe=%v", q.Version, q.Cursor, q.Lease, q.Nonce, q.Sent, q.Probe)
	w.tracef("    reply error=%v cursor=%v lease=%x renumber=%d rejections=%v gone=%v purged=%v more=%v sum=%v want=%v",
		p.Error, p.Cursor, p.Lease, p.Renumber, p.Rejections, p.Gone, p.Purged, p.More, p.Sum, p.Want)
	w.traceBatch("down", p.Batch)
}

func (w *world) traceBatch(way string, b []byte) {
	batch, err := w.codec.Decode(b)
	if syncproto.CodeOf(err) == syncproto.CodePrime {
		w.tracef("      %s %d bytes with a prime", way, len(b))
		return
	}
	must(err)
	for _, r := range batch.Records {
		if r.Collection != deviceKind {
			w.tracef("      %s %v %v", way, r.Key, r.Fields)
		}
	}
}
