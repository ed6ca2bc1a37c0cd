package ledger

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"gridbook/syncproto"

	"pgregory.net/rapid"
)

// field returns a field by "collection.key".
func field(t testing.TB, name string) *Field {
	t.Helper()
	coll, key, _ := strings.Cut(name, ".")
	c, ok := ByKey(coll)
	if !ok {
		t.Fatalf("no collection %s", coll)
	}
	f, ok := c.FieldByKey(key)
	if !ok {
		t.Fatalf("no field %s", name)
	}
	return f
}

func allFields() []*Field {
	var out []*Field
	for _, c := range All() {
		for i := range c.Fields {
			out = append(out, &c.Fields[i])
		}
	}
	return out
}

// anyValue draws a value that f may hold.
func anyValue(t *rapid.T, f *Field) syncproto.Value {
	text := rapid.StringN(1, 30, -1)
	switch f.Type {
	case Enum:
		return syncproto.TextOf(rapid.SampledFrom(MustTable(f.Table).Rows).Draw(t, "row").Code)
	case Date:
		return syncproto.IntOf(rapid.Int64Range(-43_000, 84_000).Draw(t, "day"))
	case Partial:
		p := PartialDate{Year: rapid.IntRange(1850, 2200).Draw(t, "y"), Month: rapid.IntRange(0, 12).Draw(t, "m")}
		if p.Month > 0 {
			p.Day = rapid.IntRange(0, 28).Draw(t, "d")
		}
		return syncproto.IntOf(p.Int())
	case Instant:
		return syncproto.IntOf(rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "ms"))
	case Int:
		return syncproto.IntOf(rapid.Int64Range(-maxInt, maxInt).Draw(t, "n"))
	case Decimal:
		return syncproto.IntOf(rapid.Int64Range(-18_000_000, 18_000_000).Draw(t, "n"))
	case Bool:
		return syncproto.BoolOf(rapid.Bool().Draw(t, "b"))
	case Phone:
		n := rapid.StringMatching(`1[3-9][0-9]{9}|0579-[2-9][0-9]{6,7}|010-[2-9][0-9]{7}|[2-9][0-9]{6,7}|100[0-9]{8}|[1-9][0-9]{2,5}`)
		return syncproto.TextOf(strings.Join(rapid.SliceOfN(n, 1, 3).Draw(t, "phones"), "、"))
	case ShortPhone:
		return syncproto.TextOf(rapid.StringMatching(`[1-9][0-9]{2,5}`).Draw(t, "short"))
	case IDNumber:
		s := rapid.StringMatching(`3307990[0-9]`).Draw(t, "area")[:6] + rapid.StringMatching(`19[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}`).Draw(t, "rest")
		return syncproto.TextOf(s + string(CheckDigit(s)))
	case Place:
		return syncproto.TextOf(rapid.StringMatching(`[1-9][0-9]{8}|[1-9][0-9]{10}[1-9]`).Draw(t, "place"))
	case GridCode:
		return syncproto.TextOf(rapid.StringMatching(`[1-9][0-9]{14}|[1-9][0-9]{16}`).Draw(t, "code"))
	case Hash:
		return syncproto.BytesOf(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
	case Packed:
		return syncproto.BytesOf(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "packed"))
	case Ref:
		return syncproto.RefOf(syncproto.ID{Time: syncproto.Time(rapid.Uint64Range(1, 1<<63).Draw(t, "time")), Replica: syncproto.ReplicaID(rapid.Uint32().Draw(t, "replica"))})
	case List:
		if f.Table != "" {
			return syncproto.ListOf(rapid.SampledFrom(MustTable(f.Table).Rows).Draw(t, "row").Code)
		}
		return syncproto.ListOf(rapid.SliceOfN(text, 1, 5).Draw(t, "items")...)
	}
	return syncproto.TextOf(string([]rune(text.Draw(t, "text"))[:1]))
}

