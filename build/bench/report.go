package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// report is what one work came to: our figures, what they were to be, and what
// the peers reached on the same work, in the same columns.
type report struct {
	title   string
	targets []target
	figures []figure
	peers   []figure
}

// String implements fmt.Stringer.
func (r report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n", r.title)
	for _, t := range r.targets {
		fmt.Fprintf(&b, "  target: %s\n", t.judge(r.figures))
	}
	rows := [][]string{{"", "up", "down", "exchanges", "wall", "client CPU", "server CPU", "memory", "disk", ""}}
	for _, f := range append(r.figures, r.peers...) {
		rows = append(rows, f.cells())
	}
	b.WriteString(table(rows))
	return b.String()
}

func (f figure) cells() []string {
	exchanges := "–"
	if f.exchanges > 0 {
		exchanges = strconv.Itoa(f.exchanges)
	}
	return []string{f.what, kb(f.up), kb(f.down), exchanges, seconds(f.wall), seconds(f.client), seconds(f.server), kb(f.memory), kb(f.disk), f.note}
}

// kb prints a number of bytes, "–" for what was not measured.
func kb(n int64) string {
	switch {
	case n == 0:
		return "–"
	case n < 2000:
		return fmt.Sprintf("%d B", n)
	case n < 2_000_000:
		return decimals(float64(n)/1e3, 1) + " kB"
	}
	return decimals(float64(n)/1e6, 2) + " MB"
}

// seconds prints a time, "–" for what was not measured.
func seconds(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < 10*time.Millisecond:
		return decimals(d.Seconds()*1e3, 1) + " ms"
	case d < time.Second:
		return decimals(d.Seconds()*1e3, 0) + " ms"
	}
	return decimals(d.Seconds(), 1) + " s"
}

// decimals prints at most n decimals: the peers' figures were read to fewer
// than ours, and show no more than that.
func decimals(x float64, n int) string {
	p := math.Pow10(n)
	return strconv.FormatFloat(math.Round(x*p)/p, 'f', -1, 64)
}

// table aligns rows under a head.
func table(rows [][]string) string {
	width := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", width[i]-len([]rune(cell))+2))
		}
		b.WriteString("  " + strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
