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
	recipes := os.DirFS(filepath.Join(testdata, "recipes"))
	for _, tt := range []struct {
		dir   string
		build func(fs.FS) (map[string][]byte, error)
		most  int // bytes together
	}{
		{"apks", Build, 300_000},
		{"malformed", Malformed, 200_000},
	} {
		want, err := tt.build(recipes)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, tt.dir, want, tt.most)
	}
}

func compare(t *testing.T, dir string, want map[string][]byte, most int) {
	t.Helper()
	total := 0
	root := filepath.Join(testdata, dir)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
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
			t.Errorf("%s/%s is committed but no recipe makes it", dir, name)
		} else if !bytes.Equal(got, w) {
			t.Errorf("%s/%s differs from what its recipe gives: run go generate ./cmd/internal/samples", dir, name)
		}
		delete(want, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		t.Errorf("%s/%s is not committed: run go generate ./cmd/internal/samples", dir, name)
	}
	if total > most {
		t.Errorf("%s: %d bytes together; %d is the limit", dir, total, most)
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
