package boltstore

import (
	"bytes"
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"gridbook/syncproto"
)

// The buckets of format 1 that are no more.
var (
	oldChild = []byte("child") // parent key, child key → nothing
	oldFeed  = []byte("feed")  // scope, seq → key, gone
)

// migrate brings a file of an older format up to date, in the transaction that
// opens it: it is done whole, or the old file stays.
func migrate(t *bolt.Tx, version byte) error {
	if version > 1 {
		return nil
	}
	if b := t.Bucket(oldChild); b != nil {
		if err := foldChildren(b, t.Bucket(bucketFamily)); err != nil {
			return err
		}
		if err := t.DeleteBucket(oldChild); err != nil {
			return err
		}
	}
	b := t.Bucket(oldFeed)
	if b == nil {
		return nil
	}
	if err := foldFeeds(b, t.Bucket(bucketRun)); err != nil {
		return err
	}
	return t.DeleteBucket(oldFeed)
}

// foldChildren packs the children of each parent.
func foldChildren(from, to *bolt.Bucket) error {
	to.FillPercent = fill
	var parent, row []byte
	var number uint16
	put := func() error {
		if row == nil {
			return nil
		}
		key := binary.BigEndian.AppendUint16(bytes.Clone(parent), number)
		number++
		err := to.Put(key, row)
		row = nil
		return err
	}
	err := from.ForEach(func(k, _ []byte) error {
		if len(k) != 2*syncproto.KeySize {
			return damaged("a child's key of %d bytes", len(k))
		}
		if p := k[:syncproto.KeySize]; !bytes.Equal(p, parent) {
			if err := put(); err != nil {
				return err
			}
			parent, number = bytes.Clone(p), 0
		}
		row = append(row, k[syncproto.KeySize:]...)
		if len(row) == maxFamily*syncproto.KeySize {
			return put()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return put()
}

// foldFeeds packs the places of each feed.
func foldFeeds(from, to *bolt.Bucket) error {
	to.FillPercent = fill
	var scope []byte
	var run []syncproto.FeedEntry
	put := func() error {
		if len(run) == 0 {
			return nil
		}
		key := binary.BigEndian.AppendUint64(bytes.Clone(scope), uint64(run[0].Seq))
		err := to.Put(key, packRun(run))
		run = run[:0]
		return err
	}
	err := from.ForEach(func(k, v []byte) error {
		if len(k) < 9 || len(k) != 1+int(k[0])+8 || len(v) != syncproto.KeySize+1 {
			return damaged("a place of %d and %d bytes", len(k), len(v))
		}
		if s := k[:len(k)-8]; !bytes.Equal(s, scope) {
			if err := put(); err != nil {
				return err
			}
			scope = bytes.Clone(s)
		}
		key, err := syncproto.KeyOf(v[:syncproto.KeySize])
		if err != nil {
			return err
		}
		run = append(run, syncproto.FeedEntry{Seq: syncproto.Seq(binary.BigEndian.Uint64(k[len(scope):])), Key: key, Gone: v[syncproto.KeySize] != 0})
		if len(run) == maxRun {
			return put()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return put()
}
