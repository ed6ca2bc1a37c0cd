package main

import (
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"gridbook/build/bench/workload"
	"gridbook/build/link"
	"gridbook/build/stage"
)

// grownTo is what W2 and W4 took where the server stores so many records.
type grownTo struct {
	stored int
	w2, w4 figure
}

// uploadTimes and quietTimes are how often W2 and W4 are done for the medians.
const (
	uploadTimes = 9
	quietTimes  = 50
)

// rest is how long this program, the server and the disk are given to come to
// rest after up to a million records.
const rest = 3 * time.Second

// growth measures W2 and W4 in a township of so many villages.
func growth(programs stage.Programs, dir string, villages int) (g grownTo, err error) {
	data := filepath.Join(dir, fmt.Sprintf("data-%d", villages))
	if err := generate(data, villages, uploadTimes); err != nil {
		return g, err
	}
	t, err := open(programs, filepath.Join(dir, fmt.Sprintf("town-%d", villages)), data, true)
	if err != nil {
		return g, err
	}
	defer t.close()
	d, err := t.sit("village", workload.VillageCode("v01"), "增长")
	if err != nil {
		return g, err
	}
	defer d.Close()
	g.stored = t.stored
	debug.FreeOSMemory()
	time.Sleep(rest)
	g.w4, err = medianOf(quietTimes, func(int) (figure, error) { return t.warm("W4", d, link.Way{}) })
	if err != nil {
		return g, err
	}
	g.w2, err = medianOf(uploadTimes, func(batch int) (figure, error) {
		ops, err := t.edits("v01", batch)
		if err == nil {
			err = d.enter(ops)
		}
		if err != nil {
			return figure{}, err
		}
		return t.warm("W2", d, link.Way{})
	})
	return g, err
}

// medianOf does a work so many times and returns the median of each quantity.
func medianOf(times int, work func(i int) (figure, error)) (figure, error) {
	all := make([]figure, times)
	for i := range all {
		var err error
		if all[i], err = work(i); err != nil {
			return figure{}, err
		}
	}
	return figure{
		up: median(all, up), down: median(all, down),
		wall: time.Duration(median(all, wall)), server: time.Duration(median(all, serverCPU)),
	}, nil
}

func median(all []figure, q quantity) int64 {
	sorted := make([]int64, len(all))
	for i, f := range all {
		sorted[i] = q.of(f)
	}
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// mostGrowth is how much more a work may take than with the fewest records.
const mostGrowth = 1.3

// growthTable prints the sizes, the smallest first, and under each other one
// how many times that of the smallest it is.
func growthTable(sizes []grownTo) string {
	quantities := []quantity{up, down, wall, serverCPU}
	rows := [][]string{{"records"}}
	for _, work := range []string{"W2", "W4"} {
		for _, q := range quantities {
			rows[0] = append(rows[0], work+" "+q.name)
		}
	}
	for i, g := range sizes {
		row, ratio := []string{strconv.Itoa(g.stored)}, []string{fmt.Sprintf("÷ %d", sizes[0].stored)}
		for _, work := range [][2]figure{{g.w2, sizes[0].w2}, {g.w4, sizes[0].w4}} {
			for _, q := range quantities {
				row = append(row, q.print(q.of(work[0])))
				ratio = append(ratio, grew(q.of(work[0]), q.of(work[1])))
			}
		}
		rows = append(rows, row)
		if i > 0 {
			rows = append(rows, ratio)
		}
	}
	return fmt.Sprintf("\nGrowth: W2 and W4 by what the server stores (medians of %d and %d times)\n  target: ≤ %v × that of the fewest records\n%s", uploadTimes, quietTimes, mostGrowth, table(rows))
}

// grew is how many times as much it is, and whether that was met.
func grew(n, from int64) string {
	if n == 0 || from == 0 {
		return "–"
	}
	times := float64(n) / float64(from)
	return decimals(times, 2) + " " + verdict(times <= mostGrowth)
}
