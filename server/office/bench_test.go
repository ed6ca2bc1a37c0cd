package office_test

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"gridbook/server/boltstore"
	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// visits makes n records of a village's log with a note of some length.
func (l *laptop) visits(n int, household syncproto.ID) []*syncproto.Record {
	c := ledger.Must(ledger.Visit)
	out := make([]*syncproto.Record, n)
	for i := range out {
		at := l.stamp()
		r := syncproto.NewRecord(ledger.Visit, at)
		r.Write(ledger.TagVillage, at, syncproto.TextOf(l.Scope))
		r.Write(c.Tag("date"), at, syncproto.IntOf(20000+int64(i%300)))
		r.Write(c.Tag("mode"), at, syncproto.TextOf("door"))
		r.Write(c.Tag("household"), at, syncproto.RefOf(household))
		r.Write(c.Tag("visitor_name"), at, syncproto.TextOf("王小明"))
		r.Write(c.Tag("address"), at, syncproto.TextOf(fmt.Sprintf("沙溪村%d号", i)))
		r.Write(c.Tag("situation"), at, syncproto.TextOf(fmt.Sprintf("上门走访第%d户，家中老人身体尚可，反映门前路灯不亮，已记下转给村里处理，下周再来看看。", i)))
		out[i] = r
	}
	return out
}

// BenchmarkUploads is W3 without the network: 20 laptops send 200 edits each
// at the same time, all on the disk when it ends.
func BenchmarkUploads(b *testing.B) {
	store, err := boltstore.Create(filepath.Join(b.TempDir(), "gridbookd.db"), boltstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	h := &town{t: b, store: store, now: 1_780_000_000_000, codec: syncproto.NewCodec(), quiet: true}
	h.Office = office.New(store, office.Options{Policy: ledger.Policy{}, Now: func() int64 { return h.now }, Rand: rand.Reader})
	defer h.Close()
	keys, _, err := office.NewKeys(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	keys.Certificate, keys.CertificateKey = []byte("c"), []byte("k")
	if err := h.Found(office.Founding{Township: township, Name: "新狮街道", Keys: keys}); err != nil {
		b.Fatal(err)
	}
	if err := h.SetAddress("https://h:1"); err != nil {
		b.Fatal(err)
	}
	laptops, houses := make([]*laptop, 20), make([]syncproto.ID, 20)
	for i := range laptops {
		villages := ledger.Below(township)
		laptops[i] = h.enrol("village", villages[i%len(villages)].Code, "张三")
		house := laptops[i].household("1号")
		laptops[i].send(house)
		houses[i] = house.ID
	}
	for b.Loop() {
		b.StopTimer()
		h.now += 1000
		requests := make([]*syncproto.Request, len(laptops))
		for i, l := range laptops {
			requests[i] = l.request(l.visits(200, houses[i]))
		}
		b.StartTimer()
		var all sync.WaitGroup
		for i, l := range laptops {
			all.Go(func() {
				if rep := l.exchange(requests[i]); rep.Error != nil || len(rep.Rejections) > 0 {
					b.Errorf("%v, %d refused", rep.Error, len(rep.Rejections))
				}
			})
		}
		all.Wait()
	}
}
