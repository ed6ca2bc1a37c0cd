package ledger

import "gridbook/syncproto"

// maxDepth bounds the way from a record to its home: photo → hazard →
// household is the longest that the schema has, with room for a cycle that
// someone made by hand.
const maxDepth = 8

// Parent returns the key of the record whose place rec shares: the companion
// or the first filled-in parent. False if rec stands by itself.
func Parent(rec *syncproto.Record) (syncproto.Key, bool) {
	c, ok := Lookup(rec.Collection)
	if !ok {
		return syncproto.Key{}, false
	}
	if c.Companion != "" {
		return syncproto.Key{Collection: mustKey(c.Companion), ID: rec.ID}, true
	}
	for _, key := range c.Parents {
		f, _ := c.FieldByKey(key)
		if id := rec.Value(f.Tag).Ref(); !id.IsZero() {
			return syncproto.Key{Collection: mustKey(f.Ref), ID: id}, true
		}
	}
	return syncproto.Key{}, false
}

func mustKey(key string) syncproto.Collection {
	c, ok := ByKey(key)
	if !ok {
		panic("ledger: no collection " + key)
	}
	return c.Number
}

// Home returns the place that rec belongs to: that of its parent, if parent
// finds one that has a home, else its own village field, else "". So a
// household that moves takes its people, visits and matters along. parent
// returns a record by key, false if there is none here; it may be nil.
func Home(rec *syncproto.Record, parent func(syncproto.Key) (*syncproto.Record, bool)) string {
	own := ""
	for range maxDepth {
		if own == "" {
			own = rec.Value(TagVillage).Text()
		}
		key, ok := Parent(rec)
		if !ok || parent == nil {
			break
		}
		up, ok := parent(key)
		if !ok {
			break
		}
		rec = up
		if place := rec.Value(TagVillage).Text(); place != "" {
			own = place
		}
	}
	return own
}

// GridOf returns the grid that rec belongs to: its own, or that of its parent,
// and false if none is known.
func GridOf(rec *syncproto.Record, parent func(syncproto.Key) (*syncproto.Record, bool)) (syncproto.ID, bool) {
	for range maxDepth {
		if rec.Collection == Grid {
			return rec.ID, true
		}
		if c, ok := Lookup(rec.Collection); ok {
			if f, ok := c.FieldByKey("grid"); ok {
				if id := rec.Value(f.Tag).Ref(); !id.IsZero() {
					return id, true
				}
			}
		}
		key, ok := Parent(rec)
		if !ok || parent == nil {
			break
		}
		up, ok := parent(key)
		if !ok {
			break
		}
		rec = up
	}
	return syncproto.ID{}, false
}
