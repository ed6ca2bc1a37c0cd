package office

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"

	"gridbook/syncproto"
)

// Office is one township's server.
type Office struct {
	store Store
	hub   *syncproto.Hub
	now   func() int64
	rand  io.Reader
	seen  seenBook
	album album
}

// Options are what an Office needs beside its store.
type Options struct {
	Policy syncproto.Policy
	Now    func() int64 // ms since 1970
	Rand   io.Reader    // of cryptographic quality
	// Photos keeps the bytes of photos; nil: this office keeps none.
	Photos PhotoStore
	// PhotoQuota is how many bytes of them a village may have; 0:
	// DefaultPhotoQuota.
	PhotoQuota int64
}

// settledBytes is room for what the laptops of all villages of a township get
// at first, packed.
const settledBytes = 16 << 20

// New returns the office of a store.
func New(s Store, o Options) *Office {
	clerk, _ := o.Policy.(syncproto.Clerk)
	hub := &syncproto.Hub{Policy: o.Policy, Rand: o.Rand, Codec: syncproto.NewHubCodec(settledBytes), Clerk: clerk}
	return &Office{store: s, hub: hub, now: o.Now, rand: o.Rand, album: newAlbum(o, hub)}
}

// update is the store's Update with a hub that knows its key.
func (o *Office) update(f func(Tx, *syncproto.Hub) error) error {
	return o.store.Update(func(tx Tx) error {
		hub, err := o.keyed(tx)
		if err != nil {
			return err
		}
		return f(tx, hub)
	})
}

// keyed returns the hub with the key of the store's township. Only what
// writes needs it.
func (o *Office) keyed(tx Tx) (*syncproto.Hub, error) {
	seed, err := tx.Setting(settingSign)
	if err != nil || len(seed) == 0 {
		return o.hub, err
	}
	hub := *o.hub
	hub.Key, err = hkdf.Key(sha256.New, seed, nil, "gridbook hub records", 32)
	return &hub, err
}

// Close writes what was held back and closes the stores.
func (o *Office) Close() error {
	err := o.Flush()
	if closeErr := o.store.Close(); err == nil {
		err = closeErr
	}
	if o.album.store != nil {
		err = errors.Join(err, o.album.store.Close())
	}
	return err
}

// maxBudget bounds what one reply makes the server hold, in bytes of batch
// before compression.
const maxBudget = 8 << 20

// Exchange answers one request of a laptop. What the laptop did wrong is in
// the reply; an error is the store's, and nothing was changed.
func (o *Office) Exchange(q *syncproto.Request) (*syncproto.Served, error) {
	now := o.now()
	q.Budget = min(q.Budget, maxBudget)
	if syncproto.NeedsWrite(q) {
		return o.upload(q, now)
	}
	var served *syncproto.Served
	err := o.store.View(func(tx Tx) (err error) {
		served, err = o.hub.Join(tx, q, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("exchange: %w", err)
	}
	if served.Device != nil && served.Reply.Error == nil {
		o.seen.note(served.Device)
	}
	o.hub.Pack(served)
	return served, nil
}

func (o *Office) upload(q *syncproto.Request, now int64) (*syncproto.Served, error) {
	// Before its turn to write comes: updates run one after the other,
	// decoding need not.
	if err := o.hub.Unpack(q, o.view); err != nil {
		return nil, fmt.Errorf("exchange: %w", err)
	}
	var served *syncproto.Served
	waiting := o.seen.take()
	err := o.update(func(tx Tx, hub *syncproto.Hub) (err error) {
		// First, so that the exchange sees its own device as it is known.
		if err := waiting.write(tx); err != nil {
			return err
		}
		if served, err = hub.Join(tx, q, now); err != nil {
			return err
		}
		if err := o.foreign(tx, served); err != nil {
			return err
		}
		if err := o.heed(tx, hub, served); err != nil {
			return err
		}
		return o.album.joined(tx, served.Joined, now)
	})
	if err != nil {
		o.seen.giveBack(waiting)
		return nil, fmt.Errorf("exchange: %w", err)
	}
	o.hub.Pack(served)
	return served, nil
}

// view is the store's View as the hub asks for it.
func (o *Office) view(f func(syncproto.HubTx) error) error {
	return o.store.View(func(tx Tx) error { return f(tx) })
}

// Flush writes when which device was last seen. Exchanges without an upload
// only note it in memory, so that they need no commit.
func (o *Office) Flush() error {
	waiting := o.seen.take()
	if len(waiting) == 0 {
		return nil
	}
	if err := o.store.Update(waiting.write); err != nil {
		o.seen.giveBack(waiting)
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// collect returns what a list has, and the first error.
func collect[T any](list iter.Seq2[T, error]) (out []T, err error) {
	for v, err := range list {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}
