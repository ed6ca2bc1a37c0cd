package e2e

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"gridbook/build/stage"
)

// xiapei is another village of 新狮街道.
const xiapei = "330702009209"

// of are the lines of a collection in a dump.
func (w *town) of(dump []byte, collection string) []line {
	w.Helper()
	return w.lines(w.only(dump, func(l line) bool { return l.Collection == collection }))
}

// number is the number of a person's device.
func (w *town) number(person string) string {
	w.Helper()
	r := w.office.Run("devices")
	w.must(r.Failed())
	return device(w.T, r.Out, person)
}

// restore puts a backup in the place of the running server.
func (w *town) restore(backup string) {
	w.Helper()
	w.office.Kill()
	dir := filepath.Join(w.TempDir(), "restored")
	w.must(w.office.Run("restore", backup, "--data", dir).Failed())
	w.office.Dir = dir
	w.must(w.office.Serve())
}

// cameBack is what "came-back" prints.
type cameBack struct {
	Complete bool
	Awaited  int
	Summary  string
	Laptops  []struct {
		Person, State string
		Records       int
	}
}

func (w *town) returns() (r cameBack) {
	w.Helper()
	w.must(w.office.Run("came-back").JSON(&r))
	return r
}

// told is a line of what "notices" prints.
type told struct {
	Kind, Message, Hint string
}

func (w *town) notices(l *stage.Laptop) []told {
	w.Helper()
	r := l.Run("notices")
	w.must(r.Failed())
	var all []told
	for text := range bytes.Lines(r.Out) {
		var n told
		w.must(json.Unmarshal(text, &n))
		all = append(all, n)
	}
	return all
}

// Someone is given another village while they have unsent work: it waits for
// the township, nothing is lost, and nothing of the old village stays.
func TestRoleChange(t *testing.T) {
	w := settle(t, plain)
	office := w.join("township", xinshi, "街道办")
	stays, goes := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
	made := w.apply(stays, family(1)...)
	w.sync(stays, goes)
	w.apply(goes, visit("", made["h1"], "没来得及上报的走访"),
		op{Op: "set", Collection: "household", ID: made["h1"], Fields: map[string]any{"address": "没来得及上报的地址"}})
	w.must(w.office.Run("role", w.number("陈委员"), "--role", "village", "--scope", xiapei).Failed())
	if s := w.sync(goes); s.Rejected != 0 {
		t.Errorf("%+v", s)
	}
	if s := w.status(goes); s.ToSend != 0 || s.Rejected != 0 {
		t.Errorf("%+v", s)
	}
	if n := w.notices(goes); len(n) != 1 || n[0].Kind != "role" || !strings.Contains(n[0].Message, "下裴村") || !strings.Contains(n[0].Hint, "2 条") {
		t.Errorf("the laptop tells %+v", n)
	}
	if d := w.dump(goes); bytes.Contains(d, []byte("周大明")) || bytes.Contains(d, []byte("没来得及")) {
		t.Errorf("keeps\n%s", d)
	}
	// What they write from now on belongs to the new village.
	w.apply(goes, op{Op: "put", Collection: "household", Fields: map[string]any{"head_name": "下裴的人", "address": "下裴村1号"}})
	w.sync(goes, office)
	if !bytes.Contains(w.held(xiapei), []byte("下裴的人")) {
		t.Errorf("new work is not in the new village:\n%s", w.held(""))
	}
	items := w.of(w.dump(office), "inbox")
	if len(items) != 2 {
		t.Fatalf("the inbox has %v", items)
	}
	for _, i := range items {
		if i.Fields["kind"] != "held" || i.Fields["person"] != "陈委员" {
			t.Errorf("%v", i)
		}
		w.apply(office, op{Op: "set", Collection: "inbox", ID: i.ID, Fields: map[string]any{"decision": "take"}})
	}
	w.sync(office, stays)
	if d := w.dump(stays); bytes.Count(d, []byte("没来得及上报的走访")) != 1 || bytes.Count(d, []byte("没来得及上报的地址")) != 1 {
		t.Errorf("not joined once:\n%s", d)
	}
	w.same("a laptop and the server", w.dump(stays), w.held(shaxi))
	// One leaves altogether.
	w.apply(stays, visit("", made["h1"], "走之前的走访"))
	w.must(w.office.Run("role", w.number("周书记"), "--end").Failed())
	w.sync(stays)
	if d := w.dump(stays); len(d) != 0 {
		t.Errorf("keeps\n%s", d)
	}
	if n := w.notices(stays); len(n) != 1 || n[0].Kind != "ended" || !strings.Contains(n[0].Hint, "1 条") {
		t.Errorf("the laptop tells %+v", n)
	}
	anew, err := w.office.Invite("village", shaxi, "新书记")
	w.must(err)
	w.must(stays.Run("join", anew, "--anew").Failed())
	w.sync(stays)
	w.same("a laptop that joined anew and the server", w.dump(stays), w.held(shaxi))
	if n := w.notices(stays); len(n) != 0 {
		t.Errorf("the new laptop tells %+v", n)
	}
	w.sync(office)
	if n := len(w.of(w.dump(office), "inbox")); n != 3 {
		t.Errorf("%d items", n)
	}
	w.must(w.office.Run("verify").Failed())
}

