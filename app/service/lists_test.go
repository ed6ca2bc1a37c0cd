package service

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

func TestHouseholdList(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	put(t, s.laptop.Book, "household", map[string]any{"head_name": "孙散户", "address": "沙溪村9号", "residence": "外出"})
	ctx := t.Context()
	for _, c := range []struct {
		q    HouseholdQuery
		want string
	}{
		{HouseholdQuery{}, "孙散户 张三 吕布衣"},
		{HouseholdQuery{Grid: v.grid}, "张三 吕布衣"},
		{HouseholdQuery{Grid: "none"}, "孙散户"},
		{HouseholdQuery{Member: v.member}, "张三"},
		{HouseholdQuery{Text: "lixiu"}, "张三"},
		{HouseholdQuery{Text: "12"}, "张三 吕布衣"},
		{HouseholdQuery{Text: "12", Filter: "unlinked"}, "吕布衣"},
		{HouseholdQuery{Filter: "residence:away"}, "孙散户"},
		{HouseholdQuery{Filter: "unvisited"}, "孙散户 张三 吕布衣"},
		{HouseholdQuery{Filter: "unsent"}, "孙散户 张三 吕布衣"},
		{HouseholdQuery{Filter: "refused"}, ""},
		{HouseholdQuery{Filter: "conflict"}, ""},
		{HouseholdQuery{Village: other}, ""},
	} {
		list, err := s.Households(ctx, c.q, 0, 10)
		if err != nil {
			t.Fatalf("%+v: %v", c.q, err)
		}
		var heads []string
		for _, row := range list.Rows {
			heads = append(heads, row.Head)
		}
		if got := strings.Join(heads, " "); got != c.want || list.Total != len(heads) {
			t.Errorf("households %+v: %q of %d, want %q", c.q, got, list.Total, c.want)
		}
	}
	window, err := s.Households(ctx, HouseholdQuery{}, 1, 1)
	if err != nil || window.Total != 3 || len(window.Rows) != 1 || window.Rows[0].Head != "张三" {
		t.Errorf("window %+v, %v", window, err)
	}
	_, err = s.Households(ctx, HouseholdQuery{Filter: "best"}, 0, 10)
	wantCode(t, "an unknown filter", err, syncproto.CodeUsage)
	hits, err := s.Search(ctx, "zs", 10)
	if err != nil || len(hits) != 1 || hits[0].Kind != "resident" || hits[0].Household != v.first {
		t.Errorf("hits %+v, %v: the head is found once", hits, err)
	}
}

