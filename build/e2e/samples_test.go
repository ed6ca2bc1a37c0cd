package e2e

import (
	"fmt"
	"path/filepath"
	"testing"

	"gridbook/build/stage"
)

// samples are the workbooks of 沙溪村 in the order in which a village imports
// them: each needs what stands before it.
var samples = []struct{ kind, file string }{
	{"grids", "沙溪村-网格一览表.xlsx"},
	{"members", "沙溪村-红色网格员花名册.xlsx"},
	{"households", "沙溪村-住户花名册.xlsx"},
	{"links", "沙溪村-红色网格员联系户一览表.xlsx"},
	{"visits", "沙溪村-走访记录2024.xlsx"},
}

func sample(t *testing.T, name string) string {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "app", "importer", "testdata", name)
}

type imported struct {
	Rows    int
	Created map[string]int
	Updated map[string]int
	Refused []struct{ Sheet, Column, Value, Code, Message string }
}

func (w *town) importSamples(l *stage.Laptop) {
	w.Helper()
	for _, s := range samples {
		var got imported
		w.must(l.Run("import", s.kind, sample(w.T, s.file)).JSON(&got))
		if got.Rows == 0 || len(got.Created) == 0 {
			w.Fatalf("import of %s did nothing: %+v", s.kind, got)
		}
		w.Logf("%s: %d rows, created %v, refused %d", s.kind, got.Rows, got.Created, len(got.Refused))
	}
}

// twoHundred are edits as a busy week makes them: 150 new visits and 50
// changes of one field of a resident.
func (w *town) twoHundred(l *stage.Laptop) []op {
	w.Helper()
	var homes, people []string
	for _, r := range w.lines(w.dump(l)) {
		switch r.Collection {
		case "household":
			homes = append(homes, r.ID)
		case "resident":
			people = append(people, r.ID)
		}
	}
	if len(homes) == 0 || len(people) < 5 {
		w.Fatalf("%d households, %d people imported", len(homes), len(people))
	}
	var out []op
	for i := range 150 {
		out = append(out, visit(fmt.Sprintf("v%d", i), homes[i%len(homes)], fmt.Sprintf("第%d次上门，家中一切正常。", i)))
	}
	for i := range 50 {
		fields := map[string]any{"note": fmt.Sprintf("第%d条", i)}
		if i >= len(people) {
			fields = map[string]any{"phone": fmt.Sprintf("1390579%04d", i)}
		}
		out = append(out, op{Op: "set", Collection: "resident", ID: people[i%len(people)], Fields: fields})
	}
	return out
}

func TestSamplesReachEveryone(t *testing.T) {
	w := settle(t, overTLS)
	office := w.enrol("township", xinshi, "街道办")
	first := w.join("village", shaxi, "周书记")
	second := w.join("village", shaxi, "陈委员")
	w.importSamples(first)
	edits := w.twoHundred(first)
	w.apply(first, edits...)
	if s := w.status(first); s.ToSend == 0 {
		t.Fatalf("nothing to send after the import and 200 edits: %+v", s)
	}
	w.sync(first)
	if s := w.status(first); s.ToSend != 0 || s.Rejected != 0 || s.Sent == 0 {
		t.Fatalf("after the sync: %+v", s)
	}
	w.sync(office, second, first)

	whole := w.held("")
	own := w.dump(first)
	w.same("the village's two laptops", own, w.dump(second))
	w.same("the village and the server", own, w.held(shaxi))
	w.same("the township's laptop and the server's part of it", w.dump(office),
		w.only(whole, func(l line) bool { return !private(l) }))
	w.same("the server's whole and the village", w.only(whole, private), w.only(own, private))
	if n := len(w.lines(own)); n < 200 {
		t.Errorf("only %d records", n)
	}
	// The same workbook again changes nothing.
	for _, s := range samples {
		var got imported
		w.must(first.Run("import", s.kind, sample(t, s.file)).JSON(&got))
		if len(got.Created) != 0 || len(got.Updated) != 0 {
			t.Errorf("%s again: created %v, updated %v", s.kind, got.Created, got.Updated)
		}
	}
	if s := w.status(first); s.ToSend != 0 {
		t.Errorf("importing again left %d to send", s.ToSend)
	}
	if s := w.sync(first); s.Exchanges != 1 || s.Sent != 0 {
		t.Errorf("nothing changed, and the sync was %+v", s)
	}
}
