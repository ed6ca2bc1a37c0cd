package syncsim

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gridbook/syncproto"
)

// oracle knows every edit that a laptop has accepted.
type oracle struct {
	edits    []*edit // by number; 0 is none
	markers  map[syncproto.Key]string
	records  int
	complain []string        // what was found wrong
	renames  map[string]bool // records that got another id
	gone     map[string]bool // purged records
	restored bool            // a hub's backup was restored, or a device got another scope
	copied   bool            // a laptop was cloned or rolled back
	puzzled  bool            // an old hub may have taken a laptop for a copy
	erased   map[syncproto.Key]bool
	seen     map[syncproto.Key]heads // what people saw of an item when they decided
}

// edit is one accepted write of one field.
type edit struct {
	id      int
	by      *laptop
	marker  string // of the record
	tag     syncproto.Tag
	parents []int // the edits whose values it replaced
	exempt  bool  // purged, or destroyed with the only store that had it
}

func newOracle() *oracle {
	return &oracle{edits: []*edit{nil}, markers: map[syncproto.Key]string{}, gone: map[string]bool{}, renames: map[string]bool{}, erased: map[syncproto.Key]bool{}, seen: map[syncproto.Key]heads{}}
}

func (o *oracle) wrong(format string, args ...any) {
	o.complain = append(o.complain, fmt.Sprintf(format, args...))
}

// editOf returns the number in a text, 0 if there is none.
func editOf(v syncproto.Value) int {
	_, n, _ := strings.Cut(v.Text(), "#")
	id, _ := strconv.Atoi(n)
	return id
}

// begin notes an edit and returns the value to write.
func (o *oracle) begin(l *laptop, text, marker string, tag syncproto.Tag, before *syncproto.Record) syncproto.Value {
	e := &edit{id: len(o.edits), by: l, marker: marker, tag: tag}
	o.edits = append(o.edits, e)
	if before != nil {
		g, _ := before.Field(tag)
		for _, h := range g.Heads {
			if id := editOf(h.Value); id > 0 {
				e.parents = append(e.parents, id)
			}
		}
	}
	return syncproto.TextOf(fmt.Sprintf("%s#%d", text, e.id))
}

func (o *oracle) renamed(list []syncproto.Renamed) {
	for _, r := range list {
		o.renames[o.markers[syncproto.Key{Collection: r.Collection, ID: r.Old}]] = true
		o.markers[syncproto.Key{Collection: r.Collection, ID: r.New}] = o.markers[syncproto.Key{Collection: r.Collection, ID: r.Old}]
	}
}

// purged exempts the edits of a record.
func (o *oracle) purged(k syncproto.Key) {
	o.gone[o.markers[k]] = true
	o.erased[k] = true
}

// heads collects the edits that stand in some records.
type heads map[int]bool

func (h heads) add(r *syncproto.Record) {
	if r == nil {
		return
	}
	for _, f := range r.Fields {
		for _, head := range f.Heads {
			if id := editOf(head.Value); id > 0 {
				h[id] = true
			}
		}
	}
}

func (h heads) addHub(s *HubStore) {
	for _, st := range s.records {
		h.add(st.Record)
		h.addItem(st.Record)
	}
}

func (h heads) addLaptop(s *ReplicaStore) {
	for _, a := range s.agreed {
		h.add(a.record)
		h.addItem(a.record)
	}
	for _, d := range s.deltas {
		h.add(d.Record)
		if d.Rejected == nil {
			h.addItem(d.Record)
		}
	}
}

// missing lists the accepted edits that neither stand in held nor were seen
// by a later edit that is itself safe.
func (o *oracle) missing(held heads) (out []*edit) {
	safe := make([]bool, len(o.edits))
	for _, e := range slices.Backward(o.edits[1:]) {
		if o.gone[e.marker] || held[e.id] || e.exempt || safe[e.id] {
			safe[e.id] = true
			for _, p := range e.parents {
				safe[p] = true
			}
		}
	}
	for _, e := range o.edits[1:] {
		if !safe[e.id] {
			out = append(out, e)
		}
	}
	return out
}

