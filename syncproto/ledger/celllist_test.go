package ledger

import "testing"

// The wide comma and semicolon are what a Chinese keyboard gives.
func TestCellListIsParted(t *testing.T) {
	f := &Field{Key: "x", Label: "项目", Type: List}
	for _, text := range []string{"甲、乙", "甲，乙", "甲,乙", "甲；乙", "甲;乙", "甲/乙", "甲\n乙", " 甲 ， ， 乙 "} {
		v, err := f.ParseCell(Cell{Text: text})
		if got := v.List(); err != nil || len(got) != 2 || got[0] != "甲" || got[1] != "乙" {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
