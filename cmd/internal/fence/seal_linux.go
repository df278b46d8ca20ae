package fence

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// alone keeps a worker from the signals that a terminal gives to all processes
// of a command: who started it decides when it ends.
func alone(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// seal gives up, for all threads and for good, what the process does not need,
// and returns what holds. The order matters: each step needs less than the
// one before.
func seal(memory int64) []string {
	held := []string{"a process of its own"}
	// If memory runs out for all, this process is the one to go. Best effort.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	if limit(memory) == nil {
		held = append(held, "rlimits")
	}
	abi := landlockABI()
	if abi > 0 && landlock.V11.BestEffort().Restrict() == nil {
		held = append(held, fmt.Sprintf("Landlock (ABI %d)", abi))
	}
	if filter(denied, eperm) == nil {
		held = append(held, "seccomp")
	}
	return held
}

// limit sets limits that nothing can raise again.
func limit(memory int64) error {
	set := func(what int, n uint64) error { return unix.Setrlimit(what, &unix.Rlimit{Cur: n, Max: n}) }
	if err := set(unix.RLIMIT_CORE, 0); err != nil {
		return err
	}
	if err := set(unix.RLIMIT_FSIZE, 0); err != nil {
		return err
	}
	// The runtime reserves address space that it never touches. What it has
	// reserved already does not count.
	return set(unix.RLIMIT_AS, uint64(addressSpace()+memory))
}

// addressSpace returns how much address space the process has, in bytes.
func addressSpace() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	var pages int64
	if err == nil {
		fmt.Sscan(strings.TrimSpace(string(b)), &pages)
	}
	if pages == 0 {
		return 4 << 30 // more than the runtime reserves
	}
	return pages * int64(os.Getpagesize())
}

// landlockABI returns the version of Landlock that the kernel offers, 0 if none.
func landlockABI() int {
	const versionFlag = 1 // LANDLOCK_CREATE_RULESET_VERSION
	v, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, versionFlag)
	if errno != 0 {
		return 0
	}
	return int(v)
}
