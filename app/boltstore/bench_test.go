package boltstore

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gridbook/syncproto"
)

// village fills a store with as many records as a village has: 8,500, of them
// 5,000 contact logs of a hundred characters.
func village(tb testing.TB, s *Store) {
	tb.Helper()
	rnd := rand.New(rand.NewPCG(8, 9))
	words := []string{"走访", "老人", "身体", "路灯", "医保", "反映", "已经", "处理", "邻居", "水渠", "，", "。", "子女在外", "安全用电"}
	note := func() string {
		out := ""
		for len(out) < 320 {
			out += words[rnd.IntN(len(words))]
		}
		return out
	}
	const batch = 1000
	for n := 0; n < 8500; n += batch {
		check(tb, s.Update(func(tx *Tx) error {
			for i := n; i < min(n+batch, 8500); i++ {
				c := syncproto.Collection(8)
				if i < 5000 {
					c = 7
				}
				r := visit(c, i*100_000, at(rnd.IntN(800)), int64(19000+i/6))
				r.Write(1, r.ID, syncproto.TextOf("330702009201"))
				r.Write(6, r.ID, syncproto.IntOf(int64(rnd.IntN(9))))
				if i < 5000 {
					r.Write(3, r.ID, syncproto.TextOf(note()))
				} else {
					r.Write(7, r.ID, syncproto.TextOf("章丽华"))
					r.Write(8, r.ID, syncproto.TextOf(fmt.Sprint(13_000_000_000+rnd.IntN(1e9))))
				}
				if err := tx.PutAgreed(r.Key, r, r.ID.Time.Milli()+5000); err != nil {
					return err
				}
			}
			meta, err := tx.Meta()
			meta.Replica = 3
			if err != nil {
				return err
			}
			return tx.SetMeta(meta)
		}))
	}
}

// BenchmarkSave saves visits in a village's store and beside each syncs two
// bare writes of a page to the same disk: a commit needs two.
func BenchmarkSave(b *testing.B) {
	dir := b.TempDir()
	s := newStore(b, dir, options(nil))
	village(b, s)
	bare, err := os.Create(filepath.Join(dir, "bare"))
	check(b, err)
	defer bare.Close()
	page := make([]byte, 4096)
	for range 100 {
		_, err := bare.Write(page)
		check(b, err)
	}
	var saves, syncs []time.Duration
	now := int64(1_700_000_000_000)
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		check(b, s.Update(func(tx *Tx) error {
			w, err := syncproto.NewWriter(tx, now+int64(i))
			if err != nil {
				return err
			}
			_, err = w.Create(7, []syncproto.FieldValue{
				{Tag: 1, Value: syncproto.TextOf("330702009201")}, {Tag: 4, Value: syncproto.RefOf(at(i % 800))},
				{Tag: 5, Value: syncproto.IntOf(20000)}, {Tag: 3, Value: syncproto.TextOf("上门走访，家里都好，路灯不亮，已报村里。")},
			})
			if err != nil {
				return err
			}
			return w.Close()
		}))
		saved := time.Now()
		for n := range 2 {
			_, err := bare.WriteAt(page, int64(n*4096))
			check(b, err)
			check(b, dataSync(bare))
		}
		saves, syncs = append(saves, saved.Sub(start)), append(syncs, time.Since(saved))
	}
	slices.Sort(saves)
	slices.Sort(syncs)
	save, bareSync := saves[len(saves)/2], syncs[len(syncs)/2]
	b.ReportMetric(float64(save.Microseconds()), "µs/save(median)")
	b.ReportMetric(float64(bareSync.Microseconds()), "µs/2syncs(median)")
	b.ReportMetric(float64(save)/float64(bareSync), "ratio")
}

// BenchmarkOpen unlocks a village's store; the password's own cost, which is
// meant to be high, is left out.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	s, err := Create(dir, password, options(nil))
	check(b, err)
	village(b, s)
	check(b, s.Close())
	info, err := os.Stat(filepath.Join(dir, fileName))
	check(b, err)
	for b.Loop() {
		s, err := Open(dir, password, options(nil))
		check(b, err)
		check(b, s.Close())
	}
	b.ReportMetric(float64(info.Size()), "B/file")
}

// BenchmarkScan reads all records of a village.
func BenchmarkScan(b *testing.B) {
	s := newStore(b, b.TempDir(), options(nil))
	village(b, s)
	for b.Loop() {
		n := 0
		check(b, s.View(func(tx *Tx) error {
			for _, err := range tx.scan(nil) {
				if err != nil {
					return err
				}
				n++
			}
			return nil
		}))
		if n != 8500 {
			b.Fatal(n)
		}
	}
}

// BenchmarkPassword is what the default cost of a password comes to.
func BenchmarkPassword(b *testing.B) {
	for b.Loop() {
		DefaultKDF().derive(password, make([]byte, saltSize))
	}
}

// BenchmarkCopy makes a verified copy of a village's store.
func BenchmarkCopy(b *testing.B) {
	s := newStore(b, b.TempDir(), options(nil))
	village(b, s)
	for b.Loop() {
		check(b, s.Copy())
	}
}
