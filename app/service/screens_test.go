package service

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"gridbook/app/bridge"
	"gridbook/syncproto"
)

// heard collects what a service tells the screens.
type heard struct {
	mu        sync.Mutex
	topics    []string
	revisions []uint64
}

func (h *heard) emit(topic string, revision uint64, _ any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.topics, h.revisions = append(h.topics, topic), append(h.revisions, revision)
}

// unlockedService is a joined laptop behind its screens.
func unlockedService(t *testing.T, n *office) (*Service, *clock, *heard, *bridge.Files) {
	t.Helper()
	c, h, files := newClock(), &heard{}, bridge.NewFiles(strings.NewReader(strings.Repeat("handle-random-x", 100)))
	s, closing := New(options(t, c, n), files, h.emit)
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if _, err := s.Join(t.Context(), invitation(), "村委电脑", password); err != nil {
		t.Fatalf("join: %v", err)
	}
	s.laptop.Book.Loaded()
	return s, c, h, files
}

func TestStateFollowsTheLaptop(t *testing.T) {
	n := secretary()
	n.fails = &syncproto.Error{Code: syncproto.CodeInvitation, Message: "用过了", Hint: "再要一张"}
	s, closing := New(options(t, newClock(), n), nil, nil)
	ctx := t.Context()
	want := func(what string, phase Phase) {
		t.Helper()
		if got, err := s.State(ctx); err != nil || got.Phase != phase {
			t.Errorf("%s: phase %q, %v, want %q", what, got.Phase, err, phase)
		}
	}
	want("at first", PhaseNew)
	_, err := s.Home(ctx)
	wantCode(t, "a screen before unlocking", err, syncproto.CodePassword)
	_, err = s.Join(ctx, "hello", "", password)
	wantCode(t, "no invitation", err, syncproto.CodeInvitation)
	_, err = s.Join(ctx, invitation(), "", "123")
	wantCode(t, "a short password", err, syncproto.CodePassword)
	_, err = s.Join(ctx, invitation(), "", password)
	wantCode(t, "a used invitation", err, syncproto.CodeInvitation)
	want("after a used invitation", PhaseNew)

	n.fails = &syncproto.Error{Code: syncproto.CodeUnreachable}
	_, err = s.Join(ctx, invitation(), "", password)
	wantCode(t, "no network", err, syncproto.CodeUnreachable)
	want("after an attempt without a network", PhaseNew)
	n.fails = nil
	_, err = s.Join(ctx, invitation(), "", "another password")
	wantCode(t, "another password than at the first attempt", err, syncproto.CodePassword)
	state, err := s.Join(ctx, invitation(), "村委电脑", password)
	if err != nil || state.Phase != PhaseReady || state.Village != shaxi || state.Person != "王书记" || state.RoleName == "" || !state.CanWrite || state.Today != "2024-03-05" {
		t.Fatalf("joined: %+v, %v", state, err)
	}
	if _, err := s.Lock(ctx); err != nil {
		t.Fatal(err)
	}
	want("locked", PhaseLocked)
	_, err = s.Join(ctx, invitation(), "", password)
	wantCode(t, "joining twice", err, syncproto.CodeExists)
	_, err = s.Unlock(ctx, "wrong password")
	wantCode(t, "the wrong password", err, syncproto.CodePassword)
	if _, err := s.Unlock(ctx, password); err != nil {
		t.Fatal(err)
	}
	if err := s.ChangePassword(ctx, password, "另外一个密码"); err != nil {
		t.Fatal(err)
	}
	if err := closing(); err != nil {
		t.Fatal(err)
	}
	_, err = s.Unlock(ctx, password)
	wantCode(t, "the old password", err, syncproto.CodePassword)
}

