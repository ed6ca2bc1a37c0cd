package workload

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// sample has one document of each type, with every property filled in.
var sample = []string{
	`{"id":"v01","type":"village","village":"v01","name":"青石村","code":"999901000101","updatedAt":1708890040000}`,
	`{"id":"v01g1","type":"grid","village":"v01","name":"第一网格","leader":"王建","boundary":"柳荫路至人民巷","updatedAt":1713702706000}`,
	`{"id":"v01g1m0","type":"member","village":"v01","grid":"v01g1","name":"王荣","sex":"女","phone":"10048983438","role":"网格长","duties":"信息采集","updatedAt":1714722537000}`,
	`{"id":"h00000","type":"household","village":"v01","grid":"v01g1","address":"青石村康乐路59号","head":"孙涛生","size":4,"kind":"一般户","housing":"土木","lng":105.26418,"lat":30.47086,"updatedAt":1715240648000}`,
	`{"id":"p000000","type":"resident","village":"v01","household":"h00000","name":"孙涛生","sex":"男","birth":"1946-01-26","idno":"999901194601266973","phone":"10004658800","relation":"户主","education":"文盲或半文盲","job":"退休","tags":["党员"],"note":"用火情况偏低。","updatedAt":1707038268000}`,
	`{"id":"v01g1m0-00001","type":"log","village":"v01","household":"h00000","member":"v01g1m0","date":"2022-01-01","category":"日常走访","text":"孙涛生来网格反映。","outcome":"待跟进","followUp":"2022-02-01","updatedAt":1641036600000}`,
}

func read(t *testing.T) *Seed {
	t.Helper()
	s, err := ReadSeed(strings.NewReader(strings.Join(sample, "\n")), func(string) syncproto.ReplicaID { return 7 })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every value of every document stands in a record: in a field, in a
// reference, in the stamp, or in the collection's name.
func TestNothingIsDropped(t *testing.T) {
	s := read(t)
	said := map[string]bool{}
	for _, rec := range append(s.Shared, s.Own["v01"]...) {
		said[rec.ID.String()] = true
		said[fmt.Sprint(rec.ID.Time.Milli())] = true
		c := ledger.Must(rec.Collection)
		said[c.Key] = true
		for _, reg := range rec.Fields {
			f, _ := c.Field(reg.Tag)
			said[f.Text(reg.Shown().Value)] = true
			said[fmt.Sprint(f.JSON(reg.Shown().Value))] = true
		}
	}
	words := map[string]string{"log": "visit", "男": "1", "女": "2", "网格长": "leader", "党员": "党员;用火情况偏低。", "用火情况偏低。": "党员;用火情况偏低。", "v01": VillageCode("v01")}
	for _, text := range sample {
		var doc map[string]any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		for name, value := range doc {
			if list, ok := value.([]any); ok {
				value = list[0]
			}
			want := fmt.Sprint(value)
			if id, ok := s.IDs[want]; ok && name != "village" {
				want = id.String()
			} else if other, ok := words[want]; ok {
				want = other
			}
			if !said[want] {
				t.Errorf("%s: %s %q is in no record", doc["id"], name, want)
			}
		}
	}
}

func TestSeedWritesWhenTheDocumentsSay(t *testing.T) {
	s := read(t)
	if got := s.IDs["h00000"]; got.Time.Milli() != 1715240648000 || got.Replica != 7 {
		t.Errorf("the household was written at %v", got)
	}
	private := 0
	for _, rec := range s.Own["v01"] {
		if ledger.ClassOf(rec.Collection) == ledger.Private {
			private++
			if rec.ID != s.IDs["p000000"] {
				t.Errorf("the ID number stands in a record of its own, %v", rec.ID)
			}
		}
		if err := ledger.Check(rec); err != nil {
			t.Error(err)
		}
	}
	if private != 1 {
		t.Errorf("%d private records", private)
	}
	a, b := s.stamp(7, 5), s.stamp(7, 5)
	if a == b {
		t.Errorf("two writes have the stamp %v", a)
	}
}

func TestEdits(t *testing.T) {
	s := read(t)
	text := `{"op":"put","doc":` + sample[5] + `}` + "\n" + `{"op":"set","id":"p000000","field":"education","value":"小学","updatedAt":1}`
	ops, err := Edits(strings.NewReader(text), func(doc string) string { return s.IDs[doc].String() })
	if err != nil {
		t.Fatal(err)
	}
	if len(ops) != 2 || ops[0].Op != "put" || ops[0].Fields["household"] != s.IDs["h00000"].String() ||
		ops[1].Op != "set" || ops[1].ID != s.IDs["p000000"].String() || ops[1].Fields["education"] != "小学" {
		t.Errorf("%+v", ops)
	}
	if _, err := Edits(strings.NewReader("{"), nil); err == nil {
		t.Error("half a line was taken")
	}
}
