package boltstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gridbook/syncproto"
)

// Recovered tells what Open did about a damaged store.
type Recovered struct {
	At    int64  // when it was noticed, ms since 1970
	Copy  int64  // when the copy was made that was taken instead; 0: there was none
	Kept  string // file name under which the damaged file was kept
	Cause error  // what was wrong with it, for the log
	// Whole says that all unsent work could be read from the damaged file.
	Whole         bool
	Message, Hint string
}

// keepDamaged is how many damaged files are kept for people who may want to
// look into them.
const keepDamaged = 2

// repair makes a good store of what there is: the newest copy that can be read
// in full, else an empty store, and on top of it everything that still opens
// in the damaged file. Values are sealed for their places, so that what opens
// is what was written there; the hub's fingerprint finds what is missing, and
// the next sync brings it.
func repair(dir string, key unlocker, o Options, cause error) (*inspected, *Recovered, error) {
	rec := &Recovered{At: o.Now(), Cause: cause}
	w := &wreck{name: filepath.Join(dir, fileName)}
	base, err := newestCopy(dir, key, rec)
	if err != nil {
		return nil, nil, err
	}
	if err := w.open(key, base); err != nil {
		return nil, nil, err
	}
	defer w.close()
	if base == nil && w.state == nil {
		return nil, nil, nothingLeft(cause)
	}
	path, err := tempName(dir)
	if err != nil {
		return nil, nil, err
	}
	defer os.Remove(path)
	if base == nil {
		err = w.fresh(dir, filepath.Base(path), o)
	} else {
		err = copyFile(path, base.path)
	}
	if err == nil {
		err = w.overlay(path, o, rec)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("boltstore: repair: %w", saving(dir, err))
	}
	if err := keepAside(dir, rec); err != nil {
		return nil, nil, err
	}
	if err := replace(dir, path, fileName); err != nil {
		return nil, nil, err
	}
	rec.tell()
	in, err := inspect(filepath.Join(dir, fileName), key, true)
	return in, rec, err
}

func nothingLeft(cause error) error {
	return &syncproto.Error{Code: syncproto.CodeDamaged,
		Message: "网格簿的数据文件损坏了，也没有可用的副本",
		Hint:    "请不要删除数据文件夹，先复制一份留底；再向乡镇要新的邀请码，在空文件夹里重新加入，已上报的内容会取回来。",
		Err:     cause}
}

func (r *Recovered) tell() {
	r.Message = "数据文件损坏了，已经用能读出的内容修好；没有上报的修改都还在"
	if r.Copy != 0 {
		r.Message = "数据文件损坏了，已经换上 " + minuteText(r.Copy) + " 的副本，并补上了能读出的内容；没有上报的修改都还在"
	}
	if !r.Whole {
		r.Message = strings.TrimSuffix(r.Message, "没有上报的修改都还在") + "最近没有上报的修改可能缺了几条"
	}
	r.Hint = "请尽快联网同步一次，缺的内容会从乡镇取回。损坏的文件留在数据文件夹里：" + r.Kept
}

func minuteText(ms int64) string { return time.UnixMilli(ms).Format("2006-01-02 15:04") }

// copyFound is a copy that can be read in full.
type copyFound struct {
	*inspected
	path string
}

// newestCopy returns nil if there is none.
func newestCopy(dir string, key unlocker, rec *Recovered) (*copyFound, error) {
	var refused error
	for _, name := range copyNames() {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		in, err := inspect(path, key, true)
		switch {
		case err == nil:
			rec.Copy = info.ModTime().UnixMilli()
			return &copyFound{in, path}, nil
		case !isDamage(err):
			refused = errors.Join(refused, err) // such as a wrong password
		}
	}
	return nil, refused
}

// keepAside gives the damaged file a second name; moving the repaired file
// into place then takes the first from it, in one step.
func keepAside(dir string, rec *Recovered) error {
	from := filepath.Join(dir, fileName)
	if _, err := os.Stat(from); err != nil {
		return nil
	}
	rec.Kept = "gridbook-damaged-" + time.UnixMilli(rec.At).UTC().Format("20060102-150405") + ".db"
	to := filepath.Join(dir, rec.Kept)
	os.Remove(to)
	if os.Link(from, to) != nil { // a disk without hard links
		if f, err := os.Create(to); err != nil {
			return saving(dir, fmt.Errorf("boltstore: keep the damaged file: %w", err))
		} else if err := errors.Join(f.Close(), copyFile(to, from)); err != nil {
			return saving(dir, err)
		}
	}
	older, _ := filepath.Glob(filepath.Join(dir, "gridbook-damaged-*.db"))
	slices.Sort(older)
	for len(older) > keepDamaged {
		os.Remove(older[0])
		older = older[1:]
	}
	return nil
}
