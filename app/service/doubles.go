package service

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"gridbook/app/doubles"
	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// proposals keeps what doubles.Find said until a roster changes.
type proposals struct {
	mu       sync.Mutex
	revision uint64
	known    bool
	pairs    []doubles.Pair
}

// doubles lists the pairs that nobody has decided about.
func (r reader) doubles() ([]doubles.Pair, error) {
	p := &r.proposals
	p.mu.Lock()
	defer p.mu.Unlock()
	revision := r.roster.Revision() + r.derived.numbers
	if p.known && p.revision == revision {
		return p.pairs, nil
	}
	numbers := map[syncproto.ID]string{}
	tag := tagOf(ledger.ResidentPrivate, "id_no")
	for rec, err := range r.tx.Scan(ledger.ResidentPrivate) {
		if err != nil {
			return nil, err
		}
		if no := rec.Value(tag).Text(); no != "" && !ledger.Deleted(rec) {
			numbers[rec.ID] = no
		}
	}
	p.pairs = doubles.Find(r.roster, func(id roster.ID) string { return numbers[id] })
	p.revision, p.known = revision, true
	return p.pairs, nil
}

// doublesOf lists the pairs of a household and of its people; with a zero id
// all those of a village ("": of all).
func (r reader) doublesOf(household syncproto.ID, village string) ([]doubles.Pair, error) {
	all, err := r.doubles()
	if err != nil {
		return nil, err
	}
	household = r.roster.Resolve(household)
	var out []doubles.Pair
	for _, p := range all {
		a, b := r.householdOfPair(p)
		if !household.IsZero() && a != household && b != household || village != "" && r.villageOfPair(p) != village {
			continue
		}
		out = append(out, p)
	}
	return out, nil
}

func (r reader) householdOfPair(p doubles.Pair) (a, b syncproto.ID) {
	switch p.Kind {
	case roster.KindHousehold:
		return p.A, p.B
	case roster.KindMember:
		return a, b // a member is of a village, not of a household
	}
	return r.roster.Residents[p.A].Household, r.roster.Residents[p.B].Household
}

func (r reader) villageOfPair(p doubles.Pair) string {
	if m := r.roster.Members[p.A]; m != nil {
		return m.Village
	}
	a, _ := r.householdOfPair(p)
	if h := r.roster.Households[a]; h != nil {
		return h.Village
	}
	return ""
}

func collectionOf(k roster.Kind) syncproto.Collection {
	switch k {
	case roster.KindHousehold:
		return ledger.Household
	case roster.KindMember:
		return ledger.Member
	}
	return ledger.Resident
}

var reasonWords = map[doubles.Reason]string{
	doubles.SameNumber: "身份证号码相同", doubles.SameBirth: "同名、同一天出生", doubles.SameAddress: "同名、地址相近",
	doubles.SamePhone: "同名、同一电话", doubles.SamePeople: "两户里有相同的人",
	doubles.SameMonth: "同名、出生年月相同", doubles.SameBranch: "同名、同一支部或网格",
}

// Doubles lists what looks like one: of a household and its people, or with ""
// of a village ("": of all). At most limit (0: 50) of them are shown in full.
func (b *Book) Doubles(household, village string, limit int) (Doubles, error) {
	var id syncproto.ID
	if household != "" {
		var err error
		if id, err = parseID(household); err != nil {
			return Doubles{}, err
		}
	}
	var out Doubles
	err := b.read(func(r reader) error {
		pairs, err := r.doublesOf(id, village)
		if err != nil {
			return err
		}
		out.Total = len(pairs)
		for _, p := range pairs[:min(len(pairs), bounded(limit))] {
			row, err := r.double(p)
			if err != nil {
				return err
			}
			out.Rows = append(out.Rows, row)
		}
		if household == "" {
			out.Decided, err = r.decisions()
		}
		return err
	})
	return out, err
}

// double shows a pair.
func (r reader) double(p doubles.Pair) (Double, error) {
	c := collectionOf(p.Kind)
	out := Double{Collection: keyOf(c)}
	for _, why := range p.Why {
		out.Why = append(out.Why, reasonWords[why])
	}
	a, err := r.get(syncproto.Key{Collection: c, ID: p.A})
	if err != nil {
		return out, err
	}
	b, err := r.get(syncproto.Key{Collection: c, ID: p.B})
	if err != nil {
		return out, err
	}
	out.A, out.B = r.side(a), r.side(b)
	out.CanWrite = ledger.MayWrite(r.me.Role, r.me.Scope, ledger.Merge, out.A.Village)
	if out.Fields, err = r.compared(a, b); err != nil {
		return out, err
	}
	if p.Kind == roster.KindHousehold {
		pairs, err := r.peopleInBoth(p.A, p.B)
		if err != nil {
			return out, err
		}
		for _, one := range pairs {
			out.Also = append(out.Also, r.roster.Residents[one.keep].Name)
		}
	}
	return out, nil
}

func (r reader) side(rec *syncproto.Record) DoubleSide {
	home := r.householdOfKey(rec.Key)
	out := DoubleSide{
		ID: rec.ID.String(), Title: r.title(rec), Subtitle: r.subtitle(rec), Village: r.home(rec), Household: idText(home),
		Created: rec.ID.Time.Milli(), Sync: r.state(rec.Key),
	}
	out.Changed, out.By = r.newest(rec)
	if rec.Collection == ledger.Household {
		out.People, out.Visits = len(r.roster.PeopleOf(rec.ID)), len(r.derived.marks(rec.ID))
	}
	return out
}

