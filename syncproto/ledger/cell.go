package ledger

import (
	"strconv"
	"strings"
	"unicode"

	"gridbook/syncproto"
)

// Cell is a spreadsheet's cell. Number says that the spreadsheet holds it as a
// number; Text is then its digits without any format.
type Cell struct {
	Text   string
	Number bool
}

// Fold turns full-width letters, digits, signs and spaces into the plain ones
// (the part of Unicode's NFKC that input methods cause) and drops what cannot
// be seen. It also changes Chinese punctuation, so it is for names, codes and
// numbers, not for what people said.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '!'+0xFEE0 && r <= '~'+0xFEE0:
			return r - 0xFEE0
		case r == '\u3000' || r == '\u00a0' || unicode.Is(unicode.Zs, r):
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, s)
}

// invisible reports whether r takes no room: byte order marks, zero-width
// spaces and marks of direction, as they come with text copied from chats.
func invisible(r rune) bool {
	return r == '\ufeff' || r == '\u200b' || r == '\u200c' || r == '\u200d' || r >= '\u202a' && r <= '\u202e' || r == '\u2060' || r == '\u00ad'
}

// foldLetters is Fold for letters, digits and spaces alone: it leaves Chinese
// punctuation as it was typed.
func foldLetters(s string) string {
	return strings.Map(func(r rune) rune {
		plain := r - 0xFEE0
		switch {
		case plain >= '0' && plain <= '9', plain >= 'A' && plain <= 'Z', plain >= 'a' && plain <= 'z', plain == '#', plain == '-':
			return plain
		case r == '\u3000' || r == '\u00a0':
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, s)
}

func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || invisible(r) })
}

// blank reports whether people wrote that there is nothing.
func blank(s string) bool {
	switch s {
	case "", "-", "—", "——", "/", "\\", "无", "暂无", "没有", "不详":
		return true
	}
	return false
}

func cellText(f *Field, c Cell) (syncproto.Value, error) {
	return syncproto.TextOf(strings.Join(strings.Fields(foldLetters(c.Text)), " ")), nil
}

var lineEnds = strings.NewReplacer("_x000D_\n", "\n", "\r\n", "\n", "\r", "\n")

// cellProse keeps a resident's own words; only the line ends are unified.
func cellProse(f *Field, c Cell) (syncproto.Value, error) {
	return syncproto.TextOf(lineEnds.Replace(c.Text)), nil
}

func cellName(f *Field, c Cell) (syncproto.Value, error) {
	return syncproto.TextOf(CleanName(c.Text)), nil
}

// CleanName returns a person's name without the spaces by which two-character
// names are stretched (张　三). Spaces between Latin letters stay.
func CleanName(s string) string {
	words := strings.Fields(Fold(s))
	var b strings.Builder
	for i, w := range words {
		if i > 0 && isLatin(words[i-1]) && isLatin(w) {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return strings.ReplaceAll(b.String(), "•", "·")
}

func isLatin(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

func cellEnum(f *Field, c Cell) (syncproto.Value, error) {
	t := MustTable(f.Table)
	if code, ok := t.Code(c.Text); ok {
		return syncproto.TextOf(code), nil
	}
	word := strings.Join(strings.Fields(Fold(c.Text)), "")
	if code, ok := t.Code(word); ok {
		return syncproto.TextOf(code), nil
	}
	if blank(word) {
		return syncproto.Value{}, nil
	}
	return syncproto.Value{}, f.wrong(CauseEnum, c.Text, "不在可选的范围内", "可以填:"+t.sample())
}

func cellDigits(f *Field, c Cell) (syncproto.Value, error) {
	s := strings.ReplaceAll(Fold(c.Text), " ", "")
	if blank(s) {
		return syncproto.Value{}, nil
	}
	if c.Number && (strings.ContainsAny(s, "eE.") || len(s) > 15) {
		return syncproto.Value{}, f.wrong(CauseNumberCell, s, "表格把编码存成了数字,末尾几位已经丢失", "请把这一列设为“文本”格式后重新输入")
	}
	return traitOf(f.Type).parse(f, s)
}

// cellAsJSON is for types that no spreadsheet of people carries.
func cellAsJSON(f *Field, c Cell) (syncproto.Value, error) {
	return traitOf(f.Type).parse(f, c.Text)
}

// units may stand behind a number in a cell.
var units = strings.NewReplacer("户", "", "人", "", "个", "", "名", "", "平方米", "", "㎡", "", "m2", "", ",", "", " ", "", "约", "")

func cellInt(f *Field, c Cell) (syncproto.Value, error) {
	s := units.Replace(Fold(c.Text))
	if blank(s) {
		return syncproto.Value{}, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n != float64(int64(n)) {
		return syncproto.Value{}, f.wrong(CauseNumber, c.Text, "不是整数", "请只填一个整数")
	}
	return syncproto.IntOf(int64(n)), nil
}

func cellDecimal(f *Field, c Cell) (syncproto.Value, error) {
	s := units.Replace(Fold(c.Text))
	if blank(s) {
		return syncproto.Value{}, nil
	}
	n, ok := scaled(s)
	if !ok {
		return syncproto.Value{}, f.wrong(CauseNumber, c.Text, "不是数字", "请只填一个数字")
	}
	return syncproto.IntOf(n), nil
}

func cellBool(f *Field, c Cell) (syncproto.Value, error) {
	code, ok := MustTable("yes_no").Code(strings.ToLower(strings.ReplaceAll(Fold(c.Text), " ", "")))
	if ok {
		return syncproto.BoolOf(code == "yes"), nil
	}
	if blank(trim(Fold(c.Text))) {
		return syncproto.Value{}, nil
	}
	return syncproto.Value{}, f.wrong(CauseBool, c.Text, "看不出是“是”还是“否”", "请填“是”或“否”")
}

func cellList(f *Field, c Cell) (syncproto.Value, error) {
	var items []string
	for _, s := range strings.FieldsFunc(c.Text, func(r rune) bool { return strings.ContainsRune("、，,；;/\n\r", r) }) {
		if s = trim(s); s != "" {
			items = append(items, s)
		}
	}
	return parseList(f, items)
}
