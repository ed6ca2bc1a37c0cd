// Package doubles proposes households, residents and Party members that look
// like one: the same person listed twice, a household typed in by two people. It proposes;
// a person decides. Everything here is pure.
package doubles

import (
	"cmp"
	"slices"
	"strings"

	"gridbook/app/roster"
)

// Reason says why two records look like one.
type Reason string

// The reasons, the weightiest first.
const (
	SameNumber  Reason = "id_no"   // the same ID number
	SameBirth   Reason = "birth"   // the same name and day of birth
	SameAddress Reason = "address" // the same name (of the head) and about the same address
	SamePhone   Reason = "phone"   // the same name and phone number
	SamePeople  Reason = "people"  // two households with the same people
	SameMonth   Reason = "month"   // members: the same name and month of birth
	SameBranch  Reason = "branch"  // members: the same name and branch or grid
)

// Pair is two records that look like one; A is the older.
type Pair struct {
	Kind roster.Kind // KindHousehold, KindResident or KindMember
	A, B roster.ID
	Why  []Reason
}

// maxBucket is how many records with the same key are compared each with each.
// More than that share it because it says nothing.
const maxBucket = 64

// Find lists the pairs of a roster that nobody has decided about: households
// first, each kind by id. idNo returns a resident's ID number, "" if it is not
// held here. Only records of one village are compared.
func Find(r *roster.Roster, idNo func(roster.ID) string) []Pair {
	f := finder{r: r, idNo: idNo, found: map[[2]roster.ID]*Pair{}, at: make(map[roster.ID]place, len(r.Households))}
	for _, h := range r.Households {
		f.at[h.ID] = placeOf(h.Hamlet, h.Address)
	}
	f.people()
	f.households()
	f.members()
	out := make([]Pair, 0, len(f.found))
	for _, p := range f.found {
		if !r.Different(p.A, p.B) {
			slices.SortFunc(p.Why, func(a, b Reason) int { return weight(a) - weight(b) })
			out = append(out, *p)
		}
	}
	slices.SortFunc(out, func(a, b Pair) int {
		return cmp.Or(cmp.Compare(rank(a.Kind), rank(b.Kind)), a.A.Compare(b.A), a.B.Compare(b.B))
	})
	return out
}

func weight(r Reason) int {
	return slices.Index([]Reason{SameNumber, SameBirth, SameMonth, SameAddress, SamePhone, SamePeople, SameBranch}, r)
}

// rank puts households first, then residents, then members.
func rank(k roster.Kind) int {
	return slices.Index([]roster.Kind{roster.KindHousehold, roster.KindResident, roster.KindMember}, k)
}

type finder struct {
	r     *roster.Roster
	idNo  func(roster.ID) string
	found map[[2]roster.ID]*Pair
	at    map[roster.ID]place // of each household
}

func (f *finder) add(kind roster.Kind, a, b roster.ID, why Reason) {
	if b.Compare(a) < 0 {
		a, b = b, a
	}
	p := f.found[[2]roster.ID{a, b}]
	if p == nil {
		p = &Pair{Kind: kind, A: a, B: b}
		f.found[[2]roster.ID{a, b}] = p
	}
	if !slices.Contains(p.Why, why) {
		p.Why = append(p.Why, why)
	}
}

// key is what two records have in common: records are sorted into buckets by
// it, so that the work grows with their number and not with its square.
type key struct {
	why           Reason
	village, name string
	rest          string
	birth         int64
}

type person struct {
	*roster.Resident
	idNo string
	at   place
}

