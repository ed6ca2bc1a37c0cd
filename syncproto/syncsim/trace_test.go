package syncsim

import (
	"flag"
	"fmt"
	"os"

	"gridbook/syncproto"
)

var simTrace = flag.Bool("sim.trace", false, "print every step of the histories and runs")

func (w *world) tracef(format string, args ...any) {
	if *simTrace {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}
}

// traceExchange prints what went up and down.
func (w *world) traceExchange(q *syncproto.Request, p *syncproto.Reply) {
	if !*simTrace {
		return
	}
	w.traceBatch("up", q.Batch)
	w.tracef("    request cursor=%v lease=%x nonce=%x probe=%v", q.Cursor, q.Lease, q.Nonce, q.Probe)
	w.tracef("    reply error=%v cursor=%v lease=%x renumber=%d rejections=%v gone=%v purged=%v more=%v sum=%v want=%v",
		p.Error, p.Cursor, p.Lease, p.Renumber, p.Rejections, p.Gone, p.Purged, p.More, p.Sum, p.Want)
	w.traceBatch("down", p.Batch)
}

func (w *world) traceBatch(way string, b []byte) {
	batch, err := w.codec.Decode(b)
	must(err)
	for _, r := range batch.Records {
		if r.Collection != deviceKind {
			w.tracef("      %s %v %v", way, r.Key, r.Fields)
		}
	}
}
