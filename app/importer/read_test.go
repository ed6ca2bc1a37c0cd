package importer

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"gridbook/syncproto"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Our reader sees what excelize sees, in every cell of the samples.
func TestReaderAgreesWithExcelize(t *testing.T) {
	for _, s := range samples() {
		data := sample(t, s.name)
		sheets, err := decode(s.name, data)
		must(t, err)
		f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true})
		must(t, err)
		if len(sheets) != f.SheetCount {
			t.Fatalf("%s: %d sheets, want %d", s.name, len(sheets), f.SheetCount)
		}
		rows, err := f.GetRows(f.GetSheetName(0))
		must(t, err)
		have := map[int]*sheetRow{}
		for i := range sheets[0].rows {
			have[sheets[0].rows[i].number] = &sheets[0].rows[i]
		}
		for i, row := range rows {
			for col, want := range row {
				var got cell
				if r := have[i+1]; r != nil {
					got = r.at(col)
				}
				if got.text != clean(want) && !got.merged {
					t.Errorf("%s %s: %q, want %q", s.name, cellName(col, i+1), got.text, want)
				}
			}
		}
	}
}

const little = "姓名,与户主关系,家庭住址\n张三,户主,上沙1号\n李四,配偶,\"上沙\n1号\"\n\n王五,户主,上沙2号\n"

func TestCSVEncodings(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(little)
	must(t, err)
	var wide []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + little)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	for name, data := range map[string][]byte{
		"UTF-8": []byte(little), "UTF-8 with a mark": []byte("\ufeff" + little), "GB18030": []byte(gb), "UTF-16": wide,
		"tabs": []byte(strings.ReplaceAll(little, ",", "\t")), "semicolons": []byte(strings.ReplaceAll(little, ",", ";")), "CRLF": []byte(strings.ReplaceAll(little, "\n", "\r\n")),
	} {
		set, err := Read(Households, "册.csv", data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var rows []int
		var names []string
		set.tables[0].entries(set.form, func(e *entry) bool {
			rows, names = append(rows, e.row), append(names, e.text("name"))
			return true
		})
		if strings.Join(names, " ") != "张三 李四 王五" || fmt.Sprint(rows) != "[2 3 5]" {
			t.Errorf("%s: %v in rows %v, as a spreadsheet counts them", name, names, rows)
		}
		if set.tables[0].sheet != "册" {
			t.Errorf("sheet %q", set.tables[0].sheet)
		}
	}
}

// zipOf makes a zip file of the parts.
func zipOf(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range parts {
		w, err := z.Create(name)
		must(t, err)
		_, err = io.WriteString(w, text)
		must(t, err)
	}
	must(t, z.Close())
	return buf.Bytes()
}

const (
	compound = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	book1    = `<workbook xmlns:r="r"><sheets><sheet name="a" r:id="1"/></sheets></workbook>`
	rels1    = `<Relationships><Relationship Id="1" Target="worksheets/sheet1.xml"/></Relationships>`
)

// Files that are something else, each with what it is and what to do.
func TestBadFiles(t *testing.T) {
	var encrypted []byte
	for _, u := range utf16.Encode([]rune("EncryptedPackage")) {
		encrypted = append(encrypted, byte(u), byte(u>>8))
	}
	whole := sample(t, "沙溪村-网格一览表.xlsx")
	for _, tc := range []struct {
		name string
		data []byte
		code syncproto.Code
		says string
	}{
		{"empty", nil, syncproto.CodeInput, "空"},
		{"blank", []byte(" \n\n"), syncproto.CodeInput, "空"},
		{"xls", []byte(compound + "Workbook"), syncproto.CodeFileKind, ".xls"},
		{"encrypted", append([]byte(compound), encrypted...), syncproto.CodeFileKind, "密码"},
		{"half a file", whole[:len(whole)/2], syncproto.CodeInput, "损坏"},
		{"word", zipOf(t, map[string]string{"word/document.xml": "<a/>"}), syncproto.CodeFileKind, "Word"},
		{"ods", zipOf(t, map[string]string{"content.xml": "<a/>", "mimetype": "x"}), syncproto.CodeFileKind, "ODS"},
		{"xlsb", zipOf(t, map[string]string{"xl/workbook.bin": ""}), syncproto.CodeFileKind, ".xlsb"},
		{"zip", zipOf(t, map[string]string{"a.txt": "hello"}), syncproto.CodeFileKind, "压缩包"},
		{"web page", []byte("<html><table>"), syncproto.CodeFileKind, "网页"},
		{"pdf", []byte("%PDF-1.4"), syncproto.CodeFileKind, "PDF"},
		{"picture", []byte("\x89PNG\r\n"), syncproto.CodeFileKind, "图片"},
		{"binary", []byte("姓名\x00\x01"), syncproto.CodeFileKind, "不是表格"},
		{"no encoding", []byte("\xff\xff\xff\xff,\xff"), syncproto.CodeFileKind, "编码"},
		{"a letter", []byte("尊敬的领导:\n您好\n"), syncproto.CodeFileKind, "表头"},
		{"another form", sample(t, "沙溪村-走访记录2024.xlsx"), syncproto.CodeFileKind, "表头"},
		{"broken XML", zipOf(t, map[string]string{"xl/workbook.xml": book1, "xl/_rels/workbook.xml.rels": rels1, "xl/worksheets/sheet1.xml": "<worksheet><sheetData><row><c"}), syncproto.CodeInput, "损坏"},
		{"no sheet", zipOf(t, map[string]string{"xl/workbook.xml": book1, "xl/_rels/workbook.xml.rels": rels1}), syncproto.CodeInput, "损坏"},
		{"string out of range", zipOf(t, map[string]string{"xl/workbook.xml": book1, "xl/_rels/workbook.xml.rels": rels1, "xl/worksheets/sheet1.xml": `<worksheet><sheetData><row r="1"><c t="s"><v>7</v></c></row></sheetData></worksheet>`}), syncproto.CodeInput, "损坏"},
	} {
		_, err := Read(Grids, tc.name, tc.data)
		var e *syncproto.Error
		if syncproto.CodeOf(err) != tc.code {
			t.Errorf("%s: %v, want code %s", tc.name, err, tc.code)
			continue
		}
		if e = asError(err); !strings.Contains(e.Message+e.Hint, tc.says) || e.Hint == "" {
			t.Errorf("%s: %s / %s does not say %s", tc.name, e.Message, e.Hint, tc.says)
		}
	}
	_, err := Read(Grids, "v.xlsx", sample(t, "沙溪村-走访记录2024.xlsx"))
	if !strings.Contains(asError(err).Hint, "gridbook import visits") {
		t.Errorf("the hint should name the right kind: %s", asError(err).Hint)
	}
	if _, err := Read("poems", "a.csv", []byte(little)); syncproto.CodeOf(err) != syncproto.CodeUsage {
		t.Errorf("unknown kind: %v", err)
	}
}

