package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of the times in /proc/PID/stat (USER_HZ of the Linux ABI).
const clockTick = 10 * time.Millisecond

// stat holds what /proc/PID/stat says of a process: its parent, and its processor time with that of children which ended.
type stat struct {
	parent int
	used   time.Duration
}

func readStat(pid int) (stat, bool) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, false
	}
	// The name in parentheses may hold blanks.
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	number := func(i int) int {
		n, _ := strconv.Atoi(fields[i])
		return n
	}
	return stat{number(1), time.Duration(number(11)+number(12)+number(13)+number(14)) * clockTick}, true
}

// used is the processor time of a process so far, with all its descendants when tree is set. Zero for no process.
func used(pid int, tree bool) time.Duration {
	if pid == 0 {
		return 0
	}
	root, _ := readStat(pid)
	if !tree {
		return root.used
	}
	entries, _ := os.ReadDir("/proc")
	total := root.used
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil || child == pid {
			continue
		}
		if s, ok := readStat(child); ok && s.parent == pid {
			total += s.used
		}
	}
	return total
}
