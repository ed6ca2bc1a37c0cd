package ledger

import (
	"fmt"
	"unicode/utf8"

	"gridbook/syncproto"
)

// Type says what a field holds, how it is written in JSON and how people see
// it.
type Type uint8

// The types. Beside each: its value, and its JSON form.
const (
	Text       Type = iota + 1 // Text of one line; string
	Prose                      // Text of several lines; string
	Name                       // Text, a person's name; string
	Word                       // Text, any words, with suggestions from a table; string
	Enum                       // Text, a code of a table; string
	Date                       // Int, days since 1970-01-01; "2024-03-05"
	Partial                    // Int, see PartialDate; "1962-08-15", "1962-08" or "1962"
	Instant                    // Int, milliseconds since 1970-01-01 UTC; "2024-03-05T06:07:08.009Z"
	Int                        // Int; number
	Decimal                    // Int, 100,000ths; number
	Bool                       // Bool; true or false
	Phone                      // Text, numbers joined by 、; string
	ShortPhone                 // Text, 3 to 6 digits; string
	IDNumber                   // Text, 18 characters; string
	Place                      // Text, 9 or 12 digits; string
	GridCode                   // Text, 15 or 17 digits; string
	Hash                       // Bytes, a SHA-256; 64 hexadecimal digits
	Ref                        // Ref; the id of 20 characters
	List                       // List of texts; array of strings
	Packed                     // Bytes of the program's own; base64
)

// maxItems is the greatest length of a List.
const maxItems = 64

// maxInt keeps numbers exact in every language's JSON.
const maxInt = 1 << 53

// trait is what the code knows of a type.
type trait struct {
	name  string
	kind  syncproto.Kind
	max   int // characters, 0 where the kind already limits it
	parse func(*Field, any) (syncproto.Value, error)
	cell  func(*Field, Cell) (syncproto.Value, error)
	json  func(syncproto.Value) any
	text  func(*Field, syncproto.Value) string
}

// traitOf is a function, not a table, because parsing a List asks for the
// traits again.
func traitOf(t Type) trait {
	switch t {
	case Text:
		return trait{"text", syncproto.Text, 200, parseText, cellText, jsonText, plainText}
	case Prose:
		return trait{"prose", syncproto.Text, 4000, parseText, cellProse, jsonText, plainText}
	case Name:
		return trait{"name", syncproto.Text, 60, parseText, cellName, jsonText, plainText}
	case Word:
		return trait{"word", syncproto.Text, 60, parseText, cellText, jsonText, plainText}
	case Enum:
		return trait{"enum", syncproto.Text, 40, parseEnum, cellEnum, jsonText, labelText}
	case Date:
		return trait{"date", syncproto.Int, 0, parseDate, cellDate, jsonDate, dateText}
	case Partial:
		return trait{"partial_date", syncproto.Int, 0, parsePartial, cellPartial, jsonPartial, partialText}
	case Instant:
		return trait{"instant", syncproto.Int, 0, parseInstant, cellInstant, jsonInstant, instantText}
	case Int:
		return trait{"int", syncproto.Int, 0, parseInt, cellInt, jsonInt, numberText}
	case Decimal:
		return trait{"decimal", syncproto.Int, 0, parseDecimal, cellDecimal, jsonDecimal, numberText}
	}
	return traitOfCode(t)
}

func traitOfCode(t Type) trait {
	switch t {
	case Bool:
		return trait{"bool", syncproto.Bool, 0, parseBool, cellBool, jsonBool, boolText}
	case Phone:
		return trait{"phone", syncproto.Text, 120, parsePhone, cellPhone, jsonText, plainText}
	case ShortPhone:
		return trait{"short_phone", syncproto.Text, 40, parseShortPhone, cellShortPhone, jsonText, plainText}
	case IDNumber:
		return trait{"id_number", syncproto.Text, 18, parseIDNumber, cellIDNumber, jsonText, plainText}
	case Place:
		return trait{"place", syncproto.Text, 12, parsePlace, cellDigits, jsonText, placeText}
	case GridCode:
		return trait{"grid_code", syncproto.Text, 17, parseGridCode, cellDigits, jsonText, plainText}
	case Hash:
		return trait{"sha256", syncproto.Bytes, 0, parseHash, cellAsJSON, jsonHash, hashText}
	case Packed:
		return trait{"packed", syncproto.Bytes, 0, parsePacked, cellAsJSON, jsonPacked, hashText}
	case Ref:
		return trait{"ref", syncproto.Ref, 0, parseRef, cellAsJSON, jsonRef, refText}
	case List:
		return trait{"list", syncproto.List, 60, parseList, cellList, jsonList, listText}
	}
	panic(fmt.Sprintf("ledger: type %d", t))
}

