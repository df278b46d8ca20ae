package cache_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/cmd/internal/cache"
	"github.com/telltale-apk/telltale/cmd/internal/event"
	"github.com/telltale-apk/telltale/cmd/internal/extract"
	"github.com/telltale-apk/telltale/cmd/internal/scan"
	"github.com/telltale-apk/telltale/signatures/fact"
)

// counter is a Runner that counts how often it is asked.
type counter struct {
	scan.Runner
	asked atomic.Int64
	alter func(*event.App)
}

func (c *counter) App(_ context.Context, src extract.Source, _ scan.Options) *event.App {
	c.asked.Add(1)
	a := &event.App{Path: src.Parts[0].Path, Status: fact.Complete, Label: strings.Repeat("label ", 100)}
	for _, p := range src.Parts {
		b := make([]byte, p.Size)
		p.R.ReadAt(b, 0)
		d := sha256.Sum256(b)
		a.Parts = append(a.Parts, event.Part{Path: p.Path, SHA256: hex.EncodeToString(d[:]), Role: string(p.Role)})
	}
	a.SHA256 = a.Parts[0].SHA256
	if c.alter != nil {
		c.alter(a)
	}
	return a
}

func app(path, content string, splits ...string) extract.Source {
	part := func(p, s string, r extract.Role) extract.Part {
		return extract.Part{Path: p, Role: r, Size: int64(len(s)), R: strings.NewReader(s)}
	}
	src := extract.Source{Parts: []extract.Part{part(path, content, extract.RoleBase)}}
	for _, s := range splits {
		src.Parts = append(src.Parts, part(filepath.Dir(path)+"/"+s, "split "+s, extract.RoleSplit))
	}
	return src
}

