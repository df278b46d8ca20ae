package fence

import "golang.org/x/sys/unix"

const (
	auditArch = unix.AUDIT_ARCH_AARCH64
	foreign   = 1 << 31 // there are none
)

// deniedOld are the older forms that later architectures do not have.
var deniedOld = []uint32{unix.SYS_RENAMEAT}
