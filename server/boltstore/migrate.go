package boltstore

import (
	"bytes"
	"encoding/binary"
	"slices"

	bolt "go.etcd.io/bbolt"

	"gridbook/syncproto"
)

// The buckets of older formats that are no more. Format 1 had a row for each
// child, place and member; format 2 had records and families by time.
var (
	oldChild  = []byte("child")  // parent key, child key → nothing
	oldFeed   = []byte("feed")   // scope, seq → key, gone
	oldMember = []byte("member") // scope, collection, id → something that nobody reads
	oldRecord = []byte("record") // id, collection → stored record
	oldFamily = []byte("family") // parent key, number → child keys
)

// move is what becomes of an old bucket.
type move struct {
	since    byte // format
	from, to []byte
	do       func(from, to *bolt.Bucket) error
}

func moves() []move {
	return []move{
		{2, oldChild, oldFamily, foldChildren},
		{2, oldFeed, bucketRun, foldFeeds},
		{2, oldMember, bucketMember, foldMembers},
		{3, oldRecord, bucketRecord, sortRecords},
		{3, oldFamily, bucketFamily, sortFamilies},
	}
}

// migrate brings a file of an older format up to date, in the transaction that
// opens it: it is done whole, or the old file stays.
func migrate(t *bolt.Tx, version byte) error {
	for _, m := range moves() {
		from := t.Bucket(m.from)
		if version >= m.since || from == nil {
			continue
		}
		to, err := t.CreateBucketIfNotExists(m.to)
		if err != nil {
			return err
		}
		to.FillPercent = fill
		if err := m.do(from, to); err != nil {
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

// sortRecords puts the records in the order of who made them.
func sortRecords(from, to *bolt.Bucket) error {
	return resort(from, to, func(k []byte) ([]byte, error) {
		if len(k) != syncproto.KeySize {
			return nil, damaged("a record key of %d bytes", len(k))
		}
		id, err := syncproto.StampOf(k[:syncproto.StampSize])
		return recordKey(syncproto.Key{Collection: syncproto.Collection(binary.BigEndian.Uint16(k[syncproto.StampSize:])), ID: id}), err
	})
}

// sortFamilies puts the families in the order of their parents.
func sortFamilies(from, to *bolt.Bucket) error {
	return resort(from, to, func(k []byte) ([]byte, error) {
		if len(k) != syncproto.KeySize+2 {
			return nil, damaged("a family's key of %d bytes", len(k))
		}
		parent, err := syncproto.KeyOf(k[:syncproto.KeySize])
		return append(recordKey(parent), k[syncproto.KeySize:]...), err
	})
}

// resort moves rows to where they have other keys. They go in in the order of
// those: bbolt splits pages only when it commits, and until then to put a row
// between others would move all that come after it.
func resort(from, to *bolt.Bucket, rekey func([]byte) ([]byte, error)) error {
	type row struct{ now, was []byte }
	var rows []row
	err := from.ForEach(func(k, _ []byte) error {
		now, err := rekey(k)
		rows = append(rows, row{now, k})
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b row) int { return bytes.Compare(a.now, b.now) })
	for _, r := range rows {
		if err := to.Put(r.now, from.Get(r.was)); err != nil {
			return err
		}
	}
	return nil
}
