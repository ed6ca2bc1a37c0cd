package service

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gridbook/app/boltstore"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// xiapei is a village that the table of places knows.
const xiapei = "330702009209"

// lists puts the laptop's own line into the list of devices, or takes it away
// with everything else, as an exchange does; n records are left.
func lists(t testing.TB, l *Laptop, role ledger.Role, scope string, n uint64, at int64) {
	t.Helper()
	k := syncproto.Key{Collection: ledger.Device, ID: syncproto.Stamp{Time: 1 << 16, Replica: 1}}
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		var rec *syncproto.Record
		if role != ledger.RoleEnded {
			d := &syncproto.Device{Replica: 3, Role: string(role), Scope: scope, Person: "王书记", Name: "村委电脑"}
			rec = (ledger.Policy{}).DeviceRecord(k.ID, d)
		}
		if err := tx.PutAgreed(k, rec, 0); err != nil {
			return err
		}
		meta, err := tx.Meta()
		if err != nil {
			return err
		}
		meta.Verified = syncproto.Verified{At: at, Equal: true, Records: n}
		return tx.SetMeta(meta)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.received(News{Keys: []syncproto.Key{k}})
	l.rested()
}

// hands counts work that the server took and kept for the township.
func hands(t testing.TB, l *Laptop, n int) {
	t.Helper()
	if err := l.Store.Update(func(tx *boltstore.Tx) error { return l.Book.keep(tx, syncproto.Progress{Handed: n}) }); err != nil {
		t.Fatal(err)
	}
}

// notices lists those that nobody has put away.
func notices(t testing.TB, s *Service) []Notice {
	t.Helper()
	list, err := s.Notices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(n Notice) bool { return n.Seen })
}

func TestRoleThatEndedIsTold(t *testing.T) {
	s, _, h, _ := unlockedService(t, secretary())
	l := s.laptop
	lists(t, l, ledger.RoleVillage, xiapei, 20, 1_709_600_000_000)
	if got := notices(t, s); len(got) != 0 {
		t.Fatalf("told of what was always so: %+v", got)
	}
	hands(t, l, 2)
	// The line goes first, the rest follows: nothing is said before it is certain.
	lists(t, l, ledger.RoleEnded, shaxi, 5, 1_709_700_000_000)
	if state, err := s.State(t.Context()); err != nil || state.Ended != nil {
		t.Fatalf("told too soon: %+v (%v)", state.Ended, err)
	}
	before := h.count(TopicState)
	lists(t, l, ledger.RoleEnded, shaxi, 0, 1_709_800_000_000)
	state, err := s.State(t.Context())
	if err != nil || state.Ended == nil {
		t.Fatalf("not told: %+v (%v)", state, err)
	}
	want := Ended{Since: 1_709_800_000_000, RoleName: "村干部", Place: "下裴村", Handed: 2}
	if *state.Ended != want || state.CanWrite || state.Role != "ended" {
		t.Errorf("told %+v, role %s, may write %v", *state.Ended, state.Role, state.CanWrite)
	}
	if h.count(TopicState) == before {
		t.Error("the screens do not hear of it")
	}
	list := notices(t, s)
	if len(list) != 1 || list[0].Kind != noticeEnded || !strings.Contains(list[0].Message, "不再负责") || !strings.Contains(list[0].Hint, "2 条") {
		t.Errorf("notices %+v", list)
	}
	// Work that comes later is counted to it; nobody writes here any more.
	hands(t, l, 1)
	l.rested()
	if e, err := l.Book.Ended(); err != nil || e.Handed != 3 {
		t.Errorf("%+v (%v)", e, err)
	}
	_, err = s.SaveRecord(t.Context(), "household", "", map[string]any{"head_name": "张三"})
	wantCode(t, "writing without a duty", err, syncproto.CodeNotAllowed)
	// It stays so after the next start.
	if _, err := s.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if state, err := s.Unlock(t.Context(), password); err != nil || state.Ended == nil || state.Ended.Handed != 3 {
		t.Errorf("after a start %+v (%v)", state.Ended, err)
	}
}

