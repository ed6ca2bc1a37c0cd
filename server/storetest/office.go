package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"gridbook/server/office"
	"gridbook/syncproto"
)

// hubStore shows an office.Store to the hub's part of the suite.
type hubStore struct{ office.Store }

func (s hubStore) View(f func(syncproto.HubTx) error) error {
	return s.Store.View(func(tx office.Tx) error { return f(tx) })
}

func (s hubStore) Update(f func(syncproto.HubTx) error) error {
	return s.Store.Update(func(tx office.Tx) error { return f(tx) })
}

// Opener opens the store in a folder, and makes it if there is none.
type Opener func(t testing.TB, dir string) office.Store

// Office runs the whole suite on a store.
func Office(t *testing.T, open Opener) {
	in := func(f func(*testing.T, office.Store)) func(*testing.T) {
		return func(t *testing.T) { f(t, opened(t, open)) }
	}
	t.Run("Hub", func(t *testing.T) {
		Hub(t, func(t testing.TB) HubStore { return hubStore{opened(t, open)} })
	})
	t.Run("Reopen", func(t *testing.T) { reopen(t, open) })
	t.Run("Snapshot", func(t *testing.T) { snapshot(t, open) })
	t.Run("Registry", in(registry))
	t.Run("Settings", in(settings))
	t.Run("Audit", in(audit))
	t.Run("Records", in(records))
	t.Run("Scopes", in(scopes))
	t.Run("Concurrent", in(concurrent))
	t.Run("OwnErrors", in(ownErrors))
	t.Run("OneStateToRead", in(oneStateToRead))
	t.Run("Closed", func(t *testing.T) { closed(t, open) })
}