func TestLogsArePaged(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	v := settle(t, s.laptop.Book)
	ctx := t.Context()
	for i := range 23 {
		draft := VisitDraft{Date: fmt.Sprintf("2024-01-%02d", 1+i/2), Mode: "door", Visitor: v.member, Household: v.first, Note: fmt.Sprint(i)}
		saved, err := s.SaveVisit(ctx, draft)
		if err != nil {
			t.Fatal(err)
		}
		if i%5 == 0 {
			if _, err := s.Delete(ctx, "visit", saved.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, page := range map[string]func(cursor string) (VisitPage, error){
		"of a household": func(cursor string) (VisitPage, error) { return s.VisitsOf(ctx, v.first, cursor, 4) },
		"of a village":   func(cursor string) (VisitPage, error) { return s.Visits(ctx, shaxi, cursor, 4) },
	} {
		seen, last, cursor := map[string]bool{}, "9999", ""
		for pages := 0; ; pages++ {
			got, err := page(cursor)
			if err != nil || len(got.Rows) > 4 || pages > 10 {
				t.Fatalf("visits %s: %+v, %v", name, got, err)
			}
			for _, row := range got.Rows {
				if seen[row.ID] || row.Date > last {
					t.Errorf("visits %s: %s of %s again or out of order", name, row.Note, row.Date)
				}
				seen[row.ID], last = true, row.Date
			}
			if cursor = got.Next; cursor == "" {
				break
			}
		}
		if len(seen) != 18 {
			t.Errorf("visits %s: %d, want 18", name, len(seen))
		}
	}
	_, err := s.VisitsOf(ctx, v.first, "nonsense", 4)
	wantCode(t, "a torn cursor", err, syncproto.CodeUsage)
}

func TestSensitiveFieldsAreMasked(t *testing.T) {
	s, _, _, _ := unlockedService(t, &office{role: ledger.RoleTownship, scope: township, replica: 4})
	b := s.laptop.Book
	home := put(t, b, "household", map[string]any{"head_name": "张三", "village": shaxi, "kind": "低保户"})
	care := put(t, b, "care", map[string]any{"household": home, "care": "alone", "need": "送餐", "review": "2025-01-01"})
	ctx := t.Context()
	page, err := s.Household(ctx, home)
	if err != nil || len(page.Care) != 1 || page.Care[0].Need != "***" || page.Care[0].Category != "***" {
		t.Fatalf("care %+v, %v", page.Care, err)
	}
	view, _ := s.Record(ctx, "care", care)
	for _, f := range view.Fields {
		if f.Key == "need" && (!f.Masked || f.Value != nil || f.Text != "***") {
			t.Errorf("field %+v", f)
		}
	}
	found, _ := s.Records(ctx, RecordQuery{Collection: "care", Text: "送餐"}, "", 10)
	if len(found.Rows) != 0 {
		t.Error("a list can be searched for what is masked")
	}
	_, err = s.Reveal(ctx, "care", care, "need", "")
	wantCode(t, "looking without a reason", err, syncproto.CodeField)
	text, err := s.Reveal(ctx, "care", care, "need", "安排送餐")
	if err != nil || text != "送餐" {
		t.Errorf("revealed %q, %v", text, err)
	}
	log, err := s.Records(ctx, RecordQuery{Collection: "access_log"}, "", 10)
	if err != nil || len(log.Rows) != 1 {
		t.Errorf("access log %+v, %v", log, err)
	}
	rows, err := s.Villages(ctx)
	if err != nil || len(rows) == 0 {
		t.Fatalf("villages %v, %v", rows, err)
	}
	for _, row := range rows {
		if row.Code == shaxi && (row.Households != 1 || row.Name == "") {
			t.Errorf("village %+v", row)
		}
	}
}

func TestExportIsTextAndMasked(t *testing.T) {
	s, _, _, files := unlockedService(t, secretary())
	settle(t, s.laptop.Book)
	file, err := s.Export(t.Context(), RecordQuery{Collection: "resident"})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := files.Get(file.Handle)
	if err != nil || file.Name != "居民-2024-03-05.xlsx" {
		t.Fatalf("file %+v, %v", file, err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(stored.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows("Sheet1")
	if err != nil || len(rows) < 5 || rows[0][0] != "居民" || rows[2][0] != "序号" {
		t.Fatalf("rows %v, %v", rows, err)
	}
	if kind, _ := book.GetCellType("Sheet1", "G5"); kind == excelize.CellTypeNumber {
		t.Error("a phone is a number in the workbook")
	}
	if all := fmt.Sprint(rows); !strings.Contains(all, "张三") || !strings.Contains(all, "13800001234") {
		t.Errorf("rows %v", rows)
	}
	private, err := s.Export(t.Context(), RecordQuery{Collection: "resident_private"})
	if err != nil {
		t.Fatal(err)
	}
	stored, _ = files.Get(private.Handle)
	book2, err := excelize.OpenReader(bytes.NewReader(stored.Data))
	if err != nil {
		t.Fatal(err)
	}
	defer book2.Close()
	rows, _ = book2.GetRows("Sheet1")
	if all := fmt.Sprint(rows); strings.Contains(all, "330702196208150011") {
		t.Error("an exported list holds a whole ID number")
	}
}

func TestSettingsAndSchema(t *testing.T) {
	s, _, _, _ := unlockedService(t, secretary())
	ctx := t.Context()
	settings, err := s.Settings(ctx)
	if err != nil || settings.TextSize != 18 {
		t.Fatalf("settings %+v, %v", settings, err)
	}
	settings.TextSize = 22
	if err := s.SaveSettings(ctx, settings); err != nil {
		t.Fatal(err)
	}
	if got, _ := s.Settings(ctx); got != settings {
		t.Errorf("settings %+v, want %+v", got, settings)
	}
	schema, err := s.Schema(ctx)
	if err != nil || len(schema.Collections) != len(ledger.All()) {
		t.Fatalf("%d collections, %v", len(schema.Collections), err)
	}
	for _, c := range schema.Collections {
		if c.Key == "notice" && c.Write || c.Key == "visit" && !c.Write {
			t.Errorf("%s: write %v", c.Key, c.Write)
		}
		form, err := s.Record(ctx, c.Key, "")
		if err != nil || len(form.Fields) != len(c.Fields) {
			t.Errorf("an empty form of %s: %v", c.Key, err)
		}
		if _, err := s.Records(ctx, RecordQuery{Collection: c.Key}, "", 5); err != nil {
			t.Errorf("list of %s: %v", c.Key, err)
		}
	}
	codes, err := s.CodeTable(ctx, "visit_mode")
	if err != nil || codes[0] != (Code{"door", "上门"}) {
		t.Errorf("codes %v, %v", codes, err)
	}
	_, err = s.CodeTable(ctx, "nothing")
	wantCode(t, "no such table", err, syncproto.CodeNotFound)
	if lists, err := s.Checklists(ctx); err != nil || len(lists) == 0 || len(lists[0].Items) == 0 {
		t.Errorf("checklists %v, %v", lists, err)
	}
}

func TestWrongClocksAreTold(t *testing.T) {
	const minute, day = int64(60_000), int64(86_400_000)
	for _, c := range []struct {
		offset int64
		want   string
	}{
		{0, ""}, {9 * minute, ""}, {-10 * minute, ""}, {11 * minute, "慢了 11 分钟"}, {-3 * 60 * minute, "快了 3 小时"},
		{5 * day, "慢了 5 天"}, {-3 * 365 * day, "快了 3 年"},
	} {
		got := clockProblem(c.offset)
		if (got == nil) != (c.want == "") || got != nil && (!strings.Contains(got.Message, c.want) || got.Hint == "") {
			t.Errorf("offset of %d ms: %+v, want %q", c.offset, got, c.want)
		}
	}
}
