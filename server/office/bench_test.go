package office_test

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gridbook/server/boltstore"
	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// visits makes n records of a village's log with a note of some length.
func (l *laptop) visits(n int, households []*syncproto.Record) []*syncproto.Record {
	c := ledger.Must(ledger.Visit)
	out := make([]*syncproto.Record, n)
	for i := range out {
		at := l.stamp()
		r := syncproto.NewRecord(ledger.Visit, at)
		r.Write(ledger.TagVillage, at, syncproto.TextOf(l.Scope))
		r.Write(c.Tag("date"), at, syncproto.IntOf(20000+int64(i%300)))
		r.Write(c.Tag("mode"), at, syncproto.TextOf("door"))
		r.Write(c.Tag("household"), at, syncproto.RefOf(households[(i*7919+int(at.Time))%len(households)].ID))
		r.Write(c.Tag("visitor_name"), at, syncproto.TextOf("王小明"))
		r.Write(c.Tag("address"), at, syncproto.TextOf(fmt.Sprintf("沙溪村%d号", i)))
		r.Write(c.Tag("situation"), at, syncproto.TextOf(fmt.Sprintf("第%d户：%s", i, strings.Repeat("家中老人身体尚可，反映门前路灯不亮，已记下转给村里处理，下周再来看看。", 8))))
		out[i] = r
	}
	return out
}

// households makes n records of a village's roster.
func (l *laptop) households(n int) []*syncproto.Record {
	out := make([]*syncproto.Record, n)
	for i := range out {
		out[i] = l.household(fmt.Sprintf("%d号", i))
	}
	return out
}

// changes gives n of the households, far apart, another address.
func (l *laptop) changes(n int, households []*syncproto.Record) []*syncproto.Record {
	out := make([]*syncproto.Record, n)
	for i := range out {
		at := l.stamp()
		of := households[(int(at.Time)*7919+i*len(households)/n)%len(households)]
		out[i] = &syncproto.Record{Key: of.Key}
		out[i].Write(ledger.Must(ledger.Household).Tag("address"), at, syncproto.TextOf(fmt.Sprintf("%d号", at.Time%1000)))
	}
	return out
}

// BenchmarkUploads is W3 without the network, at a server that has 8,000
// records of every village: 20 laptops send 150 visits and 50 changes each at
// the same time, all on the disk when it ends.
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
	laptops, houses := make([]*laptop, 20), make([][]*syncproto.Record, 20)
	for i := range laptops {
		villages := ledger.Below(township)
		laptops[i] = h.enrol("village", villages[i%len(villages)].Code, "张三")
		houses[i] = laptops[i].households(3000)
		laptops[i].send(houses[i]...)
		for range 5 {
			laptops[i].send(laptops[i].visits(1000, houses[i])...)
		}
	}
	for b.Loop() {
		b.StopTimer()
		h.now += 1000
		requests := make([]*syncproto.Request, len(laptops))
		for i, l := range laptops {
			requests[i] = l.request(append(l.visits(150, houses[i]), l.changes(50, houses[i])...))
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
