package e2e

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gridbook/build/stage"
)

// stick is a folder that goes to and fro.
type stick struct {
	*town
	dir string
}

func (w *town) stick() stick { return stick{w, w.TempDir()} }

// out writes a bundle and returns its file.
func (s stick) out(l *stage.Laptop) string {
	s.Helper()
	var made struct{ File string }
	s.must(l.Run("bundle", "out", s.dir).JSON(&made))
	return made.File
}

func (s stick) take() { s.Helper(); s.must(s.office.Run("bundle", "take", s.dir).Failed()) }

// read is what "bundle in" prints.
type read struct {
	Files []struct {
		New        bool
		Renumbered bool
	}
	Sent, Received, Rejected int
	Verified                 struct{ Equal bool }
}

func (s stick) in(l *stage.Laptop, paths ...string) (r read) {
	s.Helper()
	if len(paths) == 0 {
		paths = []string{s.dir}
	}
	s.must(l.Run(append([]string{"bundle", "in"}, paths...)...).JSON(&r))
	return r
}

func answerOf(file string) string {
	return strings.TrimSuffix(file, ".gridbundle") + "-huizhi.gridbundle"
}

// off takes the network away, for good.
func (w *town) off() { w.way.Target("") }

// A village without any network: its work arrives, and it knows it.
func TestStickThereAndBack(t *testing.T) {
	w := settle(t, overTLS)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	w.off()
	s := w.stick()
	for round := range 3 {
		o.write(l, 5)
		s.out(l)
		if got := w.status(l); got.ToSend != 5 {
			t.Fatalf("round %d: with the stick under way to_send is %d", round, got.ToSend)
		}
		s.take()
		o.truthful(l)
		if r := s.in(l); r.Sent != 5 || !r.Verified.Equal {
			t.Fatalf("round %d: %+v", round, r)
		}
		if got := w.status(l); got.ToSend != 0 {
			t.Fatalf("round %d: to_send %d in the end", round, got.ToSend)
		}
		w.same("laptop and server", w.dump(l), w.held(shaxi))
	}
	if r := s.in(l); slices.ContainsFunc(r.Files, func(f struct{ New, Renumbered bool }) bool { return f.New }) {
		t.Errorf("read again: %+v", r)
	}
}

// Two laptops of a village write, over the network and by sticks that are
// taken twice, late, in any order or never, and read in any order too. Nothing
// is lost and nothing doubled.
func TestSticksInAnyOrder(t *testing.T) {
	w := settle(t, plain)
	a, b := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "李会计")
	o := w.expecting(a, b)
	r := rand.New(rand.NewPCG(5, uint64(max(*seed, 1))))
	laptops := []*stage.Laptop{a, b}
	type under struct {
		s    stick
		l    *stage.Laptop
		file string
	}
	var all []under
	for range 30 {
		l := laptops[r.IntN(2)]
		switch n := r.IntN(10); {
		case n < 3:
			o.write(l, 1+r.IntN(3))
		case n < 6:
			s := w.stick()
			all = append(all, under{s, l, s.out(l)})
		case n < 8 && len(all) > 0:
			one := all[r.IntN(len(all))]
			w.must(w.office.Run("bundle", "take", one.file).Failed())
		case n < 9 && len(all) > 0:
			one := all[r.IntN(len(all))]
			if _, err := os.Stat(answerOf(one.file)); err == nil {
				one.s.in(one.l, answerOf(one.file))
			}
		default:
			w.sync(l)
		}
		o.truthful(l)
	}
	o.settled(a, b)
	for _, one := range all { // long after everything
		w.must(w.office.Run("bundle", "take", one.file).Failed())
		one.s.in(one.l, answerOf(one.file))
	}
	o.settled(a, b)
}

// A copy of a laptop hands in a stick too: it gets a number of its own, and
// its work comes with the next one.
func TestStickOfACopy(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	copied := *l
	copied.Dir = filepath.Join(w.TempDir(), "copy")
	w.must(os.CopyFS(copied.Dir, os.DirFS(l.Dir)))
	o.write(l, 4)
	o.write(&copied, 3)
	w.off()
	first, second := w.stick(), w.stick()
	first.out(l)
	second.out(&copied)
	first.take()
	second.take()
	if r := first.in(l); r.Sent != 4 {
		t.Fatalf("the laptop: %+v", r)
	}
	if r := second.in(&copied); len(r.Files) != 1 || !r.Files[0].Renumbered || r.Sent != 0 {
		t.Fatalf("the copy: %+v", r)
	}
	o.truthful(&copied)
	again := w.stick()
	again.out(&copied)
	again.take()
	if r := again.in(&copied); r.Sent != 3 {
		t.Fatalf("the copy again: %+v", r)
	}
	w.way.Target(w.office.Addr)
	o.settled(l, &copied)
}

// The server is restored from a backup that lacks what a stick had brought.
func TestStickAfterRestore(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	backup := filepath.Join(w.TempDir(), "backup.db")
	w.must(w.office.Run("backup", backup).Failed())
	o.write(l, 5)
	old := w.stick()
	old.out(l)
	old.take()
	old.in(l)
	o.write(l, 2)

	w.restore(backup)
	w.off()

	// Each journey brings a step: the new number, the work and the comparison,
	// what the server lacks.
	for range 5 {
		s := w.stick()
		s.out(l)
		s.take()
		if r := s.in(l); r.Verified.Equal && w.status(l).ToSend == 0 {
			break
		}
	}
	w.same("laptop and server", w.dump(l), w.held(shaxi))
	found := marks(w.held(shaxi))
	for _, words := range o.known[l] {
		if found[words] != 1 {
			t.Errorf("the server has %q %d times", words, found[words])
		}
	}
	// The old stick comes once more: all that it has is known.
	before := marks(w.held(shaxi))
	old.take()
	if after := marks(w.held(shaxi)); !maps.Equal(after, before) {
		t.Errorf("after the old stick %v, before %v", after, before)
	}
}