// What JSON prints, Parse reads back to the same value, through real JSON and
// with numbers as float64 or as json.Number.
func TestJSONRoundTrip(t *testing.T) {
	fields := allFields()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(fields).Draw(t, "field")
		v := anyValue(t, f)
		b, err := json.Marshal(f.JSON(v))
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(b, &plain); err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(strings.NewReader(string(b)))
		dec.UseNumber()
		var exact any
		if err := dec.Decode(&exact); err != nil {
			t.Fatal(err)
		}
		for _, in := range []any{plain, exact} {
			got, err := f.Parse(in)
			if err != nil || got != v {
				t.Fatalf("%s: %v → %s → %v, %v", f.Key, v, b, got, err)
			}
		}
	})
}

// What people read of a value, a cell gives back, for all types that people
// type.
func TestCellReadsText(t *testing.T) {
	var fields []*Field
	for _, f := range allFields() {
		switch f.Type {
		case Date, Partial, Int, Decimal, Bool, IDNumber, GridCode, Enum:
			fields = append(fields, f)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(fields).Draw(t, "field")
		v := anyValue(t, f)
		got, err := f.ParseCell(Cell{Text: f.Text(v)})
		if err != nil || got != v {
			t.Fatalf("%s: %v → %q → %v, %v", f.Key, v, f.Text(v), got, err)
		}
	})
}

