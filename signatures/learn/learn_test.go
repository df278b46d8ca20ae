package learn

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/telltale-apk/telltale/signatures"
	"github.com/telltale-apk/telltale/signatures/fact"
	"github.com/telltale-apk/telltale/signatures/fact/facttest"
	"github.com/telltale-apk/telltale/signatures/rule"
)

// product is an SDK of no vendor that there is, with a library inside.
func product(version string, more func(a *facttest.App, c *facttest.Code)) *fact.Set {
	a := facttest.New("com.zorkvendor.metrics")
	c := a.Code("classes.jar")
	const api = "Lcom/zorkvendor/metrics/ZorkMetrics;"
	c.Class(api).Static("SDK_VERSION", "Ljava/lang/String;", facttest.Str(version)).Static("PROTOCOL_VERSION", "Ljava/lang/String;", facttest.Str("9.9"))
	c.Method(api+"->init(Landroid/content/Context;Ljava/lang/String;)V").Flags(9).
		String("zork_prefs").String("https://collect.zorkvendor.com/v1/e").String("utf-8").
		Get("Landroid/content/pm/ApplicationInfo;->metaData:Landroid/os/Bundle;").
		Call(fact.RefCallVirtual, "Landroid/os/Bundle;->getString(Ljava/lang/String;)Ljava/lang/String;", facttest.Any(), facttest.Str("ZORKVENDOR_KEY"))
	c.Method("Lcom/zorkvendor/metrics/a/b;->a()V").String("zorkvendor.queue.db").String("https://www.google.com/x").
		Call(fact.RefCallVirtual, "Landroid/telephony/TelephonyManager;->getDeviceId()Ljava/lang/String;", facttest.Any())
	c.Class("Lcom/zorkvendor/metrics/ZorkService;").Super("Landroid/app/Service;")
	c.Class("Lcom/zorkvendor/metrics/BuildConfig;")
	c.Class("Lcom/google/gson/Gson;")
	c.Method("Lcom/google/gson/Gson;->toJson()V").String("zorkvendor in gson")
	c.Class("La/a/b;")
	c.Class("Lcom/zorkvendor/metrics/shadow/com/umeng/analytics/MobclickAgent;")
	a.Component(fact.Service, "com.zorkvendor.metrics.ZorkService")
	a.Component(fact.Provider, "com.zorkvendor.metrics.ZorkProvider").Authorities = []string{"${applicationId}.zorkvendor.start"}
	c.Class("Lcom/zorkvendor/metrics/ZorkProvider;").Super("Landroid/content/ContentProvider;")
	if more != nil {
		more(a, c)
	}
	return a.Set()
}

