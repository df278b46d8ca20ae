package scan_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/apk/apktest"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/report"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/dex/dextest"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// small limits make a bomb cheap to stop.
func small() extract.Limits {
	return extract.Limits{Inflated: 8 << 20, Entry: 4 << 20, Entries: 1000, Texts: 20_000, Depth: 3}
}

var rules = sync.OnceValue(func() *signatures.Compiled {
	r, err := signatures.Default()
	if err != nil {
		panic(err)
	}
	c, err := signatures.Compile(r)
	if err != nil {
		panic(err)
	}
	return c
})

// scanBytes looks at a file that is in memory.
func scanBytes(t testing.TB, b []byte) *event.App {
	t.Helper()
	src := extract.Source{Parts: []extract.Part{{Path: "in.apk", Role: extract.RoleBase, Size: int64(len(b)), R: bytes.NewReader(b)}}}
	a := scan.App(t.Context(), src, scan.Options{Rules: rules(), Limits: small()})
	if a == nil {
		t.Fatal("no result")
	}
	return a
}

// samples returns the files below a folder of testdata.
func samples(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	root := filepath.Join("../../../testdata", dir)
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		out[strings.TrimPrefix(filepath.ToSlash(p), filepath.ToSlash(root)+"/")] = b
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatal("no samples in", dir, err)
	}
	return out
}

// FuzzApp scans whatever comes, from the file to the reports: no fault, the
// same result twice, an effort that the input's size bounds, a status that says
// whether something is missing, and nothing in the text that acts on a terminal.
func FuzzApp(f *testing.F) {
	for _, dir := range []string{"apks", "malformed"} {
		for _, b := range samples(f, dir) {
			f.Add(b)
		}
	}
	for _, x := range dextest.Fixtures() {
		if b, err := dextest.Assemble(x.Text); err == nil && len(b) < 16<<10 {
			f.Add(b)
		}
	}
	for _, b := range samples(f, "apks") {
		src := extract.Source{Parts: []extract.Part{{Path: "in.apk", Role: extract.RoleBase, Size: int64(len(b)), R: bytes.NewReader(b)}}}
		if set, err := extract.App(f.Context(), src, extract.Options{}); err == nil {
			var frozen bytes.Buffer
			if err := fact.Freeze(&frozen, set); err != nil {
				f.Fatal(err)
			}
			f.Add(frozen.Bytes())
		}
	}
	f.Fuzz(check)
}

