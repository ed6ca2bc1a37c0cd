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
	for r, err := range tx.eachAgreed() {
		if err != nil {
			return all, nil, err
		}
		h, day := r.Hash(), r.ID.Time.Day()
		all, byDay[day] = all.Add(h), byDay[day].Add(h)
	}
	return all, byDay, nil
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
	want := make(map[bucket]int)
	for r, err := range tx.eachAgreed() {
		if err != nil {
			return err
		}
		for b, key := range tx.entries(r).each() {
			in, err := tx.in(b)
			if err != nil {
				return err
			}
			if in.Get([]byte(key)) == nil {
				return damaged(fmt.Errorf("%v is not in %v", r.Key, b))
			}
			want[b]++
		}
	}
	for _, b := range []bucket{childrenBucket, datesBucket} {
		in, err := tx.in(b)
		if err != nil {
			return err
		}
		if have := in.Stats().KeyN; have != want[b] {
			return damaged(fmt.Errorf("%d entries in %v, want %d", have, b, want[b]))
		}
	}
	return nil
}
