package service

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// Export makes a workbook of the records that Records would list.
func (s *Service) Export(ctx context.Context, query RecordQuery) (File, error) {
	b, err := s.book()
	if err != nil {
		return File{}, err
	}
	c, ok := ledger.ByKey(query.Collection)
	if !ok {
		return File{}, noCollection(query.Collection)
	}
	var out bytes.Buffer
	if err := b.Export(query, &out); err != nil {
		return File{}, err
	}
	return s.keep(c.Label+"-"+dateText(b.today())+".xlsx", out.Bytes())
}

// ExportRejected makes a file of the refused changes, for the township office.
func (s *Service) ExportRejected(ctx context.Context) (File, error) {
	b, err := s.book()
	if err != nil {
		return File{}, err
	}
	list, err := b.Rejections()
	if err != nil {
		return File{}, err
	}
	rows := [][]string{{"类别", "编号", "名称", "修改的内容", "原因", "怎么办"}}
	err = b.read(func(r reader) error {
		for _, x := range list {
			_, k, err := keyFor(x.Collection, x.ID)
			if err != nil {
				return err
			}
			rows = append(rows, []string{x.Label, x.ID, x.Title, r.unsentText(k), x.Message, x.Hint})
		}
		return nil
	})
	if err != nil {
		return File{}, err
	}
	var out bytes.Buffer
	if err := writeSheet(&out, "没有上传成功的修改", placeName(b.Identity().Scope), dateText(b.today()), rows); err != nil {
		return File{}, err
	}
	return s.keep("没有上传成功的修改-"+dateText(b.today())+".xlsx", out.Bytes())
}

// unsentText says what an unsent change writes: 电话：13800001234；备注：…
func (r reader) unsentText(k syncproto.Key) string {
	d, err := r.tx.Delta(k)
	c, ok := ledger.Lookup(k.Collection)
	if err != nil || d == nil || !ok {
		return ""
	}
	var out string
	for _, f := range d.Fields {
		if field, known := c.Field(f.Tag); known {
			out = joined("；", out, field.Label+"："+r.words(c, field, f.Shown().Value))
		}
	}
	return out
}

// maxExport bounds the rows of an exported list.
const maxExport = 100_000

// Export writes the records of a query as a workbook: title, unit and date,
// header, and every value as text, so that codes and phones stay whole. What
// this person sees masked is masked in it too.
func (b *Book) Export(query RecordQuery, w io.Writer) error {
	var rows [][]string
	var label string
	err := b.read(func(r reader) error {
		q, err := r.parse(query)
		if err != nil {
			return err
		}
		label = q.c.Label
		order := formOrder(q.c)
		header := []string{"序号"}
		for _, f := range order {
			header = append(header, f.Label)
		}
		rows = append(rows, header)
		list, _, err := r.pick(query, "", maxExport)
		if err != nil {
			return err
		}
		for i, rec := range list {
			row := []string{fmt.Sprint(i + 1)}
			for _, f := range order {
				row = append(row, r.words(q.c, f, rec.Value(f.Tag)))
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return writeSheet(w, label, placeName(b.Identity().Scope), dateText(b.today()), rows)
}

// writeSheet writes a list as people print it: A4 landscape, the title merged
// over all columns, the header frozen and repeated on every page.
func writeSheet(w io.Writer, title, unit, date string, rows [][]string) (err error) {
	f := excelize.NewFile()
	defer func() {
		if closing := f.Close(); err == nil && closing != nil {
			err = fmt.Errorf("service: close the workbook: %w", closing)
		}
	}()
	if err := fillSheet(f, title, unit, date, rows); err != nil {
		return fmt.Errorf("service: make the workbook: %w", err)
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("service: write the workbook: %w", err)
	}
	return nil
}

// The rows of a sheet that stand before the list, and its name.
const (
	sheetName = "Sheet1"
	headerRow = 3
)

func fillSheet(f *excelize.File, title, unit, date string, rows [][]string) error {
	stream, err := f.NewStreamWriter(sheetName)
	if err != nil {
		return err
	}
	columns := max(len(rows[0]), 2)
	if err := startSheet(f, stream, columns, title, "填报单位："+unit+"　　填报日期："+date); err != nil {
		return err
	}
	header, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, NumFmt: textFormat})
	if err != nil {
		return err
	}
	text, err := f.NewStyle(&excelize.Style{NumFmt: textFormat, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return err
	}
	for i, row := range rows {
		style := text
		if i == 0 {
			style = header
		}
		cells := make([]any, len(row))
		for j, s := range row {
			cells[j] = excelize.Cell{StyleID: style, Value: s}
		}
		if err := stream.SetRow(fmt.Sprintf("A%d", headerRow+i), cells); err != nil {
			return err
		}
	}
	if err := stream.SetRow(fmt.Sprintf("A%d", headerRow+len(rows)+1), []any{"填表人：　　　　　　审核人："}); err != nil {
		return err
	}
	if err := stream.Flush(); err != nil {
		return err
	}
	return printed(f)
}

// textFormat is the number of the spreadsheet format that keeps what was
// typed: long numbers stay whole.
const textFormat = 49

// startSheet writes what stands above the list. The order of the calls is that
// of the file.
func startSheet(f *excelize.File, stream *excelize.StreamWriter, columns int, title, subtitle string) error {
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 16}, Alignment: &excelize.Alignment{Horizontal: "center"}})
	if err != nil {
		return err
	}
	last, err := excelize.ColumnNumberToName(columns)
	if err != nil {
		return err
	}
	if err := stream.SetColWidth(1, 1, 6); err != nil {
		return err
	}
	if err := stream.SetColWidth(2, columns, 14); err != nil {
		return err
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: headerRow, TopLeftCell: "A4", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := stream.SetRow("A1", []any{excelize.Cell{StyleID: bold, Value: title}}); err != nil {
		return err
	}
	if err := stream.MergeCell("A1", last+"1"); err != nil {
		return err
	}
	return stream.SetRow("A2", []any{subtitle})
}

// printed makes the sheet A4 landscape with page numbers and the header on
// every page.
func printed(f *excelize.File) error {
	landscape, a4 := "landscape", 9
	if err := f.SetPageLayout(sheetName, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &a4}); err != nil {
		return err
	}
	if err := f.SetHeaderFooter(sheetName, &excelize.HeaderFooterOptions{OddFooter: "&C第 &P 页 共 &N 页"}); err != nil {
		return err
	}
	return f.SetDefinedName(&excelize.DefinedName{
		Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("%s!$%d:$%d", sheetName, headerRow, headerRow), Scope: sheetName,
	})
}
