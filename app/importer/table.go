package importer

import (
	"fmt"
	"slices"
	"strings"

	"gridbook/syncproto/ledger"
)

// headerSearch is how far down a header may stand below titles.
const headerSearch = 30

// table is the table found in a sheet.
type table struct {
	sheet   string
	columns map[string]tableColumn // by key
	rows    []sheetRow             // below the header
	score   int                    // how well the header fits the form
	unused  []string               // headers that the form does not know
	header  map[int]string         // by column
}

type tableColumn struct {
	col  int
	rank int
}

// findTable finds the first row in which two or more headers of the form
// stand, among them those without which no row can go in. Titles above are
// passed over.
func findTable(f *form, s *sheet) (table, bool) {
	for i := 0; i < len(s.rows) && i < headerSearch; i++ {
		t := headerAt(f, s, i)
		if len(t.columns) >= 2 && t.hasNeeded(f) {
			t.score = t.fit(f)
			return t, true
		}
	}
	return table{}, false
}

// headerAt reads row i, and the rows into which its merged cells reach, as a
// header.
func headerAt(f *form, s *sheet, i int) table {
	top := s.rows[i].number
	bottom := top
	for _, m := range s.spans {
		if m.row == top && m.lastRow > bottom && m.lastRow < top+4 {
			bottom = m.lastRow
		}
	}
	t := table{sheet: s.name, columns: map[string]tableColumn{}, header: map[int]string{}}
	last := i
	for last+1 < len(s.rows) && s.rows[last+1].number <= bottom {
		last++
	}
	for col := range maxCols {
		for j := last; j >= i; j-- { // the lowest header is the most exact
			if text := s.rows[j].at(col).text; text != "" && t.name(f, col, text) {
				break
			}
		}
		if col > len(s.rows[i].cells) && col > len(s.rows[last].cells) {
			break
		}
	}
	t.rows = s.rows[last+1:]
	t.findUnused(f)
	return t
}

// name takes text as the header of a column and reports whether the form
// knows it. Of two columns for one field the better named one counts, of
// equals the first.
func (t *table) name(f *form, col int, text string) bool {
	if t.header[col] == "" {
		t.header[col] = text
	}
	w, ok := f.find(text)
	if !ok {
		return false
	}
	t.header[col] = text
	if known, taken := t.columns[w.key]; !taken || w.rank > known.rank {
		t.columns[w.key] = tableColumn{col, w.rank}
	}
	return true
}

func (t *table) findUnused(f *form) {
	used := map[int]bool{}
	for _, c := range t.columns {
		used[c.col] = true
	}
	for col, text := range t.header {
		if !used[col] {
			t.unused = append(t.unused, fmt.Sprintf("%s(%s列)", strings.Join(strings.Fields(text), ""), columnName(col)))
		}
	}
	slices.Sort(t.unused)
}

// needed are the columns without which no row of a form can go in.
func needed(id string) []string {
	return map[string][]string{
		"grid_list": {"grid_name"}, "red_roster": {"name"}, "household": {"name"}, "link_list": {"red_name", "head_name"},
		"visit_log": {"date", "household"}, "matter": {"no", "date", "content"}, "dispute": {"party_a", "facts"}, "hazard": {"place", "content"},
		"care_list": {"name", "care"}, "activity": {"title", "kind"}, "mobile": {"name", "direction"}, "resource": {"name", "offer"},
		"house_check": {"owner", "grade"}, "banquet": {"host", "place"}, "evac": {"head", "shelter"},
	}[id]
}

func (t *table) hasNeeded(f *form) bool {
	for _, key := range needed(f.ID) {
		if !t.has(key) {
			return false
		}
	}
	return true
}

// fit counts known headers, required ones and the form's own words more.
func (t *table) fit(f *form) int {
	n := 0
	for key, c := range t.columns {
		n += c.rank
		if f.required(key) {
			n += 3
		}
	}
	for _, c := range f.Columns {
		if _, ok := t.columns[c.Key]; c.Required && !ok {
			n -= 4
		}
	}
	return max(n, 1)
}

func (t *table) notes() []string {
	var private, other []string
	for _, h := range t.unused {
		name, _, _ := strings.Cut(h, "(")
		if notCollected(headerWord(name)) {
			private = append(private, h)
		} else {
			other = append(other, h)
		}
	}
	var out []string
	if len(private) > 0 {
		out = append(out, "按“最小必要”不登记这些列:"+strings.Join(private, "、"))
	}
	if len(other) > 0 {
		out = append(out, "没有用到这些列:"+strings.Join(other, "、"))
	}
	return out
}

func (t *table) has(key string) bool { _, ok := t.columns[key]; return ok }

// entry is a data row with its cells by field key.
type entry struct {
	table *table
	row   int
	cells map[string]cell
}

// text returns the text of a column, "" if it is empty.
func (e *entry) text(key string) string { return e.cells[key].text }

// refusal starts a refusal of a cell of the entry.
func (e *entry) refusal(key string) Refusal {
	r := Refusal{Sheet: e.table.sheet, Row: e.row, Value: e.text(key)}
	if c, ok := e.table.columns[key]; ok {
		r.Column = strings.Join(strings.Fields(e.table.header[c.col]), "")
		r.Cell = cellName(c.col, e.row)
	}
	return r
}

// entries yields the data rows: without empty ones, repeated headers, sums and
// signatures, and with 同上 resolved.
func (t *table) entries(f *form, yield func(*entry) bool) {
	above := map[string]cell{}
	for i := range t.rows {
		row := &t.rows[i]
		if t.skip(f, row) {
			continue
		}
		e := &entry{table: t, row: row.number, cells: make(map[string]cell, len(t.columns))}
		content := false
		for key, column := range t.columns {
			c := row.at(column.col)
			if isDitto(c.text) {
				c = above[key]
				c.merged = false
			}
			above[key] = c
			if c.text != "" {
				e.cells[key] = c
				content = content || key != "seq" && !c.merged
			}
		}
		if content && !yield(e) {
			return
		}
	}
}

func isDitto(s string) bool {
	switch strings.ReplaceAll(ledger.Fold(s), " ", "") {
	case "同上", "〃", "″", "\"", "''", "”", "“", "同前":
		return true
	}
	return false
}

// skip reports whether a row is none of data.
func (t *table) skip(f *form, row *sheetRow) bool {
	if row.empty() {
		return true
	}
	first, headers := "", 0
	for col, c := range row.cells {
		if c.text == "" {
			continue
		}
		if first == "" {
			first = headerWord(c.text)
		}
		if h := t.header[col]; h != "" && h == c.text {
			if _, ok := f.find(h); ok {
				headers++
			}
		}
	}
	if headers >= 2 {
		return true
	}
	for _, p := range []string{"填表人", "审核人", "制表", "合计", "总计", "小计", "填报单位", "填报人", "负责人签", "说明", "注:", "备注:", "注："} {
		if strings.HasPrefix(first, headerWord(p)) {
			return true
		}
	}
	return false
}
