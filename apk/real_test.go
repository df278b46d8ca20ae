package apk

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestRealFiles compares this reader with archive/zip on every archive below
// the folder that TELLTALE_TEST_FILES names.
func TestRealFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads many files")
	}
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	archives, entries := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if n := compareWithStdlib(t, path); n >= 0 {
			archives++
			entries += n
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d archives, %d entries compared", archives, entries)
}

// compareWithStdlib returns how many entries were compared, -1 if the file is
// no archive to either reader.
func compareWithStdlib(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Error(err)
		return -1
	}
	defer f.Close()
	head := make([]byte, SniffLen)
	n, _ := f.ReadAt(head, 0)
	if Sniff(head[:n]) != KindZIP {
		return -1
	}
	a, err := Open(path)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return -1
	}
	defer a.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	std, stdErr := zip.NewReader(f, st.Size())
	if stdErr != nil && len(a.Entries()) > 0 {
		t.Logf("%s: archive/zip: %v; here: %d entries", path, stdErr, len(a.Entries()))
	}
	budget := NewBudget(Limits{TotalBytes: 1 << 40, Ratio: 2000})
	content := make([][]byte, len(a.Entries()))
	for i, e := range a.Entries() {
		b, err := e.Read(budget)
		if err != nil {
			t.Logf("%s: %s: %v", path, e.Name, err)
			continue
		}
		content[i] = b
		if i%7 == 0 {
			r, err := e.Open(budget)
			if err != nil {
				t.Errorf("%s: %s: Open: %v", path, e.Name, err)
				continue
			}
			s, err := io.ReadAll(r)
			if err != nil || !bytes.Equal(s, b) {
				t.Errorf("%s: %s: Open gives %d bytes (%v), Read %d", path, e.Name, len(s), err, len(b))
			}
			r.Close()
		}
	}
	for _, x := range a.Anomalies() {
		t.Logf("%s: %v", path, x)
	}
	if stdErr != nil {
		return 0
	}
	if len(std.File) > len(a.Entries()) {
		t.Errorf("%s: archive/zip lists %d entries, this reader %d", path, len(std.File), len(a.Entries()))
		return 0
	}
	for i, zf := range std.File {
		e := a.Entries()[i]
		if zf.Name != e.RawName || zf.Method != e.Method || zf.CRC32 != e.CRC32 || int64(zf.UncompressedSize64) != e.Size || int64(zf.CompressedSize64) != e.CompressedSize {
			t.Errorf("%s: entry %d: archive/zip %+v, here %+v", path, i, zf.FileHeader, e)
			continue
		}
		r, err := zf.Open()
		if err != nil {
			continue
		}
		want, err := io.ReadAll(r)
		r.Close()
		if err == nil && !bytes.Equal(want, content[i]) {
			t.Errorf("%s: %s: %d bytes, archive/zip %d", path, e.Name, len(content[i]), len(want))
		}
	}
	return len(std.File)
}
