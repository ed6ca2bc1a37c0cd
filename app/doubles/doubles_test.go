package doubles

import (
	"fmt"
	"slices"
	"testing"

	"gridbook/app/roster"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// town builds a roster by hand.
type town struct {
	t    *testing.T
	r    *roster.Roster
	next uint64
	nos  map[roster.ID]string
}

func newTown(t *testing.T) *town {
	return &town{t: t, r: roster.New(), nos: map[roster.ID]string{}}
}

func (w *town) put(c syncproto.Collection, values map[string]any) roster.ID {
	w.t.Helper()
	w.next++
	id := syncproto.Stamp{Time: syncproto.Time(w.next << 16), Replica: 3}
	rec := syncproto.NewRecord(c, id)
	of := ledger.Must(c)
	for key, v := range values {
		f, ok := of.FieldByKey(key)
		if !ok {
			w.t.Fatalf("%s has no field %s", of.Key, key)
		}
		if ref, ok := v.(roster.ID); ok {
			v = ref.String()
		}
		value, err := f.Parse(v)
		if err != nil {
			w.t.Fatal(err)
		}
		rec.Write(f.Tag, id, value)
	}
	w.r.Put(rec)
	w.r.Settle()
	return id
}

func (w *town) house(head, address string, more ...string) roster.ID {
	v := map[string]any{"village": "330702009217", "head_name": head, "address": address}
	for i := 0; i+1 < len(more); i += 2 {
		v[more[i]] = more[i+1]
	}
	return w.put(ledger.Household, v)
}

func (w *town) person(house roster.ID, name string, more ...string) roster.ID {
	v := map[string]any{"household": house, "name": name}
	number := ""
	for i := 0; i+1 < len(more); i += 2 {
		if more[i] == "id_no" {
			number = more[i+1]
		} else {
			v[more[i]] = more[i+1]
		}
	}
	id := w.put(ledger.Resident, v)
	w.nos[id] = number
	return id
}

func (w *town) find() []Pair {
	return Find(w.r, func(id roster.ID) string { return w.nos[id] })
}

func TestPeople(t *testing.T) {
	for name, c := range map[string]struct {
		a, b []string // fields
		at   [2]string
		want []Reason
	}{
		"same number, other name": {a: []string{"name", "张三", "id_no", "33070219620815001x"}, b: []string{"name", "张山", "id_no", "33070219620815001X"}, want: []Reason{SameNumber}},
		"same day":                {a: []string{"birth", "1962-08-15"}, b: []string{"birth", "1962-08-15"}, want: []Reason{SameBirth}},
		"same day, other numbers": {a: []string{"birth", "1962-08-15", "id_no", "330702196208150011"}, b: []string{"birth", "1962-08-15", "id_no", "330702196208150038"}},
		"same day, other sex":     {a: []string{"birth", "1962-08-15", "sex", "1"}, b: []string{"birth", "1962-08-15", "sex", "2"}},
		"one number missing":      {a: []string{"birth", "1962-08-15", "id_no", "330702196208150011"}, b: []string{"birth", "1962-08-15"}, want: []Reason{SameBirth}},
		"month, near":             {a: []string{"birth", "1962-08"}, b: []string{"birth", "1962-08-15"}, at: [2]string{"沙溪村12号", "１２号"}, want: []Reason{SameAddress}},
		"month, far":              {a: []string{"birth", "1962-08"}, b: []string{"birth", "1962-08-15"}},
		"father and son":          {a: []string{"birth", "1962-08-15", "relation", "02"}, b: []string{"birth", "1988-02-01", "relation", "20"}, at: [2]string{"12号", "12号"}},
		"son without birth":       {a: []string{"birth", "1962-08-15", "relation", "02"}, b: []string{"relation", "20"}, at: [2]string{"12号", "12号"}},
		"twice the head":          {a: []string{"birth", "1962-08-15", "relation", "02"}, b: []string{"relation", "02"}, at: [2]string{"12号", "12号"}, want: []Reason{SameAddress}},
		"twins":                   {a: []string{"name", "张大双", "birth", "2010-05-05"}, b: []string{"name", "张小双", "birth", "2010-05-05"}, at: [2]string{"12号", "12号"}},
		"phone":                   {a: []string{"phone", "13800001234、13900001111"}, b: []string{"phone", "13800001234"}, want: []Reason{SamePhone}},
		"phone, other birth":      {a: []string{"phone", "13800001234", "birth", "1962"}, b: []string{"phone", "13800001234", "birth", "1988"}},
		"only the name":           {},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			if c.at[0] == "" {
				c.at = [2]string{"沙溪村12号", "沙溪村128号"}
			}
			first, second := w.house("甲", c.at[0]), w.house("乙", c.at[1])
			given := func(fields []string) (string, []string) {
				if len(fields) > 1 && fields[0] == "name" {
					return fields[1], fields[2:]
				}
				return "张三", fields
			}
			an, af := given(c.a)
			bn, bf := given(c.b)
			a, b := w.person(first, an, af...), w.person(second, bn, bf...)
			var got []Reason
			for _, p := range w.find() {
				switch {
				case p.Kind == roster.KindResident && p.A == a && p.B == b:
					got = p.Why
				case p.Kind == roster.KindResident:
					t.Errorf("proposed %+v", p)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("why %v, want %v", got, c.want)
			}
		})
	}
}

