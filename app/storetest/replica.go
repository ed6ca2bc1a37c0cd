// Package storetest is the contract of a replica's store as tests. Every store
// that a syncproto.Session runs on runs all of it.
package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"gridbook/syncproto"
)

// Store is what the suite needs of a store.
type Store interface {
	View(func(syncproto.ReplicaTx) error) error
	Update(func(syncproto.ReplicaTx) error) error
}

// Reopener is a Store that outlives the program: Reopen closes it and opens it
// again.
type Reopener interface {
	Store
	Reopen() error
}

// Replica runs the suite. Each call of open makes an empty store, which lives
// until the test ends.
func Replica(t *testing.T, open func(t testing.TB) Store) {
	t.Run("Empty", func(t *testing.T) { empty(t, open(t)) })
	t.Run("Meta", func(t *testing.T) { metaKept(t, open(t)) })
	t.Run("CallerOwns", func(t *testing.T) { callerOwns(t, open(t)) })
	t.Run("Rollback", func(t *testing.T) { rollback(t, open(t)) })
	t.Run("ViewCannotWrite", func(t *testing.T) { viewCannotWrite(t, open(t)) })
	t.Run("Order", func(t *testing.T) { inOrder(t, open(t)) })
	t.Run("Days", func(t *testing.T) { days(t, open(t)) })
	t.Run("WriteWhileListing", func(t *testing.T) { writeWhileListing(t, open(t)) })
	t.Run("AnyRecord", func(t *testing.T) { anyRecord(t, open) })
	t.Run("Model", func(t *testing.T) { modelTest(t, open) })
}

var errWanted = errors.New("wanted")

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Sample returns a small record of k that differs with n.
func Sample(k syncproto.Key, n int) *syncproto.Record {
	r := syncproto.NewRecord(k.Collection, k.ID)
	r.Write(1, k.ID, syncproto.TextOf("330702009201"))
	r.Write(3, k.ID, syncproto.TextOf(fmt.Sprintf("第 %d 次", n)))
	return r
}

func sampleDelta(k syncproto.Key, n int) *syncproto.Delta {
	return &syncproto.Delta{Record: Sample(k, n), Gen: uint64(n), Order: uint64(n)}
}

func empty(t *testing.T, s Store) {
	check(t, s.View(func(tx syncproto.ReplicaTx) error {
		return newModel().differ(tx, newWorld())
	}))
}

