package importer

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"gridbook/syncproto/ledger"
)

// sheetReader builds a sheet from the tokens of its part.
type sheetReader struct {
	book  *workbook
	sheet sheet
	left  int // cells that may still come

	row    sheetRow
	col    int
	kind   string // the attribute t of the cell
	style  int
	value  strings.Builder // of <v>
	inline textReader      // of <is>
	inV    bool
}

func (r *sheetReader) token(_ *xml.Decoder, t xml.Token) error {
	switch e := t.(type) {
	case xml.StartElement:
		return r.start(e)
	case xml.EndElement:
		return r.end(e)
	case xml.CharData:
		if r.inV {
			if r.value.Len()+len(e) > maxText {
				return limitError("一个单元格里的字太多")
			}
			r.value.Write(e)
			return nil
		}
	}
	return r.inline.token(t)
}

func (r *sheetReader) start(e xml.StartElement) error {
	switch e.Name.Local {
	case "row":
		number := r.row.number + 1
		if n, err := strconv.Atoi(attr(e, "r")); err == nil && n > 0 {
			number = n
		}
		r.row, r.col = sheetRow{number: number}, -1
	case "c":
		r.col++
		if col, _, ok := cellRef(attr(e, "r")); ok {
			r.col = col
		}
		r.kind = attr(e, "t")
		r.style, _ = strconv.Atoi(attr(e, "s"))
		r.value.Reset()
		r.inline.take()
	case "v":
		r.inV = true
	case "mergeCell":
		r.merge(attr(e, "ref"))
	default:
		return r.inline.token(e)
	}
	return nil
}

func (r *sheetReader) end(e xml.EndElement) error {
	switch e.Name.Local {
	case "v":
		r.inV = false
	case "c":
		c, err := r.cell()
		if err != nil || c.text == "" {
			return err
		}
		if r.col < 0 || r.col >= maxCols {
			return nil // far to the right of any form
		}
		if r.left--; r.left < 0 {
			return limitError("单元格太多")
		}
		r.row.put(r.col, c)
	case "row":
		if len(r.row.cells) == 0 {
			return nil
		}
		if len(r.sheet.rows) >= maxRows {
			return limitError(fmt.Sprintf("超过 %d 行", maxRows))
		}
		r.sheet.rows = append(r.sheet.rows, r.row)
	default:
		return r.inline.token(e)
	}
	return nil
}

func (r *sheetReader) merge(ref string) {
	from, to, ok := strings.Cut(ref, ":")
	col, row, ok1 := cellRef(from)
	lastCol, lastRow, ok2 := cellRef(to)
	if ok && ok1 && ok2 && lastRow >= row && lastCol >= col && col < maxCols && len(r.sheet.spans) < maxRows {
		r.sheet.spans = append(r.sheet.spans, span{col, row, lastCol, lastRow})
	}
}

func (r *sheetReader) cell() (cell, error) {
	v := r.value.String()
	switch r.kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(v))
		if v == "" {
			return cell{}, nil
		}
		if err != nil || i < 0 || i >= len(r.book.strings) {
			return cell{}, fmt.Errorf("shared string %q of %d", v, len(r.book.strings))
		}
		return cell{text: r.book.strings[i]}, nil
	case "inlineStr":
		return cell{text: clean(r.inline.take())}, nil
	case "str", "d":
		return cell{text: clean(v)}, nil
	case "b":
		if v == "" {
			return cell{}, nil
		}
		return cell{text: strconv.FormatBool(strings.TrimSpace(v) == "1")}, nil
	case "e":
		return cell{text: v, fault: v != ""}, nil
	}
	if v = strings.TrimSpace(v); v == "" {
		return cell{}, nil
	}
	return r.book.number(v, r.style), nil
}

// number reads a number as its format means it: a date as a date, 1977.1
// shown with two decimals as 1977.10, all else as plain digits.
func (w *workbook) number(v string, style int) cell {
	x, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return cell{text: clean(v)}
	}
	var f numberFormat
	if style >= 0 && style < len(w.formats) {
		f = w.formats[style]
	}
	if f.date {
		serial := x
		if w.date04 {
			serial += 1462
		}
		if day, ok := ledger.DayOfSerial(serial); ok {
			text := ledger.DateText(day)
			if f.noDay {
				text = strings.TrimSuffix(text, "-01")
			}
			return cell{text: text}
		}
	}
	if f.decimals > 0 && x != float64(int64(x)) {
		return cell{text: strconv.FormatFloat(x, 'f', f.decimals, 64), number: true}
	}
	return cell{text: strconv.FormatFloat(x, 'f', -1, 64), number: true}
}

// numberFormat is what of a number format matters here.
type numberFormat struct {
	date     bool
	noDay    bool // shows year and month alone
	decimals int  // fixed, 0.00 → 2
}

// readStyles reads which style has which format.
func (w *workbook) readStyles(part string) error {
	custom := map[int]string{}
	inXfs := false
	_, err := w.stream(part, func(_ *xml.Decoder, t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "numFmt":
				if id, err := strconv.Atoi(attr(e, "numFmtId")); err == nil {
					custom[id] = attr(e, "formatCode")
				}
			case "cellXfs":
				inXfs = true
			case "xf":
				if inXfs && len(w.formats) < 1<<16 {
					id, _ := strconv.Atoi(attr(e, "numFmtId"))
					w.formats = append(w.formats, formatOf(id, custom[id]))
				}
			}
		case xml.EndElement:
			if e.Name.Local == "cellXfs" {
				inXfs = false
			}
		}
		return nil
	})
	return err
}

// formatOf reads a built-in or custom number format. The numbers 27 to 58 are
// those of Chinese Excel (ECMA-376 part 1, 18.8.30).
func formatOf(id int, code string) numberFormat {
	if code != "" {
		return customFormat(code)
	}
	switch id {
	case 14, 15, 16, 22, 28, 29, 30, 31, 51, 53, 54, 58:
		return numberFormat{date: true}
	case 17, 27, 36, 50, 52, 57:
		return numberFormat{date: true, noDay: true}
	case 2, 4:
		return numberFormat{decimals: 2}
	}
	return numberFormat{}
}

// customFormat reads a format code: a date has a year, month or day outside
// quotes and brackets.
func customFormat(code string) numberFormat {
	code, _, _ = strings.Cut(strings.ToLower(code), ";")
	var plain strings.Builder
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case !bracket:
			plain.WriteByte(c)
		}
	}
	s := plain.String()
	if strings.Contains(s, "general") {
		return numberFormat{}
	}
	year, day := strings.ContainsAny(s, "ye"), strings.Contains(s, "d")
	if year && !strings.ContainsAny(s, "0#") || day {
		return numberFormat{date: true, noDay: year && !day}
	}
	if _, frac, ok := strings.Cut(s, "."); ok && strings.Trim(frac, "0") == "" {
		return numberFormat{decimals: min(len(frac), 10)}
	}
	return numberFormat{}
}
