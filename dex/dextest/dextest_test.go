package dextest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/telltale-apk/telltale/dex/dextest"
)

// beyondDexdump are fixtures that Debian's dexdump (of Android 11) cannot read
// though later ones do: several files in one buffer.
var beyondDexdump = map[string]bool{"container": true, "concatenated": true}

func TestFixturesAreAcceptedByDexdump(t *testing.T) {
	dexdump, err := exec.LookPath("dexdump")
	if err != nil {
		t.Skip("dexdump is not installed")
	}
	for _, f := range dextest.Fixtures() {
		if beyondDexdump[f.Name] {
			continue
		}
		path := filepath.Join(t.TempDir(), f.Name+".dex")
		if err := os.WriteFile(path, dextest.Must(f.Text), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(dexdump, "-d", "-a", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%.500s", f.Name, err, out)
		}
	}
}

func TestSameRecipeSameBytes(t *testing.T) {
	for _, f := range dextest.Fixtures() {
		if !bytes.Equal(dextest.Must(f.Text), dextest.Must(f.Text)) {
			t.Errorf("%s: two runs differ", f.Name)
		}
	}
}