func TestParseCellNeverPanics(t *testing.T) {
	fields := allFields()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(fields).Draw(t, "field")
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9年月日./:+\-eEX 　]{0,24}`)).Draw(t, "text")
		v, err := f.ParseCell(Cell{Text: text, Number: rapid.Bool().Draw(t, "number")})
		if err == nil {
			err = f.fits(v)
		}
		if err != nil && (syncproto.CodeOf(err) != syncproto.CodeField || CauseOf(err) == "") {
			t.Fatalf("%s: %q: error without code or cause: %v", f.Key, text, err)
		}
	})
}

func TestParse(t *testing.T) {
	id := syncproto.ID{Time: syncproto.TimeAt(1_700_000_000_000), Replica: 3}
	for _, tc := range []struct {
		field string
		in    any
		want  syncproto.Value
		cause Cause
	}{
		{"visit.date", "2024-03-05", syncproto.IntOf(19787), ""},
		{"visit.date", "2024-3-5", syncproto.Value{}, CauseDate},
		{"visit.date", "2023-02-29", syncproto.Value{}, CauseDate},
		{"visit.date", 19787.0, syncproto.Value{}, CauseKind},
		{"visit.date", nil, syncproto.Value{}, ""},
		{"visit.date", "", syncproto.Value{}, ""},
		{"resident.birth", "1962-08", syncproto.IntOf(PartialDate{1962, 8, 0}.Int()), ""},
		{"resident.birth", "1962", syncproto.IntOf(PartialDate{1962, 0, 0}.Int()), ""},
		{"resident.birth", "1962-13", syncproto.Value{}, CauseDate},
		{"resident.sex", "男", syncproto.TextOf("1"), ""},
		{"resident.sex", "2", syncproto.TextOf("2"), ""},
		{"resident.sex", "甲", syncproto.Value{}, CauseEnum},
		{"resident.relation", "儿媳", syncproto.TextOf("38"), ""},
		{"resident.education", "Z7", syncproto.TextOf("Z7"), ""},
		{"resident.household", id.String(), syncproto.RefOf(id), ""},
		{"resident.household", "household-1", syncproto.Value{}, CauseReference},
		{"resident.phone", "10012345678", syncproto.TextOf("10012345678"), ""},
		{"resident.phone", "138 0000 1111/0579-82000000", syncproto.TextOf("13800001111、0579-82000000"), ""},
		{"resident.phone", "call me", syncproto.Value{}, CausePhone},
		{"household.lng", json.Number("119.64731"), syncproto.IntOf(11964731), ""},
		{"household.lng", 119.64731, syncproto.IntOf(11964731), ""},
		{"household.people", 3.5, syncproto.Value{}, CauseNumber},
		{"household.people", "3", syncproto.Value{}, CauseKind},
		{"household.people", json.Number("99999999999999999"), syncproto.Value{}, CauseNumber},
		{"member.exempt", true, syncproto.BoolOf(true), ""},
		{"member.exempt", "是", syncproto.Value{}, CauseKind},
		{"village.code", "330702009204", syncproto.TextOf("330702009204"), ""},
		{"village.code", "330702009000", syncproto.TextOf("330702009"), ""},
		{"village.code", "3307020092", syncproto.Value{}, CausePlace},
		{"grid.grid_code", "330702009202001", syncproto.TextOf("330702009202001"), ""},
		{"activity.builds", []any{"政治建设", "clean"}, syncproto.ListOf("politics", "clean"), ""},
		{"activity.builds", "政治建设", syncproto.Value{}, CauseKind},
		{"household.hh_no", strings.Repeat("户", 31), syncproto.Value{}, CauseTooLong},
		{"household.hh_no", strings.Repeat("户", 30), syncproto.TextOf(strings.Repeat("户", 30)), ""},
		{"attachment.sha256", strings.Repeat("ab", 31), syncproto.Value{}, CauseKind},
		{"visit.situation", "a\xff", syncproto.Value{}, CauseKind},
	} {
		got, err := field(t, tc.field).Parse(tc.in)
		if got != tc.want || CauseOf(err) != tc.cause {
			t.Errorf("%s: Parse(%v) = %v, %v; want %v, cause %q", tc.field, tc.in, got, err, tc.want, tc.cause)
		}
		var e *syncproto.Error
		if err != nil && (!errors.As(err, &e) || !strings.Contains(e.Message, field(t, tc.field).Label) || e.Hint == "") {
			t.Errorf("%s: %v does not name the field or what to do", tc.field, err)
		}
	}
}

func TestParseCell(t *testing.T) {
	for _, tc := range []struct {
		field  string
		text   string
		number bool
		want   string // as Text prints it
		cause  Cause
	}{
		{"resident.name", "张　三", false, "张三", ""},
		{"resident.name", " 欧 阳 娜 娜 ", false, "欧阳娜娜", ""},
		{"resident.name", "Li Ming", false, "Li Ming", ""},
		{"resident.sex", "男性", false, "男性", ""},
		{"resident.sex", "１", false, "男性", ""},
		{"resident.relation", "户主", false, "户主", ""},
		{"resident.relation", "房客张三", false, "", CauseEnum},
		{"resident.residence", "外出务工(杭州)", false, "外出", ""},
		{"household.address", "上沙１０９号，二单元", false, "上沙109号，二单元", ""},
		{"visit.situation", "询问近况，身体好；\r\n无诉求。", false, "询问近况，身体好；\n无诉求。", ""},
		{"visit.mode", "入户", false, "上门", ""},
		{"link.link_basis", "就便", false, "就便", ""},
		{"member.mobile_member", "√", false, "是", ""},
		{"member.mobile_member", "否", false, "否", ""},
		{"member.mobile_member", "也许", false, "", CauseBool},
		{"household.people", "５人", false, "5", ""},
		{"household.people", "五", false, "", CauseNumber},
		{"household.people", "5", true, "5", ""},
		{"grid.grid_code", "330702009202001", true, "330702009202001", ""},
		{"grid.grid_code", "3.30702009202001E+14", true, "", CauseNumberCell},
		{"grid.supervise_phone", "0579-82000000", false, "0579-82000000", ""},
		{"grid.supervise_phone", "(0579)8200000", false, "0579-8200000", ""},
		{"resident.phone", "+86 138-0000-1111", false, "13800001111", ""},
		{"resident.phone", "13800001111", true, "13800001111", ""},
		{"resident.phone", "13800001111 13800002222", false, "13800001111、13800002222", ""},
		{"resident.phone", "13800001111、661234", false, "13800001111", ""},
		{"resident.phone", "1380000111", false, "", CausePhone},
		{"resident.phone", "10000001111", false, "", CausePhone},
		{"resident.phone", "无", false, "", ""},
		{"house_check.area", "120.5㎡", false, "120.5", ""},
		{"house_check.altered", "加层、扩建", false, "加层、扩建", ""},
	} {
		f := field(t, tc.field)
		got, err := f.ParseCell(Cell{tc.text, tc.number})
		if f.Text(got) != tc.want || CauseOf(err) != tc.cause {
			t.Errorf("%s: ParseCell(%q) = %q, %v; want %q, cause %q", tc.field, tc.text, f.Text(got), err, tc.want, tc.cause)
		}
	}
}

func TestReadDate(t *testing.T) {
	for _, tc := range []struct {
		text   string
		number bool
		want   string
		cause  Cause
	}{
		{"2024.3.5", false, "2024-03-05", ""},
		{"2024-03-05", false, "2024-03-05", ""},
		{"2024/3/5", false, "2024-03-05", ""},
		{"20240305", false, "2024-03-05", ""},
		{"20240305", true, "2024-03-05", ""},
		{"2024年3月5日", false, "2024-03-05", ""},
		{"２０２４年３月５号", false, "2024-03-05", ""},
		{"2024 年 3 月 5 日 星期二", false, "2024-03-05", ""},
		{"2024-03-05 14:20:00", false, "2024-03-05", ""},
		{"2024-03-05T14:20:00", false, "2024-03-05", ""},
		{"2024年3月5日14:20", false, "2024-03-05", ""},
		{"45356", true, "2024-03-05", ""},
		{"45356.75", true, "2024-03-05", ""},
		{"2024.3", false, "2024-03", ""},
		{"2024.10", false, "2024-10", ""},
		{"2024.1", false, "2024-01", ""},
		{"2024.3", true, "2024-03", ""},
		{"2024.11", true, "2024-11", ""},
		{"2024.1", true, "", CauseMonth},
		{"2024.123", true, "", CauseDate},
		{"202403", false, "2024-03", ""},
		{"2024年3月", false, "2024-03", ""},
		{"1962.08", false, "1962-08", ""},
		{"1962", true, "1962", ""},
		{"1962年", false, "1962", ""},
		{"24.3.5", false, "", CauseDate},
		{"2024.2.30", false, "", CauseDate},
		{"2024.13", false, "", CauseDate},
		{"2024-03-05-06", false, "", CauseDate},
		{"三月五日", false, "", CauseDate},
		{"45356", false, "", CauseDate},
		{"-5", true, "", CauseDate},
		{"1e400", true, "", CauseDate},
	} {
		p, cause := ReadDate(Cell{tc.text, tc.number})
		got := ""
		if cause == "" {
			got = p.String()
		}
		if got != tc.want || cause != tc.cause {
			t.Errorf("ReadDate(%q, %v) = %s, %q; want %s, %q", tc.text, tc.number, got, cause, tc.want, tc.cause)
		}
	}
}

func TestPartialDate(t *testing.T) {
	aug := PartialDate{1962, 8, 0}
	if !aug.Agrees(PartialDate{1962, 8, 15}) || aug.Agrees(PartialDate{1962, 9, 1}) {
		t.Error("a month agrees with its days alone")
	}
	today, _ := DayOfDate(2024, 8, 14)
	for p, want := range map[PartialDate]int{{1962, 8, 15}: 61, {1962, 8, 14}: 62, aug: 62, {1962, 0, 0}: 62, {1962, 9, 0}: 61} {
		if got := p.Age(today); got != want {
			t.Errorf("age of %s is %d, want %d", p, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := PartialOf(anyValue(t, &Field{Type: Partial}).Int()), PartialOf(anyValue(t, &Field{Type: Partial}).Int())
		if (a.Int() < b.Int()) != (a.String() < b.String()) {
			t.Fatalf("%s and %s are ordered differently", a, b)
		}
	})
}
