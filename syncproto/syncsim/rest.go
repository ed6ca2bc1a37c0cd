package syncsim

import "gridbook/syncproto"

// rest lets all laptops sync without faults until nothing changes any more.
func (w *world) rest() {
	if w.has(sticks) {
		w.hub.Version = 0 // an older one takes no bundles
	}
	rounds := 8
	if w.has(sticks) {
		rounds = 12 // a journey is one exchange each way
	}
	for _, l := range w.laptops {
		if l.sticksOnly {
			rounds++ // what it brings, the others that have only sticks hear a journey later
		}
	}
	for round := range rounds {
		w.now += hour
		busy := false
		for _, l := range w.laptops {
			w.retry(l)
			work, err := w.quiet(l)
			if syncproto.CodeOf(err) == syncproto.CodeToken {
				w.enrol(l, l.role, l.scope)
				_, err = w.quiet(l)
				work = true // of the new device, the others have yet to hear
			}
			if err != nil {
				w.oracle.wrong("%s cannot sync: %v", l.name, err)
				return
			}
			busy = busy || work
		}
		if !busy {
			break
		}
		if round == rounds-1 {
			w.oracle.wrong("not quiet after %d rounds", rounds)
		}
	}
	w.oracle.end(w)
	if len(w.oracle.complain) == 0 {
		w.afterSticks()
	}
}

// quiet syncs without faults and reports whether there was anything to do.
func (w *world) quiet(l *laptop) (busy bool, err error) {
	if l.sticksOnly {
		p, err := w.journey(l, nil)
		return p.Sent+p.Received+p.Dropped+p.Healed > 0 || !p.Verified.Equal || len(l.unsent()) > 0, err
	}
	p, err := w.sync(l, nil)
	if err == nil && !p.Complete {
		w.oracle.wrong("%s ends a sync that is not complete", l.name)
	}
	// Of a renumbered laptop's new device, the others have yet to hear.
	return p.Renumbered || p.Sent+p.Received+p.Dropped+p.Healed > 0, err
}

// unsent lists what is neither sent nor refused.
func (l *laptop) unsent() (out []syncproto.Key) {
	for k, d := range l.store.deltas {
		if d.Rejected == nil {
			out = append(out, k)
		}
	}
	return out
}

// afterSticks gives those the network that had none: there must be nothing
// left to do.
func (w *world) afterSticks() {
	for _, l := range w.laptops {
		if !l.sticksOnly {
			continue
		}
		p, err := w.sync(l, nil)
		if err != nil || p.Sent+p.Received+p.Dropped+p.Healed > 0 || !p.Verified.Equal {
			w.oracle.wrong("%s was not done by stick: %v, %+v", l.name, err, p)
		}
	}
}
