package roster

import (
	"maps"
	"slices"
)

// Merge is what somebody decided about two households, residents or members
// that look like one.
type Merge struct {
	ID         ID
	Keep, Drop ID
	Same       bool // Drop is Keep; else they are known to be two
}

func (f fields) merge() (m *Merge, stands bool) {
	m = &Merge{ID: f.rec.ID, Keep: f.ref("keep"), Drop: f.ref("drop"), Same: f.text("decision") == "same"}
	kind := f.text("collection")
	return m, (kind == "household" || kind == "resident" || kind == "member") && !f.bool("undone") && m.Keep != m.Drop
}

// pair names two records in the order of their ids.
type pair struct{ a, b ID }

func pairOf(a, b ID) pair {
	if b.Compare(a) < 0 {
		a, b = b, a
	}
	return pair{a, b}
}

// groups says which records are one. The record that stands for its group is
// its leader; the others are folded into it: kept, but not shown.
type groups struct {
	leader  map[ID]ID   // of every record in a group
	members map[ID][]ID // by leader: the leader, then the others by id
}

// grouped works out the groups from the decisions that stand, the oldest
// first: each folds the group of its Drop into that of its Keep, unless they
// are one already. So the outcome depends on the decisions alone, not on the
// order in which they arrived, and two laptops that merged in opposite
// directions agree on the older direction. If the leader is not here (deleted,
// or moved away), the oldest record that is here stands for the group: merging
// never hides the last of them.
func grouped(all map[ID]*Merge, kind func(ID) Kind) groups {
	up := map[ID]ID{}
	root := func(id ID) ID {
		for next, ok := up[id]; ok; next, ok = up[id] {
			id = next
		}
		return id
	}
	named := map[ID]bool{}
	for _, id := range slices.SortedFunc(maps.Keys(all), ID.Compare) {
		m := all[id]
		if a, b := kind(m.Keep), kind(m.Drop); !m.Same || a != 0 && b != 0 && a != b {
			continue
		}
		named[m.Keep], named[m.Drop] = true, true
		if keep, drop := root(m.Keep), root(m.Drop); keep != drop {
			up[drop] = keep
		}
	}
	byRoot := map[ID][]ID{}
	for _, id := range slices.SortedFunc(maps.Keys(named), ID.Compare) {
		byRoot[root(id)] = append(byRoot[root(id)], id)
	}
	out := groups{leader: map[ID]ID{}, members: map[ID][]ID{}}
	for first, ids := range byRoot {
		if kind(first) == 0 {
			if i := slices.IndexFunc(ids, func(id ID) bool { return kind(id) != 0 }); i >= 0 {
				first = ids[i]
			}
		}
		i := slices.Index(ids, first)
		out.members[first] = slices.Insert(slices.Delete(ids, i, i+1), 0, first)
		for _, id := range out.members[first] {
			out.leader[id] = first
		}
	}
	return out
}

// kindOf says what a record is that can be merged, 0 if it is not here.
func (r *Roster) kindOf(id ID) Kind {
	if r.Households[id] != nil || r.foldedHouseholds[id] != nil {
		return KindHousehold
	}
	if r.Residents[id] != nil || r.foldedResidents[id] != nil {
		return KindResident
	}
	if r.Members[id] != nil || r.foldedMembers[id] != nil {
		return KindMember
	}
	return 0
}

func (r *Roster) putMerge(m *Merge, stands bool) {
	r.unsettled = true
	if stands {
		r.Merges[m.ID] = m
	} else {
		delete(r.Merges, m.ID)
	}
}

// Settle makes merges hold after some records were put or removed. Whoever
// puts or removes calls it before anybody reads.
func (r *Roster) Settle() {
	if !r.unsettled {
		return
	}
	r.unsettled = false
	before := r.groups
	r.groups = grouped(r.Merges, r.kindOf)
	r.different = map[pair]bool{}
	for _, m := range r.Merges {
		if !m.Same {
			r.different[pairOf(m.Keep, m.Drop)] = true
		}
	}
	for id := range before.leader {
		if before.leader[id] != r.Resolve(id) {
			r.resettle(id)
		}
	}
	for id := range r.groups.leader {
		if _, was := before.leader[id]; !was {
			r.resettle(id)
		}
	}
}

// resettle shows or hides a record whose leader changed, and leads what
// refers to it to the new one.
func (r *Roster) resettle(id ID) {
	r.revision++
	if h := r.Households[id]; h != nil {
		r.putHousehold(h)
	} else if h := r.foldedHouseholds[id]; h != nil {
		r.putHousehold(h)
	}
	if p := r.Residents[id]; p != nil {
		r.putResident(p)
	} else if p := r.foldedResidents[id]; p != nil {
		r.putResident(p)
	}
	if m := r.Members[id]; m != nil {
		r.putMember(m)
	} else if m := r.foldedMembers[id]; m != nil {
		r.putMember(m)
	}
	for _, l := range r.linksOf[id] {
		l.Member = r.Resolve(id)
	}
	for _, p := range slices.Clone(r.people[id]) {
		r.putResident(p)
	}
	for _, p := range r.foldedResidents {
		if p.home == id {
			p.Household = r.Resolve(id)
		}
	}
	for _, l := range r.linksTo[id] {
		l.Household = r.Resolve(id)
	}
	for _, c := range r.caresOf[id] {
		c.Household, c.Resident = r.Resolve(c.home), r.Resolve(c.person)
	}
}

// Resolve returns the record that stands for id: its leader if it was merged,
// else id itself. Old references so keep working, also those that arrive
// after the merge.
func (r *Roster) Resolve(id ID) ID {
	if leader, ok := r.groups.leader[id]; ok {
		return leader
	}
	return id
}

// Group lists all records that are one with id, the one that is shown first;
// nil if it was never merged.
func (r *Roster) Group(id ID) []ID { return r.groups.members[r.Resolve(id)] }

// Folded reports whether a record is hidden because it was merged into
// another.
func (r *Roster) Folded(id ID) bool { return r.Resolve(id) != id }

// Different reports whether somebody decided that two records are not the
// same.
func (r *Roster) Different(a, b ID) bool { return r.different[pairOf(a, b)] }

// gather joins what is listed under a record and under those folded into it.
func gather[T any](r *Roster, lists map[ID][]*T, id ID) []*T {
	group := r.Group(id)
	if group == nil {
		return lists[id]
	}
	var out []*T
	for _, one := range group {
		out = append(out, lists[one]...)
	}
	return out
}
