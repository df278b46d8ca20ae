package corpus

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func bundled(t testing.TB) *signatures.Compiled {
	t.Helper()
	r, err := signatures.Default()
	if err != nil {
		t.Fatal(err)
	}
	c, err := signatures.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func freeze(t testing.TB, s *fact.Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := fact.Freeze(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// examples is an app for each example of each rule.
func examples(t testing.TB, c *signatures.Compiled) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{"README": {Data: []byte("no facts")}}
	for s := range signatures.All[rule.SDK](c.Rules()) {
		for i, e := range slices.Concat(s.Tests.Match[:min(2, len(s.Tests.Match))], s.Tests.NoMatch[:min(1, len(s.Tests.NoMatch))]) {
			fsys[fmt.Sprintf("%s/%02d", s.ID, i)] = &fstest.MapFile{Data: freeze(t, signatures.Example(&e).Set())}
		}
	}
	return fsys
}

// full says of each app and product what matching everything against everything
// says.
func full(t testing.TB, fsys fs.FS, c *Corpus, all *signatures.Compiled) map[string][]Hit {
	t.Helper()
	out := map[string][]Hit{}
	for _, f := range c.files {
		b, err := fs.ReadFile(fsys, f.name)
		if err != nil {
			t.Fatal(err)
		}
		set, err := fact.Thaw(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		m := signatures.Match(context.Background(), set, all)
		for i := range m.SDKs {
			if h := hitOf(f.name, set, m, m.SDKs[i].SDK.ID); h != nil {
				out[h.Match.SDK.ID] = append(out[h.Match.SDK.ID], *h)
			}
		}
	}
	return out
}

func equalTo(t *testing.T, fsys fs.FS, step int) {
	all := bundled(t)
	c, err := Open(fsys, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Update(context.Background(), 2, nil); err != nil {
		t.Fatal(err)
	}
	want := full(t, fsys, c, all)
	n, told, looked, rules := 0, 0, 0, 0
	for s := range signatures.All[rule.SDK](all.Rules()) {
		if n++; n%step != 0 {
			continue
		}
		got, err := c.Try(context.Background(), all, s, nil, 2)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want[s.ID], got.Hits); d != "" {
			t.Errorf("%s: matching it alone says something else than matching everything:\n%s", s.ID, d)
		}
		told += len(got.Hits)
		looked += got.Looked
		rules++
	}
	t.Logf("%d rules on %d apps: %d hits, %d of %d looked at", rules, c.Len(), told, looked, rules*c.Len())
	if told == 0 {
		t.Error("nothing was hit")
	}
}

// What Try says of one rule is what matching all rules against all apps says.
func TestTryIsAFullScan(t *testing.T) {
	equalTo(t, examples(t, bundled(t)), 8)
}

// The same on real apps: TELLTALE_TEST_FACTS is a folder of frozen facts.
func TestTryOnRealFacts(t *testing.T) {
	dir := os.Getenv("TELLTALE_TEST_FACTS")
	if dir == "" {
		t.Skip("TELLTALE_TEST_FACTS names no folder of frozen facts")
	}
	equalTo(t, os.DirFS(dir), 1)
}

func TestIndex(t *testing.T) {
	a := freeze(t, signatures.Example(&rule.Example{Class: "com.umeng.analytics.X"}).Set())
	b := freeze(t, signatures.Example(&rule.Example{Class: "com.other.X"}).Set())
	fsys := fstest.MapFS{"a": {Data: a}, "b/b": {Data: b}, "text": {Data: []byte("TELLFACT but short")}}
	open := func(index []byte) *Corpus {
		c, err := Open(fsys, index)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Update(context.Background(), 1, nil); err != nil {
			t.Fatal(err)
		}
		return c
	}
	write := func(c *Corpus) []byte {
		var w bytes.Buffer
		if _, err := c.WriteTo(&w); err != nil {
			t.Fatal(err)
		}
		return w.Bytes()
	}
	c := open(nil)
	if c.Len() != 2 || c.Fresh != 2 {
		t.Fatalf("%d apps, %d fresh, skipped %v", c.Len(), c.Fresh, c.Skipped)
	}
	index := write(c)
	if d := open(index); d.Fresh != 0 || !bytes.Equal(write(d), index) {
		t.Errorf("%d of the same files are fresh", d.Fresh)
	}
	fsys["a"] = &fstest.MapFile{Data: b}
	fsys["c"] = &fstest.MapFile{Data: a}
	if d := open(index); d.Fresh != 2 || d.Len() != 3 {
		t.Errorf("%d fresh of %d after one changed and one came", d.Fresh, d.Len())
	}
	for i := range index {
		bad := bytes.Clone(index)
		bad[i] ^= 0x10
		if got := readIndex(bad); len(got) != 0 {
			t.Errorf("byte %d changed, and %d files are taken", i, len(got))
		}
	}
	for i := range index {
		if got := readIndex(index[:i]); len(got) != 0 {
			t.Errorf("cut at %d, and %d files are taken", i, len(got))
		}
	}
}

// A damaged file is told, and the others are looked at.
func TestDamaged(t *testing.T) {
	good := freeze(t, facttest.New("x").Set())
	app := signatures.Example(&rule.Example{Class: "com.umeng.analytics.X", String: "padding padding padding"})
	hit := freeze(t, app.Set())
	bad := bytes.Clone(hit)
	for i := len(bad) / 2; i < len(bad); i += 5 {
		bad[i] ^= 1
	}
	fsys := fstest.MapFS{"good": {Data: good}, "hit": {Data: hit}, "hit2": {Data: bad}}
	c, err := Open(fsys, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Update(context.Background(), 1, nil); err != nil {
		t.Fatal(err)
	}
	all := bundled(t)
	got, err := c.Try(context.Background(), all, all.Rules().SDK("umeng-analytics"), nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Hits) == 0 || got.Hits[0].App != "hit" {
		t.Errorf("hits %+v", got.Hits)
	}
	if len(c.Skipped)+len(got.Damaged) == 0 {
		t.Error("the damaged file is not told")
	}
}

func TestTouched(t *testing.T) {
	all := bundled(t)
	fsys := fstest.MapFS{
		"a": {Data: freeze(t, signatures.Example(&rule.Example{Host: "alog.umeng.com"}).Set())},
		"b": {Data: freeze(t, signatures.Example(&rule.Example{Member: "android.telephony.TelephonyManager->getDeviceId"}).Set())},
	}
	c, err := Open(fsys, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Update(context.Background(), 1, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Touched(all.Rules().Domain("umeng.com")); err != nil || !slices.Equal(got, []string{"a"}) {
		t.Errorf("the domain: %v %v", got, err)
	}
	if got, err := c.Touched(all.Rules().Identifier("imei")); err != nil || !slices.Equal(got, []string{"b"}) {
		t.Errorf("the identifier: %v %v", got, err)
	}
}
