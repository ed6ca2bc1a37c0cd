package boltstore

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"filippo.io/age"

	"gridbook/syncproto"
)

func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestCopiesAreMadeInTime(t *testing.T) {
	now := int64(1_700_000_000_000)
	s := newStore(t, t.TempDir(), options(&now))
	due := func(want bool, when string) {
		t.Helper()
		if got, err := s.CopyDue(); got != want || err != nil {
			t.Errorf("%s: due %v, %v", when, got, err)
		}
	}
	fromHub := func() error {
		return s.Update(func(tx *Tx) error { r := visit(7, 1, at(1), 5); return tx.PutAgreed(r.Key, r, 1) })
	}
	due(false, "new")
	check(t, fromHub())
	due(false, "after a sync")
	now += 23 * time.Hour.Milliseconds()
	due(false, "23 hours after")
	now += time.Hour.Milliseconds()
	due(true, "a day after")
	check(t, s.Copy())
	due(false, "after a copy")
	now += 48 * time.Hour.Milliseconds()
	due(false, "two days without a change")
	check(t, s.Copy())
	_, err := saveNext(s)
	check(t, err)
	due(false, "an edit")
	now += time.Hour.Milliseconds()
	due(true, "an hour after an edit")
	check(t, s.Copy())
	for range manyEdits {
		_, err := saveNext(s)
		check(t, err)
	}
	due(true, "many edits")
	check(t, s.Copy())
	now -= time.Hour.Milliseconds()
	due(true, "the clock was set back: how old the copy is, is not known")
}

func TestThreeCopiesAreKept(t *testing.T) {
	now := int64(1_700_000_000_000)
	dir, o := t.TempDir(), options(&now)
	s, err := Create(dir, password, o)
	check(t, err)
	for range 5 {
		_, err := saveNext(s)
		check(t, err)
		check(t, s.Copy())
	}
	want := []string{"gridbook-1.db", "gridbook-2.db", "gridbook-3.db", "gridbook.db", "gridbook.lock", "gridbook.open"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	_, err = saveNext(s)
	check(t, err)
	now += closingAge
	check(t, s.Close())
	want = slices.DeleteFunc(want, func(n string) bool { return n == openName })
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("files after Close %v, want %v", got, want)
	}
	for i, edits := range []int64{6, 5, 4} {
		one := t.TempDir()
		check(t, copyNew(filepath.Join(one, fileName), filepath.Join(dir, want[i])))
		s := reopened(t, one, o)
		if got := savedUpTo(t, s); got != edits {
			t.Errorf("%s has %d edits, want %d", want[i], got, edits)
		}
	}
}

func copyNew(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o600)
}

func TestBackupAndRestore(t *testing.T) {
	s := newStore(t, t.TempDir(), options(nil))
	furnish(t, s)
	want, err := read(s)
	check(t, err)
	backup := filepath.Join(t.TempDir(), "备份.db")
	check(t, s.Backup(backup))
	check(t, s.Backup(backup)) // over the older one

	dir := filepath.Join(t.TempDir(), "新电脑")
	restored, err := Restore(dir, backup, password, options(nil))
	check(t, err)
	got, err := read(restored)
	check(t, err)
	if !maps.Equal(got, want) {
		t.Error("the restored store differs")
	}
	check(t, restored.Close())
	for name, c := range map[string]struct {
		dir, backup, password string
		want                  syncproto.Code
	}{
		"over a store":   {dir, backup, password, syncproto.CodeExists},
		"wrong password": {t.TempDir(), backup, "x", syncproto.CodePassword},
		"no file":        {t.TempDir(), backup + "x", password, syncproto.CodeInput},
		"no backup":      {t.TempDir(), filepath.Join(dir, lockName), password, syncproto.CodeDamaged},
	} {
		if _, err := Restore(c.dir, c.backup, c.password, options(nil)); syncproto.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if name != "over a store" && Exists(c.dir) {
			t.Errorf("%s: left something behind", name)
		}
	}
}