// The laptop of someone who has left keeps deposits of the work that it handed
// over: with nothing else left, the duty has ended all the same.
func TestDepositsAreNoDuty(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	l := s.laptop
	lists(t, l, ledger.RoleVillage, xiapei, 20, 1_709_600_000_000)
	hands(t, l, 1)
	k := syncproto.Key{Collection: ledger.Deposit, ID: syncproto.Stamp{Time: 2 << 16, Replica: 1}}
	err := l.Store.Update(func(tx *boltstore.Tx) error { return tx.PutAgreed(k, syncproto.NewRecord(k.Collection, k.ID), 0) })
	if err != nil {
		t.Fatal(err)
	}
	lists(t, l, ledger.RoleEnded, shaxi, 2, 1_709_700_000_000)
	if e, err := l.Book.Ended(); err != nil || e != nil {
		t.Fatalf("told too soon: %+v (%v)", e, err)
	}
	lists(t, l, ledger.RoleEnded, shaxi, 1, 1_709_800_000_000)
	if e, err := l.Book.Ended(); err != nil || e == nil || e.Handed != 1 {
		t.Errorf("not told: %+v (%v)", e, err)
	}
}

func TestRolesInPlainWords(t *testing.T) {
	for _, c := range []struct {
		role        ledger.Role
		place, want string
	}{
		{ledger.RoleVillage, "下裴村", "村干部"},
		{ledger.RoleVillage, "东屏社区", "社区干部"},
		{ledger.RoleVillage, "城南居", "社区干部"},
		{ledger.RoleVillage, "石门农场", "村级干部"},
		{ledger.RoleTownship, "新狮街道", "街道干部"},
		{ledger.RoleTownship, "澧浦镇", "镇干部"},
		{ledger.RoleTownship, "莘畈乡", "乡干部"},
		{ledger.RoleTownship, "330702099", "乡镇干部"},
		{ledger.RoleGrid, "下裴村", "网格员"},
		{ledger.RoleInspector, "新狮街道", "检查人员"},
		{ledger.RoleEnded, "下裴村", "已离任"},
		{"newer", "下裴村", "newer"},
	} {
		if got := roleName(c.role, c.place); got != c.want {
			t.Errorf("%s of %s is %q, want %q", c.role, c.place, got, c.want)
		}
	}
}

func TestAnotherRoleIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		role  ledger.Role
		scope string
		words []string
	}{
		"another village": {ledger.RoleVillage, other, []string{"下裴村", "新的资料", "”的村干部，现在是"}},
		"another role":    {ledger.RoleGrid, xiapei, []string{"村干部", "网格员"}},
		"a grid":          {ledger.RoleGrid, xiapei + "003", []string{"网格 003"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, _, _ := unlockedService(t, secretary())
			lists(t, s.laptop, ledger.RoleVillage, xiapei, 20, 1_709_600_000_000)
			lists(t, s.laptop, c.role, c.scope, 20, 1_709_700_000_000)
			list := notices(t, s)
			if len(list) != 1 || list[0].Kind != noticeRole {
				t.Fatalf("notices %+v", list)
			}
			for _, word := range c.words {
				if !strings.Contains(list[0].Message+list[0].Hint, word) {
					t.Errorf("%q lacks %q", list[0].Message+list[0].Hint, word)
				}
			}
			// It is heeded at once.
			if state, err := s.State(t.Context()); err != nil || state.Role != string(c.role) || state.Scope != c.scope {
				t.Errorf("the laptop is still %+v (%v)", state, err)
			}
			lists(t, s.laptop, c.role, c.scope, 20, 1_709_800_000_000)
			if err := s.SeenNotice(t.Context(), list[0].ID); err != nil {
				t.Fatal(err)
			}
			if got := notices(t, s); len(got) != 0 {
				t.Errorf("told again %+v", got)
			}
			if all, err := s.Notices(t.Context()); err != nil || len(all) != 1 || !all[0].Seen {
				t.Errorf("the list has %+v (%v)", all, err)
			}
			wantCode(t, "a notice that is not there", s.SeenNotice(t.Context(), "99"), syncproto.CodeNotFound)
		})
	}
}

// Households that moved away are no work of a former duty.
func TestMovesAreNotHandedWork(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	lists(t, s.laptop, ledger.RoleVillage, xiapei, 20, 1_709_600_000_000)
	hands(t, s.laptop, 7)
	lists(t, s.laptop, ledger.RoleVillage, xiapei, 13, 1_709_700_000_000)
	lists(t, s.laptop, ledger.RoleEnded, shaxi, 0, 1_709_800_000_000)
	if e, err := s.laptop.Book.Ended(); err != nil || e == nil || e.Handed != 0 {
		t.Errorf("%+v (%v)", e, err)
	}
}

