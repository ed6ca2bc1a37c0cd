package importer

import (
	"bytes"
	"fmt"
	"testing"

	"gridbook/syncproto/ledger"

	"github.com/xuri/excelize/v2"
)

// bigRoster is a roster of n people in households of four, 12 columns wide.
func bigRoster(b *testing.B, n int) []byte {
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	must(b, err)
	must(b, w.SetRow("A1", []any{"户号", "姓名", "与户主关系", "性别", "公民身份号码", "出生日期", "户籍地址", "现居住地址", "村民小组/自然村", "居住状态", "联系电话", "备注"}))
	for i := range n {
		digits := fmt.Sprintf("330799%d%02d%02d%03d", 1940+i%80, 1+i/80%12, 1+i/960%28, i/26880*2+1)
		home := i / 4
		row := []any{nil, fmt.Sprintf("张%c%c", 0x4e00+i%3000, 0x5000+i/3000), "子", "男", digits + string(ledger.CheckDigit(digits)),
			fmt.Sprintf("%s-%s-%s", digits[6:10], digits[10:12], digits[12:14]), fmt.Sprintf("上沙%d号", home), fmt.Sprintf("上沙%d号", home), "上沙", "常住", fmt.Sprintf("138%08d", i), nil}
		if i%4 == 0 {
			row[0], row[2] = fmt.Sprintf("%05d", home), "户主"
		}
		must(b, w.SetRow(cellName(0, i+2), row))
	}
	must(b, w.Flush())
	var buf bytes.Buffer
	must(b, f.Write(&buf))
	return buf.Bytes()
}

func BenchmarkRead50000(b *testing.B) {
	data := bigRoster(b, 50_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(Households, "a.xlsx", data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlan50000 plans the second import, where everything is there.
func BenchmarkPlan50000(b *testing.B) {
	data := bigRoster(b, 50_000)
	book := newBook(b)
	p := book.take(Households, "a.xlsx", data, shaxi)
	if p.Created["resident"] != 50_000 || p.Created["household"] != 12_500 {
		b.Fatalf("%v %d", p.Created, len(p.Refused))
	}
	set, err := Read(Households, "a.xlsx", data)
	must(b, err)
	b.ReportAllocs()
	for b.Loop() {
		p, err := MakePlan(set, book, Options{Village: shaxi, Today: 20_000})
		if err != nil || len(p.Edits) > 0 {
			b.Fatal(err, len(p.Edits))
		}
	}
}
