package service

import (
	"strings"
	"testing"

	"gridbook/syncproto"
)

// doubled is a village in which the first household was typed in twice.
type doubled struct {
	village
	house, head, visit, matter string // the double's
}

func settleDoubled(t testing.TB, b *Book) doubled {
	t.Helper()
	d := doubled{village: settle(t, b)}
	d.house = put(t, b, "household", map[string]any{"head_name": "张三", "address": "12号", "hamlet": "溪东", "phone": "13800001234", "kind": "普通户"})
	d.head = put(t, b, "resident", map[string]any{"household": d.house, "name": "张三", "relation": "02", "birth": "1962-08-15", "job": "务农"})
	put(t, b, "resident", map[string]any{"household": d.house, "name": "张小明", "relation": "子", "birth": "1990-01-01"})
	d.visit = put(t, b, "visit", map[string]any{"date": "2024-03-01", "mode": "door", "household": d.house, "visitor_name": "吕建国"})
	put(t, b, "visit", map[string]any{"date": "2024-02-01", "mode": "door", "household": d.first, "visitor_name": "吕建国"})
	d.matter = put(t, b, "matter", map[string]any{"date": "2024-03-01", "source": "visit", "household": d.house, "content": "路灯不亮", "category": "L9", "state": "reported", "no": "1", "level": "village", "heard": "request"})
	return d
}