// disaster exempts what no store holds after one was destroyed.
func (o *oracle) disaster(w *world) {
	o.traced(w)
	held := heads{}
	held.addHub(w.store)
	for _, l := range w.laptops {
		held.addLaptop(l.store)
	}
	for _, e := range o.missing(held) {
		e.exempt = true
	}
}

// device returns what the hub knows of a laptop.
func (w *world) device(l *laptop) *syncproto.Device {
	for _, d := range w.store.devices {
		if d.Replica == l.store.meta.Replica {
			return d
		}
	}
	return nil
}

func (w *world) deviceOf(token []byte) *syncproto.Device {
	d, err := (&hubTx{HubStore: w.store, view: true}).DeviceByToken(sha256.Sum256(token))
	must(err)
	return d
}

// always checks what must hold at every moment, not only at the end.
func (o *oracle) always(w *world, l *laptop, p syncproto.Progress) {
	meta := l.store.meta
	if p.Renumbered && !o.copied && !o.restored && !o.puzzled {
		o.wrong("%s is taken for a copy", l.name)
	}
	for _, a := range p.Arrived {
		if shown := l.read(a.Key); shown == nil || !shown.Equal(a.Record) {
			o.wrong("%s says that %v arrived as it is not shown", l.name, a.Key)
		}
	}
	if meta.Cursor.Epoch == w.store.state.Epoch {
		for k, a := range l.store.agreed {
			st := w.store.records[k]
			if st != nil && st.Purged {
				continue
			}
			if st == nil {
				if !o.restored {
					o.wrong("%s takes %v for sent, but the hub has no such record", l.name, k)
				}
				continue
			}
			if both := st.Record.Clone(); len(both.Join(a.record)) > 0 && !o.restored {
				o.wrong("%s takes %v for sent, but the hub has less", l.name, k)
			}
		}
	}
}

// afterReceive checks a laptop that has just read a reply; shown is what it
// should hold by that, nil: what it should hold now.
func (o *oracle) afterReceive(w *world, l *laptop, rep *syncproto.Reply, shown picture, p syncproto.Progress) {
	o.always(w, l, p)
	if rep.Sum == nil || p.Verified.At != rep.Now {
		return
	}
	if shown == nil {
		shown = w.picture(w.device(l))
	}
	out := shown.compare(l)
	if equal := len(out) == 0; equal != p.Verified.Equal {
		o.wrong("%s says equal=%v: %v", l.name, p.Verified.Equal, out)
	}
	// A copy may read what an older stick than the last has brought.
	if !p.Verified.Equal && !o.restored && !(o.copied && w.has(sticks)) {
		o.wrong("%s differs from the hub after a usual sync: %v", l.name, out)
	}
}

// afterSync checks that a laptop whose sync has ended says "sent" only of what
// the hub has.
func (o *oracle) afterSync(w *world, l *laptop) {
	if o.restored {
		return
	}
	held := heads{}
	held.addHub(w.store)
	for _, d := range l.store.deltas {
		held.add(d.Record)
	}
	for _, e := range o.missing(held) {
		if e.by == l {
			o.wrong("%s calls edit %d sent, but the hub has never seen it", l.name, e.id)
		}
	}
}

// differences compares a laptop's agreed records with what the hub has for it.
func (o *oracle) differences(w *world, l *laptop) (out []string) {
	d := w.device(l)
	if d == nil {
		return []string{"unknown device"}
	}
	return w.picture(d).compare(l)
}

// compare lists what a laptop's agreed records have otherwise.
func (p picture) compare(l *laptop) (out []string) {
	for k, r := range p {
		a, ok := l.store.agreed[k]
		switch {
		case !ok:
			out = append(out, fmt.Sprintf("lacks %v", k))
		case !a.record.Equal(r):
			out = append(out, fmt.Sprintf("has another %v", k))
		}
	}
	for k := range l.store.agreed {
		if p[k] == nil {
			out = append(out, fmt.Sprintf("holds %v, which is not for it", k))
		}
	}
	slices.Sort(out)
	return out
}

