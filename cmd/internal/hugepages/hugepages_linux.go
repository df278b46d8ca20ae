package hugepages

import (
	"bytes"
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// Ask lets the next n bytes by which the heap grows, at most half of the machine's
// memory, come in huge pages, if the kernel has them for those who ask and
// promises no memory that it may not have: with strict accounting or a limit on
// addresses, room that is only reserved is counted, too. It collects garbage, so it is for the start of a
// run. It never fails; where it can do nothing, nothing changes.
func Ask(n int) {
	n = int(min(int64(n), memory()/2))
	if n <= 0 || !offered() || strict() {
		return
	}
	// The heap takes the room of this slice, which nobody has touched, and gets
	// it back with the advice still on it. Large slices begin with a page, as the
	// advice must; the kernel takes the whole huge pages among them.
	_ = unix.Madvise(room(n), unix.MADV_HUGEPAGE)
	debug.FreeOSMemory()
}

// Reserve returns n bytes, at most a quarter of the machine's memory, that nobody
// touches, so that they take none; nil where even room that is only reserved is
// counted. While they are held, the heap counts as so much larger, and gives as
// much less back to the kernel between one app and the next, to be handed out and set
// to zero again.
func Reserve(n int) []byte {
	n = int(min(int64(n), memory()/4))
	if n <= 0 || strict() {
		return nil
	}
	return room(n)
}

// memory returns how many bytes the machine has, 0 if that is not known. The kernel
// refuses to reserve more than that and swap together, however little will be used,
// and a heap that is refused ends the program.
func memory() int64 {
	var s unix.Sysinfo_t
	if unix.Sysinfo(&s) != nil {
		return 0
	}
	return int64(s.Totalram) * int64(s.Unit)
}

// offered reports whether huge pages are for those who ask. Where everybody
// gets them there is nothing to ask for.
func offered() bool {
	b, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	return err == nil && bytes.Contains(b, []byte("[madvise]"))
}

// strict reports whether reserving memory may fail though it is never used.
func strict() bool {
	b, err := os.ReadFile("/proc/sys/vm/overcommit_memory")
	if err != nil || bytes.HasPrefix(b, []byte("2")) {
		return true
	}
	for _, r := range []int{unix.RLIMIT_AS, unix.RLIMIT_DATA} {
		var l unix.Rlimit
		if unix.Getrlimit(r, &l) != nil || l.Cur != unix.RLIM_INFINITY {
			return true
		}
	}
	return false
}
