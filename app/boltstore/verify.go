package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

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
			span, err := tx.spanAt(b, []byte(key))
			if err != nil {
				return err
			}
			place := []byte(key[b.listPrefix():])
			if !bytes.HasPrefix(span[before(span, place)*placeSize:], place) {
				return damaged(fmt.Errorf("%v is not in %v", r.Key, b))
			}
			want[b]++
		}
	}
	for _, b := range []bucket{childrenBucket, datesBucket} {
		have, err := tx.countPlaces(b)
		if err != nil {
			return err
		}
		if have != want[b] {
			return damaged(fmt.Errorf("%d places in %v, want %d", have, b, want[b]))
		}
	}
	return nil
}

// countPlaces goes through all lists of a bucket, whose places must rise.
func (tx *Tx) countPlaces(b bucket) (n int, err error) {
	w, err := tx.up(b, nil)
	var last []byte // the greatest key so far, with what stands in values
	for ; err == nil && w.key != nil; w.next() {
		var span []byte
		if span, err = spanOf(b, w.key, w.value); err != nil {
			return n, err
		}
		for ; len(span) > 0; span = span[placeSize:] {
			key := slices.Concat(w.key[:b.listPrefix()], span[:placeSize])
			if bytes.Compare(last, key) >= 0 {
				return n, damaged(fmt.Errorf("%v in %v after %x", key, b, last))
			}
			last, n = key, n+1
		}
	}
	return n, err
}
