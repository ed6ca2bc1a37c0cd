package boltstore

import (
	"errors"
	"os"
	"path/filepath"

	"gridbook/app/boltstore/internal/boltfile"
	"gridbook/syncproto"
)

// wreck is a damaged file and what of it can be read.
type wreck struct {
	name  string
	file  *os.File
	bolt  *boltfile.File // nil: nothing
	seal  *sealer
	keys  map[string][]byte
	state *state // nil: not readable
}

// open reads as far as it gets. Its only error is that of a wrong password.
func (w *wreck) open(key unlocker, base *copyFound) error {
	f, err := os.Open(w.name)
	if err != nil {
		return nil
	}
	w.file = f
	info, err := f.Stat()
	if err != nil {
		return nil
	}
	file, err := boltfile.Open(f, info.Size())
	if err != nil {
		return nil
	}
	ring, whole := w.readKeys(file)
	dataKey, _, err := key.unlock(ring)
	switch {
	case err == nil:
		if w.seal, err = newSealer(dataKey, nil); err != nil {
			return nil
		}
	case base != nil: // the keys could not be read: the copy's are the same
		w.seal = base.seal
	case whole:
		return err
	default:
		return nil
	}
	w.bolt = file
	w.readState()
	return nil
}

// readKeys reads the slots, and reports whether all were good.
func (w *wreck) readKeys(file *boltfile.File) (*keyring, bool) {
	ring, whole := new(keyring), true
	w.keys = make(map[string][]byte)
	// Salvage itself fails only if its visitor does.
	lost, _ := file.Salvage(func(name string, k, v []byte) error {
		if name != keysBucket.String() {
			return nil
		}
		if ring.add(k, v) != nil {
			whole = false
			return nil
		}
		w.keys[string(k)] = v
		return nil
	})
	return ring, whole && lost[""] == nil && lost[keysBucket.String()] == nil
}

func (w *wreck) readState() {
	var pending *syncproto.Upload
	var sticks []*syncproto.Upload
	_, _ = w.bolt.Salvage(func(name string, k, v []byte) error {
		if name != metaBucket.String() || string(k) == string(formatKey) {
			return nil
		}
		plain, err := w.seal.open(metaBucket, k, v)
		if err != nil {
			return nil
		}
		switch string(k) {
		case string(pendingKey):
			_ = decodeUploads(plain, &pending)
		case string(sticksKey):
			_ = decodeUploads(plain, &sticks)
		default:
			if st, err := decodeState(plain); err == nil {
				w.state = st
			}
		}
		return nil
	})
	if w.state != nil {
		w.state.Meta.Pending, w.state.Meta.Sticks = pending, sticks
	}
}

func (w *wreck) close() {
	if w.file != nil {
		w.file.Close()
	}
}

// fresh makes an empty store with the wreck's keys. It has read nothing of the
// hub's feed, so that the next sync fetches all that the wreck does not give.
func (w *wreck) fresh(dir, name string, o Options) error {
	st := &state{Index: o.IndexVersion, CopiedAt: o.Now()}
	w.seal.rand = o.Rand
	return build(dir, name, o, w.seal, st, func(tx *Tx) error {
		in, err := tx.in(keysBucket)
		if err != nil {
			return err
		}
		for k, v := range w.keys {
			if err := in.Put([]byte(k), v); err != nil {
				return err
			}
		}
		return nil
	})
}

// overlay joins what the wreck still gives into the store file at path.
func (w *wreck) overlay(path string, o Options, rec *Recovered) error {
	if w.bolt == nil {
		return nil
	}
	w.seal.rand = o.Rand
	got, err := w.salvage()
	if err != nil {
		return err
	}
	rec.Whole = got.whole
	db, err := openBolt(path, o)
	if err != nil {
		return err
	}
	s := &Store{dir: filepath.Dir(path), o: o, seal: w.seal, db: db}
	err = s.Update(func(tx *Tx) error { return got.joinInto(tx, w.state) })
	return errors.Join(err, guard(s.db.Close))
}

