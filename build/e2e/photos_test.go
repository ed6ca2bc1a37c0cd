package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gridbook/app/service"
	"gridbook/build/link"
	"gridbook/build/stage"
)

// snap writes a picture of a camera's size to a file; it packs badly, so that
// the photo is large.
func (w *town) snap(seed uint64) string {
	w.Helper()
	m := image.NewGray(image.Rect(0, 0, 1400, 1000))
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32N(160)) + byte(i%1400>>4)
	}
	var out bytes.Buffer
	w.must(jpeg.Encode(&out, m, nil))
	path := filepath.Join(w.TempDir(), fmt.Sprintf("picture-%d.jpg", seed))
	w.must(os.WriteFile(path, out.Bytes(), 0o600))
	return path
}

// visited makes a visit and returns its id.
func (w *town) visited(l *stage.Laptop) string {
	w.Helper()
	r := l.Apply([]byte(`{"op":"put","collection":"household","ref":"h","fields":{"head_name":"张三","address":"沙溪村12号"}}
{"op":"put","collection":"visit","ref":"v","fields":{"household":"h","date":"2026-03-05","mode":"door","visitor_name":"吕建国"}}
`))
	w.must(r.Failed())
	lines := bytes.Split(bytes.TrimSpace(r.Out), []byte("\n"))
	var id struct{ Ref, ID string }
	w.must(stage.Result{Out: lines[len(lines)-1]}.JSON(&id))
	return id.ID
}

func (w *town) snapped(l *stage.Laptop, visit string, seed uint64) service.PhotoRow {
	w.Helper()
	var row service.PhotoRow
	w.must(l.Run("photo", "add", visit, w.snap(seed), "--caption", "院墙").JSON(&row))
	return row
}

func (w *town) photos(l *stage.Laptop, visit string) service.PhotoList {
	w.Helper()
	var list service.PhotoList
	w.must(l.Run("photo", "list", visit).JSON(&list))
	return list
}

// Laptop and server are killed while photos go. Text is through at once, what
// has arrived is not sent again, and in the end the township sees the pictures.
func TestPhotosThroughKills(t *testing.T) {
	w := settle(t, plain)
	l, town := w.join("village", shaxi, "周书记"), w.join("township", xinshi, "街道管理员")
	visit := w.visited(l)
	var rows []service.PhotoRow
	size := 0
	for i := range 3 {
		row := w.snapped(l, visit, uint64(i))
		rows, size = append(rows, row), size+row.Size
	}
	t.Logf("3 photos of %d B", size)
	before := w.way.Traffic()
	w.way.Shape(link.Way{RTT: 40 * time.Millisecond, Up: 250_000, Down: 250_000})
	for i := range 4 {
		p, err := l.Start(nil, "sync")
		w.must(err)
		start := w.way.Traffic()
		for p.Running() && w.way.Traffic().Minus(start).Up < int64(size/6) {
			time.Sleep(time.Millisecond)
		}
		if i%2 == 0 {
			p.Kill()
		} else {
			w.office.Kill()
			if r := p.Wait(); r.Exit != 0 && r.Exit != 4 {
				t.Errorf("sync with a dying server: exit %d, %s", r.Exit, r.Err)
			}
			w.must(w.office.Serve())
		}
		if s := w.status(l); s.ToSend != 0 {
			t.Errorf("kill %d: %d records of text are still to go, behind photos", i, s.ToSend)
		}
	}
	w.way.Shape(link.Way{})
	var done service.SyncDone
	w.must(l.Run("sync").JSON(&done))
	if list := w.photos(l, visit); list.Total != 3 || list.Arrived != 3 || done.PhotosProblem != nil {
		t.Errorf("in the end: %+v, %+v", list, done)
	}
	used := w.way.Traffic().Minus(before)
	t.Logf("%d B up for %d B of photos and 4 kills", used.Up, size)
	// Each kill costs at most one message, and here the photos are small.
	if most := int64(size) + 5*(1<<20); used.Up > most {
		t.Errorf("%d B up, more than %d", used.Up, most)
	}

	w.must(town.Run("sync").JSON(&done))
	if list := w.photos(town, visit); done.PhotosDown != 3 || list.Here != 3 || list.Arrived != 3 {
		t.Errorf("the township: %+v, %+v", list, done)
	}
	for i, row := range rows {
		file := filepath.Join(t.TempDir(), fmt.Sprint(i, ".jpg"))
		w.must(town.Run("photo", "get", row.SHA256, file).Failed())
		own := filepath.Join(t.TempDir(), fmt.Sprint(i, "-own.jpg"))
		w.must(l.Run("photo", "get", row.SHA256, own).Failed())
		a, err := os.ReadFile(file)
		w.must(err)
		b, err := os.ReadFile(own)
		w.must(err)
		if !bytes.Equal(a, b) || len(a) != row.Size {
			t.Errorf("photo %d came out as another", i)
		}
	}
	var verified struct {
		Photos, Photo_waiting int
	}
	w.must(w.office.Run("verify").JSON(&verified))
	if verified.Photos != 3 || verified.Photo_waiting != 0 {
		t.Errorf("the server: %+v", verified)
	}
	w.sync(l, town)
	w.must(l.Run("verify").Failed())
}