func TestVisitWithFourFields(t *testing.T) {
	s, _, h, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	ctx := t.Context()
	draft := VisitDraft{Date: "2024-03-05", Mode: "door", Visitor: v.member, Household: v.first}
	if err := s.SaveDraft(ctx, draft); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Draft(ctx); err != nil || got == nil || got.Head != "张三" || got.SavedAt == 0 {
		t.Fatalf("draft %+v, %v", got, err)
	}
	before, _ := s.SyncStatus(ctx)
	saved, err := s.SaveVisit(ctx, draft)
	if err != nil || saved.ID == "" || saved.Undo == "" || len(saved.Created) != 0 {
		t.Fatalf("saved %+v, %v", saved, err)
	}
	if got, err := s.Draft(ctx); err != nil || got != nil {
		t.Errorf("draft %+v, %v after the visit was saved", got, err)
	}
	page, err := s.Household(ctx, v.first)
	if err != nil || len(page.Visits.Rows) != 1 || page.Household.Last != "2024-03-05" || page.Household.Member != "吕建国" {
		t.Fatalf("page %+v, %v", page, err)
	}
	if row := page.Visits.Rows[0]; row.Visitor != "吕建国" || row.Mode != "上门" || row.Sync != StateToSend || row.Head != "张三" {
		t.Errorf("visit %+v", row)
	}
	after, _ := s.SyncStatus(ctx)
	if after.ToSend != before.ToSend+1 {
		t.Errorf("to send %d, then %d", before.ToSend, after.ToSend)
	}
	for i := 1; i < len(h.revisions); i++ {
		if h.revisions[i] <= h.revisions[i-1] {
			t.Fatalf("revisions %v do not grow", h.revisions)
		}
	}
	_, err = s.SaveVisit(ctx, VisitDraft{Date: "2024-03-05", Mode: "door", Household: v.first})
	wantCode(t, "a visit by nobody", err, syncproto.CodeField)
	_, err = s.SaveVisit(ctx, VisitDraft{Date: "5 March", Mode: "door", Visitor: v.member, Household: v.first})
	wantCode(t, "a visit on no day", err, syncproto.CodeField)

	form, err := s.VisitForm(ctx, saved.ID)
	if err != nil || form.Mode != "door" || form.Head != "张三" {
		t.Fatalf("form %+v, %v", form, err)
	}
	form.Situation = "家里都好"
	if again, err := s.SaveVisit(ctx, form); err != nil || again.ID != saved.ID {
		t.Errorf("changed visit: %+v, %v", again, err)
	}
	if _, err := s.Undo(ctx, saved.Undo); err != nil {
		t.Fatal(err)
	}
	if page, _ := s.Household(ctx, v.first); len(page.Visits.Rows) != 0 || page.Household.Last != "" {
		t.Errorf("after undo: %+v", page.Visits)
	}
	_, err = s.Undo(ctx, saved.Undo)
	wantCode(t, "undo twice", err, syncproto.CodeNotFound)
}

// A visit whose saving was repeated, because a photo of it was refused, has
// its matter already; once that is deleted, it may have another.
func TestRequestBecomesOneMatter(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	ctx := t.Context()
	draft := VisitDraft{Date: "2024-03-05", Mode: "door", Visitor: v.member, Household: v.first, Request: "门口路灯坏了", Livelihood: "L7", MakeMatter: true}
	first, err := s.SaveVisit(ctx, draft)
	if err != nil || len(first.Created) != 1 {
		t.Fatalf("saved %+v, %v", first, err)
	}
	draft.ID, draft.Request = first.ID, "门口路灯坏了，两盏"
	again, err := s.SaveVisit(ctx, draft)
	if page, _ := s.Household(ctx, v.first); err != nil || len(again.Created) != 0 || len(page.Open) != 1 {
		t.Errorf("saved again %+v, %v: open %+v", again, err, page.Open)
	}
	if _, err := s.Delete(ctx, "matter", first.Created[0].ID); err != nil {
		t.Fatal(err)
	}
	if again, err = s.SaveVisit(ctx, draft); err != nil || len(again.Created) != 1 {
		t.Errorf("after the matter was deleted: %+v, %v", again, err)
	}
}