func (f *finder) people() {
	buckets := map[key][]*person{}
	for _, p := range f.r.Residents {
		h := f.r.Households[p.Household]
		if h == nil {
			continue
		}
		one := &person{p, strings.ToUpper(f.idNo(p.ID)), f.at[h.ID]}
		put := func(k key) {
			k.village = h.Village
			buckets[k] = append(buckets[k], one)
		}
		if one.idNo != "" {
			put(key{why: SameNumber, rest: one.idNo})
		}
		name := squeezed(p.Name)
		if name == "" {
			continue
		}
		if exact(p.Birth) {
			put(key{why: SameBirth, name: name, birth: p.Birth})
		}
		if one.at.door != "" {
			put(key{why: SameAddress, name: name, rest: one.at.door})
		}
		for number := range strings.SplitSeq(p.Phone, "、") {
			if number != "" {
				put(key{why: SamePhone, name: name, rest: number})
			}
		}
	}
	for k, list := range buckets {
		each(list, func(a, b *person) {
			if samePerson(k.why, a, b) {
				f.add(roster.KindResident, a.ID, b.ID, k.why)
			}
		})
	}
}

func each[T any](list []T, f func(a, b T)) {
	if len(list) > maxBucket {
		return
	}
	for i, a := range list {
		for _, b := range list[i+1:] {
			f(a, b)
		}
	}
}

// samePerson reports whether two people who share a key may be one. Two ID
// numbers that differ are two people, and so are two dates of birth: father
// and son of one name, twins of one day. Without a date of birth on both sides
// they must have the same place in the family, if they are of one household.
func samePerson(why Reason, a, b *person) bool {
	if a.idNo != "" && b.idNo != "" {
		return a.idNo == b.idNo
	}
	if a.Sex != "" && b.Sex != "" && a.Sex != b.Sex {
		return false
	}
	if !birthsAgree(a.Birth, b.Birth) {
		return false
	}
	if why == SameAddress && !a.at.near(b.at) {
		return false
	}
	if a.Birth == 0 || b.Birth == 0 {
		return a.Relation == "" || b.Relation == "" || a.Relation == b.Relation
	}
	return true
}

func (f *finder) households() {
	type house struct {
		*roster.Household
		at place
	}
	buckets := map[key][]house{}
	for _, h := range f.r.Households {
		one := house{h, f.at[h.ID]}
		if name := squeezed(h.Head); name != "" && one.at.door != "" {
			k := key{SameAddress, h.Village, name, one.at.door, 0}
			buckets[k] = append(buckets[k], one)
		}
	}
	for _, list := range buckets {
		each(list, func(a, b house) {
			if a.at.near(b.at) && birthsAgree(f.headBirth(a.Household), f.headBirth(b.Household)) {
				f.add(roster.KindHousehold, a.ID, b.ID, SameAddress)
			}
		})
	}
	f.overlapping()
}

// headBirth is when the head of a household was born, 0 if that is not known.
func (f *finder) headBirth(h *roster.Household) int64 {
	if p := f.r.Residents[f.r.Resolve(h.HeadRef)]; p != nil {
		return p.Birth
	}
	for _, p := range f.r.PeopleOf(h.ID) {
		if squeezed(p.Name) == squeezed(h.Head) && head(p) {
			return p.Birth
		}
	}
	return 0
}

// head: codes 01 and 02 of GB/T 4761 are the person and the head.
func head(p *roster.Resident) bool { return p.Relation == "01" || p.Relation == "02" }

// overlapping proposes households that have two people in common, or their
// heads. One alone may have married: then the person is listed twice, the
// households are two.
func (f *finder) overlapping() {
	common := map[[2]roster.ID]int{}
	for _, pair := range f.found {
		if pair.Kind != roster.KindResident || f.r.Different(pair.A, pair.B) {
			continue
		}
		a, b := f.r.Residents[pair.A], f.r.Residents[pair.B]
		if a.Household == b.Household {
			continue
		}
		homes := [2]roster.ID{a.Household, b.Household}
		if homes[1].Compare(homes[0]) < 0 {
			homes[0], homes[1] = homes[1], homes[0]
		}
		common[homes]++
		if head(a) && head(b) {
			common[homes]++
		}
	}
	for homes, n := range common {
		if n >= 2 {
			f.add(roster.KindHousehold, homes[0], homes[1], SamePeople)
		}
	}
}
