//go:build unix

package boltstore

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// limitFiles makes the system refuse to write files beyond a size.
func limitFiles(bytes uint64) {
	limit := syscall.Rlimit{Cur: bytes, Max: 1 << 40}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println("limit:", err)
	}
}

// TestDiskFullBySystem lets a write of the file itself fail, wherever in a
// commit that falls, and go on after room was made.
func TestDiskFullBySystem(t *testing.T) {
	for _, extra := range []int64{0, 4096, 3 * 4096, 10 * 4096, 300 << 10} {
		dir := t.TempDir()
		s, err := Create(dir, password, options(nil))
		check(t, err)
		for range 40 {
			_, err := saveNext(s)
			check(t, err)
		}
		check(t, s.Close())
		info, err := os.Stat(filepath.Join(dir, fileName))
		check(t, err)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "GRIDBOOK_TEST_SAVER="+dir, fmt.Sprint("GRIDBOOK_TEST_DISK=", info.Size()+extra))
		out, err := cmd.Output()
		check(t, err)
		var told int64
		var rest []string
		for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
			if n := int64(0); len(rest) == 0 {
				if _, err := fmt.Sscan(lines.Text(), &n); err == nil {
					told = n
					continue
				}
			}
			rest = append(rest, lines.Text())
		}
		want := []string{"save: disk_full", fmt.Sprint(told+1, " <nil> <nil>")}
		if fmt.Sprint(rest) != fmt.Sprint(want) {
			t.Fatalf("%d bytes more: the program said %q, want %q", extra, rest, want)
		}
		s, err = Open(dir, password, options(nil))
		check(t, err)
		if n := savedUpTo(t, s); n != told+1 || s.Recovered() != nil {
			t.Errorf("saved up to %d, told %d, recovered %+v", n, told+1, s.Recovered())
		}
		_, err = s.Verify()
		check(t, err)
		check(t, s.Close())
	}
}
