package importer

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// The reader streams a sheet's XML once. It is written here because it has to
// know of each cell whether the spreadsheet holds a number or a text: an ID
// number kept as a number has lost its last digits, even if the loss happens
// to give a right check digit. It also keeps everything in memory: a table of
// people must not be left behind in a folder for temporary files.

// workbook is an opened xlsx file.
type workbook struct {
	parts   map[string]*zip.File // by lower-case name
	strings []string
	formats []numberFormat // by style
	date04  bool           // days count from 1904
}

func readXLSX(data []byte) ([]sheet, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, damaged(err)
	}
	w := &workbook{parts: map[string]*zip.File{}}
	for _, f := range z.File {
		w.parts[strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/"))] = f
	}
	if err := w.recognise(); err != nil {
		return nil, err
	}
	sheets, err := w.read()
	if err != nil {
		var big limitError
		if errors.As(err, &big) {
			return nil, tooLarge(string(big))
		}
		return nil, damaged(err)
	}
	return sheets, nil
}

// recognise refuses the other kinds of zip files.
func (w *workbook) recognise() error {
	has := func(name string) bool { return w.parts[name] != nil }
	saveAs := "请用 WPS 或 Excel 打开,另存为“Excel 工作簿(*.xlsx)”后再导入"
	switch {
	case has("xl/workbook.xml"):
		return nil
	case has("xl/workbook.bin"):
		return notATable("这是二进制格式的工作簿(.xlsb)", saveAs)
	case has("content.xml") && has("mimetype"):
		return notATable("这是 ODS 格式的表格", saveAs)
	case has("word/document.xml"):
		return notATable("这是 Word 文档,不是表格", "请把里面的表格复制到 Excel,存为 .xlsx 后再导入")
	}
	return notATable("这是压缩包,不是 Excel 工作簿", "如果里面有 Excel 表格,请先解压再导入")
}

// limitError says which limit a workbook breaks.
type limitError string

func (e limitError) Error() string { return string(e) }

// element is called for each start tag, text and end tag of a part.
type element func(d *xml.Decoder, t xml.Token) error

// stream reads a part; false if the workbook has none of that name.
func (w *workbook) stream(name string, f element) (bool, error) {
	part := w.parts[strings.ToLower(name)]
	if part == nil {
		return false, nil
	}
	if part.UncompressedSize64 > maxPart {
		return true, limitError(fmt.Sprintf("解压后超过 %d 兆字节", maxPart>>20))
	}
	body, err := part.Open()
	if err != nil {
		return true, err
	}
	defer body.Close()
	limited := &io.LimitedReader{R: body, N: maxPart}
	d := xml.NewDecoder(limited)
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) && limited.N > 0 {
			return true, nil
		}
		if limited.N <= 0 {
			return true, limitError(fmt.Sprintf("解压后超过 %d 兆字节", maxPart>>20))
		}
		if err != nil {
			return true, fmt.Errorf("read %s: %w", name, err)
		}
		if err := f(d, t); err != nil {
			return true, fmt.Errorf("read %s: %w", name, err)
		}
	}
}

func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

// listed is a sheet as the workbook lists it.
type listed struct{ name, part string }

func (w *workbook) read() ([]sheet, error) {
	list, err := w.list()
	if err != nil {
		return nil, err
	}
	var out []sheet
	left := maxCells
	for _, one := range list {
		r := &sheetReader{book: w, sheet: sheet{name: one.name}, left: left}
		found, err := w.stream(one.part, r.token)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, fmt.Errorf("part %s of sheet is missing", one.part)
		}
		left = r.left
		r.sheet.sort()
		r.sheet.fillMerged()
		out = append(out, r.sheet)
	}
	return out, nil
}

// sort puts rows in order; files made by programs may not have them so.
func (s *sheet) sort() {
	slices.SortStableFunc(s.rows, func(a, b sheetRow) int { return a.number - b.number })
}

// list reads the parts that describe the others.
func (w *workbook) list() ([]listed, error) {
	targets := map[string]string{}
	text, styles := "xl/sharedStrings.xml", "xl/styles.xml"
	_, err := w.stream("xl/_rels/workbook.xml.rels", func(_ *xml.Decoder, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" {
			return nil
		}
		target := strings.ReplaceAll(attr(e, "Target"), "\\", "/")
		if strings.HasPrefix(target, "/") {
			target = strings.TrimPrefix(target, "/")
		} else {
			target = path.Join("xl", target)
		}
		targets[attr(e, "Id")] = target
		switch kind := attr(e, "Type"); {
		case strings.HasSuffix(kind, "/sharedStrings"):
			text = target
		case strings.HasSuffix(kind, "/styles"):
			styles = target
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var list []listed
	_, err = w.stream("xl/workbook.xml", func(_ *xml.Decoder, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		switch {
		case ok && e.Name.Local == "workbookPr":
			w.date04 = attr(e, "date1904") == "1" || attr(e, "date1904") == "true"
		case ok && e.Name.Local == "sheet" && !strings.Contains(strings.ToLower(attr(e, "state")), "hidden"):
			list = append(list, listed{attr(e, "name"), targets[relID(e)]})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := w.readStrings(text); err != nil {
		return nil, err
	}
	return list, w.readStyles(styles)
}

// relID returns the attribute r:id, whatever the prefix is called.
func relID(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "id" && a.Name.Space != "" {
			return a.Value
		}
	}
	return ""
}

// textReader collects the text of <t> elements without the readings (rPh)
// that East Asian workbooks add.
type textReader struct {
	buf     strings.Builder
	in, rPh bool
}

func (r *textReader) token(t xml.Token) error {
	switch e := t.(type) {
	case xml.StartElement:
		switch e.Name.Local {
		case "rPh":
			r.rPh = true
		case "t":
			r.in = !r.rPh
		}
	case xml.EndElement:
		switch e.Name.Local {
		case "rPh":
			r.rPh = false
		case "t":
			r.in = false
		}
	case xml.CharData:
		if r.in {
			if r.buf.Len()+len(e) > maxText {
				return limitError("一个单元格里的字太多")
			}
			r.buf.Write(e)
		}
	}
	return nil
}

func (r *textReader) take() string {
	s := r.buf.String()
	r.buf.Reset()
	return s
}

func (w *workbook) readStrings(part string) error {
	var r textReader
	_, err := w.stream(part, func(_ *xml.Decoder, t xml.Token) error {
		if e, ok := t.(xml.EndElement); ok && e.Name.Local == "si" {
			w.strings = append(w.strings, clean(r.take()))
			if len(w.strings) > maxCells {
				return limitError("内容太多")
			}
			return nil
		}
		return r.token(t)
	})
	return err
}
