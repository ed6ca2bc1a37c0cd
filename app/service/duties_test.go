package service

import (
	"slices"
	"strings"
	"testing"

	"gridbook/syncproto"
)

func currentLinks(t testing.TB, b *Book, household string) []string {
	t.Helper()
	var out []string
	for _, l := range mustPage(t, b, household).Links {
		if l.To == "" {
			out = append(out, l.Name)
		}
	}
	slices.Sort(out)
	return out
}

func TestHandOver(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	b := s.laptop.Book
	v := settleTwo(t, b)
	put(t, b, "link", map[string]any{"member": v.member, "household": v.second, "link_basis": "kin", "from": "2024-01-01"})
	change := DutyChange{Member: v.member, HandTo: v.there, Reason: "外出务工"}
	plan, err := s.DutyPlan(t.Context(), change)
	if err != nil || !strings.Contains(strings.Join(plan.Lines, ""), "2 户交给吕二") {
		t.Fatalf("plan %+v %v", plan, err)
	}
	saved, err := s.ChangeDuties(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{v.first, v.second} {
		if got := currentLinks(t, b, h); !slices.Equal(got, []string{"吕二"}) {
			t.Errorf("links %v", got)
		}
		if n := len(mustPage(t, b, h).Links); n != 2 {
			t.Errorf("%d links: the history is gone", n)
		}
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Fatal(err)
	}
	if got := currentLinks(t, b, v.second); !slices.Equal(got, []string{"吕建国"}) {
		t.Errorf("after the undo %v", got)
	}
	if _, err := b.ChangeDuties(DutyChange{Member: v.member, HandTo: v.there, Households: []string{v.second}}); err != nil {
		t.Fatal(err)
	}
	if got := currentLinks(t, b, v.first); !slices.Equal(got, []string{"吕建国"}) {
		t.Errorf("a household that was not chosen has %v", got)
	}
}

// Who has the household already does not get it twice.
func TestHandOverToWhoIsLinkedAlready(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settleTwo(t, l.Book)
	put(t, l.Book, "link", map[string]any{"member": v.there, "household": v.first, "from": "2024-02-01"})
	if _, err := l.Book.ChangeDuties(DutyChange{Member: v.member, HandTo: v.there}); err != nil {
		t.Fatal(err)
	}
	if got := currentLinks(t, l.Book, v.first); !slices.Equal(got, []string{"吕二"}) {
		t.Errorf("links %v", got)
	}
}

func TestDutiesEndAndBegin(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	b := s.laptop.Book
	v := settleTwo(t, b)
	if _, err := s.ChangeDuties(t.Context(), DutyChange{Member: v.there, End: []string{v.leader}, Begin: []DutyBegin{{Role: "fulltime", Grid: "沙溪第一网格"}}}); err != nil {
		t.Fatal(err)
	}
	page, err := s.Member(t.Context(), v.there)
	if err != nil || len(page.Duties) != 2 {
		t.Fatalf("duties %+v %v", page.Duties, err)
	}
	now, before := page.Duties[0], page.Duties[1]
	if !now.Current || now.Code != "fulltime" || now.From != "2024-03-05" || before.Current || before.ID != v.leader || before.To != "2024-03-05" {
		t.Errorf("now %+v, before %+v", now, before)
	}
	_, err = b.ChangeDuties(DutyChange{Member: v.there, End: []string{v.leader}})
	wantCode(t, "what ended", err, syncproto.CodeNotFound)
	_, err = b.ChangeDuties(DutyChange{Member: v.there})
	wantCode(t, "nothing", err, syncproto.CodeUsage)
	_, err = b.ChangeDuties(DutyChange{Member: v.there, HandTo: v.there})
	wantCode(t, "to oneself", err, syncproto.CodeUsage)
}

// The name in the grid list, which the dated duty came before, does not come up
// when that ends.
func TestOutdatedNameGoes(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	b := s.laptop.Book
	v := settleTwo(t, b)
	if _, err := s.SaveRecord(t.Context(), "grid", v.other, map[string]any{"leader": "老王"}); err != nil {
		t.Fatal(err)
	}
	change := DutyChange{Member: v.there, End: []string{v.leader}}
	if plan, err := s.DutyPlan(t.Context(), change); err != nil || !strings.Contains(strings.Join(plan.Lines, ""), "“老王”也一并去掉") {
		t.Errorf("plan %+v %v", plan, err)
	}
	saved, err := s.ChangeDuties(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	if got := mustGrid(t, s, v.other); len(got.Grid.Leader) != 0 {
		t.Errorf("leaders %+v", got.Grid.Leader)
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Fatal(err)
	}
	if got := value(t, b, "grid", v.other, "leader"); got != "老王" {
		t.Errorf("after the undo the list says %v", got)
	}
}

// A duty that only the grid list names ends too, and leaves a dated trace.
func TestDutyInWordsEnds(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	b := s.laptop.Book
	v := settle(t, b)
	if _, err := s.SaveRecord(t.Context(), "grid", v.grid, map[string]any{"leader": "吕建国 13700009999、张三 138"}); err != nil {
		t.Fatal(err)
	}
	page, err := s.Member(t.Context(), v.member)
	if err != nil || len(page.Duties) != 1 || page.Duties[0].Code != "leader" {
		t.Fatalf("duties %+v %v", page.Duties, err)
	}
	if _, err := s.ChangeDuties(t.Context(), DutyChange{Member: v.member, End: []string{page.Duties[0].ID}}); err != nil {
		t.Fatal(err)
	}
	if got := value(t, b, "grid", v.grid, "leader"); got != "张三 138" {
		t.Errorf("the grid names %v", got)
	}
	if page, err := s.Member(t.Context(), v.member); err != nil || len(page.Duties) != 1 || page.Duties[0].Current || page.Duties[0].To != "2024-03-05" {
		t.Errorf("duties %+v %v", page.Duties, err)
	}
}

func TestMemberLeaves(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	v := settleTwo(t, l.Book)
	put(t, l.Book, "link", map[string]any{"member": v.there, "household": v.first, "from": "2024-01-01"})
	if _, err := l.Book.ChangeDuties(DutyChange{Member: v.there, Leaves: true, HandTo: v.member, Households: []string{v.home}}); err != nil {
		t.Fatal(err)
	}
	if got := currentLinks(t, l.Book, v.home); !slices.Equal(got, []string{"吕建国"}) {
		t.Errorf("links %v", got)
	}
	if got := currentLinks(t, l.Book, v.first); !slices.Equal(got, []string{"吕建国"}) {
		t.Errorf("links %v", got)
	}
	list, err := l.Book.Duties("", v.there)
	if err != nil || slices.ContainsFunc(list, func(d DutyRow) bool { return d.Current }) {
		t.Errorf("duties %+v %v", list, err)
	}
	if got := value(t, l.Book, "member", v.there, "to"); got != "2024-03-05" {
		t.Errorf("left on %v", got)
	}
}

func TestCheckIsOneWrite(t *testing.T) {
	s, _, h, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	lists, err := s.Checklists(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	items := lists[0].Items
	commits := func() (n int) {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, topic := range h.topics {
			if topic == TopicRecords {
				n++
			}
		}
		return n
	}
	before := commits()
	saved, err := s.SaveCheck(t.Context(), CheckSheet{
		Household: v.first, Kind: lists[0].Kind, Present: []string{items[0].ID, items[1].ID}, Absent: []string{items[2].ID},
	})
	if err != nil || len(saved.Created) != 2 {
		t.Fatalf("saved %+v %v", saved, err)
	}
	if n := commits() - before; n != 1 {
		t.Errorf("%d commits", n)
	}
	if got := value(t, s.laptop.Book, "hazard", saved.Created[0].ID, "checklist"); got != saved.ID {
		t.Errorf("the hazard comes from %v", got)
	}
	if _, err := s.Undo(t.Context(), saved.Undo); err != nil {
		t.Fatal(err)
	}
	if open := mustPage(t, s.laptop.Book, v.first).Open; len(open) != 0 {
		t.Errorf("after the undo %+v", open)
	}
	_, err = s.SaveCheck(t.Context(), CheckSheet{Household: v.first, Kind: lists[0].Kind, Present: []string{items[0].ID, "nonsense"}})
	wantCode(t, "an unknown item", err, syncproto.CodeNotFound)
	if open := mustPage(t, s.laptop.Book, v.first).Open; len(open) != 0 {
		t.Errorf("half of it was written: %+v", open)
	}
}