func open(t *testing.T, dir string, limit int64, identity ...string) *cache.Cache {
	t.Helper()
	c, err := cache.Open(dir, limit, identity...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// files returns the results on disk.
func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTheSameAppIsLookedAtOnce(t *testing.T) {
	dir := t.TempDir()
	next := &counter{}
	ask := func(src extract.Source, identity ...string) (*event.App, bool) {
		before := next.asked.Load()
		c := open(t, dir, cache.DefaultLimit, identity...)
		a := c.Runner(next).App(t.Context(), src, scan.Options{})
		c.Close()
		return a, next.asked.Load() == before
	}
	first, kept := ask(app("x/a.apk", "content", "split_de.apk"), "engine", "rules")
	if kept {
		t.Fatal("kept before it was made")
	}
	again, kept := ask(app("x/a.apk", "content", "split_de.apk"), "engine", "rules")
	if d := cmp.Diff(first, again); !kept || d != "" {
		t.Errorf("kept %t: %s", kept, d)
	}
	moved, kept := ask(app("elsewhere/a.apk", "content", "split_de.apk"), "engine", "rules")
	if !kept || moved.Path != "elsewhere/a.apk" || moved.Parts[1].Path != "elsewhere/split_de.apk" {
		t.Errorf("kept %t: %s, %+v", kept, moved.Path, moved.Parts)
	}
	for name, other := range map[string]struct {
		src      extract.Source
		identity []string
	}{
		"content":  {app("x/a.apk", "Content", "split_de.apk"), []string{"engine", "rules"}},
		"name":     {app("x/b.apk", "content", "split_de.apk"), []string{"engine", "rules"}},
		"split":    {app("x/a.apk", "content", "split_fr.apk"), []string{"engine", "rules"}},
		"no split": {app("x/a.apk", "content"), []string{"engine", "rules"}},
		"rules":    {app("x/a.apk", "content", "split_de.apk"), []string{"engine", "rules2"}},
		"engine":   {app("x/a.apk", "content", "split_de.apk"), []string{"engine2", "rules"}},
		"shifted":  {app("x/a.apk", "content", "split_de.apk"), []string{"enginer", "ules"}},
	} {
		if _, kept := ask(other.src, other.identity...); kept {
			t.Errorf("%s: another one was taken for the same", name)
		}
	}
}

// Whatever happens to a file, its result is made again and the file mended.
func TestDamageIsAMiss(t *testing.T) {
	dir := t.TempDir()
	next := &counter{}
	c := open(t, dir, cache.DefaultLimit)
	ask := func() *event.App { return c.Runner(next).App(t.Context(), app("a.apk", "content"), scan.Options{}) }
	want := ask()
	name := files(t, dir)[0]
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.IndexByte(good, '\n')
	for what, b := range map[string][]byte{
		"empty":     {},
		"cut":       good[:len(good)-1],
		"head only": good[:line+1],
		"no line":   good[:line],
		"longer":    append(bytes.Clone(good), ' '),
		"a bit":     append(append(bytes.Clone(good[:line+9]), good[line+9]^1), good[line+10:]...),
		"a key":     append(append(bytes.Clone(good[:20]), good[20]^1), good[21:]...),
		"other":     []byte("telltale"),
	} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		before := next.asked.Load()
		if d := cmp.Diff(want, ask()); d != "" || next.asked.Load() != before+1 {
			t.Errorf("%s: asked %d times: %s", what, next.asked.Load()-before, d)
		}
		if now, _ := os.ReadFile(name); !bytes.Equal(now, good) {
			t.Errorf("%s: the file was not mended", what)
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, ask()); d != "" {
		t.Errorf("a directory in its place: %s", d)
	}
}

func TestWhatMayChangeIsNotKept(t *testing.T) {
	for what, alter := range map[string]func(*event.App){
		"failed":           func(a *event.App) { a.Status = fact.Failed },
		"a fault":          func(a *event.App) { a.Problems = []fact.Problem{{Kind: fact.ProblemInternal}} },
		"unreadable":       func(a *event.App) { a.Problems = []fact.Problem{{Kind: fact.ProblemUnreadable}} },
		"out of time":      func(a *event.App) { a.Problems = []fact.Problem{{Kind: fact.ProblemBudget, Lossy: true}} },
		"another file":     func(a *event.App) { a.SHA256 = strings.Repeat("0", 64) },
		"another split":    func(a *event.App) { a.Parts[1].SHA256 = strings.Repeat("0", 64) },
		"larger than room": func(a *event.App) { a.Label = strings.Repeat("x", 1<<16) },
	} {
		dir := t.TempDir()
		c := open(t, dir, 1<<16)
		c.Runner(&counter{alter: alter}).App(t.Context(), app("a.apk", "content", "s.apk"), scan.Options{})
		if f := files(t, dir); len(f) > 0 {
			t.Errorf("%s: kept in %v", what, f)
		}
	}
	dir := t.TempDir()
	c := open(t, dir, cache.DefaultLimit)
	partial := func(a *event.App) {
		a.Status, a.Problems = fact.Partial, []fact.Problem{{Kind: fact.ProblemMalformed, Lossy: true}}
	}
	c.Runner(&counter{alter: partial}).App(t.Context(), app("a.apk", "content"), scan.Options{})
	if len(files(t, dir)) != 1 {
		t.Error("what is damaged stays so, but was not kept")
	}
}

func TestTheOldestGo(t *testing.T) {
	dir := t.TempDir()
	one := func(limit int64, i int) {
		c := open(t, dir, limit)
		c.Runner(&counter{}).App(t.Context(), app("a.apk", strconv.Itoa(i)), scan.Options{})
		c.Close()
	}
	age := func(d time.Duration) {
		for _, f := range files(t, dir) {
			st, err := os.Stat(f)
			if err == nil {
				err = os.Chtimes(f, time.Time{}, st.ModTime().Add(-d))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := range 10 {
		one(cache.DefaultLimit, i)
		age(48 * time.Hour)
	}
	all := files(t, dir)
	st, err := os.Stat(all[0])
	if err != nil {
		t.Fatal(err)
	}
	leftover := filepath.Join(filepath.Dir(all[0]), ".new-1")
	if err := os.WriteFile(leftover, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	age(48 * time.Hour)
	one(cache.DefaultLimit, 0) // a use makes it young
	one(5*st.Size(), 10)
	left := files(t, dir)
	if n := int64(len(left)); n < 3 || n*st.Size() > 5*st.Size() {
		t.Errorf("%d of room for 5 are left: %v", n, left)
	}
	next := &counter{}
	for _, i := range []int{0, 10} {
		open(t, dir, cache.DefaultLimit).Runner(next).App(t.Context(), app("a.apk", strconv.Itoa(i)), scan.Options{})
	}
	if n := next.asked.Load(); n != 0 {
		t.Errorf("%d of those in use are gone", n)
	}
	if _, err := os.Stat(leftover); err == nil {
		t.Error("what an ended run left is still there")
	}
}

// Many at once, with room for few: each gets the right result.
func TestConcurrentRuns(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 40 {
				c := open(t, dir, 8<<10)
				content := strconv.Itoa((i*7 + g) % 12)
				a := c.Runner(&counter{}).App(t.Context(), app("a.apk", content), scan.Options{})
				c.Close()
				if d := sha256.Sum256([]byte(content)); a.SHA256 != hex.EncodeToString(d[:]) {
					t.Errorf("%s got the result of another", content)
				}
			}
		}()
	}
	wg.Wait()
}

func BenchmarkHit(b *testing.B) {
	c, err := cache.Open(b.TempDir(), cache.DefaultLimit)
	if err != nil {
		b.Fatal(err)
	}
	src := app("a.apk", strings.Repeat("content", 1<<17))
	r := c.Runner(&counter{})
	r.App(b.Context(), src, scan.Options{})
	b.SetBytes(src.Parts[0].Size)
	for b.Loop() {
		r.App(b.Context(), src, scan.Options{})
	}
}