func (t Type) String() string { return traitOf(t).name }

// Kind returns the kind of value that a field of this type holds.
func (t Type) Kind() syncproto.Kind { return traitOf(t).kind }

// Limit returns the greatest length of f in characters, 0 if it has none.
func (f *Field) Limit() int {
	if f.Max > 0 {
		return f.Max
	}
	return traitOf(f.Type).max
}

// Parse reads a value from JSON as encoding/json decodes it, with or without
// UseNumber. It is strict: what it takes is what JSON gives back, save that an
// Enum may also be given by its words. null and "" empty a field.
//
// Its errors are *syncproto.Error with CodeField and a Cause.
func (f *Field) Parse(in any) (syncproto.Value, error) {
	if in == nil || in == "" {
		return syncproto.Value{}, nil
	}
	v, err := traitOf(f.Type).parse(f, in)
	return f.fitting(v, err)
}

// fitting passes v on if it was read without err and fits.
func (f *Field) fitting(v syncproto.Value, err error) (syncproto.Value, error) {
	if err == nil {
		err = f.fits(v)
	}
	if err != nil {
		return syncproto.Value{}, err
	}
	return v, nil
}

// ParseCell reads a value from a spreadsheet's cell, in all the shapes in
// which people write it. An empty cell, and one of only a dash or 无 where
// that cannot be meant, gives Null. Errors as with Parse.
func (f *Field) ParseCell(c Cell) (syncproto.Value, error) {
	c.Text = trim(c.Text)
	if c.Text == "" {
		return syncproto.Value{}, nil
	}
	v, err := traitOf(f.Type).cell(f, c)
	return f.fitting(v, err)
}

// JSON returns v so that encoding/json writes what Parse reads. A value of
// the wrong kind gives nil, like Null.
func (f *Field) JSON(v syncproto.Value) any {
	t := traitOf(f.Type)
	if v.Kind() != t.kind {
		return nil
	}
	return t.json(v)
}

// Text returns v as people read it: words instead of codes, "" for Null.
func (f *Field) Text(v syncproto.Value) string {
	t := traitOf(f.Type)
	if v.Kind() != t.kind {
		return ""
	}
	return t.text(f, v)
}

// fits checks the limits that also the hub enforces: the kind of the value and
// its length. It knows nothing of code tables, which a newer peer may extend.
func (f *Field) fits(v syncproto.Value) error {
	if v.IsNull() {
		return nil
	}
	if v.Kind() != f.Type.Kind() {
		return f.wrong(CauseKind, v.String(), "内容的种类不对", "请更新程序后重试")
	}
	limit := f.Limit()
	switch v.Kind() {
	case syncproto.Text:
		return f.fitsText(v.Text(), limit)
	case syncproto.List:
		items := v.List()
		if len(items) > maxItems {
			return f.wrong(CauseTooLong, "", fmt.Sprintf("有 %d 项,最多 %d 项", len(items), maxItems), "请删去一些")
		}
		for _, s := range items {
			if err := f.fitsText(s, limit); err != nil {
				return err
			}
		}
	case syncproto.Int:
		if n := v.Int(); n > maxInt || n < -maxInt {
			return f.wrong(CauseNumber, fmt.Sprint(n), "数字太大", "请核对后重填")
		}
	case syncproto.Bytes:
		if f.Type == Hash && len(v.Bytes()) != 32 {
			return f.wrong(CauseKind, "", "校验值的长度不对", "请重新添加照片")
		}
	}
	return nil
}

func (f *Field) fitsText(s string, limit int) error {
	if !utf8.ValidString(s) {
		return f.wrong(CauseKind, "", "文字编码不对", "请重新输入")
	}
	if limit > 0 && len(s) > limit {
		if n := utf8.RuneCountInString(s); n > limit {
			return f.wrong(CauseTooLong, clip(s), fmt.Sprintf("有 %d 个字,最多 %d 个", n, limit), "请缩短,或把其余的写进备注")
		}
	}
	return nil
}

func clip(s string) string {
	if utf8.RuneCountInString(s) <= 20 {
		return s
	}
	return string([]rune(s)[:20]) + "…"
}