func TestRequestBecomesAMatter(t *testing.T) {
	s, c, _, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	ctx := t.Context()
	draft := VisitDraft{Date: "2024-03-05", Mode: "door", Visitor: v.member, Household: v.first, Request: "门口路灯坏了", Livelihood: "L7", MakeMatter: true}
	saved, err := s.SaveVisit(ctx, draft)
	if err != nil || len(saved.Created) != 1 || saved.Created[0].Collection != "matter" {
		t.Fatalf("saved %+v, %v", saved, err)
	}
	second, err := s.SaveVisit(ctx, draft)
	if err != nil {
		t.Fatal(err)
	}
	matter, err := s.Record(ctx, "matter", saved.Created[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range matter.Fields {
		got[f.Key] = f.Text
	}
	for key, want := range map[string]string{
		"no": "20240305-3-01", "content": "门口路灯坏了", "category": "环境", "person": "张三", "phone": "13800001234",
		"deadline": "2024-03-12", "source": "走访发现", "household": "张三",
	} {
		if got[key] != want {
			t.Errorf("matter's %s = %q, want %q", key, got[key], want)
		}
	}
	other, _ := s.Record(ctx, "matter", second.Created[0].ID)
	if !strings.Contains(fmt.Sprint(other.Fields), "20240305-3-02") {
		t.Error("two matters of a day have the same number")
	}
	if page, _ := s.Household(ctx, v.first); len(page.Open) != 2 || page.Visits.Rows[1].MatterNo != "20240305-3-01" && page.Visits.Rows[0].MatterNo != "20240305-3-01" {
		t.Errorf("open %+v, visits %+v", page.Open, page.Visits.Rows)
	}

	c.at = c.at.AddDate(0, 0, 10)
	home, err := s.Home(ctx)
	if err != nil || home.MattersN != 2 || !home.Matters[0].Overdue {
		t.Fatalf("home %+v, %v", home.Matters, err)
	}
	late, err := s.Records(ctx, RecordQuery{Collection: "matter", State: "overdue"}, "", 10)
	if err != nil || len(late.Rows) != 2 {
		t.Errorf("overdue matters %+v, %v", late, err)
	}
	if _, err := s.AddStep(ctx, "matter", matter.ID, map[string]any{"date": "2024-03-14", "state": "resolved", "content": "换了灯泡"}); err != nil {
		t.Fatal(err)
	}
	done, _ := s.Records(ctx, RecordQuery{Collection: "matter", State: "closed"}, "", 10)
	steps, _ := s.Records(ctx, RecordQuery{Collection: "matter_step", Parent: matter.ID}, "", 10)
	if len(done.Rows) != 1 || done.Rows[0].State != "已办结" || len(steps.Rows) != 1 {
		t.Errorf("after the last step: closed %+v, steps %+v", done.Rows, steps.Rows)
	}
	report, err := s.Monthly(ctx, "2024-03")
	if err != nil || len(report) != 1 || report[0].Matters != 2 || report[0].ClosedVillage != 1 || report[0].OnTime != 0 || report[0].Visited != 1 || report[0].Visits != 2 || report[0].Linked != 1 {
		t.Errorf("report %+v, %v", report, err)
	}
}

func TestDue(t *testing.T) {
	s, c, _, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	ctx := t.Context()
	visit := func(household, date, mode, next string) {
		t.Helper()
		if _, err := s.SaveVisit(ctx, VisitDraft{Date: date, Mode: mode, Visitor: v.member, Household: household, NextDate: next}); err != nil {
			t.Fatal(err)
		}
	}
	reasons := func(until string) string {
		t.Helper()
		list, err := s.Due(ctx, until)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, d := range list {
			out = append(out, d.Head+" "+d.Due+" "+d.Reason)
		}
		return strings.Join(out, "; ")
	}
	if got := reasons("2024-12-31"); got != "" {
		t.Errorf("a village without visits owes %q: nothing is overdue from the start", got)
	}
	visit(v.first, "2024-02-01", "door", "2024-03-01")
	visit(v.second, "2024-02-01", "door", "")
	for _, c := range []struct{ until, want string }{
		{"", "张三 2024-03-01 promised"},
		{"2024-12-31", "张三 2024-03-01 promised; 吕布衣 2024-07-30 ordinary"},
	} {
		if got := reasons(c.until); got != c.want {
			t.Errorf("due until %q: %q, want %q", c.until, got, c.want)
		}
	}
	visit(v.first, "2024-03-02", "away", "") // nobody at home: the promise stands
	if got := reasons(""); got != "张三 2024-03-01 promised" {
		t.Errorf("after a visit that met nobody: %q", got)
	}
	put(t, s.laptop.Book, "care", map[string]any{"household": v.second, "care": "alone", "cycle": "care", "review": "2024-12-01", "from": "2024-01-01"})
	visit(v.first, "2024-03-03", "door", "")
	if got := reasons(""); got != "吕布衣 2024-03-02 care" {
		t.Errorf("with a care mark: %q", got)
	}
	home, err := s.Home(ctx)
	if err != nil || home.DueTotal != 1 || home.Due[0].Over != 3 || home.Unvisited != 0 {
		t.Errorf("home %+v, %v", home, err)
	}
	c.at = c.at.AddDate(1, 0, 0)
	if home, _ := s.Home(ctx); home.Unvisited != 2 {
		t.Errorf("%d unvisited after a year", home.Unvisited)
	}
}

func TestGridsAndHints(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	b := s.laptop.Book
	v := settle(t, b)
	bare := put(t, b, "grid", map[string]any{"grid_name": "沙溪第二网格", "grid_code": shaxi + "002"})
	put(t, b, "member", map[string]any{"name": "赵无格", "phone": "13511112222"})
	put(t, b, "household", map[string]any{"head_name": "孙散户", "address": "沙溪村1号"})
	put(t, b, "role", map[string]any{"member": v.member, "grid": v.grid, "role": "fulltime", "from": "2024-01-01"})
	put(t, b, "role", map[string]any{"name": "钱前任", "grid": v.grid, "role": "fulltime", "from": "2020-01-01", "to": "2024-01-01"})
	ctx := t.Context()
	tree, err := s.Grids(ctx, "")
	if err != nil || len(tree.Grids) != 2 || tree.Loose != 1 || tree.MembersLoose != 1 || len(tree.Branches) != 1 {
		t.Fatalf("tree %+v, %v", tree, err)
	}
	g := tree.Grids[0]
	if g.Name != "沙溪第一网格" || g.Branch == nil || g.Branch.Secretary.Name != "吕建国" || g.Branch.Secretary.Phone != "13700009999" ||
		len(g.Leader) != 1 || g.Leader[0].Member != v.member || len(g.Fulltime) != 1 || g.Fulltime[0].Name != "吕建国" ||
		g.Households != 2 || g.People != 2 || g.Linked != 1 || len(g.Members) != 1 || g.Members[0].Households != 1 {
		t.Errorf("grid %+v", g)
	}
	found := map[string]string{}
	for _, h := range tree.Hints {
		found[h.Code] = found[h.Code] + h.Text + ";"
		if h.Code == ruleBranch && h.ID != bare {
			t.Errorf("V1 names %s", h.Text)
		}
	}
	for code, want := range map[string]string{ruleBranch: "沙溪第二网格", ruleMember: "赵无格", ruleLinks: "吕建国联系 1 户", ruleLinked: "2 户"} {
		if !strings.Contains(found[code], want) {
			t.Errorf("%s says %q, want %q in it", code, found[code], want)
		}
	}
	page, err := s.Grid(ctx, v.grid)
	if err != nil || page.Unlinked != 1 || page.Grid.ID != v.grid {
		t.Errorf("grid page %+v, %v", page, err)
	}
	member, err := s.Member(ctx, v.member)
	if err != nil || len(member.Households) != 1 || member.Households[0].ID != v.first {
		t.Errorf("member page %+v, %v", member, err)
	}
	list, err := s.LinkSuggestions(ctx, v.second)
	if err != nil || len(list) != 1 || list[0].Member != v.member || list[0].Basis != "kin" {
		t.Errorf("suggestions %+v, %v", list, err)
	}
	link, err := s.Link(ctx, v.second, v.member, "kin", "")
	if err != nil {
		t.Fatal(err)
	}
	if page, _ := s.Household(ctx, v.second); len(page.Links) != 1 || page.Links[0].From != "2024-03-05" || page.Household.Member != "吕建国" {
		t.Errorf("linked: %+v", page.Links)
	}
	if _, err := s.EndLink(ctx, link.ID, ""); err != nil {
		t.Fatal(err)
	}
	if page, _ := s.Household(ctx, v.second); page.Household.Member != "" || page.Links[0].To != "2024-03-05" {
		t.Errorf("ended: %+v", page.Links)
	}
}