func TestHouseholds(t *testing.T) {
	for name, c := range map[string]struct {
		addresses [2]string
		hamlets   [2]string
		births    [2]string
		want      bool
	}{
		"long and short":     {addresses: [2]string{"浙江省金华市婺城区新狮街道沙溪村12号", "12号"}, want: true},
		"hamlet in a column": {addresses: [2]string{"沙溪村溪东12号", "12"}, hamlets: [2]string{"", "溪东"}, want: true},
		"hamlet left out":    {addresses: [2]string{"溪东12号", "沙溪村12号"}, want: true},
		"other hamlet":       {addresses: [2]string{"溪东12号", "溪西12号"}},
		"other door":         {addresses: [2]string{"12号", "128号"}},
		"rooms":              {addresses: [2]string{"3幢2单元301室", "3-2-301"}, want: true},
		"other room":         {addresses: [2]string{"3幢2单元301室", "3幢2单元302室"}},
		"no address":         {addresses: [2]string{"", ""}},
		"no number":          {addresses: [2]string{"沙溪村溪东", "溪东"}, want: true},
		"father and son":     {addresses: [2]string{"12号", "12号"}, births: [2]string{"1940-01-02", "1966-03-04"}},
		"born the same":      {addresses: [2]string{"12号", "12号"}, births: [2]string{"1940-01", "1940-01-02"}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			var ids [2]roster.ID
			for i := range ids {
				ids[i] = w.house("张三", c.addresses[i], "hamlet", c.hamlets[i])
				if c.births[i] != "" {
					w.person(ids[i], "张三", "relation", "02", "birth", c.births[i])
				}
			}
			got := slices.ContainsFunc(w.find(), func(p Pair) bool {
				return p.Kind == roster.KindHousehold && p.A == ids[0] && p.B == ids[1]
			})
			if got != c.want {
				t.Errorf("proposed %v, want %v", got, c.want)
			}
		})
	}
}

func TestHouseholdsWithTheSamePeople(t *testing.T) {
	w := newTown(t)
	a, b, c := w.house("张三", "12号"), w.house("张老三", "旧屋"), w.house("王五", "9号")
	w.person(a, "张三", "birth", "1962-08-15")
	w.person(b, "张三", "birth", "1962-08-15")
	w.person(a, "张丽", "birth", "1990-01-01")
	w.person(c, "张丽", "birth", "1990-01-01") // married to 王五
	w.person(a, "李秀英", "birth", "1964-02-02")
	w.person(b, "李秀英", "birth", "1964-02-02")
	var houses []Pair
	for _, p := range w.find() {
		if p.Kind == roster.KindHousehold {
			houses = append(houses, p)
		}
	}
	if len(houses) != 1 || houses[0].A != a || houses[0].B != b || houses[0].Why[0] != SamePeople {
		t.Errorf("proposed %+v, want only the first two", houses)
	}
}

func TestHeadsInCommonAreEnough(t *testing.T) {
	w := newTown(t)
	a, b := w.house("张三", "12号"), w.house("张三", "旧屋")
	w.person(a, "张三", "birth", "1962-08-15", "relation", "02")
	w.person(b, "张三", "birth", "1962-08-15", "relation", "户主")
	if got := w.find(); len(got) != 2 || got[0].Kind != roster.KindHousehold {
		t.Errorf("proposed %+v, want the household and its head", got)
	}
}

func TestDecidedIsNotProposedAgain(t *testing.T) {
	for _, decision := range []string{"same", "different"} {
		w := newTown(t)
		a, b := w.house("张三", "12号"), w.house("张三", "12号")
		if len(w.find()) != 1 {
			t.Fatal("not proposed at first")
		}
		w.put(ledger.Merge, map[string]any{"village": "330702009217", "collection": "household", "keep": b, "drop": a, "decision": decision})
		if got := w.find(); len(got) != 0 {
			t.Errorf("%s: proposed again: %+v", decision, got)
		}
	}
}

func TestOtherVillagesAreNotCompared(t *testing.T) {
	w := newTown(t)
	a := w.house("张三", "12号")
	b := w.house("张三", "12号", "village", "330702009218")
	w.person(a, "张三", "birth", "1962-08-15")
	w.person(b, "张三", "birth", "1962-08-15")
	if got := w.find(); len(got) != 0 {
		t.Errorf("proposed %+v", got)
	}
}

// A township of 50,000 residents, of whom every fiftieth is listed twice.
func BenchmarkFind(b *testing.B) {
	w := newTown(nil)
	for n := range 15_000 {
		village := fmt.Sprintf("3307020092%02d", 10+n/500)
		house := w.bare(ledger.Household, map[string]any{"village": village, "head_name": fmt.Sprintf("张%d", n%900), "address": fmt.Sprintf("%d号", n%500)})
		for i := range 3 {
			w.bare(ledger.Resident, map[string]any{"household": house.String(), "name": fmt.Sprintf("张%d", (n+i)%900), "birth": fmt.Sprintf("19%02d-0%d-1%d", n%80+10, i+1, n%9)})
		}
	}
	none := func(roster.ID) string { return "" }
	for b.Loop() {
		Find(w.r, none)
	}
}

// bare puts a record without a test to fail.
func (w *town) bare(c syncproto.Collection, values map[string]any) roster.ID {
	w.next++
	id := syncproto.Stamp{Time: syncproto.Time(w.next << 16), Replica: 3}
	rec := syncproto.NewRecord(c, id)
	for key, v := range values {
		f, _ := ledger.Must(c).FieldByKey(key)
		value, err := f.Parse(v)
		if err != nil {
			panic(err)
		}
		rec.Write(f.Tag, id, value)
	}
	w.r.Put(rec)
	return id
}
