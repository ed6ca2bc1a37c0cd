package ledger

import (
	"encoding/json"
	"slices"
	"testing"
)

// The vectors of code-tables.json, each invalid one with its reason.
func TestIDVectors(t *testing.T) {
	var file struct {
		ID struct {
			Vectors []struct {
				ID    string
				Valid bool
				Why   string
			}
		} `json:"id_number"`
	}
	b, err := files.ReadFile("data/code-tables.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	causes := map[string]Cause{
		"110105194912310021": CauseIDCheck,
		"330799196102290015": CauseIDDate,
		"330799196002290":    CauseIDOld,
		"330799198506150000": CauseIDAsNumber,
		"3.30799E+17":        CauseIDAsNumber,
	}
	if len(file.ID.Vectors) != 13 {
		t.Fatalf("%d vectors", len(file.ID.Vectors))
	}
	for _, v := range file.ID.Vectors {
		got := CheckID(NormalID(v.ID))
		if got != causes[v.ID] || (got == "") != v.Valid {
			t.Errorf("%s (%s): %q, want %q", v.ID, v.Why, got, causes[v.ID])
		}
	}
	for id, want := range map[string]Cause{"": CauseIDShape, "33079919850615002": CauseIDShape, "33079919850615002A": CauseIDShape, "护照E12345": CauseIDShape} {
		if got := CheckID(id); got != want {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
}

func TestIDParts(t *testing.T) {
	if p := BirthOfID("330799198506150026"); p != (PartialDate{1985, 6, 15}) {
		t.Errorf("birth %s", p)
	}
	if SexOfID("330799198506150026") != "2" || SexOfID("330799196002290018") != "1" {
		t.Error("sex is the 17th digit: odd male, even female")
	}
	f := field(t, "resident_private.id_no")
	if _, err := f.ParseCell(Cell{"330799198506150026", true}); CauseOf(err) != CauseIDAsNumber {
		t.Errorf("an ID number in a number cell has lost digits whatever it shows: %v", err)
	}
	if v, err := f.ParseCell(Cell{"１１０１０５１９４９１２３１００２ｘ", false}); err != nil || v.Text() != "11010519491231002X" {
		t.Errorf("%v, %v", v, err)
	}
}

func TestReadPhones(t *testing.T) {
	for _, tc := range []struct {
		in                  string
		numbers, short, bad []string
	}{
		{"13800001111", []string{"13800001111"}, nil, nil},
		{"8613800001111", []string{"13800001111"}, nil, nil},
		{"008613800001111", []string{"13800001111"}, nil, nil},
		{"138 0000 1111", []string{"13800001111"}, nil, nil},
		{"0579-82000000", []string{"0579-82000000"}, nil, nil},
		{"057982000000", []string{"0579-82000000"}, nil, nil},
		{"010-62000000", []string{"010-62000000"}, nil, nil},
		{"82000000", []string{"82000000"}, nil, nil},
		{"13800001111(661234)", nil, nil, []string{"13800001111(661234)"}},
		{"13800001111\n661234", []string{"13800001111"}, []string{"661234"}, nil},
		{"13800001111；13900002222", []string{"13800001111", "13900002222"}, nil, nil},
		{"13800001111，x", []string{"13800001111"}, nil, []string{"x"}},
		{"12", nil, nil, []string{"12"}},
		{"/", nil, nil, nil},
	} {
		p := ReadPhones(tc.in)
		if !slices.Equal(p.Numbers, tc.numbers) || !slices.Equal(p.Short, tc.short) || !slices.Equal(p.Bad, tc.bad) {
			t.Errorf("%q: %+v", tc.in, p)
		}
	}
}

func TestMasks(t *testing.T) {
	for in, want := range map[string]string{"张三": "张*", "欧阳娜娜": "欧阳**", "欧阳": "欧*", "王小二": "王**", "王": "王", "": ""} {
		if got := MaskName(in); got != want {
			t.Errorf("name %s → %s, want %s", in, got, want)
		}
	}
	if got := MaskID("330702199001011234"); got != "330702********1234" {
		t.Error(got)
	}
	if got := MaskID("1234"); got != "****" {
		t.Error(got)
	}
	if got := MaskPhone("13812345678、0579-82000000、6612"); got != "138****5678、057******0000、****" {
		t.Error(got)
	}
	if got := MaskAddress("上沙109号2单元"); got != "上沙**" {
		t.Error(got)
	}
	for name, want := range map[string]string{
		"resident.name": "张*", "resident.phone": "138****5678", "resident.birth": "1962", "household.address": "上沙**",
		"visit.request": "***", "visit.mode": "上门", "resident.note": "***", "resident_private.id_no": "330799********0026",
	} {
		in := map[string]any{"resident.name": "张三", "resident.phone": "13812345678", "resident.birth": "1962-08-15", "household.address": "上沙109号",
			"visit.request": "修路灯", "visit.mode": "door", "resident.note": "备注", "resident_private.id_no": "330799198506150026"}[name]
		f := field(t, name)
		v, err := f.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Mask(v); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
