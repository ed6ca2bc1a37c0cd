package ledger

import (
	"strings"

	"gridbook/syncproto"
)

// idMarks are what spreadsheets and people put around an ID number, and
// phoneMarks what they put inside a telephone number.
var (
	idMarks    = strings.NewReplacer(" ", "", "\t", "", "'", "", "‘", "", "’", "")
	phoneMarks = strings.NewReplacer(" ", "", "-", "", "—", "", "–", "", "(", "", ")", "", "+", "")
)

// NormalID returns an ID number without spaces and in plain capitals.
func NormalID(s string) string {
	return strings.ToUpper(idMarks.Replace(Fold(s)))
}

// CheckID says what is wrong with an ID number of GB 11643-1999 in the form
// of NormalID, "" if nothing is. The first six digits are not checked: people
// keep the code of an area that has long been renamed.
func CheckID(id string) Cause {
	if strings.ContainsAny(id, ".E") && allDigits(strings.NewReplacer(".", "", "E", "", "+", "").Replace(id)) {
		return CauseIDAsNumber // 3.30799E+17
	}
	if len(id) == 15 && allDigits(id) {
		return CauseIDOld
	}
	if len(id) != 18 || !allDigits(id[:17]) || id[17] != 'X' && !allDigits(id[17:]) {
		return CauseIDShape
	}
	if CheckDigit(id[:17]) != id[17] {
		if strings.HasSuffix(id, "000") { // a number of 15 exact digits
			return CauseIDAsNumber
		}
		return CauseIDCheck
	}
	if !BirthOfID(id).Valid() {
		return CauseIDDate
	}
	return ""
}

// CheckDigit returns the 18th character for 17 digits (ISO 7064 MOD 11-2).
func CheckDigit(digits string) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(digits[i]-'0')
	}
	return "10X98765432"[sum%11]
}

// BirthOfID returns the birth date inside an ID number of the right shape.
func BirthOfID(id string) PartialDate {
	p, ok := digitsDate(id[6:14])
	if !ok {
		return PartialDate{}
	}
	return p
}

// SexOfID returns the code in table sex of an ID number of the right shape.
func SexOfID(id string) string {
	if (id[16]-'0')%2 == 1 {
		return "1"
	}
	return "2"
}

func parseIDNumber(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	id := NormalID(s)
	if c := CheckID(id); c != "" {
		return syncproto.Value{}, f.badID(c, id)
	}
	return syncproto.TextOf(id), nil
}

// badID explains; the message carries the number masked, for it may be right
// but for one digit.
func (f *Field) badID(c Cause, id string) error {
	reason, hint := "应为 18 位,现在是别的样子", "请对照身份证重新输入"
	switch c {
	case CauseIDAsNumber:
		reason, hint = "表格把号码存成了数字,末三位已经丢失", "请把这一列设为“文本”格式,对照证件重新输入"
	case CauseIDCheck:
		reason, hint = "最后一位校验码对不上,可能有一位抄错", "请对照身份证逐位核对"
	case CauseIDOld:
		reason, hint = "是 15 位的老号码,2013 年起已停用", "请换成现在身份证上的 18 位号码"
	case CauseIDDate:
		reason, hint = "号码里的出生日期不存在", "请核对第 7 至 14 位"
	}
	return f.wrong(c, MaskID(id), reason, hint)
}

func cellIDNumber(f *Field, c Cell) (syncproto.Value, error) {
	id := NormalID(c.Text)
	if blank(id) {
		return syncproto.Value{}, nil
	}
	if c.Number {
		return syncproto.Value{}, f.badID(CauseIDAsNumber, id)
	}
	return parseIDNumber(f, id)
}

// Phones is what a cell of telephone numbers holds.
type Phones struct {
	Numbers []string // mobile and fixed, in normal form
	Short   []string // short numbers of a company network, 3 to 6 digits
	Bad     []string // as written
}

// phoneSplit separates numbers in one cell.
const phoneSplit = "/、,;,;\n\r|"