func asError(err error) *syncproto.Error {
	e, _ := err.(*syncproto.Error)
	if e == nil {
		return &syncproto.Error{}
	}
	return e
}

// A small file that says it swells to gigabytes is refused before it does; one
// that lies about its size is no valid zip.
func TestZipBomb(t *testing.T) {
	for size, want := range map[uint64]syncproto.Code{maxPart + 1: syncproto.CodeTooLarge, 10: syncproto.CodeInput} {
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		for name, text := range map[string]string{"xl/workbook.xml": book1, "xl/_rels/workbook.xml.rels": rels1} {
			w, err := z.Create(name)
			must(t, err)
			_, err = io.WriteString(w, text)
			must(t, err)
		}
		var packed bytes.Buffer
		fw, err := flate.NewWriter(&packed, flate.BestCompression)
		must(t, err)
		_, err = fw.Write(bytes.Repeat([]byte(" "), 1<<20))
		must(t, err)
		must(t, fw.Close())
		w, err := z.CreateRaw(&zip.FileHeader{Name: "xl/worksheets/sheet1.xml", Method: zip.Deflate, CompressedSize64: uint64(packed.Len()), UncompressedSize64: size})
		must(t, err)
		_, err = w.Write(packed.Bytes())
		must(t, err)
		must(t, z.Close())
		if _, err := Read(Grids, "bomb.xlsx", buf.Bytes()); syncproto.CodeOf(err) != want {
			t.Errorf("%d bytes said: %v, want %s", size, err, want)
		}
	}
}

