package boltstore

import (
	"bytes"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"gridbook/syncproto"
)

// The buckets of format 1 that are no more.
var (
	oldChild  = []byte("child")  // parent key, child key → nothing
	oldFeed   = []byte("feed")   // scope, seq → key, gone
	oldMember = []byte("member") // scope, collection, id → something that nobody reads
)

// migrate brings a file of an older format up to date, in the transaction that
// opens it: it is done whole, or the old file stays.
func migrate(t *bolt.Tx, version byte) error {
	if version > 1 {
		return nil
	}
	for _, m := range []struct {
		from, to []byte
		fold     func(from, to *bolt.Bucket) error
	}{{oldChild, bucketFamily, foldChildren}, {oldFeed, bucketRun, foldFeeds}, {oldMember, bucketMember, foldMembers}} {
		from, to := t.Bucket(m.from), t.Bucket(m.to)
		if from == nil {
			continue
		}
		to.FillPercent = fill
		if err := m.fold(from, to); err != nil {
			return err
		}
		if err := t.DeleteBucket(m.from); err != nil {
			return err
		}
	}
	return nil
}

// fold goes through the keys of an old bucket and puts a row for those that
// belong together, at most most of them: group returns what they have in common,
// or an error; row makes key and value, of the how manieth row of the group.
type fold struct {
	from, to *bolt.Bucket
	most     int
	group    func(k, v []byte) ([]byte, error)
	row      func(group []byte, number int, pairs []pair) (key, value []byte, err error)
}

func (f fold) run() error {
	var group []byte
	var pairs []pair
	number := 0
	put := func() error {
		if len(pairs) == 0 {
			return nil
		}
		key, value, err := f.row(group, number, pairs)
		if err != nil {
			return err
		}
		number++
		pairs = pairs[:0]
		return f.to.Put(key, value)
	}
	err := f.from.ForEach(func(k, v []byte) error {
		g, err := f.group(k, v)
		if err != nil {
			return err
		}
		if !bytes.Equal(g, group) {
			if err := put(); err != nil {
				return err
			}
			group, number = g, 0
		}
		if pairs = append(pairs, pair{k, v}); len(pairs) == f.most {
			return put()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return put()
}

// foldChildren packs the children of each parent.
func foldChildren(from, to *bolt.Bucket) error {
	return fold{from, to, maxFamily, func(k, _ []byte) ([]byte, error) {
		if len(k) != 2*syncproto.KeySize {
			return nil, damaged("a child's key of %d bytes", len(k))
		}
		return k[:syncproto.KeySize], nil
	}, func(parent []byte, number int, pairs []pair) (key, value []byte, err error) {
		for _, p := range pairs {
			value = append(value, p.key[len(parent):]...)
		}
		return binary.BigEndian.AppendUint16(bytes.Clone(parent), uint16(number)), value, nil
	}}.run()
}

// foldFeeds packs the places of each feed.
func foldFeeds(from, to *bolt.Bucket) error {
	return fold{from, to, maxRun, func(k, v []byte) ([]byte, error) {
		if len(k) < 9 || len(k) != 1+int(k[0])+8 || len(v) != syncproto.KeySize+1 {
			return nil, damaged("a place of %d and %d bytes", len(k), len(v))
		}
		return k[:len(k)-8], nil
	}, func(scope []byte, _ int, pairs []pair) (key, value []byte, err error) {
		run := make([]syncproto.FeedEntry, len(pairs))
		for i, p := range pairs {
			run[i] = syncproto.FeedEntry{Seq: syncproto.Seq(binary.BigEndian.Uint64(p.key[len(scope):])), Gone: p.value[syncproto.KeySize] != 0}
			if run[i].Key, err = syncproto.KeyOf(p.value[:syncproto.KeySize]); err != nil {
				return nil, nil, err
			}
		}
		return bytes.Clone(pairs[0].key), packRun(run), nil
	}}.run()
}

// foldMembers packs the ids of each scope and collection.
func foldMembers(from, to *bolt.Bucket) error {
	return fold{from, to, maxMembers, func(k, _ []byte) ([]byte, error) {
		if len(k) < 1 || len(k) != 1+int(k[0])+syncproto.KeySize {
			return nil, damaged("a member's key of %d bytes", len(k))
		}
		return k[:len(k)-syncproto.StampSize], nil
	}, func(in []byte, _ int, pairs []pair) (key, value []byte, err error) {
		for _, p := range pairs {
			value = append(value, p.key[len(in):]...)
		}
		return bytes.Clone(pairs[0].key), value, nil
	}}.run()
}
