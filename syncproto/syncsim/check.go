package syncsim

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"gridbook/syncproto"
)

// CheckDisks plays histories on real stores and in memory: nothing may be
// found wrong, and both must go the same way. make is called for every history.
func CheckDisks(t *testing.T, first uint64, runs int, make func(testing.TB) Disks) {
	var total stats
	for seed := first; seed < first+uint64(runs); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			h := historyOf(seed, featuresOf(seed)...)
			var onDisk, inMemory bytes.Buffer
			disk, memory := play(h, stage{disks: make(t), trace: &onDisk}), play(h, stage{trace: &inMemory})
			for _, c := range disk.oracle.complain {
				t.Error(c)
			}
			disk.traceContents()
			memory.traceContents()
			if !bytes.Equal(onDisk.Bytes(), inMemory.Bytes()) {
				t.Error(parting(onDisk.Bytes(), inMemory.Bytes()))
			}
			total.add(disk.stats)
		})
	}
	t.Logf("%d runs: %+v", runs, total)
}

// parting shows where two traces part.
func parting(disk, memory []byte) string {
	a, b := bytes.Split(disk, []byte("\n")), bytes.Split(memory, []byte("\n"))
	n := 0
	for n < min(len(a), len(b))-1 && bytes.Equal(a[n], b[n]) {
		n++
	}
	return fmt.Sprintf("in step %d on disk\n%s\nand in memory\n%s\nafter\n%s", n, a[n], b[n], bytes.Join(a[max(n-12, 0):n], []byte("\n")))
}

// traceContents prints what all stores hold.
func (w *world) traceContents() {
	var out []string
	for k, st := range w.store.records {
		out = append(out, fmt.Sprintf("hub %v %v %v", k, st.Seq, st.Record.Hash()))
	}
	for _, l := range w.laptops {
		for k, a := range l.store.agreed {
			out = append(out, fmt.Sprintf("%s %v %v", l.name, k, a.hash))
		}
		for k, d := range l.store.deltas {
			out = append(out, fmt.Sprintf("%s unsent %v %v %x", l.name, k, d.Order, syncproto.AppendRecord(nil, d.Record)))
		}
		m := l.store.meta
		out = append(out, fmt.Sprintf("%s %v %v %x %v %v", l.name, m.Replica, m.Cursor, m.Lease, m.Verified, m.Clock))
	}
	slices.Sort(out)
	for _, line := range out {
		w.tracef("%s", line)
	}
}
