package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Usage is what a client took.
type Usage struct {
	// Wall is from the first request to the last answer.
	Wall time.Duration
	// CPU is user and system time of the client's processes, their start included.
	CPU time.Duration
	// PeakMB is the most memory all of them had at one moment, shared pages
	// counted once.
	PeakMB float64
	// Requests are HTTP requests, as the lab counted them.
	Requests uint64
}

// String is everything in one line.
func (u Usage) String() string {
	return fmt.Sprintf("%.1f s, %.1f CPU s, %.0f MB, %d requests", u.Wall.Seconds(), u.CPU.Seconds(), u.PeakMB, u.Requests)
}

// clockTicks is the unit of times in /proc/<pid>/stat: USER_HZ is 100 on every
// Linux that Go runs on.
const clockTicks = 100

// cpuOf is the CPU time a process has had, and its children that have ended.
func cpuOf(pid int) (time.Duration, error) {
	fields, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, f := range fields[11:15] { // utime, stime, cutime, cstime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / clockTicks, nil
}

// statOf are the fields of /proc/<pid>/stat behind the name, the state first.
func statOf(pid int) ([]string, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, fmt.Errorf("processes are measured by /proc: %w", err)
	}
	_, rest, found := bytes.Cut(raw[bytes.LastIndexByte(raw, ')'):], []byte(") "))
	fields := strings.Fields(string(rest))
	if !found || len(fields) < 15 {
		return nil, errors.New("/proc/<pid>/stat cannot be read")
	}
	return fields, nil
}

// sampleEvery is how often memory is looked at.
const sampleEvery = 500 * time.Millisecond

// watch samples the memory of a process and its descendants.
type watch struct {
	quit chan struct{}
	done sync.WaitGroup
	peak float64
}

func watchTree(pid int) *watch {
	w := &watch{quit: make(chan struct{})}
	w.done.Go(func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			w.peak = max(w.peak, treeMB(pid))
			select {
			case <-tick.C:
			case <-w.quit:
				return
			}
		}
	})
	return w
}

// stop ends the watch and gives the peak, in MB.
func (w *watch) stop() float64 {
	close(w.quit)
	w.done.Wait()
	return w.peak
}

// treeMB is the proportional set size of a process and its descendants.
// Processes that end meanwhile are left out.
func treeMB(root int) float64 {
	parents := map[int]int{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well-formed
	for _, path := range paths {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		if fields, err := statOf(pid); err == nil {
			parents[pid], _ = strconv.Atoi(fields[1])
		}
	}
	var kb float64
	for pid := range parents {
		if descends(parents, pid, root) {
			kb += proportional(pid)
		}
	}
	return kb / 1024
}

// descends tells whether a process is root or below it.
func descends(parents map[int]int, pid, root int) bool {
	for range len(parents) {
		if pid == root {
			return true
		}
		next, known := parents[pid]
		if !known || next == 0 {
			return false
		}
		pid = next
	}
	return false
}

// proportional is a process's proportional set size in kB, 0 when it is gone.
func proportional(pid int) float64 {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "Pss: %f kB", &kb); err == nil {
			return kb
		}
	}
	return 0
}