// salvaged is what opens in a wreck.
type salvaged struct {
	agreed   []received
	deltas   []*syncproto.Delta
	settings map[string][]byte // by key
	whole    bool              // all deltas that there were
}

type received struct {
	*syncproto.Record
	at int64
}

func (w *wreck) salvage() (*salvaged, error) {
	got := &salvaged{settings: make(map[string][]byte), whole: true}
	lost, err := w.bolt.Salvage(func(name string, k, v []byte) error {
		b, _ := bucketNamed(name)
		if b != agreedBucket && b != deltasBucket && b != settingsBucket {
			return nil
		}
		if !got.take(w.seal, b, k, v) && b == deltasBucket {
			got.whole = false
		}
		return nil
	})
	if lost[""] != nil || lost[deltasBucket.String()] != nil {
		got.whole = false
	}
	if w.state == nil || len(got.deltas) != w.state.Deltas {
		got.whole = false
	}
	return got, err
}

// take reports whether the entry opened.
func (got *salvaged) take(seal *sealer, b bucket, key, value []byte) bool {
	plain, err := seal.open(b, key, value)
	if err != nil {
		return false
	}
	if b == settingsBucket {
		got.settings[string(key)] = plain
		return true
	}
	k, err := syncproto.KeyOf(key)
	if err != nil {
		return false
	}
	if b == deltasBucket {
		row, err := rowOf(k, plain)
		if err != nil {
			return false
		}
		d, err := row.delta(k)
		if err != nil {
			return false
		}
		got.deltas = append(got.deltas, d)
		return true
	}
	at, packed, err := splitAgreed(k, plain)
	if err != nil {
		return false
	}
	r, err := recordOf(k, packed)
	if err == nil {
		got.agreed = append(got.agreed, received{r, at})
	}
	return err == nil
}

func (got *salvaged) joinInto(tx *Tx, st *state) error {
	for _, r := range got.agreed {
		if err := tx.joinAgreed(r); err != nil {
			return err
		}
	}
	if err := got.joinDeltas(tx); err != nil {
		return err
	}
	for key, plain := range got.settings {
		if err := tx.put(settingsBucket, []byte(key), plain); err != nil {
			return err
		}
	}
	base, err := tx.state()
	if err != nil {
		return err
	}
	clock := base.Meta.Clock
	for _, d := range got.deltas {
		clock.Observe(d.Newest())
		base.Meta.Order = max(base.Meta.Order, d.Order)
	}
	if st != nil { // it continues the wreck's life, from the base's place in the feed
		clock.Observe(st.Meta.Clock.Last)
		meta := st.Meta
		meta.Cursor, meta.Verified = base.Meta.Cursor, base.Meta.Verified
		if err := tx.SetMeta(meta); err != nil {
			return err
		}
		base.Edits, base.Changes = st.Edits, st.Changes
	}
	base.Meta.Clock, tx.stDirty = clock, true
	return nil
}

func (tx *Tx) joinAgreed(r received) error {
	old, err := tx.Agreed(r.Key)
	if err != nil {
		return err
	}
	at, err := tx.Received(r.Key)
	if err != nil {
		return err
	}
	if old != nil {
		if len(old.Join(r.Record)) == 0 {
			return nil
		}
		r.Record = old
	}
	return tx.PutAgreed(r.Key, r.Record, max(at, r.at))
}

// joinDeltas puts the wreck's unsent work. If it is known to be all, what else
// the base has was sent since the base was made.
func (got *salvaged) joinDeltas(tx *Tx) error {
	if got.whole {
		var stale []syncproto.Key
		for d, err := range tx.Deltas() {
			if err != nil {
				return err
			}
			stale = append(stale, d.Key)
		}
		for _, k := range stale {
			if err := tx.PutDelta(k, nil); err != nil {
				return err
			}
		}
	}
	for _, d := range got.deltas {
		if err := tx.PutDelta(d.Key, d); err != nil {
			return err
		}
	}
	return nil
}
