package ledger

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"gridbook/syncproto"
)

func jsonText(v syncproto.Value) any    { return v.Text() }
func jsonDate(v syncproto.Value) any    { return DateText(v.Int()) }
func jsonPartial(v syncproto.Value) any { return PartialOf(v.Int()).String() }
func jsonInt(v syncproto.Value) any     { return v.Int() }
func jsonDecimal(v syncproto.Value) any { return json.Number(unscaled(v.Int())) }
func jsonBool(v syncproto.Value) any    { return v.Bool() }
func jsonHash(v syncproto.Value) any    { return hex.EncodeToString(v.Bytes()) }
func jsonPacked(v syncproto.Value) any  { return base64.StdEncoding.EncodeToString(v.Bytes()) }
func jsonRef(v syncproto.Value) any     { return v.Ref().String() }
func jsonList(v syncproto.Value) any    { return v.List() }

func jsonInstant(v syncproto.Value) any {
	return time.UnixMilli(v.Int()).UTC().Format(instantLayout)
}

func plainText(_ *Field, v syncproto.Value) string { return v.Text() }

func labelText(f *Field, v syncproto.Value) string { return MustTable(f.Table).Label(v.Text()) }

func dateText(_ *Field, v syncproto.Value) string    { return DateText(v.Int()) }
func partialText(_ *Field, v syncproto.Value) string { return PartialOf(v.Int()).String() }

// instantText is for logs of access; China has one time zone, 8 hours ahead.
func instantText(_ *Field, v syncproto.Value) string {
	return time.UnixMilli(v.Int()).In(time.FixedZone("CST", 8*3600)).Format("2006-01-02 15:04")
}

func numberText(f *Field, v syncproto.Value) string {
	if f.Type == Decimal {
		return unscaled(v.Int())
	}
	return strconv.FormatInt(v.Int(), 10)
}

func boolText(_ *Field, v syncproto.Value) string {
	if v.Bool() {
		return "是"
	}
	return "否"
}

// placeText is the name of a village or township of Jinhua, else the code.
func placeText(_ *Field, v syncproto.Value) string {
	if p, ok := PlaceOf(v.Text()); ok {
		return p.Short()
	}
	return v.Text()
}

func hashText(_ *Field, v syncproto.Value) string {
	return strings.ToUpper(hex.EncodeToString(v.Bytes()[:min(4, len(v.Bytes()))]))
}

func refText(_ *Field, v syncproto.Value) string { return v.Ref().String() }

func listText(f *Field, v syncproto.Value) string {
	words := v.List()
	if f.Table != "" {
		for i, code := range words {
			words[i] = MustTable(f.Table).Label(code)
		}
	}
	return strings.Join(words, "、")
}