// A server restored without its photos gets them again; one restored with them
// asks for nothing.
func TestPhotosAfterRestore(t *testing.T) {
	for _, with := range []bool{true, false} {
		t.Run(fmt.Sprint("with=", with), func(t *testing.T) {
			w := settle(t, plain)
			l := w.join("village", shaxi, "周书记")
			visit := w.visited(l)
			row := w.snapped(l, visit, 1)
			w.sync(l)
			backup := filepath.Join(t.TempDir(), "office.db")
			w.must(w.office.Run("backup", backup).Failed())
			if !with {
				w.must(os.Remove(backup + ".photos"))
			}
			w.office.Kill()
			w.office.Dir = filepath.Join(t.TempDir(), "restored")
			w.must(w.office.Run("restore", backup).Failed())
			w.must(w.office.Serve())
			before := w.way.Traffic()
			w.sync(l)
			w.sync(l)
			if list := w.photos(l, visit); list.Arrived != 1 {
				t.Errorf("%+v", list)
			}
			if again := w.way.Traffic().Minus(before).Up > int64(row.Size/2); again == with {
				t.Errorf("sent again: %v", again)
			}
			var v struct{ Photos int }
			w.must(w.office.Run("verify").JSON(&v))
			if v.Photos != 1 {
				t.Errorf("the restored server has %d photos", v.Photos)
			}
		})
	}
}

// A village that has only sticks: its photo arrives with the bundle that brings
// its text, the answer says so, and another laptop of the village gets the
// picture by its own sticks.
func TestPhotosByStickOnly(t *testing.T) {
	w := settle(t, overTLS)
	l, other := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "李会计")
	w.off()
	visit := w.visited(l)
	row := w.snapped(l, visit, 1)
	s := w.stick()
	var made service.StickMade
	w.must(l.Run("bundle", "out", s.dir).JSON(&made))
	if made.Photos != 1 || made.PhotosLeft != 0 || made.Bytes < row.Size {
		t.Fatalf("the bundle: %+v", made)
	}
	var taken struct{ Photos, Photos_refused, Photos_damaged, Photos_early int }
	for round := range 2 { // the second time nothing is new
		w.must(w.office.Run("bundle", "take", s.dir).JSON(&taken))
		if taken.Photos != 1 || taken.Photos_refused+taken.Photos_damaged+taken.Photos_early != 0 {
			t.Errorf("round %d: %+v", round, taken)
		}
	}
	var v struct{ Photos, Photo_waiting int }
	w.must(w.office.Run("verify").JSON(&v))
	if v.Photos != 1 || v.Photo_waiting != 0 {
		t.Errorf("the server: %+v", v)
	}
	if list := w.photos(l, visit); list.Arrived != 0 {
		t.Errorf("before the answer: %+v", list)
	}
	var in struct{ Photos, Sent int }
	w.must(l.Run("bundle", "in", s.dir).JSON(&in))
	if list := w.photos(l, visit); in.Photos != 1 || list.Arrived != 1 || list.Rows[0].Problem != nil {
		t.Errorf("the answer: %+v, %+v", in, list)
	}
	var status struct{ Photos_to_send, Photos_refused, Photos_missing int }
	w.must(l.Run("status").JSON(&status))
	if status.Photos_to_send+status.Photos_refused+status.Photos_missing != 0 {
		t.Errorf("status %+v", status)
	}

	// Its first journey brings the other laptop the record, its second the picture.
	var came struct{ PhotosCame int }
	for round := range 2 {
		next := w.stick()
		next.out(other)
		next.take()
		w.must(other.Run("bundle", "in", next.dir).JSON(&came))
		if came.PhotosCame != round {
			t.Errorf("journey %d brought %d photos", round, came.PhotosCame)
		}
	}
	files := [2]string{filepath.Join(t.TempDir(), "own.jpg"), filepath.Join(t.TempDir(), "other.jpg")}
	w.must(l.Run("photo", "get", row.SHA256, files[0]).Failed())
	w.must(other.Run("photo", "get", row.SHA256, files[1]).Failed())
	own, err := os.ReadFile(files[0])
	w.must(err)
	got, err := os.ReadFile(files[1])
	w.must(err)
	if !bytes.Equal(own, got) || len(got) != row.Size {
		t.Errorf("the picture came out as another: %d bytes", len(got))
	}
}

