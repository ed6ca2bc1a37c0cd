package boltstore

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"gridbook/syncproto"
)

// TestMain lets the test binary stand for a laptop's program that is killed,
// or that has a small disk.
func TestMain(m *testing.M) {
	if dir := os.Getenv("GRIDBOOK_TEST_SAVER"); dir != "" {
		saver(dir)
		return
	}
	os.Exit(m.Run())
}

// saver saves numbered edits for ever and prints each number once it is saved.
func saver(dir string) {
	limit, _ := strconv.ParseUint(os.Getenv("GRIDBOOK_TEST_DISK"), 10, 64)
	s, err := Open(dir, password, options(nil))
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	if limit > 0 {
		limitFiles(limit)
	}
	for {
		n, err := saveNext(s)
		if err != nil {
			fmt.Println("save:", syncproto.CodeOf(err))
			if limit > 0 {
				limitFiles(1 << 40) // the person made room
				n, err = saveNext(s)
				fmt.Println(n, err, s.Close())
			}
			os.Exit(0)
		}
		fmt.Println(n)
	}
}

// saveNext saves one edit of two records and a setting that must stay together.
func saveNext(s *Store) (n int64, err error) {
	err = s.Update(func(tx *Tx) error {
		meta, err := tx.Meta()
		if err != nil {
			return err
		}
		meta.Order++
		n = int64(meta.Order)
		for c := range syncproto.Collection(2) {
			r := visit(7+c, int(n%500), at(1), n)
			r.Write(3, r.ID, syncproto.BytesOf(bytes.Repeat([]byte{byte(n)}, int(n%700))))
			d := &syncproto.Delta{Record: r, Gen: meta.Order, Order: meta.Order}
			if err := tx.PutDelta(r.Key, d); err != nil {
				return err
			}
		}
		return errors.Join(tx.PutSetting("last", fmt.Append(nil, n)), tx.SetMeta(meta))
	})
	return n, err
}

// savedUpTo checks that all parts of the last edit are there and returns its
// number.
func savedUpTo(t *testing.T, s *Store) (n int64) {
	t.Helper()
	check(t, s.View(func(tx *Tx) error {
		meta, err := tx.Meta()
		if err != nil {
			return err
		}
		n = int64(meta.Order)
		last, err := tx.Setting("last")
		if err != nil || n > 0 && string(last) != fmt.Sprint(n) {
			t.Errorf("the setting is of edit %s, the state of %d: %v", last, n, err)
		}
		for c := range syncproto.Collection(2) {
			if n == 0 {
				break
			}
			d, err := tx.Delta(visit(7+c, int(n%500), at(1), 0).Key)
			if err != nil || d == nil || d.Order != uint64(n) {
				t.Errorf("edit %d: delta %+v, %v", n, d, err)
			}
		}
		return nil
	}))
	return n
}

// TestKilledWhileSaving kills the program at random and expects every edit
// that it said was saved, whole.
func TestKilledWhileSaving(t *testing.T) {
	dir := t.TempDir()
	s, err := Create(dir, password, options(nil))
	check(t, err)
	check(t, s.Close())
	rnd := rand.New(rand.NewPCG(3, 4))
	for run := range 12 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "GRIDBOOK_TEST_SAVER="+dir)
		out, err := cmd.StdoutPipe()
		check(t, err)
		check(t, cmd.Start())
		lines := bufio.NewScanner(out)
		told := int64(0)
		for left := rnd.IntN(60); lines.Scan(); left-- {
			if told, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
				t.Fatal(lines.Text())
			}
			if left == 0 {
				check(t, cmd.Process.Kill())
			}
		}
		_ = cmd.Wait() // it was killed
		s, err := Open(dir, password, options(nil))
		check(t, err)
		if s.Recovered() != nil {
			t.Errorf("run %d: a kill was taken for damage: %v", run, s.Recovered().Cause)
		}
		if n := savedUpTo(t, s); n < told || n > told+1 {
			t.Errorf("run %d: saved up to %d, was told %d", run, n, told)
		}
		if _, err := s.Verify(); err != nil {
			t.Error(err)
		}
		check(t, s.Close())
	}
}