// opened opens a store in a new folder; at the end of the test it must pass
// its own check.
func opened(t testing.TB, open Opener) office.Store {
	s := open(t, t.TempDir())
	t.Cleanup(func() {
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func reopen(t *testing.T, open Opener) {
	w, dir := newWorld(), t.TempDir()
	m := newModel()
	s := open(t, dir)
	for i, k := range w.keys {
		st := sample(k, syncproto.Seq(i+1), w.scopes[i%4])
		m.records[k], m.state.Seq = cloneStored(st), st.Seq
		check(t, s.Update(func(tx office.Tx) error { return errors.Join(tx.PutRecord(nil, st), tx.SetState(m.state)) }))
		if i%10 == 0 {
			check(t, s.Close())
			s = open(t, dir)
		}
	}
	check(t, s.View(func(tx office.Tx) error {
		if d := m.differ(tx, w); d != "" {
			t.Error(d)
		}
		return nil
	}))
	check(t, s.Close())
}

// snapshot: the copy holds one state, whatever is written meanwhile.
func snapshot(t *testing.T, open Opener) {
	s := opened(t, open)
	set := func(n int) error {
		return s.Update(func(tx office.Tx) error {
			return errors.Join(tx.PutSetting("a", fmt.Append(nil, n)), tx.PutSetting("b", fmt.Append(nil, n)))
		})
	}
	check(t, set(1))
	var copied bytes.Buffer
	wrote := false
	n, err := s.Snapshot(writerFunc(func(b []byte) (int, error) {
		if !wrote {
			wrote = true
			check(t, set(2))
		}
		return copied.Write(b)
	}))
	check(t, err)
	if n != int64(copied.Len()) || n == 0 {
		t.Errorf("Snapshot said %d bytes and wrote %d", n, copied.Len())
	}
	if _, err := s.Snapshot(writerFunc(func([]byte) (int, error) { return 0, errWanted })); !errors.Is(err, errWanted) {
		t.Errorf("Snapshot to a full disk: %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func registry(t *testing.T, s office.Store) {
	invite := &office.Invite{Hash: [32]byte{7}, Role: "village", Scope: "330702009201", Person: "李四", Made: 5, Expires: 9}
	used := &office.Invite{Hash: [32]byte{8}, Used: 6, Device: 3, Reply: []byte{1}}
	check(t, s.Update(func(tx office.Tx) error {
		return errors.Join(tx.PutInvite(invite), tx.PutInvite(used),
			tx.PutDevice(&syncproto.Device{ID: 300, TokenHash: [32]byte{1}}),
			tx.PutDevice(&syncproto.Device{ID: 2, TokenHash: [32]byte{2}}))
	}))
	check(t, s.View(func(tx office.Tx) error {
		var ids []uint32
		for d, err := range tx.Devices() {
			check(t, err)
			ids = append(ids, d.ID)
		}
		if !slices.Equal(ids, []uint32{2, 300}) {
			t.Errorf("devices %v", ids)
		}
		for _, want := range []*office.Invite{invite, used} {
			got, err := tx.Invite(want.Hash)
			if err != nil || got == nil || fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", *want) {
				t.Errorf("invitation %+v, %v, want %+v", got, err, want)
			}
		}
		if got, err := tx.Invite([32]byte{9}); got != nil || err != nil {
			t.Errorf("an unknown invitation: %+v, %v", got, err)
		}
		n := 0
		for _, err := range tx.Invites() {
			check(t, err)
			n++
		}
		if n != 2 {
			t.Errorf("%d invitations", n)
		}
		return nil
	}))
}

func settings(t *testing.T, s office.Store) {
	value := []byte("值")
	check(t, s.Update(func(tx office.Tx) error { return tx.PutSetting("name", value) }))
	value[0] = 'x'
	check(t, s.View(func(tx office.Tx) error {
		if v, err := tx.Setting("name"); string(v) != "值" || err != nil {
			t.Errorf("%q, %v", v, err)
		}
		if v, err := tx.Setting("other"); v != nil || err != nil {
			t.Errorf("%q, %v", v, err)
		}
		if tx.PutSetting("name", nil) == nil {
			t.Error("PutSetting worked in a View")
		}
		return nil
	}))
	check(t, s.Update(func(tx office.Tx) error { return tx.PutSetting("name", nil) }))
	check(t, s.View(func(tx office.Tx) error {
		if v, err := tx.Setting("name"); v != nil || err != nil {
			t.Errorf("after its removal: %q, %v", v, err)
		}
		return nil
	}))
}

func audit(t *testing.T, s office.Store) {
	var want []office.Entry
	for i := range 20 {
		e := office.Entry{At: int64(i), Who: "王五", Act: "invite", On: fmt.Sprint(i), Note: "备注"}
		check(t, s.Update(func(tx office.Tx) error { return tx.AppendAudit(e) }))
		_ = s.Update(func(tx office.Tx) error { return errors.Join(tx.AppendAudit(e), errWanted) })
		e.Number = uint64(i + 1)
		if i > 0 {
			e.Chain = want[i-1].Chain
		}
		e.Chain = e.Link(e.Chain)
		want = append(want, e)
	}
	check(t, s.View(func(tx office.Tx) error {
		for _, after := range []uint64{0, 1, 19, 20, 21, ^uint64(0)} {
			if d := differList(want[min(after, 20):], tx.Audit(after)); d != "" {
				t.Errorf("after %d: %s", after, d)
			}
		}
		return nil
	}))
}

func records(t *testing.T, s office.Store) {
	w := newWorld()
	check(t, s.Update(func(tx office.Tx) error {
		for i, k := range w.keys {
			check(t, tx.PutRecord(nil, sample(k, syncproto.Seq(i+1))))
		}
		return nil
	}))
	want := slices.Clone(w.keys)
	slices.SortFunc(want, func(a, b syncproto.Key) int {
		if c := a.ID.Compare(b.ID); c != 0 {
			return c
		}
		return int(a.Collection) - int(b.Collection)
	})
	var got []syncproto.Key
	check(t, s.View(func(tx office.Tx) error {
		for st, err := range tx.Records() {
			check(t, err)
			got = append(got, st.Key)
		}
		return nil
	}))
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func scopes(t *testing.T, s office.Store) {
	w := newWorld()
	check(t, s.Update(func(tx office.Tx) error {
		for _, scope := range w.scopes {
			for _, day := range []uint32{0, 7, syncproto.AllDays} {
				check(t, tx.PutSum(scope, day, syncproto.Sum{Count: 1}))
			}
		}
		want := slices.Sorted(slices.Values(w.scopes))
		if d := differList(want, tx.Scopes()); d != "" {
			t.Error(d)
		}
		return nil
	}))
}

// concurrent: many writers count one number up; none is lost.
func concurrent(t *testing.T, s office.Store) {
	const writers, times = 16, 25
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range times {
				if err := s.Update(countUp); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	check(t, s.View(func(tx office.Tx) error {
		if st, err := tx.State(); err != nil || st.Seq != writers*times {
			t.Errorf("counted to %d, %v", st.Seq, err)
		}
		return nil
	}))
}

func countUp(tx office.Tx) error {
	st, err := tx.State()
	if err != nil {
		return err
	}
	st.Seq++
	return tx.SetState(st)
}

// ownErrors: of many updates at once, those that fail fail alone.
func ownErrors(t *testing.T, s office.Store) {
	const n = 60
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			mine := fmt.Errorf("error %d: %w", i, errWanted)
			err := caught(func() error {
				return s.Update(func(tx office.Tx) error {
					check(t, errors.Join(tx.PutSetting(fmt.Sprint(i), []byte{1}), countUp(tx)))
					switch i % 3 {
					case 1:
						return mine
					case 2:
						panic(mine)
					}
					return nil
				})
			})
			if want := i%3 != 0; want != (err != nil) || want && err.Error() != mine.Error() {
				t.Errorf("update %d returned %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
	check(t, s.View(func(tx office.Tx) error {
		for i := range n {
			if v, err := tx.Setting(fmt.Sprint(i)); err != nil || (v != nil) != (i%3 == 0) {
				t.Errorf("update %d left %v, %v", i, v, err)
			}
		}
		if st, err := tx.State(); err != nil || st.Seq != n/3 {
			t.Errorf("counted to %d, %v", st.Seq, err)
		}
		return nil
	}))
}

// oneStateToRead: a View sees nothing of what is committed after it began.
func oneStateToRead(t *testing.T, s office.Store) {
	check(t, s.Update(countUp))
	check(t, s.View(func(before office.Tx) error {
		done := make(chan error)
		go func() { done <- s.Update(countUp) }()
		check(t, <-done)
		if st, err := before.State(); err != nil || st.Seq != 1 {
			t.Errorf("the older View counts %d, %v", st.Seq, err)
		}
		return s.View(func(after office.Tx) error {
			if st, err := after.State(); err != nil || st.Seq != 2 {
				t.Errorf("the newer View counts %d, %v", st.Seq, err)
			}
			return nil
		})
	}))
}

func closed(t *testing.T, open Opener) {
	s := open(t, t.TempDir())
	check(t, s.Close())
	if s.Update(countUp) == nil {
		t.Error("Update worked on a closed store")
	}
	if s.View(func(office.Tx) error { return nil }) == nil {
		t.Error("View worked on a closed store")
	}
}
