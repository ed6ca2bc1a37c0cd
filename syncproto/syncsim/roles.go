package syncsim

import (
	"math/rand/v2"
	"slices"

	"gridbook/syncproto"
)

// roleKinds change who may do what, and decide about what came of it.
var roleKinds = []kind{
	{"role", 14, true, roles, (*world).doRole},
	{"decide", 20, true, roles, (*world).doDecide},
	{"anew", 20, true, roles, (*world).doAnew},
}

// hubKey is the secret of every simulated hub.
const hubKey = "the hub's secret of thirty-two b"

// opener reads what is closed in the inbox.
var opener = &syncproto.Hub{Clerk: policy{}, Key: []byte(hubKey)}

// peoples reports whether people write the records of a collection.
func peoples(c syncproto.Collection) bool { return householdKind <= c && c <= photoKind }

// addItem collects the edits that wait in an item of the inbox, or in the
// deposit of one.
func (h heads) addItem(r *syncproto.Record) {
	if r.Collection == depositKind && len(r.Fields) > 0 {
		item, err := opener.Deposited(r)
		must(err)
		r = item
	}
	if i, ok := (policy{}).ReadInbox(r); ok && len(i.Content) > 0 {
		content, err := opener.Content(i)
		must(err)
		h.add(content)
	}
}

// doRole gives a laptop's device another role, or ends it. Whoever works on
// the laptop does not know.
func (w *world) doRole(l *laptop, r *rand.Rand) {
	role, scope := []string{roleVillage, roleVillage, roleGrid, roleTownship, roleEnded}[r.IntN(5)], village(r.IntN(w.villages))
	switch role {
	case roleTownship:
		scope = township
	case roleEnded:
		scope = l.scope
	}
	w.reassign(l, role, scope)
}

func (w *world) reassign(l *laptop, role, scope string) {
	d := w.device(l)
	if d == nil {
		return
	}
	var changed []*syncproto.Device
	must(w.store.Update(func(tx syncproto.HubTx) (err error) {
		changed, err = w.hub.Reassign(tx, cloneDevice(d), role, scope, w.now)
		return err
	}))
	for _, other := range w.laptops { // copies of it are the same laptop
		if d := w.device(other); d != nil && slices.ContainsFunc(changed, func(c *syncproto.Device) bool { return c.ID == d.ID }) {
			other.role, other.scope = role, scope
		}
	}
	w.oracle.restored = true
}

// doDecide lets a township decide about an item of its inbox, or change its
// mind.
func (w *world) doDecide(l *laptop, r *rand.Rand) {
	if l.role != roleTownship {
		return
	}
	if k, ok := pick(r, l.know(inboxKind)); ok {
		w.decide(l, k, []string{take, take, "dismiss"}[r.IntN(3)])
	}
}

func (w *world) decide(l *laptop, k syncproto.Key, decision string) {
	item := l.read(k)
	if w.oracle.seen[k] == nil {
		w.oracle.seen[k] = heads{}
	}
	w.oracle.seen[k].addItem(item)
	must(l.store.Update(func(tx syncproto.ReplicaTx) error {
		return syncproto.Put(tx, l.wall(w), k, []syncproto.FieldValue{
			{Tag: tagDecision, Value: syncproto.TextOf(decision)}, {Tag: tagSaw, Value: item.Value(tagSeal)},
		})
	}))
}

// doAnew hands a laptop on whose duty has ended: it begins with an empty store
// and keeps nothing but its deposits.
func (w *world) doAnew(l *laptop, r *rand.Rand) {
	role := []string{roleVillage, roleGrid, roleTownship}[r.IntN(3)]
	scope := village(r.IntN(w.villages))
	if role == roleTownship {
		scope = township
	}
	if l.role == roleEnded && len(l.store.deltas) == 0 && len(l.know(depositKind)) == len(l.store.agreed) {
		w.anew(l, role, scope)
	}
}