// fill sets every field below v to something that is not zero, so that a store
// which forgets one is found when the type grows.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.String:
		v.SetString(fmt.Sprint("文", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(int64(-*n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		panic(fmt.Sprintf("storetest: a field of kind %v", v.Kind()))
	}
}

func metaKept(t *testing.T, s Store) {
	var want syncproto.ReplicaMeta
	n := 0
	fill(reflect.ValueOf(&want).Elem(), &n)
	see := func(when string) {
		t.Helper()
		check(t, s.View(func(tx syncproto.ReplicaTx) error {
			got, err := tx.Meta()
			if got.Clock.Last > want.Clock.Last {
				got.Clock = want.Clock // see syncproto.Opened
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s:\n got %+v\nwant %+v", when, got, want)
			}
			return err
		}))
	}
	check(t, s.Update(func(tx syncproto.ReplicaTx) error { return tx.SetMeta(want) }))
	see("after SetMeta")
	if r, ok := s.(Reopener); ok {
		check(t, r.Reopen())
		see("after Reopen")
	}
	want.Pending, want.Sticks = nil, nil
	want.Order++
	check(t, s.Update(func(tx syncproto.ReplicaTx) error {
		if err := tx.SetMeta(want); err != nil {
			return err
		}
		got, err := tx.Meta()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("in the same transaction: got %+v, want %+v", got, want)
		}
		return err
	}))
	see("without Pending")
	if r, ok := s.(Reopener); ok {
		check(t, r.Reopen())
		see("without Pending after Reopen")
	}
}

// callerOwns proves that what was put and what was read may be changed.
func callerOwns(t *testing.T, s Store) {
	k := newWorld().keys[0]
	at := syncproto.Stamp{Time: syncproto.TimeAt(5), Replica: 5}
	scribble := func(r *syncproto.Record) { r.Write(3, at, syncproto.TextOf("涂改")) }
	check(t, s.Update(func(tx syncproto.ReplicaTx) error {
		r, d := Sample(k, 1), sampleDelta(k, 2)
		if err := errors.Join(tx.PutAgreed(k, r, 7), tx.PutDelta(k, d)); err != nil {
			return err
		}
		scribble(r)
		scribble(d.Record)
		d.Gen = 99
		return nil
	}))
	for range 2 {
		check(t, s.View(func(tx syncproto.ReplicaTx) error {
			r, err := tx.Agreed(k)
			if err != nil {
				return err
			}
			d, err := tx.Delta(k)
			if err != nil {
				return err
			}
			if !r.Equal(Sample(k, 1)) || !d.Record.Equal(Sample(k, 2)) || d.Gen != 2 {
				t.Errorf("changed behind the store's back: %v, %v", r, d)
			}
			scribble(r)
			scribble(d.Record)
			return nil
		}))
	}
}

func rollback(t *testing.T, s Store) {
	w := newWorld()
	m := newModel()
	write := func(tx syncproto.ReplicaTx, n int) error {
		return errors.Join(
			tx.PutAgreed(w.keys[0], Sample(w.keys[0], n), int64(n)),
			tx.PutDelta(w.keys[1], sampleDelta(w.keys[1], n)),
			tx.PutAgreed(w.keys[2], nil, 0),
			tx.SetMeta(syncproto.ReplicaMeta{Replica: syncproto.ReplicaID(n)}))
	}
	check(t, s.Update(func(tx syncproto.ReplicaTx) error {
		return errors.Join(write(tx, 1), tx.PutAgreed(w.keys[2], Sample(w.keys[2], 1), 1))
	}))
	m.agreed[w.keys[0]] = Sample(w.keys[0], 1)
	m.agreed[w.keys[2]] = Sample(w.keys[2], 1)
	m.deltas[w.keys[1]] = sampleDelta(w.keys[1], 1)
	m.meta.Replica = 1
	for name, fail := range map[string]func(tx syncproto.ReplicaTx) error{
		"error": func(tx syncproto.ReplicaTx) error { return errors.Join(write(tx, 2), errWanted) },
		"panic": func(tx syncproto.ReplicaTx) error { check(t, write(tx, 3)); panic(errWanted) },
	} {
		if err := caught(func() error { return s.Update(fail) }); !errors.Is(err, errWanted) {
			t.Errorf("%s: Update returned %v", name, err)
		}
		check(t, s.View(func(tx syncproto.ReplicaTx) error {
			if err := m.differ(tx, w); err != nil {
				t.Errorf("after %s: %v", name, err)
			}
			return nil
		}))
	}
	if err := s.View(func(syncproto.ReplicaTx) error { return errWanted }); !errors.Is(err, errWanted) {
		t.Errorf("View returned %v", err)
	}
}

// caught calls f and returns its error, or the error it panicked with.
func caught(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			var ok bool
			if err, ok = p.(error); !ok {
				panic(p)
			}
		}
	}()
	return f()
}

func viewCannotWrite(t *testing.T, s Store) {
	k := newWorld().keys[0]
	for name, write := range map[string]func(syncproto.ReplicaTx) error{
		"PutAgreed": func(tx syncproto.ReplicaTx) error { return tx.PutAgreed(k, Sample(k, 1), 0) },
		"PutDelta":  func(tx syncproto.ReplicaTx) error { return tx.PutDelta(k, sampleDelta(k, 1)) },
		"SetMeta":   func(tx syncproto.ReplicaTx) error { return tx.SetMeta(syncproto.ReplicaMeta{Replica: 3}) },
	} {
		if err := s.View(write); err == nil {
			t.Errorf("%s in a View did not fail", name)
		}
	}
	empty(t, s)
}

