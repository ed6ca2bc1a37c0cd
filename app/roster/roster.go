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

	people   map[ID][]*Resident // by household
	linksTo  map[ID][]*Link     // by household
	linksOf  map[ID][]*Link     // by member
	caresOf  map[ID][]*Care     // by household or resident
	index    *searchIndex
	words    map[string]string // short words that many records share
	sorted   []*Household      // in the order of the list; nil: to be sorted again
	revision uint64
}

// New returns an empty roster.
func New() *Roster {
	return &Roster{
		Villages: map[ID]*Village{}, Grids: map[ID]*Grid{}, Micros: map[ID]*Micro{},
		Branches: map[ID]*Branch{}, Covers: map[ID]*BranchGrid{}, Members: map[ID]*Member{},
		Roles: map[ID]*Role{}, Households: map[ID]*Household{}, Residents: map[ID]*Resident{},
		Links: map[ID]*Link{}, Cares: map[ID]*Care{},
		people: map[ID][]*Resident{}, linksTo: map[ID][]*Link{}, linksOf: map[ID][]*Link{},
		caresOf: map[ID][]*Care{}, index: newSearchIndex(), words: map[string]string{},
	}
}

// Collections lists what a roster is read from, in the best order.
func Collections() []syncproto.Collection {
	return []syncproto.Collection{ledger.Village, ledger.Grid, ledger.Microgrid, ledger.Branch,
		ledger.BranchGrid, ledger.Member, ledger.RoleHeld, ledger.Household, ledger.Resident, ledger.Link, ledger.Care}
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
		r.Grids[rec.ID] = f.grid()
	case ledger.Microgrid:
		r.Micros[rec.ID] = f.micro()
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
		r.linksTo[l.Household] = append(r.linksTo[l.Household], l)
		r.linksOf[l.Member] = append(r.linksOf[l.Member], l)
	case ledger.Care:
		r.dropCare(rec.ID)
		c := f.care()
		r.Cares[c.ID] = c
		for _, whose := range c.whose() {
			r.caresOf[whose] = append(r.caresOf[whose], c)
		}
	}
}

// Remove forgets a record: deleted, purged or gone from this laptop's scope.
func (r *Roster) Remove(k syncproto.Key) {
	r.revision++
	switch k.Collection {
	case ledger.Village:
		delete(r.Villages, k.ID)
	case ledger.Grid:
		delete(r.Grids, k.ID)
	case ledger.Microgrid:
		delete(r.Micros, k.ID)
	case ledger.Branch:
		delete(r.Branches, k.ID)
	case ledger.BranchGrid:
		delete(r.Covers, k.ID)
	case ledger.Member:
		delete(r.Members, k.ID)
		r.index.remove(k.ID)
	case ledger.RoleHeld:
		delete(r.Roles, k.ID)
	case ledger.Household:
		delete(r.Households, k.ID)
		r.sorted = nil
		r.index.remove(k.ID)
	case ledger.Resident:
		r.dropResident(k.ID)
		r.index.remove(k.ID)
	case ledger.Link:
		r.dropLink(k.ID)
	case ledger.Care:
		r.dropCare(k.ID)
	}
}

func (r *Roster) putMember(m *Member) {
	r.Members[m.ID] = m
	r.index.put(KindMember, m.ID, ID{}, m.Name, m.Address, m.Phone, "")
}

func (r *Roster) putHousehold(h *Household) {
	r.Households[h.ID] = h
	r.sorted = nil
	r.index.put(KindHousehold, h.ID, ID{}, h.Head, h.Hamlet+h.Address, h.Phone, h.No)
}

func (r *Roster) putResident(p *Resident) {
	r.dropResident(p.ID)
	r.Residents[p.ID] = p
	r.people[p.Household] = append(r.people[p.Household], p)
	phone := p.Phone
	if p.Short != "" {
		phone += "、" + p.Short
	}
	r.index.put(KindResident, p.ID, p.Household, p.Name, "", phone, "")
}

func (r *Roster) dropResident(id ID) {
	if old, ok := r.Residents[id]; ok {
		delete(r.Residents, id)
		without(r.people, old.Household, old)
	}
}

func (r *Roster) dropLink(id ID) {
	if old, ok := r.Links[id]; ok {
		delete(r.Links, id)
		without(r.linksTo, old.Household, old)
		without(r.linksOf, old.Member, old)
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
	for _, id := range []ID{c.Household, c.Resident} {
		if !id.IsZero() {
			out = append(out, id)
		}
	}
	return out
}

// PeopleOf lists the residents of a household in no particular order.
func (r *Roster) PeopleOf(household ID) []*Resident { return r.people[household] }

// LinksTo lists the links of a household, ended ones too.
func (r *Roster) LinksTo(household ID) []*Link { return r.linksTo[household] }

// LinksOf lists the links of a member, ended ones too.
func (r *Roster) LinksOf(member ID) []*Link { return r.linksOf[member] }

// CaresOf lists the care marks of a household and of its people, ended ones
// too.
func (r *Roster) CaresOf(household ID) []*Care {
	out := r.caresOf[household]
	for _, p := range r.people[household] {
		for _, c := range r.caresOf[p.ID] {
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
