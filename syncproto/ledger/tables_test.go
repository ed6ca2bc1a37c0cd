package ledger

import (
	"testing"
)

func TestTables(t *testing.T) {
	for name, table := range theTables() {
		seen := map[string]bool{}
		for _, r := range table.Rows {
			if r.Code == "" || r.Label == "" || seen[r.Code] {
				t.Errorf("%s: row %q is empty or there twice", name, r.Code)
			}
			seen[r.Code] = true
			if got, ok := table.Code(r.Label); !ok || got != r.Code {
				t.Errorf("%s: %s is read as %q, want %q", name, r.Label, got, r.Code)
			}
			if len(r.Code) > 40 {
				t.Errorf("%s: code %s is too long for an Enum", name, r.Code)
			}
		}
	}
	var local tableFile
	mustRead("local-tables.json", &local)
	for name, words := range local.Aliases {
		table, ok := TableOf(name)
		if !ok {
			t.Errorf("aliases for unknown table %s", name)
			continue
		}
		for word, code := range words {
			if _, ok := table.Row(code); !ok {
				t.Errorf("%s: alias %s names unknown code %s", name, word, code)
			}
			if got, ok := table.Code(word); !ok || got != code {
				t.Errorf("%s: %s is read as %q, want %q", name, word, got, code)
			}
		}
	}
	for name := range local.Extra {
		if _, ok := TableOf(name); !ok {
			t.Errorf("extra rows for unknown table %s", name)
		}
	}
}

// No field may ask for what must not be collected.
func TestDoNotCollect(t *testing.T) {
	for _, f := range allFields() {
		switch f.Table {
		case "marital", "health", "political_status", "ethnic":
			t.Errorf("field %s collects %s", f.Key, f.Table)
		}
	}
}

func TestRowExtras(t *testing.T) {
	if r, ok := MustTable("visit_cycle").Row("care"); !ok || len(r.Extra) != 1 || r.Extra[0] != "30d" {
		t.Errorf("%+v", r)
	}
	if r, _ := MustTable("matter_level").Row("town"); r.Limits["finish"] != "15d" || r.Limits["accept"] != "2wd" {
		t.Errorf("%+v", r)
	}
	if r, _ := MustTable("ethnic").Row("22"); r.Label != "畲族" || len(r.Extra) != 2 {
		t.Errorf("%+v", r)
	}
	if MustTable("sex").Standard != "GB/T 2261.1-2003" || MustTable("residence").Standard != "local" {
		t.Error("standards are lost")
	}
}

func TestChecklists(t *testing.T) {
	hazards, actions := MustTable("hazard"), MustTable("hazard_grade")
	n := 0
	for _, l := range Checklists() {
		if _, ok := hazards.Row(l.ID); !ok {
			t.Errorf("list %s is no kind of hazard", l.ID)
		}
		for _, item := range l.Items {
			n++
			if _, ok := actions.Row(item.Action); !ok || item.Text == "" || item.ID == "" {
				t.Errorf("%+v", item)
			}
		}
	}
	if len(Checklists()) != 9 || n != 63 {
		t.Errorf("%d lists, %d items", len(Checklists()), n)
	}
}

func TestDivisions(t *testing.T) {
	towns, villages := 0, 0
	for _, c := range Counties() {
		for _, town := range Below(c.Code) {
			towns++
			if !IsTownship(town.Code) {
				t.Errorf("township %s", town.Code)
			}
			for _, v := range Below(town.Code) {
				villages++
				if !IsVillage(v.Code) || TownshipOf(v.Code) != town.Code {
					t.Errorf("village %s", v.Code)
				}
			}
		}
	}
	if len(Counties()) != 9 || towns != 146 || villages != 3300 {
		t.Errorf("%d counties, %d townships, %d villages", len(Counties()), towns, villages)
	}
	for code, want := range map[string]string{"330702009": "新狮街道", shaxi: "沙溪村", "330702009001": "五一社区", "330702009214": "高村", "330702009012": "浙师大社区"} {
		d, ok := PlaceOf(code)
		if !ok || d.Short() != want {
			t.Errorf("%s is %q, want %s", code, d.Short(), want)
		}
	}
	if _, ok := PlaceOf("999901000101"); ok {
		t.Error("a village of nowhere is found")
	}
}
