package importer

import (
	"fmt"
	"strings"
)

// Limits on what a file may hold. A township's rosters stay far below.
const (
	maxFile  = 64 << 20  // bytes as given
	maxPart  = 400 << 20 // bytes of one part after decompression
	maxRows  = 300_000
	maxCols  = 512
	maxCells = 6_000_000
	maxText  = 64 << 10 // bytes of one cell; spreadsheets allow 32,767 characters
)

// cell is a cell's content. Number: the spreadsheet holds it as a number, text
// is then its digits. Fault: it shows an error, which text names.
type cell struct {
	text   string
	number bool
	fault  bool
	merged bool // filled from the merged cell above
}

// sheetRow is a row with something in it.
type sheetRow struct {
	number int // from 1
	cells  []cell
}

func (r *sheetRow) at(col int) cell {
	if col < len(r.cells) {
		return r.cells[col]
	}
	return cell{}
}

func (r *sheetRow) empty() bool {
	for _, c := range r.cells {
		if c.text != "" {
			return false
		}
	}
	return true
}

// put sets a cell, growing the row.
func (r *sheetRow) put(col int, c cell) {
	for len(r.cells) <= col {
		r.cells = append(r.cells, cell{})
	}
	r.cells[col] = c
}

// span is a merged range, counted from 0 for columns and 1 for rows.
type span struct{ col, row, lastCol, lastRow int }

// sheet is a decoded sheet.
type sheet struct {
	name  string
	rows  []sheetRow // by number; only those with content
	spans []span
}

// fillMerged repeats the cell of each merged range down its first column.
// Ranges over columns alone are titles and need nothing.
func (s *sheet) fillMerged() {
	index := make(map[int]int, len(s.rows))
	for i, r := range s.rows {
		index[r.number] = i
	}
	for _, m := range s.spans {
		top, ok := index[m.row]
		if !ok || m.lastRow == m.row {
			continue
		}
		c := s.rows[top].at(m.col)
		if c.text == "" {
			continue
		}
		c.merged = true
		for i := top + 1; i < len(s.rows) && s.rows[i].number <= m.lastRow; i++ {
			s.rows[i].put(m.col, c)
		}
	}
}

// columnName returns A, B … Z, AA …
func columnName(col int) string {
	name := ""
	for col++; col > 0; col = (col - 1) / 26 {
		name = string(rune('A'+(col-1)%26)) + name
	}
	return name
}

// cellRef reads "AB12" into column 27 and row 12.
func cellRef(s string) (col, row int, ok bool) {
	i := 0
	for ; i < len(s) && s[i] >= 'A' && s[i] <= 'Z' && i < 4; i++ {
		col = col*26 + int(s[i]-'A') + 1
	}
	for j := i; j < len(s); j++ {
		if s[j] < '0' || s[j] > '9' || row > 10_000_000 {
			return 0, 0, false
		}
		row = row*10 + int(s[j]-'0')
	}
	return col - 1, row, i > 0 && i < len(s) && row > 0
}

func cellName(col, row int) string { return fmt.Sprintf("%s%d", columnName(col), row) }

// clean drops what a spreadsheet adds around a cell's words.
func clean(s string) string {
	return strings.Trim(strings.ReplaceAll(s, "_x000D_", ""), " \t\r\n\u3000\u00a0\ufeff\u200b")
}