// compared lists what two records say, field by field, with those of their
// private parts that are held here.
func (r reader) compared(a, b *syncproto.Record) ([]DoubleField, error) {
	var out []DoubleField
	for _, c := range append([]*ledger.Collection{ledger.Must(a.Collection)}, companionsOf(a.Collection)...) {
		x, y := a, b
		if c.Number != a.Collection {
			var err error
			if x, y, err = r.companions(c.Number, a.ID, b.ID); err != nil {
				return nil, err
			}
		}
		for _, f := range formOrder(c) {
			v, w := x.Value(f.Tag), y.Value(f.Tag)
			if f.Tag == ledger.TagVillage || v.IsNull() && w.IsNull() {
				continue
			}
			out = append(out, DoubleField{
				Key: f.Key, Label: f.Label, A: r.words(c, f, v), B: r.words(c, f, w),
				Differs: !v.IsNull() && !w.IsNull() && r.resolved(v) != r.resolved(w),
			})
		}
	}
	return out, nil
}

// companions returns the private parts of two records; what is not held here
// is empty.
func (r reader) companions(c syncproto.Collection, a, b syncproto.ID) (x, y *syncproto.Record, err error) {
	for id, into := range map[syncproto.ID]**syncproto.Record{a: &x, b: &y} {
		k := syncproto.Key{Collection: c, ID: id}
		rec, err := r.tx.Get(k)
		if err != nil {
			return nil, nil, err
		}
		if rec == nil || ledger.Deleted(rec) {
			rec = syncproto.NewRecord(k.Collection, k.ID)
		}
		*into = rec
	}
	return x, y, nil
}

// resolved leads a reference to what stands for the record.
func (r reader) resolved(v syncproto.Value) syncproto.Value {
	if v.Kind() != syncproto.Ref {
		return v
	}
	return syncproto.RefOf(r.roster.Resolve(v.Ref()))
}

// maxDecisions is how many decisions are shown.
const maxDecisions = 100

// decisions lists what was decided and stands, the newest first.
func (r reader) decisions() ([]DoubleDecision, error) {
	list := make([]*roster.Merge, 0, len(r.roster.Merges))
	for _, m := range r.roster.Merges {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b *roster.Merge) int { return b.ID.Compare(a.ID) })
	var out []DoubleDecision
	for _, m := range list[:min(len(list), maxDecisions)] {
		rec, err := r.get(syncproto.Key{Collection: ledger.Merge, ID: m.ID})
		if err != nil {
			return nil, err
		}
		f := fieldsOf(rec)
		c, ok := ledger.ByKey(f.text("collection"))
		if !ok {
			continue
		}
		out = append(out, DoubleDecision{
			ID: m.ID.String(), Collection: c.Key, Same: m.Same, Keep: r.ownTitle(c, m.Keep), Drop: r.ownTitle(c, m.Drop),
			Household: idText(r.householdOfKey(syncproto.Key{Collection: c.Number, ID: r.roster.Resolve(m.Keep)})),
			Taken:     takenWords(c, f.value("taken").List()), By: f.text("by"), At: m.ID.Time.Milli(),
			CanWrite: ledger.MayWrite(r.me.Role, r.me.Scope, ledger.Merge, r.home(rec)),
		})
	}
	return out, nil
}

// ownTitle names a record by itself, also one that was merged into another.
func (r reader) ownTitle(c *ledger.Collection, id syncproto.ID) string {
	rec, err := r.tx.Get(syncproto.Key{Collection: c.Number, ID: id})
	if err != nil || rec == nil {
		return ""
	}
	return joined(" · ", r.title(rec), r.subtitle(rec))
}

func takenWords(c *ledger.Collection, keys []string) string {
	var labels []string
	for _, key := range keys {
		if _, f, ok := findField(c, key); ok {
			labels = append(labels, f.Label)
		}
	}
	return strings.Join(labels, "、")
}

// Doubles lists what looks like one: of a household and its people, or with ""
// of everything on this laptop.
func (s *Service) Doubles(ctx context.Context, household string, limit int) (Doubles, error) {
	b, err := s.book()
	if err != nil {
		return Doubles{}, err
	}
	return b.Doubles(household, "", limit)
}

// both is a person of a household and the same of another.
type both struct{ keep, drop syncproto.ID }

// peopleInBoth lists the proposed pairs of people of two households.
func (r reader) peopleInBoth(keep, drop syncproto.ID) ([]both, error) {
	all, err := r.doubles()
	if err != nil {
		return nil, err
	}
	var out []both
	taken := map[syncproto.ID]bool{}
	for _, p := range all {
		if p.Kind != roster.KindResident {
			continue
		}
		a, b := r.householdOfPair(p)
		one := both{p.A, p.B}
		if a == drop && b == keep {
			one = both{p.B, p.A}
		} else if a != keep || b != drop {
			continue
		}
		if !taken[one.drop] {
			taken[one.drop] = true
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b both) int { return cmp.Or(a.keep.Compare(b.keep), a.drop.Compare(b.drop)) })
	return out, nil
}
