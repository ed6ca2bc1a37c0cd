package service

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Drives lists the folders of the sticks that are plugged in.
func Drives() []string {
	switch runtime.GOOS {
	case "windows":
		return removableDrives()
	case "darwin":
		found, _ := filepath.Glob("/Volumes/*") // the pattern is a good one
		return found
	}
	f, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil
	}
	defer f.Close()
	return mountedSticks(bufio.NewScanner(f))
}

// mountedSticks reads a Linux table of mounts. Desktops mount sticks under
// these folders, and people by hand.
func mountedSticks(table *bufio.Scanner) (out []string) {
	for table.Scan() {
		fields := strings.Fields(table.Text())
		if len(fields) < 2 || !strings.HasPrefix(fields[0], "/dev/") {
			continue
		}
		// The table writes spaces and such as octal numbers.
		path := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(fields[1])
		for _, root := range []string{"/media/", "/run/media/", "/mnt"} {
			if strings.HasPrefix(path, root) && !slices.Contains(out, path) {
				out = append(out, path)
			}
		}
	}
	slices.Sort(out)
	return out
}

// driveName is what people call a stick: "E:" or the name on it.
func driveName(path string) string {
	if volume := filepath.VolumeName(path); volume != "" && len(path) <= len(volume)+1 {
		return volume
	}
	return filepath.Base(path)
}
