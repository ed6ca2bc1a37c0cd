package service

import (
	"context"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"gridbook/app/boltstore"
	"gridbook/app/syncer"
	"gridbook/syncproto"
	"gridbook/syncproto/envelope"
)

// couriered is an exchange that knows sticks: it says what a test wants to hear.
type couriered struct {
	still
	store *boltstore.Store
	files int
	in    syncer.Incoming
	err   error
	// of what is put into bundles
	photos, left int
}

func (c *couriered) BundleOut(context.Context) (out syncer.Outgoing, err error) {
	c.files++
	out = syncer.Outgoing{File: []byte("a bundle"), ID: [8]byte{byte(c.files)}, Made: int64(c.files), Records: 2, Nonce: []byte{byte(c.files)},
		Photos: c.photos, PhotosLeft: c.left}
	return out, c.store.Update(func(tx *boltstore.Tx) error {
		meta, err := tx.Meta()
		if err != nil {
			return err
		}
		meta.Sticks = append(slices.Clone(meta.Sticks), &syncproto.Upload{Nonce: out.Nonce, Order: uint64(c.files)})
		return tx.SetMeta(meta)
	})
}

func (c *couriered) BundleIn(context.Context, []byte) (syncer.Incoming, error) { return c.in, c.err }

func (c *couriered) Forward(context.Context, []byte) (*syncproto.BundleReply, error) {
	return &syncproto.BundleReply{File: []byte("an answer"), Person: "张三", Scope: shaxi, Records: 3, Joined: 3,
		Photos: syncproto.PhotoTally{Arrived: 4, Refused: 3, Damaged: 2, Early: 1}}, c.err
}

func carrying(t *testing.T) (*Laptop, *couriered) {
	t.Helper()
	l, _ := joinedLaptop(t, secretary())
	c := &couriered{store: l.Store}
	l.Sync = c
	return l, c
}