// An old backup is restored: the laptops give back what it lacks, and the
// server says from whom, and when it is whole again.
func TestRestoreSaysWhatCameBack(t *testing.T) {
	w := settle(t, plain)
	first, second := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
	o := w.expecting(first, second)
	o.write(first, 3)
	w.sync(first, second)
	backup := filepath.Join(t.TempDir(), "copy.db")
	w.must(w.office.Run("backup", backup).Failed())
	o.write(first, 4)
	w.sync(first, second)
	o.write(second, 2)
	w.restore(backup)
	if r := w.returns(); r.Complete || r.Awaited != 2 || len(r.Laptops) != 2 || !strings.Contains(r.Summary, "周书记") {
		t.Errorf("at first: %+v", r)
	}
	w.sync(second)
	if r := w.returns(); r.Complete || r.Awaited != 2 || r.Laptops[1].Records != 4 || r.Laptops[1].State != "comparing" {
		t.Errorf("after one: %+v", r)
	}
	o.settled(first, second)
	w.sync(first, second)
	if r := w.returns(); !r.Complete || r.Awaited != 0 || r.Laptops[0].State != "equal" {
		t.Errorf("at last: %+v", r)
	}
	w.must(w.office.Run("verify").Failed())
}

// What was erased by law stays so when an older backup is restored, whoever
// comes first, and for a laptop that was away all the time.
func TestPurgeOutlivesRestore(t *testing.T) {
	for name, order := range map[string]func(here, away *stage.Laptop) []*stage.Laptop{
		"the trace first":   func(here, away *stage.Laptop) []*stage.Laptop { return []*stage.Laptop{here, away} },
		"the content first": func(here, away *stage.Laptop) []*stage.Laptop { return []*stage.Laptop{away, here, away} },
	} {
		t.Run(name, func(t *testing.T) {
			w := settle(t, plain)
			here, away := w.join("village", shaxi, "周书记"), w.join("village", shaxi, "陈委员")
			made := w.apply(here, family(1)...)
			w.sync(here, away)
			backup := filepath.Join(t.TempDir(), "copy.db")
			w.must(w.office.Run("backup", backup).Failed())
			w.must(w.office.Run("purge", made["p1"], "--reason", "本人依法要求删除").Failed())
			w.sync(here)
			w.apply(away, op{Op: "set", Collection: "resident", ID: made["p1"], Fields: map[string]any{"job": "不该再出现"}})
			w.restore(backup)
			w.sync(order(here, away)...)
			for who, d := range map[string][]byte{"server": w.held(""), "here": w.dump(here), "away": w.dump(away)} {
				if len(w.of(d, "resident")) != 0 || bytes.Contains(d, []byte("不该再出现")) {
					t.Errorf("%s has it again:\n%s", who, d)
				}
				if len(w.of(d, "erased")) != 1 {
					t.Errorf("%s has no trace:\n%s", who, d)
				}
			}
			w.must(w.office.Run("verify").Failed())
		})
	}
}

// What waits for the township is on the laptop of someone who has left, too,
// in a deposit. It outlives a new enrolment of that laptop: the server may have
// been restored from a backup that lacks the item, before the laptop came again.
func TestDepositsOutliveANewEnrolment(t *testing.T) {
	w := settle(t, plain)
	office := w.join("township", xinshi, "街道办")
	goes := w.join("village", shaxi, "周书记")
	made := w.apply(goes, family(1)...)
	w.sync(goes)
	backup := filepath.Join(t.TempDir(), "copy.db")
	w.must(w.office.Run("backup", backup).Failed())
	w.must(w.office.Run("role", w.number("周书记"), "--end").Failed())
	w.apply(goes, visit("", made["h1"], "走之前的走访"))
	w.sync(goes)
	if items := w.of(w.held(""), "inbox"); len(items) != 1 {
		t.Fatalf("the inbox has %v", items)
	}
	w.restore(backup)
	if items := w.of(w.held(""), "inbox"); len(items) != 0 {
		t.Fatalf("the backup has %v", items)
	}
	anew, err := w.office.Invite("village", xiapei, "新书记")
	w.must(err)
	w.must(goes.Run("join", anew, "--anew").Failed())
	w.sync(goes, office)
	items := w.of(w.dump(office), "inbox")
	if len(items) != 1 || items[0].Fields["person"] != "周书记" {
		t.Fatalf("what came back is %v", items)
	}
	if d := w.dump(goes); bytes.Contains(d, []byte("走之前的走访")) {
		t.Errorf("the new laptop holds it:\n%s", d)
	}
	w.apply(office, op{Op: "set", Collection: "inbox", ID: items[0].ID, Fields: map[string]any{"decision": "take"}})
	w.sync(office, goes)
	if !bytes.Contains(w.held(shaxi), []byte("走之前的走访")) {
		t.Error("the township cannot take it")
	}
	w.must(w.office.Run("verify").Failed())
}
