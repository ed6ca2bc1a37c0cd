package boltstore

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var writeFormat = flag.Bool("write-format", false, "write the fixture of the present format, when Format has just been raised")

func fixture(format int) string { return filepath.Join("testdata", fmt.Sprintf("format%d.db", format)) }

// TestOldFormats opens a store of every format there has been. The fixtures
// stay for ever.
func TestOldFormats(t *testing.T) {
	if *writeFormat {
		dir := t.TempDir()
		s, err := Create(dir, password, options(nil))
		check(t, err)
		furnish(t, s)
		check(t, s.Close())
		check(t, os.MkdirAll("testdata", 0o755))
		check(t, copyNew(fixture(Format), filepath.Join(dir, fileName)))
	}
	want := func() contents {
		s := newStore(t, t.TempDir(), options(nil))
		furnish(t, s)
		c, err := read(s)
		check(t, err)
		return c
	}()
	for format := 1; format <= Format; format++ {
		b, err := os.ReadFile(fixture(format))
		check(t, err)
		s := reopened(t, layOut(t, map[string][]byte{fileName: b}), options(nil))
		if s.Recovered() != nil {
			t.Errorf("format %d: taken for damaged: %v", format, s.Recovered().Cause)
		}
		_, err = s.Verify()
		check(t, err)
		check(t, s.View(func(tx *Tx) error {
			in, err := tx.in(metaBucket)
			check(t, err)
			if n, err := decodeFormat(in.Get(formatKey)); n != Format || err != nil {
				t.Errorf("format %d: %d, %v after opening: an older program would misread the lists", format, n, err)
			}
			return nil
		}))
		got, err := read(s)
		check(t, err)
		compareDamaged(t, fmt.Sprintf("format %d", format), got, want, nil, true)

		dir := layOut(t, map[string][]byte{fileName: b[:len(b)/2], copyNames()[0]: b})
		got, recovered, err := reread(dir)
		check(t, err)
		compareDamaged(t, fmt.Sprintf("a copy of format %d", format), got, want, recovered, true)
		_, err = reopened(t, dir, options(nil)).Verify()
		check(t, err)
	}
}
