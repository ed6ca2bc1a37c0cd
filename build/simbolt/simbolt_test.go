// Package simbolt plays the simulation on the real stores of both sides.
package simbolt

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	laptop "gridbook/app/boltstore"
	hub "gridbook/server/boltstore"
	"gridbook/server/office"
	"gridbook/syncproto"
	"gridbook/syncproto/syncsim"
)

var (
	simSeed = flag.Uint64("sim.seed", 1, "first seed")
	simRuns = flag.Int("sim.runs", 25, "how many seeds")
)

const password = "一个密码"

func TestSim(t *testing.T) {
	syncsim.CheckDisks(t, *simSeed, *simRuns, newDisks)
}

// disks makes stores in one folder.
type disks struct {
	t    testing.TB
	dir  string
	made int
	rand io.Reader
}

func newDisks(t testing.TB) syncsim.Disks {
	return &disks{t: t, dir: folder(t), rand: rand.NewChaCha8(sha256.Sum256([]byte(t.Name())))}
}

// folder prefers one that is in memory: the stores sync every transaction.
func folder(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "gridbook-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (d *disks) check(err error) {
	if err != nil {
		d.t.Helper()
		d.t.Fatal(err)
	}
}

func (d *disks) path(kind string) string {
	d.made++
	return filepath.Join(d.dir, fmt.Sprintf("%s-%d", kind, d.made))
}

// replica is a laptop's store; it is opened when it is first used.
type replica struct {
	*disks
	dir   string
	store *laptop.Store
}

func (d *disks) options() laptop.Options {
	return laptop.Options{
		Now: func() int64 { return 1_788_220_800_000 }, Rand: still{d.rand},
		KDF: laptop.KDF{Time: 1, Memory: 8, Threads: 1},
	}
}

// still is a source of bytes for keys. Its four bytes are always zero: by
// those a store moves the clock when it is opened, which the world does itself.
type still struct{ io.Reader }

func (s still) Read(p []byte) (int, error) {
	if len(p) == 4 {
		clear(p)
		return len(p), nil
	}
	return s.Reader.Read(p)
}

// Replica makes the store of a new laptop.
func (d *disks) Replica() syncsim.ReplicaDisk {
	r := &replica{disks: d, dir: d.path("laptop")}
	var err error
	r.store, err = laptop.Create(r.dir, password, d.options())
	d.check(err)
	d.t.Cleanup(r.close)
	return r
}

func (r *replica) open() *laptop.Store {
	if r.store == nil {
		var err error
		r.store, err = laptop.Open(r.dir, password, r.options())
		r.check(err)
	}
	return r.store
}

func (r *replica) close() {
	if r.store != nil {
		r.check(r.store.Close())
		r.store = nil
	}
}

func (r *replica) View(f func(syncproto.ReplicaTx) error) error {
	return r.open().View(func(tx *laptop.Tx) error { return f(tx) })
}

func (r *replica) Update(f func(syncproto.ReplicaTx) error) error {
	return r.open().Update(func(tx *laptop.Tx) error { return f(tx) })
}

func (r *replica) Reopen() { r.close() }

func (r *replica) Copy() syncsim.ReplicaDisk {
	r.close()
	c := &replica{disks: r.disks, dir: r.path("copy")}
	r.check(os.CopyFS(c.dir, os.DirFS(r.dir)))
	r.t.Cleanup(c.close)
	return c
}

// township is a hub's store; it is opened when it is first used.
type township struct {
	*disks
	file  string
	store *hub.Store
}

// Hub makes the store of a new hub.
func (d *disks) Hub(state syncproto.HubState) syncsim.HubDisk {
	h := &township{disks: d, file: d.path("hub")}
	var err error
	h.store, err = hub.Create(h.file, hub.Options{NoSync: true})
	d.check(err)
	d.check(h.store.Update(func(tx office.Tx) error { return tx.SetState(state) }))
	d.t.Cleanup(h.close)
	return h
}

func (h *township) open() *hub.Store {
	if h.store == nil {
		var err error
		h.store, err = hub.Open(h.file, hub.Options{NoSync: true})
		h.check(err)
	}
	return h.store
}

func (h *township) close() {
	if h.store != nil {
		h.check(h.store.Close())
		h.store = nil
	}
}

func (h *township) View(f func(syncproto.HubTx) error) error {
	return h.open().View(func(tx office.Tx) error { return f(tx) })
}

func (h *township) Update(f func(syncproto.HubTx) error) error {
	return h.open().Update(func(tx office.Tx) error { return f(tx) })
}

func (h *township) Copy() syncsim.HubDisk {
	c := &township{disks: h.disks, file: h.path("backup")}
	file, err := os.Create(c.file)
	h.check(err)
	_, err = h.open().Snapshot(file)
	h.check(err)
	h.check(file.Close())
	h.t.Cleanup(c.close)
	return c
}

func (h *township) Contents() (devices []*syncproto.Device, records []*syncproto.Stored) {
	h.check(h.open().View(func(tx office.Tx) error {
		for d, err := range tx.Devices() {
			if err != nil {
				return err
			}
			devices = append(devices, d)
		}
		for st, err := range tx.Records() {
			if err != nil {
				return err
			}
			records = append(records, st)
		}
		return nil
	}))
	return devices, records
}
