package signatures_test

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

// A file that does not end in .yaml is read by nobody, and looks like a rule.
func TestNothingButRulesLiesInTheDatabase(t *testing.T) {
	others := []string{"LICENSE", "README.md", "exodus-parity.tsv"}
	err := fs.WalkDir(os.DirFS("db"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !strings.HasSuffix(name, ".yaml") && !slices.Contains(others, name) {
			t.Errorf("db/%s is no rule", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