func bundled(t *testing.T) *signatures.Compiled {
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

func propose(t *testing.T, arts []Artefact, against map[string]*fact.Set) *Proposal {
	t.Helper()
	l, err := New(bundled(t), Options{Date: "2026-11-22"})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range arts {
		if err := l.Add(context.Background(), a); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []string{"one", "two", "three"} {
		if s := against[n]; s != nil {
			if err := l.Against(context.Background(), n, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	p, err := l.Propose(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Failures) > 0 {
		t.Errorf("examples fail: %v", p.Failures)
	}
	return p
}

func (p *Proposal) reason(what string) string {
	for _, r := range p.Reasons {
		if r.What == what {
			if r.Kept {
				return "kept: " + r.Why
			}
			return "dropped: " + r.Why
		}
	}
	return ""
}

func TestPropose(t *testing.T) {
	p := propose(t, []Artefact{{Name: "zork-1.2.3.aar", SHA256: strings.Repeat("a", 64), Version: "1.2.3", Set: product("1.2.3", nil)}}, nil)
	for what, want := range map[string]string{
		"code: com.zorkvendor.metrics":                                            "kept: holds 4 classes",
		"service: com.zorkvendor.metrics.ZorkService":                             "kept: ",
		"provider: com.zorkvendor.metrics.ZorkProvider":                           "kept: ",
		"authority: *.zorkvendor.start":                                           "kept: ",
		"meta-data: ZORKVENDOR_KEY":                                               "kept: its code asks",
		"string: zorkvendor.queue.db":                                             "kept: ",
		"endpoint: collect.zorkvendor.com":                                        "kept: ",
		"endpoint: www.google.com":                                                "dropped: ",
		"wired: com.zorkvendor.metrics.ZorkMetrics->init":                         "kept: ",
		"version: constant: com.zorkvendor.metrics.ZorkMetrics->SDK_VERSION":      "kept: ",
		"version: constant: com.zorkvendor.metrics.ZorkMetrics->PROTOCOL_VERSION": "dropped: not the version: it is 9.9 in 1.2.3",
		"code: com.google.gson":                                                   "dropped: the rule gson speaks for 1",
		"code: a.a":                                                               "dropped: an obfuscator",
		"code: com.umeng.analytics":                                               "dropped: 1 classes are copies of umeng-analytics",
	} {
		if got := p.reason(what); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	// The Kept hosts and strings are those of the product alone.
	for i := range p.Rule.Signals {
		s := &p.Rule.Signals[i]
		if s.String == "zorkvendor in gson" || s.String == "utf-8" {
			t.Errorf("%s is in the proposal", s.Text())
		}
	}
	if p.Rule.ID != "zorkvendor-metrics" || p.Rule.Vendor != "zorkvendor" || p.Rule.Category != "utility" && p.Rule.Category != "analytics" {
		t.Errorf("id %q, vendor %q, category %q", p.Rule.ID, p.Rule.Vendor, p.Rule.Category)
	}
	if !slices.Contains(p.Reads, "imei") && len(p.Reads) == 0 {
		t.Errorf("reads %v", p.Reads)
	}
	if len(p.Rule.Tests.Match) < 4 || len(p.Rule.Tests.NoMatch) < 4 {
		t.Errorf("tests %+v", p.Rule.Tests)
	}
	if len(p.Rule.Verified) != 1 || p.Rule.Verified[0].Version != "1.2.3" || p.Rule.Verified[0].Date != "2026-11-22" {
		t.Errorf("verified %+v", p.Rule.Verified)
	}
}

// What lasts is kept, and what came and went tells versions apart.
func TestVersions(t *testing.T) {
	extra := func(class, text string) func(*facttest.App, *facttest.Code) {
		return func(_ *facttest.App, c *facttest.Code) {
			c.Class("Lcom/zorkvendor/metrics/" + class + ";")
			c.Method("Lcom/zorkvendor/metrics/" + class + ";->x()V").String(text)
		}
	}
	p := propose(t, []Artefact{
		{Name: "b.jar", Version: "1.10", Set: product("1.10", extra("Newer", "zorkvendor_new"))},
		{Name: "a.jar", Version: "1.9", Set: product("1.9", extra("Older", "zorkvendor_old"))},
		{Name: "c.jar", Version: "2.0", Set: product("2.0", extra("Newer", "zorkvendor_new"))},
	}, nil)
	if got := p.reason("string: zorkvendor_new"); got != "dropped: stands in 2 of 3 artefacts" {
		t.Errorf("what is new: %q", got)
	}
	if got := p.reason("version: constant: com.zorkvendor.metrics.ZorkMetrics->SDK_VERSION"); !strings.HasPrefix(got, "kept") {
		t.Errorf("the version: %q", got)
	}
	if p.Matrix == nil || !slices.Equal(p.Matrix.Versions, []string{"1.9", "1.10", "2.0"}) {
		t.Fatalf("matrix %+v", p.Matrix)
	}
	got := map[string]string{}
	for _, r := range p.Matrix.Rows {
		got[r.Class] = r.Since + ".." + r.Until
	}
	if got["com.zorkvendor.metrics.Newer"] != "1.10.." || got["com.zorkvendor.metrics.Older"] != "..1.9" || len(got) != 2 {
		t.Errorf("rows %v", got)
	}
	want := []rule.VersionClue{{Constant: "com.zorkvendor.metrics.ZorkMetrics->SDK_VERSION"}, {Class: "com.zorkvendor.metrics.Older", Until: "1.9"}, {Class: "com.zorkvendor.metrics.Newer", Since: "1.10"}}
	if !slices.Equal(p.Rule.Version, want) {
		t.Errorf("clues %+v", p.Rule.Version)
	}
}

// A candidate that stands in apps without the product is dropped; an app that
// carries the product says nothing.
func TestAgainst(t *testing.T) {
	other := facttest.New("org.other.app")
	other.Code("classes.dex").Method("Lorg/other/app/Main;->a()V").String("zorkvendor.queue.db")
	p := propose(t, []Artefact{{Name: "zork.jar", Set: product("1.0.1", nil)}}, map[string]*fact.Set{
		"one": other.Set(), "two": product("1.0.1", nil), "three": facttest.New("org.third").Set(),
	})
	if got := p.reason("string: zorkvendor.queue.db"); got != "dropped: stands in 1 of 2 apps that do not carry the product (one)" {
		t.Errorf("%q", got)
	}
	for _, s := range p.Against {
		if s.Carries != (s.Name == "two") || s.Held && s.Name != "two" {
			t.Errorf("%+v", s)
		}
	}
}

// A rule that is about the product already is named, and nothing is subtracted.
func TestClaimed(t *testing.T) {
	a := facttest.New("x")
	c := a.Code("classes.jar")
	for _, n := range []string{"MobclickAgent", "AnalyticsConfig", "Gatherer"} {
		c.Class("Lcom/umeng/analytics/" + n + ";")
	}
	p := propose(t, []Artefact{{Name: "u.jar", Set: a.Set()}}, nil)
	if len(p.Owners) != 1 || !p.Owners[0].Claims || p.Owners[0].ID != "umeng-analytics" {
		t.Fatalf("owners %+v", p.Owners)
	}
	if got := p.reason("code: com.umeng.analytics"); !strings.HasPrefix(got, "kept") {
		t.Errorf("%q", got)
	}
	if p.Rule.ID == "umeng-analytics" || p.Rule.Vendor != "umeng" || p.Rule.Category != "analytics" {
		t.Errorf("id %q, vendor %q, category %q", p.Rule.ID, p.Rule.Vendor, p.Rule.Category)
	}
}

func TestRoots(t *testing.T) {
	for _, tt := range []struct {
		classes string
		want    string
	}{
		{"com.foo.sdk.a.B com.foo.sdk.C", "com.foo.sdk"},
		{"com.foo.sdk.core.a.B com.foo.sdk.core.C", "com.foo.sdk.core"},
		{"com.foo.one.A com.foo.two.B com.foo.two.C", "com.foo.two com.foo.one"},
		{"com.foo.A com.foo.two.B", "com.foo"},
		{"com.foo.a.A com.foo.b.B com.foo.sdk.B", "com.foo"},
		{"foo.bar.A foo.bar.B", "foo.bar"},
		{"com.github.who.lib.A com.github.who.other.B", "com.github.who.lib com.github.who.other"},
		{"A B", ""},
	} {
		var got []string
		for _, r := range roots(strings.Fields(tt.classes), func(string) bool { return false }) {
			got = append(got, r.name)
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.classes, got, tt.want)
		}
	}
}

func TestCommon(t *testing.T) {
	c, err := Bundled()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(commonPackages) + len(commonStrings); n > 300<<10 {
		t.Errorf("the listing takes %d bytes", n)
	}
	if c.Package("okhttp3.internal.http2") == "" || c.Package("com.google.gson") == "" || c.Package("com.sensorsdata.analytics") != "" {
		t.Error("packages")
	}
	if c.Below("com.google.common") == "" || c.Below("com.sensorsdata") != "" {
		t.Error("packages below")
	}
	if !c.String("Unterminated escape sequence") {
		t.Error("a string of gson is not listed")
	}
	wrong := 0
	for i := range 10000 {
		if c.String(strings.Repeat("zork", 2) + string(rune('a'+i%26)) + strings.Repeat("q", i%50) + strings.Repeat("z", i/50)) {
			wrong++
		}
	}
	if wrong > 60 {
		t.Errorf("%d of 10000 strings that nobody has are taken for common", wrong)
	}
}

func TestReadCommonRefuses(t *testing.T) {
	good := string(WriteFilter(64, []string{"x"}))
	for _, tt := range [][2]string{{"b\na\n", good}, {"a\n", ""}, {"a\n", good[:len(good)-1]}, {"a\n", strings.Replace(good, "\x05", "\x63", 1)}} {
		if _, err := ReadCommon(tt[0], tt[1]); err == nil {
			t.Errorf("packages %q with a filter of %d bytes are taken", tt[0], len(tt[1]))
		}
	}
	c, err := ReadCommon("a\n", good)
	if err != nil || !c.String("x") {
		t.Errorf("%v", err)
	}
}

// Whatever an artefact holds, the proposal is one that the loader takes, or
// there is none.
func FuzzPropose(f *testing.F) {
	f.Add("Lcom/foo/sdk/Bar;", "foo_prefs", "https://a.foo.com/", "com.foo.sdk.Svc", "foo.key")
	f.Add("L;", "", "", "", "")
	f.Add("Lcom/$/x;", "*", "http://*/", ".", "${applicationId}.x")
	rules, err := signatures.Default()
	if err != nil {
		f.Fatal(err)
	}
	c, err := signatures.Compile(rules)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, desc, s, url, comp, key string) {
		a := facttest.New("com.foo.sdk")
		a.Code("c").Class(desc)
		a.Code("c").Method("Lcom/foo/sdk/Main;->init(Landroid/content/Context;)V").Flags(9).String(s).String(url)
		a.Component(fact.Service, comp).Authorities = []string{key}
		a.MetaData(key, "")
		l, err := New(c, Options{Date: "2026-11-22"})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Add(context.Background(), Artefact{Name: "x.aar", Version: "1.0", Set: a.Set()}); err != nil {
			return
		}
		p, err := l.Propose(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Rule.Signals) == 0 {
			return
		}
		if len(p.Failures) > 0 {
			t.Errorf("examples fail: %v", p.Failures)
		}
		for i := range p.Rule.Signals {
			if d := signatures.CheckSignal(&p.Rule.Signals[i]); d != "" {
				t.Errorf("%s: %s", p.Rule.Signals[i].Text(), d)
			}
		}
	})
}