// TestPowerCut makes from every save the files that a power cut may leave
// behind: any part of the pages written before the first sync, and after it
// the meta page old, new or torn.
func TestPowerCut(t *testing.T) {
	const page = 4096
	dir := t.TempDir()
	s, err := Create(dir, password, options(nil))
	check(t, err)
	rnd := rand.New(rand.NewPCG(5, 6))
	name := filepath.Join(dir, fileName)
	before, err := os.ReadFile(name)
	check(t, err)
	for save := range 25 {
		_, err := saveNext(s)
		check(t, err)
		after, err := os.ReadFile(name)
		check(t, err)
		for range 4 {
			cut := append(bytes.Clone(before), make([]byte, max(0, len(after)-len(before)))...)
			synced := rnd.IntN(2) == 0
			for p := 2 * page; p < len(after); p += page {
				if synced || rnd.IntN(2) == 0 {
					copy(cut[p:p+page], after[p:])
				}
			}
			if synced {
				copy(cut[:2*page], after[:2*page])
				if rnd.IntN(2) == 0 { // torn: the new meta page only in part
					meta := (save + 1) % 2
					for m := range 2 {
						if !bytes.Equal(before[m*page:(m+1)*page], after[m*page:(m+1)*page]) {
							meta = m
						}
					}
					copy(cut[meta*page+rnd.IntN(80):(meta+1)*page], before[meta*page:])
					copy(cut[meta*page+40:(meta+1)*page], before[meta*page+40:(meta+1)*page])
				}
			}
			left := layOut(t, map[string][]byte{fileName: cut, openName: nil})
			s, err := Open(left, password, options(nil))
			check(t, err)
			if s.Recovered() != nil {
				t.Errorf("save %d: a power cut was taken for damage: %v", save, s.Recovered().Cause)
			}
			if n := savedUpTo(t, s); n != int64(save) && (n != int64(save+1) || !synced) {
				t.Errorf("save %d, synced %v: found edit %d", save, synced, n)
			}
			if _, err := s.Verify(); err != nil {
				t.Error(err)
			}
			check(t, s.Close())
		}
		before = after
	}
	check(t, s.Close())
}

// TestSmallDisk reaches the end of a disk by bbolt's own bound.
func TestSmallDisk(t *testing.T) {
	o := options(nil)
	o.MaxSize = 2 << 20
	dir := t.TempDir()
	s := newStore(t, dir, o)
	var saved contents
	for {
		before, err := read(s)
		check(t, err)
		err = s.Update(func(tx *Tx) error {
			meta, err := tx.Meta()
			if err != nil {
				return err
			}
			meta.Order++
			r := visit(7, int(meta.Order), at(1), 1)
			r.Write(3, r.ID, syncproto.BytesOf(make([]byte, 60_000)))
			return errors.Join(tx.PutDelta(r.Key, &syncproto.Delta{Record: r, Order: meta.Order}), tx.SetMeta(meta))
		})
		if err == nil {
			continue
		}
		if syncproto.CodeOf(err) != syncproto.CodeDiskFull {
			t.Fatalf("Update: %v", err)
		}
		saved = before
		break
	}
	for range 3 {
		after, err := read(s)
		check(t, err)
		if !maps.Equal(after, saved) {
			t.Error("a save that failed changed something")
		}
		if err := s.Update(func(tx *Tx) error {
			return tx.PutSetting("big", make([]byte, 1<<20))
		}); syncproto.CodeOf(err) != syncproto.CodeDiskFull {
			t.Errorf("Update: %v", err)
		}
	}
	check(t, s.Update(func(tx *Tx) error { return tx.PutSetting("small", []byte{1}) }))
}
