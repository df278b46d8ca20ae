//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cli

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// replacesOpen is whether a file can be put in the place of one that is open.
const replacesOpen = true

// lock takes a file for this process alone and reports whether another has it.
// A file system that knows no locks leaves everybody alone.
func lock(f *os.File) (busy bool, err error) {
	for {
		switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return true, nil
		case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOLCK):
			return false, nil
		default:
			return false, err
		}
	}
}
