package service

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gridbook/app/boltstore"
	"gridbook/app/syncer"
	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
)

// A screen can only name sticks that are plugged in and the folder used last.
func TestStickPlaces(t *testing.T) {
	drive, elsewhere := t.TempDir(), t.TempDir()
	o := options(t, newClock(), secretary())
	o.Drives = func() []string { return []string{drive} }
	s, closing := New(o, nil, nil)
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.StickPlaces(t.Context()); syncproto.CodeOf(err) != syncproto.CodePassword {
		t.Errorf("locked: %v", err)
	}
	if _, err := s.Join(t.Context(), invitation(), "村委电脑", password); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{elsewhere, filepath.Join(drive, ".."), "/", ""} {
		if _, err := s.ListStick(t.Context(), path); syncproto.CodeOf(err) != syncproto.CodeUnplugged {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, err := s.ListStick(t.Context(), drive); err != nil {
		t.Errorf("the stick: %v", err)
	}
	places, err := s.StickPlaces(t.Context())
	if err != nil || len(places) != 1 || places[0].ID != drive || !places[0].Last {
		t.Errorf("%+v, %v", places, err)
	}
	// A name cannot lead out of the place.
	if _, err := s.TakeStick(t.Context(), drive, []string{"../../etc/passwd"}); syncproto.CodeOf(err) == "" {
		t.Error("a file beyond the stick was taken")
	}
}

// chosen is what a person chose in a dialog, or wrote.
type chosen struct {
	Files
	paths map[string]string
}

func (c chosen) Path(handle string) (string, error) { return c.paths[handle], nil }

// roads is a network with an exchange of a test's own.
type roads struct {
	*office
	syncer func(*boltstore.Store) Syncer
}

func (r roads) Syncer(store *boltstore.Store, _ Heard) (Syncer, error) { return r.syncer(store), nil }

// A folder or a file that a person chose is a place like a stick.
func TestChosenPlaces(t *testing.T) {
	dir := t.TempDir()
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	good, letter := at("共享"), at("信.txt")
	const locked = "/sys" // Linux lets nobody make a file there, root neither
	if err := os.Mkdir(good, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(letter, []byte("不是数据包"), 0o600); err != nil {
		t.Fatal(err)
	}
	answer, up := at("a-huizhi.gridbundle"), at("共享", shaxi+"-a.gridbundle")
	bundleFile(t, answer, envelope.Answer, 2)
	bundleFile(t, up, envelope.Up, 2)

	o := options(t, newClock(), secretary())
	o.Drives = func() []string { return nil }
	var c *couriered
	o.Network = roads{secretary(), func(store *boltstore.Store) Syncer {
		c = &couriered{store: store}
		return c
	}}
	paths := map[string]string{"good": good, "locked": locked, "gone": at("没有", "U盘"), "letter": letter, "answer": answer, "up": up, "device": os.DevNull}
	s, closing := New(o, chosen{paths: paths}, nil)
	t.Cleanup(func() {
		if err := closing(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.ChooseStick(t.Context(), "good"); syncproto.CodeOf(err) != syncproto.CodePassword {
		t.Errorf("locked: %v", err)
	}
	if _, err := s.Join(t.Context(), invitation(), "村委电脑", password); err != nil {
		t.Fatal(err)
	}
	for handle, code := range map[string]syncproto.Code{
		"gone": syncproto.CodeNotFound, "letter": syncproto.CodeFileKind, "device": syncproto.CodeFileKind,
	} {
		_, err := s.ChooseStick(t.Context(), handle)
		wantCode(t, handle, err, code)
		wantWords(t, handle, err, paths[handle])
		if _, err := s.ReadStick(t.Context(), paths[handle]); syncproto.CodeOf(err) != syncproto.CodeUnplugged {
			t.Errorf("%s became a place: %v", handle, err)
		}
	}
	for _, handle := range []string{"good", "answer", "good"} {
		place, err := s.ChooseStick(t.Context(), handle)
		if err != nil || place.ID != paths[handle] || place.File != (handle == "answer") {
			t.Fatalf("%s: %+v, %v", handle, place, err)
		}
	}
	places, err := s.StickPlaces(t.Context())
	if err != nil || len(places) != 2 || places[0].ID != good || places[1].ID != answer {
		t.Errorf("places %+v, %v", places, err)
	}

	made, err := s.WriteStick(t.Context(), good)
	if err != nil || filepath.Dir(made.File) != good {
		t.Errorf("written %+v, %v", made, err)
	}
	_, err = s.ReadStick(t.Context(), good)
	wantCode(t, "no answer in it", err, syncproto.CodeNotFound)
	wantWords(t, "no answer in it", err, good)
	c.in = syncer.Incoming{ID: [8]byte{1}, Heeded: true}
	if read, err := s.ReadStick(t.Context(), answer); err != nil || len(read) != 1 || !read[0].New {
		t.Errorf("an answer by its name: %+v, %v", read, err)
	}
	_, err = s.WriteStick(t.Context(), answer)
	wantCode(t, "written over a file", err, syncproto.CodeFileKind)

	if runtime.GOOS == "linux" {
		if _, err := s.ChooseStick(t.Context(), "locked"); err != nil {
			t.Fatal(err)
		}
		_, err = s.WriteStick(t.Context(), locked)
		wantCode(t, "a folder that is read only", err, syncproto.CodeUnplugged)
		wantWords(t, "a folder that is read only", err, locked)
		if places, err := s.StickPlaces(t.Context()); err != nil || slices.ContainsFunc(places, func(p StickPlace) bool { return p.ID == locked && p.Last }) {
			t.Errorf("it is offered as used: %+v, %v", places, err)
		}
	}

	// The township chooses a village's bundle, and a wrong one.
	if _, err := s.ChooseStick(t.Context(), "up"); err != nil {
		t.Fatal(err)
	}
	found, err := s.ListStick(t.Context(), up)
	if err != nil || len(found) != 1 || found[0].Problem != nil {
		t.Errorf("a bundle by its name: %+v, %v", found, err)
	}
	if found, err = s.ListStick(t.Context(), answer); err != nil || len(found) != 1 || found[0].Problem == nil || found[0].Problem.Code != string(syncproto.CodeFileKind) {
		t.Errorf("an answer in place of a bundle: %+v, %v", found, err)
	}
	if taken, err := s.TakeStick(t.Context(), up, []string{filepath.Base(up)}); err != nil || len(taken) != 1 || !taken[0].Taken {
		t.Errorf("taken %+v, %v", taken, err)
	}

	// Whoever opens the laptop next begins with the folder that was used last.
	if _, err := s.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Unlock(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	if places, err = s.StickPlaces(t.Context()); err != nil || len(places) != 1 || !places[0].Last {
		t.Errorf("after unlocking %+v, %v", places, err)
	}
}

// wantWords fails if an error does not say what it is about, and what to do.
func wantWords(t *testing.T, what string, err error, words string) {
	t.Helper()
	var coded *syncproto.Error
	if !errors.As(err, &coded) || !strings.Contains(coded.Message, words) || coded.Hint == "" {
		t.Errorf("%s: %v does not name %s", what, err, words)
	}
}

// The folder may be locked to writers, or be a stick with its lock closed.
func TestNotWritableIsSaid(t *testing.T) {
	for name, cause := range map[string]error{"no right": fs.ErrPermission, "read only": syscall.EROFS} {
		err := unwritable("/media/usb/a.gridbundle", &syncproto.Error{Code: syncproto.CodeUnplugged, Message: "没有写到", Err: &fs.PathError{Op: "open", Err: cause}})
		wantCode(t, name, err, syncproto.CodeUnplugged)
		wantWords(t, name, err, "/media/usb")
	}
	closed := noStick("/media/usb", &fs.PathError{Op: "open", Err: fs.ErrPermission})
	wantWords(t, "closed to readers", closed, "不让打开 /media/usb")
	full := &syncproto.Error{Code: syncproto.CodeDiskFull, Message: "满了", Err: syscall.ENOSPC}
	if err := unwritable("/media/usb/a.gridbundle", full); err != full {
		t.Errorf("a full stick: %v", err)
	}
}
