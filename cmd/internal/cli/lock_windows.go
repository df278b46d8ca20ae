package cli

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// replacesOpen is whether a file can be put in the place of one that is open.
const replacesOpen = false

// lock takes a file for this process alone and reports whether another has it.
// Locked is a byte that no file reaches: locks keep others from reading, too.
func lock(f *os.File) (busy bool, err error) {
	at := &windows.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxInt32}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return true, nil
	}
	return false, err
}
