package syncproto

// Replaced is a value that stood here alone until somebody else's write came.
// Mostly that is an ordinary edit. Where it was a decision between this value
// and another that never came here, its author should hear of it, and only
// here is the value still known: a register does not tell the two apart.
type Replaced struct {
	Key
	Tag  Tag
	Lost Head
}

// replaces notes, before came is joined into before, which values vanish.
// Those that stood against others are not among them: that was seen here.
func (r *receiver) replaces(before, came *Record) {
	for _, f := range came.Fields {
		here, _ := before.Field(f.Tag)
		if here.Conflicted() {
			continue
		}
		for _, h := range here.Heads {
			if !f.Has(h.Stamp) && f.Supersedes(h.Stamp) {
				r.found.Replaced = append(r.found.Replaced, Replaced{before.Key, f.Tag, h})
			}
		}
	}
}
