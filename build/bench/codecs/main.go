// Command codecs prints what the batches of the workload come to by every
// effort and version: bytes, and CPU of packing and unpacking.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"gridbook/build/bench/workload"
	"gridbook/syncproto"
	"gridbook/syncproto/ledger"
)

func main() {
	data := flag.String("workload", "", "a folder that workload.mjs has written")
	flag.Parse()
	if err := run(*data); err != nil {
		fmt.Fprintln(os.Stderr, "codecs:", err)
		os.Exit(1)
	}
}

// work is what one of the works of the benchmark carries.
type work struct {
	name    string
	batches []*syncproto.Batch
}

func run(data string) error {
	s, err := seed(filepath.Join(data, "township.ndjson"))
	if err != nil {
		return err
	}
	edits, err := offline(filepath.Join(data, "edits-v01-0.ndjson"), s)
	if err != nil {
		return err
	}
	works := []work{
		{"W1", []*syncproto.Batch{received(append(slices.Clone(s.Shared), s.Own["v01"]...))}},
		{"W2", []*syncproto.Batch{edits}},
		{"W6", pages(s)},
	}
	fmt.Println("| work | version | effort | bytes | pack, ms CPU | unpack, ms CPU |\n|---|---|---|---|---|---|")
	for _, w := range works {
		for version := syncproto.MinVersion; version <= syncproto.Version; version++ {
			for e, name := range []string{"fast", "spare", "small"} {
				if err := w.measure(syncproto.Effort(e), name, version); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (w work) measure(e syncproto.Effort, name string, version int) error {
	c := syncproto.NewCodec()
	bytes, pack, unpack := 0, time.Duration(0), time.Duration(0)
	for i, b := range w.batches {
		if i == 0 {
			c.Encode(b, e, version) // makes what compressors keep
		}
		start := cpu()
		p := c.Encode(b, e, version)
		packed := cpu()
		got, err := c.Decode(p)
		if err != nil {
			return err
		}
		if len(got.Records) != len(b.Records) {
			return errors.New("records went missing")
		}
		bytes, pack, unpack = bytes+len(p), pack+packed-start, unpack+cpu()-packed
	}
	fmt.Printf("| %s | %d | %s | %d | %d | %d |\n", w.name, version, name, bytes, pack.Milliseconds(), unpack.Milliseconds())
	return nil
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails only for other arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func seed(path string) (*workload.Seed, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	numbers := map[string]syncproto.ReplicaID{}
	return workload.ReadSeed(f, func(village string) syncproto.ReplicaID {
		if _, ok := numbers[village]; !ok {
			numbers[village] = syncproto.HubReplica + 1 + syncproto.ReplicaID(len(numbers))
		}
		return numbers[village]
	})
}

// now is when the edits are made and the records received, ms since 1970.
const now = 1_764_000_000_000

func received(records []*syncproto.Record) *syncproto.Batch {
	return &syncproto.Batch{Records: records, Received: slices.Repeat([]int64{now}, len(records))}
}

// pages are what the township gets, page by page: by collections, newest first.
func pages(s *workload.Seed) (out []*syncproto.Batch) {
	all := slices.Clone(s.Shared)
	for _, v := range s.Villages {
		all = append(all, s.Own[v]...)
	}
	slices.SortFunc(all, func(a, b *syncproto.Record) int {
		return cmp.Or(cmp.Compare(a.Collection, b.Collection), b.ID.Compare(a.ID))
	})
	size, from := 0, 0
	for i, r := range all {
		size += bulk(r)
		if size >= syncproto.DefaultDown || i == len(all)-1 {
			out = append(out, received(all[from:i+1]))
			size, from = 0, i+1
		}
	}
	return out
}

// bulk is about what a record is to the budget of a reply.
func bulk(r *syncproto.Record) int {
	n := 8
	for _, f := range r.Fields {
		for _, h := range f.Heads {
			n += h.Value.Size()
		}
	}
	return n
}

// offline are 200 edits of a village, as its laptop sends them.
func offline(path string, s *workload.Seed) (*syncproto.Batch, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ops, err := workload.Edits(f, func(doc string) string { return s.IDs[doc].String() })
	if err != nil {
		return nil, err
	}
	b, at := &syncproto.Batch{}, syncproto.Stamp{Time: syncproto.TimeAt(now), Replica: 40}
	for _, op := range ops {
		at.Time++
		r, err := edited(op, at)
		if err != nil {
			return nil, err
		}
		b.Records = append(b.Records, r)
	}
	return b, nil
}

func edited(op workload.Op, at syncproto.Stamp) (*syncproto.Record, error) {
	c, ok := ledger.ByKey(op.Collection)
	if !ok {
		return nil, fmt.Errorf("no collection %s", op.Collection)
	}
	id := at
	if op.Op == "set" {
		var err error
		if id, err = syncproto.ParseStamp(op.ID); err != nil {
			return nil, err
		}
	}
	r := syncproto.NewRecord(c.Number, id)
	for key, in := range op.Fields {
		f, ok := c.FieldByKey(key)
		if !ok {
			return nil, fmt.Errorf("no field %s.%s", op.Collection, key)
		}
		v, err := f.Parse(in)
		if err != nil {
			return nil, err
		}
		if op.Op == "set" { // over what was written with the record
			r.Write(f.Tag, id, v)
		}
		r.Write(f.Tag, at, v)
	}
	return r, nil
}