// end checks a world that has come to rest.
func (o *oracle) end(w *world) {
	held := heads{}
	held.addHub(w.store)
	for _, l := range w.laptops {
		if out := o.differences(w, l); len(out) > 0 {
			o.wrong("%s differs at the end: %v", l.name, out)
		}
		for _, d := range l.store.deltas {
			if d.Rejected == nil {
				o.wrong("%s still has unsent work in %v", l.name, d.Key)
			}
			held.add(d.Record) // shown to its author with the reason
		}
	}
	for _, e := range o.missing(held) {
		o.wrong("edit %d of field %d of record %s was lost", e.id, e.tag, e.marker)
	}
	o.whole(w)
	o.places(w)
	o.conflicts(w)
	o.office(w)
}

// whole checks that no record was doubled, none fell together with another,
// and that references still lead where they led.
func (o *oracle) whole(w *world) {
	at := map[string][]syncproto.Key{}
	for _, k := range slices.SortedFunc(maps.Keys(w.store.records), syncproto.Key.Compare) {
		g, _ := w.store.records[k].Field(tagMarker)
		var markers []string
		for _, h := range g.Heads {
			if m := h.Value.Text(); !slices.Contains(markers, m) {
				markers = append(markers, m)
				at[m] = append(at[m], k)
			}
		}
		if len(markers) > 1 {
			o.wrong("%v is several records in one: %v", k, markers)
		}
	}
	for m, keys := range at {
		// Two copies of one laptop each give another id to what neither
		// could send: people merge them.
		if len(keys) > 1 && !(o.copied && o.renames[strings.TrimPrefix(m, "p-")]) {
			o.wrong("record %s is doubled: %v", m, keys)
		}
	}
	for k, st := range w.store.records {
		owner, parent := st.Value(tagOwner).Text(), policy{}.Parent(st.Record)
		if is, ok := at[owner]; ok && !slices.Contains(is, parent) && !(o.copied && o.renames[owner]) {
			o.wrong("%v has lost its parent %s: %v, not %v", k, owner, parent, is)
		}
	}
}

// places checks that every record stands in the feeds where it belongs.
func (o *oracle) places(w *world) {
	p := policy{}
	for _, k := range slices.SortedFunc(maps.Keys(w.store.records), syncproto.Key.Compare) {
		st := w.store.records[k]
		home := st.Home
		if own := p.Home(st.Record); own != "" {
			home = own
		}
		if parent := w.store.records[p.Parent(st.Record)]; parent != nil && !parent.Purged && peoples(k.Collection) {
			home = parent.Home
		}
		want := p.Scopes(township, k.Collection, home)
		for _, place := range st.Places {
			if place.Gone == (!st.Purged && slices.Contains(want, place.Scope)) {
				o.wrong("%v of %s: gone=%v from %s", k, home, place.Gone, place.Scope)
			}
		}
		for _, s := range want {
			if !slices.ContainsFunc(st.Places, func(p syncproto.Place) bool { return p.Scope == s }) && !st.Purged {
				o.wrong("%v of %s does not stand in %s", k, home, s)
			}
		}
	}
}

// conflicts counts conflicts in which one value had replaced the other, and
// complains if nothing can excuse them.
func (o *oracle) conflicts(w *world) {
	for k, st := range w.store.records {
		for _, f := range st.Fields {
			for _, a := range f.Heads {
				for _, b := range f.Heads {
					if a.Value != b.Value && o.descends(editOf(a.Value), editOf(b.Value)) {
						w.stats.False++
						if !o.copied && !o.restored && !o.puzzled {
							o.wrong("false conflict in %v field %d: edit %d had replaced edit %d", k, f.Tag, editOf(a.Value), editOf(b.Value))
						}
					}
				}
			}
		}
	}
}

// descends reports whether edit a had seen edit b.
func (o *oracle) descends(a, b int) bool {
	if a == 0 || b == 0 || a == b {
		return false
	}
	for _, p := range o.edits[a].parents {
		if p == b || o.descends(p, b) {
			return true
		}
	}
	return false
}