// The server is restored without its photos: villages that have only sticks
// bring them again.
func TestPhotosByStickAfterRestore(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	w.off()
	visit := w.visited(l)
	w.snapped(l, visit, 1)
	s := w.stick()
	s.out(l)
	s.take()
	s.in(l)
	backup := filepath.Join(t.TempDir(), "office.db")
	w.must(w.office.Run("backup", backup).Failed())
	w.must(os.Remove(backup + ".photos"))
	w.restore(backup)
	w.off()
	// The mark is taken back, the number is new, the photo goes: a journey each.
	whole := func() bool {
		var v struct{ Photos int }
		w.must(w.office.Run("verify").JSON(&v))
		return v.Photos == 1 && w.photos(l, visit).Arrived == 1
	}
	for n := 0; n < 4 && !whole(); n++ {
		next := w.stick()
		next.out(l)
		next.take()
		next.in(l)
	}
	if !whole() {
		t.Errorf("the photo is not at the restored server: %+v", w.photos(l, visit))
	}
}

// swap puts a file in the place of another, and returns what puts it back. The
// file that was put there must still be as it was.
func (w *town) swap(path, by string) (back func()) {
	w.Helper()
	own, err := os.ReadFile(path)
	w.must(err)
	other, err := os.ReadFile(by)
	w.must(err)
	w.must(os.WriteFile(path, other, 0o600))
	return func() {
		w.Helper()
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, other) {
			w.Errorf("what cannot be opened was written to: %v", err)
		}
		w.must(os.WriteFile(path, own, 0o600))
	}
}

// Sticks go on while a laptop's photos cannot be opened: its text goes and
// comes, what an answer says of photos stands in their records, and the photos
// that it brings come again when there is a place for them.
func TestSticksWhilePhotosAreShut(t *testing.T) {
	w := settle(t, plain)
	l, other := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "李会计")
	w.off()
	file := func(l *stage.Laptop) string { return filepath.Join(l.Dir, "photos.db") }
	journey := func(l *stage.Laptop, between func()) (in struct{ Sent, Photos, PhotosCame int }) {
		w.Helper()
		s := w.stick()
		s.out(l)
		s.take()
		between()
		w.must(l.Run("bundle", "in", s.dir).JSON(&in))
		return in
	}
	visit, others := w.visited(l), w.visited(other)
	w.snapped(l, visit, 1)
	w.snapped(other, others, 2)
	mend := func() {}
	if in := journey(l, func() { mend = w.swap(file(l), file(other)) }); in.Sent != 3 {
		t.Errorf("the answer, without photos: %+v", in)
	}
	if list := w.photos(l, visit); list.Arrived != 1 || list.Problem == nil {
		t.Errorf("its record: %+v", list)
	}
	w.visited(l)
	if in := journey(l, func() {}); in.Sent != 2 {
		t.Errorf("there and back without photos: %+v", in)
	}
	mend()
	var status struct{ Photos_to_send, Photos_missing int }
	w.must(l.Run("status").JSON(&status))
	if list := w.photos(l, visit); list.Here != 1 || list.Problem != nil || status.Photos_to_send != 0 {
		t.Errorf("well again: %+v, %+v", list, status)
	}

	journey(other, func() {}) // brings the record
	if in := journey(other, func() { mend = w.swap(file(other), file(l)) }); in.PhotosCame != 0 {
		t.Errorf("a photo came, and there is no place for it: %+v", in)
	}
	mend()
	if in := journey(other, func() {}); in.PhotosCame != 1 {
		t.Errorf("it did not come again: %+v", in)
	}
}
