package main

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"gridbook/app/boltstore"
	"gridbook/app/service"
	"gridbook/build/bench/workload"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// desk is a laptop within this process: the real program without its start,
// so that a connection stays warm between two syncs as it does in the window.
type desk struct{ *service.Laptop }

// sit enrols a laptop and fetches its first copy.
func (t *township) sit(role, scope, person string) (*desk, error) {
	invitation, err := t.office.Invite(role, scope, person, "--unlisted")
	if err != nil {
		return nil, err
	}
	d := &desk{}
	d.Laptop, err = service.Join(context.Background(), service.Options{
		Dir: t.folder(), Version: "bench", Rand: rand.Reader, Network: service.HTTP{Now: time.Now, Rand: rand.Reader}, Now: time.Now,
		KDF: boltstore.KDF{Time: 1, Memory: 8 << 10, Threads: 1},
	}, invitation, "基准", password)
	if err != nil {
		return nil, err
	}
	if _, err := d.sync(); err != nil {
		return nil, fmt.Errorf("first copy of %s: %w", person, err)
	}
	return d, nil
}

func (d *desk) sync() (service.SyncDone, error) {
	done, err := d.Sync.SyncNow(context.Background())
	if err == nil && !done.Verified.Equal {
		err = fmt.Errorf("not the same as the server: %+v", done)
	}
	return done, err
}

// enter writes edits as a person types them: one after the other, seconds
// apart, so that their stamps cost what they cost in life.
func (d *desk) enter(ops []workload.Op) error {
	random := mathrand.New(mathrand.NewPCG(uint64(len(ops)), 7))
	return d.Store.Update(func(tx *boltstore.Tx) error {
		now := time.Now().UnixMilli()
		for _, op := range ops {
			// A hub takes stamps a few minutes ahead as they are.
			now += 1000 + random.Int64N(3000)
			w, err := syncproto.NewWriter(tx, now)
			if err != nil {
				return err
			}
			if err := write(w, op); err != nil {
				return err
			}
			if err := w.Close(); err != nil {
				return err
			}
		}
		return nil
	})
}

func write(w *syncproto.Writer, op workload.Op) error {
	c, ok := ledger.ByKey(op.Collection)
	if !ok {
		return fmt.Errorf("no collection %s", op.Collection)
	}
	var sets []syncproto.FieldValue
	for key, in := range op.Fields {
		f, ok := c.FieldByKey(key)
		if !ok {
			return fmt.Errorf("no field %s.%s", op.Collection, key)
		}
		v, err := f.Parse(in)
		if err != nil {
			return err
		}
		sets = append(sets, syncproto.FieldValue{Tag: f.Tag, Value: v})
	}
	if op.Op == "put" {
		_, err := w.Create(c.Number, sets)
		return err
	}
	id, err := syncproto.ParseStamp(op.ID)
	if err != nil {
		return err
	}
	return w.Put(syncproto.Key{Collection: c.Number, ID: id}, sets)
}

// record is what the laptop shows of a record.
func (d *desk) record(k syncproto.Key) (rec *syncproto.Record, err error) {
	err = d.Store.View(func(tx *boltstore.Tx) error {
		rec, err = syncproto.Current(tx, k)
		if err == nil && rec == nil {
			err = fmt.Errorf("no record %v", k)
		}
		return err
	})
	return rec, err
}
