package service

import (
	"slices"
	"strings"
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// meet lets two laptops end with the join of what both hold.
func meet(t testing.TB, a, b *Laptop) {
	t.Helper()
	all := map[syncproto.Key]*syncproto.Record{}
	for _, l := range []*Laptop{a, b} {
		sent(t, l)
		for k := range homes(t, l) {
			rec := recordOf(t, l, k)
			if known := all[k]; known != nil {
				known.Join(rec)
				continue
			}
			all[k] = rec
		}
	}
	for _, l := range []*Laptop{a, b} {
		var keys []syncproto.Key
		err := l.Store.Update(func(tx *boltstore.Tx) error {
			for k, rec := range all {
				keys = append(keys, k)
				if err := tx.PutAgreed(k, rec, 1_709_600_000_000); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		l.received(News{Keys: keys})
	}
}

func recordOf(t testing.TB, l *Laptop, k syncproto.Key) *syncproto.Record {
	t.Helper()
	var out *syncproto.Record
	err := l.Store.View(func(tx *boltstore.Tx) error {
		var err error
		out, err = tx.Get(k)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// twoGrids is a village with a second grid, which has a household, a member, a
// leader and a micro-grid.
type twoGrids struct {
	village
	other, there, home, micro, leader string
}

func settleTwo(t testing.TB, b *Book) twoGrids {
	t.Helper()
	v := twoGrids{village: settle(t, b)}
	v.other = put(t, b, "grid", map[string]any{"grid_name": "沙溪第二网格", "grid_code": shaxi + "002"})
	v.there = put(t, b, "member", map[string]any{"name": "吕二", "grid": v.other})
	v.micro = put(t, b, "microgrid", map[string]any{"name": "二格一组", "grid": v.other})
	v.home = put(t, b, "household", map[string]any{"head_name": "王五", "address": "沙溪村7号", "hamlet": "溪西", "grid": v.other, "microgrid": v.micro})
	v.leader = put(t, b, "role", map[string]any{"member": v.there, "role": "leader", "grid": v.other, "from": "2023-01-01"})
	put(t, b, "link", map[string]any{"member": v.there, "household": v.home, "from": "2023-01-01"})
	return v
}

func mustGrid(t testing.TB, s *Service, id string) GridPage {
	t.Helper()
	page, err := s.Grid(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func gridNames(t testing.TB, b *Book) []string {
	t.Helper()
	var out []string
	err := b.read(func(r reader) error {
		for _, g := range r.gridsOf(shaxi) {
			out = append(out, g.Name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSplitGrid(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	b := s.laptop.Book
	v := settle(t, b)
	things := furnish(t, b, v)
	role := put(t, b, "role", map[string]any{"member": v.member, "role": "fulltime", "grid": v.grid, "from": "2023-01-01"})
	split := GridSplit{Grid: "沙溪第一网格", Name: "沙溪第四网格", Code: shaxi + "004", Hamlets: []string{"溪东"}, Roles: []string{role}, Members: []string{v.member}, Leader: v.member}
	plan, err := s.SplitPlan(t.Context(), split)
	if err != nil || !strings.Contains(plan.Text, "1 户、2 人、党员 1 名") {
		t.Fatalf("plan %+v %v", plan, err)
	}
	saved, err := s.SplitGrid(t.Context(), split)
	if err != nil {
		t.Fatal(err)
	}
	home := mustPage(t, b, v.first)
	fresh := home.Household.Grid
	page := mustGrid(t, s, fresh)
	if page.Grid.Name != "沙溪第四网格" || page.Grid.Households != 1 || len(page.Grid.Members) != 1 || len(page.Grid.Leader) != 1 || len(page.Grid.Fulltime) != 1 || page.Grid.Branch == nil {
		t.Errorf("the new grid %+v", page.Grid)
	}
	if len(page.Before) != 1 || page.Before[0].ID != v.grid || !page.Before[0].Split {
		t.Errorf("it came from %+v", page.Before)
	}
	old := mustGrid(t, s, v.grid)
	if old.Grid.Households != 1 || len(old.Grid.Members) != 0 {
		t.Errorf("the old grid %+v", old.Grid)
	}
	if i := slices.IndexFunc(old.Duties, func(d DutyRow) bool { return d.ID == role }); i < 0 || old.Duties[i].To != "2024-03-05" {
		t.Errorf("duties of the old grid %+v", old.Duties)
	}
	if got := value(t, b, "matter", things["matter"], "grid"); got != fresh {
		t.Errorf("the open matter is of %v", got)
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Fatal(err)
	}
	if got := mustGrid(t, s, v.grid); got.Grid.Households != 2 || len(got.Grid.Members) != 1 || len(gridNames(t, b)) != 1 {
		t.Errorf("after the undo %+v, grids %v", got.Grid, gridNames(t, b))
	}
}

// Members stay what they are among the households, wherever they go.
func TestMembersKeepTheirDuty(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settleTwo(t, l.Book)
	red := put(t, l.Book, "role", map[string]any{"member": v.there, "role": "red", "grid": v.other, "from": "2023-01-01"})
	if _, err := l.Book.MergeGrid(GridMerge{Grid: v.other, Into: v.grid}); err != nil {
		t.Fatal(err)
	}
	list, err := l.Book.Duties("", v.there)
	if err != nil || len(list) != 3 {
		t.Fatalf("duties %+v %v", list, err)
	}
	if now := list[0]; !now.Current || now.Code != "red" || now.Place != "沙溪第一网格" || list[1].Current {
		t.Errorf("duties %+v", list)
	}
	if !slices.ContainsFunc(list[1:], func(d DutyRow) bool { return d.ID == red && d.To == "2024-03-05" }) {
		t.Errorf("the history is gone: %+v", list)
	}
}

// A micro-grid goes as a whole, and its households stay in it.
func TestSplitByMicroGrid(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	b := s.laptop.Book
	v := settleTwo(t, b)
	put(t, b, "household", map[string]any{"head_name": "赵六", "address": "9号", "grid": v.other})
	if _, err := s.SplitGrid(t.Context(), GridSplit{Grid: v.other, Name: "新网格", Micros: []string{v.micro}}); err != nil {
		t.Fatal(err)
	}
	page := mustGrid(t, s, mustPage(t, b, v.home).Household.Grid)
	if page.Grid.Name != "新网格" || page.Grid.Households != 1 || len(page.Grid.Micro) != 1 || page.Grid.Micro[0].Households != 1 {
		t.Errorf("the new grid %+v", page.Grid)
	}
	if old := mustGrid(t, s, v.other); old.Grid.Households != 1 || len(old.Grid.Micro) != 0 {
		t.Errorf("the old grid %+v", old.Grid)
	}
}

func TestSplitEndsLinksAcross(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	if _, err := l.Book.SplitGrid(GridSplit{Grid: v.grid, Name: "新网格", Households: []string{v.first}, EndLinks: true}); err != nil {
		t.Fatal(err)
	}
	if links := mustPage(t, l.Book, v.first).Links; len(links) != 1 || links[0].To != "2024-03-05" {
		t.Errorf("links %+v", links)
	}
}

func TestSplitRefuses(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settleTwo(t, l.Book)
	for name, c := range map[string]struct {
		split GridSplit
		want  syncproto.Code
	}{
		"all chosen":         {GridSplit{Grid: v.grid, Name: "新", Households: []string{v.first, v.second}}, syncproto.CodeUsage},
		"nothing chosen":     {GridSplit{Grid: v.grid, Name: "新"}, syncproto.CodeUsage},
		"no name":            {GridSplit{Grid: v.grid, Households: []string{v.first}}, syncproto.CodeField},
		"a name twice":       {GridSplit{Grid: v.grid, Name: "沙溪第二网格", Households: []string{v.first}}, syncproto.CodeExists},
		"a bad code":         {GridSplit{Grid: v.grid, Name: "新", Code: "12", Households: []string{v.first}}, syncproto.CodeField},
		"another grid's":     {GridSplit{Grid: v.grid, Name: "新", Households: []string{v.home}}, syncproto.CodeNotFound},
		"another's micro":    {GridSplit{Grid: v.grid, Name: "新", Micros: []string{v.micro}}, syncproto.CodeNotFound},
		"another grid's man": {GridSplit{Grid: v.grid, Name: "新", Households: []string{v.first}, Roles: []string{v.leader}}, syncproto.CodeNotFound},
	} {
		_, err := l.Book.SplitGrid(c.split)
		wantCode(t, name, err, c.want)
	}
	if n := len(gridNames(t, l.Book)); n != 2 {
		t.Errorf("%d grids: something was written", n)
	}
}

func TestMergeGrids(t *testing.T) {
	for _, keep := range []bool{false, true} {
		s, _, _, _ := unlockedService(t, secretary())
		b := s.laptop.Book
		v := settleTwo(t, b)
		merge := GridMerge{Grid: v.other, Into: v.grid}
		if keep {
			merge.Roles = []string{v.leader}
		}
		saved, err := s.MergeGrid(t.Context(), merge)
		if err != nil {
			t.Fatal(err)
		}
		page := mustGrid(t, s, v.grid)
		if page.Grid.Households != 3 || len(page.Grid.Members) != 2 || len(page.Grid.Micro) != 1 || page.Grid.Micro[0].Households != 1 {
			t.Errorf("the grid that stays %+v", page.Grid)
		}
		leads := slices.ContainsFunc(page.Grid.Leader, func(c Contact) bool { return c.Name == "吕二" })
		if leads != keep {
			t.Errorf("keeping %v: leaders %+v", keep, page.Grid.Leader)
		}
		old := mustGrid(t, s, v.other)
		if old.Into == nil || old.Into.ID != v.grid || len(old.Duties) != 1 || old.Duties[0].To != "2024-03-05" || old.Grid.Households != 0 {
			t.Errorf("the grid that was given up %+v", old)
		}
		if names := gridNames(t, b); !slices.Equal(names, []string{"沙溪第一网格"}) {
			t.Errorf("grids %v", names)
		}
		if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
			t.Fatal(err)
		}
		if got := mustGrid(t, s, v.other); got.Into != nil || got.Grid.Households != 1 || len(got.Grid.Leader) != 1 || len(gridNames(t, b)) != 2 {
			t.Errorf("after the undo %+v", got.Grid)
		}
	}
}

func TestMergeGridsRefuses(t *testing.T) {
	l, _ := joinedLaptop(t, &office{role: ledger.RoleTownship, scope: township, replica: 8})
	one := put(t, l.Book, "grid", map[string]any{"village": shaxi, "grid_name": "一"})
	two := put(t, l.Book, "grid", map[string]any{"village": other, "grid_name": "二"})
	_, err := l.Book.MergeGrid(GridMerge{Grid: one, Into: one})
	wantCode(t, "itself", err, syncproto.CodeUsage)
	_, err = l.Book.MergeGrid(GridMerge{Grid: one, Into: two})
	wantCode(t, "two villages", err, syncproto.CodePlace)
	worker, _ := joinedLaptop(t, &office{role: ledger.RoleGrid, scope: shaxi + "001", replica: 9})
	meet(t, l, worker)
	three := put(t, l.Book, "grid", map[string]any{"village": shaxi, "grid_name": "三"})
	meet(t, l, worker)
	_, err = worker.Book.MergeGrid(GridMerge{Grid: one, Into: three})
	wantCode(t, "a grid worker", err, syncproto.CodeNotAllowed)
}

// two are a village's secretary and another laptop of the village, which hold
// the same.
func two(t testing.TB) (a, b *Laptop, v twoGrids) {
	a, _ = joinedLaptop(t, secretary())
	b, _ = joinedLaptop(t, &office{role: ledger.RoleVillage, scope: shaxi, replica: 4})
	v = settleTwo(t, a.Book)
	meet(t, a, b)
	return a, b, v
}

// What others write into a grid that was given up meanwhile is not lost from
// sight.
func TestLateWorkInAMergedGrid(t *testing.T) {
	a, b, v := two(t)
	if _, err := a.Book.MergeGrid(GridMerge{Grid: v.other, Into: v.grid}); err != nil {
		t.Fatal(err)
	}
	late := put(t, b.Book, "household", map[string]any{"head_name": "赵六", "address": "9号", "grid": v.other})
	put(t, b.Book, "member", map[string]any{"name": "吕三", "grid": v.other})
	put(t, b.Book, "microgrid", map[string]any{"name": "二格二组", "grid": v.other})
	matter := put(t, b.Book, "matter", map[string]any{"date": "2024-03-01", "grid": v.other, "content": "路灯不亮", "category": "L9", "no": "9"})
	meet(t, a, b)
	for _, l := range []*Laptop{a, b} {
		if h := mustPage(t, l.Book, late).Household; h.Grid != v.grid || h.GridName != "沙溪第一网格" {
			t.Errorf("the late household is in %+v", h)
		}
		var tree VillageGrids
		n := 0
		err := l.Book.read(func(r reader) error {
			tree = r.tree(shaxi)
			page, err := r.records(RecordQuery{Collection: "matter", Grid: v.grid}, "", 10)
			for _, row := range page.Rows {
				if row.ID == matter {
					n++
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(tree.Grids) != 1 || tree.Grids[0].Households != 4 || len(tree.Grids[0].Members) != 3 || len(tree.Grids[0].Micro) != 2 || n != 1 {
			t.Errorf("%+v, %d matters", tree.Grids, n)
		}
	}
}

// Two who split the same grid differently see what they disagree about, and
// nothing else.
func TestSplitAgainstSplit(t *testing.T) {
	a, b, v := two(t)
	if _, err := a.Book.SplitGrid(GridSplit{Grid: v.grid, Name: "甲", Households: []string{v.first}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Book.SplitGrid(GridSplit{Grid: v.grid, Name: "乙", Households: []string{v.first}}); err != nil {
		t.Fatal(err)
	}
	meet(t, a, b)
	for _, l := range []*Laptop{a, b} {
		rows, err := l.Book.Conflicts()
		if err != nil || len(rows) != 1 || rows[0].ID != v.first || rows[0].Fields[0].Key != "grid" {
			t.Errorf("conflicts %+v %v", rows, err)
		}
		if names := gridNames(t, l.Book); len(names) != 4 {
			t.Errorf("grids %v", names)
		}
	}
}

func TestMergeAgainstSplit(t *testing.T) {
	a, b, v := two(t)
	if _, err := a.Book.MergeGrid(GridMerge{Grid: v.grid, Into: v.other}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Book.SplitGrid(GridSplit{Grid: v.grid, Name: "乙", Households: []string{v.first}}); err != nil {
		t.Fatal(err)
	}
	meet(t, a, b)
	rows, err := a.Book.Conflicts()
	if err != nil || len(rows) != 1 || rows[0].ID != v.first {
		t.Fatalf("conflicts %+v %v", rows, err)
	}
	if h := mustPage(t, a.Book, v.second).Household; h.Grid != v.other {
		t.Errorf("the undisputed household is in %s", h.GridName)
	}
}

// Two who merged two grids into each other see both, and are asked.
func TestMergeAgainstMerge(t *testing.T) {
	a, b, v := two(t)
	if _, err := a.Book.MergeGrid(GridMerge{Grid: v.other, Into: v.grid}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Book.MergeGrid(GridMerge{Grid: v.grid, Into: v.other}); err != nil {
		t.Fatal(err)
	}
	meet(t, a, b)
	circles := func(l *Laptop) (n int) {
		err := l.Book.read(func(r reader) error {
			for _, h := range r.hints(shaxi) {
				if h.Code == ruleCircle {
					n++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, l := range []*Laptop{a, b} {
		err := l.Book.read(func(r reader) error {
			if into, _ := r.kinOf(r.roster.Grids[mustID(t, v.grid)]); into != nil {
				t.Errorf("one of the two seems to have given way: %+v", into)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if names := gridNames(t, l.Book); len(names) != 2 || circles(l) != 2 {
			t.Errorf("grids %v, %d remarks", names, circles(l))
		}
	}
	if _, err := a.Book.MergeGrid(GridMerge{Grid: v.other, Into: v.grid}); err != nil {
		t.Fatal(err)
	}
	meet(t, a, b)
	if names := gridNames(t, b.Book); len(names) != 1 || names[0] != "沙溪第一网格" || circles(b) != 0 {
		t.Errorf("after the decision grids %v", names)
	}
	list, err := listHouseholds(b.Book)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range list.Rows {
		if h.Grid != v.grid {
			t.Errorf("%s is in %s", h.Head, h.GridName)
		}
	}
}