// ReadPhones reads the telephone numbers of a cell: without spaces, hyphens
// and the prefix 86; fixed ones as 0579-82000000.
func ReadPhones(s string) Phones {
	var out Phones
	for _, part := range strings.FieldsFunc(Fold(s), func(r rune) bool { return strings.ContainsRune(phoneSplit, r) }) {
		part = trim(part)
		if blank(part) {
			continue
		}
		if !out.add(part) {
			pieces := strings.Fields(part) // two numbers with only a space between
			ok := len(pieces) > 1
			for _, p := range pieces {
				ok = ok && new(Phones).add(p)
			}
			if !ok {
				out.Bad = append(out.Bad, part)
				continue
			}
			for _, p := range pieces {
				out.add(p)
			}
		}
	}
	return out
}

func (p *Phones) add(raw string) bool {
	s := phoneMarks.Replace(raw)
	if !allDigits(s) {
		return false
	}
	if len(s) > 11 {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "00"), "86")
	}
	switch {
	case len(s) == 11 && s[0] == '1' && s[1] >= '3':
	case s[0] == '0' && len(s) >= 10 && len(s) <= 12:
		area := 4 // 0579, and three digits for 010 and 02x
		if s[1] == '1' || s[1] == '2' {
			area = 3
		}
		s = s[:area] + "-" + s[area:]
	case (len(s) == 7 || len(s) == 8) && s[0] >= '2':
		// a fixed line of the own area, kept without the area code
	case len(s) >= 3 && len(s) <= 6:
		p.Short = append(p.Short, s)
		return true
	default:
		return false
	}
	p.Numbers = append(p.Numbers, s)
	return true
}

const phoneJoin = "、"

// parsePhone also takes 11 digits of ranges that no network uses (100…), so
// that invented data need not carry anybody's number; a spreadsheet's cell
// must hold a number that can be dialled.
func parsePhone(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	var out []string
	for _, part := range strings.FieldsFunc(Fold(s), func(r rune) bool { return strings.ContainsRune(phoneSplit, r) }) {
		part = trim(part)
		if len(part) == 11 && part[0] == '1' && allDigits(part) {
			out = append(out, part)
			continue
		}
		p := ReadPhones(part)
		if len(p.Bad) > 0 || len(p.Numbers)+len(p.Short) == 0 {
			return syncproto.Value{}, f.badPhone(part)
		}
		out = append(append(out, p.Numbers...), p.Short...)
	}
	if len(out) == 0 {
		return syncproto.Value{}, f.badPhone(s)
	}
	return syncproto.TextOf(strings.Join(out, phoneJoin)), nil
}

func (f *Field) badPhone(s string) error {
	return f.wrong(CausePhone, s, "不是电话号码", "手机填 11 位,座机写成 0579-82000000 这样")
}

func cellPhone(f *Field, c Cell) (syncproto.Value, error) {
	p := ReadPhones(c.Text)
	if len(p.Bad) > 0 {
		return syncproto.Value{}, f.badPhone(p.Bad[0])
	}
	if len(p.Numbers) == 0 {
		return syncproto.Value{}, nil
	}
	return syncproto.TextOf(strings.Join(p.Numbers, phoneJoin)), nil
}

func parseShortPhone(f *Field, in any) (syncproto.Value, error) {
	s, err := str(f, in)
	if err != nil {
		return syncproto.Value{}, err
	}
	p := ReadPhones(s)
	if len(p.Bad) > 0 || len(p.Numbers) > 0 || len(p.Short) == 0 {
		return syncproto.Value{}, f.wrong(CausePhone, s, "不是短号", "短号是 3 到 6 位数字")
	}
	return syncproto.TextOf(strings.Join(p.Short, phoneJoin)), nil
}

func cellShortPhone(f *Field, c Cell) (syncproto.Value, error) {
	if blank(Fold(c.Text)) {
		return syncproto.Value{}, nil
	}
	return parseShortPhone(f, c.Text)
}
