package importer

import (
	"cmp"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

const (
	shaxi  = "330702009204"
	xiapei = "330702009209"
)

// book is a ledger in memory that does what a plan says.
type book struct {
	t    testing.TB
	recs map[syncproto.Key]*syncproto.Record
	now  syncproto.Time
}

func newBook(t testing.TB) *book {
	return &book{t: t, recs: map[syncproto.Key]*syncproto.Record{}, now: syncproto.TimeAt(1_740_000_000_000)}
}

func (b *book) copy(t testing.TB) *book {
	out := &book{t: t, recs: make(map[syncproto.Key]*syncproto.Record, len(b.recs)), now: b.now}
	for k, rec := range b.recs {
		out.recs[k] = rec.Clone()
	}
	return out
}

func (b *book) Records(c syncproto.Collection) iter.Seq[*syncproto.Record] {
	return func(yield func(*syncproto.Record) bool) {
		for _, rec := range b.sorted(c) {
			if !ledger.Deleted(rec) && !yield(rec) {
				return
			}
		}
	}
}

func (b *book) sorted(c syncproto.Collection) []*syncproto.Record {
	var out []*syncproto.Record
	for k, rec := range b.recs {
		if k.Collection == c {
			out = append(out, rec)
		}
	}
	slices.SortFunc(out, func(a, b *syncproto.Record) int { return cmp.Compare(a.ID.Time, b.ID.Time) })
	return out
}

// write applies edits as the service does and checks every record.
func (b *book) write(edits []edit.Edit) {
	b.t.Helper()
	ids := map[edit.Handle]syncproto.ID{}
	for _, e := range edits {
		switch {
		case e.New == 0:
		case e.Companion != 0:
			ids[e.New] = ids[e.Companion]
		case !e.CompanionOf.IsZero():
			ids[e.New] = e.CompanionOf
		default:
			b.now++
			ids[e.New] = syncproto.ID{Time: b.now, Replica: 1}
		}
		if e.New != 0 && ids[e.New].IsZero() {
			b.t.Fatalf("companion of a record that comes later: %+v", e)
		}
	}
	var touched []*syncproto.Record
	for _, e := range edits {
		id := e.ID
		if e.New != 0 {
			id = ids[e.New]
		}
		key := syncproto.Key{Collection: e.Collection, ID: id}
		rec := b.recs[key]
		if rec == nil {
			rec = syncproto.NewRecord(e.Collection, id)
			b.recs[key] = rec
		}
		for _, s := range e.Set {
			v := s.Value
			if s.To != 0 {
				v = syncproto.RefOf(ids[s.To])
			}
			b.now++
			rec.Write(s.Tag, syncproto.Stamp{Time: b.now, Replica: 1}, v)
		}
		touched = append(touched, rec)
	}
	for _, rec := range touched {
		if err := ledger.Check(rec); err != nil {
			b.t.Fatalf("%s: %v", ledger.Must(rec.Collection).Key, err)
		}
		b.checkRefs(rec)
	}
}

// checkRefs: every reference leads to a record of the right collection.
func (b *book) checkRefs(rec *syncproto.Record) {
	b.t.Helper()
	c := ledger.Must(rec.Collection)
	for i := range c.Fields {
		f := &c.Fields[i]
		id := rec.Value(f.Tag).Ref()
		if f.Ref == "" || id.IsZero() {
			continue
		}
		to, _ := ledger.ByKey(f.Ref)
		if b.recs[syncproto.Key{Collection: to.Number, ID: id}] == nil {
			b.t.Fatalf("%s.%s leads nowhere", c.Key, f.Key)
		}
	}
	if c.Companion != "" {
		to, _ := ledger.ByKey(c.Companion)
		if b.recs[syncproto.Key{Collection: to.Number, ID: rec.ID}] == nil {
			b.t.Fatalf("%s without its %s", c.Key, c.Companion)
		}
	}
}

func (b *book) plan(kind Kind, name string, data []byte, village string) *Plan {
	b.t.Helper()
	set, err := Read(kind, name, data)
	if err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	return b.planSet(set, village)
}

func (b *book) planSet(set *Sheetset, village string) *Plan {
	b.t.Helper()
	plan, err := MakePlan(set, b, Options{Village: village, Today: 20_150})
	if err != nil {
		b.t.Fatal(err)
	}
	return plan
}

// take plans and writes.
func (b *book) take(kind Kind, name string, data []byte, village string) *Plan {
	b.t.Helper()
	plan := b.plan(kind, name, data, village)
	b.write(plan.Edits)
	return plan
}

// find returns the records whose fields read as given.
func (b *book) find(c syncproto.Collection, want map[string]string) []*syncproto.Record {
	var out []*syncproto.Record
	for rec := range b.Records(c) {
		ok := true
		for key, text := range want {
			ok = ok && b.text(rec, key) == text
		}
		if ok {
			out = append(out, rec)
		}
	}
	return out
}

func (b *book) one(c syncproto.Collection, want map[string]string) *syncproto.Record {
	b.t.Helper()
	found := b.find(c, want)
	if len(found) != 1 {
		b.t.Fatalf("%d records of %s with %v, want 1", len(found), ledger.Must(c).Key, want)
	}
	return found[0]
}

func (b *book) text(rec *syncproto.Record, key string) string {
	f, ok := ledger.Must(rec.Collection).FieldByKey(key)
	if !ok {
		b.t.Fatalf("no field %s", key)
	}
	return f.Text(rec.Value(f.Tag))
}

func (b *book) follow(rec *syncproto.Record, key string) *syncproto.Record {
	b.t.Helper()
	f, _ := ledger.Must(rec.Collection).FieldByKey(key)
	to, _ := ledger.ByKey(f.Ref)
	got := b.recs[syncproto.Key{Collection: to.Number, ID: rec.Value(f.Tag).Ref()}]
	if got == nil {
		b.t.Fatalf("%s.%s is empty", ledger.Must(rec.Collection).Key, key)
	}
	return got
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// samples are the workbooks of 沙溪村 in the order of import.
func samples() []struct {
	kind Kind
	name string
} {
	return []struct {
		kind Kind
		name string
	}{
		{Grids, "沙溪村-网格一览表.xlsx"},
		{Members, "沙溪村-红色网格员花名册.xlsx"},
		{Households, "沙溪村-住户花名册.xlsx"},
		{Links, "沙溪村-红色网格员联系户一览表.xlsx"},
		{Visits, "沙溪村-走访记录2024.xlsx"},
	}
}

// shaxiBook is the village with all its samples taken in.
func shaxiBook(t testing.TB) *book {
	b := newBook(t)
	for _, s := range samples() {
		b.take(s.kind, s.name, sample(t, s.name), shaxi)
	}
	return b
}
