package service

import (
	"slices"
	"strings"
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// furnish gives the first household something of everything that can belong
// to one, and returns the keys.
func furnish(t testing.TB, b *Book, v village) map[string]string {
	t.Helper()
	out := map[string]string{"resident": v.head}
	add := func(collection string, values map[string]any) {
		out[collection] = put(t, b, collection, values)
	}
	add("visit", map[string]any{"date": "2024-03-01", "mode": "door", "household": v.first, "visitor": v.member, "situation": "屋顶漏雨"})
	add("matter", map[string]any{"date": "2024-03-01", "household": v.first, "grid": v.grid, "content": "路灯不亮", "category": "L9", "state": "reported", "no": "1"})
	add("matter_step", map[string]any{"matter": out["matter"], "date": "2024-03-02", "state": "accepted"})
	add("dispute", map[string]any{"date": "2024-03-01", "household": v.first, "grid": v.grid, "party_a": "张三", "kind": "D02", "facts": "界址"})
	add("dispute_step", map[string]any{"dispute": out["dispute"], "date": "2024-03-02", "state": "mediating"})
	add("hazard", map[string]any{"date": "2024-03-01", "household": v.first, "place": "张三家", "kind": "H1", "content": "电线老化"})
	add("checklist_answer", map[string]any{"date": "2024-03-01", "household": v.first, "list": "H1"})
	add("house_check", map[string]any{"date": "2024-03-01", "household": v.first, "owner": "张三", "address": "12号"})
	add("banquet", map[string]any{"date": "2024-03-01", "household": v.first, "host": "张三", "phone": "13800001234", "kind": "wedding", "place": "家里", "when": "3月9日中", "people": 60})
	add("care", map[string]any{"resident": v.wife, "care": "dibao", "review": "2025-01-01", "grid": v.grid, "red": v.member})
	add("evac", map[string]any{"household": v.first, "head": "张三", "address": "12号", "people": 2, "shelter": "村小学", "guide": "吕建国"})
	add("correction", map[string]any{"date": "2024-03-01", "resident": v.head, "kind": "correct", "content": "电话"})
	add("attachment", map[string]any{"visit": out["visit"], "sha256": strings.Repeat("ab", 32), "size": 1000})
	return out
}

// homes says where each record is by the ledger's rules, as a server does.
func homes(t testing.TB, l *Laptop) map[syncproto.Key]string {
	t.Helper()
	out := map[syncproto.Key]string{}
	err := l.Store.View(func(tx *boltstore.Tx) error {
		for _, c := range ledger.All() {
			for rec, err := range tx.Scan(c.Number) {
				if err != nil {
					return err
				}
				out[rec.Key] = ledger.Home(rec, func(k syncproto.Key) (*syncproto.Record, bool) {
					up, err := tx.Get(k)
					return up, err == nil && up != nil
				})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func mustMove(t testing.TB, b *Book, to MoveTo) Written {
	t.Helper()
	w, err := b.Move(to)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func value(t testing.TB, b *Book, collection, id, field string) any {
	t.Helper()
	view, err := b.View(collection, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range view.Fields {
		if f.Key == field {
			return f.Value
		}
	}
	t.Fatalf("%s has no %s", collection, field)
	return nil
}

// Every collection that can belong to a household is in furnish, and goes.
func TestEverythingFollowsAHousehold(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	things := furnish(t, l.Book, v)
	for _, c := range ledger.All() {
		follows := slices.ContainsFunc([]string{"household", "resident", "visit", "matter", "dispute"}, func(p string) bool { return hasParent(c, p) })
		if _, made := things[c.Key]; follows && !made && c.Key != "link" {
			t.Errorf("%s can belong to a household: furnish does not make one", c.Key)
		}
	}
	sent(t, l)
	before := homes(t, l)
	w := mustMove(t, l.Book, MoveTo{Household: v.first, Village: other})
	after := homes(t, l)
	moved := map[string]int{}
	for k, home := range after {
		if home == other && before[k] == shaxi {
			moved[keyOf(k.Collection)]++
		}
	}
	for collection := range things {
		if moved[collection] == 0 {
			t.Errorf("%s stays behind", collection)
		}
	}
	if moved["resident"] != 2 || moved["resident_private"] != 1 || moved["link"] != 1 || moved["member"] != 0 || moved["grid"] != 0 {
		t.Errorf("moved %v", moved)
	}
	last := w.Keys[len(w.Keys)-1]
	if last.Collection != ledger.Household {
		t.Errorf("%v is written after the household: the server would take it for late work", last)
	}
	if got := value(t, l.Book, "visit", things["visit"], "visitor_name"); got != "吕建国" {
		t.Errorf("the new village would not know who visited: %v", got)
	}
}

func TestPlanOfAMove(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	furnish(t, l.Book, v)
	sent(t, l)
	plan, err := l.Book.MovePlan(MoveTo{Household: v.first, Village: other})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"张三户 2 人", "走访 1 条", "诉求 1 件"} {
		if !strings.Contains(plan.Text, want) {
			t.Errorf("plan %q lacks %q", plan.Text, want)
		}
	}
	if all := strings.Join(plan.Lines, "\n"); !strings.Contains(all, "吕建国不再联系这一户") || !strings.Contains(all, "撤销") {
		t.Errorf("lines %q", all)
	}
	if page := mustPage(t, l.Book, v.first); page.Sync != StateSent {
		t.Error("the plan wrote something")
	}
}

func TestMoveToAnotherGrid(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	l := s.laptop
	b := l.Book
	v := settle(t, b)
	things := furnish(t, b, v)
	second := put(t, b, "grid", map[string]any{"grid_name": "沙溪第二网格"})
	there := put(t, b, "member", map[string]any{"name": "吕二", "grid": second})
	kept := put(t, b, "link", map[string]any{"member": there, "household": v.first, "from": "2024-01-01"})
	saved, err := s.Move(t.Context(), MoveTo{Household: v.first, Grid: "沙溪第二网格"})
	if err != nil {
		t.Fatal(err)
	}
	page := mustPage(t, b, v.first)
	if page.Household.Grid != second || page.Moved != nil {
		t.Errorf("household %+v", page.Household)
	}
	for _, link := range page.Links {
		if ended := link.To == "2024-03-05"; ended != (link.ID != kept) {
			t.Errorf("link of %s ends %q", link.Name, link.To)
		}
	}
	if got := value(t, b, "matter", things["matter"], "grid"); got != second {
		t.Errorf("the open matter is of %v", got)
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Fatal(err)
	}
	page = mustPage(t, b, v.first)
	if page.Household.Grid != v.grid || len(page.Links) != 2 || page.Links[0].To != "" || page.Links[1].To != "" {
		t.Errorf("after the undo %+v", page.Links)
	}
}

func TestMoveOutOfTheVillage(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	b := l.Book
	v := settle(t, b)
	furnish(t, b, v)
	_, err := b.Move(MoveTo{Household: v.first, Village: other})
	wantCode(t, "before the office knows of it", err, syncproto.CodeNotAllowed)
	sent(t, l)
	before := homes(t, l)
	mustMove(t, b, MoveTo{Household: v.first, Village: other})
	page := mustPage(t, b, v.first)
	if page.Moved == nil || !page.Moved.Unsent || !strings.Contains(page.Moved.Text, "张三户转到") {
		t.Fatalf("the page says %+v", page.Moved)
	}
	put(t, b, "visit", map[string]any{"date": "2024-03-05", "mode": "door", "household": v.first, "visitor_name": "吕建国"}) // still ours to write
	_, err = b.Move(MoveTo{Household: v.first, Village: "330702009219"})
	wantCode(t, "twice", err, syncproto.CodeUsage)
	if _, err := b.MoveBack(mustID(t, v.first)); err != nil {
		t.Fatal(err)
	}
	for k, home := range homes(t, l) {
		if was, known := before[k]; known && was != home {
			t.Errorf("%v is in %s after the undo, was in %s", k, home, was)
		}
	}
	page = mustPage(t, b, v.first)
	if page.Moved != nil || page.Household.Grid != v.grid || len(page.Links) != 1 || page.Links[0].To != "" {
		t.Errorf("after the undo %+v %+v", page.Moved, page.Links)
	}
	_, err = b.MoveBack(mustID(t, v.first))
	wantCode(t, "nothing to undo", err, syncproto.CodeNotFound)
}

// letGo drops what left the laptop's village, as an exchange does.
func letGo(t testing.TB, l *Laptop) {
	t.Helper()
	sent(t, l)
	var gone []syncproto.Key
	for k, home := range homes(t, l) {
		if home == other {
			gone = append(gone, k)
		}
	}
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		for _, k := range gone {
			if err := tx.PutAgreed(k, nil, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: gone})
}

func TestWhereAHouseholdWent(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	l := s.laptop
	v := settle(t, l.Book)
	sent(t, l)
	saved, err := s.Move(t.Context(), MoveTo{Household: v.first, Village: other})
	if err != nil {
		t.Fatal(err)
	}
	letGo(t, l)
	page := mustPage(t, l.Book, v.first)
	if page.Moved == nil || page.Moved.Unsent || page.Moved.By != "王书记" {
		t.Errorf("the page says %+v", page.Moved)
	}
	if list, err := l.Book.MovedAway(); err != nil || len(list) != 1 || list[0].Household != v.first {
		t.Errorf("moved away: %+v %v", list, err)
	}
	if _, err := l.Book.Find(mustID(t, v.first)); err == nil || !strings.Contains(err.Error(), "转到") {
		t.Errorf("who looks for it is told %v", err)
	}
	_, err = s.Undo(t.Context(), saved.Undo)
	wantCode(t, "an undo after it went up", err, syncproto.CodeNotFound)
	_, err = s.Move(t.Context(), MoveTo{Household: v.first, Grid: v.grid})
	wantCode(t, "a move of what is gone", err, syncproto.CodeNotFound)
}

// Two who move a household to different places see both, wherever it is now.
func TestMoveAgainstMove(t *testing.T) {
	a, b, v := two(t)
	mustMove(t, a.Book, MoveTo{Household: v.first, Village: other})
	mustMove(t, b.Book, MoveTo{Household: v.first, Grid: v.other})
	meet(t, a, b)
	rows, err := a.Book.Conflicts()
	if err != nil || len(rows) != 1 || rows[0].ID != v.first || rows[0].Village != other || rows[0].Fields[0].Key != "grid" {
		t.Fatalf("conflicts %+v %v", rows, err)
	}
	if links := mustPage(t, b.Book, v.first).Links; len(links) != 1 || links[0].To != "2024-03-05" {
		t.Errorf("links %+v", links)
	}
	meet(t, a, b)
	mustMove(t, a.Book, MoveTo{Household: v.second, Village: other})
	mustMove(t, b.Book, MoveTo{Household: v.second, Village: "330702009214"})
	meet(t, a, b)
	rows, err = b.Book.Conflicts()
	if err != nil || len(rows) != 2 || !slices.ContainsFunc(rows, func(c ConflictRow) bool { return c.ID == v.second && c.Fields[0].Key == "village" }) {
		t.Errorf("conflicts %+v %v", rows, err)
	}
}

func TestMoveRefuses(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settle(t, l.Book)
	sent(t, l)
	for name, c := range map[string]struct {
		to   MoveTo
		want syncproto.Code
	}{
		"where it is":          {MoveTo{Household: v.first, Grid: v.grid}, syncproto.CodeUsage},
		"another township":     {MoveTo{Household: v.first, Village: "330702010201"}, syncproto.CodePlace},
		"no such grid":         {MoveTo{Household: v.first, Grid: "无"}, syncproto.CodeNotFound},
		"a grid of others":     {MoveTo{Household: v.first, Village: other, Grid: v.grid}, syncproto.CodeNotFound},
		"what is no household": {MoveTo{Household: v.member, Village: other}, syncproto.CodeNotFound},
	} {
		_, err := l.Book.Move(c.to)
		wantCode(t, name, err, c.want)
	}
	worker, _ := joinedLaptop(t, &office{role: "grid", scope: shaxi + "001", replica: 9})
	one := put(t, worker.Book, "household", map[string]any{"head_name": "张三", "address": "12号"})
	_, err := worker.Book.Move(MoveTo{Household: one, Village: other})
	wantCode(t, "a grid worker", err, syncproto.CodeNotAllowed)
}

func TestMoveTakesDoublesAlong(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	b := l.Book
	d := settleDoubled(t, b)
	mustMerge(t, b, d.first, d.house)
	sent(t, l)
	mustMove(t, b, MoveTo{Household: d.first, Village: other})
	after := homes(t, l)
	for k, home := range after {
		stays := slices.Contains([]string{"grid", "branch", "branch_grid", "member", "access_log"}, keyOf(k.Collection)) || k.ID.String() == d.second
		if (home == shaxi) != stays {
			t.Errorf("%s %v is in %s", keyOf(k.Collection), k.ID, home)
		}
	}
}
