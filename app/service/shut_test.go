package service

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"gridbook/app/photos"
	"gridbook/syncproto"
)

// foreignPhotos is a photo file under the key of another laptop.
func foreignPhotos(t *testing.T) []byte {
	t.Helper()
	l, visit := photographed(t)
	addPhoto(t, l, visit, 90)
	var out bytes.Buffer
	if _, err := l.Photos.Snapshot(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// shutLaptop is a service, locked, whose laptop has a visit with a photo.
func shutLaptop(t *testing.T) (s *Service, visit, file string) {
	t.Helper()
	s, _, _, _ = unlockedService(t, secretary())
	visit = visited(t, s.laptop)
	addPhoto(t, s.laptop, visit, 10)
	file = filepath.Join(s.o.Dir, photos.FileName)
	if _, err := s.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, visit, file
}

func unlock(t *testing.T, s *Service) *Laptop {
	t.Helper()
	if _, err := s.Unlock(t.Context(), password); err != nil {
		t.Fatalf("the ledger stays shut: %v", err)
	}
	return s.laptop
}

// The ledger opens whatever has become of the photos; nothing is overwritten,
// and when the file is well again its photos are there.
func TestLedgerOpensWithoutPhotos(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string) (mend func())
		code  syncproto.Code
	}{
		"held by another program": {func(t *testing.T, path string) func() {
			db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			return func() { db.Close() }
		}, syncproto.CodeLocked},
		"another laptop's": {func(t *testing.T, path string) func() {
			own, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			stranger := foreignPhotos(t)
			if err := os.WriteFile(path, stranger, 0o600); err != nil {
				t.Fatal(err)
			}
			return func() {
				if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, stranger) {
					t.Errorf("what could not be opened was written to (%v)", err)
				}
				if err := os.WriteFile(path, own, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}, syncproto.CodePhotosShut},
	} {
		t.Run(name, func(t *testing.T) {
			svc, visit, file := shutLaptop(t)
			mend := c.spoil(t, file)
			l := unlock(t, svc)
			s, err := l.SyncStatus()
			if err != nil || s.PhotosShut == nil || s.PhotosShut.Code != string(c.code) || s.PhotosShut.Message == "" || s.PhotosShut.Hint == "" {
				t.Fatalf("%+v (%v)", s.PhotosShut, err)
			}
			if s.PhotosToSend+s.PhotosMissing != 0 {
				t.Errorf("counts what it cannot see: %+v", s)
			}
			if n, err := l.Book.LostPhotos(); n != 0 || err != nil {
				t.Errorf("%d photos are called lost (%v)", n, err)
			}
			list := photosOf(t, l, visit)
			if list.Problem == nil || list.CanAdd || list.Rows[0].Lost {
				t.Errorf("the record's photos: %+v", list)
			}
			_, err = l.Book.AddPhoto("visit", visit, pictureFile(t, 33), "")
			wantCode(t, "adding a photo", err, syncproto.CodePhotosShut)
			put(t, l.Book, "matter", map[string]any{"date": "2024-03-05", "content": "路灯不亮", "category": "L9", "no": "9"})
			if got := work(t, l, true); !got.Empty() {
				t.Errorf("photos go all the same: %+v", got)
			}
			if got := (Album{b: l.Book}).Store(); got != nil {
				t.Errorf("there is a place for photos: %v", got)
			}
			wantCode(t, "trying again", l.ReopenPhotos(false), c.code)
			mend()
			if err := l.ReopenPhotos(true); err != nil || l.PhotosProblem() != nil {
				t.Fatalf("after it is well again: %v", err)
			}
			if list := photosOf(t, l, visit); list.Here != 1 || list.Problem != nil {
				t.Errorf("its photos: %+v", list)
			}
			if found, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "photos-damaged-*")); len(found) > 0 {
				t.Errorf("a sound file was set aside: %q", found)
			}
		})
	}
}

// A file that never gets well is set aside when its person says so, whole, and
// told of; what only this laptop had is named.
func TestPhotosBeginAnew(t *testing.T) {
	s, visit, file := shutLaptop(t)
	stranger := foreignPhotos(t)
	if err := os.WriteFile(file, stranger, 0o600); err != nil {
		t.Fatal(err)
	}
	l := unlock(t, s)
	if err := l.ReopenPhotos(true); err != nil || l.PhotosProblem() != nil {
		t.Fatal(err)
	}
	list, err := l.Book.Notices()
	if err != nil || len(list) != 1 || list[0].Kind != noticePhotos || !strings.Contains(list[0].Hint, "1 张") || !strings.Contains(list[0].Hint, "重新添加") {
		t.Fatalf("told %+v (%v)", list, err)
	}
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "photos-damaged-*"))
	if len(found) != 1 || !strings.Contains(list[0].Hint, filepath.Base(found[0])) {
		t.Fatalf("%q, told %s", found, list[0].Hint)
	}
	if kept, err := os.ReadFile(found[0]); err != nil || !bytes.Equal(kept, stranger) {
		t.Errorf("what was set aside is not whole (%v)", err)
	}
	addPhoto(t, l, visit, 10)
	if list := photosOf(t, l, visit); list.Here != 1 || list.Total != 1 {
		t.Errorf("after it was added again: %+v", list)
	}
}

// While another program has the file, it is not taken from it.
func TestPhotosInUseAreNotSetAside(t *testing.T) {
	s, visit, file := shutLaptop(t)
	db, err := bolt.Open(file, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l := unlock(t, s)
	wantCode(t, "beginning anew", l.ReopenPhotos(true), syncproto.CodeLocked)
	if len(photosOf(t, l, visit).Rows) != 1 {
		t.Error("the ledger is not whole")
	}
}