// A laptop that never was on the network is set up by stick and reports so.
func TestFirstCopyByStick(t *testing.T) {
	w := settle(t, overTLS)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	o.write(l, 30)
	w.sync(l)
	s := w.stick()
	file := filepath.Join(s.dir, "first.gridbundle")
	var first struct {
		Code  string
		Whole bool
	}
	w.must(w.office.Run("bundle", "first", file, "--role", "village", "--scope", shaxi, "--person", "李会计").JSON(&first))
	fresh := w.empty()
	w.refused(fresh.Run("join", file, "2222-2222-2222"), "not_allowed", 3)
	w.must(fresh.Run("join", file, first.Code).Failed())
	w.same("the first copy and the server", w.dump(fresh), w.held(shaxi))
	o.write(fresh, 3)
	w.off()
	s.out(fresh)
	s.take()
	if r := s.in(fresh); r.Sent != 3 || !r.Verified.Equal {
		t.Fatalf("reported: %+v", r)
	}
	// The same stick on another laptop makes it a copy, with a number of its own.
	twin := w.empty()
	w.must(twin.Run("join", file, first.Code).Failed())
	o.write(twin, 2)
	for range 2 {
		next := w.stick()
		next.out(twin)
		next.take()
		next.in(twin)
	}
	w.same("the twin and the server", w.dump(twin), w.held(shaxi))
	again := w.stick()
	again.out(fresh)
	again.take()
	again.in(fresh)
	w.same("the first again", w.dump(fresh), w.held(shaxi))
}

// A stick that was pulled: whatever is cut, it is said to be damaged, and
// neither side changes.
func TestStickTorn(t *testing.T) {
	w := settle(t, plain)
	l := w.join("village", shaxi, "周书记")
	o := w.expecting(l)
	o.write(l, 3)
	w.off()
	s := w.stick()
	file := s.out(l)
	whole, err := os.ReadFile(file)
	w.must(err)
	before := w.held("")
	for _, n := range []int{0, 1, 15, 16, 17, 90, len(whole) / 2, len(whole) - 64, len(whole) - 1} {
		w.must(os.WriteFile(file, whole[:n], 0o600))
		w.refused(w.office.Run("bundle", "take", file), "damaged", 5)
	}
	w.same("the server", before, w.held(""))
	w.must(os.WriteFile(file, whole, 0o600))
	s.take()
	answer, err := os.ReadFile(answerOf(file))
	w.must(err)
	for _, n := range []int{0, 5, 100, len(answer) / 2, len(answer) - 1} {
		w.must(os.WriteFile(answerOf(file), answer[:n], 0o600))
		w.refused(l.Run("bundle", "in", answerOf(file)), "damaged", 5)
	}
	o.truthful(l)
	if got := w.status(l); got.ToSend != 3 {
		t.Errorf("to_send %d after torn answers", got.ToSend)
	}
	w.must(os.WriteFile(answerOf(file), answer, 0o600))
	if r := s.in(l); r.Sent != 3 {
		t.Errorf("the whole answer: %+v", r)
	}
}

// Who may, and what is not one.
func TestStickRefused(t *testing.T) {
	w := settle(t, plain)
	l, other := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "李会计")
	town := w.join("township", xinshi, "陈干事")
	o := w.expecting(l, other)
	o.write(l, 2)
	s := w.stick()
	file := s.out(l)
	// A village's laptop may not hand in; the township's may.
	w.refused(other.Run("bundle", "forward", file), "not_allowed", 3)
	w.must(town.Run("bundle", "forward", s.dir).Failed())
	w.refused(other.Run("bundle", "in", answerOf(file)), "not_allowed", 3)
	w.refused(l.Run("bundle", "in", file), "file_kind", 5)
	w.refused(w.office.Run("bundle", "take", answerOf(file)), "file_kind", 5)
	w.refused(l.Run("bundle", "out", filepath.Join(s.dir, "no", "such.gridbundle")), "unplugged", 1)
	if r := s.in(l); r.Sent != 2 {
		t.Errorf("forwarded: %+v", r)
	}
	// Revoked: said so, and the file is as it was.
	o.write(other, 1)
	late := w.stick()
	file = late.out(other)
	var list struct {
		Devices []struct {
			Device int
			Person string
		}
	}
	w.must(w.office.Run("devices").JSON(&list))
	for _, d := range list.Devices {
		if d.Person == "李会计" {
			w.must(w.office.Run("revoke", strconv.Itoa(d.Device)).Failed())
		}
	}
	before, err := os.ReadFile(file)
	w.must(err)
	w.refused(w.office.Run("bundle", "take", file), "revoked", 3)
	after, err := os.ReadFile(file)
	w.must(err)
	w.same("the file", before, after)
	if _, err := os.Stat(answerOf(file)); err == nil {
		t.Error("an answer to a revoked laptop")
	}
}
