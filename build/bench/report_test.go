package main

import (
	"strings"
	"testing"
	"time"
)

func TestATargetIsJudgedByTheFigures(t *testing.T) {
	figures := []figure{{what: "fast, warm", up: 17_300, wall: 27 * time.Millisecond}, {what: "slow, warm", up: 10_800, wall: 2_700 * time.Millisecond}}
	for _, c := range []struct {
		target target
		want   string
	}{
		{target{up, 13 * kB, ""}, "up ≤ 13 kB: fast, warm 17.3 kB missed; slow, warm 10.8 kB met"},
		{target{up, 10_800, "slow"}, "up ≤ 10.8 kB slow: slow, warm 10.8 kB met"},
		{target{wall, 2.6 * sec, "slow"}, "wall ≤ 2.6 s slow: slow, warm 2.7 s missed"},
		{target{memory, mB, ""}, "memory ≤ 1000 kB: not measured"},
		{target{up, mB, "by stick"}, "up ≤ 1000 kB by stick: not measured"},
	} {
		if got := c.target.judge(figures); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestAReportShowsThePeersUnderItsFigures(t *testing.T) {
	r := report{"W4  nothing", []target{{bothWays, 320, ""}}, []figure{{what: "fast", up: 137, down: 115, exchanges: 1}}, ofPeers("W4")[:2]}
	want := `
W4  nothing
  target: both ways ≤ 320 B: fast 252 B met
                           up      down    exchanges  wall  client CPU  server CPU  memory  disk
  fast                     137 B   115 B   1          –     –           –           –       –
  SQLite+JSON+gzip         115 B   165 B   1          –     –           –           –       –     slow link 320 ms
  PouchDB+express-pouchdb  1900 B  3.4 kB  8          –     –           –           –       –     slow link 1.8 s
`
	if got := r.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestEveryPeerHasEveryWork(t *testing.T) {
	for _, p := range peers() {
		for _, work := range []string{"W1", "W2", "W3", "W4", "W6"} {
			if f := p.works[work].figure; f == (figure{}) {
				t.Errorf("%s lacks %s", p.name, work)
			}
		}
	}
}

func TestGrowthIsARatioToTheFewestRecords(t *testing.T) {
	at := func(stored int, up int64, wall time.Duration) grownTo {
		f := figure{up: up, down: 100, wall: wall, server: wall / 2}
		return grownTo{stored, f, figure{up: 100, down: 100, wall: wall}}
	}
	got := growthTable([]grownTo{at(10_000, 1_000, 20*time.Millisecond), at(1_000_000, 1_300, 40*time.Millisecond)})
	want := `  records  W2 up    W2 down  W2 wall   W2 server CPU  W4 up  W4 down  W4 wall   W4 server CPU
  10000    1000 B   100 B    20 ms     10 ms          100 B  100 B    20 ms     –
  1000000  1300 B   100 B    40 ms     20 ms          100 B  100 B    40 ms     –
  ÷ 10000  1.3 met  1 met    2 missed  2 missed       1 met  1 met    2 missed  –
`
	if !strings.HasSuffix(got, want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
