package importer

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"unicode/utf16"

	"gridbook/syncproto"
)

// Sheetset is a file of which the tables are found.
type Sheetset struct {
	Kind   Kind
	Name   string // of the file
	form   *form
	tables []table
	notes  []string
}

// Read decodes a workbook (xlsx, csv) and finds the tables of that kind in it.
// Its errors say what the file is and what to do: CodeFileKind for one that is
// something else, CodeInput for a damaged one, CodeTooLarge beyond the limits.
func Read(kind Kind, name string, data []byte) (*Sheetset, error) {
	f, ok := formOf(kind)
	if !ok {
		return nil, &syncproto.Error{Code: syncproto.CodeUsage, Message: "没有“" + string(kind) + "”这种表", Hint: "可以导入:" + kindNames()}
	}
	sheets, err := decode(name, data)
	if err != nil {
		return nil, err
	}
	set := &Sheetset{Kind: kind, Name: name, form: f}
	for i := range sheets {
		t, ok := findTable(f, &sheets[i])
		if !ok {
			set.notes = append(set.notes, fmt.Sprintf("工作表“%s”里没有找到《%s》的表头,没有导入", sheets[i].name, f.Title))
			continue
		}
		set.tables = append(set.tables, t)
		set.notes = append(set.notes, t.notes()...)
	}
	if len(set.tables) == 0 {
		return nil, notThisForm(f, sheets)
	}
	return set, nil
}

func kindNames() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k)+"("+k.Label()+")")
	}
	return strings.Join(names, "、")
}

// Guess returns the kind whose form fits a file best, false if none does.
func Guess(name string, data []byte) (Kind, bool) {
	sheets, err := decode(name, data)
	if err != nil {
		return "", false
	}
	return guess(sheets)
}

func guess(sheets []sheet) (best Kind, ok bool) {
	most := 0
	for _, k := range Kinds() {
		f, _ := formOf(k)
		for i := range sheets {
			if t, found := findTable(f, &sheets[i]); found && t.score > most {
				best, most, ok = k, t.score, true
			}
		}
	}
	return best, ok
}

func notThisForm(f *form, sheets []sheet) error {
	var need []string
	for _, c := range f.Columns {
		if c.Required {
			need = append(need, "“"+c.Header+"”")
		}
	}
	hint := "表头里要有" + strings.Join(need, "、") + "这些列"
	if k, ok := guess(sheets); ok {
		hint = fmt.Sprintf("它像是《%s》:请选这一种再导入(gridbook import %s);否则", k.Label(), k) + hint
	}
	return &syncproto.Error{Code: syncproto.CodeFileKind, Message: "在文件里没有找到《" + f.Title + "》的表头", Hint: hint}
}

// decode tells the kind of file by its first bytes, not by its name.
func decode(name string, data []byte) ([]sheet, error) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, &syncproto.Error{Code: syncproto.CodeInput, Message: "文件是空的", Hint: "请确认选对了文件,并在表格软件里保存后再试"}
	case len(data) > maxFile:
		return nil, tooLarge(fmt.Sprintf("文件有 %d 兆字节,最多 %d 兆", len(data)>>20, maxFile>>20))
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return nil, compoundFile(data)
	case bytes.HasPrefix(data, []byte("PK")):
		return readXLSX(data)
	}
	if err := otherText(data); err != nil {
		return nil, err
	}
	title := strings.TrimSuffix(path.Base(strings.ReplaceAll(name, "\\", "/")), path.Ext(name))
	return readCSV(title, data)
}

func tooLarge(what string) error {
	return &syncproto.Error{Code: syncproto.CodeTooLarge, Message: "文件太大:" + what, Hint: "请分成几个文件导入,或删去多余的空行和工作表"}
}

func notATable(what, hint string) error {
	return &syncproto.Error{Code: syncproto.CodeFileKind, Message: what, Hint: hint}
}

// compoundFile tells the old spreadsheets and the encrypted new ones apart:
// both are compound files, and the latter have a stream EncryptedPackage.
func compoundFile(data []byte) error {
	var encrypted []byte
	for _, u := range utf16.Encode([]rune("EncryptedPackage")) {
		encrypted = append(encrypted, byte(u), byte(u>>8))
	}
	if bytes.Contains(data, encrypted) {
		return notATable("文件设了打开密码,读不出来", "请用 WPS 或 Excel 打开,取消打开密码,保存后再导入")
	}
	return notATable("这是旧格式的文件(.xls 或 .et)", "请用 WPS 或 Excel 打开,另存为“Excel 工作簿(*.xlsx)”后再导入")
}

// otherText recognises what is text but no table.
func otherText(data []byte) error {
	raw := bytes.TrimSpace(bytes.TrimPrefix(data[:min(len(data), 2048)], []byte("\ufeff")))
	head := bytes.ToLower(raw)
	switch {
	case bytes.HasPrefix(head, []byte("<?xml")), bytes.HasPrefix(head, []byte("<html")), bytes.HasPrefix(head, []byte("<!doctype")), bytes.HasPrefix(head, []byte("<table")):
		return notATable("这是网页格式的表格,不是 Excel 文件", "请用 WPS 或 Excel 打开,另存为“Excel 工作簿(*.xlsx)”后再导入")
	case bytes.HasPrefix(head, []byte("%pdf")):
		return notATable("这是 PDF 文件,不是表格", "请找到原来的 Excel 表格再导入")
	case bytes.HasPrefix(raw, []byte("\x89PNG")), bytes.HasPrefix(raw, []byte("\xff\xd8\xff")):
		return notATable("这是图片,不是表格", "请找到原来的 Excel 表格再导入")
	case bytes.HasPrefix(raw, []byte("Rar!")), bytes.HasPrefix(raw, []byte("7z\xbc\xaf")):
		return notATable("这是压缩包,不是表格", "请先解压,再导入里面的 Excel 表格")
	}
	return nil
}