// FuzzPieces scans an APK that is whole, with whatever comes for its manifest,
// resources, code, an asset and an entry of any name: what a fuzzer that must get an
// archive right first reaches seldom.
func FuzzPieces(f *testing.F) {
	asset := []byte("see https://ulogs.umeng.com/unify_logs\nand https://sa.api.intl.miui.com/sa\n")
	for _, dir := range []string{"apks", "malformed"} {
		for name, b := range samples(f, dir) {
			ar, err := apk.NewBytes(b)
			if err != nil || strings.HasPrefix(name, "bomb") {
				continue
			}
			read := func(name string) []byte {
				if e := ar.Lookup(name); e != nil {
					b, _ := e.Read(nil)
					return b
				}
				return nil
			}
			f.Add(read("AndroidManifest.xml"), read("resources.arsc"), read("classes.dex"), asset, "assets/a.txt", asset)
		}
	}
	whole := samples(f, "apks")["notes.apk"]
	ar, err := apk.NewBytes(whole)
	if err != nil {
		f.Fatal(err)
	}
	xml, err := ar.Lookup("AndroidManifest.xml").Read(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, x := range dextest.Fixtures() {
		if b, err := dextest.Assemble(x.Text); err == nil && len(b) < 16<<10 {
			f.Add(xml, []byte{}, b, asset, "lib/arm64-v8a/libx.so", []byte("\x7fELF"))
		}
	}
	for name, b := range samples(f, "apks") {
		if strings.HasSuffix(name, ".odex") {
			f.Add(xml, []byte{}, []byte{}, b, "assets/inner.apk", whole)
		}
	}
	f.Fuzz(func(t *testing.T, manifest, table, code, asset []byte, name string, more []byte) {
		z := apktest.ZIP{Files: []apktest.File{
			{Name: "AndroidManifest.xml", Content: string(manifest)},
			{Name: "resources.arsc", Content: string(table)},
			{Name: "classes.dex", Content: string(code)},
			{Name: "assets/asset", Content: string(asset)},
			{Name: name[:min(len(name), 1000)], Content: string(more)},
		}}
		check(t, z.Bytes())
	})
}

// check scans a file and looks at everything that must hold of any.
func check(t *testing.T, b []byte) {
	if len(b) > 1<<20 {
		t.Skip("too large to be fast")
	}
	r := bytes.NewReader(b)
	size := int64(len(b))
	extract.Peek(extract.Part{R: r, Size: size}, small())
	extract.HoldsCode(r, size, apk.Sniff(b))

	allocated := allocs()
	began := time.Now()
	a := scanBytes(t, b)
	if took := time.Since(began); took > time.Minute {
		t.Errorf("%d bytes took %v", len(b), took)
	}
	if n, most := allocs()-allocated, maxAllocs(size); n > most {
		t.Errorf("%d bytes made it allocate %d MiB; the limit is %d", len(b), n>>20, most>>20)
	}
	lossy := false
	for _, p := range a.Problems {
		lossy = lossy || p.Lossy
		if p.Kind == fact.ProblemInternal {
			t.Errorf("%+v", p)
		}
	}
	if (a.Status == fact.Complete) == lossy {
		t.Errorf("status %s, and lossy is %v: %+v", a.Status, lossy, a.Problems)
	}
	one, two := encoded(t, a), encoded(t, scanBytes(t, b))
	if !bytes.Equal(one, two) {
		t.Errorf("two scans differ:\n%s\n%s", one, two)
	}
	for _, format := range report.Formats {
		out := written(t, format, a)
		if format != "text" {
			continue
		}
		for _, c := range string(out) {
			if c != '\n' && unicode.IsControl(c) || unicode.Is(unicode.Cf, c) {
				t.Fatalf("%U reaches the terminal", c)
			}
		}
	}
}

// maxAllocs is how many bytes a scan of size bytes may allocate, under small
// limits: some times what can be inflated, besides a fixed effort.
func maxAllocs(size int64) uint64 { return uint64(96<<20 + 16*(8<<20) + 400*size) }

func allocs() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func encoded(t *testing.T, a *event.App) []byte {
	t.Helper()
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// written is a report about one app.
func written(t *testing.T, format string, a *event.App) []byte {
	t.Helper()
	var b bytes.Buffer
	h, err := report.New(format, &b, report.Options{All: true})
	if err != nil {
		t.Fatal(err)
	}
	sum := &event.Summary{ByStatus: map[string]int{}, Skipped: map[string]int{}, ExitReasons: []event.ExitReason{}}
	scan.Count(sum, a)
	start := &event.Start{Schema: event.Schema, Tool: event.Tool{Name: "telltale", Version: "0"}}
	for _, m := range []*event.Message{{Start: start}, {App: a}, {Summary: sum}} {
		if err := h.Handle(m); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

// findings are the names of all that a result says is there.
func findings(a *event.App) map[string]bool {
	out := map[string]bool{}
	for _, s := range a.SDKs {
		out["sdk "+s.ID] = true
	}
	for _, e := range a.Endpoints {
		out["endpoint "+e.Value] = true
	}
	for _, i := range a.Identifiers {
		out["identifier "+i.ID] = true
	}
	for _, s := range a.Sinks {
		out["sink "+s.ID] = true
	}
	for _, p := range a.Permissions {
		out["permission "+p.Name] = true
	}
	return out
}

// A file that is cut off never says what the whole does not, and never looks
// complete, unless nothing is lost with what was cut. TELLTALE_TEST_CUTS=1 tries
// every length.
func TestTruncatedFilesSayNoMore(t *testing.T) {
	step := 97
	if testing.Short() {
		step = 997
	}
	if v, err := strconv.Atoi(os.Getenv("TELLTALE_TEST_CUTS")); err == nil {
		step = v
	}
	n := 0
	for _, dir := range []string{"apks", "malformed"} {
		for name, b := range samples(t, dir) {
			if name == "bomb.apk" || name == "bomb-many.apk" {
				continue // slow, and cut in no other way than the rest
			}
			whole := findings(scanBytes(t, b))
			for cut := len(b) - 1; cut > 0; cut -= step {
				a := scanBytes(t, b[:cut])
				n++
				for what := range findings(a) {
					if !whole[what] {
						t.Errorf("%s cut to %d of %d bytes: %s", name, cut, len(b), what)
					}
				}
				if got := findings(a); a.Status == fact.Complete && !maps.Equal(got, whole) {
					t.Errorf("%s cut to %d of %d bytes is called complete with %d of %d findings", name, cut, len(b), len(got), len(whole))
				}
			}
		}
	}
	t.Logf("%d cuts", n)
}
