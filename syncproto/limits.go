package syncproto

// Limits that every decoder checks before it allocates. A peer that needs
// more is not a peer.
const (
	MaxMessage     = 16 << 20 // bytes of an encoded request or reply
	MaxBatch       = 32 << 20 // bytes of a batch after decompression
	MaxRows        = 1 << 16  // records of a batch
	MaxFields      = 256      // fields of a record
	MaxHeads       = 256      // heads of a register
	MaxSeen        = 4096     // replicas in a register's Seen
	MaxText        = 64 << 10 // bytes of a text or of Bytes
	MaxList        = 1 << 10  // texts of a list
	MaxListed      = 1 << 18  // texts in all lists of a column
	MaxPage        = 64       // bytes of a cursor's page
	MaxKeys        = 1 << 17  // keys of a list in a message
	MaxDays        = 1 << 15  // days in a probe
	MaxSticks      = 32       // unanswered bundles of a replica
	MaxTurns       = 64       // turns of a lease that a hub remembers
	MaxAheadMillis = 24 * 3600 * 1000
)

// fits reports whether a record, as a join has made it, can still be encoded
// for others. Its values are not looked at: no join makes them longer.
func (r *Record) fits() bool {
	for _, f := range r.Fields {
		if len(f.Heads) > MaxHeads || len(f.Seen) > MaxSeen {
			return false
		}
	}
	return len(r.Fields) <= MaxFields
}
