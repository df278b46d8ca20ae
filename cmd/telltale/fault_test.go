package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// faultEnv names the faults that test binaries do on purpose: "a.apk=panic
// b.apk=stack". dirEnv is the only folder in which a fault may change anything.
// The shipped program knows neither.
const (
	faultEnv = "TELLTALE_TEST_FAULT"
	dirEnv   = "TELLTALE_TEST_DIR"
)

// fault does what the environment asks for before the app at path is looked at.
func fault(path string) {
	for f := range strings.FieldsSeq(os.Getenv(faultEnv)) {
		name, what, _ := strings.Cut(f, "=")
		if name != filepath.Base(path) {
			continue
		}
		switch what {
		case "panic":
			panic("on purpose")
		case "goroutine": // nobody can recover it
			go func() { panic("on purpose, elsewhere") }()
			select {}
		case "stack":
			fmt.Fprintln(os.Stderr, deep(1))
		case "memory":
			var all [][]byte
			for range 32 { // enough for any limit that is tested, and no more
				b := make([]byte, 64<<20)
				for i := range b {
					b[i] = 1
				}
				all = append(all, b)
			}
			panic(fmt.Sprint(len(all), " pieces of memory could be had"))
		case "exit":
			os.Exit(0)
		case "chatter":
			fmt.Println("this is no answer")
			os.Exit(0)
		case "sleep":
			time.Sleep(2500 * time.Millisecond)
		case "hang":
			select {}
		case "escape":
			panic("escapes: " + escapes())
		}
	}
}

func deep(n int) int {
	if n < 0 {
		return 0 // never, but the linter wants an end
	}
	return deep(n+1) + n
}

// escapes tries what code behind the fence must not do, and returns what it
// could. Every try is harmless if it works: it is made without the fence, too,
// to show that it would.
func escapes() string {
	dir := os.Getenv(dirEnv)
	if dir == "" {
		return "not tried: " + dirEnv + " is not set"
	}
	file := filepath.Join(dir, "escaped")
	var done []string
	for _, try := range []struct {
		name string
		f    func() error
	}{
		{"read", func() error { _, err := os.ReadFile("/etc/passwd"); return err }},
		{"list", func() error { _, err := os.ReadDir("/"); return err }},
		{"write", func() error { return os.WriteFile(file, nil, 0o600) }},
		{"rename", func() error { return os.Rename(file, file+"-further") }},
		{"tcp", func() error { _, err := net.Dial("tcp", "127.0.0.1:9"); return reached(err) }},
		{"udp", func() error { _, err := net.Dial("udp", "127.0.0.1:9"); return err }},
		{"unix", func() error { _, err := net.Listen("unix", filepath.Join(dir, "socket")); return err }},
		{"run", func() error { return exec.Command("/bin/true").Run() }},
		{"signal", func() error { return syscall.Kill(os.Getppid(), 0) }},
		{"socketpair", func() error { _, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0); return err }},
	} {
		if try.f() == nil {
			done = append(done, try.name)
		}
	}
	if done == nil {
		return "none"
	}
	return strings.Join(done, " ")
}

// reached takes a port where nobody listens for one that was reached.
func reached(err error) error {
	if err != nil && strings.Contains(err.Error(), "connection refused") {
		return nil
	}
	return err
}
