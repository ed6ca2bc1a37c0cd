package boltstore

import (
	"errors"
	"fmt"
	"os"

	"gridbook/app/boltstore/internal/boltfile"
	"gridbook/syncproto"
)

// Report is the outcome of Verify.
type Report struct {
	Records int // agreed
	Unsent  int
	Bytes   int64 // of the file
}

// Verify reads everything: every page, every value, and that fingerprints,
// counts and lists are what the records say. It holds up saving meanwhile.
func (s *Store) Verify() (Report, error) {
	var rep Report
	errDone := errors.New("done")
	err := s.Update(func(tx *Tx) error {
		if err := s.verifyFile(tx); err != nil {
			return err
		}
		if err := tx.verify(&rep); err != nil {
			return err
		}
		rep.Bytes = tx.bolt.Size()
		return errDone // nothing is to be saved
	})
	if errors.Is(err, errDone) {
		err = nil
	}
	return rep, err
}

// verifyFile reads the file beside the open store; tx keeps writers out.
func (s *Store) verifyFile(tx *Tx) error {
	f, err := os.Open(tx.bolt.DB().Path())
	if err != nil {
		return fmt.Errorf("boltstore: verify: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("boltstore: verify: %w", err)
	}
	file, err := boltfile.Open(f, info.Size())
	if err != nil {
		return damaged(err)
	}
	st, err := tx.state()
	if err != nil {
		return err
	}
	_, err = (&inspected{seal: s.seal, state: st}).check(file, true)
	return err
}

// verify compares everything that is derived with what it derives from.
func (tx *Tx) verify(rep *Report) error {
	st, err := tx.state()
	if err != nil {
		return err
	}
	sum, byDay, err := tx.countSums()
	if err != nil {
		return err
	}
	for day, err := range tx.Days() {
		if err != nil {
			return err
		}
		if byDay[day.Day] != day.Sum {
			return damaged(fmt.Errorf("fingerprint of day %d differs", day.Day))
		}
		delete(byDay, day.Day)
	}
	if sum != st.Sum || len(byDay) != 0 {
		return damaged(errors.New("fingerprint differs"))
	}
	rep.Records, rep.Unsent = int(sum.Count), st.Deltas
	return errors.Join(tx.verifyCounts(st), tx.verifyIndexes())
}

// countSums makes the fingerprints from the records.
func (tx *Tx) countSums() (all syncproto.Sum, byDay map[uint32]syncproto.Sum, err error) {
	byDay = make(map[uint32]syncproto.Sum)
	w, err := tx.up(agreedBucket, nil)
	for ; err == nil && w.key != nil; w.next() {
		k, bad := syncproto.KeyOf(w.key)
		if bad != nil {
			return all, nil, damaged(bad)
		}
		_, packed, err := tx.agreed(k)
		if err != nil {
			return all, nil, err
		}
		canonical, err := canonicalOf(k, packed)
		if err != nil {
			return all, nil, err
		}
		h := syncproto.HashOf(canonical)
		all, byDay[k.ID.Time.Day()] = all.Add(h), byDay[k.ID.Time.Day()].Add(h)
	}
	return all, byDay, err
}

func (tx *Tx) verifyCounts(st *state) error {
	deltas, rejected := 0, 0
	for d, err := range tx.Deltas() {
		if err != nil {
			return err
		}
		deltas++
		if d.Rejected != nil {
			rejected++
		}
	}
	if deltas != st.Deltas || rejected != st.Rejected {
		return damaged(fmt.Errorf("%d deltas, %d rejected; counted %d and %d", deltas, rejected, st.Deltas, st.Rejected))
	}
	return nil
}

func (tx *Tx) verifyIndexes() error {
	if tx.index == nil {
		return nil
	}
	children, dates := 0, 0
	for r, err := range tx.scan(nil) {
		if err != nil {
			return err
		}
		e := tx.entries(r)
		for b, key := range map[bucket]string{childrenBucket: e.child, datesBucket: e.date} {
			in, err := tx.in(b)
			if err != nil {
				return err
			}
			if key != "" && in.Get([]byte(key)) == nil {
				return damaged(fmt.Errorf("%v is not in %v", r.Key, b))
			}
		}
		if e.child != "" {
			children++
		}
		if e.date != "" {
			dates++
		}
	}
	for b, want := range map[bucket]int{childrenBucket: children, datesBucket: dates} {
		in, err := tx.in(b)
		if err != nil {
			return err
		}
		if have := in.Stats().KeyN; have != want {
			return damaged(fmt.Errorf("%d entries in %v, want %d", have, b, want))
		}
	}
	return nil
}
