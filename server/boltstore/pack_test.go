package boltstore

import (
	"bytes"
	"testing"

	"gridbook/syncproto"
)

func FuzzUnpackStored(f *testing.F) {
	id := syncproto.ID{Time: syncproto.TimeAt(1_700_000_000_000), Replica: 2}
	k := syncproto.Key{Collection: 100, ID: id}
	r := syncproto.NewRecord(k.Collection, k.ID)
	r.Write(1, id, syncproto.TextOf("330702009204"))
	st := &syncproto.Stored{
		Record: r, Seq: 9, Home: "330702009204", Received: 5, Parent: syncproto.Key{Collection: 1, ID: id},
		Changed: []syncproto.TagSeq{{Tag: 1, Seq: 3}},
		Places:  []syncproto.Place{{Scope: "v330702009204", Seq: 9, Since: 4}, {Scope: "a330702009", Seq: 2, Since: 2, Gone: true}},
	}
	f.Add(packStored(st, syncproto.AppendRecord(nil, r)))
	f.Add([]byte{rowVersion, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, trusted := unpackStored(k, b, syncproto.DecodeStored)
		st, _, err := unpackStored(k, b, syncproto.DecodeRecord)
		if err == nil && trusted != nil {
			t.Errorf("only the strict reader takes it: %v", trusted)
		}
		if err != nil {
			if syncproto.CodeOf(err) != syncproto.CodeDamaged {
				t.Errorf("%v", err)
			}
			return
		}
		packed := packStored(st, syncproto.AppendRecord(nil, st.Record))
		again, _, err := unpackStored(k, packed, syncproto.DecodeRecord)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(packStored(again, syncproto.AppendRecord(nil, again.Record)), packed) {
			t.Errorf("%+v became %+v", st, again)
		}
	})
}

func FuzzUnpackDevice(f *testing.F) {
	b, err := packDevice(&syncproto.Device{ID: 3, Replica: 4, Person: "张三", Lease: []byte{1}, Verdict: syncproto.Verdict{State: 1, Records: 5}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{rowVersion, 0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{rowVersion, 0x93, 1, 2, 0xc6, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := unpackDevice(b)
		if err != nil {
			if syncproto.CodeOf(err) != syncproto.CodeDamaged {
				t.Errorf("%v", err)
			}
			return
		}
		packed, err := packDevice(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := unpackDevice(packed)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := packDevice(again); err != nil || !bytes.Equal(twice, packed) {
			t.Errorf("%+v became %+v, %v", d, again, err)
		}
	})
}

// TestRowsGrow: a newer program adds columns at the end and reads what an
// older one wrote; an older one refuses what it does not know.
func TestRowsGrow(t *testing.T) {
	b, err := packRow("甲", 7)
	if err != nil {
		t.Fatal(err)
	}
	var name, more string
	var n int
	if err := unpackRow(b, &name, &n, &more); err != nil || name != "甲" || n != 7 || more != "" {
		t.Errorf("%q, %d, %q, %v", name, n, more, err)
	}
	if err := unpackRow(b, &name); syncproto.CodeOf(err) != syncproto.CodeDamaged {
		t.Errorf("a column too many: %v", err)
	}
	b[0]++
	if err := unpackRow(b, &name, &n); syncproto.CodeOf(err) != syncproto.CodeDamaged {
		t.Errorf("another version: %v", err)
	}
}
