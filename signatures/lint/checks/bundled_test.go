package checks

import (
	"os"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
)

// TestBundledRules runs all checks over the bundled rules, as .ci/run does by
// the command: there is nothing to say but advice.
func TestBundledRules(t *testing.T) {
	if testing.Short() {
		t.Skip("reads all rules, which takes some seconds")
	}
	rules, err := signatures.Load(os.DirFS("../../db"), "signatures/db", signatures.Bundled)
	if err != nil {
		t.Fatal(err)
	}
	found, err := lint.Run(rules, lint.Options{Checks: All(), Today: time.Now().UTC()})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Suppressed == "" && f.Severity != signatures.Advice {
			t.Errorf("%s", f.Diagnostic)
		}
	}
}
