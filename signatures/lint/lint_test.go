package lint_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/lint"
	"github.com/telltale-apk/telltale/signatures/rule"
)

func TestParseDoc(t *testing.T) {
	const good = "# id\n\nOne line.\n\nWhy.\n\n## Bad\n\n```yaml\na: 1\n```\n\n```yaml x/y.yaml\nb: 2\n```\n\n## Good\n\n```yaml\na: 2\n```\n"
	d, err := lint.ParseDoc(good)
	if err != nil {
		t.Fatal(err)
	}
	if d.ID != "id" || d.Title != "One line." || len(d.Bad) != 2 || d.Bad[0].Text != "a: 1\n" || d.Bad[1].Path != "x/y.yaml" || len(d.Good) != 1 {
		t.Errorf("%+v", d)
	}
	for _, bad := range []string{
		"", "# id\n\nOne line.\n", strings.Split(good, "## Good")[0], strings.Replace(good, "## Bad", "## Badly", 1), strings.Replace(good, "One line.\n\nWhy.\n\n", "", 1)[:5],
	} {
		if _, err := lint.ParseDoc(bad); err == nil {
			t.Errorf("taken: %q", bad)
		}
	}
}

const files = `
== v/v.yaml
kind: vendor
id: v
name: V
parent: w
== w/w.yaml
kind: vendor
id: w
name: W
== v/a.yaml
kind: sdk
id: a
name: A
vendor: v
category: ads
signals: [{code: com.a}, {class: com.a.b.C}, {code: com.ab, strength: weak}]
relations: {contains: [b]}
== w/b.yaml
kind: sdk
id: b
name: a
vendor: w
category: ads
signals: [{code: com.a.b}]
`

func load(t *testing.T) *signatures.Rules {
	t.Helper()
	fs := fstest.MapFS{}
	for _, f := range strings.Split(files, "== ")[1:] {
		name, text, _ := strings.Cut(f, "\n")
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	r, err := signatures.Load(fs, "db", signatures.Bundled)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRun looks with a check that asks the set for everything it can tell.
func TestRun(t *testing.T) {
	rules := load(t)
	var below []string
	probe := &lint.Check{ID: "probe", Severity: signatures.Advice, SDK: func(p *lint.Pass, v *rule.SDK) {
		if v.ID != "a" {
			return
		}
		b := p.Rules.SDK("b")
		for _, q := range p.Below("com.a") {
			below = append(below, q.SDK.ID+" "+q.Signal().Value())
		}
		for what, ok := range map[string]bool{
			"related":     p.Related(v, b) && p.Related(b, v),
			"family":      p.Family("v", "w") && !p.Family("v", "x"),
			"named alike": len(p.Named("A")) == 2,
			"signals":     len(p.Signals("code", "com.a")) == 1 && len(p.Signals("class", "com.a")) == 0,
			"used":        p.VendorUsed("w") && !p.VendorUsed("x"),
			"try":         p.Try(v, &rule.Example{Class: "com.a.X"}).Matches && !p.Try(v, &rule.Example{Class: "com.ab.X"}).Matches,
			"find":        p.Find("probe") == p.Check && p.Find("x") == nil,
		} {
			if !ok {
				t.Errorf("the set is wrong about %q", what)
			}
		}
		p.Reportf(lint.Path{"signals", 1, "class"}, "here; mend it")
	}}
	found, err := lint.Run(rules, lint.Options{Checks: []*lint.Check{probe}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || found[0].File != "db/v/a.yaml" || found[0].Line != 6 || found[0].Code != "probe" || found[0].Rule != "a" {
		t.Errorf("%+v", found)
	}
	if got := strings.Join(below, ", "); got != "b com.a.b, a com.a.b.C" {
		t.Errorf("below com.a: %s", got)
	}
	found, err = lint.Run(rules, lint.Options{Checks: []*lint.Check{probe}, Only: func(f string) bool { return f == "db/w/b.yaml" }})
	if err != nil || len(found) != 0 {
		t.Errorf("%v %v", found, err)
	}
}

func TestUnder(t *testing.T) {
	for _, tt := range []struct {
		got, want bool
		what      string
	}{
		{lint.Under("com.foo.Bar", "com.foo"), true, "below"},
		{lint.Under("com.foo.Bar$X", "com.foo.Bar"), true, "inner"},
		{lint.Under("com.foobar", "com.foo"), false, "label"},
		{lint.HostUnder("a.foo.com", "foo.com"), true, "host below"},
		{lint.HostUnder("afoo.com", "foo.com"), false, "host beside"},
		{lint.Quote(strings.Repeat("x", 100)) == `"`+strings.Repeat("x", 80)+`…"`, true, "cut"},
	} {
		if tt.got != tt.want {
			t.Error(tt.what)
		}
	}
}
