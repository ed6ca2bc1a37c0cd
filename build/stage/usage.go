package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is what the running server has taken so far. It reads Linux's /proc.
func (o *Office) Usage() (Usage, error) {
	if o.serving == nil {
		return Usage{}, fmt.Errorf("usage of the server: %w", os.ErrProcessDone)
	}
	proc := filepath.Join("/proc", strconv.Itoa(o.serving.cmd.Process.Pid))
	cpu, err := runTime(proc)
	if err != nil {
		return Usage{}, fmt.Errorf("usage of the server: %w", err)
	}
	memory, err := peakMemory(proc)
	if err != nil {
		return Usage{}, fmt.Errorf("usage of the server: %w", err)
	}
	return Usage{CPU: cpu, Memory: memory}, nil
}

// runTime adds up the time on a processor of all threads. Go seldom ends a
// thread; /proc/PID/stat, which keeps those too, counts in steps of 10 ms.
func runTime(proc string) (time.Duration, error) {
	tasks, err := filepath.Glob(filepath.Join(proc, "task", "*", "schedstat"))
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, task := range tasks {
		text, err := os.ReadFile(task)
		if os.IsNotExist(err) {
			continue // a thread that has just ended
		}
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ns)
	}
	return total, nil
}

// peakMemory is the greatest resident size so far, in bytes.
func peakMemory(proc string) (int64, error) {
	text, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb * 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in %s", proc)
}