func (w *world) anew(l *laptop, role, scope string) {
	old, deposits := l.store, l.know(depositKind)
	l.store, l.saved, l.role, l.scope = w.stage.replica(), nil, role, scope
	w.enrol(l, role, scope)
	must(l.store.Update(func(tx syncproto.ReplicaTx) error {
		for _, k := range deposits {
			if err := syncproto.Carry(tx, old.agreed[k].record.Clone()); err != nil {
				return err
			}
		}
		return nil
	}))
}

// traced forgets the erasures of which a disaster has left no trace.
func (o *oracle) traced(w *world) {
	for k := range o.erased {
		st := w.store.records[k]
		known := st != nil && st.Purged
		for _, l := range w.laptops {
			for _, a := range l.store.agreed {
				known = known || a.record.Collection == erasedKind && about(a.record) == k
			}
		}
		if !known {
			delete(o.erased, k)
		}
	}
}

// office checks what the hub wrote of its own: what was erased stays so, what
// was taken is there, and nothing of it was refused.
func (o *oracle) office(w *world) {
	for k := range o.erased {
		if st := w.store.records[k]; st == nil || !st.Purged {
			o.wrong("%v was erased and is here again", k)
		}
	}
	traces := map[syncproto.Key]bool{}
	for _, st := range w.store.records {
		if e, ok := (policy{}).ReadErased(st.Record); ok && !st.Purged {
			traces[e.Of] = true
			if !w.store.records[e.Of].Purged {
				o.wrong("%v is erased by %v and still here", e.Of, st.Key)
			}
		}
		if st.Collection == depositKind && !st.Purged {
			o.deposit(w, st)
		}
		i, ok := (policy{}).ReadInbox(st.Record)
		if !ok || st.Purged {
			continue
		}
		if of := w.store.records[i.Of]; of != nil && of.Purged {
			o.wrong("the inbox keeps %v of the erased %v", st.Key, i.Of)
		}
		if i.Taken {
			o.taken(w, i)
		}
		if i.Decided {
			o.decided(st)
		}
	}
	for k := range o.erased {
		if !traces[k] {
			o.wrong("%v was erased without a trace", k)
		}
	}
	for _, l := range w.laptops {
		for _, d := range l.store.deltas {
			if !peoples(d.Collection) && d.Collection != deviceKind {
				o.wrong("%s: the hub refuses its own %v: %v", l.name, d.Key, d.Rejected)
			}
		}
	}
}

// deposit checks that the item of a deposit stands in the inbox, with all that
// the deposit has of it.
func (o *oracle) deposit(w *world, st *stored) {
	closed, err := opener.Deposited(st.Record)
	must(err)
	item := w.store.records[closed.Key]
	if item == nil || item.Purged {
		o.wrong("%v is the deposit of %v, which is not here", st.Key, closed.Key)
		return
	}
	if both := item.Record.Clone(); len(both.Join(closed)) > 0 {
		o.wrong("%v knows more than its item", st.Key)
	}
	if plain(item.Record.Value(tagDecision)) != st.Value(tagDecision).Text() {
		o.wrong("%v tells its author another decision", st.Key)
	}
}

// decided checks that people have seen all that they have decided about.
func (o *oracle) decided(item *stored) {
	all := heads{}
	all.addItem(item.Record)
	for id := range all {
		if !o.seen[item.Key][id] {
			o.wrong("%v was decided with edit %d, which nobody had seen", item.Key, id)
		}
	}
}

// taken checks that the content of an item was joined.
func (o *oracle) taken(w *world, i syncproto.Item) {
	content, err := opener.Content(i)
	must(err)
	st := w.store.records[i.Of]
	if st == nil {
		o.wrong("%v was taken and is not here", i.Of)
		return
	}
	if both := st.Record.Clone(); len(both.Join(content)) > 0 {
		o.wrong("%v was taken and was not joined", i.Of)
	}
}

// inbox lists the hub's items.
func (w *world) inbox() (out []syncproto.Item) {
	for _, st := range w.store.records {
		if i, ok := (policy{}).ReadInbox(st.Record); ok && !st.Purged {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b syncproto.Item) int { return a.Of.Compare(b.Of) })
	return out
}
