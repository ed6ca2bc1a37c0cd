package roster

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// record builds a record from values by key.
func record(c syncproto.Collection, id ID, at int, values map[string]syncproto.Value) *syncproto.Record {
	rec := syncproto.NewRecord(c, id)
	for key, v := range values {
		rec.Write(ledger.Must(c).Tag(key), syncproto.Stamp{Time: id.Time + syncproto.Time(at), Replica: 7}, v)
	}
	return rec
}

func text(s string) syncproto.Value { return syncproto.TextOf(s) }

// draw makes some record of those that lean on each other.
func draw(t *rapid.T, at int) *syncproto.Record {
	n := rapid.IntRange(0, 5).Draw(t, "n")
	ref := func(base int) syncproto.Value { return syncproto.RefOf(id(base + rapid.IntRange(0, 5).Draw(t, "ref"))) }
	deleted := syncproto.BoolOf(rapid.IntRange(0, 4).Draw(t, "deleted") == 0)
	name := text(rapid.SampledFrom([]string{"张三", "李四", "王五"}).Draw(t, "name"))
	switch rapid.IntRange(0, 4).Draw(t, "collection") {
	case 0:
		return record(ledger.Household, id(n), at, map[string]syncproto.Value{"head_name": name, "address": text(fmt.Sprint(n, "号")), "deleted": deleted})
	case 1:
		return record(ledger.Resident, id(100+n), at, map[string]syncproto.Value{"household": ref(0), "name": name, "deleted": deleted})
	case 2:
		return record(ledger.Member, id(200+n), at, map[string]syncproto.Value{"name": name, "deleted": deleted})
	case 3:
		return record(ledger.Link, id(300+n), at, map[string]syncproto.Value{"household": ref(0), "member": ref(200), "deleted": deleted})
	}
	return record(ledger.Care, id(400+n), at, map[string]syncproto.Value{"household": ref(0), "resident": ref(100), "care": text("alone"), "deleted": deleted})
}

// picture shows all that a roster answers.
func picture(r *Roster) string {
	ids := func(n int) []ID {
		var out []ID
		for i := range 6 {
			out = append(out, id(n+i))
		}
		return out
	}
	show := func(list []ID) string {
		slices.SortFunc(list, ID.Compare)
		return fmt.Sprint(list)
	}
	out := fmt.Sprintln(len(r.Households), len(r.Residents), len(r.Members), len(r.Links), len(r.Cares))
	for _, h := range ids(0) {
		var people, links, cares []ID
		for _, p := range r.PeopleOf(h) {
			people = append(people, p.ID)
		}
		for _, l := range r.LinksTo(h) {
			links = append(links, l.ID)
		}
		for _, c := range r.CaresOf(h) {
			cares = append(cares, c.ID)
		}
		out += fmt.Sprintln(h, show(people), show(links), show(cares))
	}
	for _, m := range ids(200) {
		var links []ID
		for _, l := range r.LinksOf(m) {
			links = append(links, l.ID)
		}
		out += fmt.Sprintln(m, show(links))
	}
	for _, h := range r.Sorted() {
		out += fmt.Sprintln(h.ID, h.Head, h.Address)
	}
	hits := r.Search("zhangsan", 0, nil)
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Or(a.ID.Compare(b.ID), cmp.Compare(a.Kind, b.Kind)) })
	return out + fmt.Sprintln(hits)
}

// A roster that followed every change shows what one shows that was read from
// the records as they ended.
func TestRosterIsItsRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		followed, last := New(), map[syncproto.Key]*syncproto.Record{}
		for at := range rapid.IntRange(0, 60).Draw(t, "changes") {
			rec := draw(t, at)
			followed.Put(rec)
			last[rec.Key] = rec
			if rapid.IntRange(0, 9).Draw(t, "purged") == 0 {
				followed.Remove(rec.Key)
				delete(last, rec.Key)
			}
		}
		read := New()
		for _, rec := range last {
			read.Put(rec)
		}
		if a, b := picture(followed), picture(read); a != b {
			t.Fatalf("followed:\n%s\nread:\n%s", a, b)
		}
	})
}

func TestNatural(t *testing.T) {
	sorted := []string{"", "2组9号", "2组10-1号", "2组10号", "2组010号a", "10组1号", "沙溪村"}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := Natural(a, b); (got < 0) != (i < j) && i != j || (got == 0) != (i == j) {
				t.Errorf("Natural(%q, %q) = %d", a, b, got)
			}
		}
	}
}

func TestNow(t *testing.T) {
	for _, c := range []struct {
		from, to, day int64
		want          bool
	}{{0, 0, 5, true}, {5, 0, 5, true}, {6, 0, 5, false}, {0, 5, 5, false}, {0, 6, 5, true}, {1, 9, 5, true}} {
		if Now(c.from, c.to, c.day) != c.want {
			t.Errorf("Now(%d, %d, %d) = %v", c.from, c.to, c.day, !c.want)
		}
	}
}