func TestPasswords(t *testing.T) {
	dir, o := t.TempDir(), options(nil)
	s, err := CreateFor(dir, "王书记", password, o)
	check(t, err)
	check(t, s.AddPerson("林副书记", "第二"))
	if err := s.AddPerson("林副书记", "第三"); syncproto.CodeOf(err) != syncproto.CodeExists {
		t.Errorf("AddPerson of one who is there: %v", err)
	}
	if err := s.ChangePassword("不对", "新的"); syncproto.CodeOf(err) != syncproto.CodePassword {
		t.Errorf("ChangePassword with a wrong one: %v", err)
	}
	if err := s.ChangePassword(password, ""); syncproto.CodeOf(err) != syncproto.CodeInput {
		t.Errorf("ChangePassword to nothing: %v", err)
	}
	check(t, s.Copy())
	check(t, s.Copy())
	check(t, s.ChangePassword(password, "新的"))
	check(t, s.Close())
	for _, file := range []string{fileName, "gridbook-1.db", "gridbook-2.db", "gridbook-3.db"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			continue
		}
		for pass, want := range map[string]string{password: "", "新的": "王书记", "第二": "林副书记"} {
			one := t.TempDir()
			check(t, copyNew(filepath.Join(one, fileName), filepath.Join(dir, file)))
			s, err := Open(one, pass, o)
			if want == "" {
				if syncproto.CodeOf(err) != syncproto.CodePassword {
					t.Errorf("%s opens with the old password: %v", file, err)
				}
				continue
			}
			check(t, err)
			people, err := s.People()
			if s.Person() != want || err != nil || !slices.Equal(people, []string{"王书记", "林副书记"}) {
				t.Errorf("%s opens for %q, people %v, %v", file, s.Person(), people, err)
			}
			check(t, s.Close())
		}
	}
}

func TestForgottenPassword(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	check(t, err)
	other, err := age.GenerateX25519Identity()
	check(t, err)
	dir, o := t.TempDir(), options(nil)
	s, err := CreateFor(dir, "王书记", password, o)
	check(t, err)
	check(t, s.Close())
	if _, err := Recover(dir, identity.String(), "", "新的", o); syncproto.CodeOf(err) != syncproto.CodePassword {
		t.Errorf("Recover before a recovery key was set: %v", err)
	}
	s, err = Open(dir, password, o)
	check(t, err)
	furnish(t, s)
	want, err := read(s)
	check(t, err)
	if err := s.SetRecovery("age1no"); syncproto.CodeOf(err) != syncproto.CodeUsage {
		t.Errorf("SetRecovery to nonsense: %v", err)
	}
	check(t, s.SetRecovery(identity.Recipient().String()))
	check(t, s.SetRecovery(identity.Recipient().String()))
	check(t, s.Close())
	for _, bad := range []string{other.String(), "AGE-SECRET-KEY-1", ""} {
		if _, err := Recover(dir, bad, "", "新的", o); syncproto.CodeOf(err) != syncproto.CodePassword {
			t.Errorf("Recover with %q: %v", bad, err)
		}
	}
	if _, err := Recover(dir, identity.String(), "别人", "新的", o); syncproto.CodeOf(err) != syncproto.CodeNotFound {
		t.Errorf("Recover for one who is not there: %v", err)
	}
	s, err = Recover(dir, identity.String()+"\n", "王书记", "新的", o)
	check(t, err)
	if s.Person() != "王书记" {
		t.Errorf("person %q", s.Person())
	}
	check(t, s.Close())
	if _, err := Open(dir, password, o); syncproto.CodeOf(err) != syncproto.CodePassword {
		t.Errorf("Open with the forgotten password: %v", err)
	}
	s, err = Open(dir, "新的", o)
	check(t, err)
	got, err := read(s)
	check(t, err)
	if !maps.Equal(got, want) {
		t.Error("recovery changed the contents")
	}
	check(t, s.Close())
}

func TestFileShrinksAtClose(t *testing.T) {
	dir, o := t.TempDir(), options(nil)
	s, err := Create(dir, password, o)
	check(t, err)
	check(t, s.Update(func(tx *Tx) error { return tx.PutSetting("big", make([]byte, 8<<20)) }))
	check(t, s.Update(func(tx *Tx) error { return tx.PutSetting("big", nil) }))
	furnish(t, s)
	want, err := read(s)
	check(t, err)
	check(t, s.Close())
	info, err := os.Stat(filepath.Join(dir, fileName))
	check(t, err)
	if info.Size() > 1<<20 {
		t.Errorf("%d bytes after Close", info.Size())
	}
	s = reopened(t, dir, o)
	got, err := read(s)
	check(t, err)
	if !maps.Equal(got, want) {
		t.Error("shrinking changed the contents")
	}
}
