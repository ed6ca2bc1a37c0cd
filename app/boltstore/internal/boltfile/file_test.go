package boltfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// sample is a file with branch pages, an overflow page, an inline bucket, an
// empty one, and free pages.
func sample(t testing.TB) ([]byte, map[string]string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sample.db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	put := func(tx *bolt.Tx, name string, key, value []byte) error {
		b, err := tx.CreateBucketIfNotExists([]byte(name))
		if err != nil || key == nil {
			return err
		}
		want[name+"/"+string(key)] = string(value)
		return b.Put(key, value)
	}
	for round := range 3 {
		err = errors.Join(err, db.Update(func(tx *bolt.Tx) error {
			var err error
			for n := range 300 {
				err = errors.Join(err, put(tx, "many", fmt.Appendf(nil, "key%04d", n), fmt.Appendf(nil, "value %d of %d", n, round)))
			}
			return errors.Join(err, put(tx, "few", []byte("a"), []byte{}), put(tx, "none", nil, nil),
				put(tx, "long", []byte("b"), bytes.Repeat([]byte{byte(round)}, 20_000)))
		}))
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b, want
}

func visitAll(into map[string]string) Visit {
	return func(bucket string, key, value []byte) error {
		into[bucket+"/"+string(key)] = string(value)
		return nil
	}
}

func TestReadsWhatBboltWrote(t *testing.T) {
	b, want := sample(t)
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	usage, err := f.Check(visitAll(got))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %d entries, want %d, or others", len(got), len(want))
	}
	if usage.PageSize != os.Getpagesize() || usage.Free == 0 || usage.Pages*usage.PageSize > len(b) || f.BadMeta {
		t.Errorf("usage %+v of %d bytes", usage, len(b))
	}
	salvaged := make(map[string]string)
	lost, err := f.Salvage(visitAll(salvaged))
	if err != nil || len(lost) != 0 || fmt.Sprint(salvaged) != fmt.Sprint(want) {
		t.Errorf("salvage of a whole file lost %v, %v", lost, err)
	}
	one := make(map[string]string)
	if err := f.Bucket("few", visitAll(one)); err != nil || len(one) != 1 {
		t.Errorf("one bucket: %v, %v", one, err)
	}
	stop := errors.New("stop")
	if _, err := f.Check(func(string, []byte, []byte) error { return stop }); err != stop {
		t.Errorf("an error of visit became %v", err)
	}
}

// TestNewerMetaCounts reads the last commit, also if the older meta page is
// broken, and the one before it if the newer one is.
func TestNewerMetaCounts(t *testing.T) {
	b, _ := sample(t)
	size := os.Getpagesize()
	for page, want := range map[int]bool{0: true, 1: true} {
		broken := bytes.Clone(b)
		broken[page*size+headerSize+metaSize-1] ^= 1
		f, err := Open(bytes.NewReader(broken), int64(len(broken)))
		if err != nil || f.BadMeta != want {
			t.Fatalf("meta page %d broken: %+v, %v", page, f, err)
		}
		if _, err := f.Check(visitAll(map[string]string{})); err != nil {
			t.Errorf("meta page %d broken: %v", page, err)
		}
	}
	broken := bytes.Clone(b)
	for page := range 2 {
		broken[page*size+headerSize+metaSize-1] ^= 1
	}
	if _, err := Open(bytes.NewReader(broken), int64(len(broken))); err == nil {
		t.Error("opened without a whole meta page")
	}
}

// TestWhatPassesIsSafeForBbolt changes bytes all over the file: what Check
// lets pass, bbolt must be able to walk without a panic.
func TestWhatPassesIsSafeForBbolt(t *testing.T) {
	b, _ := sample(t)
	passed := 0
	for at := 0; at < len(b); at += 149 {
		broken := bytes.Clone(b)
		broken[at] ^= 0x55
		f, err := Open(bytes.NewReader(broken), int64(len(broken)))
		if err != nil {
			continue
		}
		if _, err := f.Check(visitAll(map[string]string{})); err != nil {
			continue
		}
		passed++
		walkWithBbolt(t, broken)
	}
	if passed == 0 {
		t.Error("nothing passed: the test shows nothing")
	}
}

func walkWithBbolt(t *testing.T, b []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passed.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bolt.Bucket) error {
			return errors.Join(b.ForEach(func(_, _ []byte) error { return nil }), b.Put([]byte("zz"), []byte("new")))
		})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Error(err)
	}
}

func FuzzFile(f *testing.F) {
	b, _ := sample(f)
	f.Add(b[:16<<10], 5, byte(1))
	f.Add(b, 8200, byte(7))
	f.Fuzz(func(t *testing.T, b []byte, at int, flip byte) {
		if len(b) > 1<<20 {
			return
		}
		b = bytes.Clone(b)
		if at >= 0 && at < len(b) {
			b[at] ^= flip
		}
		file, err := Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		seen := 0
		_, checked := file.Check(func(string, []byte, []byte) error { seen++; return nil })
		salvaged := 0
		lost, err := file.Salvage(func(string, []byte, []byte) error { salvaged++; return nil })
		if err != nil || checked == nil && (len(lost) > 0 || salvaged != seen) || salvaged < seen {
			t.Errorf("check saw %d, %v; salvage %d, lost %v, %v", seen, checked, salvaged, lost, err)
		}
	})
}
