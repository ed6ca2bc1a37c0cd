package roster

import (
	"slices"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Roster holds the typed values. It is not safe for concurrent use: its owner
// locks. What its methods return must not be changed.
type Roster struct {
	Villages   map[ID]*Village
	Grids      map[ID]*Grid
	Micros     map[ID]*Micro
	Branches   map[ID]*Branch
	Covers     map[ID]*BranchGrid
	Members    map[ID]*Member
	Roles      map[ID]*Role
	Households map[ID]*Household
	Residents  map[ID]*Resident
	Links      map[ID]*Link
	Cares      map[ID]*Care
	Merges     map[ID]*Merge // the decisions that stand

	// What was merged into another record is kept here, not above.
	foldedHouseholds map[ID]*Household
	foldedResidents  map[ID]*Resident
	foldedMembers    map[ID]*Member
	groups           groups
	different        map[pair]bool
	unsettled        bool // Settle has something to do

	// Lists by what the records themselves name, merged or not.
	people   map[ID][]*Resident // by household
	linksTo  map[ID][]*Link     // by household
	linksOf  map[ID][]*Link     // by member
	caresOf  map[ID][]*Care     // by household or resident
	index    *searchIndex
	shared   *shared
	sorted   []*Household // in the order of the list; nil: to be sorted again
	revision uint64
}

// New returns an empty roster.
func New() *Roster {
	return &Roster{
		Villages: map[ID]*Village{}, Grids: map[ID]*Grid{}, Micros: map[ID]*Micro{},
		Branches: map[ID]*Branch{}, Covers: map[ID]*BranchGrid{}, Members: map[ID]*Member{},
		Roles: map[ID]*Role{}, Households: map[ID]*Household{}, Residents: map[ID]*Resident{},
		Links: map[ID]*Link{}, Cares: map[ID]*Care{}, Merges: map[ID]*Merge{},
		foldedHouseholds: map[ID]*Household{}, foldedResidents: map[ID]*Resident{}, foldedMembers: map[ID]*Member{},
		people: map[ID][]*Resident{}, linksTo: map[ID][]*Link{}, linksOf: map[ID][]*Link{},
		caresOf: map[ID][]*Care{}, index: newSearchIndex(), shared: newShared(),
	}
}

// Collections lists what a roster is read from, in the best order.
func Collections() []syncproto.Collection {
	return []syncproto.Collection{ledger.Village, ledger.Grid, ledger.Microgrid, ledger.Branch,
		ledger.BranchGrid, ledger.Member, ledger.RoleHeld, ledger.Household, ledger.Resident, ledger.Link, ledger.Care, ledger.Merge}
}

// Holds reports whether records of c change a roster.
func Holds(c syncproto.Collection) bool { return slices.Contains(Collections(), c) }

// Revision grows with every change.
func (r *Roster) Revision() uint64 { return r.revision }

// Put takes a record as it is now: new, changed or deleted. Records of other
// collections are passed over.
func (r *Roster) Put(rec *syncproto.Record) {
	if ledger.Deleted(rec) {
		r.Remove(rec.Key)
		return
	}
	if !Holds(rec.Collection) {
		return
	}
	r.revision++
	f := r.fields(rec)
	switch rec.Collection {
	case ledger.Village:
		r.Villages[rec.ID] = f.village()
	case ledger.Grid:
		r.putGrid(f.grid())
	case ledger.Microgrid:
		m := f.micro()
		m.Grid = r.GridFor(m.grid)
		r.Micros[rec.ID] = m
	case ledger.Branch:
		r.Branches[rec.ID] = f.branch()
	case ledger.BranchGrid:
		r.Covers[rec.ID] = f.cover()
	case ledger.Member:
		r.putMember(f.member())
	case ledger.RoleHeld:
		r.Roles[rec.ID] = f.role()
	case ledger.Household:
		r.putHousehold(f.household())
	case ledger.Resident:
		r.putResident(f.resident())
	case ledger.Link:
		r.dropLink(rec.ID)
		l := f.link()
		r.Links[l.ID] = l
		l.Household, l.Member = r.Resolve(l.home), r.Resolve(l.who)
		r.linksTo[l.home] = append(r.linksTo[l.home], l)
		r.linksOf[l.who] = append(r.linksOf[l.who], l)
	case ledger.Care:
		r.dropCare(rec.ID)
		c := f.care()
		r.Cares[c.ID] = c
		c.Household, c.Resident = r.Resolve(c.home), r.Resolve(c.person)
		for _, whose := range c.whose() {
			r.caresOf[whose] = append(r.caresOf[whose], c)
		}
	case ledger.Merge:
		r.putMerge(f.merge())
	}
}

// Remove forgets a record: deleted, purged or gone from this laptop's scope.
func (r *Roster) Remove(k syncproto.Key) {
	r.revision++
	switch k.Collection {
	case ledger.Village:
		delete(r.Villages, k.ID)
	case ledger.Grid:
		r.dropGrid(k.ID)
	case ledger.Microgrid:
		delete(r.Micros, k.ID)
	case ledger.Branch:
		delete(r.Branches, k.ID)
	case ledger.BranchGrid:
		delete(r.Covers, k.ID)
	case ledger.Member:
		r.dropMember(k.ID)
		r.unsettled = true
	case ledger.RoleHeld:
		delete(r.Roles, k.ID)
	case ledger.Household:
		r.dropHousehold(k.ID)
		r.unsettled = true
	case ledger.Resident:
		r.dropResident(k.ID)
		r.unsettled = true
	case ledger.Link:
		r.dropLink(k.ID)
	case ledger.Care:
		r.dropCare(k.ID)
	case ledger.Merge:
		delete(r.Merges, k.ID)
		r.unsettled = true
	}
}

func (r *Roster) putMember(m *Member) {
	r.come(m.ID)
	r.dropMember(m.ID)
	m.Grid = r.GridFor(m.grid)
	if r.Folded(m.ID) {
		r.foldedMembers[m.ID] = m
		return
	}
	r.Members[m.ID] = m
	r.index.put(KindMember, m.ID, ID{}, m.Name, m.Address, m.Phone, "")
}

func (r *Roster) dropMember(id ID) {
	delete(r.foldedMembers, id)
	if _, ok := r.Members[id]; ok {
		delete(r.Members, id)
		r.index.remove(id)
	}
}

func (r *Roster) putHousehold(h *Household) {
	r.come(h.ID)
	r.dropHousehold(h.ID)
	h.Grid = r.GridFor(h.grid)
	if r.Folded(h.ID) {
		r.foldedHouseholds[h.ID] = h
		return
	}
	r.Households[h.ID] = h
	r.index.put(KindHousehold, h.ID, ID{}, h.Head, h.Hamlet+h.Address, h.Phone, h.No)
}

// come notes that a record is here that was not: it may be one of a group.
func (r *Roster) come(id ID) {
	if len(r.Merges) > 0 && r.kindOf(id) == 0 {
		r.unsettled = true
	}
}

func (r *Roster) dropHousehold(id ID) {
	delete(r.foldedHouseholds, id)
	if _, ok := r.Households[id]; ok {
		delete(r.Households, id)
		r.index.remove(id)
	}
	r.sorted = nil
}

func (r *Roster) putResident(p *Resident) {
	r.come(p.ID)
	r.dropResident(p.ID)
	p.Household = r.Resolve(p.home)
	if r.Folded(p.ID) {
		r.foldedResidents[p.ID] = p
		return
	}
	r.Residents[p.ID] = p
	r.people[p.home] = append(r.people[p.home], p)
	phone := p.Phone
	if p.Short != "" {
		phone += "、" + p.Short
	}
	r.index.put(KindResident, p.ID, p.Household, p.Name, "", phone, "")
}

func (r *Roster) dropResident(id ID) {
	delete(r.foldedResidents, id)
	if old, ok := r.Residents[id]; ok {
		delete(r.Residents, id)
		without(r.people, old.home, old)
		r.index.remove(id)
	}
}

func (r *Roster) dropLink(id ID) {
	if old, ok := r.Links[id]; ok {
		delete(r.Links, id)
		without(r.linksTo, old.home, old)
		without(r.linksOf, old.who, old)
	}
}

func (r *Roster) dropCare(id ID) {
	if old, ok := r.Cares[id]; ok {
		delete(r.Cares, id)
		for _, whose := range old.whose() {
			without(r.caresOf, whose, old)
		}
	}
}

// without takes one value out of a list; an empty list goes.
func without[T any](lists map[ID][]*T, id ID, one *T) {
	list := lists[id]
	i := slices.Index(list, one)
	if i < 0 {
		return
	}
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		delete(lists, id)
		return
	}
	lists[id] = list
}