// bundleFile writes a file of some kind, made at a time.
func bundleFile(t *testing.T, path string, kind envelope.Kind, made int64) {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	h := envelope.Header{Kind: kind, Township: township, Created: made}
	data, err := envelope.Seal(h, &syncproto.Bundle{}, ed25519.NewKeyFromSeed(make([]byte, 32)), id.Recipient())
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestStickOut(t *testing.T) {
	l, _ := carrying(t)
	dir := t.TempDir()
	seen := map[string]bool{}
	for range 3 { // in one minute
		made, err := l.StickOut(t.Context(), dir)
		if err != nil || seen[made.Name] || made.Records != 2 {
			t.Fatalf("%+v, %v", made, err)
		}
		seen[made.Name] = true
	}
	if !seen[shaxi+"-20240305-0930.gridbundle"] {
		t.Errorf("names %v", seen)
	}
	list, err := l.Sticks()
	if err != nil || len(list) != 3 || list[0].State != StickWaiting || list[0].Made < list[2].Made {
		t.Fatalf("%+v, %v", list, err)
	}
	if s, err := l.SyncStatus(); err != nil || s.Sticks != 3 {
		t.Errorf("status %+v, %v", s, err)
	}
	for range maxSticks + 5 {
		if _, err := l.StickOut(t.Context(), filepath.Join(dir, "same")); err != nil {
			t.Fatal(err)
		}
	}
	if list, err = l.Sticks(); err != nil || len(list) != maxSticks {
		t.Errorf("%d kept, %v", len(list), err)
	}
}

// What cannot be written is not listed as under way.
func TestStickOutFails(t *testing.T) {
	l, _ := carrying(t)
	for name, path := range map[string]string{
		"no such folder": filepath.Join(t.TempDir(), "no", "such"),
		"a folder's name": func() string {
			dir := filepath.Join(t.TempDir(), "x"+envelope.Extension+temporaryOf)
			if err := os.MkdirAll(filepath.Join(dir, "full"), 0o700); err != nil {
				t.Fatal(err)
			}
			return strings.TrimSuffix(dir, temporaryOf)
		}(),
	} {
		if _, err := l.StickOut(t.Context(), path); syncproto.CodeOf(err) != syncproto.CodeUnplugged {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := l.Sticks(); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// temporaryOf is what the file is called while it is written.
const temporaryOf = ".part"

func TestStickIn(t *testing.T) {
	l, c := carrying(t)
	dir := t.TempDir()
	if _, err := l.StickIn(t.Context(), []string{dir}); syncproto.CodeOf(err) != syncproto.CodeNotFound {
		t.Fatalf("an empty stick: %v", err)
	}
	made, err := l.StickOut(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	answer := filepath.Join(dir, "b-huizhi.gridbundle")
	bundleFile(t, answer, envelope.Answer, 2)
	bundleFile(t, filepath.Join(dir, "a-huizhi.gridbundle"), envelope.Answer, 1)
	bundleFile(t, filepath.Join(dir, "other.gridbundle"), envelope.Up, 3)

	c.in = syncer.Incoming{ID: [8]byte{1}, Heeded: true}
	c.in.Sent, c.in.Rejected = 1, 1
	read, err := l.StickIn(t.Context(), []string{dir})
	if err != nil || len(read) != 2 || read[0].File != answer || !read[0].New || read[0].Sent != 1 {
		t.Fatalf("%+v, %v", read, err)
	}
	list, err := l.Sticks()
	if err != nil || list[0].State != StickAnswered || list[0].Answered == 0 || list[0].Rejected != 1 || list[0].File != made.Name {
		t.Errorf("%+v, %v", list, err)
	}

	// On the way from several villages: what is for others is passed over,
	// unless it was named.
	c.err = &syncproto.Error{Code: syncproto.CodeNotAllowed, Message: "给另一台电脑的", Hint: "…"}
	if _, err := l.StickIn(t.Context(), []string{dir}); syncproto.CodeOf(err) != syncproto.CodeNotFound {
		t.Errorf("others' answers: %v", err)
	}
	if _, err := l.StickIn(t.Context(), []string{answer}); syncproto.CodeOf(err) != syncproto.CodeNotAllowed {
		t.Errorf("one of them by its name: %v", err)
	}
	c.err = nil
	if err := os.Truncate(answer, 40); err != nil {
		t.Fatal(err)
	}
	read, err = l.StickIn(t.Context(), []string{dir})
	if err != nil || len(read) != 2 || !slices.ContainsFunc(read, func(r StickRead) bool { return r.Problem != nil && r.Problem.Code == "damaged" }) {
		t.Errorf("one is torn: %+v, %v", read, err)
	}
}

// An answer that stopped half-way has been read as far as it went.
func TestStickInStopsHalfWay(t *testing.T) {
	l, c := carrying(t)
	dir := t.TempDir()
	if _, err := l.StickOut(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	answer := filepath.Join(dir, "b-huizhi.gridbundle")
	bundleFile(t, answer, envelope.Answer, 2)
	c.in, c.err = syncer.Incoming{ID: [8]byte{1}, Heeded: true}, &syncproto.Error{Code: syncproto.CodeInternal, Message: "只并入了一部分", Hint: "…"}
	c.in.Sent = 1
	read, err := l.StickIn(t.Context(), []string{answer})
	if syncproto.CodeOf(err) != syncproto.CodeInternal || len(read) != 1 || read[0].Problem == nil || !read[0].New || read[0].Sent != 1 {
		t.Errorf("%+v, %v", read, err)
	}
	if list, err := l.Sticks(); err != nil || list[0].State != StickAnswered || list[0].Sent != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// A bundle that the network has overtaken needs no answer any more.
func TestStickSettled(t *testing.T) {
	l, _ := carrying(t)
	if _, err := l.StickOut(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	err := l.Store.Update(func(tx *boltstore.Tx) error {
		meta, err := tx.Meta()
		if err != nil {
			return err
		}
		meta.Sticks = nil
		return tx.SetMeta(meta)
	})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := l.Sticks(); err != nil || list[0].State != StickSettled || list[0].Answered != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if s, err := l.SyncStatus(); err != nil || s.Sticks != 0 {
		t.Errorf("status %+v, %v", s, err)
	}
}

func TestStickTake(t *testing.T) {
	l, c := carrying(t)
	dir := t.TempDir()
	late, early := filepath.Join(dir, shaxi+"-a.gridbundle"), filepath.Join(dir, shaxi+"-b.gridbundle")
	bundleFile(t, late, envelope.Up, 9)
	bundleFile(t, early, envelope.Up, 5)
	found, err := l.StickList(dir)
	if err != nil || len(found) != 2 || found[0].File != early || found[0].Taken || found[0].Village != shaxi {
		t.Fatalf("%+v, %v", found, err)
	}
	taken, err := l.StickTake(t.Context(), []string{dir})
	if err != nil || len(taken) != 2 || taken[0].File != early || !taken[0].Taken || taken[0].Joined != 3 {
		t.Fatalf("%+v, %v", taken, err)
	}
	if b, err := os.ReadFile(envelope.AnswerName(late)); err != nil || string(b) != "an answer" {
		t.Errorf("answer %q, %v", b, err)
	}
	c.err = &syncproto.Error{Code: syncproto.CodeRevoked, Message: "停用了", Hint: "…"}
	if _, err := l.StickTake(t.Context(), []string{dir}); syncproto.CodeOf(err) != syncproto.CodeRevoked {
		t.Errorf("refused: %v", err)
	}
}
