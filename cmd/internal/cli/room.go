package cli

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// room returns how many bytes apps may take that are looked at at the same time:
// half of what the machine has, or of what this process may have of it; 0 if that
// is not known. It only makes apps wait for each other.
func room() int64 {
	least := debug.SetMemoryLimit(-1) // GOMEMLIMIT
	if least == math.MaxInt64 {
		least = 0
	}
	for _, n := range []int64{
		number("/proc/meminfo", "MemTotal:") << 10,
		number("/sys/fs/cgroup/memory.max", ""),
		number("/sys/fs/cgroup/memory/memory.limit_in_bytes", ""),
	} {
		if n > 0 && (least == 0 || n/2 < least) {
			least = n / 2
		}
	}
	return least
}

// number returns the number behind a word of a file, 0 if there is none.
func number(file, word string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), word)
	if f := strings.Fields(rest); len(f) > 0 {
		if n, err := strconv.ParseInt(f[0], 10, 64); err == nil {
			return n
		}
	}
	return 0
}
