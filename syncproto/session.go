package syncproto

import "io"

// Session is the replica's step machine for one sync: Next builds a request,
// Receive joins the reply, until Next returns nil. It does no I/O; each step
// runs in one transaction of the replica's store.
type Session struct {
	opts    SessionOptions
	sent    []*Delta
	probing probeStep
	found   Progress
	done    bool
}

// SessionOptions sizes the exchanges of a sync.
type SessionOptions struct {
	UpBudget   int // bytes of batch per request, before compression; 0: 256 kB
	DownBudget int // bytes of batch per reply, before compression; 0: 1 MB
	Link       int // bytes/s that the way carries, 0: unknown (fast)
	Rand       io.Reader
}

// Progress is what a sync has done so far.
type Progress struct {
	Exchanges  int
	Sent       int
	Received   int
	Rejected   int
	Dropped    int    // left our scopes or were purged
	Conflicts  int    // fields that became conflicts
	Left       uint64 // records still to fetch, about
	Healed     int    // records repaired after an unequal verdict
	Renumbered bool
	Complete   bool // both sides are empty
	Verified   Verified
	Changed    []Key // agreed records that changed, for the screen
}

type probeStep int
