//go:build unix

package stats

import (
	"runtime"
	"syscall"
	"time"
)

// used returns the CPU time of this process and of children that ended, and the
// most memory that it had at once, in bytes.
func used() (user, sys time.Duration, peak int64) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var r syscall.Rusage
		if syscall.Getrusage(who, &r) != nil {
			continue
		}
		user += time.Duration(r.Utime.Nano())
		sys += time.Duration(r.Stime.Nano())
		if who == syscall.RUSAGE_SELF {
			peak = int64(r.Maxrss)
		}
	}
	if runtime.GOOS != "darwin" { // where it is in bytes
		peak *= 1024
	}
	return user, sys, peak
}
