package boltstore

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"gridbook/server/office"
	"gridbook/syncproto"
)

// The files in testdata were made by the programs of their time, out of the
// same thousand writes; listing.txt.gz is what those programs read in them.

// goldenScopes and goldenParents are what the golden files are about.
func goldenScopes() []syncproto.Scope {
	return []syncproto.Scope{"a330702009", "v330702009201", "v330702009202", "p330702009201"}
}

func goldenParents() []syncproto.Key {
	out := make([]syncproto.Key, 5)
	for i := range out {
		out[i] = syncproto.Key{Collection: 100, ID: syncproto.ID{Time: syncproto.TimeAt(int64(i + 1)), Replica: 2 + syncproto.ReplicaID(i%2)}}
	}
	return out
}

// listing is all that a store holds, as text.
func listing(tx office.Tx) (string, error) {
	var b strings.Builder
	for st, err := range tx.Records() {
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "record %s %d %d %s %s %x\n", st.Key, st.Seq, st.Received, st.Home, st.Parent, syncproto.AppendRecord(nil, st.Record))
	}
	for _, scope := range goldenScopes() {
		for e, err := range tx.Feed(scope, 0) {
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "feed %s %d %s %t\n", scope, e.Seq, e.Key, e.Gone)
		}
		for id, err := range tx.Scan(scope, 110, syncproto.ID{}, false) {
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "member %s %s\n", scope, id)
		}
	}
	for _, p := range goldenParents() {
		for k, err := range tx.Dependants(p) {
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "child %s %s\n", p, k)
		}
	}
	return b.String(), nil
}

func golden(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ofFormat lays a golden file out.
func ofFormat(t *testing.T, version byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "gridbookd.db")
	if err := os.WriteFile(path, golden(t, fmt.Sprintf("format%d.db", version)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func listed(t *testing.T, s *Store) (text string) {
	t.Helper()
	if err := s.View(func(tx office.Tx) (err error) {
		text, err = listing(tx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestMigrate: a file of an older format holds the same when it was opened, and
// goes on.
func TestMigrate(t *testing.T) {
	want := string(golden(t, "listing.txt"))
	for _, kind := range []string{"record", "feed", "member", "child"} {
		if n := strings.Count(want, kind+" "); n < 400 {
			t.Fatalf("too little to move: %d of %s", n, kind)
		}
	}
	for version := byte(1); version < formatVersion; version++ {
		path := ofFormat(t, version)
		s, err := Open(path, Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		if listed(t, s) != want {
			t.Errorf("format %d: another content", version)
		}
		if err := s.db.View(func(b *bolt.Tx) error {
			for _, m := range moves() {
				if b.Bucket(m.from) != nil {
					t.Errorf("format %d: bucket %s is still there", version, m.from)
				}
			}
			if v := b.Bucket(bucketMeta).Get(keyFormat); !bytes.Equal(v, []byte{formatVersion}) {
				t.Errorf("format %d: it says %d", version, v)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		goesOn(t, s)
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		after := listed(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(path, Options{NoSync: true}); err != nil {
			t.Fatal(err)
		}
		if listed(t, s) != after {
			t.Errorf("format %d: another content when opened again", version)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// goesOn edits a record that was moved.
func goesOn(t *testing.T, s *Store) {
	t.Helper()
	k := syncproto.Key{Collection: 110, ID: syncproto.ID{Time: syncproto.TimeAt(1000), Replica: 3}}
	scope, parent := goldenScopes()[1], goldenParents()[4]
	const seq = 5000
	if err := s.Update(func(tx office.Tx) error {
		old, err := tx.Record(k)
		if err != nil {
			return err
		}
		if old == nil {
			return fmt.Errorf("record %s is not there", k)
		}
		return tx.PutRecord(old, &syncproto.Stored{Record: old.Record, Seq: seq, Parent: parent, Places: []syncproto.Place{{Scope: scope, Seq: seq, Since: seq}}})
	}); err != nil {
		t.Fatal(err)
	}
	text := listed(t, s)
	for _, line := range []string{
		fmt.Sprintf("feed %s %d %s false\n", scope, seq, k), fmt.Sprintf("member %s %s\n", scope, k.ID), fmt.Sprintf("child %s %s\n", parent, k),
	} {
		if strings.Count(text, line) != 1 {
			t.Errorf("%d times %q", strings.Count(text, line), line)
		}
	}
	if strings.Contains(text, fmt.Sprintf("member %s %s\n", goldenScopes()[0], k.ID)) {
		t.Error("it is still a member where it no longer stands")
	}
}

// TestMigrateDamaged: what cannot be read is said, and the file stays as it was.
func TestMigrateDamaged(t *testing.T) {
	for _, c := range []struct {
		version    byte
		bucket     []byte
		key, value []byte
	}{
		{1, oldChild, []byte("短"), nil},
		{1, oldMember, []byte{1, 2}, nil},
		{1, oldFeed, feedKey("a330702009", 7), []byte{1}},
		{1, oldRecord, []byte("短"), []byte{1}},
		{2, oldRecord, []byte("短"), []byte{1}},
		{2, oldFamily, []byte("短"), []byte{1}},
	} {
		path := ofFormat(t, c.version)
		db, err := bolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(func(b *bolt.Tx) error { return b.Bucket(c.bucket).Put(c.key, c.value) }); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if s, err := Open(path, Options{NoSync: true}); syncproto.CodeOf(err) != syncproto.CodeDamaged {
				t.Errorf("format %d, %s: %v, %v", c.version, c.bucket, s, err)
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