func (c *Care) whose() []ID {
	var out []ID
	for _, id := range []ID{c.home, c.person} {
		if !id.IsZero() {
			out = append(out, id)
		}
	}
	return out
}

// PeopleOf lists the residents of a household in no particular order.
func (r *Roster) PeopleOf(household ID) []*Resident { return gather(r, r.people, household) }

// LinksTo lists the links of a household, ended ones too.
func (r *Roster) LinksTo(household ID) []*Link { return gather(r, r.linksTo, household) }

// LinksOf lists the links of a member, ended ones too.
func (r *Roster) LinksOf(member ID) []*Link { return gather(r, r.linksOf, member) }

// CaresOf lists the care marks of a household and of its people, ended ones
// too.
func (r *Roster) CaresOf(household ID) []*Care {
	out := gather(r, r.caresOf, household)
	for _, p := range r.PeopleOf(household) {
		for _, c := range gather(r, r.caresOf, p.ID) {
			if c.Household != household {
				out = append(slices.Clip(out), c)
			}
		}
	}
	return out
}

// Search finds people, households and members by what was typed: name, full
// pinyin, initials, address, door number, household number, end of a phone
// number; parts between spaces must all fit. It returns at most limit hits
// (0: all), the best first. keep, which may be nil, says which kinds count.
func (r *Roster) Search(typed string, limit int, keep func(Kind) bool) []Hit {
	return r.index.search(typed, limit, keep)
}

// Sorted lists all households by village, hamlet and address as people count
// them: door 9 before door 10.
func (r *Roster) Sorted() []*Household {
	if r.sorted == nil {
		r.sorted = make([]*Household, 0, len(r.Households))
		for _, h := range r.Households {
			r.sorted = append(r.sorted, h)
		}
		slices.SortFunc(r.sorted, compareHouseholds)
	}
	return r.sorted
}
