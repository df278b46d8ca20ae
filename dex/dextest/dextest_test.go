package dextest_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
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

// FuzzAssemble looks for recipes that the assembler cannot bear, and for files
// of it that cannot be opened.
func FuzzAssemble(f *testing.F) {
	for _, fx := range dextest.Fixtures() {
		f.Add(fx.Text)
	}
	f.Add(".class LA;\n.methodref LA;->f( I )V\n")
	f.Add(".class LA;\n.patch header.checksum = 1\n.truncate 0x70\n.append 1, \"x\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := dextest.Assemble(text)
		if err == nil && !strings.Contains(text, ".patch") && !strings.Contains(text, ".truncate") && !strings.Contains(text, ".append") {
			if files, err := dex.OpenAll(b); err != nil || len(files) == 0 {
				t.Errorf("%d files: %v", len(files), err)
			}
		}
		if _, _, err := dextest.AssembleCompact(text); err != nil && len(err.Error()) == 0 {
			t.Error("an error without text")
		}
	})
}