func TestJoinAnew(t *testing.T) {
	n := secretary()
	s, c, _, _ := unlockedService(t, n)
	join := func() error {
		c.at = c.at.AddDate(0, 0, 1)
		_, err := s.JoinAnew(t.Context(), invitation(), "村委电脑", "新的密码2024")
		return err
	}
	lists(t, s.laptop, ledger.RoleVillage, xiapei, 20, 1_709_600_000_000)
	wantCode(t, "a laptop in use", join(), syncproto.CodeNotAllowed)
	unsent := put(t, s.laptop.Book, "household", map[string]any{"head_name": "张三", "address": "沙溪村12号"})
	lists(t, s.laptop, ledger.RoleEnded, shaxi, 0, 1_709_800_000_000)
	wantCode(t, "unsent work", join(), syncproto.CodeNotAllowed)
	err := s.laptop.Store.Update(func(tx *boltstore.Tx) error {
		return tx.PutDelta(syncproto.Key{Collection: ledger.Household, ID: mustID(t, unsent)}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	n.fails = &syncproto.Error{Code: syncproto.CodeUnreachable, Message: "连不上", Hint: "等有网了再试。"}
	wantCode(t, "no way to the server", join(), syncproto.CodeUnreachable)
	if state, err := s.State(t.Context()); err != nil || state.Phase != PhaseReady || state.Ended == nil {
		t.Fatalf("after a failure %+v (%v)", state, err)
	}
	n.fails, n.replica, n.scope = nil, 9, other
	if err := join(); err != nil {
		t.Fatal(err)
	}
	if state, err := s.State(t.Context()); err != nil || state.Phase != PhaseReady || state.Ended != nil || state.Scope != other {
		t.Errorf("joined anew %+v (%v)", state, err)
	}
	if got := notices(t, s); len(got) != 0 {
		t.Errorf("the new laptop tells %+v", got)
	}
	// The old files are still there, under their old password.
	o := s.o
	o.Dir = globOne(t, o.Dir, "ended-*")
	old, err := Open(o, password)
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
}

// Deposits stay with the laptop, for the server that made them and no other.
func TestJoinAnewKeepsDeposits(t *testing.T) {
	for name, c := range map[string]struct {
		key  string
		want int
	}{"the same server": {"one", 1}, "another server": {"two", 0}} {
		t.Run(name, func(t *testing.T) {
			n := secretary()
			n.key = []byte("one")
			s, _, _, _ := unlockedService(t, n)
			lists(t, s.laptop, ledger.RoleVillage, xiapei, 20, 1_709_600_000_000)
			k := syncproto.Key{Collection: ledger.Deposit, ID: syncproto.Stamp{Time: 2 << 16, Replica: 1}}
			err := s.laptop.Store.Update(func(tx *boltstore.Tx) error { return tx.PutAgreed(k, syncproto.NewRecord(k.Collection, k.ID), 0) })
			if err != nil {
				t.Fatal(err)
			}
			lists(t, s.laptop, ledger.RoleEnded, shaxi, 1, 1_709_800_000_000)
			n.key, n.replica = []byte(c.key), 9
			if _, err := s.JoinAnew(t.Context(), invitation(), "村委电脑", "新的密码2024"); err != nil {
				t.Fatal(err)
			}
			page, err := s.Deposits(t.Context(), 0)
			if err != nil || page.Total != c.want {
				t.Errorf("it has %+v (%v)", page, err)
			}
			if unsent, _, err := countsOf(s); err != nil || unsent != c.want {
				t.Errorf("%d are to be shown to the server (%v)", unsent, err)
			}
		})
	}
}

func countsOf(s *Service) (unsent, rejected int, err error) {
	err = s.laptop.Store.View(func(tx *boltstore.Tx) error {
		unsent, rejected, err = tx.Counts()
		return err
	})
	return unsent, rejected, err
}

// A program that was stopped between the two moves goes on where it was.
func TestJoinAnewIsFinished(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	o := s.o
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if err := moveStore(o.Dir, o.anew().Dir); err != nil {
		t.Fatal(err)
	}
	state, err := s.State(t.Context())
	if err != nil || state.Phase != PhaseLocked {
		t.Fatalf("%+v (%v)", state, err)
	}
	if _, err := s.Unlock(t.Context(), password); err != nil {
		t.Error(err)
	}
}

func globOne(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v (%v)", pattern, found, err)
	}
	return found[0]
}

// count is how often the screens heard of a topic.
func (h *heard) count(topic string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.topics {
		if one == topic {
			n++
		}
	}
	return n
}
