package program_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/dex/program"
	"github.com/telltale-apk/telltale/dex/program/internal/dexunit"
)

var classesDex = regexp.MustCompile(`^classes\d*\.dex$`)

// realApps returns the APKs that TELLTALE_TEST_FILES names: files or folders,
// separated as in PATH. (For example those of the npm packages io.appium.settings,
// android-apidemos and appium-espresso-driver.)
func realApps(tb testing.TB) []string {
	tb.Helper()
	var apks []string
	for _, root := range filepath.SplitList(os.Getenv("TELLTALE_TEST_FILES")) {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(path, ".apk") {
				apks = append(apks, path)
			}
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if len(apks) == 0 {
		tb.Skip("set TELLTALE_TEST_FILES to a list of APKs or folders of them")
	}
	return apks
}

func openApp(tb testing.TB, path string) []program.Unit {
	tb.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	var units []program.Unit
	for _, f := range z.File {
		if !classesDex.MatchString(f.Name) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		u, err := dexunit.Open(b)
		if err != nil {
			tb.Fatal(err)
		}
		units = append(units, u...)
	}
	return units
}

func BenchmarkBuild(b *testing.B) {
	program.Android().Class("Ljava/lang/Object;") // inflate the table
	for _, apk := range realApps(b) {
		units := openApp(b, apk)
		for _, u := range units {
			u.(*dexunit.Unit).Sweep()
		}
		name := strings.TrimSuffix(filepath.Base(apk), ".apk")
		b.Run(name+"/sweep", func(b *testing.B) {
			for b.Loop() {
				for _, u := range units {
					dexunit.New(u.(*dexunit.Unit).File).Sweep()
				}
			}
		})
		b.Run(name+"/ids", func(b *testing.B) {
			for b.Loop() {
				program.New(program.Android(), units...).NumClasses()
			}
		})
		b.Run(name+"/graph", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				program.New(program.Android(), units...).NumMethods()
			}
		})
		b.Run(name+"/graph with values", func(b *testing.B) {
			for b.Loop() {
				program.New(program.Android(), dexunit.WithValues(units)...).NumMethods()
			}
		})
		b.Run(name+"/reach", func(b *testing.B) {
			p := program.New(program.Android(), units...)
			var entries []program.MethodID
			for c := range p.NumClasses() {
				entries = append(entries, p.EntryPoints(program.ClassID(c))...)
			}
			entries = entries[:min(len(entries), 1000)]
			for b.Loop() {
				p.Reachable(entries)
			}
		})
	}
}

// Every call of the code must be an edge, and the two views of the graph must
// agree on the size of each kind.
func TestRealPrograms(t *testing.T) {
	for _, apk := range realApps(t) {
		units := openApp(t, apk)
		p := program.New(program.Android(), dexunit.WithValues(units)...)
		var out, in [8]int
		calls := 0
		for u, unit := range units {
			for b := range unit.NumBodies() {
				for _, r := range unit.AppendRefs(b, nil) {
					if r.Kind >= program.RefCallVirtual && r.Kind <= program.RefHandle {
						if p.ID(u, r.Index) == program.NoMethod {
							t.Fatalf("%s: method %d of unit %d has no number", apk, r.Index, u)
						}
						calls++
					}
				}
			}
		}
		defined := 0
		for i := range p.NumMethods() {
			m := program.MethodID(i)
			if _, _, ok := p.Defined(m); ok {
				defined++
			}
			for e := range p.Callees(m) {
				out[e.Kind]++
			}
			if p.Resolve(m) != m {
				continue
			}
			for e := range p.Callers(m) {
				in[e.Kind]++
			}
		}
		if out != in {
			t.Errorf("%s: %v edges out, %v in", apk, out, in)
		}
		if n := out[program.EdgeDirect] + out[program.EdgeUnresolved] + out[program.EdgeCallback]; n < calls {
			t.Errorf("%s: %d edges for %d calls", apk, n, calls)
		}
		if p.Truncated() {
			t.Errorf("%s: a budget was reached", apk)
		}
		var entries []program.MethodID
		for c := range p.NumClasses() {
			for s := range p.Supers(p.ClassName(program.ClassID(c))) {
				if s == "Landroid/app/Activity;" || s == "Landroid/app/Service;" || s == "Landroid/content/BroadcastReceiver;" || s == "Landroid/app/Application;" || s == "Landroid/content/ContentProvider;" {
					entries = append(entries, p.EntryPoints(program.ClassID(c))...)
				}
			}
		}
		r := p.Reachable(entries)
		far := 0
		for m := range r.All() {
			if _, body, ok := p.Defined(m); ok && body >= 0 {
				far++
				if path := r.Path(m); len(path) > 0 && path[len(path)-1].To != m {
					t.Fatalf("%s: the path to method %d ends elsewhere", apk, m)
				}
			}
		}
		t.Logf("%s: %d methods (%d defined), %d classes, %d calls; direct %d, virtual %d, callback %d, reflective %d, unresolved %d; %d methods with code within reach of %d entry points",
			filepath.Base(apk), p.NumMethods(), defined, p.NumClasses(), calls,
			out[program.EdgeDirect], out[program.EdgeVirtual], out[program.EdgeCallback], out[program.EdgeReflective], out[program.EdgeUnresolved], far, len(entries))
	}
}
