package service

import (
	"bufio"
	"slices"
	"strings"
	"testing"
)

func TestMountedSticks(t *testing.T) {
	table := `/dev/sda1 / ext4 rw 0 0
proc /proc proc rw 0 0
/dev/sdb1 /media/zhang/KINGSTON\0401 vfat rw 0 0
/dev/sdb1 /media/zhang/KINGSTON\0401 vfat rw 0 0
tmpfs /run/media/x tmpfs rw 0 0
/dev/sdc1 /run/media/zhang/网格 vfat rw 0 0
/dev/sdd1 /mnt vfat rw 0 0
short
`
	got := mountedSticks(bufio.NewScanner(strings.NewReader(table)))
	if want := []string{"/media/zhang/KINGSTON 1", "/mnt", "/run/media/zhang/网格"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if driveName("/media/zhang/KINGSTON 1") != "KINGSTON 1" {
		t.Error("name of a stick")
	}
}