func mustMerge(t testing.TB, b *Book, keep, drop string, take ...string) Written {
	t.Helper()
	w, err := b.Merge(mustID(t, keep), mustID(t, drop), take)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func mustPage(t testing.TB, b *Book, id string) HouseholdPage {
	t.Helper()
	var page HouseholdPage
	err := b.read(func(r reader) error {
		var err error
		page, err = r.page(mustID(t, id))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func mustDoubles(t testing.TB, b *Book) Doubles {
	t.Helper()
	d, err := b.Doubles("", "", 0)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDoublesSideBySide(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	d := settleDoubled(t, l.Book)
	got := mustDoubles(t, l.Book)
	if got.Total != 2 || len(got.Rows) != 2 || got.Rows[0].Collection != "household" || got.Rows[1].Collection != "resident" {
		t.Fatalf("proposed %+v", got)
	}
	house := got.Rows[0]
	if house.A.ID != d.first || house.B.ID != d.house || house.A.Visits != 1 || house.B.Visits != 1 || !house.CanWrite {
		t.Errorf("sides %+v and %+v", house.A, house.B)
	}
	if strings.Join(house.Also, "") != "张三" {
		t.Errorf("people in both: %v", house.Also)
	}
	for _, f := range house.Fields {
		if want := map[string]bool{"address": true, "head_name": false, "phone": false}; f.Differs != want[f.Key] {
			t.Errorf("%s: %q and %q, differs %v", f.Key, f.A, f.B, f.Differs)
		}
	}
	if page := mustPage(t, l.Book, d.first); page.Doubles != 2 {
		t.Errorf("the household's page counts %d", page.Doubles)
	}
}

func TestMergeKeepsEverythingInView(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	b := l.Book
	d := settleDoubled(t, b)
	mustMerge(t, b, d.first, d.house, "address")
	page := mustPage(t, b, d.first)
	if len(page.People) != 3 || len(page.Visits.Rows) != 2 || len(page.Open) != 1 || len(page.Links) != 1 {
		t.Errorf("%d people, %d visits, %d open, %d links", len(page.People), len(page.Visits.Rows), len(page.Open), len(page.Links))
	}
	if h := page.Household; h.Address != "12号" || h.Phone != "13800001234" || h.No != "0012" || h.Last != "2024-03-01" || h.People != 3 {
		t.Errorf("household %+v", h)
	}
	if v := page.Visits.Rows[0]; v.ID != d.visit || v.Household != d.first || v.Head != "张三" {
		t.Errorf("newest visit %+v", v)
	}
	if old := mustPage(t, b, d.house); old.Household.ID != d.first {
		t.Errorf("the old address of the page leads to %+v", old.Household)
	}
	if hits := b.Search("张三", 0); len(hits) != 1 || hits[0].ID != d.head && hits[0].ID != d.village.head {
		t.Errorf("search finds %+v", hits)
	}
	for _, p := range page.People {
		if p.Name == "张三" && (p.ID != d.village.head || p.IDNo == "") {
			t.Errorf("the kept person is %+v", p)
		}
	}
	if got := mustDoubles(t, b); got.Total != 0 || len(got.Decided) != 2 {
		t.Errorf("after the merge %+v", got)
	}
	late := put(t, b, "visit", map[string]any{"date": "2024-03-04", "mode": "door", "household": d.house, "visitor_name": "吕建国"})
	if page := mustPage(t, b, d.first); page.Visits.Rows[0].ID != late {
		t.Error("a visit that names the old record is not with the others")
	}
	if list, err := listHouseholds(b); err != nil || list.Total != 2 {
		t.Errorf("list of %d households (%v), want 2", list.Total, err)
	}
}

func listHouseholds(b *Book) (out HouseholdList, err error) {
	err = b.read(func(r reader) error {
		out, err = r.list(HouseholdQuery{}, 0, 50)
		return err
	})
	return out, err
}

func TestUnmerge(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	b := l.Book
	d := settleDoubled(t, b)
	mustMerge(t, b, d.first, d.house)
	if _, err := b.Unmerge(mustID(t, d.house)); err != nil {
		t.Fatal(err)
	}
	one, two := mustPage(t, b, d.first), mustPage(t, b, d.house)
	if len(one.People) != 2 || len(two.People) != 2 || len(one.Visits.Rows) != 1 || len(two.Visits.Rows) != 1 || two.Household.ID != d.house {
		t.Errorf("taken apart: %d and %d people", len(one.People), len(two.People))
	}
	_, err := b.Unmerge(mustID(t, d.house))
	wantCode(t, "twice", err, syncproto.CodeNotFound)
}

func TestUndoOfAMerge(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	d := settleDoubled(t, s.laptop.Book)
	saved, err := s.Merge(t.Context(), d.first, d.house, []string{"address"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Fatal(err)
	}
	if page := mustPage(t, s.laptop.Book, d.first); page.Household.Address != "沙溪村12号" || page.Household.Phone == "" && len(page.People) != 2 {
		t.Errorf("after the undo %+v", page.Household)
	}
	if page := mustPage(t, s.laptop.Book, d.house); len(page.People) != 2 {
		t.Errorf("the double has %d people", len(page.People))
	}
}

func TestNotTheSame(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	b := l.Book
	d := settleDoubled(t, b)
	if _, err := b.NotSame(mustID(t, d.first), mustID(t, d.house)); err != nil {
		t.Fatal(err)
	}
	got := mustDoubles(t, b)
	if got.Total != 1 || got.Rows[0].Collection != "resident" || len(got.Decided) != 1 || got.Decided[0].Same {
		t.Fatalf("after the decision %+v", got)
	}
	if _, err := b.Unmerge(mustID(t, got.Decided[0].ID)); err != nil {
		t.Fatal(err)
	}
	if got := mustDoubles(t, b); got.Total != 2 {
		t.Errorf("taken back: %d proposals", got.Total)
	}
	if _, err := b.NotSame(mustID(t, d.first), mustID(t, d.house)); err != nil {
		t.Fatal(err)
	}
	mustMerge(t, b, d.first, d.house) // on second thoughts
	if got := mustDoubles(t, b); got.Total != 0 || len(got.Decided) != 2 {
		t.Errorf("merged after all: %+v", got)
	}
}

func TestMergeRefuses(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	b := l.Book
	d := settleDoubled(t, b)
	merge := func(keep, drop string, take ...string) error {
		_, err := b.Merge(mustID(t, keep), mustID(t, drop), take)
		return err
	}
	wantCode(t, "itself", merge(d.first, d.first), syncproto.CodeUsage)
	wantCode(t, "a household and a person", merge(d.first, d.head), syncproto.CodeUsage)
	wantCode(t, "a visit", merge(d.first, d.visit), syncproto.CodeNotFound)
	wantCode(t, "no such field", merge(d.first, d.house, "colour"), syncproto.CodeNotFound)
	if err := merge(d.first, d.house); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "again", merge(d.house, d.first), syncproto.CodeUsage)
}

func TestMergeNeedsTheRight(t *testing.T) {
	worker, _ := joinedLaptop(t, &office{role: "grid", scope: shaxi + "001", replica: 9})
	one := put(t, worker.Book, "household", map[string]any{"head_name": "张三", "address": "12号"})
	two := put(t, worker.Book, "household", map[string]any{"head_name": "张三", "address": "12号"})
	_, err := worker.Book.Merge(mustID(t, one), mustID(t, two), nil)
	wantCode(t, "a grid worker merges", err, syncproto.CodeNotAllowed)
	town, _ := joinedLaptop(t, &office{role: "township", scope: township, replica: 8})
	one = put(t, town.Book, "household", map[string]any{"village": shaxi, "head_name": "张三", "address": "12号"})
	two = put(t, town.Book, "household", map[string]any{"village": other, "head_name": "张三", "address": "12号"})
	_, err = town.Book.Merge(mustID(t, one), mustID(t, two), nil)
	wantCode(t, "two villages", err, syncproto.CodePlace)
}

func TestDeleteTakesWhatWasMergedAlong(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	d := settleDoubled(t, s.laptop.Book)
	mustMerge(t, s.laptop.Book, d.first, d.house)
	saved, err := s.Delete(t.Context(), "household", d.first)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := listHouseholds(s.laptop.Book); err != nil || list.Total != 1 {
		t.Errorf("%d households are left (%v), want 1", list.Total, err)
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Fatal(err)
	}
	if page := mustPage(t, s.laptop.Book, d.house); page.Household.ID != d.first {
		t.Error("the undo did not bring both back")
	}
}

func TestMembersAreMerged(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	b := s.laptop.Book
	v := settle(t, b)
	twin := put(t, b, "member", map[string]any{"name": "吕建国", "phone": "13700009999", "party_post": "委员"})
	put(t, b, "link", map[string]any{"member": twin, "household": v.second, "from": "2024-01-01"})
	put(t, b, "role", map[string]any{"member": twin, "role": "fulltime", "grid": v.grid, "from": "2024-01-01"})
	visit := put(t, b, "visit", map[string]any{"date": "2024-03-01", "mode": "door", "household": v.second, "visitor": twin})
	got := mustDoubles(t, b)
	if got.Total != 1 || got.Rows[0].Collection != "member" || !got.Rows[0].CanWrite || got.Rows[0].Why[0] != "同名、同一电话" {
		t.Fatalf("proposed %+v", got)
	}
	saved, err := s.Merge(t.Context(), v.member, twin, nil)
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Member(t.Context(), v.member)
	if err != nil || len(page.Households) != 2 || len(page.Member.Roles) != 1 || page.Member.Households != 2 {
		t.Errorf("merged %+v %v", page.Member, err)
	}
	if old, err := s.Member(t.Context(), twin); err != nil || old.Member.ID != v.member {
		t.Errorf("the old address leads to %+v %v", old.Member, err)
	}
	if list, err := s.Members(t.Context(), shaxi); err != nil || len(list) != 1 {
		t.Errorf("%d members %v", len(list), err)
	}
	if rows := mustPage(t, b, v.second); rows.Visits.Rows[0].ID != visit || rows.Visits.Rows[0].Visitor != "吕建国" || rows.Links[0].Member != v.member {
		t.Errorf("visits %+v, links %+v", rows.Visits.Rows, rows.Links)
	}
	if hits := b.Search("吕建国", 0); len(hits) != 1 {
		t.Errorf("search finds %+v", hits)
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Members(t.Context(), shaxi); err != nil || len(list) != 2 {
		t.Errorf("after the undo %d members %v", len(list), err)
	}
}
