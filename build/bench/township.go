package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"gridbook/build/bench/workload"
	"gridbook/build/link"
	"gridbook/build/stage"
	"gridbook/syncproto"
)

const (
	townshipCode = "330702009"
	townshipName = "新狮街道"
	password     = "基准-2024"
)

// township is a server that holds the workload, behind a proxy that counts.
type township struct {
	dir    string // of all data of this run
	data   string // of the workload
	office *stage.Office
	way    *link.Proxy
	seed   *workload.Seed
	stored int // records of the seed
	next   int
}

// generate writes the workload of so many villages, with so many batches of
// edits of each, unless it is there.
func generate(dir string, villages, batches int) error {
	if _, err := os.Stat(filepath.Join(dir, "township.ndjson")); err == nil {
		return nil
	}
	root, err := stage.Root()
	if err != nil {
		return err
	}
	c := exec.Command("node", filepath.Join(root, "build", "bench", "workload.mjs"), "--out", dir, "--villages", strconv.Itoa(villages), "--batches", strconv.Itoa(batches))
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("generate the workload: %w\n%s", err, out)
	}
	return settle(dir)
}

// settle waits until a folder's files are on the disk, which would else be
// written while something is measured.
func settle(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("settle the workload: %w", err)
	}
	for _, file := range files {
		f, err := os.Open(filepath.Join(dir, file.Name()))
		if err != nil {
			return fmt.Errorf("settle the workload: %w", err)
		}
		err = f.Sync()
		f.Close()
		if err != nil {
			return fmt.Errorf("settle the workload: %w", err)
		}
	}
	return nil
}

// open makes a server in dir and fills it with the workload in data.
func open(programs stage.Programs, dir, data string, plain bool) (*township, error) {
	t := &township{dir: dir, data: data, office: &stage.Office{Programs: programs, Dir: filepath.Join(dir, "office"), Plain: plain}}
	if err := t.office.Init(townshipCode, townshipName); err != nil {
		return nil, err
	}
	if err := t.office.Serve(); err != nil {
		return nil, err
	}
	if err := t.fill(); err != nil {
		t.close()
		return nil, err
	}
	var err error
	if t.way, err = link.Listen(t.office.Addr, link.Way{}); err != nil {
		t.close()
		return nil, err
	}
	t.office.Through = t.way.Addr()
	return t, nil
}

func (t *township) close() {
	if t.way != nil {
		t.way.Close()
	}
	t.office.Kill()
}

// fill enrols a writer for the township and for each village, and lets them
// upload what they wrote.
func (t *township) fill() error {
	pens := map[string]*pen{}
	var failed error
	writer := func(village string) syncproto.ReplicaID {
		if pens[village] == nil && failed == nil {
			pens[village], failed = t.pen(village)
		}
		if failed != nil {
			return 0
		}
		return pens[village].replica()
	}
	f, err := os.Open(filepath.Join(t.data, "township.ndjson"))
	if err != nil {
		return fmt.Errorf("open the workload: %w", err)
	}
	defer f.Close()
	if t.seed, err = workload.ReadSeed(f, writer); err != nil {
		return fmt.Errorf("read the workload: %w", err)
	}
	if failed != nil {
		return failed
	}
	if err := pens[""].write(t.seed.Shared); err != nil {
		return err
	}
	for _, v := range t.seed.Villages {
		if err := pens[v].write(t.seed.Own[v]); err != nil {
			return fmt.Errorf("village %s: %w", v, err)
		}
		t.stored += len(t.seed.Own[v])
		t.seed.Own[v] = nil // only the ids are needed from here on
	}
	return nil
}

func (t *township) pen(village string) (*pen, error) {
	role, scope := "township", townshipCode
	if village != "" {
		role, scope = "village", workload.VillageCode(village)
	}
	invitation, err := t.office.Invite(role, scope, "历史"+village, "--unlisted")
	if err != nil {
		return nil, err
	}
	return newPen(invitation)
}

// edits are the lines of one batch of a village's offline edits.
func (t *township) edits(village string, batch int) ([]workload.Op, error) {
	f, err := os.Open(filepath.Join(t.data, fmt.Sprintf("edits-%s-%d.ndjson", village, batch)))
	if err != nil {
		return nil, fmt.Errorf("open edits: %w", err)
	}
	defer f.Close()
	return workload.Edits(f, func(doc string) string { return t.seed.IDs[doc].String() })
}

// folder is a new data folder for a laptop.
func (t *township) folder() string {
	t.next++
	return filepath.Join(t.dir, fmt.Sprintf("laptop-%02d", t.next))
}

// size is what a folder takes on the disk, in bytes.
func size(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
