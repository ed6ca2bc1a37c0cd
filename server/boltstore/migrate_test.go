package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"gridbook/server/office"
	"gridbook/syncproto"
)

// listed is what is to be found again after the move.
type listed struct {
	feeds    map[syncproto.Scope][]syncproto.FeedEntry
	members  map[syncproto.Scope][]syncproto.ID
	children map[syncproto.Key][]syncproto.Key
}

func listAll(t *testing.T, s *Store, scopes []syncproto.Scope, parents []syncproto.Key) listed {
	t.Helper()
	out := listed{map[syncproto.Scope][]syncproto.FeedEntry{}, map[syncproto.Scope][]syncproto.ID{}, map[syncproto.Key][]syncproto.Key{}}
	err := s.View(func(tx office.Tx) error {
		for _, scope := range scopes {
			for e, err := range tx.Feed(scope, 0) {
				if err != nil {
					return err
				}
				out.feeds[scope] = append(out.feeds[scope], e)
			}
			for id, err := range tx.Scan(scope, 110, syncproto.ID{}, false) {
				if err != nil {
					return err
				}
				out.members[scope] = append(out.members[scope], id)
			}
		}
		for _, p := range parents {
			for k, err := range tx.Dependants(p) {
				if err != nil {
					return err
				}
				out.children[p] = append(out.children[p], k)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// asFormat1 lays a file out as the first program did.
func asFormat1(b *bolt.Tx) error {
	feed, err := b.CreateBucket(oldFeed)
	if err != nil {
		return err
	}
	child, err := b.CreateBucket(oldChild)
	if err != nil {
		return err
	}
	member, err := b.CreateBucket(oldMember)
	if err != nil {
		return err
	}
	err = b.Bucket(bucketRecord).ForEach(func(k, v []byte) error {
		key, err := keyOfRecord(k)
		if err != nil {
			return err
		}
		st, _, err := splitStored(key, v)
		if err != nil {
			return err
		}
		for _, p := range st.Places {
			if err := feed.Put(feedKey(p.Scope, p.Seq), append(key.Bytes(), flagOf(p.Gone))); err != nil {
				return err
			}
			if stands(st, p) {
				if err := member.Put(key.Append(scopeKey(p.Scope, syncproto.KeySize)), []byte("12345678")); err != nil {
					return err
				}
			}
		}
		if st.Parent != (syncproto.Key{}) {
			return child.Put(key.Append(st.Parent.Bytes()), []byte{})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range [][]byte{bucketRun, bucketFamily, bucketMember} {
		if err := b.DeleteBucket(name); err != nil {
			return err
		}
	}
	return b.Bucket(bucketMeta).Put(keyFormat, []byte{1})
}

// TestMigrate: a file of format 1 has the same feeds and families when it was
// opened, and goes on.
func TestMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gridbookd.db")
	s := create(t, path, Options{NoSync: true})
	scopes := []syncproto.Scope{"a330702009", "v330702009201", "v330702009202", "p330702009201"}
	parents := make([]syncproto.Key, 5)
	for i := range parents {
		parents[i] = syncproto.Key{Collection: 100, ID: syncproto.ID{Time: syncproto.TimeAt(int64(i + 1)), Replica: 2}}
	}
	random := rand.New(rand.NewPCG(1, 2))
	seq := syncproto.Seq(0)
	write := func(tx office.Tx, k syncproto.Key) error {
		old, err := tx.Record(k)
		if err != nil {
			return err
		}
		seq++
		st := &syncproto.Stored{Record: syncproto.NewRecord(k.Collection, k.ID), Seq: seq, Parent: parents[random.IntN(len(parents))]}
		for _, scope := range scopes[:1+random.IntN(len(scopes))] {
			st.Places = append(st.Places, syncproto.Place{Scope: scope, Seq: seq, Since: seq, Gone: random.IntN(5) == 0})
		}
		return tx.PutRecord(old, st)
	}
	key := func(i int) syncproto.Key {
		return syncproto.Key{Collection: 110, ID: syncproto.ID{Time: syncproto.TimeAt(int64(i + 1000)), Replica: 3}}
	}
	for range 10 {
		if err := s.Update(func(tx office.Tx) error {
			for range 100 {
				if err := write(tx, key(random.IntN(600))); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	before := listAll(t, s, scopes, parents)
	if len(before.feeds[scopes[0]]) < 2*maxRun || len(before.children[parents[0]]) < maxFamily || len(before.members[scopes[0]]) < 2*maxMembers {
		t.Fatalf("too little to fold: %d, %d, %d", len(before.feeds[scopes[0]]), len(before.children[parents[0]]), len(before.members[scopes[0]]))
	}
	if err := s.db.Update(asFormat1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	after := listAll(t, s, scopes, parents)
	if fmt.Sprint(after) != fmt.Sprint(before) {
		t.Error("the feeds or families are others")
	}
	if err := s.db.View(func(b *bolt.Tx) error {
		if b.Bucket(oldFeed) != nil || b.Bucket(oldChild) != nil || !bytes.Equal(b.Bucket(bucketMeta).Get(keyFormat), []byte{formatVersion}) {
			t.Error("it is still of the old format")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(func(tx office.Tx) error { return write(tx, key(3)) }); err != nil {
		t.Fatal(err)
	}
	again := listAll(t, s, scopes[:1], parents)
	if last := again.feeds[scopes[0]][len(again.feeds[scopes[0]])-1]; last.Seq != seq || last.Key != key(3) {
		t.Errorf("the feed ends with %+v", last)
	}
}

// TestMigrateDamaged: what cannot be read is said, and the file stays as it was.
func TestMigrateDamaged(t *testing.T) {
	for name, spoil := range map[string]func(b *bolt.Tx) error{
		"child":  func(b *bolt.Tx) error { return b.Bucket(oldChild).Put([]byte("短"), nil) },
		"member": func(b *bolt.Tx) error { return b.Bucket(oldMember).Put([]byte{1, 2}, nil) },
		"feed":   func(b *bolt.Tx) error { return b.Bucket(oldFeed).Put(feedKey("a330702009", 7), []byte{1}) },
	} {
		path := filepath.Join(t.TempDir(), "gridbookd.db")
		s := create(t, path, Options{NoSync: true})
		if err := s.db.Update(func(b *bolt.Tx) error {
			if err := asFormat1(b); err != nil {
				return err
			}
			return spoil(b)
		}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if s, err := Open(path, Options{NoSync: true}); syncproto.CodeOf(err) != syncproto.CodeDamaged {
				t.Errorf("%s: %v, %v", name, s, err)
			}
		}
	}
}

func FuzzUnpackRun(f *testing.F) {
	k := syncproto.Key{Collection: 100, ID: syncproto.ID{Time: syncproto.TimeAt(1_700_000_000_000), Replica: 2}}
	f.Add(uint64(7), packRun([]syncproto.FeedEntry{{Seq: 7, Key: k}, {Seq: 300, Key: k, Gone: true}}))
	f.Add(uint64(1), binary.AppendUvarint(nil, 1<<63))
	f.Fuzz(func(t *testing.T, first uint64, b []byte) {
		run, err := unpackRun(syncproto.Seq(first), b)
		if err != nil {
			if syncproto.CodeOf(err) != syncproto.CodeDamaged {
				t.Errorf("%v", err)
			}
			return
		}
		if len(run) == 0 {
			return
		}
		again, err := unpackRun(run[0].Seq, packRun(run))
		if err != nil || !slices.Equal(again, run) {
			t.Errorf("%+v became %+v, %v", run, again, err)
		}
	})
}
