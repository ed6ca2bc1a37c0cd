package service

import (
	"fmt"
	mrand "math/rand/v2"
	"runtime"
	"testing"

	"gridbook/app/boltstore"
	"gridbook/app/edit"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

// The size of a whole township.
const (
	benchVillages   = 20
	benchHouseholds = 16_000
	benchResidents  = 50_000
	benchMembers    = 1_600
	benchVisits     = 100_000
)

// crowd writes an invented township straight into the store, as a first sync
// leaves it.
type crowd struct {
	tx     *boltstore.Tx
	random *mrand.Rand
	n      int64
}

func (c *crowd) put(b testing.TB, of syncproto.Collection, values map[string]any) string {
	b.Helper()
	own, _, err := FieldSets(ledger.Must(of), values, nil)
	if err != nil {
		b.Fatal(err)
	}
	c.n++
	at := syncproto.Stamp{Time: syncproto.TimeAt(1_700_000_000_000 + c.n), Replica: 9}
	rec := syncproto.NewRecord(of, at)
	for _, s := range own {
		rec.Write(s.Tag, at, s.Value)
	}
	if err := c.tx.PutAgreed(rec.Key, rec, 1_709_600_000_000); err != nil {
		b.Fatal(err)
	}
	return at.String()
}

func (c *crowd) name() string {
	family, given := []rune("张王李赵陈杨黄周吴徐孙马朱胡郭何林罗高郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭单楼"), []rune("伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂建国华文玉梅红春志海林小云峰龙金根土水火木松柏荣富贵福寿康宁德仁义礼智信")
	return string([]rune{family[c.random.IntN(len(family))], given[c.random.IntN(len(given))], given[c.random.IntN(len(given))]})
}

func (c *crowd) phone() string { return fmt.Sprint(13_000_000_000 + c.random.IntN(999_999_999)) }

// town joins a township's laptop and fills it.
func town(b testing.TB, visits int) Options {
	b.Helper()
	o := options(b, newClock(), &office{role: ledger.RoleTownship, scope: township, replica: 3})
	l, err := Join(b.Context(), o, invitation(), "镇里电脑", password)
	if err != nil {
		b.Fatal(err)
	}
	c := &crowd{random: mrand.New(mrand.NewPCG(1, 2))}
	var households, members []string
	batch := func(n int, f func(i int)) {
		for from := 0; from < n; from += 10_000 {
			err := l.Store.Update(func(tx *boltstore.Tx) error {
				c.tx = tx
				for i := from; i < min(n, from+10_000); i++ {
					f(i)
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	place := func(i int) string { return fmt.Sprintf("330702009%03d", 200+i%benchVillages) }
	batch(benchMembers, func(i int) {
		members = append(members, c.put(b, ledger.Member, map[string]any{"village": place(i), "name": c.name(), "phone": c.phone()}))
	})
	batch(benchHouseholds, func(i int) {
		households = append(households, c.put(b, ledger.Household, map[string]any{
			"village": place(i), "hh_no": fmt.Sprintf("%04d", i/benchVillages), "head_name": c.name(), "hamlet": fmt.Sprintf("第%d组", i%8),
			"address": fmt.Sprintf("%d组%d号", i%8, i/benchVillages), "phone": c.phone(), "residence": "resident",
		}))
	})
	batch(benchResidents, func(i int) {
		c.put(b, ledger.Resident, map[string]any{
			"household": households[i%benchHouseholds], "name": c.name(), "sex": "1", "birth": "1962-08-15", "relation": "20",
			"phone": c.phone(), "residence": "resident",
		})
	})
	batch(visits, func(i int) {
		c.put(b, ledger.Visit, map[string]any{
			"date": dateText(19_000 + int64(i%700)), "mode": "door", "household": households[i%benchHouseholds],
			"visitor": members[i%benchMembers], "situation": "家里都好，老人身体不错，子女在义乌务工，春节回来。",
		})
	})
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	return o
}

// reopen unlocks the township's laptop with all of its rosters and logs read.
func reopen(b testing.TB, o Options) *Laptop {
	b.Helper()
	l, err := Open(o, password)
	if err != nil {
		b.Fatal(err)
	}
	l.Book.Loaded()
	b.Cleanup(func() { l.Close() })
	return l
}

// BenchmarkUnlock is from the password to the first screen, with all of a
// township on the laptop; a real password costs about 0.3 s more by design.
func BenchmarkUnlock(b *testing.B) {
	o := town(b, benchVisits)
	var logs float64
	for b.Loop() {
		l, err := Open(o, password)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		l.Book.Loaded()
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		logs = float64(m.HeapAlloc) / (1 << 20)
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(logs, "MB-heap")
}

// BenchmarkScreens is what the screens of a township ask for most.
func BenchmarkScreens(b *testing.B) {
	l := reopen(b, town(b, benchVisits))
	s := &Service{laptop: l, undo: map[string][]edit.Edit{}}
	s.emit = func(string, any) {}
	ctx := b.Context()
	list, err := s.Households(ctx, HouseholdQuery{}, 0, 1)
	if err != nil {
		b.Fatal(err)
	}
	one := list.Rows[0].ID
	for _, bench := range []struct {
		name string
		f    func() error
	}{
		{"search-zjg", func() error { _, err := s.Search(ctx, "zjg", 20); return err }},
		{"search-张", func() error { _, err := s.Search(ctx, "张", 20); return err }},
		{"search-12", func() error { _, err := s.Search(ctx, "12", 20); return err }},
		{"list", func() error { _, err := s.Households(ctx, HouseholdQuery{}, 8000, 50); return err }},
		{"list-text", func() error { _, err := s.Households(ctx, HouseholdQuery{Text: "zh"}, 0, 50); return err }},
		{"household", func() error { _, err := s.Household(ctx, one); return err }},
		{"home", func() error { _, err := s.Home(ctx); return err }},
		{"villages", func() error { _, err := s.Villages(ctx); return err }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				if err := bench.f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSaveVisit is one saved visit, with all that follows from it.
func BenchmarkSaveVisit(b *testing.B) {
	l := reopen(b, town(b, 0))
	s := &Service{laptop: l, undo: map[string][]edit.Edit{}}
	s.emit = func(string, any) {}
	list, err := s.Households(b.Context(), HouseholdQuery{}, 0, 1)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.SaveVisit(b.Context(), VisitDraft{Date: "2024-03-05", Mode: "door", VisitorName: "吕建国", Household: list.Rows[0].ID, Situation: "家里都好"}); err != nil {
			b.Fatal(err)
		}
	}
}
