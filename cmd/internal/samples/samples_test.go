package samples

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const testdata = "../../../testdata"

func TestCommittedSamplesAreWhatTheRecipesGive(t *testing.T) {
	want, err := Build(os.DirFS(filepath.Join(testdata, "recipes")))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	root := filepath.Join(testdata, "apks")
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		name := filepath.ToSlash(rel)
		got, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		total += len(got)
		if w, ok := want[name]; !ok {
			t.Errorf("%s is committed but no recipe makes it", name)
		} else if !bytes.Equal(got, w) {
			t.Errorf("%s differs from what its recipe gives: run go generate ./cmd/internal/samples", name)
		}
		delete(want, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		t.Errorf("%s is not committed: run go generate ./cmd/internal/samples", name)
	}
	if total > 300_000 {
		t.Errorf("the samples are %d bytes together; 300,000 is the limit", total)
	}
}

func TestSignatureIsValid(t *testing.T) {
	apksigner, err := exec.LookPath("apksigner")
	if err != nil {
		t.Skip("apksigner (Debian package apksigner) is not installed")
	}
	out, err := exec.Command(apksigner, "verify", "--min-sdk-version", "24", "-v", filepath.Join(testdata, "apks", "browser.apk")).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("v2 scheme (APK Signature Scheme v2): true")) {
		t.Errorf("apksigner does not verify browser.apk: %v\n%s", err, out)
	}
}