func inOrder(t *testing.T, s Store) {
	w := newWorld()
	check(t, s.Update(func(tx syncproto.ReplicaTx) error {
		for i, k := range w.keys {
			d := sampleDelta(k, i+1)
			d.Order = uint64(len(w.keys) - i)
			if i%3 == 0 {
				d.Rejected = &syncproto.Rejection{Key: k, Code: syncproto.CodeField, Message: "不行"}
			}
			if err := tx.PutDelta(k, d); err != nil {
				return err
			}
		}
		// The last in line goes first.
		first := sampleDelta(w.keys[0], 1)
		first.Order = 0
		return tx.PutDelta(w.keys[0], first)
	}))
	var got []syncproto.Key
	check(t, s.View(func(tx syncproto.ReplicaTx) error {
		for d, err := range tx.Deltas() {
			if err != nil {
				return err
			}
			got = append(got, d.Key)
		}
		for range tx.Deltas() {
			break // a list may be left early
		}
		return nil
	}))
	want := []syncproto.Key{w.keys[0]}
	for i := len(w.keys) - 1; i > 0; i-- {
		want = append(want, w.keys[i])
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("deltas %v, want %v", got, want)
	}
}

// days looks at both ends of days and of time.
func days(t *testing.T, s Store) {
	w := newWorld()
	m := newModel()
	check(t, s.Update(func(tx syncproto.ReplicaTx) error {
		for i, k := range w.keys {
			m.agreed[k] = Sample(k, i)
			if err := tx.PutAgreed(k, Sample(k, i), 0); err != nil {
				return err
			}
		}
		return m.differ(tx, w)
	}))
	check(t, s.View(func(tx syncproto.ReplicaTx) error { return m.differ(tx, w) }))
	check(t, s.Update(func(tx syncproto.ReplicaTx) error {
		for _, k := range w.keys {
			delete(m.agreed, k)
			if err := tx.PutAgreed(k, nil, 0); err != nil {
				return err
			}
			if err := m.differ(tx, w); err != nil {
				return err
			}
		}
		return nil
	}))
	empty(t, s)
}

// writeWhileListing does what a session does: it puts and removes the records
// that it is listing.
func writeWhileListing(t *testing.T, s Store) {
	w := newWorld()
	m := newModel()
	check(t, s.Update(func(tx syncproto.ReplicaTx) error {
		for i, k := range w.keys {
			if err := errors.Join(tx.PutAgreed(k, Sample(k, i), 0), tx.PutDelta(k, sampleDelta(k, i))); err != nil {
				return err
			}
			m.agreed[k] = Sample(k, i)
		}
		return nil
	}))
	check(t, s.Update(func(tx syncproto.ReplicaTx) error {
		seen := 0
		for d, err := range tx.Deltas() {
			if err != nil {
				return err
			}
			seen++
			if err := tx.PutDelta(d.Key, nil); err != nil {
				return err
			}
		}
		if seen != len(w.keys) {
			t.Errorf("saw %d deltas, want %d", seen, len(w.keys))
		}
		for _, day := range w.days {
			for h, err := range tx.OfDay(day) {
				if err != nil {
					return err
				}
				m.agreed[h.Key] = Sample(h.Key, 100)
				if err := tx.PutAgreed(h.Key, Sample(h.Key, 100), 0); err != nil {
					return err
				}
			}
		}
		for d, err := range tx.Days() {
			if err != nil {
				return err
			}
			for h, err := range tx.OfDay(d.Day) {
				if err != nil {
					return err
				}
				delete(m.agreed, h.Key)
				if err := tx.PutAgreed(h.Key, nil, 0); err != nil {
					return err
				}
				break
			}
		}
		return m.differ(tx, w)
	}))
}
