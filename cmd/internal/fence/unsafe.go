//go:build linux && (amd64 || arm64)

package fence

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// install hands a filter program to the kernel, for all threads. The kernel
// copies it before the call returns; until then prog is kept alive, and the
// conversion of its address stands in the call itself, as unsafe.Pointer
// demands.
func install(prog []unix.SockFilter) error {
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	n, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(prog)
	switch {
	case errno != 0:
		return errno
	case n != 0: // the id of a thread that could not be brought along
		return unix.EBUSY
	}
	return nil
}
