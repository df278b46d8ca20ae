// Package internal_test holds the guard over the direction of imports.
package internal_test

import (
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/telltale-apk/telltale/"

// allowed says, for packages below the key, which of this module's packages
// they may import (prefixes) besides those below the key itself. The longest
// key that fits counts.
var allowed = map[string][]string{
	"apk":                  {"apk"},
	"apk/binread":          {},
	"apk/elf":              {"apk/binread"},
	"dex":                  {"dex", "apk/binread", "apk/elf"},
	"signatures":           {"signatures"},
	"signatures/fact":      {},
	"signatures/rule":      {},
	"signatures/finding":   {"signatures/fact"},
	"signatures/endpoint":  {},
	"cmd/internal/event":   {"signatures/fact", "signatures/finding"},
	"cmd/internal/extract": {"apk", "dex", "signatures/fact", "cmd/internal/stats"},
	"cmd/internal/store":   {"cmd/internal/event", "cmd/internal/report", "signatures/fact", "signatures/finding"},
	"cmd/internal/report":  {"cmd/internal/event", "signatures/fact", "signatures/finding"},
	"cmd/internal/filter":  {"cmd/internal/event", "signatures/fact", "signatures/finding", "signatures/rule"},
	"cmd/internal/fleet":   {"cmd/internal/event", "cmd/internal/filter", "cmd/internal/report", "signatures/fact", "signatures/finding"},
	"cmd/internal/policy":  {"cmd/internal/event", "cmd/internal/filter"},
	"cmd/internal/diff":    {"cmd/internal/event", "cmd/internal/filter", "cmd/internal/report", "signatures/fact", "signatures/finding"},
	"cmd/internal/scan":    {"cmd/internal/extract", "cmd/internal/event", "cmd/internal/stats", "signatures", "apk"},
	"cmd/internal/cache":   {"cmd/internal/scan", "cmd/internal/extract", "cmd/internal/event", "signatures/fact"},
	"cmd/internal/stats":   {},
	"cmd/internal/fence":   {"cmd/internal/scan", "cmd/internal/extract", "cmd/internal/event", "signatures", "apk"},
	"cmd/internal/cli":     {"cmd/internal", "signatures", "apk", "dex"},
	"cmd":                  {"cmd", "signatures", "apk", "dex"},
	"testdata":             {"apk", "dex"},
}

// onlyInCmd are packages that would give a library a side effect of its own.
var onlyInCmd = []string{"github.com/sirupsen/logrus", "github.com/urfave/cli", "os/exec", "os/signal", "net", "net/http", "log", "log/slog"}

func TestDirectionOfImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		pkg := strings.TrimPrefix(f[0], module)
		rule, ok := longest(pkg)
		if !ok {
			t.Errorf("%s: no rule says what it may import", pkg)
			continue
		}
		n++
		for _, imp := range f[1:] {
			if own, isOwn := strings.CutPrefix(imp, module); isOwn {
				if !below(own, rule) && !anyBelow(own, allowed[rule]) {
					t.Errorf("%s imports %s: the arrows go the other way", pkg, own)
				}
			} else if !below(pkg, "cmd") && !strings.Contains(pkg, "/internal/") {
				for _, bad := range onlyInCmd {
					if imp == bad || strings.HasPrefix(imp, bad+"/") && strings.Contains(bad, ".") {
						t.Errorf("%s imports %s: only commands may", pkg, imp)
					}
				}
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d packages were looked at", n)
	}
}

func longest(pkg string) (key string, ok bool) {
	for k := range allowed {
		if below(pkg, k) && len(k) >= len(key) {
			key, ok = k, true
		}
	}
	return key, ok
}

func below(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }

func anyBelow(pkg string, dirs []string) bool {
	for _, d := range dirs {
		if below(pkg, d) {
			return true
		}
	}
	return false
}
