package fence

import (
	"errors"
	"testing"

	"github.com/telltale-apk/telltale/cmd/internal/scan"
)

const frames = `
goroutine 1 [running]:
github.com/telltale-apk/telltale/dex.(*File).deep(0x1, {0x2, 0x3})
	/somewhere/dex/file.go:1 +0x1
github.com/telltale-apk/telltale/dex.(*File).deep(0x1, {0x2, 0x3})
	/somewhere/dex/file.go:1 +0x1
main.main()
`

func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		how, trace string
		want       string
		fault      bool
	}{
		{"exit status 2", "runtime: goroutine stack exceeds 268435456-byte limit\nfatal error: stack overflow\n" + frames, "a fault of telltale's own, please report it: stack overflow (dex.(*File).deep)", true},
		{"exit status 2", "fatal error: runtime: out of memory\n" + frames, "needs more than 64 MiB of memory; raise it with --max-memory", false},
		{"exit status 2", "runtime: cannot allocate memory\n", "needs more than 64 MiB of memory; raise it with --max-memory", false},
		{"signal: killed", "", "the operating system ended its process, most likely because memory ran out; look at fewer apps at the same time with --jobs", false},
		{"exit status 2", "log line\npanic: boom\n" + frames, "a fault of telltale's own, please report it: its worker process ended (exit status 2): panic: boom (dex.(*File).deep)", true},
		{"exit status 1", "telltale: the request cannot be read\n", "a fault of telltale's own, please report it: its worker process ended (exit status 1): telltale: the request cannot be read", true},
		{"exit status 0", "", "a fault of telltale's own, please report it: its worker process ended (exit status 0)", true},
		{"signal: bad system call", "", "a fault of telltale's own, please report it: its worker process ended (signal: bad system call)", true},
	} {
		err := verdict(tt.how, tt.trace, 64<<20)
		var f *scan.Fault
		if err.Error() != tt.want || errors.As(err, &f) != tt.fault {
			t.Errorf("%s, %.30q: %v", tt.how, tt.trace, err)
		}
	}
}

func TestHeadKeepsTheBeginning(t *testing.T) {
	var h head
	for range 100 {
		if n, err := h.Write(make([]byte, 1000)); n != 1000 || err != nil {
			t.Fatal(n, err)
		}
	}
	if h.b.Len() != 64<<10 {
		t.Error(h.b.Len())
	}
}
