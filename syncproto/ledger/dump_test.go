package ledger

import (
	"iter"
	"slices"
	"strings"
	"testing"

	"gridbook/syncproto"
)

func stampAt(ms int64, replica syncproto.ReplicaID) syncproto.Stamp {
	return syncproto.Stamp{Time: syncproto.TimeAt(ms), Replica: replica}
}

func listOf(records ...*syncproto.Record) iter.Seq2[*syncproto.Record, error] {
	return func(yield func(*syncproto.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// dumped makes a household and a resident of it, with a conflict, an emptied
// field, a newer program's tag and a record of a newer program's collection.
func dumped() (records []*syncproto.Record) {
	house := syncproto.NewRecord(Household, stampAt(1000, 2))
	house.Write(TagVillage, house.ID, syncproto.TextOf("330702009202"))
	house.Write(TagNote, house.ID, syncproto.TextOf("<门牌> & 其他"))

	c := Must(Resident)
	person := syncproto.NewRecord(Resident, stampAt(2000, 2))
	person.Write(TagVillage, person.ID, syncproto.TextOf("330702009201"))
	person.Write(c.Tag("household"), person.ID, syncproto.RefOf(house.ID))
	person.Write(c.Tag("name"), person.ID, syncproto.TextOf("张三"))
	person.Write(TagNote, person.ID, syncproto.TextOf("x"))
	person.Write(TagNote, stampAt(2500, 2), syncproto.Value{})
	person.Write(999, person.ID, syncproto.BytesOf([]byte{1, 255}))
	other := person.Clone()
	person.Write(c.Tag("name"), stampAt(4000, 3), syncproto.TextOf("张叁"))
	other.Write(c.Tag("name"), stampAt(3000, 2), syncproto.TextOf("张山"))
	person.Join(other)

	newer := syncproto.NewRecord(799, stampAt(2000, 2))
	newer.Write(9, newer.ID, syncproto.ListOf("甲", "乙"))
	return []*syncproto.Record{house, person, newer}
}

func dump(records []*syncproto.Record) (string, error) {
	d := Dump{
		Parent: func(k syncproto.Key) (*syncproto.Record, bool) {
			i := slices.IndexFunc(records, func(r *syncproto.Record) bool { return r.Key == k })
			if i < 0 {
				return nil, false
			}
			return records[i], true
		},
		Author: func(n syncproto.ReplicaID) string {
			return map[syncproto.ReplicaID]string{2: "王书记", 3: "replica 3"}[n]
		},
	}
	var out strings.Builder
	err := d.Write(&out, listOf(records...))
	return out.String(), err
}

func TestDump(t *testing.T) {
	records := dumped()
	got, err := dump(records)
	if err != nil {
		t.Fatal(err)
	}
	h, p := records[0].ID.String(), records[1].ID.String()
	want := `{"id":"` + h + `","collection":"household","village":"330702009202","fields":{"note":"<门牌> & 其他","village":"330702009202"}}
{"id":"` + p + `","collection":"resident","village":"330702009202","fields":{"household":"` + h + `","name":{"heads":[{"value":"张山","stamp":"` + stampAt(3000, 2).String() + `","by":"王书记"},{"value":"张叁","stamp":"` + stampAt(4000, 3).String() + `","by":"replica 3"}]},"tag999":"01ff","village":"330702009201"}}
{"id":"` + p + `","collection":"collection799","village":"","fields":{"tag9":["甲","乙"]}}
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestDumpVillage: a dump's village is Home, whatever the memory holds.
func TestDumpVillage(t *testing.T) {
	records := dumped()
	for _, order := range [][]int{{0, 1}, {1}} {
		var some []*syncproto.Record
		for _, i := range order {
			some = append(some, records[i])
		}
		got, err := dump(some)
		if err != nil {
			t.Fatal(err)
		}
		want := Home(records[1], func(k syncproto.Key) (*syncproto.Record, bool) { return records[0], len(order) == 2 })
		if !strings.Contains(got, `"collection":"resident","village":"`+want+`"`) {
			t.Errorf("%v: not in %s: %s", order, want, got)
		}
	}
}

func TestDumpWantsOrder(t *testing.T) {
	records := dumped()
	slices.Reverse(records)
	if out, err := dump(records); err == nil {
		t.Errorf("took records in descending order: %s", out)
	}
	if out, err := dump([]*syncproto.Record{records[0], records[0]}); err == nil {
		t.Errorf("took a record twice: %s", out)
	}
}

func TestAuthors(t *testing.T) {
	device := func(n syncproto.ReplicaID, person string) *syncproto.Record {
		return Policy{}.DeviceRecord(stampAt(int64(n), 1), &syncproto.Device{Replica: n, Person: person})
	}
	author, err := Authors(listOf(device(2, "王书记"), device(3, "")))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[syncproto.ReplicaID]string{2: "王书记", 3: "replica 3", 4: "replica 4"} {
		if got := author(n); got != want {
			t.Errorf("replica %d is %q, want %q", n, got, want)
		}
	}
}
