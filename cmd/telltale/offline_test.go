package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/fence"
)

// offline ends this process at the first socket that it asks for. All scripts
// run their commands so, but for those whose faults ask for sockets on purpose.
func offline() {
	if os.Getenv(faultEnv) == "" {
		// Where the kernel cannot, TestNoCommandOpensASocket says so.
		_ = fence.Offline(true)
	}
}

const dialEnv = "TELLTALE_TEST_DIAL"

// dial does what no command may do.
func dial() {
	if how := os.Getenv(dialEnv); how != "" {
		if fence.Offline(how == "kill") != nil {
			os.Exit(7)
		}
		c, err := net.Dial("udp", "127.0.0.1:9")
		switch {
		case err == nil:
			c.Close()
			os.Exit(0)
		case errors.Is(err, syscall.EPERM):
			os.Exit(8)
		}
		os.Exit(9)
	}
}

// TestNoCommandOpensASocket shows that the filter under which all scripts run
// would have caught one, and that the shipped program has it too.
func TestNoCommandOpensASocket(t *testing.T) {
	run := func(how string) *os.ProcessState {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), dialEnv+"="+how)
		_ = cmd.Run()
		return cmd.ProcessState
	}
	killed := run("kill")
	if runtime.GOOS != "linux" || killed.ExitCode() == 7 {
		t.Skip("seccomp is not to be had here: that no command opens a socket was not shown")
	}
	if s, ok := killed.Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGSYS {
		t.Errorf("a process that asked for a socket ended with %v, want SIGSYS", killed)
	}
	if refused := run("refuse"); refused.ExitCode() != 8 {
		t.Errorf("a socket in the shipped program's filter: %v, want exit 8 (EPERM)", refused)
	}
}

// TestScriptsRunEveryCommand keeps the proof whole: every command that the
// help names is run by a script, and so without sockets.
func TestScriptsRunEveryCommand(t *testing.T) {
	bin := build(t)
	scripts := ""
	files, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		scripts += string(b)
	}
	n := 0
	var walk func(words ...string)
	walk = func(words ...string) {
		out, err := exec.Command(bin, append(words, "--help")...).Output()
		if err != nil {
			t.Fatalf("telltale %s --help: %v", strings.Join(words, " "), err)
		}
		_, list, group := strings.Cut(string(out), "COMMANDS:\n")
		if !group {
			n++
			if !regexp.MustCompile(`(?m)^!? ?exec telltale ` + strings.Join(words, " ") + `\b`).MatchString(scripts) {
				t.Errorf("no script runs 'telltale %s': add one, so that it is shown to work without sockets", strings.Join(words, " "))
			}
			return
		}
		list, _, _ = strings.Cut(list, "\n\n")
		for line := range strings.Lines(list) {
			names, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
			name, _, _ := strings.Cut(names, ",")
			if name != "" && name != "help" {
				walk(append(append([]string{}, words...), name)...)
			}
		}
	}
	walk()
	if n < 10 {
		t.Errorf("only %d commands were found", n)
	}
}

// mayNet are the packages of the program that import the network, each with the
// reason why it opens nothing.
var mayNet = map[string]string{
	"golang.org/x/net/publicsuffix": "net/http/cookiejar, for the name of an interface",
	"github.com/google/uuid":        "net, for the hardware address in UUIDs of version 1, which nobody asks for",
}

// TestNothingBringsTheNetwork looks at everything the program is made of: what
// imports the network, beside the standard library itself, is named above.
func TestNothingBringsTheNetwork(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", `{{if not .Standard}}{{.ImportPath}} {{join .Imports " "}}{{end}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	network := regexp.MustCompile(`^(net|net/http|net/http/[a-z]+|net/rpc|net/smtp|crypto/tls|log/syslog|golang\.org/x/net/(proxy|websocket|http2|quic|icmp))$`)
	n := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		n++
		for _, imp := range f[1:] {
			if network.MatchString(imp) && mayNet[f[0]] == "" {
				t.Errorf("%s imports %s: the program opens no connection, so nothing of it should be able to", f[0], imp)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d packages were looked at", n)
	}
}

// build makes the program as it is shipped.
func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "telltale")
	cmd := exec.Command("go", "build", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}
