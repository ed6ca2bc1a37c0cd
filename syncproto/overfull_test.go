package syncproto_test

import (
	"slices"
	"testing"

	"gridbook/syncproto"
)

// TestOverfullJoin has two laptops write fields that each may, and that no
// record may have together. The second's are refused, by name; were they
// joined, nobody could read the record any more, nor a batch that it is in.
func TestOverfullJoin(t *testing.T) {
	const each = syncproto.MaxFields/2 + 1
	r := newRecorder(t)
	r.enrol("li")
	r.enrol("wang")
	k := syncproto.Key{Collection: homeKind, ID: r.create("li", homeKind, syncproto.FieldValue{Tag: 1, Value: syncproto.TextOf("甲")})}
	r.sync("li", "", 0)
	r.sync("wang", "", 0)
	for tag := range each {
		r.put("li", k, syncproto.Tag(1000+tag), syncproto.IntOf(1))
		r.put("wang", k, syncproto.Tag(2000+tag), syncproto.IntOf(1))
	}
	other := r.create("wang", visitKind, syncproto.FieldValue{Tag: 1, Value: syncproto.RefOf(k.ID)})
	r.sync("li", "", 0)
	r.sync("wang", "", 0)
	must(t, r.laptops["wang"].View(func(tx syncproto.ReplicaTx) error {
		d, err := tx.Delta(k)
		if d == nil || d.Rejected == nil || d.Rejected.Code != syncproto.CodeTooLarge || len(d.Fields) != each {
			t.Errorf("unsent is %+v, want its %d fields, refused as too large", d, each)
		}
		sent, err2 := tx.Agreed(syncproto.Key{Collection: visitKind, ID: other})
		if sent == nil || err2 != nil {
			t.Errorf("the rest of the upload did not go on: %v", err2)
		}
		return err
	}))
	r.enrol("zhao")
	r.sync("zhao", "", 0)
	r.sync("li", "", 0)
	r.sync("wang", "", 0)
	want := holds(t, r.laptops["li"]).Records
	for _, name := range []string{"wang", "zhao"} {
		if got := holds(t, r.laptops[name]).Records; !slices.Equal(got, want) {
			t.Errorf("%s holds %v, want %v", name, got, want)
		}
	}
}
