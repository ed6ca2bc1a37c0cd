package service

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"gridbook/syncproto"
)

func TestApplyNamesTheLine(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	const good = `{"op":"put","collection":"household","ref":"h1","fields":{"head_name":"张三"}}` + "\n"
	for _, c := range []struct {
		line string
		want syncproto.Code
	}{
		{`{"op":"put"`, syncproto.CodeInput},
		{`[]`, syncproto.CodeInput},
		{`{"op":"put"} {"op":"put"}`, syncproto.CodeInput},
		{`{"op":"merge","id":"x"}`, syncproto.CodeInput},
		{`{"op":"put","collection":"pig","fields":{}}`, syncproto.CodeNotFound},
		{`{"op":"put","collection":"household","ref":"h1","fields":{"head_name":"李四"}}`, syncproto.CodeInput},
		{`{"op":"put","collection":"household","id":"00000000000000000100","fields":{"head_name":"李四"}}`, syncproto.CodeInput},
		{`{"op":"put","collection":"household","fields":{"head_name":"李四"},"colour":1}`, syncproto.CodeInput},
		{`{"op":"put","collection":"resident","fields":{"household":"h2","name":"李四"}}`, syncproto.CodeField},
		{`{"op":"put","collection":"resident","fields":{"household":"00000000000000000100","name":"李四"}}`, syncproto.CodeReference},
		{`{"op":"put","collection":"resident_private","of":"h9","fields":{"id_no":"330702196208150011"}}`, syncproto.CodeInput},
		{`{"op":"set","ref":"h9","fields":{}}`, syncproto.CodeReference},
		{`{"op":"set","id":"00000000000000000100","fields":{}}`, syncproto.CodeNotFound},
		{`{"op":"set","fields":{}}`, syncproto.CodeInput},
		{`{"op":"set","ref":"h1","collection":"resident","fields":{}}`, syncproto.CodeInput},
		{`{"op":"delete","id":"nonsense"}`, syncproto.CodeNotFound},
		{strings.Repeat("x", maxLine+1), syncproto.CodeInput},
	} {
		_, err := l.Book.Apply(strings.NewReader(good + c.line + "\n"))
		wantCode(t, clip(c.line, 80), err, c.want)
		if err != nil && len(c.line) < maxLine && !strings.Contains(err.Error(), "第 2 行") {
			t.Errorf("%s: %v does not name line 2", c.line, err)
		}
	}
	if n := len(l.Book.roster.Households); n != 0 {
		t.Errorf("%d households after files that were refused", n)
	}
	if done, err := l.Book.Apply(strings.NewReader("\ufeff" + good)); err != nil || len(done) != 1 || done[0].Ref != "h1" {
		t.Errorf("applied %v, %v", done, err)
	}
}

func TestApplyPutsAPrivatePartBesideItsRecord(t *testing.T) {
	l, _ := joinedLaptop(t, secretary())
	done, err := l.Book.Apply(strings.NewReader(`
{"op":"put","collection":"household","ref":"h","fields":{"head_name":"张三"}}
{"op":"put","collection":"resident","ref":"r","fields":{"household":"h","name":"张三"}}
{"op":"put","collection":"resident_private","of":"r","fields":{"id_no":"330702196208150011"}}
`))
	if err != nil || len(done) != 3 || done[1].ID != done[2].ID {
		t.Fatalf("applied %v, %v", done, err)
	}
	line, err := l.Book.Get(done[1].ID)
	if err != nil || line.Collection != "resident" || string(line.Fields["id_no"]) != `"330702196208150011"` || line.Village != shaxi {
		t.Errorf("line %+v, %v", line, err)
	}
	if _, err := l.Book.Apply(strings.NewReader(`{"op":"set","id":"` + done[1].ID + `","fields":{"id_no":"33070219620815002X"}}`)); err != nil {
		t.Fatal(err)
	}
	if line, _ := l.Book.Get(done[1].ID); string(line.Fields["id_no"]) != `"33070219620815002X"` {
		t.Errorf("after a set: %s", line.Fields["id_no"])
	}
}

func FuzzApply(f *testing.F) {
	for _, s := range []string{
		`{"op":"put","collection":"household","ref":"h","fields":{"head_name":"张三"}}`,
		`{"op":"set","ref":"h","fields":{"people":3}}`, `{"op":"delete","id":"00000000000000000100"}`, "\xff", `{"op":1}`,
	} {
		f.Add([]byte(s))
	}
	l, _ := joinedLaptop(f, secretary())
	f.Fuzz(func(t *testing.T, in []byte) {
		before, err := l.SyncStatus()
		if err != nil {
			t.Fatal(err)
		}
		_, failed := l.Book.Apply(bytes.NewReader(in))
		after, err := l.SyncStatus()
		if err != nil {
			t.Fatal(err)
		}
		if failed != nil && after.ToSend != before.ToSend {
			t.Fatalf("%q was refused (%v) and wrote %d records", in, failed, after.ToSend-before.ToSend)
		}
		if failed != nil && syncproto.CodeOf(failed) == syncproto.CodeInternal {
			t.Fatalf("%q: %v has no code", in, failed)
		}
	})
}

// BenchmarkApply is a file of 10,000 lines.
func BenchmarkApply(b *testing.B) {
	var file bytes.Buffer
	for i := range 2_000 {
		fmt.Fprintf(&file, `{"op":"put","collection":"household","ref":"h%d","fields":{"head_name":"张三","address":"沙溪村%d号"}}`+"\n", i, i)
		for j := range 4 {
			fmt.Fprintf(&file, `{"op":"put","collection":"resident","ref":"r%d-%d","fields":{"household":"h%d","name":"张三","sex":"1"}}`+"\n", i, j, i)
		}
	}
	for b.Loop() {
		b.StopTimer()
		l, _ := joinedLaptop(b, secretary())
		b.StartTimer()
		if _, err := l.Book.Apply(bytes.NewReader(file.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}
