package dex_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex"
)

// aospFolder returns a checkout of AOSP's art project (test/dexdump and
// libdexfile are enough), or skips: its files are not ours to carry.
func aospFolder(t *testing.T) string {
	t.Helper()
	root := os.Getenv("TELLTALE_AOSP_ART")
	if root == "" {
		t.Skip("TELLTALE_AOSP_ART does not name a checkout of AOSP's art")
	}
	return root
}

// TestSameAsPublishedDumps compares with the texts that AOSP keeps beside its
// dexdump tests, of a dexdump that is newer than Debian's.
func TestSameAsPublishedDumps(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(aospFolder(t), "test/dexdump/*.dex"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	var total counts
	for _, path := range files {
		name := filepath.Base(path)
		want, err := os.ReadFile(strings.TrimSuffix(path, ".dex") + ".txt")
		if err != nil {
			t.Error(err)
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := dex.Open(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r := bufio.NewReader(bytes.NewReader(want))
		if _, err := r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		d := &lineDiff{want: r}
		total.add(dump(f, name, d, true))
		d.finish()
		for _, s := range d.diffs {
			t.Errorf("%s: %s", name, s)
		}
	}
	t.Logf("%v", total)
}

// aospFixtures returns the files that a test source of libdexfile holds as
// base64, by the name of the constant.
func aospFixtures(t *testing.T, source string) map[string][]byte {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(aospFolder(t), "libdexfile/dex", source))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]byte)
	re := regexp.MustCompile(`(?s)(?:const char|constexpr char)\s*\*?\s*(?:const\s+)?(k\w+)(?:\[\])?\s*=\s*((?:\s*(?://[^\n]*\n)?\s*"[A-Za-z0-9+/=]*"\s*)+);`)
	quoted := regexp.MustCompile(`"([A-Za-z0-9+/=]*)"`)
	for _, m := range re.FindAllStringSubmatch(string(src), -1) {
		var text strings.Builder
		for _, q := range quoted.FindAllStringSubmatch(m[2], -1) {
			text.WriteString(q[1])
		}
		b, err := base64.StdEncoding.DecodeString(text.String())
		if err != nil {
			b, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(text.String(), "="))
		}
		if err != nil {
			t.Errorf("%s: %v", m[1], err)
			continue
		}
		out[m[1]] = b
	}
	return out
}

func TestAOSPFixtures(t *testing.T) {
	fx := aospFixtures(t, "dex_file_loader_test.cc")
	for name, b := range fx {
		fs, err := dex.OpenAll(b)
		t.Log(name, len(b), len(fs), err)
		for _, f := range fs {
			t.Log("  ", f.Version(), f.NumStrings(), f.NumTypes(), f.NumClasses(), f.Type(f.Class(0).Type), f.Anomalies())
		}
	}
}
