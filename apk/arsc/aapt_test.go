package arsc_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/apk/arsc"
	"github.com/telltale-apk/telltale/apk/arsc/arsctest"
	"github.com/telltale-apk/telltale/apk/axml/axmltest"
	"github.com/telltale-apk/telltale/apk/restype"
)

// aapt returns the path of Debian's aapt or skips the test.
func aapt(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("aapt")
	if err != nil {
		t.Skip("aapt is not installed (apt-get install aapt)")
	}
	return path
}

// writeAPK makes an APK that aapt opens.
func writeAPK(t *testing.T, table []byte) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	manifest := axmltest.Compile(`<manifest package="com.example"/>`, nil, axmltest.Options{})
	for name, data := range map[string][]byte{"AndroidManifest.xml": manifest, "resources.arsc": table} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.apk")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	aaptConfig = regexp.MustCompile(`^      config (.*):$`)
	aaptValue  = regexp.MustCompile(`^        resource (0x[0-9a-f]{8}) [^:]*:([^:]*): t=(0x[0-9a-f]+) d=(0x[0-9a-f]+) `)
	aaptBag    = regexp.MustCompile(`^        resource (0x[0-9a-f]{8}) [^:]*:([^:]*): <bag>`)
	aaptCount  = regexp.MustCompile(`^          Parent=(0x[0-9a-f]+)[^,]*, Count=(\d+)$`)
)

var uiModeType = regexp.MustCompile(`uiModeType=\d+`)

// plainWords levels two oddities of aapt: it writes network 0 as "mnc65535",
// and for types of device that it does not know (some vendors have their own)
// it prints the size of the screen in place of the type.
func plainWords(config string) string {
	config = uiModeType.ReplaceAllString(config, "uiModeType=?")
	return strings.Replace(config, "mnc65535", "mnc00", 1)
}

// aaptResources returns what "aapt dump --values resources" says, one line
// for each value.
func aaptResources(t *testing.T, apk string) []string {
	t.Helper()
	out, err := exec.Command(aapt(t), "dump", "--values", "resources", apk).Output()
	if err != nil {
		t.Logf("aapt on %s: %v", apk, err)
	}
	var list []string
	config, bag := "", ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		if m := aaptConfig.FindStringSubmatch(line); m != nil {
			config, _, _ = strings.Cut(m[1], " flags=")
			config = plainWords(strings.TrimPrefix(config, "(default)"))
		} else if m := aaptValue.FindStringSubmatch(line); m != nil {
			list = append(list, fmt.Sprintf("%s %s [%s] %s %s", m[1], m[2], config, m[3], m[4]))
		} else if m := aaptBag.FindStringSubmatch(line); m != nil {
			bag = fmt.Sprintf("%s %s [%s] bag", m[1], m[2], config)
		} else if m := aaptCount.FindStringSubmatch(line); m != nil {
			list = append(list, fmt.Sprintf("%s %s %s", bag, m[1], m[2]))
		}
	}
	sort.Strings(list)
	return list
}

// ourResources says the same of a table.
func ourResources(table *arsc.Table) []string {
	var list []string
	for e := range table.Entries() {
		head := fmt.Sprintf("%s %s/%s [%s]", e.ID(), e.Type(), e.Name(), plainWords(e.Config().String()))
		if e.Complex() {
			n := 0
			for range e.Items() {
				n++
			}
			list = append(list, fmt.Sprintf("%s bag 0x%08x %d", head, uint32(e.Parent()), n))
		} else {
			v := e.Value()
			list = append(list, fmt.Sprintf("%s 0x%02x 0x%08x", head, uint8(v.Type), v.Data))
		}
	}
	sort.Strings(list)
	return list
}

// compare reports the lines that only one of two sorted lists has.
func compare(t *testing.T, name string, want, got []string) (same int) {
	t.Helper()
	shown := 0
	show := func(who, line string) {
		if shown++; shown <= 10 {
			t.Errorf("%s: only %s: %s", name, who, line)
		}
	}
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case j == len(got) || i < len(want) && want[i] < got[j]:
			show("aapt", want[i])
			i++
		case i == len(want) || got[j] < want[i]:
			show("we", got[j])
			j++
		default:
			same++
			i++
			j++
		}
	}
	return same
}

func TestAgainstAapt(t *testing.T) {
	for _, form := range forms {
		if form.opts.Compact || form.opts.Offset16 {
			continue // aapt of Android 10 does not know these
		}
		t.Run(form.name, func(t *testing.T) {
			data := arsctest.Encode(form.opts, sample())
			want := aaptResources(t, writeAPK(t, data))
			if n := compare(t, form.name, want, ourResources(open(t, data))); n != len(wantDump) {
				t.Errorf("%d values are the same, want %d", n, len(wantDump))
			}
		})
	}
}

// TestAgainstAaptOnRealFiles compares every value of every APK below the
// folder that TELLTALE_TEST_FILES names.
func TestAgainstAaptOnRealFiles(t *testing.T) {
	aapt(t)
	root := os.Getenv("TELLTALE_TEST_FILES")
	if root == "" {
		t.Skip("TELLTALE_TEST_FILES names no folder of real files")
	}
	files, values := 0, 0
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || filepath.Ext(path) != ".apk" {
			return err
		}
		data := fromAPK(t, path, "resources.arsc")
		if data == nil {
			return nil
		}
		table, err := arsc.Open(data)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		if usesNewForms(data, table) {
			t.Logf("%s: has forms that aapt does not know", path)
			return nil
		}
		want, got := aaptResources(t, path), ourResources(table)
		if len(want) == 0 && len(got) > 0 {
			t.Logf("%s: aapt does not open it", path)
			return nil
		}
		files++
		values += compare(t, path, want, got)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tables, %d values are the same", files, values)
}

// usesNewForms says whether a table has 16-bit offsets or compact entries.
func usesNewForms(data []byte, table *arsc.Table) bool {
	for off := 12; off < len(data); {
		c, ok := restype.ReadChunk(data[off:])
		if !ok || c.Size < 8 {
			break
		}
		if c.Type == restype.ChunkTableType && data[off+9]&2 != 0 {
			return true
		}
		if c.Type == restype.ChunkPackage {
			off += c.HeaderSize
		} else {
			off += int(c.Size)
		}
	}
	for e := range table.Entries() {
		if data[e.Off()+2]&8 != 0 {
			return true
		}
	}
	return false
}

// fromAPK returns a file of an APK, or nil.
func fromAPK(t testing.TB, path, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil
	}
	defer z.Close()
	r, err := z.Open(name)
	if err != nil {
		return nil
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return data
}