// The limits, from both sides.
func TestCSVLimits(t *testing.T) {
	row := "网格名称,网格长,村(社区)\n"
	ok := row + "甲," + strings.Repeat("乙", maxText/3) + ",沙溪村\n"
	if _, err := Read(Grids, "a.csv", []byte(ok)); err != nil {
		t.Error(err)
	}
	for name, data := range map[string]string{
		"long cell": row + "甲," + strings.Repeat("乙", maxText/3+1) + "\n",
		"wide row":  row + strings.Repeat("甲,", maxCols+1) + "乙\n",
		"many rows": row + strings.Repeat("甲,乙\n", maxRows),
		"big file":  row + strings.Repeat("x", maxFile),
	} {
		if _, err := Read(Grids, "a.csv", []byte(data)); syncproto.CodeOf(err) != syncproto.CodeTooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHiddenSheetsAndSeveralTables(t *testing.T) {
	data := workbookOf(t, func(f *excelize.File) {
		for _, name := range []string{"二组", "藏", "说明"} {
			_, err := f.NewSheet(name)
			must(t, err)
		}
		for _, name := range []string{"二组", "藏"} {
			must(t, f.SetSheetRow(name, "A1", &[]any{"姓名", "与户主关系", "家庭住址"}))
			must(t, f.SetSheetRow(name, "A2", &[]any{name + "人", "户主", "下沙1号"}))
		}
		must(t, f.SetSheetRow("说明", "A1", &[]any{"请如实填写"}))
		must(t, f.SetSheetVisible("藏", false))
	}, []any{"姓名", "与户主关系", "家庭住址"}, []any{"张三", "户主", "上沙1号"})
	p := newBook(t).plan(Households, "a.xlsx", data, shaxi)
	if p.Rows != 2 || p.Created["resident"] != 2 {
		t.Errorf("rows %d, created %v", p.Rows, p.Created)
	}
	if !strings.Contains(strings.Join(p.Notes, ""), "说明") {
		t.Errorf("notes %v", p.Notes)
	}
}

func TestNumberFormats(t *testing.T) {
	for code, want := range map[string]numberFormat{
		`yyyy"年"m"月"d"日"`: {date: true}, `yyyy\-mm\-dd`: {date: true}, `[$-804]yyyy"年"m"月"`: {date: true, noDay: true},
		`m"月"d"日"`: {date: true}, "yyyy.mm": {date: true, noDay: true}, "General": {}, "0.00": {decimals: 2}, "@": {}, "0": {},
		`"day "0`: {}, "[Red]0.0": {decimals: 1}, "#,##0.00_);[Red](#,##0.00)": {decimals: 2}, "0.00E+00": {}, "h:mm:ss": {}, `G/"通用格式"`: {},
	} {
		if got := customFormat(code); got != want {
			t.Errorf("%s: %+v, want %+v", code, got, want)
		}
	}
	w := &workbook{formats: []numberFormat{{}, {date: true}, {date: true, noDay: true}, {decimals: 2}}}
	for _, tc := range []struct {
		raw   string
		style int
		want  cell
	}{
		{"45356", 0, cell{text: "45356", number: true}},
		{"45356.5", 1, cell{text: "2024-03-05"}},
		{"45352", 2, cell{text: "2024-03"}},
		{"45356", 2, cell{text: "2024-03-05"}},
		{"1977.1", 3, cell{text: "1977.10", number: true}},
		{"1977.1", 0, cell{text: "1977.1", number: true}},
		{"1.3800009318E10", 0, cell{text: "13800009318", number: true}},
		{"3.3079919630113E17", 0, cell{text: "330799196301130000", number: true}},
		{"1977.0799999999999", 0, cell{text: "1977.08", number: true}},
		{"5", 99, cell{text: "5", number: true}},
		{"abc", 0, cell{text: "abc"}},
	} {
		if got := w.number(tc.raw, tc.style); got != tc.want {
			t.Errorf("%s in style %d: %+v, want %+v", tc.raw, tc.style, got, tc.want)
		}
	}
	w.date04 = true
	if got := w.number("43894", 1); got.text != "2024-03-05" {
		t.Errorf("1904: %+v", got)
	}
}

func TestCellNames(t *testing.T) {
	for col, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := columnName(col); got != want {
			t.Errorf("%d: %s, want %s", col, got, want)
		}
		if back, row, ok := cellRef(want + "12"); !ok || back != col || row != 12 {
			t.Errorf("%s12: %d %d %v", want, back, row, ok)
		}
	}
	for _, bad := range []string{"", "A", "12", "a1", "A1B", "A0", "AAAAA1"} {
		if _, _, ok := cellRef(bad); ok {
			t.Errorf("%q is no cell", bad)
		}
	}
}

// fuzzKinds reads any bytes as every kind: an answer or a coded error, and a
// plan whose edits pass the checks.
func fuzzKinds(t *testing.T, data []byte) {
	for _, kind := range []Kind{Households, Links, Visits, Members, Grids} {
		set, err := Read(kind, "a", data)
		if err != nil {
			if asError(err).Hint == "" {
				t.Fatalf("error without a hint: %v", err)
			}
			continue
		}
		b := newBook(t)
		plan, err := MakePlan(set, b, Options{Village: shaxi, Today: 20_000})
		if err != nil {
			t.Fatal(err)
		}
		b.write(plan.Edits)
	}
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(little))
	f.Add([]byte("网格名称,红色网格员,户主姓名\n一,二,三\n"))
	f.Add([]byte("走访日期;走访方式;走访人;走访户(户主)\n2024.3.5;入户;甲;乙\n"))
	f.Add([]byte("姓名\t所在党支部\t所在网格\t网格角色\n甲\t乙\t丙\t网格长\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 1<<14 {
			fuzzKinds(t, data)
		}
	})
}

// FuzzSheet fuzzes the XML of a sheet, its strings and styles: the zip around
// them is the standard library's.
func FuzzSheet(f *testing.F) {
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c t="inlineStr"><is><t>与户主关系</t></is></c></row><row><c t="str"><v>张三</v></c><c s="1"><v>45356</v></c></row><row r="3"><c r="B3" t="s"><v>0</v></c></row></sheetData><mergeCells><mergeCell ref="A2:A3"/></mergeCells></worksheet>`,
		`<sst><si><t>姓名</t><rPh><t>x</t></rPh></si></sst>`, `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`)
	f.Fuzz(func(t *testing.T, sheet, text, styles string) {
		if len(sheet)+len(text)+len(styles) < 1<<14 {
			fuzzKinds(t, zipOf(t, map[string]string{
				"xl/workbook.xml": book1, "xl/_rels/workbook.xml.rels": rels1, "xl/worksheets/sheet1.xml": sheet,
				"xl/sharedStrings.xml": text, "xl/styles.xml": styles,
			}))
		}
	})
}
