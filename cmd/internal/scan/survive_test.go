package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/telltale-apk/telltale/apk"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// app is a small APK that differs with its class.
func app(t *testing.T, class string) []byte {
	t.Helper()
	return archive(t, map[string][]byte{"AndroidManifest.xml": manifest("", activity), "classes.dex": code(class)})
}

// run scans and returns the results by path.
func run(t *testing.T, o Options, args ...string) (map[string]*event.App, *event.Summary) {
	t.Helper()
	r, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	if o.Rules, err = signatures.Compile(r); err != nil {
		t.Fatal(err)
	}
	out := map[string]*event.App{}
	sum, err := Paths(t.Context(), args, strings.NewReader(""), o, func(a *event.App) error {
		out[a.Path] = a
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, sum
}

// problem returns the kind and detail of an app's only problem.
func problem(t *testing.T, a *event.App) (fact.ProblemKind, string) {
	t.Helper()
	if a == nil || len(a.Problems) != 1 {
		t.Fatalf("%+v has not one problem", a)
	}
	return a.Problems[0].Kind, a.Problems[0].Detail
}

func TestFoldersHoldMoreThanFiles(t *testing.T) {
	root := tree(t, map[string][]byte{"a.apk": app(t, "La/A;"), "sub/note.txt": []byte("text\n"), "odd-\xff\xfe.apk": app(t, "Lb/B;")})
	for name, target := range map[string]string{
		"self":    "self",     // a loop of one
		"loop":    ".",        // a folder inside itself
		"up":      "..",       // likewise
		"nowhere": "not/here", // leads nowhere
		"null":    "/dev/null",
		"b.apk":   "a.apk", // a link to a file counts as one
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(root, "pipe.apk"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)

	apps, sum := run(t, Options{}, ".")
	want := []string{"a.apk", "b.apk", `odd-\xff\xfe.apk`}
	if got := sortedPaths(apps); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for p, a := range apps {
		if a.Status != fact.Complete {
			t.Errorf("%s: %s %+v", p, a.Status, a.Problems)
		}
	}
	for kind, n := range map[string]int{"pipe": 1, "device": 1, "dangling link": 2, "link to a folder": 2, "text": 1} {
		if sum.Skipped[kind] != n {
			t.Errorf("skipped: %v, want %d of kind %s", sum.Skipped, n, kind)
		}
	}

	// What is named gets a result, and is not opened.
	for _, p := range []string{"pipe.apk", "/dev/null", "null"} {
		apps, _ := run(t, Options{}, p)
		if kind, detail := problem(t, apps[p]); kind != fact.ProblemUnreadable || detail != "is not a regular file" {
			t.Errorf("%s: %s %s", p, kind, detail)
		}
	}
	apps, _ = run(t, Options{}, "self")
	if kind, _ := problem(t, apps["self"]); kind != fact.ProblemUnreadable {
		t.Errorf("a link to itself: %+v", apps)
	}

	_, sum = run(t, Options{}, "empty")
	if sum.Apps != 0 || sum.Interrupted {
		t.Errorf("an empty folder: %+v", sum)
	}
}

func sortedPaths(apps map[string]*event.App) []string {
	var out []string
	for p := range apps {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

func TestDifferentPathsStayDifferent(t *testing.T) {
	seen := map[string]string{}
	for _, p := range []string{"a", `a\xff`, "a\xff", "a\xfe", "a\ufffd", `a\`, "a\\\xff", "\xff\xff", "例"} {
		d := display(p)
		if other, ok := seen[d]; ok && !(p == "a\xff" || other == "a\xff") {
			t.Errorf("%q and %q are both shown as %q", other, p, d)
		}
		seen[d] = p
	}
	if display("例/é.apk") != "例/é.apk" {
		t.Error("a good path was changed")
	}
}

func TestListsMayNameWhatIsNot(t *testing.T) {
	root := tree(t, map[string][]byte{"a.apk": app(t, "La/A;"), "list": []byte("a.apk\nmissing.apk\n\nfolder/missing.apk\r\n")})
	t.Chdir(root)
	apps, sum := run(t, Options{}, "@list")
	if sum.Apps != 3 || apps["a.apk"].Status != fact.Complete {
		t.Errorf("%v", sortedPaths(apps))
	}
	for _, p := range []string{"missing.apk", "folder/missing.apk"} {
		if kind, detail := problem(t, apps[p]); kind != fact.ProblemUnreadable || detail != "no such file or directory" {
			t.Errorf("%s: %s %s", p, kind, detail)
		}
	}
	if _, err := Paths(t.Context(), []string{"@absent"}, nil, Options{}, nil); err == nil {
		t.Error("a list that is not there is an error of the command line")
	}
}

// A file that several arguments lead to is one app, and a base that is found
// twice is not two bases that nobody knows the splits of.
func TestWhatIsNamedTwiceIsOne(t *testing.T) {
	shop, err := filepath.Abs("../../../testdata/apks/shop")
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("base.apk\n./base.apk\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(shop)
	want, _ := run(t, Options{}, ".")
	for _, args := range [][]string{{".", "."}, {".", "base.apk"}, {"base.apk", "."}, {"@" + list, "."}, {".", "split_gifts.apk"}} {
		got, sum := run(t, Options{}, args...)
		if sum.Apps != 1 || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %d apps: %+v", args, sum.Apps, sortedPaths(got))
		}
	}
}

func TestUnreadableFilesAreResults(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	root := tree(t, map[string][]byte{"a.apk": app(t, "La/A;"), "b.apk": app(t, "Lb/B;"), "closed/c.apk": app(t, "Lc/C;")})
	t.Chdir(root)
	for _, p := range []string{"a.apk", "closed"} {
		if err := os.Chmod(p, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(p, 0o755) })
	}
	apps, _ := run(t, Options{}, ".")
	for _, p := range []string{"a.apk", "closed"} {
		if kind, detail := problem(t, apps[p]); kind != fact.ProblemUnreadable || detail != "permission denied" {
			t.Errorf("%s: %s %s", p, kind, detail)
		}
	}
	if apps["b.apk"].Status != fact.Complete {
		t.Error("b.apk suffered")
	}
}

// meddler changes files at the worst moments.
type meddler struct {
	inProcess
	peek func(path string)
	app  func(path string)
}

func (m meddler) Peek(ctx context.Context, p extract.Part, o Options) (*extract.Peeked, error) {
	if m.peek != nil {
		m.peek(p.Path)
	}
	return m.inProcess.Peek(ctx, p, o)
}

func (m meddler) App(ctx context.Context, src extract.Source, o Options) *event.App {
	if m.app != nil {
		m.app(src.Parts[0].Path)
	}
	return m.inProcess.App(ctx, src, o)
}

func TestFilesChangeAndVanish(t *testing.T) {
	files := map[string][]byte{
		"a.apk": app(t, "La/A;"), "gone.apk": app(t, "Lb/B;"), "cut.apk": app(t, "Lc/C;"),
		"grown.apk": app(t, "Ld/D;"), "swapped.apk": app(t, "Le/E;"),
	}
	t.Chdir(tree(t, files))
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	apps, sum := run(t, Options{Runner: meddler{
		inProcess: newInProcess(),
		peek: func(p string) {
			switch p {
			case "gone.apk":
				must(os.Remove(p))
			case "swapped.apk":
				must(os.Remove(p))
				must(syscall.Mkfifo(p, 0o644))
			}
		},
		app: func(p string) {
			switch p {
			case "cut.apk":
				must(os.Truncate(p, 100))
			case "grown.apk":
				f, err := os.OpenFile(p, os.O_APPEND|os.O_WRONLY, 0)
				must(err)
				_, err = io.WriteString(f, "more")
				must(errors.Join(err, f.Close()))
			}
		},
	}}, ".")
	if sum.Apps != len(files) || apps["a.apk"].Status != fact.Complete {
		t.Errorf("%+v", sum)
	}
	for p, want := range map[string]string{
		"gone.apk":    "no such file or directory",
		"swapped.apk": "is not a regular file",
		"cut.apk":     "changed while it was read: scan it again",
		"grown.apk":   "changed while it was read: scan it again",
	} {
		a := apps[p]
		if a.Status == fact.Complete || !slices.ContainsFunc(a.Problems, func(q fact.Problem) bool {
			return q.Kind == fact.ProblemUnreadable && q.Lossy && strings.HasSuffix(q.Detail, want)
		}) {
			t.Errorf("%s: %s %+v", p, a.Status, a.Problems)
		}
	}
}

// breaker has faults in what looks into files.
type breaker struct{ inProcess }

func (b breaker) Peek(ctx context.Context, p extract.Part, o Options) (*extract.Peeked, error) {
	return within(ctx, o.MaxTime, b.patience, func(context.Context) (*extract.Peeked, error) { panic("peek " + p.Path) })
}

func (b breaker) HoldsCode(ctx context.Context, p extract.Part, _ apk.Kind, o Options) (bool, error) {
	return within(ctx, o.MaxTime, b.patience, func(context.Context) (bool, error) { panic("holds " + p.Path) })
}

func TestFaultsWhileGroupingEndNothing(t *testing.T) {
	t.Chdir(tree(t, map[string][]byte{"a.apk": app(t, "La/A;"), "b.odex": []byte("dey\n036\x00")}))
	apps, sum := run(t, Options{Runner: breaker{newInProcess()}}, ".")
	if sum.Apps != 2 || apps["a.apk"].Status != fact.Complete || apps["b.odex"].Status != fact.Failed {
		t.Errorf("%+v", apps)
	}
}

func TestFaultsOfOneAppAreItsOwn(t *testing.T) {
	names := []string{"a.apk", "asleep.apk", "b.apk", "deaf.apk", "index.apk", "nil.apk", "z.apk"}
	files := map[string][]byte{}
	for i, n := range names {
		files[n] = app(t, "La/A"+string(rune('a'+i))+";")
	}
	t.Chdir(tree(t, files))
	stop := make(chan struct{})
	defer close(stop)
	o := Options{
		Jobs: 2, MaxTime: 300 * time.Millisecond, Runner: inProcess{patience: 100 * time.Millisecond},
		Fault: func(path string) {
			switch path {
			case "asleep.apk":
				time.Sleep(350 * time.Millisecond)
			case "deaf.apk":
				<-stop
			case "index.apk":
				_ = names[len(path)]
			case "nil.apk":
				write(nil, path)
			}
		},
	}
	apps, sum := run(t, o, ".")
	if sum.Apps != len(names) || sum.Interrupted {
		t.Fatalf("%+v", sum)
	}
	for _, p := range []string{"a.apk", "b.apk", "z.apk"} {
		if apps[p].Status != fact.Complete {
			t.Errorf("%s suffered: %+v", p, apps[p].Problems)
		}
	}
	for p, want := range map[string]struct {
		kind   fact.ProblemKind
		detail string
	}{
		"asleep.apk": {fact.ProblemBudget, "took longer than 300ms; raise it with --max-time"},
		"deaf.apk":   {fact.ProblemBudget, "could not be stopped"},
		"index.apk":  {fact.ProblemInternal, "index out of range [9] with length 7 (cmd/internal/scan."},
		"nil.apk":    {fact.ProblemInternal, "assignment to entry in nil map"},
	} {
		if kind, detail := problem(t, apps[p]); apps[p].Status != fact.Failed || kind != want.kind || !strings.Contains(detail, want.detail) {
			t.Errorf("%s: %s %s", p, kind, detail)
		}
	}
}

// What is known of an app whose time is over is told, and no more.
func TestOutOfTimeTellsWhoItIs(t *testing.T) {
	t.Chdir(tree(t, map[string][]byte{"a.apk": app(t, "La/A;")}))
	f, st, err := openRegular("a.apk")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := signatures.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	src := extract.Source{Parts: []extract.Part{{Path: "a.apk", Role: extract.RoleBase, Size: st.Size(), R: stopAt{f, func() { cancel(errTime) }}}}}
	a := App(ctx, src, Options{Rules: rules, MaxTime: time.Minute})
	if a == nil || a.Status != fact.Failed || a.SHA256 == "" || len(a.SDKs) != 0 {
		t.Fatalf("%+v", a)
	}
	if kind, detail := problem(t, a); kind != fact.ProblemBudget || detail != "took longer than 1m0s; raise it with --max-time" {
		t.Errorf("%s %s", kind, detail)
	}
	cancel(nil)
	ctx2, cancel2 := context.WithCancel(t.Context())
	cancel2()
	if a := App(ctx2, src, Options{Rules: rules}); a != nil {
		t.Errorf("a cancelled run tells of %s: %+v", a.Path, a)
	}
}

// stopAt lets time run out when the archive's directory is read.
type stopAt struct {
	r    io.ReaderAt
	stop func()
}

func (s stopAt) ReadAt(p []byte, off int64) (int, error) {
	if off > 0 {
		s.stop()
	}
	return s.r.ReadAt(p, off)
}

// write writes to a map, nil or not.
func write(m map[string]int, key string) { m[key] = 1 }

// A file with an app's name that holds none is told, not skipped.
func TestWhatIsNamedAnAppIsNotSkipped(t *testing.T) {
	t.Chdir(tree(t, map[string][]byte{
		"empty.apk": nil, "page.APK": []byte("<html>Not found</html>\n"), "bundle.xapk": []byte("version https://git-lfs.github.com/spec/v1\n"),
		"zip.apk": archive(t, map[string][]byte{"a.txt": []byte("a")}), "empty.txt": nil, "zip.zip": archive(t, map[string][]byte{"a.txt": []byte("a")}),
	}))
	apps, sum := run(t, Options{}, ".")
	for _, p := range []string{"empty.apk", "page.APK", "bundle.xapk", "zip.apk"} {
		if a := apps[p]; a == nil || a.Status != fact.Failed && a.Status != fact.NoCode {
			t.Errorf("%s: %+v", p, a)
		}
	}
	if len(apps) != 4 || sum.Skipped["empty"] != 1 || sum.Skipped["zip"] != 1 {
		t.Errorf("%q, %v", sortedPaths(apps), sum.Skipped)
	}
}

// Whoever names so much that not all of it can be told hides nothing by that.
func TestTooManyEndpointsAreTold(t *testing.T) {
	var hosts strings.Builder
	for i := range 20_100 {
		fmt.Fprintf(&hosts, "https://host%d.example.com/a\n", i)
	}
	b := archive(t, map[string][]byte{
		"AndroidManifest.xml": manifest("", activity), "classes.dex": code("La/A;"), "assets/hosts.txt": []byte(hosts.String()),
	})
	t.Chdir(tree(t, map[string][]byte{"a.apk": b}))
	apps, _ := run(t, Options{}, ".")
	a := apps["a.apk"]
	if kind, detail := problem(t, a); a.Status != fact.Partial || kind != fact.ProblemBudget || detail != "more than 20000 endpoints are named, and the others are not told" {
		t.Errorf("%s %s %s", a.Status, kind, detail)
	}
}
